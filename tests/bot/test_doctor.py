"""The doctor says what is true: of the home, the database, Dask, Slack's tokens, and a picture that is tried out."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.doctor import examine
from bot.workspace import ALL_SCOPES, Server, Workspace
from storage.database import Database
from tests.databases import fresh_url
from tests.models import write_small_model
from tests.stage import APP_TOKEN, BOT_TOKEN, SIGNING_SECRET
from tests.starts import Ended, Starter

pytestmark = pytest.mark.xdist_group("waiting")  # they mostly wait: one worker does it while others count


@pytest.fixture
def workspace() -> Iterator[Workspace]:
    with Workspace() as found:
        found.file_seconds = 0.3
        yield found


@pytest.fixture
def settings(workspace: Workspace, tmp_path: Path) -> Iterator[dict[str, str]]:
    """Settings with which all is well."""
    write_small_model(tmp_path / "models")
    database = Database(f"sqlite:///{tmp_path / 'parley.db'}")
    database.upgrade()
    database.close()
    with Server(workspace) as server:
        workspace.install_app(bot_token=BOT_TOKEN, app_token=APP_TOKEN, signing_secret=SIGNING_SECRET)
        yield {
            "PARLEY_HOME": str(tmp_path),
            "SLACK_BOT_TOKEN": BOT_TOKEN,
            "SLACK_APP_TOKEN": APP_TOKEN,
            "SLACK_API_URL": server.api_url,
        }


def wrong(ended: Ended) -> list[str]:
    assert ended.stderr == ""
    found = [line.removeprefix("WRONG ") for line in ended.stdout.splitlines() if line.startswith("WRONG")]
    assert ended.status == (1 if found else 0)
    return found


def test_where_all_is_well_nothing_is_wrong(begin: Starter, settings: dict[str, str]) -> None:
    ended = begin.run("doctor", settings=settings)
    assert wrong(ended) == []
    assert "ok    the database is up to date" in ended.stdout
    assert "ok    Slack opens connections for Socket Mode" in ended.stdout
    assert "GB are free in" in ended.stdout


def test_a_refused_app_token_is_wrong(begin: Starter, settings: dict[str, str]) -> None:
    (says,) = wrong(begin.run("doctor", settings=settings | {"SLACK_APP_TOKEN": "xapp-other"}))
    assert says.startswith("Slack refuses SLACK_APP_TOKEN: invalid_auth.")


def test_what_others_can_read_is_wrong(begin: Starter, settings: dict[str, str], tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "parley.db").chmod(0o644)
    assert wrong(begin.run("doctor", settings=settings)) == [
        f"others can read the home {tmp_path}: `chmod 700 {tmp_path}`",
        f"others can read {tmp_path / 'parley.db'}: `chmod 600 {tmp_path / 'parley.db'}`",
    ]


@pytest.mark.parametrize("place", ["parley.db", "."])
def test_a_database_that_cannot_be_written_is_wrong(
    begin: Starter, settings: dict[str, str], tmp_path: Path, place: str
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "parley.db").rename(tmp_path / "data" / "parley.db")
    closed = tmp_path / "data" / place
    closed.chmod(0o500)
    address = {"PARLEY_DATABASE_URL": f"sqlite:///{tmp_path / 'data' / 'parley.db'}"}
    found = wrong(begin.run("doctor", settings=settings | address))
    assert (
        f"the database needs to write to {closed.resolve()}, and this user can't: change its owner or its mode" in found
    )
    closed.chmod(0o700)


def test_a_home_below_a_file_is_wrong(begin: Starter, settings: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    found = wrong(begin.run("doctor", settings=settings | {"PARLEY_HOME": str(tmp_path / "file" / "home")}))
    assert found[0].startswith(f"{tmp_path / 'file'} is a file, so the home")


def test_a_file_of_something_else_is_wrong_and_stays_as_it_is(
    begin: Starter, settings: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "letter.txt").write_text("a letter\n" * 1000)
    (tmp_path / "letter.txt").chmod(0o600)
    address = {"PARLEY_DATABASE_URL": f"sqlite:///{tmp_path / 'letter.txt'}"}
    (says,) = wrong(begin.run("doctor", settings=settings | address))
    assert "the file isn't an SQLite database" in says
    assert (tmp_path / "letter.txt").read_text() == "a letter\n" * 1000


def test_a_database_that_is_away_is_wrong_and_the_rest_is_still_looked_at(
    begin: Starter, settings: dict[str, str]
) -> None:
    address = {"PARLEY_DATABASE_URL": "postgresql://parley:hush@127.0.0.1:9/parley"}
    ended = begin.run("doctor", settings=settings | address)
    (says,) = wrong(ended)
    assert says.startswith("The database parley on 127.0.0.1:9 can't be used: Connection refused")
    assert "hush" not in ended.stdout
    assert "ok    Slack knows us" in ended.stdout


def test_a_newer_database_is_well_where_this_version_works_with_it(
    begin: Starter, settings: dict[str, str], tmp_path: Path
) -> None:
    database = Database(f"sqlite:///{tmp_path / 'parley.db'}")
    with database.transaction() as tx:
        tx.execute(text("UPDATE alembic_version SET version_num = '9000'"))
    database.close()
    ended = begin.run("doctor", settings=settings)
    assert wrong(ended) == []
    assert "ok    a newer Parley upgraded the database, and this version works with it" in ended.stdout


def test_sources_that_are_not_there_are_wrong(begin: Starter, settings: dict[str, str], tmp_path: Path) -> None:
    sources = {"PARLEY_SOURCES": f"{tmp_path / 'models'}, {tmp_path / 'logs'}, s3://bucket/logs"}
    assert wrong(begin.run("doctor", settings=settings | sources)) == [
        f"PARLEY_SOURCES names {tmp_path / 'logs'}, and there is nothing: correct or remove it"
    ]


def test_a_dask_scheduler_that_does_not_answer_is_wrong(begin: Starter, settings: dict[str, str]) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()  # it takes a connection, and never answers
        address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        (says,) = wrong(begin.run("doctor", settings=settings | {"PARLEY_DASK": address}))
    assert says.startswith(f"no Dask scheduler answers at {address}")


def test_a_clock_that_is_off_is_wrong(
    settings: dict[str, str], tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    with fresh_url("postgresql", tmp_path_factory) as url:
        monkeypatch.setenv("PARLEY_DATABASE_URL", url)
        said: list[str] = []
        assert examine(said.append) == 0
        assert "ok    this machine's clock and the database's agree" in said
        said.clear()
        assert examine(said.append, now=lambda: datetime.now(UTC) - timedelta(hours=1)) == 1
    (says,) = [line for line in said if line.startswith("WRONG")]
    assert says.endswith("s behind the database's: set both by NTP")
    assert 3590 < float(says.split()[5].replace(",", "")) < 3610


@pytest.fixture
def channel(workspace: Workspace) -> str:
    return workspace.add_channel("models", members=(workspace.add_person("mara", real_name="Mara"),))


def test_a_try_tells_each_step_and_leaves_nothing_behind(
    begin: Starter, settings: dict[str, str], workspace: Workspace, channel: str
) -> None:
    ended = begin.run("doctor", "--try", channel, settings=settings)
    assert wrong(ended) == []
    steps = [line.removeprefix("ok    ") for line in ended.stdout.splitlines()][-6:]
    assert steps[0] == f"a message was posted in {channel}"
    assert steps[1] == "a picture was uploaded into its thread"
    assert steps[2].startswith("the picture was readable after ")
    assert steps[3:] == ["the message shows the picture", "the message was edited", "everything was removed again"]
    assert float(steps[2].split()[5]) >= 0.3
    assert workspace.messages(channel) == []
    (file,) = [call.arguments["files"][0]["id"] for call in workspace.calls if call.method.startswith("files.complete")]
    assert [call.arguments for call in workspace.calls if call.method == "files.delete"] == [{"file": file}]


def test_a_try_says_when_the_picture_stays_in_the_thread(
    begin: Starter, settings: dict[str, str], workspace: Workspace, channel: str
) -> None:
    workspace.fault("chat.update", error="invalid_blocks")
    ended = begin.run("doctor", "--try", channel, settings=settings)
    assert wrong(ended) == ["the message refuses the picture (invalid_blocks): pictures stay in the thread"]
    assert workspace.messages(channel) == []


def test_a_try_where_the_bot_is_not_says_to_invite_it(
    begin: Starter, settings: dict[str, str], workspace: Workspace
) -> None:
    elsewhere = workspace.add_channel("elsewhere", members=(), with_app=False)
    (says,) = wrong(begin.run("doctor", "--try", elsewhere, settings=settings))
    assert says.startswith(f"no message can be posted in {elsewhere}: not_in_channel; ")
    assert says.endswith("invite the bot with `/invite @Parley`")


def test_every_missing_scope_is_named(workspace: Workspace, begin: Starter, settings: dict[str, str]) -> None:
    workspace.install_app(
        bot_token=BOT_TOKEN,
        app_token=APP_TOKEN,
        signing_secret=SIGNING_SECRET,
        scopes=frozenset(ALL_SCOPES) - {"files:write"},
    )
    assert "the scope files:write is missing: no pictures" in wrong(begin.run("doctor", settings=settings))
