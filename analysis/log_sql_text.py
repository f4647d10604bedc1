"""The text of a query: one statement that only reads, what is taken from it, and whether it puts its rows in order."""

from __future__ import annotations

import re
from collections.abc import Sequence

from analysis.errors import DataError

_READS = re.compile(r"(?:\s|\(|--[^\n]*\n|/\*.*?\*/)*(?:select|with)\b", re.IGNORECASE | re.DOTALL)
_NOT_WORDS = re.compile(
    r"'(?:[^']|'')*' | \"(?:[^\"]|\"\")*\" | --[^\n]* | /\*.*?\*/ | \$(?P<tag>\w*)\$.*?\$(?P=tag)\$",
    re.DOTALL | re.VERBOSE,
)
_INNER = re.compile(r"\([^()]*\)")
_ORDER = re.compile(r"\border\s+by\b", re.IGNORECASE)


def only_statement(sql: str, name: str) -> str:
    """The statement without the `;` at its end. Raises DataError for what may do more than read."""
    statement = sql.strip().rstrip("; \t\r\n")
    if not _READS.match(statement):
        raise DataError(f"{name} must begin with SELECT or WITH: a log is only read")
    if ";" in statement:  # not even in a text: what is a text differs from one database to the next
        raise DataError(f"{name} must be one statement without `;` in it; where a text needs one, write chr(59)")
    return statement


def is_ordered(statement: str) -> bool:
    """Whether the statement as a whole has an ORDER BY; one in a part of it says nothing about the rows."""
    words = _NOT_WORDS.sub(" ", statement)
    while words != (words := _INNER.sub(" ", words)):
        pass
    return _ORDER.search(words) is not None


def selection(statement: str, columns: Sequence[str], condition: str = "") -> str:
    """Columns, as the database quotes them, of a statement's rows. The newline ends a comment at its end."""
    where = f" WHERE {condition}" if condition else ""
    return f"SELECT {', '.join(columns) or '1'} FROM (\n{statement}\n) AS log{where}"  # noqa: S608 -- the statement is the model card's own
