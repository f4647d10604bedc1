"""The bins of a batch's numbers, from the upper half of their bits: whole passes of 32-bit arithmetic, nothing sorted.

Gives the same keys as ``coarser(keys_of(values), EXACT, level)`` in a sixth of the time, and where `_bits.c` could be
compiled in less than half of that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from analysis.summaries.distinct import Ints
from analysis.summaries.keys import TINY, Floats
from analysis.summaries.moments import AT_ONCE, LANES, Moments, add_by_lane
from analysis.summaries.table import Encoded, Lanes

COARSE_ENOUGH = range(36, 53)
"""The levels that this is for: those that drop the lower half of the bits, and join no powers of two."""
MOST_CELLS = 4 * AT_ONCE
"""In one array of counts, by lane and bin."""

_MAGNITUDE = 0x7FFF_FFFF
Halves = npt.NDArray[np.int32]


class Bins(NamedTuple):
    """A number's step from zero is what is left of the upper half of its bits when ``shift`` bits are dropped, less
    ``first``. The bins are ``size`` steps from ``low`` on."""

    shift: int
    first: int
    low: int
    size: int


@dataclass(frozen=True, slots=True)
class Grid:
    """How many numbers lie in each bin, by lane: ``counts`` is (lanes, bins), of which the first is ``low`` steps above
    or below zero; ``missing`` (lanes) are rows without a number."""

    low: int
    counts: Ints
    level: int
    missing: Ints
    moments: Moments

    @property
    def axis(self) -> Ints:
        """The keys of the bins."""
        return _keys(self.low, self.low + self.counts.shape[1], self.level)

    def _range(self, *others: Grid) -> range:
        """The steps from zero of all bins."""
        some = [grid for grid in (self, *others) if grid.counts.shape[1]]
        ends = [(grid.low, grid.low + grid.counts.shape[1]) for grid in some]
        return range(min(low for low, _ in ends), max(high for _, high in ends)) if ends else range(0)

    def is_near(self, other: Grid) -> bool:
        """Whether both fit into one array."""
        return len(self.counts) * len(self._range(other)) <= MOST_CELLS

    def plus(self, other: Grid) -> Grid:
        """With another grid of the same lanes and level, which is laid into this one's own array where that is wide
        enough."""
        steps = self._range(other)
        total = self.counts
        if steps != self._range():
            total = np.zeros((len(self.counts), len(steps)), dtype=np.int64)
            _lay(self, total, steps)
        _lay(other, total, steps)
        return Grid(steps.start, total, self.level, self.missing + other.missing, self.moments + other.moments)


def _lay(grid: Grid, into: Ints, steps: range) -> None:
    if grid.counts.shape[1]:
        start = grid.low - steps.start
        into[:, start : start + grid.counts.shape[1]] += grid.counts


class Looks(Protocol):
    """The two looks at a piece of numbers, in numpy (below) or compiled (`_bits.c`). No number is NaN in the second."""

    def ends(self, values: Floats, sums: Floats, /) -> tuple[float, float]:
        """The least and the greatest; ``sums`` (LANES) is added to. Of no use where a sum is not finite."""
        ...

    def count(
        self, values: Floats, lanes: Ints | None, bins: Bins, mean: float, counts: Ints, squares: Floats, /
    ) -> None:
        """Adds to ``counts`` (lanes, bins), and to ``squares`` (LANES) what is apart from the ``mean``."""
        ...


class Numpy:
    """The looks without a compiler."""

    def ends(self, values: Floats, sums: Floats, /) -> tuple[float, float]:
        add_by_lane(values, sums)
        return float(values.min()), float(values.max())

    def count(
        self, values: Floats, lanes: Ints | None, bins: Bins, mean: float, counts: Ints, squares: Floats, /
    ) -> None:
        apart = values - mean
        add_by_lane(np.square(apart, out=apart), squares)
        cells: npt.NDArray[np.integer] = _places(_upper(values), bins)
        if lanes is not None:
            cells = lanes * bins.size + cells
        counts += np.bincount(cells, minlength=counts.size).reshape(counts.shape)


def _best() -> Looks:
    try:
        from analysis.summaries import _bits
    except ImportError:  # there was no compiler where Parley was installed
        return Numpy()
    return _bits


LOOKS = _best()


def in_bins(values: Floats, level: int) -> Encoded | None:
    """Each number's bin; None where the bins are too far apart to be counted in one array. Don't pass NaN."""
    values = np.ascontiguousarray(values)  # a column of a table lies apart
    low, high = _step(float(values.min()), level), _step(float(values.max()), level)
    if high - low > 4 * len(values) + 1024:
        return None
    upper, places = _upper(values), np.empty(len(values), dtype=np.int64)
    for start in range(0, len(values), AT_ONCE):
        rows = slice(start, start + AT_ONCE)
        places[rows] = _places(upper[rows], Bins(level - 32, _first(level), low, high - low + 1))
    return Encoded(_keys(low, high + 1, level), places, level)


def grid_of(values: Floats, level: int, lanes: Lanes | None, looks: Looks = LOOKS) -> Grid | None:
    """Numbers, NaN where missing, counted by lane and bin, each piece of them while it is near at hand. None where one
    is infinite, or bins are too far apart."""
    total: Grid | None = None
    for start in range(0, len(values), AT_ONCE):
        rows = slice(start, start + AT_ONCE)
        with np.errstate(over="ignore", invalid="ignore"):  # of numbers near the end of the floats; it is not shown
            of_piece = _grid_of_piece(values[rows], level, lanes.at(rows) if lanes is not None else None, looks)
        if of_piece is None or (total is not None and not total.is_near(of_piece)):
            return None
        total = of_piece if total is None else total.plus(of_piece)
    return total


def _grid_of_piece(values: Floats, level: int, lanes: Lanes | None, looks: Looks) -> Grid | None:
    many = 1 if lanes is None else len(lanes.axis)
    by = None if lanes is None or many == 1 else lanes.places
    missing = np.zeros(many, dtype=np.int64)
    sums, squares = np.zeros(LANES), np.zeros(LANES)
    ends = looks.ends(values, sums)
    if not np.isfinite(total := float(sums.sum())):
        there = ~np.isnan(values)
        missing = np.bincount(np.zeros(len(values), np.int64)[~there] if by is None else by[~there], minlength=many)
        values, by, sums = values[there], None if by is None else by[there], np.zeros(LANES)
        if not len(values):
            return Grid(0, np.zeros((many, 0), dtype=np.int64), level, missing, Moments())
        ends = looks.ends(values, sums)
        if not np.isfinite(total := float(sums.sum())):
            return None
    low, high = _step(ends[0], level), _step(ends[1], level)
    bins = Bins(level - 32, _first(level), low, high - low + 1)
    if bins.size * many > MOST_CELLS:
        return None
    counts, mean = np.zeros((many, bins.size), dtype=np.int64), total / len(values)
    looks.count(values, by, bins, mean, counts, squares)
    return Grid(low, counts, level, missing, _moments(len(values), mean, float(squares.sum()), ends))


def _moments(count: int, mean: float, squares: float, ends: tuple[float, float]) -> Moments:
    low, high = ends[0] + 0.0, ends[1] + 0.0  # -0.0 and 0.0 are the same end
    if low == high:
        return Moments(count, low, 0.0, low, high)  # a mean of equals need not be the same number
    return Moments(count, mean, squares, low, high)


def _upper(values: Floats) -> Halves:
    return values.view(np.int32)[1::2]  # both Intel's and ARM's processors store the lower half first


def _step(value: float, level: int) -> int:
    """How many bins a number is above or below the one of zero, which holds all that is nearer to it than TINY."""
    bits = int(np.float64(value).view(np.int64)) & 0x7FFF_FFFF_FFFF_FFFF
    step = max((bits >> level) - _first(level), 0)
    return -step if value < 0 else step


def _places(upper: Halves, bins: Bins) -> Halves:
    """How many steps each number is above the least one."""
    steps = upper.copy()  # side by side, where each further pass takes a third of the time
    signs = np.right_shift(steps, 31) if bins.low < 0 else None
    if signs is not None:
        np.bitwise_and(steps, _MAGNITUDE, out=steps)
    np.right_shift(steps, bins.shift, out=steps)
    np.subtract(steps, bins.first, out=steps)
    np.maximum(steps, 0, out=steps)
    if signs is not None:
        np.bitwise_xor(steps, signs, out=steps)  # with the next line: the negative of those below zero
        np.subtract(steps, signs, out=steps)
    return np.subtract(steps, bins.low, out=steps)


def _first(level: int) -> int:
    return (TINY >> level) - 1


def _keys(low: int, high: int, level: int) -> Ints:
    """The keys of the bins from ``low`` steps above or below zero to ``high``, without it."""
    keys, zero = np.arange(low, high, dtype=np.int64), min(max(-low, 0), high - low)
    keys[:zero] -= _first(level) + 1
    keys[zero + (low <= 0) :] += _first(level)
    return keys
