"""A database that a log is read from: one statement at a time, in a transaction that only reads, in batches."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from analysis.errors import DataError, ParleyError, UserError
from analysis.log_limits import DEFAULT_LIMITS, Limits

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection, CursorResult, Engine

BATCH_ROWS = 16_384
"""Rows of a database are many small values before they are columns: so many at once cost some megabytes."""
CONNECT_SECONDS = 10
MOST_SAID = 400
"""Letters of what a database says."""
SECONDS_TO_CANCEL = 2.0
MILLISECONDS_BETWEEN_CHECKS = 2_000
_UNDER_WAY: set[Any] = set()
"""psycopg's connections on which a statement runs. A signal has no arguments, so the process itself has to know."""
KEEP_INNER_ORDER = ("postgresql", "sqlite")
"""Databases that keep the order of a query when it is selected from; others may forget it, or refuse it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """``types`` are the driver's names of the columns' types; none where it has none."""

    columns: tuple[str, ...]
    types: tuple[Any, ...]
    result: CursorResult[Any]

    def batches(self) -> Iterator[Sequence[Sequence[object]]]:
        yield from self.result.partitions(BATCH_ROWS)


@dataclass(frozen=True, slots=True)
class Database:
    """``variable`` is the environment variable that holds the address: what people may see of it. A statement is ended
    by the database when the time of ``limits`` is over, or when whoever asked is gone."""

    variable: str
    limits: Limits = DEFAULT_LIMITS

    @property
    def name(self) -> str:
        return f"the query on {self.variable}"

    @property
    def dialect(self) -> str:
        return self._address().get_backend_name()

    def quoted(self, columns: Sequence[str]) -> list[str]:
        """The columns as this database writes names that are to be taken letter by letter. SQLAlchemy's own quoting
        doubles a `%`, which only a statement with parameters needs."""
        signs = self._engine().dialect.identifier_preparer
        start, end = signs.initial_quote, signs.final_quote
        return [f"{start}{column.replace(end, end * 2)}{end}" for column in columns]

    @contextmanager
    def asked(self, statement: str) -> Iterator[Answer]:
        """Raises DataError with what the database says."""
        from sqlalchemy.exc import DBAPIError

        engine = self._engine()
        try:
            with (
                engine.connect() as connection,
                _under_way(connection, self.limits.seconds_left),
                closing(_reading(connection).exec_driver_sql(statement)) as result,
            ):
                described = result.cursor.description if result.returns_rows else ()
                yield Answer(tuple(c[0] for c in described), tuple(c[1] for c in described), result)
        except DBAPIError as error:
            self.limits.must_be_in_time()
            raise DataError(f"{self.name} failed: the database says {self._without_password(error)}") from None
        finally:
            engine.dispose()

    def _engine(self) -> Engine:
        from sqlalchemy import create_engine
        from sqlalchemy.exc import NoSuchModuleError
        from sqlalchemy.pool import NullPool

        address = self._address()
        try:
            return create_engine(_only_reading(address), poolclass=NullPool, connect_args=_patience(address))
        except NoSuchModuleError:
            raise UserError(f"{self.variable} leads to a database that I do not know: {address.drivername}") from None
        except ModuleNotFoundError as error:
            raise _no_driver(address, error) from None

    def _address(self) -> URL:
        from sqlalchemy import make_url
        from sqlalchemy.exc import ArgumentError

        written = os.environ.get(self.variable)
        if not written:
            raise UserError(
                f"{self.variable} is not set; set it to the database's address, as in postgresql://user:…@host/name"
            )
        try:
            return make_url(written)
        except (ArgumentError, ValueError):
            raise UserError(
                f"{self.variable} holds no database's address; write it like postgresql://user:…@host/name"
            ) from None

    def _without_password(self, error: Exception) -> str:
        says = " ".join(_without_values(getattr(error, "orig", None) or error).split())
        password = self._address().password
        return (says.replace(str(password), "…") if password else says)[:MOST_SAID]


def _without_values(error: BaseException) -> str:
    """What a database says, without the lines and the values that PostgreSQL repeats after a colon."""
    primary = getattr(getattr(error, "diag", None), "message_primary", None)
    return re.sub(r'^((?:invalid|malformed|date/time|value)\b[^:"]*): ?".*"', r"\1", primary or str(error))


def cancel_statements() -> None:
    """Cancel on their servers what this process asks right now: a server goes on with a statement whose client is gone.
    For signal handlers and the last words of a process."""
    for connection in list(_UNDER_WAY):
        with suppress(Exception):  # the process ends anyway
            connection.cancel_safe(timeout=SECONDS_TO_CANCEL)


@contextmanager
def _under_way(connection: Connection, seconds_left: float | None) -> Iterator[None]:
    """A statement may run on PostgreSQL, for so many seconds, as long as this process is there."""
    if connection.dialect.name != "postgresql":
        yield
        return
    driver: Any = connection.connection.driver_connection
    if seconds_left is not None:
        _set(driver, "statement_timeout", max(int(seconds_left * 1000), 1))
    if driver.info.server_version >= 14_00_00:
        from psycopg import Error

        with suppress(Error):  # not every system can tell a server that its client is gone
            _set(driver, "client_connection_check_interval", MILLISECONDS_BETWEEN_CHECKS)
    _UNDER_WAY.add(driver)
    try:
        yield
    finally:
        _UNDER_WAY.discard(driver)


def _set(driver: Any, setting: str, milliseconds: int) -> None:
    driver.execute(f"SET {setting} = {milliseconds}")
    driver.commit()


def _reading(connection: Connection) -> Connection:
    """Rows come as they are asked for, and nothing can be written. A statement's `%` and `:` are its own."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA query_only = ON")
    options = {"postgresql_readonly": True} if connection.dialect.name == "postgresql" else {}
    return connection.execution_options(yield_per=BATCH_ROWS, no_parameters=True, **options)


def _only_reading(address: URL) -> URL:
    """SQLite makes a file that is not there, unless it is told not to write."""
    if address.get_backend_name() != "sqlite" or address.database in (None, "", ":memory:") or "uri" in address.query:
        return address
    file = os.path.abspath(str(address.database))  # noqa: PTH100 -- a link stays as it is written
    return address.set(database=f"file:{quote(file)}").update_query_dict({"mode": "ro", "uri": "true"})


def _patience(address: URL) -> dict[str, Any]:
    if address.get_backend_name() == "sqlite":
        return {"check_same_thread": False}
    if address.get_backend_name() == "postgresql" and "connect_timeout" not in address.query:
        return {"connect_timeout": CONNECT_SECONDS}
    return {}


def _no_driver(address: URL, error: ModuleNotFoundError) -> ParleyError:
    if address.get_backend_name() == "postgresql":
        return UserError("PostgreSQL needs psycopg: install parley[postgres], and write the address as postgresql://…")
    return UserError(f"the driver of {address.drivername} is not installed: install {error.name}")
