"""What it is called when a database could not be used for the moment: nothing was written, and it is tried again."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import exc

ENDED_SESSIONS = ("08", "57P")
"""PostgreSQL's codes of lost connections, and of a server that stops or starts."""
GAVE_UP = {"55P03", "57014", "40P01", "40001"}
"""PostgreSQL's codes of a lock or statement that took too long, a deadlock, and a conflict of snapshots."""


class Busy(Exception):  # noqa: N818  # read as a sentence: except Busy
    """The wait for a lock was over, or for somebody's answer: nothing was written. ``seconds``: what they asked for."""

    def __init__(self, says: str = "", *, seconds: float | None = None) -> None:
        super().__init__(says)
        self.seconds = seconds


class Away(Busy):
    """There is no connection, or it was lost: whether the last commit came through is not known. All that is written
    has a key of its own, so that it can be tried again."""


class Stale(Busy):
    """What was read is no longer so, and nothing was written: read it again."""


@contextmanager
def busy_by_name() -> Iterator[None]:
    try:
        yield
    except exc.TimeoutError as error:
        raise Busy("all connections to the database are in use") from error
    except sqlite3.OperationalError as error:
        if is_about_waiting(error):
            raise Busy("the database was locked for too long") from error
        raise
    except exc.DBAPIError as error:
        if is_about_waiting(error.orig):
            raise Busy("the database was locked for too long") from error
        if error.connection_invalidated or _is_away(error):
            raise Away("the database does not answer") from error
        raise


def is_about_waiting(error: BaseException | None) -> bool:
    if isinstance(error, sqlite3.Error):
        code: int = getattr(error, "sqlite_errorcode", 0)
        return code & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
    return getattr(error, "sqlstate", None) in GAVE_UP


def _is_away(error: exc.DBAPIError) -> bool:
    """Whether PostgreSQL could not be reached, is starting, or has ended our session."""
    state = getattr(error.orig, "sqlstate", "")
    return isinstance(error, exc.OperationalError) and (state is None or str(state).startswith(ENDED_SESSIONS))
