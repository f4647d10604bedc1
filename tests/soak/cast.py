"""Who is in the campaign's workspace, where, and which models they share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bot.workspace import App, Workspace
from tests.models import SMALL, write_small_model
from tests.stage import APP_TOKEN, BOT_TOKEN, SIGNING_SECRET

INTERNAL, OPEN, RESTRICTED = "harbor", "meadow", "zephyrite"
SECRET = "obsidian"
"""A word that stands only in the model card of the restricted model."""
UNKNOWN = "quicksilver"
"""No model: whoever may not see one must be answered in the same words as about this."""
ROWS = 240


@dataclass(frozen=True, slots=True)
class Cast:
    app: App
    members: tuple[str, ...]
    guest: str
    outsiders: tuple[str, ...]
    channels: tuple[str, ...]
    vault: str
    shared: str
    without_bot: str
    ill: str
    """A channel in which Slack refuses everything for a while, by one permanent error after another."""

    @property
    def mention(self) -> str:
        return f"<@{self.app.bot_user}>"

    @property
    def open_to_members(self) -> tuple[str, ...]:
        return (*self.channels, self.ill)


def gather(workspace: Workspace, request_url: str, *, channels: int = 12) -> Cast:
    """The app comes last: nothing before it was there is told to it."""
    partner = workspace.add_partner("Partner")
    members = tuple(
        workspace.add_person(name, real_name=name.title(), zone="UTC")
        for name in ("mara", "jonas", "priya", "lena", "tom", "ines", "omar", "yuki")
    )
    guest = workspace.add_person("gast", real_name="Gast", guest=True)
    outsiders = tuple(workspace.add_person(n, real_name=n.title(), home=partner) for n in ("xeno", "alia"))
    rooms = tuple(
        workspace.add_channel(f"models-{number}", members=(*members, *((guest,) if number < 2 else ())))
        for number in range(channels)
    )
    vault = workspace.add_channel("vault", members=members[:3], private=True)
    shared = workspace.add_channel("with-partner", members=(*members, *outsiders))
    workspace.share_channel(shared, partner)
    without_bot = workspace.add_channel("elsewhere", members=members, with_app=False)
    ill = workspace.add_channel("ill", members=members)
    app = workspace.install_app(
        bot_token=BOT_TOKEN, app_token=APP_TOKEN, signing_secret=SIGNING_SECRET, request_url=request_url
    )
    return Cast(app, members, guest, outsiders, rooms, vault, shared, without_bot, ill)


def write_models(folder: Path, cast: Cast) -> None:
    """Three small models: one for members, one for everybody, one for the vault alone."""
    write_small_model(folder, rows=ROWS, name=INTERNAL)
    write_small_model(folder, rows=ROWS, name=OPEN, seed=2, card=f"{SMALL}sensitivity: open\n")
    hidden = SMALL.replace("Will the order come back", f"Will the {SECRET} order come back")
    hidden += f"sensitivity: restricted\nchannels: [{cast.vault}]\nowners: {{data scientist: {cast.members[0]}}}\n"
    write_small_model(folder, rows=ROWS, name=RESTRICTED, seed=3, card=hidden)
