"""A source opened as one table: its files in order, and for each column one kind over all of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from analysis.card import Format, Sql
from analysis.errors import DataError
from analysis.log_allowed import Allowed
from analysis.log_csv import CsvFile, open_csv
from analysis.log_csv_text import header_of
from analysis.log_csv_writing import WORDS
from analysis.log_declared import NotOfItsTypeError, as_declared
from analysis.log_files import OPENED_AT_ONCE, LogFile, files_of
from analysis.log_limits import Limits
from analysis.log_ndjson import open_ndjson
from analysis.log_parquet import open_parquet
from analysis.log_partitions import Partition, PartitionFile, with_partitions
from analysis.log_pieces import Chunk, OpenFile, Piece
from analysis.log_query import Query, open_query
from analysis.log_query_groups import Joining
from analysis.log_roles import Roles
from analysis.log_times import FORMS, NotATimeError, as_times
from analysis.log_values import ARROW_TYPE, NUMBERS, Kind, joined, kind_of_type, without_empty, without_words
from analysis.near_names import quoted
from analysis.windows import Window

MustHave = Callable[[Collection[str], str], None]
"""Raises DataError when columns (first) do not suffice; the second is what to call the source."""

_LIKELY_PACKED = 10


@dataclass(frozen=True, slots=True)
class Table:
    """``kinds`` are what columns are read as; ``found`` what they are in the files, where that is another thing.
    ``missing`` are the words of a column of text, and the numbers of one of numbers, that mean a missing value."""

    name: str
    files: tuple[OpenFile, ...]
    first_rows: tuple[int, ...]
    kinds: Mapping[str, Kind]
    roles: Roles
    found: Mapping[str, Kind] = field(default_factory=dict)
    missing: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def timestamp(self) -> str | None:
        return self.roles.timestamp

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
        for rows, found in file.read(piece, there, {**self.kinds, **self.found}):
            yield rows, {c: self._column(file, c, found.get(c), rows, row) for c in columns}
            row += rows

    def _column(self, file: OpenFile, column: str, values: pa.Array | None, rows: int, first_row: int) -> pa.Array:
        if values is None:
            return pa.nulls(rows, self._type(column))
        values = _present(values, self.missing.get(column, ()))
        if column == self.timestamp:
            return _times(file, column, values, first_row, self.roles)
        if column not in self.found:
            return values
        try:
            return as_declared(values, self.kinds[column])
        except NotOfItsTypeError as error:
            raise DataError(
                f"{file.file.name}, row {first_row + error.place + 1:,}: column {quoted(column)} holds a value that is "
                f"no {error.what}, as log.types has it; put it right, or declare it under log.format.missing"
            ) from None

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
    roles: Roles,
    must_have: MustHave,
    limits: Limits,
    allowed: Allowed | None = None,
) -> Table:
    """Opens all files of a source. Raises UserError for sources that cannot be read, DataError for files that can't be
    used."""
    if isinstance(source, Sql):
        if allowed is not None:
            allowed.must_allow(source, root)
        query = open_query(source, roles, limits)
        return _table(query.name, (query,), must_have, roles, format_, limits)
    files = tuple(replace(file, encoding=format_.encoding) for file in files_of(source, root, allowed))
    limits.must_hold_bytes(sum(file.size for file in files if not file.columnar), source)
    partitions = [file.place.partition for file in files]
    if files[0].kind == "csv":  # before a long look through all of them
        for file, partition in zip(files, partitions, strict=True):
            must_have([*header_of(file, format_)[0], *(column for column, _ in partition)], file.name)
    likely = sum(map(_likely_text, files))
    room = limits.kept_bytes / likely if 0 < likely <= limits.kept_bytes else 0.0

    def open_file(file: LogFile) -> OpenFile:
        return _open_file(file, format_, roles, limits, kept_bytes=int(room * _likely_text(file)))

    opened = _with_partitions(_in_order(files, open_file), partitions, roles)
    return _table(files[0].name if len(files) == 1 else source, opened, must_have, roles, format_, limits)


def _with_partitions(
    files: tuple[OpenFile, ...], partitions: Sequence[Partition], roles: Roles
) -> tuple[OpenFile, ...]:
    return with_partitions(files, partitions, roles.texts) if any(partitions) else files


def _table(
    name: str, opened: tuple[OpenFile, ...], must_have: MustHave, roles: Roles, format_: Format, limits: Limits
) -> Table:
    columns = dict.fromkeys(c for f in opened for c in f.columns)
    must_have(columns, name)
    limits.must_hold_columns(len(columns), name)
    kinds = {c: joined(f.kinds[c] for f in opened if c in f.kinds) for c in columns}
    kinds = {c: Kind.TEXT if kind is Kind.NA else kind for c, kind in kinds.items()}
    declared = {c: k for c, k in roles.types.items() if c in kinds and kinds[c] not in (k, Kind.NOTHING, Kind.NESTED)}
    first_rows = tuple(sum(f.rows for f in opened[:number]) for number in range(len(opened)))
    return Table(
        name=name,
        files=opened,
        first_rows=first_rows,
        kinds=kinds | declared,
        roles=roles,
        found={c: kinds[c] for c in declared},
        missing=_missing(kinds, opened, roles, format_),
    )


def _missing(
    kinds: Mapping[str, Kind], opened: Sequence[OpenFile], roles: Roles, format_: Format
) -> dict[str, tuple[str, ...]]:
    """What means missing in each column: an empty text always, declared words, and without these the words that
    programs write into a CSV, but not where all values are codes of two letters, as Namibia's NA is."""
    texts = [c for c, kind in kinds.items() if kind is Kind.TEXT]
    if format_.missing is not None:
        found = dict.fromkeys(texts, ("", *format_.missing))
        numbers = tuple(word for word in format_.missing if _is_number(word))
        return found | ({c: numbers for c, kind in kinds.items() if kind in NUMBERS} if numbers else {})
    files = [f for f in (_inner(f) for f in opened) if isinstance(f, CsvFile)]
    by_words = set(texts) - roles.as_written - frozenset([roles.timestamp])
    codes = set(texts).intersection(*(f.codes for f in files))
    return {c: ("", *WORDS) if files and c in by_words - codes else ("",) for c in texts}


