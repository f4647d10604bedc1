"""The campaign's database: read whole as text, and where it is PostgreSQL, stopped and started under load."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, Protocol

from sqlalchemy import MetaData, create_engine, select

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


def every_table(url: str) -> dict[str, list[Mapping[str, Any]]]:
    """Every row of every table, whatever the schema has become."""
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
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
