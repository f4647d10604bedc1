"""A database for one test: SQLite in a file of its own, or a database of its own in a real PostgreSQL."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Literal

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import make_url

from storage.database import Database
from tests import postgresql

Kind = Literal["sqlite", "postgresql"]
GIVEN = "PARLEY_TEST_DATABASE_URL"
KINDS: tuple[Kind, ...] = ("sqlite", "postgresql")


@contextmanager
def fresh_database(kind: Kind, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """An empty database with all tables."""
    with fresh_url(kind, tmp_path_factory) as url:
        database = Database(url)
        try:
            yield database
        finally:
            database.close()


@contextmanager
def fresh_url(kind: Kind, tmp_path_factory: pytest.TempPathFactory, *, with_tables: bool = True) -> Iterator[str]:
    """The address of an empty database, with all tables or none; for tests that start processes of their own."""
    if kind == "sqlite":
        file = tmp_path_factory.mktemp("database") / "parley.db"
        if with_tables:
            shutil.copy(_sqlite_with_tables(tmp_path_factory.getbasetemp()), file)
        yield f"sqlite:///{file}"
        return
    address = _postgresql_address(_shared(tmp_path_factory))
    is_a_guest = GIVEN in os.environ  # in somebody's own server no template is left behind
    name = f"parley_{uuid.uuid4().hex}"
    if with_tables and not is_a_guest:
        copied = "CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY"  # takes two thirds of the time
        _administer(address, copied, name, _postgresql_with_tables(address))
    else:
        _administer(address, "CREATE DATABASE {}", name)
    try:
        if with_tables and is_a_guest:
            _upgrade(_at(address, name))
        yield _at(address, name)
    finally:
        _administer(address, "DROP DATABASE {} WITH (FORCE)", name)


@cache
def _sqlite_with_tables(folder: Path) -> Path:
    file = folder / "tables.db"
    _upgrade(f"sqlite:///{file}")
    return file


@cache
def _postgresql_address(shared: Path) -> str:
    return os.environ.get(GIVEN) or postgresql.server(shared)


def _at(address: str, name: str) -> str:
    return make_url(address).set(database=name).render_as_string(hide_password=False)


@cache
def _postgresql_with_tables(address: str) -> str:
    """A template with all tables, of this worker alone: one that another connects to can't be copied."""
    name = f"parley_tables_{uuid.uuid4().hex}"
    _administer(address, "CREATE DATABASE {}", name)
    _upgrade(_at(address, name))
    return name


def _upgrade(url: str) -> None:
    database = Database(url)
    database.upgrade()
    database.close()


def _administer(address: str, statement: str, *names: str) -> None:
    with psycopg.connect(address.replace("postgresql+psycopg:", "postgresql:"), autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def _shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of this run see, and no other run."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
