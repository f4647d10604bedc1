"""How much a difference between two versions would vary with other cases: the cases are resampled, both sides alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from analysis.measures.intervals import DRAWS_OF_CURVES, SEED, Interval, centred
from analysis.summaries.distinct import Ints
from analysis.summaries.keys import Floats

MOST_CASES = 4_096
"""Cases stand in the order of their hashes, so the first ones are a fair sample. The spread of fewer cases is wider by
the root of how many fewer they are."""

Statistic = Callable[[Floats], Floats]
"""From the cases' weights, (draws, cases), to one number for each draw."""


@dataclass(frozen=True, slots=True)
class Resampled:
    """``weights`` (draws, cases) of the first of ``size`` cases."""

    weights: Floats
    size: int

    @property
    def cases(self) -> slice:
        return slice(self.weights.shape[1])

    def interval(self, value: float, ours: Statistic, theirs: Statistic, *, most: float = np.inf) -> Interval | None:
        """The interval of the difference ``value`` of a measure that is at most ``most`` on either side."""
        with np.errstate(divide="ignore", invalid="ignore"):
            drawn = ours(self.weights) - theirs(self.weights)
        scale = np.sqrt(self.weights.shape[1] / self.size)
        return centred(value, drawn * scale, least=-most, most=most)


def resampled_cases(weight: Floats) -> Resampled | None:
    """``weight`` (cases) is that of each case; None where there is no case."""
    first = weight[:MOST_CASES]
    if not first.sum() > 0:
        return None
    times = np.random.default_rng(SEED).poisson(1.0, size=(DRAWS_OF_CURVES, len(first)))
    return Resampled(times * first, len(weight))


def by_key(keys: Ints | Floats) -> Callable[[Floats], Floats]:
    """Adds up columns (draws, cases) over the cases of equal keys: (draws, different keys, ascending)."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    starts = np.concatenate([np.zeros(1, np.int64), np.flatnonzero(ordered[1:] != ordered[:-1]) + 1])
    return lambda columns: np.add.reduceat(columns[:, order], starts, axis=1)


def mean_of(numbers: Floats) -> Statistic:
    """The weighted mean of the cases' numbers. Not by BLAS, which adds in as many parts as it finds threads."""
    return lambda weights: np.einsum("dc,c->d", weights, numbers) / weights.sum(axis=1)
