"""Rows counted by lane and value, in a table that adds up and never grows beyond its limit.

A lane is whatever tells kinds of rows apart (a label, a group, a period), as a whole number. A value is a number's key
(`keys.py`). Rows of a cell may have further numbers (weights, losses), whose sums are kept beside the count.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from analysis.summaries.distinct import Ints, distinct, tallies
from analysis.summaries.keys import EXACT, LEVELS, Floats, coarser, middles


@dataclass(frozen=True, slots=True)
class Limit:
    """Exact while there are at most ``exact`` cells; beyond, as fine as ``coarse`` cells in all and ``lane`` cells in
    each lane allow. What would be too coarse with all lanes there need not be finer in a part that has one of them."""

    exact: int
    coarse: int
    lane: int = 2**62

    def holds(self, cells: int, level: int) -> bool:
        return cells <= (self.exact if level == EXACT else self.coarse)


Renumber = Callable[[Ints], Ints]
"""New numbers for the groups with these numbers."""

MOST_LANES_AS_THEY_ARE, MOST_CELLS_AS_THEY_ARE = 64, 4096
"""So few are counted in one array, whether rows are in all of them or not."""

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
        return together([self, other])

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
        """The same counts at a level that is not finer. Cells stay in order, so nothing is sorted."""
        if level == self.level:
            return self
        if not len(self):
            return replace(self, level=level)
        axis, place_of = _axis_at(self.axis, self.level, level)
        places = place_of[self.places]
        starts = _starts(_changes(self.lanes, places))
        return replace(
            self,
            axis=axis,
            lanes=self.lanes[starts],
            places=places[starts],
            counts=np.add.reduceat(self.counts, starts),
            sums=np.add.reduceat(self.sums, starts, axis=0),
            level=level,
        )

    def within_limit(self) -> Table:
        """At the finest level that the limit allows, found by halving: the coarser, the fewer cells."""
        if self._fits(self.level):
            return self
        coarser_levels = [level for level in LEVELS if level > self.level]
        next_one = self.at(coarser_levels[0])  # mostly it is the next one, and halving would look at many
        if next_one._fits(next_one.level):
            return next_one
        first, last = 1, len(coarser_levels) - 1
        while first < last:
            middle = (first + last) // 2
            if self._fits(coarser_levels[middle]):
                last = middle
            else:
                first = middle + 1
        return self.at(coarser_levels[first])

    def _fits(self, level: int) -> bool:
        """Whether it would be within its limit at a level."""
        if len(self) <= min(self.limit.exact, self.limit.coarse, self.limit.lane):
            return True
        if level == EXACT:
            return self.limit.holds(len(self), EXACT)
        lanes = self.lanes
        if level != self.level:
            lanes = lanes[_starts(_changes(lanes, _axis_at(self.axis, self.level, level)[1][self.places]))]
        if not self.limit.holds(len(lanes), level):
            return False
        if len(lanes) <= self.limit.lane:
            return True
        ends = np.flatnonzero(np.diff(lanes, append=lanes[-1] + 1))
        return int(np.diff(ends, prepend=-1).max()) <= self.limit.lane

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
    ``axis[places[i]]`` of ``level``. The axis is in order; there may be keys in it that no row has."""

    axis: Ints
    places: Ints
    level: int

    def where(self, wanted: npt.NDArray[np.bool_]) -> Encoded:
        return replace(self, places=self.places[wanted])

    def at(self, level: int) -> Encoded:
        if level <= self.level or not len(self.axis):
            return self
        axis, place_of = _axis_at(self.axis, self.level, level)
        return Encoded(axis, place_of[self.places], level)


@dataclass(frozen=True, slots=True)
class Lanes:
    """The lanes of some rows, found once to count many columns by them: row i is in ``axis[places[i]]``. There may be
    lanes that no row is in."""

    axis: Ints
    places: Ints

    def where(self, wanted: npt.NDArray[np.bool_]) -> Lanes:
        return Lanes(self.axis, self.places[wanted])

    def at(self, rows: slice) -> Lanes:
        return Lanes(self.axis, self.places[rows])


def lanes_of(numbers: Ints) -> Lanes:
    """Lanes that lie close together are taken as they are, with those that no row is in."""
    if not len(numbers):
        return Lanes(numbers, numbers)
    low, high = int(numbers.min()), int(numbers.max())
    if high - low < MOST_LANES_AS_THEY_ARE:
        return Lanes(np.arange(low, high + 1), numbers - low if low else numbers)
    return Lanes(*distinct(numbers))


