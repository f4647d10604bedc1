"""One database, SQLite or PostgreSQL: transactions that write, snapshots that read, and the tables kept current."""

from __future__ import annotations

import hashlib
import math
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, CursorResult, Executable, Table, exc, func, select
from sqlalchemy.dialects import postgresql, sqlite

from analysis.errors import UserError
from storage import private
from storage.bell import Bells
from storage.busy import Away, Busy, busy_by_name
from storage.engines import (
    WRITES,
    address_of,
    host_of,
    postgresql_engine,
    sqlite_engine,
    sqlite_file,
    sqlite_files,
    sqlite_looking,
)
from storage.together import Together
from storage.turns import Turns
from storage.unusable import in_words

if TYPE_CHECKING:
    from storage.migrations.running import Standing

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]

SECONDS_FOR_MIGRATIONS = 60.0
INCREMENTAL = 2
"""SQLite's number for the kind of vacuum that gives pages back when it is asked to."""


class Transaction:
    """A transaction as callers see it: something to hand on. Only the modules of storage look inside."""

    __slots__ = ("_connection", "_is_sqlite", "_work")

    def __init__(self, connection: Connection, work: set[str]) -> None:
        self._connection = connection
        self._is_sqlite = connection.dialect.name == "sqlite"
        self._work = work

    def announce(self, work: str) -> None:
        """Ring the bell of this name once the rows are committed."""
        self._work.add(work)

    def execute(
        self, statement: Executable, rows: Sequence[Mapping[str, Any]] | Mapping[str, Any] | None = None
    ) -> CursorResult[Any]:
        return self._connection.execute(statement, rows)

    def insert(self, table: Table) -> postgresql.Insert | sqlite.Insert:
        """An INSERT of this database's own kind, which may say ON CONFLICT."""
        return sqlite.insert(table) if self._is_sqlite else postgresql.insert(table)

    def lock(self, *name: str) -> None:
        """Wait for whoever else works on the thing of this name. On SQLite a writer is alone already."""
        if not self._is_sqlite:
            digest = hashlib.sha256("\0".join(name).encode("utf-8", "replace")).digest()
            number = int.from_bytes(digest[:8], "big", signed=True)
            self._connection.execute(select(func.pg_advisory_xact_lock(number)))


