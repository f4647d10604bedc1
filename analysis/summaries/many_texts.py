"""Texts that are too many to be kept: their rows are counted by hash, over a part of the hashes that is small enough.

The part is halved until it fits, so a column's is the same in whatever order its batches are merged, and one column's
part always lies in another's: two columns can be compared value by value over the smaller part (adaptive sampling,
Wegman 1984; Flajolet 1990). Each value in the part has all of its rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analysis.summaries.columns import LONGEST_TEXT
from analysis.summaries.distinct import Ints
from analysis.summaries.ids import hashed
from analysis.summaries.keys import EXACT
from analysis.summaries.table import NO_LIMIT, Encoded, Lanes, Table, counted, gathered, together

MOST_VALUES = 8_192
MOST_CELLS = 200_000
BITS = 63


@dataclass(frozen=True, slots=True)
class PartOfHashes:
    """Rows counted by hash (and by period, as lanes): of the hashes below 2**(63 - ``halvings``) alone."""

    halvings: int
    table: Table

    def halved(self, halvings: int) -> PartOfHashes:
        """The same over a smaller part."""
        if halvings <= self.halvings:
            return self
        table = self.table
        size = int(np.searchsorted(table.axis, 1 << (BITS - halvings)))
        return PartOfHashes(halvings, replace(table.where(table.places < size), axis=table.axis[:size]))

    def within(self, *, values: int, cells: int) -> PartOfHashes:
        part = self
        while len(part.table.axis) > values or len(part.table) > cells:
            part = part.halved(part.halvings + 1)
        return part


@dataclass(frozen=True, slots=True)
class ManyTexts:
    """``by_period`` is None where what it is made of was not counted by period."""

    whole: PartOfHashes
    by_period: PartOfHashes | None

    @classmethod
    def together(cls, some: Sequence[ManyTexts]) -> ManyTexts:
        by_period = [many.by_period for many in some if many.by_period is not None]
        return _bounded(
            _merged([many.whole for many in some]), _merged(by_period) if len(by_period) == len(some) else None
        )


def many_of_rows(values: pa.Array, codes: Ints, periods: Lanes | None) -> ManyTexts:
    """Rows with the text ``values[code]``, or none where the code is -1."""
    there = codes >= 0
    if not there.all():
        codes, periods = codes[there], None if periods is None else periods.where(there)
    axis, places = np.unique(_hashes(values), return_inverse=True)
    return _of_table(counted(Encoded(axis, places[codes], EXACT), lanes=periods), by_period=True)


def many_of_texts(values: Sequence[str], table: Table, *, by_period: bool) -> ManyTexts:
    """The same of texts that were kept: the table's keys are places in ``values``."""
    keys = _hashes(pa.array(values, pa.string()))[table.keys]
    return _of_table(
        gathered(keys, table.lanes, table.counts, table.sums, level=EXACT, limit=NO_LIMIT), by_period=by_period
    )


def _of_table(table: Table, *, by_period: bool) -> ManyTexts:
    whole = table.relabelled(np.zeros(len(table), np.int64))
    return _bounded(PartOfHashes(0, whole), PartOfHashes(0, table) if by_period else None)


def _bounded(whole: PartOfHashes, by_period: PartOfHashes | None) -> ManyTexts:
    return ManyTexts(
        whole.within(values=MOST_VALUES, cells=MOST_CELLS),
        by_period.within(values=MOST_VALUES, cells=MOST_CELLS) if by_period is not None else None,
    )


def _merged(parts: Sequence[PartOfHashes]) -> PartOfHashes:
    halvings = max(part.halvings for part in parts)
    return PartOfHashes(halvings, together([part.halved(halvings).table for part in parts]))


def _hashes(values: pa.Array) -> Ints:
    shortened = pc.utf8_slice_codeunits(values.cast(pa.string()), 0, LONGEST_TEXT)
    return (hashed(shortened) >> np.uint64(64 - BITS)).astype(np.int64)
