"""Opens the log of a model card: finds its files and columns, and reads the rows of a window piece by piece."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from analysis.card import ModelCard, Sql
from analysis.errors import DataError, UserError
from analysis.log import Batch, Partition
from analysis.log_columns import identifiers, must_have_columns
from analysis.log_csv import KEPT_BYTES, open_csv
from analysis.log_csv_text import header_of
from analysis.log_files import LogFile, files_of
from analysis.log_parquet import open_parquet
from analysis.log_pieces import OpenFile, Piece
from analysis.log_rows import may_hold_rows, rows_in
from analysis.log_times import FORMS, NotATimeError, as_times
from analysis.log_values import ARROW_TYPE, Kind, joined
from analysis.near_names import did_you_mean, quoted
from analysis.windows import ALL, Window, parse_window, window_before

MOST_BATCH_ROWS = 131_072


@dataclass(frozen=True, slots=True)
class Log:
    """The OpenLog of files. The timestamp column comes as timestamp[us, UTC], whatever way it is written."""

    card: ModelCard
    files: tuple[OpenFile, ...]
    first_rows: tuple[int, ...]
    kinds: Mapping[str, Kind]
    window: Window
    exclude: Window | None
    partitions: tuple[Partition, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(c for c, kind in self.kinds.items() if kind is not Kind.NESTED)

    def narrowed(self, *, window: Window, exclude: Window | None = None) -> Log:
        """The same log for other rows, without looking through its files again."""
        _must_have_a_timestamp(self.card, window)
        parts = _partitions(self.files, self.first_rows, window)
        return replace(self, window=window, exclude=exclude, partitions=parts)

    def read(self, partition: Partition, columns: Sequence[str]) -> Iterator[Batch]:
        """The partition's rows that lie in the window, in order, in batches of at most 131,072 rows.

        Raises DataError naming file, column and row where the bytes can't be used or the file changed meanwhile."""
        number, piece = cast("tuple[int, Piece]", partition.where)
        file = self.files[number]
        asked = list(dict.fromkeys(columns))
        self._must_be_readable(asked)
        row = piece.first_row
        for rows, found in file.read(piece, self._from_file(file, asked), self.kinds):
            _read_times(file, self.card.columns.timestamp, found, row)
            batch = self._batch(self.first_rows[number] + row, rows, found, asked)
            row += rows
            for start in range(0, len(batch), MOST_BATCH_ROWS):
                yield _cut(batch, start, MOST_BATCH_ROWS)

    def _from_file(self, file: OpenFile, asked: Sequence[str]) -> list[str]:
        needed = [*asked]
        if self._by_time and self.card.columns.timestamp is not None:
            needed.append(self.card.columns.timestamp)
        return [c for c in dict.fromkeys(needed) if c in file.kinds]

    @property
    def _by_time(self) -> bool:
        return self.window.by_time or (self.exclude is not None and self.exclude.by_time)

    def _batch(self, first_row: int, rows: int, found: Mapping[str, pa.Array], asked: Sequence[str]) -> Batch:
        positions = np.arange(first_row, first_row + rows, dtype=np.int64)
        inside = self._inside(positions, found.get(self.card.columns.timestamp or ""))
        columns = {c: found[c] if c in found else pa.nulls(rows, self._type(c)) for c in asked}
        if inside is None or inside.all():
            return Batch(positions, columns)
        kept = pa.array(inside)
        return Batch(positions[inside], {c: values.filter(kept) for c, values in columns.items()})

    def _inside(self, positions: npt.NDArray[np.int64], times: pa.Array | None) -> npt.NDArray[np.bool_] | None:
        if self.window.is_all and self.exclude is None:
            return None
        if times is None:
            micros, has_time = positions, np.zeros(len(positions), dtype=bool)
        else:
            has_time = np.asarray(times.is_valid())
            micros = np.asarray(times.cast(pa.int64()).fill_null(0))
        inside = rows_in(self.window, positions, micros, has_time)
        if self.exclude is not None:
            inside &= ~rows_in(self.exclude, positions, micros, has_time)
        return inside

    def _type(self, column: str) -> pa.DataType:
        return ARROW_TYPE[self.kinds.get(column, Kind.NOTHING)]

    def _must_be_readable(self, asked: Sequence[str]) -> None:
        for column in asked:
            if column not in self.kinds and column != self.card.columns.label:
                raise DataError(f"the log has no column {quoted(column)}{did_you_mean(column, self.columns)}")
            if self.kinds.get(column) is Kind.NESTED:
                raise DataError(
                    f"column {quoted(column)} holds lists or mappings, which cannot be measured; exclude it"
                )


