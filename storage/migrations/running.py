"""Runs the migrations on a connection: all of them in one transaction, one process at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, func, select

WHO_MIGRATES = 5_021_908_417_334_711
"""The number of PostgreSQL's lock that a migrating process holds."""


def bring_up_to_date(connection: Connection) -> None:
    """Migrate to the newest tables. A second process waits, then finds nothing left to do."""
    with _alone(connection):
        settings = _settings()
        settings.attributes["connection"] = connection
        command.upgrade(settings, "head")


def is_up_to_date(connection: Connection) -> bool:
    newest = set(ScriptDirectory.from_config(_settings()).get_heads())
    return set(MigrationContext.configure(connection).get_current_heads()) == newest


def _settings() -> Config:
    settings = Config()
    settings.set_main_option("script_location", "storage:migrations")  # a package: a wheel has no other place
    settings.set_main_option("path_separator", "os")
    return settings


@contextmanager
def _alone(connection: Connection) -> Iterator[None]:
    if connection.dialect.name == "sqlite":
        with _foreign_keys_at_the_end(connection), connection.begin():
            yield
            broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
            if broken is not None:
                raise RuntimeError(f"a migration left rows without what they belong to: {tuple(broken)}")
    else:
        with connection.begin():
            connection.execute(select(func.pg_advisory_xact_lock(WHO_MIGRATES)))
            yield


@contextmanager
def _foreign_keys_at_the_end(connection: Connection) -> Iterator[None]:
    """SQLite changes a table by making it anew; the old one could not be dropped while others point to it."""
    driver = connection.connection.driver_connection
    if driver is None:
        raise RuntimeError("the connection is closed")
    driver.execute("PRAGMA foreign_keys = OFF")
    try:
        yield
    finally:
        driver.execute("PRAGMA foreign_keys = ON")
