"""Numbers as ordered whole numbers, and their bins: a bin is what is left when low bits are dropped.

The bits of a float, read as a whole number, are in the order of the floats. Dropping the low ``level`` bits gives bins
whose cuts depend on the value alone; every coarser level joins whole bins of a finer one. So it makes no difference to
the counts when they are made coarser: in a batch, in a partition, or after all of them are merged.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

EXACT = 0
LEVELS: tuple[int, ...] = (EXACT, 36, 38, 40, *range(41, 64))
"""How many low bits may be dropped; 36 leaves bins of 1/65,536 of the value, 52 one bin for each power of two."""

_LOW_BITS = np.int64(np.iinfo(np.int64).max)
TINY = int(np.array(2.0**-40).view(np.int64))


def keys_of(values: Floats) -> Ints:
    """One key for each number, ordered as the numbers are; -0.0 has the key of 0.0. Don't pass NaN."""
    bits = (values + 0.0).view(np.int64)
    return np.asarray(bits ^ ((bits >> 63) & _LOW_BITS), dtype=np.int64)


def numbers_of(keys: Ints) -> Floats:
    """The numbers of exact keys."""
    return np.asarray(keys ^ ((keys >> 63) & _LOW_BITS), dtype=np.int64).view(np.float64)


def coarser(keys: Ints, level: int, wanted: int) -> Ints:
    """Keys of ``level`` at the level ``wanted``, which is not finer.

    Numbers nearer to zero than 2**-40 then count as zero: else each of their powers of two would take bins."""
    if wanted == level:
        return keys
    if level == EXACT:
        tiny = (keys < TINY) & (keys > ~TINY)
        keys = np.where(tiny, 0, keys) if tiny.any() else keys
    return keys >> (wanted - level)


def middles(keys: Ints, level: int) -> Floats:
    """A number that stands for each key: the number itself, or the middle of the bin."""
    if level == EXACT:
        return numbers_of(keys)
    numbers = numbers_of((keys << level) + (np.int64(1) << (level - 1)))
    numbers = np.where(np.isnan(numbers), np.where(keys < 0, -np.inf, np.inf), numbers)
    return np.where(keys == 0, 0.0, numbers)
