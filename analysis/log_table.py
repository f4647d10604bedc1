"""A source opened as one table: its files in order, and for each column one kind over all of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa

from analysis.card import Format, Sql
from analysis.errors import DataError
from analysis.log_csv import open_csv
from analysis.log_csv_text import header_of
from analysis.log_files import OPENED_AT_ONCE, LogFile, files_of
from analysis.log_limits import Limits
from analysis.log_ndjson import open_ndjson
from analysis.log_parquet import open_parquet
from analysis.log_pieces import Chunk, OpenFile, Piece
from analysis.log_query import Query, open_query
from analysis.log_query_groups import Joining
from analysis.log_times import FORMS, NotATimeError, as_times
from analysis.log_values import ARROW_TYPE, Kind, joined
from analysis.near_names import quoted
from analysis.windows import Window

MustHave = Callable[[Collection[str], str], None]
"""Raises DataError when columns (first) do not suffice; the second is what to call the source."""

_LIKELY_PACKED = 10


@dataclass(frozen=True, slots=True)
class Table:
    name: str
    files: tuple[OpenFile, ...]
    first_rows: tuple[int, ...]
    kinds: Mapping[str, Kind]
    timestamp: str | None

    def for_window(self, window: Window) -> Table:
        """The same table, where a database may leave away rows outside a window of time; files give all rows."""
        return replace(self, files=tuple(f.for_window(window) if isinstance(f, Query) else f for f in self.files))

    def with_joined_rows(self, joining: Joining) -> Table:
        """The same table, where a database may give rows that are alike as one; files give them as they are."""
        return replace(
            self, files=tuple(replace(f, joining=joining) if isinstance(f, Query) else f for f in self.files)
        )

    @property
    def unordered(self) -> str | None:
        """The name of a query whose rows may come in any order."""
        return next((f.name for f in self.files if isinstance(f, Query) and not f.is_ordered), None)

    @property
    def rows(self) -> int:
        return sum(f.rows for f in self.files)

    def read(self, number: int, piece: Piece, columns: Sequence[str]) -> Iterator[Chunk]:
        """Columns of a piece of one file; a column that this file lacks is missing in all its rows. Times are put in
        the place of what the file says in the timestamp's column."""
        file = self.files[number]
        there = [c for c in columns if c in file.kinds]
        row = piece.first_row
        for rows, found in file.read(piece, there, self.kinds):
            if self.timestamp is not None and self.timestamp in found:
                found[self.timestamp] = _times(file, self.timestamp, found[self.timestamp], row)
            yield rows, {c: found[c] if c in found else pa.nulls(rows, self._type(c)) for c in columns}
            row += rows

    def read_all(self, columns: Sequence[str]) -> Iterator[Chunk]:
        for number, file in enumerate(self.files):
            for piece in file.pieces():
                yield from self.read(number, piece, columns)

    def _type(self, column: str) -> pa.DataType:
        return ARROW_TYPE[Kind.TIME if column == self.timestamp else self.kinds[column]]


def open_table(
    source: str | Sql,
    *,
    root: Path,
    format_: Format,
    as_text: Collection[str],
    timestamp: str | None,
    must_have: MustHave,
    limits: Limits,
) -> Table:
    """Opens all files of a source. ``as_text`` are columns that are compared as text. Raises UserError for sources that
    cannot be read, DataError for files that can't be used."""
    if isinstance(source, Sql):
        query = open_query(source, timestamp=timestamp, as_text=as_text)
        return _table(query.name, (query,), must_have, timestamp)
    files = files_of(source, root)
    if files[0].kind == "csv":  # before a long look through all of them
        for file in files:
            must_have(header_of(file, format_)[0], file.name)
    likely = sum(map(_likely_text, files))
    room = limits.kept_bytes / likely if 0 < likely <= limits.kept_bytes else 0.0

    def open_file(file: LogFile) -> OpenFile:
        return _open_file(file, format_, as_text, timestamp, limits, kept_bytes=int(room * _likely_text(file)))

    opened = _in_order(files, open_file)
    return _table(files[0].name if len(files) == 1 else source, opened, must_have, timestamp)


def _table(name: str, opened: tuple[OpenFile, ...], must_have: MustHave, timestamp: str | None) -> Table:
    columns = dict.fromkeys(c for f in opened for c in f.columns)
    must_have(columns, name)
    kinds = {c: joined(f.kinds[c] for f in opened if c in f.kinds) for c in columns}
    kinds = {c: Kind.TEXT if kind is Kind.NA else kind for c, kind in kinds.items()}
    first_rows = tuple(sum(f.rows for f in opened[:number]) for number in range(len(opened)))
    return Table(name, opened, first_rows, kinds, timestamp)


def _in_order(files: Sequence[LogFile], opened: Callable[[LogFile], OpenFile]) -> tuple[OpenFile, ...]:
    """Footers of Parquet files are waited for together: in an object store each is some round trips. Text is looked
    through by threads of its own."""
    if len(files) == 1 or files[0].kind != "parquet":
        return tuple(map(opened, files))
    with ThreadPoolExecutor(OPENED_AT_ONCE) as pool:
        return tuple(pool.map(opened, files))


def _likely_text(file: LogFile) -> int:
    """How much text there is, as far as one can tell without unpacking it."""
    return file.size * (_LIKELY_PACKED if file.gzipped else 1)


def _open_file(
    file: LogFile, format_: Format, as_text: Collection[str], timestamp: str | None, limits: Limits, *, kept_bytes: int
) -> OpenFile:
    if file.kind == "parquet":
        return open_parquet(file, timestamp=timestamp, as_text=as_text, limits=limits)
    if file.kind == "csv":
        return open_csv(file, format_, as_text=as_text, kept_bytes=kept_bytes, limits=limits)
    return open_ndjson(file, as_text=as_text, limits=limits)


def _times(file: OpenFile, column: str, values: pa.Array, first_row: int) -> pa.Array:
    try:
        return as_times(values)
    except NotATimeError as error:
        raise DataError(
            f"{file.file.name}, row {first_row + error.place + 1:,}: column {quoted(column)} holds {error.value!r}, "
            f"which is no time; {FORMS}"
        ) from None
