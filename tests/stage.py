"""The whole stack in one process: a local workspace on loopback, a database, and Parley between them."""

from __future__ import annotations

import contextlib
import os
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any, Literal

from bot.app import Parley, build_app
from bot.demo.clock import StoryClock, utc_now
from bot.serving import bind, http_server
from bot.settings import Settings, read_settings
from bot.workspace import App, Server, Workspace
from storage.database import Database
from storage.engines import sqlite_files

BOT_TOKEN = "xoxb-test"
APP_TOKEN = "xapp-test"
SIGNING_SECRET = "a secret for tests"
PAYLOADS = Path("build/payloads")
SECONDS_TO_WAIT = 60.0
"""Far more than anything takes: a busy machine is slow, and what hangs would hang for ever."""

Mode = Literal["http", "socket"]


def until(what: Callable[[], Any], *, seconds: float = SECONDS_TO_WAIT, why: str | Callable[[], str] = "") -> Any:
    """What the condition gives as soon as it is true; an AssertionError where it never is."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = what()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds} s: {(why() if callable(why) else why) or what}")


@dataclass
class Stage:
    """The parts of a running stack, and who is in it."""

    workspace: Workspace
    server: Server
    app: App
    parley: Parley
    settings: Settings
    mara: str
    jonas: str
    guest: str
    channel: str
    elsewhere: str
    clock: StoryClock
    port: int

    @property
    def mention(self) -> str:
        return f"<@{self.app.bot_user}>"

    def type(self, words: str, *, user: str | None = None, channel: str | None = None) -> Any:
        return self.workspace.command(user or self.mara, channel or self.channel, words)

    def told(self, containing: str, *, user: str | None = None, channel: str | None = None) -> dict[str, Any]:
        """The first answer that only this person sees and that has these words."""

        def found() -> dict[str, Any] | None:
            seen = self.workspace.ephemerals(channel or self.channel, user or self.mara)
            return next((m for m in seen if containing in m["text"]), None)

        message: dict[str, Any] = until(found, why=f"an answer with {containing!r}")
        return message

    def card(self, containing: str = "", *, channel: str | None = None) -> dict[str, Any]:
        """The first message of the bot's in the channel whose text has these words."""
        message: dict[str, Any] = until(
            lambda: next(iter(self.cards(containing, channel=channel)), None), why=f"a card with {containing!r}"
        )
        return message

    def cards(self, containing: str = "", *, channel: str | None = None) -> list[dict[str, Any]]:
        seen = self.workspace.messages(channel or self.channel)
        return [m for m in seen if m.get("bot_id") and containing in m["text"]]

    def is_on_disk(self, words: str) -> bool:
        """Whether SQLite's file or one beside it holds these words."""
        files = sqlite_files(self.settings.home / "parley.db")
        return any(words.encode() in file.read_bytes() for file in files if file.exists())

    def later(self) -> bool:
        """Some seconds go by for everybody on the stage, fewer than any lease has."""
        self.clock.jump(self.clock() + timedelta(seconds=5))
        time.sleep(0.2)
        return True

    def quiet(self) -> None:
        """Until every request is answered and every message is shown."""
        until(self._nothing_waits, why=lambda: f"all requests answered and all messages shown: {self.parley.health()}")

    def _nothing_waits(self) -> bool:
        health = self.parley.health()
        depth = health["requests"]
        return isinstance(depth, dict) and not any(depth.values()) and health["unsent"] == 0


@contextmanager
def served(parley: Parley, door: socket.socket) -> Iterator[None]:
    """Parley's site on a socket of ours, in a thread."""
    assert parley.site is not None
    server = http_server(parley.site)
    thread = threading.Thread(target=lambda: server.run(sockets=[door]), daemon=True)
    thread.start()
    until(lambda: server.started, why="the site to start")
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(10)


def _with_all_tables(file: Path) -> None:
    """As the first start of Parley would leave it: half a second of migrations for each stage, and there are hundreds.
    Where there is a file already, from a stage before, it stays."""
    with contextlib.suppress(FileExistsError):
        number = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(number, "wb") as out:
            out.write(_all_tables())


@cache
def _all_tables() -> bytes:
    """A database whose only fill is what migrations make."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/parley.db")
        database.upgrade()
        database.close()
        return Path(folder, "parley.db").read_bytes()


@contextmanager
def staged(
    home: Path,
    *,
    database_url: str = "",
    mode: Mode = "http",
    models: Path | None = None,
    scopes: set[str] | None = None,
    jobs: int = 1,
    **more: str,
) -> Iterator[Stage]:
    """A workspace with a few people, and Parley connected to it the way ``mode`` says."""
    if not database_url:
        _with_all_tables(home / "parley.db")
    door = bind("127.0.0.1", 0)
    port = door.getsockname()[1]
    clock = StoryClock(utc_now())
    workspace = Workspace(payloads=PAYLOADS, clock=clock)
    workspace.retry_delays = (0.05, 0.2, 0.5)
    workspace.file_seconds = 0.05
    request_url = f"http://127.0.0.1:{port}/slack/events" if mode == "http" else None
    named: dict[str, Any] = {"scopes": scopes} if scopes is not None else {}
    with workspace, Server(workspace) as server:
        app = workspace.install_app(
            bot_token=BOT_TOKEN, app_token=APP_TOKEN, signing_secret=SIGNING_SECRET, request_url=request_url, **named
        )
        mara = workspace.add_person("mara", real_name="Mara", zone="Europe/Berlin")
        jonas = workspace.add_person("jonas", real_name="Jonas", zone="Europe/London")
        guest = workspace.add_person("gast", real_name="Gast", guest=True)
        people = (mara, jonas, guest)
        channel = workspace.add_channel("models", members=people)
        elsewhere = workspace.add_channel("elsewhere", members=people, with_app=False)
        secrets = {"SLACK_SIGNING_SECRET": SIGNING_SECRET} if mode == "http" else {"SLACK_APP_TOKEN": APP_TOKEN}
        settings = read_settings(
            _env_file=None,
            PARLEY_HOME=home,
            PARLEY_DATABASE_URL=database_url,
            PARLEY_MODELS=models or home / "models",
            PARLEY_JOBS=jobs,
            SLACK_BOT_TOKEN=BOT_TOKEN,
            SLACK_API_URL=server.api_url,
            **secrets,
            **more,
        )
        parley = build_app(settings, now=clock, seconds_between_messages=0.0)
        parley.start(ticking=False)
        try:
            with served(parley, door):
                yield Stage(
                    workspace, server, app, parley, settings, mara, jonas, guest, channel, elsewhere, clock, port
                )  # fmt: skip
        finally:
            if mode == "socket":
                # Slack's client reads for three seconds before it sees that it is to end, unless its connection ends.
                threading.Timer(0.1, workspace.sockets.cut, [app.app_id]).start()
            parley.stop()
            door.close()
