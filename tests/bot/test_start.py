"""What keeps Parley from starting is one sentence on stderr and exit status 2."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url, text
from structlog.testing import capture_logs

from bot.only_process import only_process
from bot.workspace import Server, Workspace
from storage.database import Database
from tests import databases
from tests.databases import KINDS, Kind, fresh_url
from tests.models import write_small_model
from tests.postgresql import NEEDS_PASSWORD
from tests.stage import APP_TOKEN, BOT_TOKEN, SIGNING_SECRET, staged
from tests.starts import Ended, Starter

NOBODY = "127.0.0.1:9"
"""The port named discard: nothing listens there."""


@dataclass
class Start:
    """A start of Parley that is about to fail: a home, and the settings of a workspace that would answer."""

    home: Path
    settings: dict[str, str]
    words: tuple[str, ...] = ("serve",)
    bytes_a_file: int | None = None


@pytest.fixture(scope="module")
def workspace() -> Iterator[dict[str, str]]:
    with Workspace() as found, Server(found) as server:
        found.install_app(bot_token=BOT_TOKEN, app_token=APP_TOKEN, signing_secret=SIGNING_SECRET)
        yield {"SLACK_BOT_TOKEN": BOT_TOKEN, "SLACK_APP_TOKEN": APP_TOKEN, "SLACK_API_URL": server.api_url}


@pytest.fixture
def start(tmp_path: Path, workspace: dict[str, str]) -> Start:
    home = tmp_path / "home"
    return Start(home, settings=workspace | {"PARLEY_HOME": str(home), "PARLEY_PORT": "0"})


def _a_file_as_home(start: Start) -> str:
    start.home.write_text("")
    return f"{start.home} is a file, and a folder is needed there."


def _a_home_below_a_file(start: Start) -> str:
    start.home.write_text("")
    start.settings["PARLEY_HOME"] = str(start.home / "parley")
    return "because a part of that path is a file."


def _a_home_that_cannot_be_written(start: Start) -> str:
    start.home.mkdir(0o500)
    return "this user can't write there"


def _a_home_that_cannot_be_made(start: Start) -> str:
    start.home.mkdir(0o500)
    start.settings["PARLEY_HOME"] = str(start.home / "parley")
    return "can't be made: Permission denied."


def _a_home_with_files_of_others(start: Start) -> str:
    start.home.mkdir()
    start.home.chmod(0o755)
    (start.home / "letters.txt").touch()
    return "it holds more than Parley's files; run `chmod 700"


def _a_full_disk(start: Start) -> str:
    start.bytes_a_file = 40_000
    return "free some space|free space"


def _a_file_that_is_no_database(start: Start) -> str:
    start.home.mkdir(0o700)
    (start.home / "parley.db").write_text("a letter, and not a short one at all\n" * 100)
    return "the file isn't an SQLite database"


def _a_database_of_something_else(start: Start) -> str:
    start.home.mkdir(0o700)
    other = sqlite3.connect(start.home / "parley.db")
    other.execute("CREATE TABLE orders (id INTEGER)")
    other.close()
    return "it has the table `orders` of something else"


def _a_folder_as_database(start: Start) -> str:
    (start.home / "parley.db").mkdir(parents=True, mode=0o700)
    return "parley.db is a folder, and a file is needed there."


def _a_newer_database(start: Start) -> str:
    database = Database(f"sqlite:///{start.home / 'parley.db'}")
    database.upgrade()
    with database.transaction() as tx:
        tx.execute(text("UPDATE alembic_version SET version_num = '9000'"))
        tx.execute(text("UPDATE compatibility SET floor = '9000'"))
    database.close()
    return "upgraded by a newer Parley"


def _no_postgresql_there(start: Start) -> str:
    start.settings["PARLEY_DATABASE_URL"] = f"postgresql://parley:hush@{NOBODY}/parley"
    return "The database parley on 127.0.0.1:9 can't be used: Connection refused"


def _no_such_host(start: Start) -> str:
    start.settings["PARLEY_DATABASE_URL"] = "postgresql://parley:hush@nowhere.invalid/parley"
    return "nowhere.invalid"


def _a_nonsense_database(start: Start) -> str:
    start.settings["PARLEY_DATABASE_URL"] = "postgresql://parley@host:port/x"
    return "PARLEY_DATABASE_URL: The database's address can't be read"


def _a_wrong_bot_token(start: Start) -> str:
    start.settings["SLACK_BOT_TOKEN"] = "xoxb-other"
    return "Slack refuses SLACK_BOT_TOKEN: invalid_auth."


def _a_wrong_app_token(start: Start) -> str:
    start.settings["SLACK_APP_TOKEN"] = "xapp-other"
    return "Slack refuses SLACK_APP_TOKEN: invalid_auth."


def _the_bot_token_as_app_token(start: Start) -> str:
    start.settings["SLACK_APP_TOKEN"] = BOT_TOKEN
    return "Slack refuses SLACK_APP_TOKEN: not_allowed_token_type."


def _nobody_at_slacks_address(start: Start) -> str:
    start.settings["SLACK_API_URL"] = f"http://{NOBODY}/api/"
    return "Slack is silent at http://127.0.0.1:9/api/"


def _a_blank_secret(start: Start) -> str:
    start.settings |= {"SLACK_SIGNING_SECRET": "  ", "SLACK_BOT_TOKEN": "\t"}
    return r"SLACK_BOT_TOKEN: is blank(.|\n)*SLACK_SIGNING_SECRET: is blank"


def _a_token_with_a_line_break(start: Start) -> str:
    start.settings["SLACK_BOT_TOKEN"] = "xoxb-1\nxoxb-2"
    return "SLACK_BOT_TOKEN: has a character that is in no token"


def _nonsense_addresses(start: Start) -> str:
    start.settings |= {"PARLEY_URL": "parley", "SLACK_API_URL": "https://sl ack/api/", "PARLEY_DASK": "tcp://here"}
    return "PARLEY_URL: must be(.|\\n)*PARLEY_DASK: must be(.|\\n)*SLACK_API_URL: must be"


def _a_home_of_nobody(start: Start) -> str:
    start.settings["PARLEY_HOME"] = "~nobody-of-this-name/parley"
    return "PARLEY_HOME: can't be followed to a folder"


def _no_folder_of_models(start: Start) -> str:
    start.settings["PARLEY_MODELS"] = str(start.home / "cards")
    return f"PARLEY_MODELS names {start.home / 'cards'}, and there is no such folder"


def _a_host_that_is_not_ours(start: Start) -> str:
    start.settings["PARLEY_HOST"] = "192.0.2.1"
    return "Can't listen on 192.0.2.1:0"


def _a_host_that_is_none(start: Start) -> str:
    start.settings["PARLEY_HOST"] = "a" * 70 + ".de"
    return "is no name of a host|Can't listen on aaa"


def _a_demo_without_a_home(start: Start) -> str:
    start.words = ("demo", "--port", "0")
    start.home.write_text("")
    return f"{start.home} is a file"


def _a_demo_that_is_no_demo(start: Start) -> str:
    start.words = ("demo", "--port", "0")
    (start.home / "demo").mkdir(parents=True)
    (start.home / "demo" / "told").touch()
    (start.home / "demo" / "workspace.db").write_text("a letter\n" * 1000)
    return "start anew with --fresh"


def _a_workspace_that_is_none(start: Start) -> str:
    start.words = ("workspace", "--port", "0")
    (start.home / "workspace").mkdir(parents=True)
    (start.home / "workspace" / "workspace.sqlite").write_text("a letter\n" * 1000)
    return "remove the file to start anew"


def _a_model_card_that_is_not_there(start: Start) -> str:
    start.words = ("evaluate", str(start.home / "card.yaml"))
    return "card.yaml"


def _a_result_that_cannot_be_written(start: Start) -> str:
    start.home.mkdir()
    closed = start.home / "closed"
    closed.mkdir(0o500)
    start.words = ("evaluate", str(write_small_model(start.home)), "--json", str(closed / "result.json"))
    return "result.json cannot be written: Permission denied"


FAILURES: list[Callable[[Start], str]] = [
    _a_file_as_home,
    _a_home_below_a_file,
    _a_home_that_cannot_be_written,
    _a_home_that_cannot_be_made,
    _a_home_with_files_of_others,
    _a_full_disk,
    _a_file_that_is_no_database,
    _a_database_of_something_else,
    _a_folder_as_database,
    _a_newer_database,
    _no_postgresql_there,
    _no_such_host,
    _a_nonsense_database,
    _a_wrong_bot_token,
    _a_wrong_app_token,
    _the_bot_token_as_app_token,
    _nobody_at_slacks_address,
    _a_blank_secret,
    _a_token_with_a_line_break,
    _nonsense_addresses,
    _a_home_of_nobody,
    _no_folder_of_models,
    _a_host_that_is_not_ours,
    _a_host_that_is_none,
    _a_demo_without_a_home,
    _a_demo_that_is_no_demo,
    _a_workspace_that_is_none,
    _a_model_card_that_is_not_there,
    _a_result_that_cannot_be_written,
]


def sentence_of(ended: Ended) -> str:
    """What the start said, once it is sure that it was made for people."""
    assert "Traceback" not in ended.stderr
    assert "hush" not in ended.stderr, "a password"
    assert ended.status == 2, ended.stderr
    return ended.stderr


@pytest.mark.parametrize("failure", FAILURES, ids=lambda f: f.__name__.strip("_").replace("_", " "))
def test_what_keeps_it_from_starting_is_one_sentence(
    begin: Starter, start: Start, failure: Callable[[Start], str]
) -> None:
    says = failure(start)
    ended = begin.run(*start.words, settings=start.settings, bytes_a_file=start.bytes_a_file)
    assert re.search(says, sentence_of(ended)), ended.stderr


@pytest.mark.parametrize("was_open", [False, True], ids=["made anew", "open to others before"])
def test_only_its_owner_can_read_the_home_and_what_lies_in_it(begin: Starter, start: Start, was_open: bool) -> None:
    if was_open:
        (start.home / "summaries").mkdir(parents=True)
        Database(f"sqlite:///{start.home / 'parley.db'}").close()
        for path in (start.home, *start.home.iterdir()):
            path.chmod(0o777)
    assert begin.run("db", "upgrade", settings=start.settings).status == 0
    found = {path.name: path.stat().st_mode & 0o777 for path in (start.home, *start.home.iterdir())}
    summaries = {"summaries": 0o700} if was_open else {}
    assert found == {"home": 0o700, "parley.db": 0o600, "parley.db.lock": 0o600} | summaries


def test_what_a_command_makes_is_for_its_user_alone(begin: Starter, start: Start) -> None:
    start.settings["SLACK_BOT_TOKEN"] = "xoxb-other"
    sentence_of(begin.run("serve", settings=start.settings))
    made = {path.name: path.stat().st_mode & 0o077 for path in start.home.iterdir()}
    assert made == dict.fromkeys(("models", "parley.db", "parley.db.lock"), 0)


def test_a_dotenv_that_is_no_text_is_named(begin: Starter, start: Start, tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"PARLEY_HOME=\xff\xfe")
    ended = begin.run("serve", settings=start.settings, cwd=tmp_path)
    assert "The file .env can't be read" in sentence_of(ended)


@pytest.mark.parametrize("words", [("serve",), ("db", "upgrade")], ids=" ".join)
def test_a_second_process_on_the_same_file_is_refused_by_whatever_name_it_comes(
    begin: Starter, start: Start, tmp_path: Path, words: tuple[str, ...]
) -> None:
    (tmp_path / "linked.db").symlink_to(tmp_path / "parley.db")
    start.settings["PARLEY_DATABASE_URL"] = f"sqlite:///{tmp_path / 'linked.db'}"
    with only_process(tmp_path / "parley.db"):
        says = sentence_of(begin.run(*words, settings=start.settings))
    assert says.startswith(
        f"parley: Another Parley works with {tmp_path / 'parley.db'}; end it, or set PARLEY_DATABASE_URL"
    )
    assert begin.run("db", "upgrade", settings=start.settings).stdout == "The database is up to date.\n"


def test_a_wrong_password_is_one_sentence_without_it(
    begin: Starter, start: Start, tmp_path_factory: pytest.TempPathFactory
) -> None:
    if databases.GIVEN in os.environ:
        pytest.skip("somebody's own server gets no new user")
    with fresh_url("postgresql", tmp_path_factory) as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"DROP ROLE IF EXISTS {NEEDS_PASSWORD}")
            connection.execute(f"CREATE ROLE {NEEDS_PASSWORD} LOGIN PASSWORD 'right'")
        address = make_url(url).set(username=NEEDS_PASSWORD, password="hush")
        start.settings["PARLEY_DATABASE_URL"] = address.render_as_string(hide_password=False)
        says = sentence_of(begin.run("serve", settings=start.settings))
    assert f'password authentication failed for user "{NEEDS_PASSWORD}"; check PARLEY_DATABASE_URL' in says
    assert says.count("\n") == 1


@pytest.mark.parametrize("kind", KINDS)
def test_an_older_replica_serves_on_with_newer_tables_that_allow_it(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, kind: Kind
) -> None:
    with fresh_url(kind, tmp_path_factory) as url:
        database = Database(url)
        with database.transaction() as tx:
            tx.execute(text("ALTER TABLE requests ADD COLUMN later TEXT"))
            tx.execute(text("UPDATE alembic_version SET version_num = '9000'"))
        database.close()
        with capture_logs() as log, staged(tmp_path, database_url=url) as stage:
            stage.type("help")
            stage.told("evaluate MODEL")
    said = [entry["event"] for entry in log if "newer Parley" in entry["event"]]
    assert said == ["a newer Parley upgraded the database; this version works on with it"]
