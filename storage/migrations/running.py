"""Runs the migrations on a connection: all of them in one transaction, one process at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, func, inspect, select

from analysis.errors import UserError
from storage.tables import compatibility, metadata

Standing = Literal["empty", "older", "current", "newer"]
"""How a database's tables stand to this program's. The newer ones of a later version can be used by this one."""

WHO_MIGRATES = 5_021_908_417_334_711
"""The number of PostgreSQL's lock that a migrating process holds."""


def bring_up_to_date(connection: Connection) -> Standing:
    """Migrate to the newest tables, and say how they stand now. A second process waits, then finds nothing left to do.

    Raises UserError for tables that this program can't work with."""
    with _alone(connection):
        found = standing(connection)
        if found in ("current", "newer"):
            return found
        settings = _settings()
        settings.attributes["connection"] = connection
        command.upgrade(settings, "head")
        _declare_floor(connection)
        return "current"


def standing(connection: Connection) -> Standing:
    """How the tables stand to this program's. Raises UserError for tables that it can't work with."""
    there = MigrationContext.configure(connection).get_current_heads()
    scripts = all_steps()
    head = str(scripts.get_current_head())
    if not there:
        _must_be_free(connection)
        return "empty"
    if there == (head,):
        return "current"
    if set(there) <= {script.revision for script in scripts.walk_revisions()}:
        return "older"
    floor = _floor(connection)
    if floor is None:
        raise UserError(
            f"The database is at revision {', '.join(there)}, which this Parley doesn't know; "
            "update Parley, or give it a database of its own."
        )
    if floor > head:
        raise UserError(
            f"The database was upgraded by a newer Parley, and this one can't work with it "
            f"(revision {', '.join(there)}, this one knows {head}); start the newer version."
        )
    return "newer"


def floor_of(scripts: ScriptDirectory) -> str:
    """The oldest revision whose program works with the newest tables: the highest floor that any step declares."""
    return max(str(script.module.FLOOR) for script in scripts.walk_revisions())


def all_steps() -> ScriptDirectory:
    return ScriptDirectory.from_config(_settings())


def _declare_floor(connection: Connection) -> None:
    connection.execute(compatibility.delete())
    connection.execute(compatibility.insert().values(floor=floor_of(all_steps())))


def _floor(connection: Connection) -> str | None:
    if not inspect(connection).has_table(compatibility.name):
        return None
    return connection.execute(select(compatibility.c.floor)).scalar_one_or_none()


def _must_be_free(connection: Connection) -> None:
    """Something else's SQLite file is none of ours; a PostgreSQL may be shared, as long as no name is taken."""
    there = set(inspect(connection).get_table_names())
    in_the_way = there if connection.dialect.name == "sqlite" else there & set(metadata.tables)
    if in_the_way:
        raise UserError(
            f"The database isn't Parley's: it has the table `{min(in_the_way)}` of something else; "
            "give Parley a database of its own with PARLEY_DATABASE_URL."
        )


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
