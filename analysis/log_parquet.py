"""Parquet files: columns and kinds from the schema, pieces of some row groups, pruned by the timestamps' statistics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq

from analysis.card import TimeFormat
from analysis.errors import DataError
from analysis.log_files import LogFile
from analysis.log_limits import Limits
from analysis.log_pieces import Chunk, Piece
from analysis.log_roles import Roles
from analysis.log_times import NotATimeError, as_times
from analysis.log_values import Kind, as_kind, exact_kind_of_type, kind_of_type
from analysis.near_names import quoted

MOST_BATCH_ROWS = 65_536
"""So few that what was read is still in a core's own cache while it is counted."""
BATCH_BYTES = 32 * 1024 * 1024
"""Of the columns that are read together; long texts come in batches of fewer rows."""
MOST_BYTES_REPEATING = 4
"""A value of a text that repeats takes up to so many bytes in the file, on average."""


@dataclass(frozen=True, slots=True)
class ParquetFile:
    """``repeating`` are the text columns that come as dictionaries."""

    file: LogFile
    columns: tuple[str, ...]
    kinds: Mapping[str, Kind]
    rows: int
    metadata: pq.FileMetaData
    schema: pa.Schema
    timestamp: str | None
    time: TimeFormat | None
    piece_rows: int
    repeating: tuple[str, ...]

    def pieces(self) -> list[Piece]:
        runs: list[list[int]] = []
        firsts: list[int] = []
        counts: list[int] = []
        place = 0
        for group in range(self.metadata.num_row_groups):
            if not runs or counts[-1] >= self.piece_rows:
                runs.append([])
                firsts.append(place)
                counts.append(0)
            rows = self.metadata.row_group(group).num_rows
            runs[-1].append(group)
            counts[-1] += rows
            place += rows
        return [
            Piece(first, count, tuple(run), *self._times(run), self._expanded(run))
            for run, first, count in zip(runs, firsts, counts, strict=True)
        ]

    def read(self, piece: Piece, columns: Sequence[str], kinds: Mapping[str, Kind]) -> Iterator[Chunk]:
        groups: tuple[int, ...] = piece.where
        with _open(self.file, self.metadata, [c for c in columns if c in self.repeating]) as parquet:
            rows, size = 0, self._batch_rows(groups, columns)
            for batch in parquet.iter_batches(size, list(groups), list(columns), use_threads=False):
                yield batch.num_rows, {c: self._values(batch, c, kinds[c], piece.first_row + rows) for c in columns}
                rows += batch.num_rows

    def _batch_rows(self, groups: Sequence[int], columns: Sequence[str]) -> int:
        leaves = [_leaf(self.metadata, c) for c in columns]
        chunks = [self.metadata.row_group(g).column(leaf) for g in groups for leaf in leaves if leaf is not None]
        rows = sum(self.metadata.row_group(g).num_rows for g in groups)
        each = sum(c.total_uncompressed_size for c in chunks) / max(rows, 1)
        return int(min(max(BATCH_BYTES / max(each, 1), 1024), MOST_BATCH_ROWS))

    def _values(self, batch: pa.RecordBatch, column: str, kind: Kind, first_row: int) -> pa.Array:
        values = batch.column(column)
        if kind is Kind.TIME and column == self.timestamp:
            return values  # whoever reads on knows in which zone times without one are
        try:
            if kind is Kind.TEXT:
                # The reader lets bytes through that are not UTF-8.
                (values.dictionary if pa.types.is_dictionary(values.type) else values).validate(full=True)
            return as_kind(values, kind)
        except pa.ArrowInvalid:
            rows = f"rows {first_row + 1:,} to {first_row + len(values):,}"
            raise DataError(
                f"{self.file.name}, {rows}: column {quoted(column)} holds bytes that are not UTF-8 text; write it as "
                "text, or name it under log.exclude"
            ) from None

    def _expanded(self, groups: Sequence[int]) -> int:
        return sum(self.metadata.row_group(group).total_byte_size for group in groups)

    def _times(self, groups: Sequence[int]) -> tuple[tuple[int, int] | None, bool]:
        """The first and the last time, and whether all rows have one; only where every row group tells, and only for
        true times: text and numbers sort otherwise than times do."""
        leaf = _leaf(self.metadata, self.timestamp) if self.timestamp is not None else None
        if leaf is None or self.timestamp is None or self.kinds[self.timestamp] is not Kind.TIME:
            return None, False
        statistics = [self.metadata.row_group(group).column(leaf).statistics for group in groups]
        if any(s is None or not s.has_min_max for s in statistics):
            return None, False
        type_ = self.schema.field(self.timestamp).type
        try:
            ends_of_groups = pa.array([end for s in statistics for end in (s.min, s.max)], type_)
        except (OverflowError, ValueError):  # a time that Python cannot hold, as one after the year 9999
            return None, False
        try:
            ends = as_times(ends_of_groups, self.time).cast(pa.int64()).to_pylist()
        except NotATimeError:
            return None, False
        return (min(ends), max(ends)), all(s.has_null_count and s.null_count == 0 for s in statistics)


