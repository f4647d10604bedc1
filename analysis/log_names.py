"""What the name of a file tells: its kind, whether it counts as a log, and whether a source is a pattern of names."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import PurePath
from typing import Literal

FileKind = Literal["csv", "ndjson", "parquet"]

KIND_BY_ENDING: dict[str, FileKind] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".parquet": "parquet",
    ".pq": "parquet",
}
ENDINGS = ", ".join(KIND_BY_ENDING)


def kind_by_name(name: str) -> FileKind | None:
    return KIND_BY_ENDING.get(PurePath(name.lower().removesuffix(".gz")).suffix)


def counts(relative: PurePath) -> bool:
    """Whether a file in a directory is meant: names that begin with `.` or `_` are not."""
    return not any(part.startswith((".", "_")) for part in relative.parts)


def is_glob(source: str) -> bool:
    return any(sign in source for sign in "*?[")


def matches(parts: Sequence[str], pattern: Sequence[str]) -> bool:
    """Whether a name, cut at its `/`, matches a glob that is cut in the same way; `**` is any folders, or none."""
    if not pattern:
        return not parts
    if pattern[0] == "**":
        return any(matches(parts[skipped:], pattern[1:]) for skipped in range(len(parts) + 1))
    return bool(parts) and fnmatchcase(parts[0], pattern[0]) and matches(parts[1:], pattern[1:])
