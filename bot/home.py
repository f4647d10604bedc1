"""Parley's own folder: one that only its owner can read, with the folder of model cards that Parley reads."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from analysis.errors import UserError
from bot.settings import Settings
from storage import private

OURS = ("parley.db", "parley.db.lock", "parley.lock", "summaries", "demo", "demo.lock", "workspace")


def make_ready(settings: Settings) -> None:
    """Make the home and its folder of model cards. Raises UserError where one of them can't be used."""
    make_home(settings.home)
    if settings.models is None:
        private.make_folder(settings.cards)
    elif not settings.models.is_dir():
        raise UserError(
            f"PARLEY_MODELS names {settings.models}, and there is no such folder; make it or correct the name."
        )
    if not os.access(settings.cards, os.R_OK | os.X_OK):
        raise UserError(
            f"The model cards in {settings.cards} can't be read; give this user the right to read that folder."
        )


def make_home(home: Path) -> None:
    """Make the home for its owner alone, or close one that is Parley's to everybody else."""
    if home.is_dir() and private.is_open_to_others(home) and not _is_ours(home):
        raise UserError(
            f"Others can read {home}, and it holds more than Parley's files; "
            f"run `chmod 700 {home}`, or set PARLEY_HOME to a folder of its own."
        )
    private.make_folder(home)
    if not os.access(home, os.W_OK | os.X_OK):
        raise UserError(f"PARLEY_HOME names {home}, and this user can't write there; change its owner or its mode.")
    for name in OURS:
        private.close_to_others(home / name)


def _is_ours(home: Path) -> bool:
    """Whether nobody else can miss their rights there: the folder was ours before, or is empty but for hidden files."""
    try:
        names = [path.name for path in home.iterdir() if not path.name.startswith(".")]
        shared = home.stat().st_mode & stat.S_ISVTX
    except OSError as error:
        raise UserError(f"PARLEY_HOME names {home}, and it can't be read: {error.strerror}.") from None
    return not shared and (not names or any(name in (*OURS, "models") for name in names))
