"""An open log: reads the rows of its window, piece by piece, with their labels."""

from __future__ import annotations

import json
import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from analysis.card import ModelCard
from analysis.errors import DataError, UserError
from analysis.log import Batch, Partition
from analysis.log_labels import LateLabels, joined_id, parts_of_id
from analysis.log_limits import DEFAULT_LIMITS, Limits
from analysis.log_pieces import OpenFile, Piece
from analysis.log_query import Query
from analysis.log_query_groups import Joining
from analysis.log_rows import holds_only_rows_of, may_hold_rows, rows_in
from analysis.log_table import Table
from analysis.log_values import Kind
from analysis.near_names import did_you_mean, quoted
from analysis.windows import ALL, Window

MOST_BATCH_ROWS = 262_144
PARTITIONS_OF_A_STRETCH = 4


@dataclass(frozen=True, slots=True)
class Log:
    """The OpenLog of files. The timestamp column comes as timestamp[us, UTC], whatever way it is written; text comes as
    string, or as dictionary of string where the file holds it so. ``exclude`` are rows that are left out."""

    card: ModelCard
    table: Table
    labels: LateLabels | None
    limits: Limits = DEFAULT_LIMITS
    window: Window = ALL
    exclude: Window | None = None
    partitions: tuple[Partition, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns that can be measured, in the files' order; the label that is joined from a second source last.
        A label of lists is among them, so that it is refused and not taken for an absent one."""
        label = self.card.columns.label
        own = [c for c, kind in self.table.kinds.items() if kind is not Kind.NESTED or c == label]
        return tuple(dict.fromkeys([*own, label] if self.labels is not None and label is not None else own))

    @property
    def kinds(self) -> Mapping[str, Kind]:
        """What the columns hold, over the whole log."""
        return self.table.kinds

    @property
    def texts(self) -> frozenset[str]:
        """Columns that are text by what they are for: codes that are sliced, or what the model card declares."""
        roles = self.table.roles
        return frozenset(c for c in roles.groups | roles.types.keys() if self.table.kinds.get(c) is Kind.TEXT)

    @property
    def columnar(self) -> bool:
        """Whether reading some columns costs no more than their share, so that columns can be read apart."""
        return all(file.file.columnar for file in self.table.files)

    @property
    def rows(self) -> int:
        """The rows of the whole log, whatever the window; for a query that nobody counts, more than there can be."""
        return self.table.rows

    def all_labels(self) -> pa.Table | None:
        """The labels from the second source that count, with their ids as text, those of rows that the log lacks too:
        what a ranking's ideal is made of. None where labels stand in the log."""
        label = self.card.columns.label
        if self.labels is None or self.card.labels is None or label is None:
            return None
        found = self.labels.in_order()
        return pa.table({**parts_of_id(found["id"], self.card.labels.by), label: found["label"]})

    def narrowed(self, *, window: Window, exclude: Window | None = None) -> Log:
        """The same log for other rows, without looking through its files again."""
        must_have_a_timestamp(self.card, window)
        must_stand_in_order(self.card, self.table, window, exclude)
        places_count = isinstance(self.card.periods, int) or (exclude is not None and exclude.by_rows)
        table = self.table.for_window(ALL if places_count else window)
        partitions = partitions_of(table, window, exclude)
        self._must_be_affordable(table, partitions)
        return replace(self, table=table, window=window, exclude=exclude, partitions=partitions)

    def _must_be_affordable(self, table: Table, partitions: Sequence[Partition]) -> None:
        """Raises DataError where the rows to be read are too many; a query's rows are counted when they come."""
        rows = expanded = 0
        columnar: dict[int, int] = {}
        for partition in partitions:
            number, piece = cast("tuple[int, Piece]", partition.where)
            if not isinstance(table.files[number], Query):
                rows, expanded = rows + piece.rows, expanded + piece.expanded_bytes
            if table.files[number].file.columnar:  # the bytes of text are counted before they are looked through
                columnar[number] = table.files[number].file.size
        self.limits.must_hold_rows(rows, table.name)
        self.limits.must_hold_bytes(sum(columnar.values()), table.name)
        self.limits.must_hold_expanded(expanded, table.name)

    def with_joined_rows(self, as_they_are: Collection[str]) -> Log:
        """The same log, where a database may give rows that are alike as one with their number. ``as_they_are`` are the
        columns that are read for more than to tell a row's period."""
        periods = self.card.periods
        zoned = self.card.zone is not None and periods is not None  # the database would join by periods in UTC
        if isinstance(periods, int) or zoned or self.window.by_rows or self.exclude is not None:
            return self
        time, keys = self.table.timestamp, self.card.labels.by if self.card.labels is not None else ()
        joining = Joining(None, None) if time in as_they_are or time in keys else Joining(time, periods)
        return replace(self, table=self.table.with_joined_rows(joining))

    def key_of(self, partition: Partition, columns: Sequence[str]) -> str | None:
        """What the columns of a partition's rows hang on, as text; None where only some of its rows may count,
        or where rows or labels come from what can change unseen."""
        number, piece = cast("tuple[int, Piece]", partition.where)
        first_row = self.table.first_rows[number]
        if not partition.identity or not holds_only_rows_of(self.window, piece, first_row):
            return None
        if self.exclude is not None and may_hold_rows(self.exclude, piece, first_row):
            return None
        joins = self.labels is not None and self.card.columns.label in columns
        labels = self.labels.identity if self.labels is not None and joins else ""
        if joins and not labels:
            return None
        kinds = {c: self.table.kinds[c].value for c in columns if c in self.table.kinds}
        card = self.card
        return json.dumps([partition.identity, kinds, labels, repr((card.format, card.types, card.time))])

    def read(self, partition: Partition, columns: Sequence[str]) -> Iterator[Batch]:
        """The partition's rows that lie in the window, in order, in batches of at most 262,144 rows.

        A label column that the log lacks is missing in every row. Raises DataError naming file, column and row where
        the bytes can't be used or the file changed meanwhile."""
        number, piece = cast("tuple[int, Piece]", partition.where)
        asked = list(dict.fromkeys(columns))
        self._must_be_readable(asked)
        first_row = self.table.first_rows[number] + piece.first_row
        for rows, found in self.table.read(number, piece, self._from_files(asked)):
            self.limits.must_be_in_time()
            positions = np.arange(first_row, first_row + rows, dtype=np.int64)
            first_row += rows
            inside = self._inside(positions, found)
            for start in range(0, rows, MOST_BATCH_ROWS):
                batch = self._batch(positions, found, inside, slice(start, start + MOST_BATCH_ROWS), asked)
                if len(batch):
                    yield batch

    def _from_files(self, asked: Sequence[str]) -> list[str]:
        joins = self.labels is not None and self.card.columns.label in asked
        needed = [c for c in asked if c in self.table.kinds and not (joins and c == self.card.columns.label)]
        if joins and self.card.labels is not None:
            needed += self.card.labels.by
        if (self.window.by_time or (self.exclude and self.exclude.by_time)) and self.table.timestamp is not None:
            needed.append(self.table.timestamp)
        return list(dict.fromkeys(needed))

    def _inside(self, positions: npt.NDArray[np.int64], found: Mapping[str, pa.Array]) -> npt.NDArray[np.bool_] | None:
        """Which rows count; None when all do."""
        if self.window.is_all and self.exclude is None:
            return None
        times = found.get(self.table.timestamp or "")
        if times is None:
            micros, has_time = positions, np.zeros(len(positions), dtype=bool)
        else:
            micros, has_time = np.asarray(times.cast(pa.int64()).fill_null(0)), np.asarray(times.is_valid())
        inside = rows_in(self.window, positions, micros, has_time)
        if self.exclude is not None:
            inside &= ~rows_in(self.exclude, positions, micros, has_time)
        return None if inside.all() else inside

    def _batch(
        self,
        positions: npt.NDArray[np.int64],
        found: Mapping[str, pa.Array],
        inside: npt.NDArray[np.bool_] | None,
        rows: slice,
        asked: Sequence[str],
    ) -> Batch:
        cut = {c: values[rows] for c, values in found.items()}
        places = positions[rows]
        if inside is not None:
            kept = pa.array(inside[rows])
            cut = {c: values.filter(kept) for c, values in cut.items()}
            places = places[inside[rows]]
        label = self.card.columns.label
        if self.labels is not None and self.card.labels is not None and label is not None and label in asked:
            cut[label] = self.labels.labels_of(joined_id(cut, self.card.labels.by))
        return Batch(places, {c: cut[c] if c in cut else pa.nulls(len(places)) for c in asked})

    def _must_be_readable(self, asked: Sequence[str]) -> None:
        for column in asked:
            if column not in self.table.kinds and column != self.card.columns.label:
                raise DataError(f"the log has no column {quoted(column)}{did_you_mean(column, self.columns)}")
            if self.table.kinds.get(column) is Kind.NESTED:
                raise DataError(
                    f"column {quoted(column)} holds lists or mappings, which can't be measured; "
                    "exclude it, or name another column"
                )


def partitions_of(table: Table, window: Window, exclude: Window | None) -> tuple[Partition, ...]:
    """The pieces of all files that may hold rows of the window, in order."""
    found: list[Partition] = []
    for number, (file, first_row) in enumerate(zip(table.files, table.first_rows, strict=True)):
        for piece in file.pieces():
            left_out = exclude is not None and holds_only_rows_of(exclude, piece, first_row)
            if may_hold_rows(window, piece, first_row) and not left_out:
                start = first_row + piece.first_row
                bytes_read = file.file.identity
                identity = f"{bytes_read}|{piece.first_row}+{piece.rows}" if bytes_read else ""
                where = (number, piece)
                found.append(Partition(len(found), start, identity, where, piece.first_row, _ends_stretch(file, piece)))
    return tuple(found)


def _ends_stretch(file: OpenFile, piece: Piece) -> bool:
    """About every fourth does, by sizes that are as good as drawn by lot."""
    sizes = f"{file.file.size} {piece.first_row} {piece.rows}"
    return zlib.crc32(sizes.encode()) % PARTITIONS_OF_A_STRETCH == 0


def must_have_a_timestamp(card: ModelCard, window: Window) -> None:
    if window.by_time and card.columns.timestamp is None:
        raise UserError(
            f"the window {window} needs times, but the model card of {card.model} names no timestamp column; "
            "name it under log.columns.timestamp, or use rows, as in `rows 0..50000`"
        )


def must_stand_in_order(card: ModelCard, table: Table, window: Window, exclude: Window | None) -> None:
    """Rows by their places mean something only where the places do not change."""
    by_rows = window.by_rows or (exclude is not None and exclude.by_rows) or isinstance(card.periods, int)
    if by_rows and table.unordered is not None:
        raise UserError(
            f"rows are counted in the window, the reference or the periods of {card.model}, but {table.unordered} "
            "gives them in any order; put ORDER BY at its end, with columns that leave no ties, or use times"
        )
