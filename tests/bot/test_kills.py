"""Killed at any place between the acknowledgement and the card, it ends with one card and one evaluation."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from bot.workspace import ALL_SCOPES, Server, Workspace
from storage import evaluations
from storage.database import Database
from tests.models import write_small_model
from tests.stage import APP_TOKEN, BOT_TOKEN, PAYLOADS, SIGNING_SECRET, until
from tests.starts import Begun, Starter

pytestmark = pytest.mark.xdist_group("waiting")  # they mostly wait: one worker does it while others count

SECONDS_TO_START = 60.0
"""On a busy machine."""
HISTORY = {"channels:history", "groups:history"}


@dataclass
class Victim:
    """Parley in a process of its own, that can be killed and started again."""

    begin: Starter
    workspace: Workspace
    environment: dict[str, str]
    home: Path
    person: str
    channel: str
    app_id: str
    process: Begun | None = None

    def start(self) -> None:
        self.process = self.begin.begin("serve", settings=self.environment, log=self.home / "log")
        until(self._connected, seconds=SECONDS_TO_START, why=f"a connection; see {self.home / 'log'}")

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process = None

    def _connected(self) -> bool:
        return bool(self.workspace.sockets.connections(self.app_id))

    def descendants(self) -> list[psutil.Process]:
        assert self.process is not None
        return psutil.Process(self.process.pid).children(recursive=True)

    @property
    def database(self) -> Path:
        return self.home / "parley.db"

    def asked(self) -> Any:
        return self.workspace.command(self.person, self.channel, "evaluate small")


@pytest.fixture
def scopes() -> frozenset[str]:
    return frozenset(ALL_SCOPES)


@pytest.fixture
def victim(begin: Starter, tmp_path: Path, scopes: frozenset[str]) -> Iterator[Victim]:
    workspace = Workspace(payloads=PAYLOADS)
    workspace.file_seconds = 0.05
    write_small_model(tmp_path / "models")
    with workspace, Server(workspace) as server:
        app = workspace.install_app(
            bot_token=BOT_TOKEN, app_token=APP_TOKEN, signing_secret=SIGNING_SECRET, scopes=scopes
        )
        mara = workspace.add_person("mara", real_name="Mara")
        channel = workspace.add_channel("models", members=(mara,))
        environment = {
            "PARLEY_HOME": str(tmp_path),
            "PARLEY_PORT": "0",
            "SLACK_BOT_TOKEN": BOT_TOKEN,
            "SLACK_APP_TOKEN": APP_TOKEN,
            "SLACK_API_URL": server.api_url,
        }
        victim = Victim(begin, workspace, environment, tmp_path, mara, channel, app.app_id)
        try:
            victim.start()
            yield victim
        finally:
            workspace.unfaulted()
            if victim.process is not None:
                victim.kill()


def _ask_and_meet(victim: Victim, method: str, moment: Any) -> None:
    """Ask, and wait until the bot's call of a method hangs before or after its effect."""
    fault = victim.workspace.fault(method, hang=moment)
    victim.asked()
    assert fault.reached.wait(20), f"{method} was never called"


def _at_the_acknowledgement(victim: Victim) -> None:
    assert victim.asked().status == 200


def _while_a_child_evaluates(victim: Victim) -> None:
    before = len(victim.descendants())
    victim.asked()
    until(lambda: len(victim.descendants()) > before, why="a child process")


def _with_measures_saved_ahead(victim: Victim) -> None:
    """The very short time in which measures are saved, and nothing of them is visible yet."""
    victim.asked()
    until(lambda: _statuses(victim) in (["running"], ["done"]), why="an evaluation")


PLACES: dict[str, Callable[[Victim], None]] = {
    "at the acknowledgement": _at_the_acknowledgement,
    "before it knows who asked": lambda v: _ask_and_meet(v, "users.info", "before"),
    "before the card is posted": lambda v: _ask_and_meet(v, "chat.postMessage", "before"),
    "after the card is posted": lambda v: _ask_and_meet(v, "chat.postMessage", "after"),
    "while a child evaluates": _while_a_child_evaluates,
    "with measures saved ahead": _with_measures_saved_ahead,
    "before the picture has an address": lambda v: _ask_and_meet(v, "files.getUploadURLExternal", "before"),
    "after the picture has an address": lambda v: _ask_and_meet(v, "files.getUploadURLExternal", "after"),
    "before the picture is completed": lambda v: _ask_and_meet(v, "files.completeUploadExternal", "before"),
    "after the picture is completed": lambda v: _ask_and_meet(v, "files.completeUploadExternal", "after"),
    "before the card is edited": lambda v: _ask_and_meet(v, "chat.update", "before"),
    "after the card is edited": lambda v: _ask_and_meet(v, "chat.update", "after"),
}


EACH_TIME = (
    "at the acknowledgement",
    "after the card is posted",
    "while a child evaluates",
    "before the picture is completed",
    "after the card is edited",
)
"""One place of each kind; at the others it is killed by `make soak`: each takes its twelve seconds."""


@pytest.mark.parametrize(
    "place", [pytest.param(one, marks=() if one in EACH_TIME else pytest.mark.campaign) for one in PLACES]
)
def test_killed_at_any_place_it_ends_with_one_card_and_one_evaluation(victim: Victim, place: str) -> None:
    PLACES[place](victim)
    victim.kill()
    victim.workspace.unfaulted()
    victim.start()
    until(lambda: [c for c in _cards(victim) if _is_done(c)], seconds=40, why=f"a card; see {victim.home / 'log'}")
    until(lambda: _unsent(victim) == 0, why="all messages shown")
    assert len(_cards(victim)) == 1
    assert _statuses(victim) == ["done"]


@pytest.mark.parametrize("scopes", [frozenset(ALL_SCOPES) - HISTORY], ids=["without the history scope"])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_without_the_history_scope_it_never_ends_without_a_card(victim: Victim, moment: str) -> None:
    _ask_and_meet(victim, "chat.postMessage", moment)
    victim.kill()
    victim.workspace.unfaulted()
    victim.start()
    until(lambda: [c for c in _cards(victim) if _is_done(c)], seconds=40, why=f"a card; see {victim.home / 'log'}")
    assert _statuses(victim) == ["done"]


def _cards(victim: Victim) -> list[dict[str, Any]]:
    seen = victim.workspace.messages(victim.channel)
    return [m for m in seen if m.get("bot_id") and any(b["type"] == "header" for b in m.get("blocks", []))]


def _is_done(card: dict[str, Any]) -> bool:
    return any(block["type"] == "image" for block in card["blocks"])


def _statuses(victim: Victim) -> list[str]:
    database = Database(f"sqlite:///{victim.database}")
    try:
        with database.reading() as tx:
            return [e.status for e in evaluations.recent(tx, team=victim.workspace.team, model=None, limit=10)]
    finally:
        database.close()


def _unsent(victim: Victim) -> int:
    from storage import messages

    database = Database(f"sqlite:///{victim.database}")
    try:
        with database.reading() as tx:
            return messages.unsent(tx)
    finally:
        database.close()