def counted(
    encoded: Encoded, *, lanes: Lanes | Ints | None = None, sums: Sequence[Floats] = (), limit: Limit = NO_LIMIT
) -> Table:
    """The table of some rows: their encoded numbers, their lanes (all 0 by default), and further numbers to add up."""
    lane_axis, cells, size = np.zeros(1, np.int64), encoded.places, max(len(encoded.axis), 1)
    if lanes is not None:
        by = lanes if isinstance(lanes, Lanes) else lanes_of(lanes)
        lane_axis = by.axis
        if len(lane_axis) > 1:
            cells = by.places * size
            cells += encoded.places
    found, counts, added = _counted(cells, len(lane_axis) * size, sums)
    rows, keys = _rows_and_keys(found, len(lane_axis), size)
    axis, places = _used(encoded.axis, keys)
    return Table(axis, lane_axis[rows], places, counts, added, encoded.level, limit).within_limit()


def tallied(lanes: Lanes | Ints, sums: Sequence[Floats] = ()) -> Table:
    """Rows counted by lane alone."""
    by = lanes if isinstance(lanes, Lanes) else lanes_of(lanes)
    found, counts, added = _counted(by.places, max(len(by.axis), 1), sums)
    return Table(np.zeros(1, np.int64), by.axis[found], np.zeros_like(found), counts, added, EXACT, NO_LIMIT)


def _counted(cells: Ints, many: int, sums: Sequence[Floats]) -> tuple[Ints, Ints, Floats]:
    """The cells that rows lie in, from 0 to ``many``; how many rows, and their sums."""
    if not sums:
        found, counts = tallies(cells, many)
        return found, counts, np.zeros((len(found), 0))
    if many <= MOST_CELLS_AS_THEY_ARE:
        every = np.bincount(cells, minlength=many)
        found = np.flatnonzero(every)
        per_cell: list[Floats] = [_per_cell(cells, s, every) for s in sums]
        return found, every[found], np.stack(per_cell, axis=1)[found]
    found, rows = distinct(cells)
    added = [np.bincount(rows, weights=s, minlength=len(found)) for s in sums]
    return found, np.bincount(rows, minlength=len(found)), np.stack(added, axis=1)


def _per_cell(cells: Ints, numbers: Floats, counts: Ints) -> Floats:
    """The sums of numbers by cell. What is the same in all rows (an array that takes no room) is not added up."""
    if len(numbers) and not numbers.strides[0]:
        return np.asarray(counts * numbers[:1], dtype=np.float64)
    return np.asarray(np.bincount(cells, weights=numbers, minlength=len(counts)), dtype=np.float64)


def of_grid(axis: Ints, lanes: Ints, counts: Ints, *, level: int, limit: Limit, wanted: int = EXACT) -> Table:
    """The table of counts by lane and key of ``level``, (lanes, keys), of which any may be 0; at the level ``wanted``,
    or a coarser one."""
    found = np.flatnonzero(counts)
    rows, keys = _rows_and_keys(found, len(lanes), len(axis))
    used, places = (axis[found], np.arange(len(found))) if len(lanes) == 1 else _used(axis, keys)
    table = Table(used, lanes[rows], places, counts.ravel()[found], np.zeros((len(found), 0)), level, limit)
    return table.at(max(level, wanted)).within_limit()


def _rows_and_keys(cells: Ints, many: int, size: int) -> tuple[Ints, Ints]:
    """What cells in order are of a grid of ``many`` rows and ``size`` keys; for few rows without dividing."""
    if many > MOST_LANES_AS_THEY_ARE:
        return cells // size, cells % size
    ends = np.searchsorted(cells, size * np.arange(1, many + 1))
    rows = np.repeat(np.arange(many), np.diff(ends, prepend=0))
    return rows, cells - size * rows if many > 1 else cells


def _used(axis: Ints, places: Ints) -> tuple[Ints, Ints]:
    """Only those places of an axis that occur."""
    there = np.zeros(len(axis), dtype=bool)
    there[places] = True
    return (axis, places) if there.all() else (axis[there], (np.cumsum(there) - 1)[places])


def empty(limit: Limit = NO_LIMIT, sums: int = 0) -> Table:
    none = np.zeros(0, np.int64)
    return Table(none, none, none, none, np.zeros((0, sums)), EXACT, limit)


