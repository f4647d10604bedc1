"""Why a database can't be used, in words: what its driver says is for programmers, and in several lines."""

from __future__ import annotations

import re
import sqlite3

from sqlalchemy import exc

SQLITE = {
    sqlite3.SQLITE_CANTOPEN: "it can't be opened or made; check that its folder can be written to",
    sqlite3.SQLITE_READONLY: "it can't be written to; make the file and its folder writable for this user",
    sqlite3.SQLITE_PERM: "it can't be written to; make the file and its folder writable for this user",
    sqlite3.SQLITE_FULL: "the disk is full; free some space",
    sqlite3.SQLITE_IOERR: "reading or writing it failed; check the disk and its free space",
    sqlite3.SQLITE_NOTADB: "the file isn't an SQLite database; name another one with PARLEY_DATABASE_URL",
    sqlite3.SQLITE_CORRUPT: "the file is damaged; restore it from a backup",
}
POSTGRESQL = {
    "42501": "this user may not make tables there; grant it CREATE on the schema",
    "25006": "it only reads; name the primary server",
    "53100": "the server's disk is full; free some space",
}
ASKED = re.compile(r"connection to server (?:at|on) .*? failed: ")


def in_words(error: Exception) -> str:
    """What is wrong and what to do, as the second half of a sentence with its full stop."""
    cause = error.orig if isinstance(error, exc.DBAPIError) else error
    if isinstance(cause, sqlite3.Error):
        code = getattr(cause, "sqlite_errorcode", 0) & 0xFF
        return f"{SQLITE.get(code, str(cause))}."
    known = POSTGRESQL.get(str(getattr(cause, "sqlstate", None)))
    return f"{known or _reason(str(cause)) or type(cause).__name__}."


def _reason(said: str) -> str:
    """The server's own reason, or why there was no connection: the last of what the driver chains together."""
    first = said.strip().partition("\n")[0]
    reason = ASKED.split(first)[-1].removeprefix("connection failed: ").removeprefix("FATAL:").strip().rstrip(".")
    return f"{reason}; check PARLEY_DATABASE_URL and that the server is running" if reason else ""
