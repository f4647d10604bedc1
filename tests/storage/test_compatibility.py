"""During a rolling upgrade an older program meets newer tables: it works on with them, or says why it can't."""

from __future__ import annotations

import os
import re
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import text

from analysis.errors import UserError
from storage import requests
from storage.database import Database
from storage.migrations.running import all_steps, floor_of
from tests.databases import Kind, fresh_url
from tests.storage.test_database import depth, take

STEPS = list(all_steps().walk_revisions())


def made_newer(database: Database, *, floor: str | None) -> None:
    """What a later version leaves: a column more, a revision that we don't know, and how old a program may be."""
    with database.transaction() as tx:
        tx.execute(text("ALTER TABLE requests ADD COLUMN later TEXT"))
        tx.execute(text("UPDATE alembic_version SET version_num = '9000'"))
        tx.execute(text("DELETE FROM compatibility"))
        if floor is not None:
            tx.execute(text("INSERT INTO compatibility VALUES (:floor)"), [{"floor": floor}])


def test_an_upgrade_leaves_the_oldest_revision_that_still_works(database: Database) -> None:
    with database.reading() as tx:
        assert tx.execute(text("SELECT floor FROM compatibility")).scalars().all() == [floor_of(all_steps())]


def test_an_older_program_works_on_with_newer_tables_that_allow_it(database: Database) -> None:
    made_newer(database, floor=str(all_steps().get_current_head()))
    assert database.upgrade() == "newer"
    assert not database.is_current()
    take(database, "a")
    assert depth(database) == {"quick": 1}
    with database.reading() as tx:
        assert tx.execute(text("SELECT version_num FROM alembic_version")).scalar_one() == "9000"


def test_an_older_program_stops_at_newer_tables_that_it_does_not_fit(database: Database) -> None:
    made_newer(database, floor="8999")
    with pytest.raises(UserError, match=r"upgraded by a newer Parley.*revision 9000.*start the newer version\.$"):
        database.upgrade()


def test_a_revision_that_nobody_knows_without_a_floor_is_refused(database: Database) -> None:
    made_newer(database, floor=None)
    with pytest.raises(UserError, match="at revision 9000, which this Parley doesn't know"):
        database.upgrade()


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.revision)
def test_every_step_declares_a_floor_that_its_own_program_meets(step: object) -> None:
    revision, floor = step.revision, step.module.FLOOR  # type: ignore[attr-defined]  # Alembic's Script
    assert re.fullmatch(r"\d{4}", revision), "revisions are compared as text"
    assert floor in {s.revision for s in STEPS}
    assert floor <= revision


def test_tables_of_something_else_are_left_alone(kind: Kind, tmp_path_factory: pytest.TempPathFactory) -> None:
    with fresh_url(kind, tmp_path_factory, with_tables=False) as url:
        database = Database(url)
        with database.transaction() as tx:
            tx.execute(text("CREATE TABLE messages (id INTEGER)"))
        with pytest.raises(UserError, match="isn't Parley's: it has the table `messages` of something else"):
            database.upgrade()
        database.close()


def test_a_file_of_something_else_keeps_its_mode_and_its_journal(tmp_path: Path) -> None:
    file = tmp_path / "shop.db"
    other = sqlite3.connect(file)
    other.execute("CREATE TABLE orders (id INTEGER)")
    other.close()
    file.chmod(0o644)
    database = Database(f"sqlite:///{file}")
    with pytest.raises(UserError, match="`orders` of something else"):
        database.upgrade()
    database.close()
    other = sqlite3.connect(file)
    assert other.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    other.close()
    assert file.stat().st_mode & 0o777 == 0o644


def test_only_its_owner_can_read_the_database_and_what_lies_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "home" / "parley.db"
    before = os.umask(0)
    try:
        database = Database(f"sqlite:///{file}")
        assert file.stat().st_mode & 0o777 == 0o600
        database.upgrade()
        with database.transaction() as tx:
            requests.free_all(tx, now=database.now())
            assert modes(file.parent) == {"parley.db": 0o600, "parley.db-wal": 0o600, "parley.db-shm": 0o600}
        database.close()
    finally:
        os.umask(before)
    assert file.parent.stat().st_mode & 0o777 == 0o700


def test_a_database_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    file = tmp_path / "parley.db"
    database = Database(f"sqlite:///{file}")
    database.upgrade()
    file.chmod(0o664)
    database.upgrade()
    database.close()
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_file_with_two_names_is_refused(tmp_path: Path) -> None:
    (tmp_path / "parley.db").touch()
    (tmp_path / "second.db").hardlink_to(tmp_path / "parley.db")
    with pytest.raises(UserError, match="also linked under another name"):
        Database(f"sqlite:///{tmp_path / 'second.db'}")


def test_a_look_makes_and_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "parley.db"
    with pytest.raises(UserError, match=r"can't be used: it can't be opened"):
        Database(f"sqlite:///{file}", only_look=True).standing()
    assert not file.exists()
    file.touch()
    assert Database(f"sqlite:///{file}", only_look=True).standing() == "empty"
    assert file.read_bytes() == b""


def modes(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}
