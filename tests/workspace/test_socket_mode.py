"""Socket Mode with Slack's own clients: each payload goes to one connection, and comes again when it is not taken."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from slack_bolt import Ack
from slack_bolt import App as BoltApp
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient

from bot.workspace import Server, Workspace

from .stage import APP_TOKEN, BOT_TOKEN, Clock, Stage, set_stage, until

pytestmark = pytest.mark.xdist_group("waiting")  # they mostly wait: one worker does it while others count

Payload = dict[str, Any]


@dataclass
class Socketed:
    """A stage whose app listens over sockets, and what it took."""

    stage: Stage
    bolt: BoltApp
    events: list[Payload] = field(default_factory=list)
    commands: list[Payload] = field(default_factory=list)
    retries: list[tuple[str | None, str | None]] = field(default_factory=list)
    failures_left: int = 0

    def connections(self) -> int:
        return len(self.stage.workspace.sockets.connections(self.stage.app.app_id))

    @contextmanager
    def connected(self) -> Iterator[None]:
        before = self.connections()
        handler = SocketModeHandler(self.bolt, app_token=APP_TOKEN)
        handler.connect()  # type: ignore[no-untyped-call]  # Bolt's
        try:
            until(lambda: self.connections() == before + 1)
            yield
        finally:
            handler.close()  # type: ignore[no-untyped-call]  # Bolt's

    def take_event(self, body: Payload, request: Any) -> None:
        num, reason = (request.headers.get(f"x-slack-retry-{name}", [None])[0] for name in ("num", "reason"))
        self.retries.append((num, reason))
        if self.failures_left:
            self.failures_left -= 1
            raise RuntimeError("not now")
        self.events.append(body)

    def take_command(self, ack: Ack, body: Payload) -> None:
        self.commands.append(body)
        ack(f"you said {body['text']}")


@pytest.fixture(scope="module")
def lasting_app() -> Iterator[Socketed]:
    """One server and app for all tests here: ending a client of Slack's takes it three seconds."""
    clock = Clock()
    with Workspace(clock=clock) as workspace, Server(workspace) as server:
        workspace.retry_delays = (0, 0.5, 0.5, 0.5)
        stage = set_stage(workspace, server, clock)
        client = WebClient(BOT_TOKEN, base_url=server.api_url)
        bolt = BoltApp(name="test", client=client, process_before_response=True, token_verification_enabled=False)
        app = Socketed(stage, bolt)
        bolt.event("message")(app.take_event)
        bolt.command("/parley")(app.take_command)
        yield app


@pytest.fixture(scope="module")
def connected_app(lasting_app: Socketed) -> Iterator[Socketed]:
    with lasting_app.connected():
        yield lasting_app


@pytest.fixture(autouse=True)
def _nothing_taken_yet(lasting_app: Socketed) -> None:
    for taken in (
        lasting_app.events,
        lasting_app.commands,
        lasting_app.retries,
        lasting_app.stage.workspace.deliveries,
    ):
        taken.clear()


def test_an_absent_app_is_told_when_it_comes_and_its_commands_fail(lasting_app: Socketed) -> None:
    stage = lasting_app.stage
    stage.workspace.say(stage.ann, stage.channel, "are you there?")
    assert stage.workspace.deliveries[0].attempts[0].problem == "connection_failed"
    assert not stage.workspace.command(stage.ann, stage.channel, "help").acknowledged
    assert "dispatch_failed" in stage.workspace.ephemerals(stage.channel, stage.ann)[0]["text"]
    with lasting_app.connected():
        until(lambda: lasting_app.events)
        assert lasting_app.events[0]["event"]["text"] == "are you there?"


def test_events_and_commands_arrive_over_the_socket(connected_app: Socketed) -> None:
    stage = connected_app.stage
    stage.workspace.say(stage.ann, stage.channel, "hello")
    assert connected_app.events[0]["event"]["text"] == "hello"
    assert connected_app.events[0]["authorizations"][0]["user_id"] == stage.app.bot_user
    assert stage.workspace.command(stage.ann, stage.channel, "help").status == 200
    assert connected_app.commands[0]["trigger_id"]
    assert stage.workspace.ephemerals(stage.channel, stage.ann)[-1]["text"] == "you said help"


def test_a_payload_goes_to_one_of_two_connections(connected_app: Socketed) -> None:
    stage = connected_app.stage
    with connected_app.connected():
        for number in range(6):
            stage.workspace.say(stage.ann, stage.channel, str(number))
        assert sorted(body["event"]["text"] for body in connected_app.events) == ["0", "1", "2", "3", "4", "5"]
    until(lambda: connected_app.connections() == 1)


def test_an_event_without_acknowledgement_comes_again(connected_app: Socketed) -> None:
    stage = connected_app.stage
    connected_app.failures_left = 1
    stage.workspace.say(stage.ann, stage.channel, "twice")
    assert connected_app.retries == [("0", ""), ("1", "timeout")]
    assert [body["event"]["text"] for body in connected_app.events] == ["twice"]


def test_after_a_refresh_the_client_is_back_and_misses_nothing(connected_app: Socketed) -> None:
    stage = connected_app.stage
    assert stage.workspace.sockets.refresh(stage.app.app_id) == 1
    until(lambda: connected_app.connections() == 1)
    stage.workspace.say(stage.ann, stage.channel, "after the refresh")
    assert {body["event"]["text"] for body in connected_app.events} == {"after the refresh"}
    assert len({body["event_id"] for body in connected_app.events}) == 1
