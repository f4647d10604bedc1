"""Rows counted by lane and value, in a table that adds up and never grows beyond its limit.

A lane is whatever tells kinds of rows apart (a label, a group, a period), as a whole number. A value is a number's key
(`keys.py`). Rows of a cell may have further numbers (weights, losses), whose sums are kept beside the count.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from analysis.summaries.distinct import Ints, distinct, tallies
from analysis.summaries.keys import EXACT, LEVELS, Floats, coarser, middles


@dataclass(frozen=True, slots=True)
class Limit:
    """Exact while there are at most ``exact`` cells; beyond, as fine as ``coarse`` cells allow."""

    exact: int
    coarse: int

    def holds(self, cells: int, level: int) -> bool:
        return cells <= (self.exact if level == EXACT else self.coarse)


NO_LIMIT = Limit(exact=2**62, coarse=2**62)
"""For tables whose lanes bound them already."""


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """``axis`` (k) holds the different keys in order; cell i has the lane ``lanes[i]``, the key ``axis[places[i]]``,
    ``counts[i]`` rows and the sums ``sums[i]``; cells stand in the order of lane, then key, and none is empty."""

    axis: Ints
    lanes: Ints
    places: Ints
    counts: Ints
    sums: Floats
    level: int
    limit: Limit

    def __len__(self) -> int:
        return len(self.counts)

    def __add__(self, other: Table) -> Table:
        level = max(self.level, other.level)
        one, two = self.at(level), other.at(level)
        if not len(one) or not len(two):
            return one if len(one) else two
        joined = gathered(
            np.concatenate([one.keys, two.keys]),
            np.concatenate([one.lanes, two.lanes]),
            np.concatenate([one.counts, two.counts]),
            np.concatenate([one.sums, two.sums]),
            level=level,
            limit=self.limit,
        )
        return joined.within_limit()

    @property
    def keys(self) -> Ints:
        return self.axis[self.places]

    @property
    def numbers(self) -> Floats:
        """A number for each place of the axis."""
        return middles(self.axis, self.level)

    @property
    def is_exact(self) -> bool:
        return self.level == EXACT

    @property
    def rows(self) -> int:
        return int(self.counts.sum())

    def at(self, level: int) -> Table:
        """The same counts at a level that is not finer."""
        if level == self.level:
            return self
        keys = coarser(self.keys, self.level, level)
        return gathered(keys, self.lanes, self.counts, self.sums, level=level, limit=self.limit)

    def within_limit(self) -> Table:
        table = self
        for level in LEVELS:
            if table.limit.holds(len(table), table.level):
                break
            if level > table.level:
                table = table.at(level)
        return table

    def relabelled(self, lanes: Ints) -> Table:
        """The same cells with other lanes (one for each cell); those that become the same are added up."""
        return gathered(self.keys, lanes, self.counts, self.sums, level=self.level, limit=self.limit)

    def where(self, wanted: npt.NDArray[np.bool_]) -> Table:
        """Only these cells (a mask over cells), on the same axis."""
        return replace(
            self,
            lanes=self.lanes[wanted],
            places=self.places[wanted],
            counts=self.counts[wanted],
            sums=self.sums[wanted],
        )

    def over(self, values: Floats | Ints | None = None) -> Floats:
        """Counts (or one number for each cell) added up for each place of the axis, whatever the lane."""
        of = self.counts if values is None else values
        return np.bincount(self.places, weights=of, minlength=len(self.axis)).astype(np.float64, copy=False)

    def total(self, column: int) -> float:
        return float(self.sums[:, column].sum())


@dataclass(frozen=True, slots=True)
class Encoded:
    """The numbers of some rows, binned once so that they can be counted many times: row i has the key
    ``axis[places[i]]`` of ``level``."""

    axis: Ints
    places: Ints
    level: int

    def where(self, wanted: npt.NDArray[np.bool_]) -> Encoded:
        return replace(self, places=self.places[wanted])


def counted(
    encoded: Encoded, *, lanes: Ints | None = None, sums: Sequence[Floats] = (), limit: Limit = NO_LIMIT
) -> Table:
    """The table of some rows: their encoded numbers, their lanes (all 0 by default), and further numbers to add up."""
    axis, places = encoded.axis, encoded.places
    size = max(len(axis), 1)
    lane_axis, cells = np.zeros(1, np.int64), places
    if lanes is not None:
        lane_axis, lane_places = distinct(lanes)
        cells = lane_places * size + places
    added: Floats = np.zeros((0, 0))
    if sums:
        found, rows = distinct(cells)
        counts = np.bincount(rows, minlength=len(found))
        added = np.stack([np.bincount(rows, weights=s, minlength=len(found)) for s in sums], axis=1)
    else:
        found, counts = tallies(cells)
        added = np.zeros((len(found), 0))
    table = Table(axis, lane_axis[found // size], found % size, counts, added, encoded.level, limit)
    return table.within_limit()


def tallied(lanes: Ints, sums: Sequence[Floats] = ()) -> Table:
    """Rows counted by lane alone."""
    return counted(Encoded(np.zeros(1, np.int64), np.zeros(len(lanes), np.int64), EXACT), lanes=lanes, sums=sums)


def empty(limit: Limit = NO_LIMIT, sums: int = 0) -> Table:
    none = np.zeros(0, np.int64)
    return Table(none, none, none, none, np.zeros((0, sums)), EXACT, limit)


def gathered(keys: Ints, lanes: Ints, counts: Ints, sums: Floats, *, level: int, limit: Limit) -> Table:
    """A table of cells that may repeat and stand in any order; sums are added in the order given."""
    axis, places = distinct(keys)
    lane_axis, lane_places = distinct(lanes)
    size = max(len(axis), 1)
    cells, rows = distinct(lane_places * size + places)
    added = np.zeros((len(cells), sums.shape[1]))
    for column in range(sums.shape[1]):
        added[:, column] = np.bincount(rows, weights=sums[:, column], minlength=len(cells))
    # Counts stay below 2**53, so adding them up as floats is exact.
    total = np.bincount(rows, weights=counts, minlength=len(cells)).astype(np.int64)
    return Table(axis, lane_axis[cells // size], cells % size, total, added, level, limit)
