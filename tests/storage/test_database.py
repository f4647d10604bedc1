"""Transactions, snapshots and migrations, on both databases."""

import sqlite3
import threading
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from analysis.errors import UserError
from storage import people, requests
from storage.busy import Busy
from storage.database import Database
from storage.people import Person
from storage.requests import Request, Who
from storage.tables import metadata
from tests.databases import Kind, fresh_url
from tests.threads import at_once

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def take(database: Database, key: str, *, wait: float = 10.0, now: datetime = NOON) -> None:
    with database.transaction(wait=wait) as tx:
        requests.take(tx, Request("help", {}, Who("T1", "U1")), key=key, source="command", lane="quick", now=now)


def depth(database: Database) -> dict[str, int]:
    with database.reading() as tx:
        return requests.queue_depth(tx)


def test_an_exception_leaves_nothing_behind(database: Database) -> None:
    def fail() -> None:
        with database.transaction() as tx:
            requests.take(tx, Request("help", {}, Who("T1", "U1")), key="a", source="command", lane="quick", now=NOON)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert depth(database) == {}


def test_a_listener_gives_up_when_the_lock_is_held_and_has_written_nothing(database: Database) -> None:
    with database.transaction() as tx:
        requests.take(tx, Request("help", {}, Who("T1", "U1")), key="a", source="command", lane="quick", now=NOON)
        began = datetime.now(UTC)

        def in_another_thread(_: int) -> None:
            with pytest.raises(Busy):
                take(database, "a", wait=0.3)

        at_once(1, in_another_thread)
        waited = datetime.now(UTC) - began
    assert timedelta(seconds=0.25) < waited < timedelta(seconds=8)  # not as long as others wait
    assert depth(database) == {"quick": 1}
    take(database, "b", wait=0.3)
    assert depth(database) == {"quick": 2}


