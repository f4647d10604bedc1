"""A stage for the tests: a workspace with two people, a channel, an app and Slack's own client."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import uvicorn
from slack_bolt import App as BoltApp
from slack_bolt.adapter.starlette import SlackRequestHandler
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.workspace import App, Server, Workspace

BOT_TOKEN = "xoxb-test"
APP_TOKEN = "xapp-test"
SECRET = "signing-secret-of-the-tests"


@dataclass
class Clock:
    """A clock that stands still until it is moved."""

    at: datetime = field(default_factory=lambda: datetime(2026, 3, 2, 9, 0, tzinfo=UTC))

    def __call__(self) -> datetime:
        return self.at

    def pass_time(self, **amount: float) -> None:
        self.at += timedelta(**amount)


@dataclass(frozen=True)
class Stage:
    workspace: Workspace
    server: Server
    clock: Clock
    app: App
    ann: str
    bob: str
    channel: str
    client: WebClient

    def refusal(self, method: str, **arguments: Any) -> SlackApiError:
        """The error with which Slack's client reports a refused call."""
        try:
            self.client.api_call(method, json=arguments)
        except SlackApiError as error:
            return error
        raise AssertionError(f"{method} was not refused")

    def error(self, method: str, **arguments: Any) -> str:
        return str(self.refusal(method, **arguments).response["error"])

    def post(self, text: str = "a card", **more: Any) -> str:
        return str(self.client.chat_postMessage(channel=self.channel, text=text, **more)["ts"])


def set_stage(workspace: Workspace, server: Server, clock: Clock, **about_app: Any) -> Stage:
    app = workspace.install_app(bot_token=BOT_TOKEN, app_token=APP_TOKEN, signing_secret=SECRET, **about_app)
    ann = workspace.add_person("ann", real_name="Ann Example", title="Data scientist")
    bob = workspace.add_person("bob", real_name="Bob Example", title="Product manager", zone="America/New_York")
    channel = workspace.add_channel("return-risk", members=[ann, bob])
    client = WebClient(BOT_TOKEN, base_url=server.api_url, retry_handlers=[])
    return Stage(workspace, server, clock, app, ann, bob, channel, client)


def until(condition: Callable[[], Any], *, seconds: float = 60) -> Any:
    """Wait for a condition; what it gave is returned."""
    deadline = monotonic() + seconds
    while monotonic() < deadline:
        found = condition()
        if found:
            return found
        sleep(0.01)
    raise AssertionError("the condition did not come true in time")


class HttpApp:
    """A Bolt app behind a small server, as Slack's HTTP mode wants it."""

    def __init__(self, bolt: BoltApp) -> None:
        handler = SlackRequestHandler(bolt)
        self.headers: list[dict[str, str]] = []

        async def events(request: Request) -> Response:
            self.headers.append(dict(request.headers))
            return await handler.handle(request)

        config = uvicorn.Config(
            Starlette(routes=[Route("/slack/events", events, methods=["POST"])]),
            port=0,
            lifespan="off",
            log_level="error",
            ws="none",
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        until(lambda: self._server.started)
        port = self._server.servers[0].sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}/slack/events"

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(timeout=5)


def opened(folder: Path) -> Workspace:
    """A workspace with its state in a file of that folder."""
    return Workspace(path=folder / "workspace.sqlite", clock=Clock())