def _axis_at(axis: Ints, level: int, wanted: int) -> tuple[Ints, Ints]:
    """A coarser axis, and for each place of the given one its place there."""
    keys = coarser(axis, level, wanted)
    new = keys[1:] != keys[:-1]
    return keys[_starts(new)], np.concatenate([np.zeros(1, np.int64), np.cumsum(new)])


def together(tables: Sequence[Table]) -> Table:
    """Tables as one; of equal cells sums are added in the order of the tables."""
    level = max(table.level for table in tables)
    some = [table.at(level) for table in tables if len(table)]
    if len(some) <= 1:
        return some[0] if some else tables[0].at(level)
    axis, places = merged_axes([table.axis for table in some])
    lane_axis, lanes = merged_axes([_runs(table.lanes) for table in some])
    size = len(axis)
    cells = np.concatenate(
        [
            _lane_of_each(table.lanes, here) * size + there[table.places]
            for table, here, there in zip(some, lanes, places, strict=True)
        ]
    )
    counts, sums = np.concatenate([t.counts for t in some]), np.concatenate([t.sums for t in some])
    cells, counts, sums = _added_up(cells, counts, sums, size * len(lane_axis))
    rows, keys = _rows_and_keys(cells, len(lane_axis), size)
    return Table(axis, lane_axis[rows], keys, counts, sums, level, some[0].limit).within_limit()


def _added_up(cells: Ints, counts: Ints, sums: Floats, many: int) -> tuple[Ints, Ints, Floats]:
    """Each cell once, in order, with what is counted of it; sums are added in the order given. Cells lie from 0 to
    ``many``."""
    if bool((cells[1:] > cells[:-1]).all()):  # each table has lanes of its own, as days of a month have
        return cells, counts, sums
    if many <= 2 * len(cells) + 1024:
        # Counts stay below 2**53, so adding them up as floats is exact.
        every = np.bincount(cells, weights=counts, minlength=many).astype(np.int64)
        found = np.flatnonzero(every)
        added = [np.bincount(cells, weights=column, minlength=many)[found] for column in sums.T]
        return found, every[found], np.stack(added, axis=1) if added else np.zeros((len(found), 0))
    # Each table's run is in order, which a stable sort finds out; of equal cells the first table's stays first.
    order = np.argsort(cells, kind="stable")
    cells = cells[order]
    starts = _starts(cells[1:] != cells[:-1])
    return cells[starts], np.add.reduceat(counts[order], starts), np.add.reduceat(sums[order], starts, axis=0)


def merged_axes(axes: Sequence[Ints]) -> tuple[Ints, list[Ints]]:
    """Axes in order as one, and where the places of each are in it."""
    first = axes[0]
    if all(len(axis) == len(first) and bool((axis == first).all()) for axis in axes[1:]):
        return first, [np.arange(len(first))] * len(axes)
    keys = np.concatenate(axes)
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    new = keys[1:] != keys[:-1]
    places = np.empty(len(order), dtype=np.int64)
    places[order] = np.concatenate([np.zeros(1, np.int64), np.cumsum(new)])
    return keys[_starts(new)], np.split(places, np.cumsum([len(axis) for axis in axes])[:-1])


def _runs(ordered: Ints) -> Ints:
    """The different numbers among some in order."""
    if ordered[0] == ordered[-1]:
        return ordered[:1]
    return np.asarray(ordered[_starts(ordered[1:] != ordered[:-1])], dtype=np.int64)


def _lane_of_each(lanes: Ints, places: Ints) -> Ints:
    """For each cell, whose lanes are in order, the place that its run of equals is given."""
    if len(places) == 1:
        return np.full(len(lanes), places[0])
    starts = _starts(lanes[1:] != lanes[:-1])
    return np.repeat(places, np.diff(starts, append=len(lanes)))


def _changes(lanes: Ints, places: Ints) -> npt.NDArray[np.bool_]:
    return np.asarray((lanes[1:] != lanes[:-1]) | (places[1:] != places[:-1]), dtype=np.bool_)


def _starts(new: npt.NDArray[np.bool_]) -> Ints:
    """Where runs of equals begin, given for each but the first whether it differs from the one before."""
    return np.concatenate([np.zeros(1, np.int64), np.flatnonzero(new) + 1])


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
