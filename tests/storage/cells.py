"""Every cell of every table as text: what a person who opens the database would find."""

from __future__ import annotations

from sqlalchemy import select

from storage.database import Database
from storage.tables import metadata


def stored(database: Database) -> list[str]:
    with database.reading() as tx:
        return [str(cell) for table in metadata.sorted_tables for row in tx.execute(select(table)) for cell in row]
