"""What the steps make of tables that hold something already."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import create_engine, text
from sqlalchemy.schema import CreateTable

from storage import messages
from storage.contents import UNKNOWN_MODEL
from storage.database import Database
from storage.migrations.running import _settings
from storage.tables import metadata
from tests.databases import Kind, fresh_url
from tests.storage.test_database import take

MESSAGE = """
    INSERT INTO messages (key, kind, team, channel, text, blocks, quotes, file_completed, file_ready, anchor,
                          wanted, shown, wanted_at, next_at, attempts, sending, ts)
    VALUES (:key, 'message', 'T1', 'C1', 'x', :blocks, '[]', FALSE, FALSE, :anchor,
            1, 1, '2026-03-02 12:00:00.000000+00', '2026-03-02 12:00:00.000000+00', 0, FALSE, :ts)
"""


def upgraded_to(url: str, revision: str) -> None:
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        settings = _settings()
        settings.attributes["connection"] = connection
        command.upgrade(settings, revision)
    engine.dispose()


def test_every_table_that_declares_it_gives_no_id_out_twice_after_all_steps(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'parley.db'}")
    database = Database(f"sqlite:///{tmp_path / 'parley.db'}")
    database.upgrade()
    with database.reading() as tx:
        made = {
            row.name: row.sql for row in tx.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'table'"))
        }
    database.close()
    for table in metadata.sorted_tables:
        declared = str(CreateTable(table).compile(engine))
        for word in ("AUTOINCREMENT", "WITHOUT ROWID"):
            assert (word in made[table.name]) == (word in declared), f"{table.name}: {word}"


def test_a_requests_id_does_not_come_back_when_the_newest_one_is_deleted(database: Database) -> None:
    take(database, "a")
    with database.transaction() as tx:
        [first] = tx.execute(text("DELETE FROM requests RETURNING id")).scalars().all()
    take(database, "b")
    with database.reading() as tx:
        assert tx.execute(text("SELECT id FROM requests")).scalars().all() == [first + 1]


def test_ids_go_on_after_an_upgrade_of_tables_whose_newest_rows_are_gone(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'parley.db'}"
    upgraded_to(url, "0002")
    with sqlite3.connect(tmp_path / "parley.db") as connection:
        for key in ("a", "b"):
            connection.execute(MESSAGE, {"key": key, "blocks": "[]", "anchor": None, "ts": None})
        connection.execute("DELETE FROM messages WHERE key = 'b'")
    connection.close()
    upgraded_to(url, "head")
    with sqlite3.connect(tmp_path / "parley.db") as connection:
        connection.execute(MESSAGE, {"key": "c", "blocks": "[]", "anchor": None, "ts": None})
        assert connection.execute("SELECT key, id FROM messages ORDER BY id").fetchall() == [("a", 1), ("c", 3)]
    connection.close()


@pytest.mark.parametrize(
    ("blocks", "anchor", "models"),
    [
        ('[{"type": "divider"}]', '{"model": "churn"}', ("churn",)),
        ('[{"type": "divider"}]', None, (UNKNOWN_MODEL,)),
        ("[]", None, None),
    ],
    ids=["a card", "a digest", "a message without blocks"],
)
def test_an_older_message_that_does_not_say_its_models_is_about_one_that_nobody_may_see(
    kind: Kind,
    tmp_path_factory: pytest.TempPathFactory,
    blocks: str,
    anchor: str | None,
    models: tuple[str, ...] | None,
) -> None:
    with fresh_url(kind, tmp_path_factory, with_tables=False) as url:
        upgraded_to(url, "0002")
        database = Database(url)
        with database.transaction() as tx:
            tx.execute(text(MESSAGE), [{"key": "a", "blocks": blocks, "anchor": anchor, "ts": "1.000001"}])
            tx.execute(text("INSERT INTO places VALUES ('T1', 'C1', '1.000001', 1)"))
        database.upgrade()
        with database.reading() as tx:
            stored = messages.get(tx, "a")
            place = messages.place(tx, team="T1", channel="C1", ts="1.000001")
        database.close()
        assert stored is not None
        assert stored.content.models == models
        assert place is not None
        assert place.models == (() if anchor is None else ("churn",)), "nobody is told of a model without a name"
