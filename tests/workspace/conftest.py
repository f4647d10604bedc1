"""Fixtures of the workspace's tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from slack_bolt import App as BoltApp
from slack_sdk import WebClient

from bot.workspace import Server, Workspace

from .stage import BOT_TOKEN, SECRET, Clock, HttpApp, Stage, set_stage


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def served(clock: Clock) -> Iterator[Server]:
    with Workspace(clock=clock) as workspace, Server(workspace) as server:
        workspace.file_seconds = 0
        workspace.retry_delays = (0, 0.02, 0.02)
        yield server


@pytest.fixture
def stage(served: Server, clock: Clock) -> Stage:
    """An app that nobody runs: for the Web API alone."""
    return set_stage(served.workspace, served, clock)


@pytest.fixture(scope="module")
def lasting() -> Iterator[Stage]:
    """One stage for all tests of a file, where none of them minds what the others left."""
    clock = Clock()
    with Workspace(clock=clock) as workspace, Server(workspace) as server:
        yield set_stage(workspace, server, clock)


@pytest.fixture
def bolt(served: Server) -> BoltApp:
    """A Bolt app that the test gives its listeners."""
    return BoltApp(
        name="test",
        client=WebClient(BOT_TOKEN, base_url=served.api_url),
        signing_secret=SECRET,
        process_before_response=True,
        token_verification_enabled=False,
        ignoring_self_events_enabled=False,
    )


@pytest.fixture
def http(served: Server, clock: Clock, bolt: BoltApp) -> Iterator[Callable[..., tuple[Stage, HttpApp]]]:
    """Starts the Bolt app behind HTTP and installs it."""
    running: list[HttpApp] = []

    def start(**about_app: Any) -> tuple[Stage, HttpApp]:
        app = HttpApp(bolt)
        running.append(app)
        return set_stage(served.workspace, served, clock, request_url=app.url, **about_app), app

    yield start
    for app in running:
        app.stop()
