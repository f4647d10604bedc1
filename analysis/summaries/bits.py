"""The bins of a batch's numbers, from the upper half of their bits: whole passes of 32-bit arithmetic, nothing sorted.

Gives the same keys as ``coarser(keys_of(values), EXACT, level)`` in a sixth of the time.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from analysis.summaries.distinct import Ints
from analysis.summaries.keys import TINY, Floats
from analysis.summaries.table import Encoded

COARSE_ENOUGH = range(36, 53)
"""The levels that this is for: those that drop the lower half of the bits, and join no powers of two."""
ROWS_AT_ONCE = 65_536
"""Arrays of so many rows stay in a core's own cache from one pass to the next."""

_MAGNITUDE = 0x7FFF_FFFF
Halves = npt.NDArray[np.int32]


def in_bins(values: Floats, level: int) -> Encoded | None:
    """Each number's bin; None where the bins are too far apart to be counted in one array. Don't pass NaN."""
    upper = values.view(np.int32)[1::2]  # both Intel's and ARM's processors store the lower half first
    steps = np.empty(len(values), dtype=np.int32)
    for start in range(0, len(values), ROWS_AT_ONCE):
        rows = slice(start, start + ROWS_AT_ONCE)
        _steps_from_zero(upper[rows], level, steps[rows])
    low, high = int(steps.min()), int(steps.max())
    if high - low > 4 * len(values) + 1024:
        return None
    places = np.empty(len(values), dtype=np.int64)
    np.subtract(steps, low, out=places, casting="unsafe")
    return Encoded(_keys(np.arange(low, high + 1), level), places, level)


def _steps_from_zero(upper: Halves, level: int, out: Halves) -> None:
    """How many bins a number is above or below the one of zero, which holds all that is nearer to it than TINY."""
    np.copyto(out, upper)
    sign = np.right_shift(out, 31) if out.min() < 0 else None
    if sign is not None:
        np.bitwise_and(out, _MAGNITUDE, out=out)
    np.right_shift(out, level - 32, out=out)
    np.subtract(out, (TINY >> level) - 1, out=out)
    np.maximum(out, 0, out=out)
    if sign is not None:
        np.bitwise_xor(out, sign, out=out)  # with the next line: the negative of those below zero
        np.subtract(out, sign, out=out)


def _keys(steps: Ints, level: int) -> Ints:
    first = (TINY >> level) - 1
    return np.where(steps > 0, steps + first, np.where(steps < 0, ~(first - steps), 0))
