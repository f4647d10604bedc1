"""The different whole numbers among many, without sorting where they lie close together."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]


def distinct(values: Ints) -> tuple[Ints, Ints]:
    """The different values in order, and for each row the place of its value among them."""
    if not len(values):
        return values, values
    if not _lie_close(values):
        found, places = np.unique(values, return_inverse=True)
        return found, places
    low = values.min()
    shifted = values - low
    present = np.bincount(shifted) > 0
    found = np.flatnonzero(present)
    if len(found) == len(present):
        return found + low, shifted
    return found + low, (np.cumsum(present) - 1)[shifted]


def tallies(cells: Ints, size: int) -> tuple[Ints, Ints]:
    """The different whole numbers among some that lie from 0 to ``size``, in order, and how many rows have each."""
    if size == 1 and len(cells):
        return np.zeros(1, dtype=np.int64), np.array([len(cells)])
    if size > 4 * len(cells) + 1024:
        found, counts = np.unique(cells, return_counts=True)
        return found, counts
    counts = np.bincount(cells, minlength=1)
    found = np.flatnonzero(counts)
    return found, counts[found]


def how_many(ordered: Ints) -> int:
    """How many different values there are among values in order."""
    return 1 + int(np.count_nonzero(ordered[1:] != ordered[:-1])) if len(ordered) else 0


def _lie_close(values: Ints) -> bool:
    return int(values.max()) - int(values.min()) <= 4 * len(values) + 1024
