"""The bins of a batch's numbers, from the upper half of their bits: whole passes of 32-bit arithmetic, nothing sorted.

Gives the same keys as ``coarser(keys_of(values), EXACT, level)`` in a sixth of the time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analysis.summaries.distinct import Ints
from analysis.summaries.keys import TINY, Floats
from analysis.summaries.table import Encoded, Lanes

COARSE_ENOUGH = range(36, 53)
"""The levels that this is for: those that drop the lower half of the bits, and join no powers of two."""
ROWS_AT_ONCE = 65_536
"""Arrays of so many rows stay in a core's own cache from one pass to the next."""
MOST_CELLS = 4 * ROWS_AT_ONCE
"""In one array of counts, by lane and bin."""

_MAGNITUDE = 0x7FFF_FFFF
Halves = npt.NDArray[np.int32]
Range = Callable[[Floats], tuple[float, float] | None]
"""The least and the greatest of some numbers, which may look at them for something else besides; None to give up."""


@dataclass(frozen=True, slots=True)
class Grid:
    """How many numbers lie in each bin, by lane: ``counts`` is (lanes, bins), ``axis`` has the bins' keys."""

    axis: Ints
    counts: Ints


def in_bins(values: Floats, level: int) -> Encoded | None:
    """Each number's bin; None where the bins are too far apart to be counted in one array. Don't pass NaN."""
    low, high = _step(float(values.min()), level), _step(float(values.max()), level)
    if high - low > 4 * len(values) + 1024:
        return None
    upper, places = _upper(values), np.empty(len(values), dtype=np.int64)
    for start in range(0, len(values), ROWS_AT_ONCE):
        rows = slice(start, start + ROWS_AT_ONCE)
        places[rows] = _places(upper[rows], level, low)
    return Encoded(_keys(np.arange(low, high + 1), level), places, level)


def grid_of(values: Floats, level: int, lanes: Lanes | None, range_of: Range) -> Grid | None:
    """Numbers counted by lane and bin, each piece of them while it is near at hand. None where ``range_of`` gives up on
    a piece, or bins are too far apart."""
    many = 1 if lanes is None else len(lanes.axis)
    upper = _upper(values)
    found: list[tuple[int, Ints]] = []
    for start in range(0, len(values), ROWS_AT_ONCE):
        rows = slice(start, start + ROWS_AT_ONCE)
        ends = range_of(values[rows])
        if ends is None:
            return None
        low, high = _step(ends[0], level), _step(ends[1], level)
        size = high - low + 1
        if size * many > MOST_CELLS:
            return None
        cells: npt.NDArray[np.integer] = _places(upper[rows], level, low)
        if lanes is not None and many > 1:
            cells = lanes.places[rows] * size + cells
        found.append((low, np.bincount(cells, minlength=size * many).reshape(many, size)))
    return _together(found, many, level)


def _together(pieces: list[tuple[int, Ints]], many: int, level: int) -> Grid:
    low = min(start for start, _ in pieces)
    high = max(start + counts.shape[1] for start, counts in pieces)
    total = np.zeros((many, high - low), dtype=np.int64)
    for start, counts in pieces:
        total[:, start - low : start - low + counts.shape[1]] += counts
    return Grid(_keys(np.arange(low, high), level), total)


def _upper(values: Floats) -> Halves:
    return values.view(np.int32)[1::2]  # both Intel's and ARM's processors store the lower half first


def _step(value: float, level: int) -> int:
    """How many bins a number is above or below the one of zero, which holds all that is nearer to it than TINY."""
    bits = int(np.float64(value).view(np.int64)) & 0x7FFF_FFFF_FFFF_FFFF
    step = max((bits >> level) - _first(level), 0)
    return -step if value < 0 else step


def _places(upper: Halves, level: int, low: int) -> Halves:
    """How many steps each number is above the least one, whose step is ``low``."""
    steps = upper.copy()  # side by side, where each further pass takes a third of the time
    signs = np.right_shift(steps, 31) if low < 0 else None
    if signs is not None:
        np.bitwise_and(steps, _MAGNITUDE, out=steps)
    np.right_shift(steps, level - 32, out=steps)
    np.subtract(steps, _first(level), out=steps)
    np.maximum(steps, 0, out=steps)
    if signs is not None:
        np.bitwise_xor(steps, signs, out=steps)  # with the next line: the negative of those below zero
        np.subtract(steps, signs, out=steps)
    return np.subtract(steps, low, out=steps)


def _first(level: int) -> int:
    return (TINY >> level) - 1


def _keys(steps: Ints, level: int) -> Ints:
    first = _first(level)
    return np.where(steps > 0, steps + first, np.where(steps < 0, ~(first - steps), 0))
