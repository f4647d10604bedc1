"""The campaign's database: read whole as text, and where it is PostgreSQL, stopped and started under load."""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal, Protocol

from sqlalchemy import Engine, MetaData, NullPool, create_engine, select, text
from sqlalchemy.exc import SQLAlchemyError

from tests import postgresql

Kind = Literal["sqlite", "postgresql"]
LIKE_IN_SERVICE = "-c fsync=off -c full_page_writes=off -c max_connections=200 -c shared_buffers=64MB"
"""The machine itself is not cut off, so nothing needs to reach the disk; but what was committed survives a crash."""


class Restart(Protocol):
    def __call__(self, mode: str, seconds_away: float) -> None: ...


@contextmanager
def running(kind: Kind, folder: Path) -> Iterator[tuple[str, Restart | None]]:
    """The address of an empty database, and how to restart its server where it has one."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'parley.db'}", None
        return
    with tempfile.TemporaryDirectory(prefix="parley-soak-") as shared:
        address = postgresql.server(Path(shared))
        server = Path(address.rpartition("host=")[2])

        def restart(mode: str, seconds_away: float) -> None:
            postgresql.stop(server, mode)
            time.sleep(seconds_away)
            postgresql.start(server, LIKE_IN_SERVICE)

        restart("fast", 0)
        yield address, restart


class Probe:
    """Looks at the database, and moves what only a day could, while replicas use it and it may be away."""

    def __init__(self, url: str) -> None:
        self._engine = _engine(url)

    def waits(self) -> str:
        """What is not done yet, in words."""
        try:
            with self._engine.connect() as connection:
                requests = Counter(connection.execute(UNANSWERED).scalars())
                unsent = Counter(str(reason) for reason in connection.execute(UNSENT).scalars())
        except SQLAlchemyError as error:
            return f"the database: {type(error).__name__}"
        return f"{dict(requests)} waiting, {dict(unsent)} unsent" if requests or unsent else ""

    def date_back(self, schedules: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
        """Let these, each a `when` and a channel, have been made yesterday; those that were there to be changed."""
        made = datetime.now(UTC) - timedelta(days=1)
        given = made.replace(tzinfo=None).isoformat(" ") if self._engine.dialect.name == "sqlite" else made
        done = set()
        try:
            with self._engine.begin() as connection:
                for when, channel in schedules:
                    values = {"made": given, "when": when, "channel": channel}
                    if connection.execute(DATED_BACK, values).rowcount:
                        done.add((when, channel))
        except SQLAlchemyError:
            return set()  # the database is away; the next time will do
        return done


UNANSWERED = text("SELECT command FROM requests WHERE finished_at IS NULL")
UNSENT = text("SELECT reason FROM messages WHERE shown < wanted AND failed IS NULL")
DATED_BACK = text(
    'UPDATE schedules SET created_at = :made WHERE "when" = :when AND channel = :channel AND last_slot IS NULL'
)


def _engine(url: str) -> Engine:
    return create_engine(url.replace("postgresql://", "postgresql+psycopg://"), poolclass=NullPool)


def every_table(url: str) -> dict[str, list[Mapping[str, Any]]]:
    """Every row of every table, whatever the schema has become."""
    engine = _engine(url)
    found = MetaData()
    try:
        found.reflect(engine)
        with engine.connect() as connection:
            return {
                name: [dict(row._mapping) for row in connection.execute(select(table))]
                for name, table in found.tables.items()
            }
    finally:
        engine.dispose()


def as_text(tables: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """All values but the bytes of pictures, one row a line."""
    return "\n".join(
        f"{name}: " + " | ".join(str(value) for value in row.values() if not isinstance(value, bytes))
        for name, rows in tables.items()
        for row in rows
    )