class Database:
    """Everything that outlives a request. May be shared by all threads of a process."""

    def __init__(self, url: str, *, only_look: bool = False) -> None:
        """``only_look`` is for a look at a database that may not be ours: nothing is made, nothing can be changed."""
        address = address_of(url)
        self.is_sqlite = address.get_backend_name() == "sqlite"
        self.file = sqlite_file(url)
        self._shown = f"at {self.file}" if self.file else f"{address.database} on {host_of(address)}"
        if self.file is None:
            self._engine = postgresql_engine(address)
        else:
            self._engine = sqlite_looking(self.file) if only_look else sqlite_engine(self.file)
        self._turns = Turns()
        self.bells = Bells()
        self._of_this_thread = threading.local()
        self._writer = self._engine.execution_options(**{WRITES: True})
        self._reader = (
            self._engine
            if self.is_sqlite
            else self._engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        )

    @contextmanager
    def transaction(self, *, wait: float = 10.0) -> Iterator[Transaction]:
        """A transaction that writes: committed at the end, rolled back on an exception.

        Raises Busy when a lock could not be had within ``wait`` seconds."""
        together, work = self._together, set[str]()
        if together is None:
            with self._alone(wait) as connection:
                yield Transaction(connection, work)
        elif self.is_sqlite:
            with busy_by_name(), together.savepoint(wait) as connection:
                yield Transaction(connection, work)
            together.work |= work
            return
        else:
            with self._alone(together.within(wait)) as connection:
                yield Transaction(connection, work)
                together.check_time()
        self.bells.ring(work)

    @contextmanager
    def together(self, *, until: float) -> Iterator[None]:
        """Whatever this thread writes in here is committed at the end, at once; each transaction still fails alone.

        Raises Busy where it is later than ``until`` (of the monotonic clock) by then, and nothing was written.
        PostgreSQL commits many transactions at once by itself, so there each is on its own, and in time."""
        together = Together(until=until, begin=partial(self._alone, urgent=True))
        self._of_this_thread.together = together
        try:
            with busy_by_name(), together.committed():
                yield
        finally:
            del self._of_this_thread.together
        self.bells.ring(together.work)

    @property
    def _together(self) -> Together | None:
        return getattr(self._of_this_thread, "together", None)

    @contextmanager
    def _alone(self, wait: float, *, urgent: bool = False) -> Iterator[Connection]:
        end = time.monotonic() + wait
        with self._our_turn(wait, urgent=urgent), busy_by_name(), self._writer.connect() as connection:
            self._give_up_after(connection, max(end - time.monotonic(), 0.0))
            with connection.begin():
                if not self.is_sqlite:
                    _limit_statements(connection, wait)
                yield connection

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """A transaction that reads one consistent state and holds nobody up."""
        with busy_by_name(), self._reader.connect() as connection:
            self._give_up_after(connection, 10.0)
            with connection.begin():
                yield Transaction(connection, set())

    def now(self) -> datetime:
        """The time by the database's clock, so that several machines agree; SQLite's is this machine's."""
        if self.is_sqlite:
            return datetime.now(UTC)
        with busy_by_name(), self._engine.connect() as connection:
            told: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
        return told.astimezone(UTC)

    def upgrade(self) -> Standing:
        """Bring the tables up to date, and say how they stand. Two that start at once wait for one another.

        Raises UserError, in one sentence, where the database can't be used."""
        from storage.migrations.running import bring_up_to_date

        if self.file is not None:
            self._must_be_ours(self.file)
            for part in sqlite_files(self.file):
                private.close_to_others(part)
        with self._explained(), self._writer.connect() as connection:
            self._give_up_after(connection, SECONDS_FOR_MIGRATIONS)
            return bring_up_to_date(connection)

    def standing(self) -> Standing:
        """How the tables stand to this program's. Raises UserError where the database can't be used."""
        from storage.migrations.running import standing

        with self._explained(), self._engine.connect() as connection:
            return standing(connection)

    def is_current(self) -> bool:
        """Whether the tables are those of this version."""
        return self.standing() == "current"

    def shrink(self, *, pages: int) -> bool:
        """Give so many pages of SQLite's file that hold nothing back to the disk; False when there are none left.
        PostgreSQL does that by itself."""
        if not self.is_sqlite:
            return False
        with self._our_turn(10.0), self._engine.connect() as connection:
            driver = connection.connection.driver_connection
            if driver is None:
                raise RuntimeError("the connection is closed")
            kind, free = (driver.execute(f"PRAGMA {name}").fetchone()[0] for name in ("auto_vacuum", "freelist_count"))
            if kind != INCREMENTAL or free == 0:
                return False
            # `execute` would take the first page only: each page is a step, and there is no row to fetch.
            driver.executescript(f"PRAGMA incremental_vacuum({int(pages)})")
        return True

    def checkpoint(self, *, emptying: bool = False) -> int:
        """Bring SQLite's log into its file, while others read and write. PostgreSQL does that by itself.

        ``emptying``: afterwards the log holds nothing, also nothing that was deleted since; left out where somebody
        uses it just now. Returns how many pages the log has."""
        if not self.is_sqlite:
            return 0
        how, turn = ("TRUNCATE", self._our_turn(0.0)) if emptying else ("PASSIVE", nullcontext())
        with busy_by_name(), turn, self._engine.connect() as connection:
            self._give_up_after(connection, 0.0)
            driver = connection.connection.driver_connection
            if driver is None:
                raise RuntimeError("the connection is closed")
            _, pages, _ = driver.execute(f"PRAGMA wal_checkpoint({how})").fetchone()
        return int(pages)

    def close(self) -> None:
        self._engine.dispose()

    def _must_be_ours(self, file: Path) -> None:
        """Looked at before anything of it changes: a connection that writes would switch its journal."""
        from storage.migrations.running import standing

        with self._explained(), sqlite_looking(file).connect() as connection:
            standing(connection)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            with busy_by_name():
                yield
        except Away as error:
            why = in_words(error.__cause__ if isinstance(error.__cause__, Exception) else error)
            raise UserError(f"The database {self._shown} can't be used: {why}") from None
        except Busy:
            raise UserError(
                f"The database {self._shown} is locked by another process; try again when that one is done."
            ) from None
        except (exc.DBAPIError, sqlite3.Error) as error:
            raise UserError(f"The database {self._shown} can't be used: {in_words(error)}") from None

    @contextmanager
    def _our_turn(self, wait: float, *, urgent: bool = False) -> Iterator[None]:
        """The threads of one process hand SQLite's one lock to each other. SQLite itself would sleep and look again:
        while others write piece after piece, a listener would not get it in two seconds (tried)."""
        if not self.is_sqlite:
            yield
            return
        if not self._turns.take(seconds=wait, urgent=urgent):
            raise Busy("other threads wrote for too long")
        try:
            yield
        finally:
            self._turns.give_back()

    def _give_up_after(self, connection: Connection, seconds: float) -> None:
        pooled = connection.connection
        driver, tenths = pooled.driver_connection, math.ceil(seconds * 10)
        if isinstance(driver, sqlite3.Connection) and pooled.info.get("patience") != tenths:
            driver.execute(f"PRAGMA busy_timeout = {tenths * 100}")
            pooled.info["patience"] = tenths


def _limit_statements(connection: Connection, seconds: float) -> None:
    limit = f"{max(int(seconds * 1000), 1)}ms"
    connection.execute(
        select(func.set_config("lock_timeout", limit, True), func.set_config("statement_timeout", limit, True))
    )
