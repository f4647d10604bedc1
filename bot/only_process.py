"""A lock that one process at a time can hold in a home: SQLite is for one process of Parley."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from analysis.errors import UserError


@contextmanager
def only_process(home: Path, lock: Path) -> Iterator[None]:
    """Hold the home by its lock file, until the process ends, however it ends. UserError where another holds it."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise UserError(
                f"Another Parley works in {home}; end it, give this one its own PARLEY_HOME, or set "
                "PARLEY_DATABASE_URL to a PostgreSQL, which several can share."
            ) from None
        yield