def test_a_lock_that_another_process_holds_is_waited_for_as_long_and_no_longer(
    kind: Kind, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with fresh_url(kind, tmp_path_factory) as url:
        ours, theirs = Database(url), Database(url)
        with theirs.transaction() as tx:
            requests.take(tx, Request("help", {}, Who("T1", "U1")), key="a", source="command", lane="quick", now=NOON)
            with pytest.raises(Busy):
                take(ours, "a", wait=0.3)
        take(ours, "a", wait=0.3)
        assert depth(ours) == {"quick": 1}
        ours.close()
        theirs.close()


def test_a_listener_gets_its_turn_while_others_write_without_a_pause(database: Database) -> None:
    enough = threading.Event()

    def write(number: int) -> None:
        done = 0
        while not enough.is_set() and done < 10_000:
            take(database, f"{number}-{done}")
            done += 1

    def listen(number: int) -> None:
        try:
            for i in range(20):
                take(database, f"listener {number}-{i}", wait=2)
        finally:
            enough.set()

    at_once(4, lambda number: listen(number) if number == 0 else write(number))
    assert database.is_current()


def test_no_connection_left_is_as_busy_as_no_lock(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'parley.db'}")
    database.upgrade()
    with ExitStack() as open_ones:
        for _ in range(30):
            open_ones.enter_context(database.reading())
        with pytest.raises(Busy, match="connections"):
            take(database, "a", wait=2)
    take(database, "a")
    database.close()


def test_who_waits_long_enough_gets_the_lock(database: Database) -> None:
    written = threading.Event()

    def hold(number: int) -> None:
        if number == 0:
            with database.transaction() as tx:
                requests.take(
                    tx, Request("help", {}, Who("T1", "U1")), key="a", source="command", lane="quick", now=NOON
                )
                written.set()
                threading.Event().wait(0.3)
        else:
            assert written.wait(10)
            take(database, "a", wait=5)

    at_once(2, hold)
    assert depth(database) == {"quick": 1}


def test_a_reader_sees_one_state_and_holds_nobody_up(database: Database) -> None:
    take(database, "a")
    with database.reading() as tx:
        assert requests.queue_depth(tx) == {"quick": 1}
        at_once(1, lambda _: take(database, "b", wait=0.5))
        assert requests.queue_depth(tx) == {"quick": 1}
    assert depth(database) == {"quick": 2}


def test_many_writers_at_once_all_get_their_turn(database: Database) -> None:
    def write(number: int) -> None:
        for i in range(10):
            take(database, f"{number}-{i}", wait=5)

    at_once(8, write)
    assert depth(database) == {"quick": 80}


def test_a_moment_comes_back_in_utc_to_the_microsecond(database: Database) -> None:
    in_berlin = datetime(2026, 3, 2, 13, 0, 0, 987654, tzinfo=timezone(timedelta(hours=1)))
    take(database, "a", now=in_berlin)
    with database.transaction() as tx:
        [leased] = requests.lease(tx, lane="quick", now=in_berlin, seconds=1)
    assert leased.received_at == in_berlin
    assert leased.received_at.utcoffset() == timedelta(0)
    assert leased.received_at.microsecond == 987654


def test_a_moment_without_a_zone_is_refused(database: Database) -> None:
    with pytest.raises(Exception, match="no time zone"):
        take(database, "a", now=datetime(2026, 3, 2))  # noqa: DTZ001  # this is what must be refused


def test_the_databases_clock_tells_utc(database: Database) -> None:
    assert abs(database.now() - datetime.now(UTC)) < timedelta(minutes=5)
    assert database.now().utcoffset() == timedelta(0)


def test_migrations_make_the_tables_that_the_program_uses(database: Database) -> None:
    assert database.is_current()
    with database.reading() as tx:
        connection = tx._connection
        differences = compare_metadata(MigrationContext.configure(connection), metadata)
    assert differences == []


def test_an_empty_database_is_not_current_until_it_is_upgraded(
    kind: Kind, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with fresh_url(kind, tmp_path_factory, with_tables=False) as url:
        database = Database(url)
        assert not database.is_current()
        database.upgrade()
        assert database.is_current()
        database.upgrade()
        take(database, "a")
        assert depth(database) == {"quick": 1}
        database.close()


def test_four_that_start_at_once_upgrade_once(kind: Kind, tmp_path_factory: pytest.TempPathFactory) -> None:
    with fresh_url(kind, tmp_path_factory, with_tables=False) as url:
        databases = [Database(url) for _ in range(4)]
        at_once(4, lambda number: databases[number].upgrade())
        assert all(database.is_current() for database in databases)
        for database in databases:
            database.close()


def test_sqlite_keeps_what_it_has_said_it_kept(tmp_path: Path) -> None:
    file = tmp_path / "new" / "folder" / "parley.db"
    database = Database(f"sqlite:///{file}")
    database.upgrade()
    with database.transaction() as tx:
        found = {name: tx.execute(text(f"PRAGMA {name}")).scalar_one() for name in ("journal_mode", "synchronous")}
        keys = tx.execute(text("PRAGMA foreign_keys")).scalar_one()
    database.close()
    assert found == {"journal_mode": "wal", "synchronous": 2}
    assert keys == 1


def test_deleted_words_are_not_in_sqlites_file(tmp_path: Path) -> None:
    file = tmp_path / "parley.db"
    database = Database(f"sqlite:///{file}")
    database.upgrade()
    who = Who("T1", "U1")
    for name in ("Quetzalcoatl", "x"):
        with database.transaction() as tx:
            people.remember(
                tx,
                Person(
                    team="T1",
                    user="U1",
                    name=name,
                    zone=None,
                    persona=None,
                    guest=False,
                    bot=False,
                    deleted=False,
                    refreshed_at=None,
                ),
            )
    with database.reading() as tx:
        assert people.get(tx, who) is not None
    database.close()
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    assert b"Quetzalcoatl" not in file.read_bytes()


def test_sqlites_log_is_brought_into_its_file_beside_readers_and_emptied_when_nobody_uses_it(tmp_path: Path) -> None:
    file, log = tmp_path / "parley.db", tmp_path / "parley.db-wal"
    database = Database(f"sqlite:///{file}")
    database.upgrade()
    for number in range(150):  # more pages than SQLite's own habit lets the log have
        take(database, f"{number} Quetzalcoatl " * 2_000)
    before = file.stat().st_size
    with database.reading() as reader:
        reader.execute(text("SELECT count(*) FROM requests"))
        assert database.checkpoint() > 1_500
        assert database.checkpoint(emptying=True) > 1_500
    assert file.stat().st_size > before + 150 * 2_000 * len("Quetzalcoatl")
    assert b"Quetzalcoatl" in log.read_bytes()
    assert database.checkpoint(emptying=True) == 0
    assert log.stat().st_size == 0
    database.close()


@pytest.mark.parametrize("url", ["mysql://x/y", "sqlite://", "sqlite:///:memory:", "no address"])
def test_an_address_that_cannot_be_used_is_refused_in_words(url: str) -> None:
    with pytest.raises(UserError, match=r"sqlite:////path/parley\.db"):
        Database(url)


def test_postgresql_is_known_by_both_of_its_names(tmp_path_factory: pytest.TempPathFactory) -> None:
    with fresh_url("postgresql", tmp_path_factory) as url:
        database = Database(url.replace("postgresql://", "postgres://", 1))
        assert database.is_current()
        assert not database.is_sqlite
        database.close()


def test_a_server_that_restarted_is_found_again(tmp_path_factory: pytest.TempPathFactory) -> None:
    with fresh_url("postgresql", tmp_path_factory) as url:
        database = Database(url)
        take(database, "a")
        with psycopg.connect(url, autocommit=True) as other:
            others = "pid <> pg_backend_pid() AND datname = current_database()"
            other.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}")
        take(database, "b")
        assert depth(database) == {"quick": 2}
        database.close()