def open_parquet(file: LogFile, roles: Roles, *, limits: Limits) -> ParquetFile:
    """Reads the footer only."""
    with _open(file, None, []) as parquet:
        metadata, schema = parquet.metadata, parquet.schema_arrow
    names = schema.names
    twice = sorted({n for n in names if names.count(n) > 1}) if len(set(names)) < len(names) else []
    if twice:
        raise DataError(
            f"{file.name} has more than one column named {quoted(twice[0])}; each column needs its own name"
        )
    return ParquetFile(
        file=file,
        columns=tuple(names),
        kinds={f.name: _kind(f, roles) for f in schema},
        rows=metadata.num_rows,
        metadata=metadata,
        schema=schema,
        timestamp=roles.timestamp,
        time=roles.time,
        piece_rows=limits.piece_rows,
        repeating=_repeating(metadata, schema),
    )


def _kind(field: pa.Field, roles: Roles) -> Kind:
    kind = exact_kind_of_type(field.type) if field.name in roles.exact else kind_of_type(field.type)
    return Kind.TEXT if field.name in roles.texts and kind is not Kind.NESTED else kind


@contextmanager
def _open(file: LogFile, metadata: pq.FileMetaData | None, repeating: list[str]) -> Iterator[pq.ParquetFile]:
    if file.size == 0:
        raise DataError(f"{file.name} is empty: it has no byte, and a Parquet file has at least a footer")
    with file.open() as stream:
        try:
            with pq.ParquetFile(
                file.place.native(stream),
                metadata=metadata,
                read_dictionary=repeating,
                buffer_size=file.place.read_ahead,  # without it whole row groups lie in memory before the first row
                pre_buffer=False,
                page_checksum_verification=True,
            ) as parquet:
                yield parquet
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
            said = " ".join(str(error).split())[:200]
            damaged = f"{file.name} cannot be read as Parquet: it is cut off or damaged ({said})"
            fault = file.place.fault(error) if isinstance(error, OSError) else None
            raise DataError(fault or damaged) from None


def _repeating(metadata: pq.FileMetaData, schema: pa.Schema) -> tuple[str, ...]:
    """Text columns of few different values: read as dictionaries they cost a tenth."""
    texts = [f.name for f in schema if pa.types.is_string(f.type)]
    leaves = {name: _leaf(metadata, name) for name in texts}
    groups = [metadata.row_group(g) for g in range(metadata.num_row_groups)]
    found = []
    for name, leaf in leaves.items():
        chunks = [] if leaf is None else [group.column(leaf) for group in groups]
        in_bytes = sum(c.total_uncompressed_size for c in chunks)
        if (
            chunks
            and all(c.has_dictionary_page for c in chunks)
            and in_bytes < MOST_BYTES_REPEATING * metadata.num_rows
        ):
            found.append(name)
    return tuple(found)


def _leaf(metadata: pq.FileMetaData, column: str) -> int | None:
    paths = [metadata.schema.column(i).path for i in range(metadata.num_columns)]
    return paths.index(column) if column in paths else None
