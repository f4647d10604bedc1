"""What several tests of the bot share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.demo.clock import StoryClock, utc_now
from bot.workspace import Server, Workspace
from storage.database import Database
from tests.bot.desk import Desk, Hall
from tests.databases import fresh_database
from tests.stage import APP_TOKEN, BOT_TOKEN, PAYLOADS, SIGNING_SECRET


@pytest.fixture(scope="module")
def hall() -> Iterator[Hall]:
    clock = StoryClock(utc_now())
    workspace = Workspace(payloads=PAYLOADS, clock=clock)
    with workspace, Server(workspace) as server:
        app = workspace.install_app(bot_token=BOT_TOKEN, app_token=APP_TOKEN, signing_secret=SIGNING_SECRET)
        yield Hall(workspace, app, server.api_url, clock)


@pytest.fixture
def own_database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with fresh_database("sqlite", tmp_path_factory) as one:
        yield one


@pytest.fixture
def desk(hall: Hall, own_database: Database, request: pytest.FixtureRequest) -> Iterator[Desk]:
    name = f"{abs(hash(request.node.name)):x}"
    mara = hall.workspace.add_person(f"mara{name}", real_name="Mara")
    channel = hall.workspace.add_channel(f"models{name}", members=(mara,))
    hall.workspace.file_seconds = 0.0
    hall.workspace.calls.clear()
    yield Desk(hall.workspace, hall.app, hall.api_url, own_database, hall.clock, channel, mara)
    hall.workspace.unfaulted()
