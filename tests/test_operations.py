"""What docs/operations.md promises: its commands exist, and a copy of a database in use is whole."""

from __future__ import annotations

import re
import sqlite3
import threading
from pathlib import Path

import pytest
import typer

from bot.cli import app
from storage.database import Database
from tests.storage.test_database import depth, take

PAGE = (Path(__file__).resolve().parent.parent / "docs" / "operations.md").read_text(encoding="utf-8")
A_COMMAND = re.compile(r"^parley [^#\n]+|(?<=`)parley [a-z][^`]*(?=`)", re.MULTILINE)
COMMANDS = sorted({found.strip() for found in A_COMMAND.findall(PAGE)})


@pytest.mark.parametrize("words", COMMANDS)
def test_every_command_of_the_page_exists_with_its_options(words: str) -> None:
    command = typer.main.get_command(app)
    _, *rest = words.split()
    with command.make_context("parley", rest, resilient_parsing=True) as context:
        found = command.get_command(context, rest[0])  # type: ignore[attr-defined]  # a group, as Typer makes it
        if rest[0] == "db":
            found = found.get_command(context, rest[1])
    options = {name for parameter in found.params for name in parameter.opts}
    assert {word for word in rest if word.startswith("--")} <= options


def test_a_copy_that_is_made_while_parley_writes_is_whole(tmp_path: Path) -> None:
    (statement,) = re.findall(r"(VACUUM INTO) '/backups/parley\.db'", PAGE)
    database = Database(f"sqlite:///{tmp_path / 'parley.db'}")
    database.upgrade()
    written, enough = threading.Event(), threading.Event()

    def write() -> None:
        for number in range(10_000):
            if enough.is_set():
                return
            take(database, str(number))
            written.set()

    writer = threading.Thread(target=write)
    writer.start()
    assert written.wait(20)
    connection = sqlite3.connect(tmp_path / "parley.db")
    connection.execute(f"{statement} '{tmp_path / 'copy.db'}'")
    connection.close()
    enough.set()
    writer.join()
    restored = Database(f"sqlite:///{tmp_path / 'copy.db'}")
    assert restored.upgrade() == "current"
    assert 1 <= depth(restored)["quick"] <= depth(database)["quick"]
    restored.close()
    database.close()