def open_log(card: ModelCard, *, window: Window = ALL, source: str | None = None, exclude: Window | None = None) -> Log:
    """The log of a model card, for the rows of a window.

    ``source`` is read instead of the model card's own (for a reference that has one); rows in ``exclude`` are left out.
    Raises UserError for a window of time where the log has no timestamp, DataError for files that can't be used.
    """
    _must_have_a_timestamp(card, window)
    files = _open_files(card, card.source if source is None else source)
    kinds = _joined_kinds(files)
    first_rows = tuple(int(n) for n in np.cumsum([0, *(f.rows for f in files)])[:-1])
    parts = _partitions(files, first_rows, window)
    return Log(card, files, first_rows, kinds, window, exclude, parts)


def open_with_reference(card: ModelCard, *, window: Window, now: datetime) -> tuple[Log, Log | None]:
    """The log for a window without the reference's rows, and the reference, if the model card names one."""
    reference = card.reference
    if reference is None:
        return open_log(card, window=window), None
    if reference.source is not None:
        return open_log(card, window=window), open_log(card, window=ALL, source=reference.source)
    if reference.before is not None:
        rows = window_before(reference.before)
    else:
        rows = parse_window(reference.window or "all", now=now)
    log = open_log(card, window=window, exclude=rows)
    return log, log.narrowed(window=rows)


def _open_files(card: ModelCard, source: str | Sql) -> tuple[OpenFile, ...]:
    files = files_of(source, card.root)
    texts = identifiers(card)
    if files[0].kind == "csv":
        for file in files:
            must_have_columns(card, header_of(file, card.format)[0], file.name)
    keep = sum(f.size * (10 if f.gzipped else 1) for f in files) <= KEPT_BYTES
    opened = tuple(_open_file(card, f, texts, keep=keep) for f in files)
    everywhere = list(dict.fromkeys(c for f in opened for c in f.columns))
    must_have_columns(card, everywhere, files[0].name if len(files) == 1 else str(source))
    return opened


def _open_file(card: ModelCard, file: LogFile, texts: Collection[str], *, keep: bool) -> OpenFile:
    if file.kind == "parquet":
        return open_parquet(file, timestamp=card.columns.timestamp, as_text=texts)
    if file.kind == "csv":
        return open_csv(file, card.format, as_text=texts, keep=keep)
    raise UserError(f"{file.name}: NDJSON cannot be read yet")


def _joined_kinds(files: Sequence[OpenFile]) -> dict[str, Kind]:
    columns = dict.fromkeys(c for f in files for c in f.columns)
    kinds = {c: joined(f.kinds[c] for f in files if c in f.kinds) for c in columns}
    return {c: Kind.TEXT if kind is Kind.NA else kind for c, kind in kinds.items()}


def _partitions(files: Sequence[OpenFile], first_rows: Sequence[int], window: Window) -> tuple[Partition, ...]:
    found: list[Partition] = []
    for number, (file, first_row) in enumerate(zip(files, first_rows, strict=True)):
        for piece in file.pieces():
            if may_hold_rows(window, piece, first_row):
                start = first_row + piece.first_row
                identity = f"{file.file.identity}|{piece.first_row}+{piece.rows}"
                found.append(Partition(len(found), start, identity, (number, piece)))
    return tuple(found)


def _must_have_a_timestamp(card: ModelCard, window: Window) -> None:
    if window.by_time and card.columns.timestamp is None:
        raise UserError(
            f"the window {window} needs times, but the model card of {card.model} names no timestamp column; "
            "name it under log.columns.timestamp, or use rows, as in `rows 0..50000`"
        )


def _read_times(file: OpenFile, column: str | None, found: dict[str, pa.Array], first_row: int) -> None:
    """Puts times in the place of what the file says."""
    if column is None or column not in found:
        return
    try:
        found[column] = as_times(found[column])
    except NotATimeError as error:
        raise DataError(
            f"{file.file.name}, row {first_row + error.place + 1:,}: column {quoted(column)} holds {error.value!r}, "
            f"which is no time; {FORMS}"
        ) from None


def _cut(batch: Batch, start: int, length: int) -> Batch:
    if start == 0 and len(batch) <= length:
        return batch
    columns = {c: values.slice(start, length) for c, values in batch.columns.items()}
    return Batch(batch.positions[start : start + length], columns)
