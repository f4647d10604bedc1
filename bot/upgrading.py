"""`parley db upgrade`: brings the tables up to this version, without serving."""

from __future__ import annotations

from contextlib import ExitStack

from bot.home import make_home
from bot.only_process import only_process
from bot.settings import read_settings
from storage.database import Database


def upgrade() -> str:
    """Upgrade, and say how the tables stand. SQLite's file is held meanwhile: under a Parley that serves it, nothing
    may change. Raises UserError."""
    settings = read_settings()
    if not settings.database_url:
        make_home(settings.home)
    with ExitStack() as held:
        database = Database(settings.database)
        held.callback(database.close)
        if database.file is not None:
            held.enter_context(only_process(database.file))
        if database.upgrade() == "newer":
            return "A newer Parley has upgraded the database. This version works with it, and there is nothing to do."
        return "The database is up to date."
