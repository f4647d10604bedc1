"""Columns whose values stand in the names of folders (`region=north/`), added to the files below them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

import pyarrow as pa

from analysis.log_pieces import Chunk, OpenFile, Origin, Piece
from analysis.log_values import ARROW_TYPE, Kind, joined

Partition = tuple[tuple[str, str | None], ...]
"""Columns and their value in all rows of a file."""

MISSING = "__HIVE_DEFAULT_PARTITION__"
_PART = re.compile(r"([^=]+)=(.*)", re.DOTALL)
_WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,17})")


def partition_of(folders: Sequence[str]) -> Partition:
    """The columns that the names of folders hold, as Hive, Spark and pandas write them."""
    found: dict[str, str | None] = {}
    for folder in folders:
        match = _PART.fullmatch(folder)
        if match is not None:
            value = unquote(match[2])
            found[unquote(match[1])] = None if value == MISSING else value
    return tuple(found.items())


@dataclass(frozen=True, slots=True)
class PartitionFile:
    """A file with the columns of its folder's name; its own column of the same name counts."""

    inner: OpenFile
    values: Mapping[str, str | None]
    kinds: Mapping[str, Kind]

    @property
    def file(self) -> Origin:
        return self.inner.file

    @property
    def columns(self) -> tuple[str, ...]:
        return (*self.inner.columns, *self.values)

    @property
    def rows(self) -> int:
        return self.inner.rows

    def pieces(self) -> list[Piece]:
        return self.inner.pieces()

    def read(self, piece: Piece, columns: Sequence[str], kinds: Mapping[str, Kind]) -> Iterator[Chunk]:
        own = [c for c in columns if c not in self.values]
        for rows, found in self.inner.read(piece, own, kinds):
            added = {c: _repeated(self.values[c], kinds[c], rows) for c in columns if c in self.values}
            yield rows, found | added


def with_partitions(
    files: Sequence[OpenFile], partitions: Sequence[Partition], texts: Collection[str]
) -> tuple[OpenFile, ...]:
    """The files with the columns of their folders: whole numbers where all values of a column are, else text."""
    values: dict[str, list[str | None]] = {}
    for partition in partitions:
        for column, value in partition:
            values.setdefault(column, []).append(value)
    kinds = {c: Kind.TEXT if c in texts else joined(map(_kind, found)) for c, found in values.items()}
    return tuple(_with(file, dict(partition), kinds) for file, partition in zip(files, partitions, strict=True))


def _with(file: OpenFile, values: Mapping[str, str | None], kinds: Mapping[str, Kind]) -> OpenFile:
    added = {column: value for column, value in values.items() if column not in file.columns}
    if not added:
        return file
    return PartitionFile(file, added, {**file.kinds, **{c: kinds[c] for c in added}})


def _kind(value: str | None) -> Kind:
    if value is None:
        return Kind.NOTHING
    return Kind.WHOLE if _WHOLE.fullmatch(value) else Kind.TEXT


def _repeated(value: str | None, kind: Kind, rows: int) -> pa.Array:
    type_ = ARROW_TYPE[kind]
    if value is None or value == "":
        return pa.nulls(rows, type_)
    return pa.repeat(pa.scalar(value, pa.string()).cast(type_), rows)
