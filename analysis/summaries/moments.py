"""Count, mean, sum of squares and range of numbers: parts of them add up without losing digits."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

import numpy as np

from analysis.summaries.keys import Floats

AT_ONCE = 65_536
"""Arrays of so many rows stay in a core's own cache from one pass to the next."""
LANES = 1024
"""Value i of a piece is added to sum number i % LANES, and those are added up in the end. The order is fixed and wide
enough for any processor, so that compiled code (`_bits.c`) and numpy agree to the last bit."""


@dataclass(frozen=True, slots=True)
class Moments:
    """Of the finite numbers: how many, their mean, the sum of squares about it; and the range of all numbers."""

    count: int = 0
    mean: float = 0.0
    squares: float = 0.0
    low: float = np.inf
    high: float = -np.inf
    infinite: int = 0

    def __add__(self, other: Moments) -> Moments:
        """Chan, Golub and LeVeque (1979): pairs of means and squares merge without cancellation."""
        low, high = min(self.low, other.low), max(self.high, other.high)
        infinite = self.infinite + other.infinite
        if not self.count or not other.count:
            some = self if self.count else other
            return Moments(some.count, some.mean, some.squares, low, high, infinite)
        count = self.count + other.count
        apart, share = other.mean - self.mean, other.count / count
        squares = self.squares + other.squares + apart * apart * self.count * share
        return Moments(count, self.mean + apart * share, squares, low, high, infinite)


def moments_of(values: Floats) -> Moments:
    """In pieces of AT_ONCE, added up in their order. Don't pass NaN."""
    pieces = (_of_piece(values[start : start + AT_ONCE]) for start in range(0, len(values), AT_ONCE))
    return reduce(Moments.__add__, pieces, Moments())


def moments_of_counts(numbers: Floats, counts: Floats) -> Moments:
    """Of different numbers (ascending, none missing), each as often as it was counted: fewer than there are rows."""
    if not len(numbers):
        return Moments()
    finite = np.isfinite(numbers)
    low, high = float(numbers[0]) + 0.0, float(numbers[-1]) + 0.0
    infinite = int(counts[~finite].sum())
    numbers, counts = numbers[finite], counts[finite]
    count = int(counts.sum())
    if not count:
        return Moments(low=low, high=high, infinite=infinite)
    with np.errstate(over="ignore", invalid="ignore"):  # of numbers near the end of the floats; it is not shown
        # From the least on: the digits of large numbers are not spent on what they have in common.
        apart = numbers - numbers[0]
        mean = float((apart * counts).sum()) / count
        squares = float((np.square(apart - mean) * counts).sum())
    return Moments(count, float(numbers[0]) + mean, squares, low, high, infinite)


def _of_piece(values: Floats) -> Moments:
    low, high = float(values.min()) + 0.0, float(values.max()) + 0.0  # -0.0 and 0.0 are the same end
    infinite = 0
    if not (np.isfinite(low) and np.isfinite(high)):
        finite = values[np.isfinite(values)]
        infinite, values = len(values) - len(finite), finite
    if not len(values):
        return Moments(low=low, high=high, infinite=infinite)
    if low == high:
        return Moments(len(values), low, 0.0, low, high, infinite)  # a mean of equals need not be the same number
    sums, squares = np.zeros(LANES), np.zeros(LANES)
    with np.errstate(over="ignore", invalid="ignore"):  # of numbers near the end of the floats; it is not shown
        add_by_lane(values, sums)
        mean = float(sums.sum()) / len(values)
        apart = values - mean
        # Not by BLAS, which adds in as many parts as it finds threads.
        add_by_lane(np.square(apart, out=apart), squares)
        return Moments(len(values), mean, float(squares.sum()), low, high, infinite)


def add_by_lane(values: Floats, sums: Floats) -> None:
    """Adds each value to its lane's sum, in order."""
    whole = len(values) // LANES * LANES
    if whole:
        sums += values[:whole].reshape(-1, LANES).sum(axis=0)
    sums[: len(values) - whole] += values[whole:]
