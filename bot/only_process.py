"""A lock that one process at a time can hold on a thing: SQLite is for one process of Parley."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TextIO

from analysis.errors import UserError
from storage import private


@contextmanager
def only_process(thing: Path) -> Iterator[None]:
    """Hold a file or folder, until the process ends, however it ends. UserError where another process holds it.

    The lock lies beside the thing where it really is, so that no link leads past it. It is a file of its own: SQLite
    loses its locks on a file that somebody else in the process opens and closes."""
    place = thing.resolve()
    lock = place.with_name(f"{place.name}.lock")
    private.make_file(lock)
    with ExitStack() as held:
        _take(held.enter_context(_opened(lock)), place)
        yield


def _opened(lock: Path) -> TextIO:
    try:
        return lock.open("a")
    except OSError as error:
        raise UserError(f"{lock} can't be opened: {error.strerror}.") from None


def _take(lock: TextIO, place: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise UserError(
            f"Another Parley works with {place}; end it, or set PARLEY_DATABASE_URL to a PostgreSQL, "
            "which several can share."
        ) from None