def _inner(file: OpenFile) -> OpenFile:
    return file.inner if isinstance(file, PartitionFile) else file


def _is_number(word: str) -> bool:
    try:
        return math.isfinite(float(word))
    except ValueError:
        return False


def _present(values: pa.Array, missing: Sequence[str]) -> pa.Array:
    """The values with null where they are missing by what they say."""
    if not missing:
        return values
    if kind_of_type(values.type) is Kind.TEXT:
        return without_empty(values) if len(missing) == 1 else without_words(values, missing)
    if kind_of_type(values.type) not in NUMBERS:
        return values
    gone = pc.is_in(pc.cast(values, pa.float64(), safe=False), pa.array([float(m) for m in missing]))
    return pc.if_else(gone, pa.scalar(None, values.type), values) if pc.any(gone).as_py() else values


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


def _open_file(file: LogFile, format_: Format, roles: Roles, limits: Limits, *, kept_bytes: int) -> OpenFile:
    if file.kind == "parquet":
        return open_parquet(file, roles, limits=limits)
    if file.kind == "csv":
        return open_csv(file, format_, roles, kept_bytes=kept_bytes, limits=limits)
    return open_ndjson(file, roles, limits=limits)


def _times(file: OpenFile, column: str, values: pa.Array, first_row: int, roles: Roles) -> pa.Array:
    try:
        return as_times(values, roles.time)
    except NotATimeError as error:
        raise DataError(
            f"{file.file.name}, row {first_row + error.place + 1:,}: "
            f"column {quoted(column)} holds {error.says}; {FORMS}"
        ) from None
