"""Several small transactions of one thread in one commit: the disk is waited for once, and each still fails alone."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager

from sqlalchemy import Connection

from storage.busy import Busy


class Together:
    """One transaction, begun when it is first written in; each write is a savepoint of it.

    ``begin`` opens the transaction, waiting at most so many seconds, and commits or rolls back where it is left.
    Raises Busy where nothing can be kept."""

    def __init__(self, *, until: float, begin: Callable[[float], AbstractContextManager[Connection]]) -> None:
        self._until = until
        self._begin = begin
        self._whole = ExitStack()
        self._connection: Connection | None = None
        self.work = set[str]()
        """What its transactions announced."""

    def within(self, wait: float) -> float:
        """The time that is left, at most ``wait``."""
        return max(min(wait, self._until - time.monotonic()), 0.0)

    def check_time(self) -> None:
        if time.monotonic() > self._until:
            raise Busy("it would be committed too late")

    @contextmanager
    def savepoint(self, wait: float) -> Iterator[Connection]:
        """A part that is rolled back alone when it fails. SQLite is told by its driver: SQLAlchemy's own bookkeeping
        takes as long as what most parts write."""
        if self._connection is None:
            self._connection = self._whole.enter_context(self._begin(self.within(wait)))
        self._execute("SAVEPOINT part")
        try:
            yield self._connection
        except BaseException:
            if self._is_open():
                self._execute("ROLLBACK TO part", "RELEASE part")
            raise
        self._execute("RELEASE part")

    @contextmanager
    def committed(self) -> Iterator[None]:
        """Commit at the end; where that is too late, nothing is kept."""
        with self._whole:
            yield
            if self._connection is not None:
                self.check_time()
                self._check_open()

    def _check_open(self) -> None:
        """SQLite ends the whole transaction by itself where the disk is full or fails. A savepoint after that would
        begin, and commit, another one."""
        if not self._is_open():
            raise Busy("the transaction was lost")

    def _is_open(self) -> bool:
        driver = self._driver
        return driver is None or driver.in_transaction

    def _execute(self, *statements: str) -> None:
        self._check_open()
        if (driver := self._driver) is not None:
            for statement in statements:
                driver.execute(statement)

    @property
    def _driver(self) -> sqlite3.Connection | None:
        driver = self._connection.connection.driver_connection if self._connection is not None else None
        return driver if isinstance(driver, sqlite3.Connection) else None
