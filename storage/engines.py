"""How a database is found by its address and opened: SQLite's file, or a PostgreSQL."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, ExceptionContext, NullPool, create_engine, event, exc, make_url

from analysis.errors import UserError
from storage import private
from storage.busy import is_about_waiting

SECONDS_TO_CONNECT = 2
CONNECTIONS_KEPT = 5
CONNECTIONS_MORE = 25
SECONDS_FOR_A_CONNECTION = 2.0
WRITES = "parley_writes"
PAGES_UNTIL_A_WRITER_TIDIES_UP = 16_000
"""64 MB of SQLite's log. Up to that the log is brought into the file by ``Database.checkpoint``, not by the commit that
happens to fill it, for which somebody waits."""
HOW_TO_WRITE_IT = "write sqlite:////path/parley.db or postgresql://user@host/name"


def sqlite_file(url: str) -> Path | None:
    """SQLite's file where it really is, whatever link leads to it; None for PostgreSQL."""
    address = address_of(url)
    return Path(str(address.database)).resolve() if address.get_backend_name() == "sqlite" else None


def sqlite_files(file: Path) -> list[Path]:
    """The database's file, and those that SQLite keeps beside it while it is open."""
    return [file, *(file.with_name(file.name + ending) for ending in ("-wal", "-shm"))]


def address_of(url: str) -> URL:
    if url.startswith("postgres://"):
        url = url.replace("postgres://", "postgresql://", 1)
    try:
        address = make_url(url)
    except (exc.ArgumentError, ValueError):
        raise UserError(f"The database's address can't be read; {HOW_TO_WRITE_IT}.") from None
    kind = address.get_backend_name()
    is_a_file = address.database not in (None, "", ":memory:") and not str(address.database).startswith("file:")
    if kind not in ("sqlite", "postgresql") or (kind == "sqlite" and not is_a_file):
        raise UserError(f"{kind} without a file, or unknown, can't be the database; {HOW_TO_WRITE_IT}.")
    return address


def host_of(address: URL) -> str:
    host = address.host or address.query.get("host") or "this machine"
    return f"{host if isinstance(host, str) else ' or '.join(host)}{f':{address.port}' if address.port else ''}"


def sqlite_engine(file: Path) -> Engine:
    if not file.parent.is_dir():
        private.make_folder(file.parent)
    private.make_file(file)
    if file.is_file() and file.stat().st_nlink > 1:
        raise UserError(
            f"The database {file} is also linked under another name, where a second Parley would not see this one; "
            "remove the other link."
        )
    engine = create_engine(
        URL.create("sqlite", database=str(file)),
        hide_parameters=True,  # somebody's words, or a secret: an error quotes the statement alone
        pool_size=CONNECTIONS_KEPT,
        max_overflow=CONNECTIONS_MORE,
        pool_timeout=SECONDS_FOR_A_CONNECTION,
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def sqlite_looking(file: Path) -> Engine:
    def look() -> sqlite3.Connection:
        driver = sqlite3.connect(f"file:{quote(str(file))}?mode=ro", uri=True, isolation_level=None)
        driver.execute("PRAGMA busy_timeout = 2000")
        return driver

    engine = create_engine("sqlite://", creator=look, poolclass=NullPool)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(driver: sqlite3.Connection, _: object) -> None:
    # The driver would otherwise begin transactions when it sees fit, and deferred ones.
    driver.isolation_level = None
    # Only an empty file can be told this, and before it is told of WAL.
    driver.execute("PRAGMA auto_vacuum = INCREMENTAL")
    driver.execute("PRAGMA busy_timeout = 10000")
    _patiently(lambda: driver.execute("PRAGMA journal_mode = WAL"))
    driver.execute("PRAGMA synchronous = FULL")
    driver.execute(f"PRAGMA wal_autocheckpoint = {PAGES_UNTIL_A_WRITER_TIDIES_UP}")
    driver.execute("PRAGMA foreign_keys = ON")
    # What a person deleted must not stay in the file's free pages.
    driver.execute("PRAGMA secure_delete = ON")


def _patiently(attempt: Callable[[], object], *, seconds: float = 10.0) -> None:
    """SQLite does not wait for a lock by itself while it switches to WAL."""
    end = time.monotonic() + seconds
    while True:
        try:
            attempt()
        except sqlite3.OperationalError as error:
            if not is_about_waiting(error) or time.monotonic() > end:
                raise
            time.sleep(0.02)  # another process is switching it, and SQLite tells nobody when that is done
        else:
            return


def _begin_sqlite(connection: Connection) -> None:
    driver = connection.connection.driver_connection
    if driver is None:
        raise RuntimeError("the connection is closed")
    driver.execute("BEGIN IMMEDIATE" if connection.get_execution_options().get(WRITES, False) else "BEGIN")


def _without_values(context: ExceptionContext) -> None:
    """PostgreSQL's detail of an error quotes the row, and a row holds somebody's words, or a secret."""
    says = str(context.original_exception).partition("\n")[0]
    context.original_exception.args = (says,)
    if context.sqlalchemy_exception is not None:
        context.sqlalchemy_exception.args = (f"({type(context.original_exception).__name__}) {says}",)


def postgresql_engine(address: URL) -> Engine:
    try:
        engine = create_engine(
            address,
            hide_parameters=True,  # as above
            pool_size=CONNECTIONS_KEPT,
            max_overflow=CONNECTIONS_MORE,
            pool_timeout=SECONDS_FOR_A_CONNECTION,
            pool_pre_ping=True,
            connect_args={} if "connect_timeout" in address.query else {"connect_timeout": SECONDS_TO_CONNECT},
        )
    except ModuleNotFoundError:
        raise UserError("PostgreSQL needs its driver: pip install 'parley[postgres]'.") from None
    event.listen(engine, "handle_error", _without_values)
    return engine
