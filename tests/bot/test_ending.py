"""Ended by a signal in the middle of its work, it leaves nothing leased and nothing unknown; the next one goes on."""

from __future__ import annotations

import http.client
import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from bot.workspace import Server, Workspace
from tests.models import write_small_model
from tests.stage import BOT_TOKEN, PAYLOADS, SIGNING_SECRET, until
from tests.starts import Begun, Starter

pytestmark = pytest.mark.xdist_group("waiting")  # they mostly wait: one worker does it while others count

SECONDS_TO_END = 20


@dataclass
class Served:
    """`parley serve` over HTTP, in a process of its own."""

    begin: Starter
    workspace: Workspace
    environment: dict[str, str]
    home: Path
    person: str
    channel: str
    process: subprocess.Popen[bytes] | Begun | None = None
    port: int = 0

    def start(self) -> None:
        log = self.home / "log"
        log.touch()
        before = log.stat().st_size
        self.process = self.begin.begin("serve", settings=self.environment, log=log)
        self._until_ready(log, before)

    def start_from_nothing(self) -> None:
        """As a shell does it, with all imports: five seconds."""
        log = self.home / "log"
        with log.open("ab") as out:
            command = [sys.executable, "-m", "bot.cli", "serve"]
            self.process = subprocess.Popen(command, env=os.environ | self.environment, stdout=out, stderr=out)
        self._until_ready(log, 0)

    def _until_ready(self, log: Path, before: int) -> None:
        until(lambda: b"Parley is ready" in log.read_bytes()[before:], seconds=40, why=f"the start; see {log}")

    def signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def ended(self, *, seconds: float = SECONDS_TO_END) -> int:
        assert self.process is not None
        return self.process.wait(seconds)

    def children(self) -> list[psutil.Process]:
        assert self.process is not None
        return psutil.Process(self.process.pid).children(recursive=True)

    def ask(self, words: str) -> Any:
        return self.workspace.command(self.person, self.channel, words)

    def health(self) -> tuple[int, dict[str, Any]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        with closing(connection):
            connection.request("GET", "/health")
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.home / "parley.db")) as database:
            return database.execute(query).fetchall()

    def cards(self) -> list[dict[str, Any]]:
        seen = self.workspace.messages(self.channel)
        return [m for m in seen if m.get("bot_id") and any(b["type"] == "header" for b in m.get("blocks", []))]


@pytest.fixture
def served(request: pytest.FixtureRequest, begin: Starter, tmp_path: Path) -> Iterator[Served]:
    port = free_port()
    workspace = Workspace(payloads=PAYLOADS)
    workspace.file_seconds = 0.05
    write_small_model(tmp_path / "models")
    with workspace, Server(workspace) as server:
        workspace.install_app(
            bot_token=BOT_TOKEN,
            app_token="xapp-none",
            signing_secret=SIGNING_SECRET,
            request_url=f"http://127.0.0.1:{port}/slack/events",
        )
        mara = workspace.add_person("mara", real_name="Mara")
        channel = workspace.add_channel("models", members=(mara,))
        environment = {
            "PARLEY_HOME": str(tmp_path),
            "PARLEY_PORT": str(port),
            "SLACK_BOT_TOKEN": BOT_TOKEN,
            "SLACK_SIGNING_SECRET": SIGNING_SECRET,
            "SLACK_API_URL": server.api_url,
        }
        one = Served(begin, workspace, environment, tmp_path, mara, channel, port=port)
        try:
            (one.start_from_nothing if getattr(request, "param", None) == "from nothing" else one.start)()
            yield one
        finally:
            workspace.unfaulted()
            if one.process is not None and one.process.poll() is None:
                one.process.send_signal(signal.SIGKILL)
                one.process.wait()


def free_port() -> int:
    import socket

    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        port: int = door.getsockname()[1]
        return port


@pytest.mark.parametrize("served", ["from nothing"], indirect=True)
def test_an_evaluation_that_runs_is_given_back_and_the_next_process_does_it_once(served: Served) -> None:
    calm = served.children()
    served.ask("evaluate small")
    (child,) = until(lambda: [c for c in served.children() if c not in calm], why="a child that evaluates")
    child.suspend()
    served.signal(signal.SIGTERM)
    until(lambda: served.health()[0] == 503, why="the signal to be heard")
    child.resume()
    assert served.ended() == 0
    assert not child.is_running()
    assert served.rows("SELECT leased_until, attempts, failed FROM requests WHERE finished_at IS NULL") == [
        (None, 0, None)
    ]
    assert served.rows("SELECT key FROM messages WHERE leased_until IS NOT NULL OR sending") == []

    served.start()
    until(lambda: any(b["type"] == "image" for c in served.cards() for b in c["blocks"]), why="the whole card")
    assert len(served.cards()) == 1
    assert served.rows("SELECT status FROM evaluations") == [("done",)]


def test_a_message_that_is_being_sent_is_finished_and_meanwhile_nothing_new_is_taken(served: Served) -> None:
    fault = served.workspace.fault("response_url", hang="before")
    served.ask("help")
    assert fault.reached.wait(20)
    served.signal(signal.SIGTERM)
    until(lambda: served.health()[0] == 503, why="health to say so")
    assert served.health()[1]["draining"] is True
    assert served.ask("models").status == 503
    fault.release()
    assert served.ended() == 0
    assert served.rows("SELECT shown, leased_until, sending FROM messages") == [(1, None, 0)]
    assert served.rows("SELECT command FROM requests") == [("help",)]


def test_a_second_signal_ends_it_at_once(served: Served) -> None:
    fault = served.workspace.fault("response_url", hang="before")
    served.ask("help")
    assert fault.reached.wait(20)
    served.signal(signal.SIGTERM)
    until(lambda: served.health()[0] == 503, why="the first signal to be heard")
    served.signal(signal.SIGINT)
    assert served.ended(seconds=5) == 128 + signal.SIGINT
