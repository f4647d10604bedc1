"""Several transactions in one commit: each fails alone, and late is never."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
from sqlalchemy import event, text

from storage import requests
from storage.busy import Busy
from storage.database import Database
from storage.requests import Request, Who
from tests.threads import at_once

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def soon() -> float:
    return time.monotonic() + 20


def take(database: Database, key: str) -> int | None:
    with database.transaction() as tx:
        return _taken(tx, key)


def _taken(tx, key: str) -> int | None:  # type: ignore[no-untyped-def]
    request = Request("help", {}, Who("T1", "U1"))
    return requests.take(tx, request, key=key, source="command", lane="quick", now=NOON)


def depth(database: Database) -> int:
    with database.reading() as tx:
        return requests.queue_depth(tx).get("quick", 0)


def commits(database: Database) -> list[str]:
    seen: list[str] = []
    event.listen(database._engine, "commit", lambda _: seen.append("commit"))
    return seen


def test_what_is_written_together_is_all_there_afterwards(database: Database) -> None:
    with database.together(until=soon()):
        for key in "abc":
            take(database, key)
    assert depth(database) == 3


def test_on_sqlite_it_is_one_commit(database: Database) -> None:
    seen = commits(database)
    with database.together(until=soon()):
        for key in "abc":
            take(database, key)
    assert len(seen) == (1 if database.is_sqlite else 3)


def test_where_nothing_is_written_no_transaction_is_begun(database: Database) -> None:
    seen = commits(database)
    with database.together(until=soon()):
        pass
    assert seen == []


def test_one_that_fails_takes_none_of_the_others_with_it(database: Database) -> None:
    def fail() -> None:
        with database.transaction() as tx:
            _taken(tx, "b")
            raise ZeroDivisionError

    with database.together(until=soon()):
        take(database, "a")
        with pytest.raises(ZeroDivisionError):
            fail()
        take(database, "c")
    assert depth(database) == 2


def test_the_same_key_twice_together_counts_once(database: Database) -> None:
    with database.together(until=soon()):
        assert take(database, "a") is not None
        assert take(database, "a") is None
    assert depth(database) == 1


def test_nothing_is_committed_after_the_time_is_over(database: Database) -> None:
    def too_slow() -> None:
        with database.together(until=time.monotonic() + 0.2), database.transaction() as tx:
            _taken(tx, "a")
            time.sleep(0.25)

    with pytest.raises(Busy):
        too_slow()
    assert depth(database) == 0


def test_a_lock_is_waited_for_no_longer_than_there_is_time(database: Database) -> None:
    def late(_: int) -> float:
        began = time.monotonic()
        with database.together(until=began + 0.2), pytest.raises(Busy):
            take(database, "a")
        return time.monotonic() - began

    with database.transaction() as tx:
        _taken(tx, "a")
        (seconds,) = at_once(1, late)
    assert seconds < 2
    assert depth(database) == 1


def test_a_transaction_that_the_database_gave_up_by_itself_keeps_nothing_of_what_comes_after(
    database: Database,
) -> None:
    if not database.is_sqlite:
        pytest.skip("PostgreSQL has no shared transaction")

    def lose() -> None:
        with database.transaction() as tx:
            tx.execute(text("ROLLBACK"))

    with pytest.raises(Busy, match="lost"), database.together(until=soon()):  # noqa: PT012  # the end raises too
        take(database, "a")
        with pytest.raises(Busy, match="lost"):
            lose()
        with pytest.raises(Busy):
            take(database, "b")
    assert depth(database) == 0


def test_afterwards_each_transaction_is_on_its_own_again(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.together(until=soon()):
        raise ZeroDivisionError
    take(database, "a")
    assert depth(database) == 1
