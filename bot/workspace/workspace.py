"""The local workspace as tests and the demo hold it: who is there, what they do, what they see, what goes wrong."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from . import files
from .background import Background
from .changes import Changes
from .courier import Courier
from .joining import join
from .knobs import Knobs
from .messages import shown
from .people import People
from .socket_mode import Sockets
from .state import State
from .team import Team, utc_now
from .values import ALL_SCOPES, App, Call, Delivery, Happening, Json
from .views import open_views, public


class Workspace(People, Knobs):
    """A whole Slack-compatible workspace in this process: `People` say what people do, `Knobs` what goes wrong."""

    def __init__(
        self,
        *,
        path: Path | None = None,
        clock: Callable[[], datetime] = utc_now,
        seed: int = 0,
        team_name: str = "Parley local",
        payloads: Path | None = None,
    ) -> None:
        self._state = State(path)
        self._team = Team(self._state, clock=clock, seed=seed, name=team_name, payloads=payloads)
        self.sockets = Sockets()
        self.background = Background()
        self.courier = Courier(self._team, self.background, self.sockets)
        self.changes = Changes()
        self.calls: list[Call] = []
        self._team.later = self._later
        self._team.changed = self.sockets.changed = self.changes.tell
        self._team.socket_ticket = self.sockets.ticket
        for number in files.unfinished(self._team):
            self.courier.tell_later(files.finish(self._team, number))
        People.__init__(self, self._team, self.courier)
        Knobs.__init__(self, self._team, self.courier)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file; a workspace that was closed does nothing more."""
        self.unfaulted()
        self.background.close()
        self._state.close()

    def _later(self, seconds: float, act: Callable[[], list[Happening]]) -> None:
        if seconds <= 0:
            self.courier.tell_later(act())
        else:
            self.background.after(seconds, lambda: self.courier.tell_later(act()))

    # Who and what is there

    @property
    def team(self) -> str:
        """The team's id."""
        return self._team.id

    @property
    def records(self) -> Team:
        """What the doors of the server work on."""
        return self._team

    def install_app(
        self,
        *,
        name: str = "Parley",
        bot_token: str,
        app_token: str,
        signing_secret: str,
        request_url: str | None = None,
        command: str = "/parley",
        scopes: Collection[str] = ALL_SCOPES,
        messages_tab: bool = True,
    ) -> App:
        """Install an app (again), or change what is known of the one with that bot token."""
        known = self._team.app_of(bot_token)
        ids: Json = {}
        if known is not None:
            ids = {"app_id": known.app_id, "bot_id": known.bot_id, "bot_user": known.bot_user}
        else:
            ids = {"app_id": self._team.new_id("A"), "bot_id": self._team.new_id("B")}
            about = {"bot_id": ids["bot_id"], "api_app_id": ids["app_id"]}
            user = name.lower().replace(" ", "-")
            person = self._team.new_person(user, real_name=name, zone="UTC", title="", guest=False, app=about)
            ids["bot_user"] = person["id"]
        app = App(
            **ids,
            name=name,
            bot_token=bot_token,
            app_token=app_token,
            signing_secret=signing_secret,
            request_url=request_url,
            command=command,
            scopes=frozenset(scopes),
            messages_tab=messages_tab,
        )
        self._team.keep_app(app)
        for channel in self._state.documents("channel"):
            if channel["with_app"] and known is None:
                self._state.enter(channel["id"], app.bot_user)
        return app

    def add_person(
        self,
        name: str,
        *,
        real_name: str,
        zone: str = "Europe/Berlin",
        title: str = "",
        guest: bool = False,
        home: str = "",
    ) -> str:
        """Someone to be, of a partner's team where `home` names one; who is there already stays as they are."""
        known = self._team.person_named(name)
        person = known or self._team.new_person(
            name, real_name=real_name, zone=zone, title=title, guest=guest, home=home
        )
        self._team.changed({"kind": "people"})
        return str(person["id"])

    def add_channel(
        self,
        name: str,
        *,
        private: bool = False,
        members: Collection[str] = (),
        with_app: bool = True,
        topic: str = "",
    ) -> str:
        """A channel with these people (and the installed apps) in it; one that is there already gets who is missing."""
        name = name.removeprefix("#")
        creator = next(iter(members), "")
        known = self._team.channel_named(name)
        channel = known or self._team.new_channel(
            name, private=private, topic=topic, with_app=with_app, creator=creator
        )
        apps = [app.bot_user for app in self._team.apps()] if with_app else []
        for person in [*members, *apps]:
            self._state.enter(channel["id"], person)
        self._team.changed({"kind": "channels"})
        return str(channel["id"])

    def invite(self, channel: str, user: str, *, by: str | None = None) -> list[Delivery]:
        """Let someone (or an app's bot user) into a channel; apps there are told."""
        return self.courier.tell(join(self._team, self._team.channel(channel), user, inviter=by))

    def remove(self, channel: str, user: str) -> None:
        self._state.leave(channel, user)

    def archive(self, channel: str, *, archived: bool = True) -> None:
        self._state.keep("channel", channel, self._team.channel(channel) | {"is_archived": archived})

    # What people see

    def messages(self, channel: str) -> list[Json]:
        """What stands in the channel, oldest first, metadata included."""
        return [shown(self._team, channel, message, metadata=True) for message in self._state.messages(channel)]

    def replies(self, channel: str, ts: str) -> list[Json]:
        """The replies of a thread, oldest first, without its parent."""
        return [shown(self._team, channel, reply, metadata=True) for reply in self._state.replies(channel, ts)]

    def ephemerals(self, channel: str, user: str) -> list[Json]:
        """What only this person was shown in the channel."""
        return self._state.ephemerals(channel, user)

    def file_bytes(self, file_id: str) -> bytes:
        content = self._state.content(file_id)
        if content is None:
            raise LookupError(f"no file {file_id!r} was uploaded")
        return content

    def views(self, user: str) -> list[Json]:
        """The person's open modals, the topmost last."""
        return [public(view) for view in open_views(self._team, user)]

    # What the app did

    @property
    def deliveries(self) -> list[Delivery]:
        return self.courier.deliveries

    def calls_of(self, method: str) -> list[Call]:
        return [call for call in list(self.calls) if call.method == method]

    def settle(self, seconds: float = 5.0) -> bool:
        """Wait until every delivery, retry and file that is due within that time is through."""
        return self.background.settle(seconds)

    def served_at(self, url: str) -> None:
        """Where links, uploads and sockets lead; a server says so when it starts."""
        self._team.base_url = url
