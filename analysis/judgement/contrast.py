"""Differences of measures with intervals, the chance of seeing them, and how many rows would settle them.

The interval of a sum of independent numbers is the method of variance estimates recovery (MOVER): each number keeps its
own, perhaps lopsided, interval (Wilson, DeLong, bootstrap), and only the distances to its ends are added in squares.
Source: Zou & Donner, Statistics in Medicine 27 (2008) 1693–1702; for two rates it is Newcombe's method 10
(Statistics in Medicine 17 (1998) 873–890). Many comparisons are held to a false-discovery rate by the step-up procedure
of Benjamini & Hochberg, Journal of the Royal Statistical Society B 57 (1995) 289–300.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil, sqrt
from statistics import NormalDist
from typing import Literal

from analysis.values import Measure

Z95 = 1.959963984540054
FALSE_DISCOVERY_RATE = 0.05
MOST_ROWS_WORTH_NAMING = 1000
"""Beyond that many times the rows at hand, more rows are no advice: the number sits on the threshold."""

Side = Literal["low", "high"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A number with its 95 % interval (None where none is known).

    ``fixed`` is the part of the squared half-width that more rows in the window would not shrink, such as the
    reference's own uncertainty.
    """

    value: float
    low: float | None
    high: float | None
    n: int
    fixed: float = 0.0

    def towards(self, edge: float) -> float | None:
        """The half of the interval on the edge's side."""
        if self.low is None or self.high is None:
            return None
        return self.high - self.value if edge >= self.value else self.value - self.low


def estimate(measure: Measure) -> Estimate | None:
    """The measure as an estimate, None where it is undefined."""
    if measure.value is None:
        return None
    return Estimate(value=measure.value, low=measure.low, high=measure.high, n=measure.n)


def beside_fixed(number: Estimate, rows: int) -> Estimate:
    """A distance between ``number.n`` rows and so many others, which will not be more: their part of the squared
    half-width, which goes by 1/n + 1/rows, stays."""
    if number.low is None or number.high is None or not rows:
        return number
    reach = max(number.value - number.low, number.high - number.value)
    return replace(number, fixed=reach**2 * number.n / (number.n + rows))


def combined(judged: Estimate, others: Sequence[tuple[float, Estimate]]) -> Estimate:
    """``judged + Σ factor × other`` for independent numbers; without an interval where the judged number has none.

    A number among the others that has no interval counts as known exactly.
    """
    value = judged.value + sum(factor * other.value for factor, other in others)
    if judged.low is None or judged.high is None:
        return Estimate(value=value, low=None, high=None, n=judged.n)
    below = above = 0.0
    for factor, other in others:
        down, up = _reach(factor, other)
        below += down**2
        above += up**2
    return Estimate(
        value=value,
        low=value - sqrt((judged.value - judged.low) ** 2 + below),
        high=value + sqrt((judged.high - judged.value) ** 2 + above),
        n=judged.n,
        fixed=max(below, above),
    )


def _reach(factor: float, other: Estimate) -> tuple[float, float]:
    if other.low is None or other.high is None:
        return 0.0, 0.0
    down, up = other.value - other.low, other.high - other.value
    return (factor * down, factor * up) if factor >= 0 else (-factor * up, -factor * down)


def pooled(estimates: Sequence[Estimate]) -> Estimate | None:
    """The mean of several numbers weighted by their rows: for a rate that of all these rows together."""
    total = sum(e.n for e in estimates)
    if not total:
        return None
    value = sum(e.value * e.n for e in estimates) / total
    reaches = [_reach(e.n / total, e) for e in estimates]
    known = any(e.low is not None for e in estimates)
    return Estimate(
        value=value,
        low=value - sqrt(sum(down**2 for down, _ in reaches)) if known else None,
        high=value + sqrt(sum(up**2 for _, up in reaches)) if known else None,
        n=total,
    )


def chance_beyond(number: Estimate, edge: float, side: Side) -> float:
    """The one-sided p-value of ``number`` lying beyond the edge: by the normal law, scaled to the 95 % interval.

    0 or 1 where no interval is known, since the number then is taken as it stands.
    """
    distance = number.value - edge if side == "high" else edge - number.value
    reach = number.towards(edge)
    if not reach:
        return 0.0 if distance > 0 else 1.0
    return 1.0 - NormalDist().cdf(Z95 * distance / reach)


def discoveries(chances: Sequence[float], *, rate: float = FALSE_DISCOVERY_RATE) -> list[bool]:
    """Which of many comparisons stand when at most ``rate`` of those named may be false (Benjamini–Hochberg)."""
    ranked = sorted(range(len(chances)), key=lambda i: chances[i])
    kept = [rank for rank, i in enumerate(ranked, start=1) if chances[i] <= rate * rank / len(chances)]
    stand = set(ranked[: max(kept, default=0)])
    return [i in stand for i in range(len(chances))]


def more_rows(number: Estimate, edge: float) -> int | None:
    """Roughly how many further rows would pull the interval off the edge; None where no sensible number would.

    Half-widths shrink with the root of the rows.
    """
    reach = number.towards(edge)
    distance = abs(edge - number.value)
    room = distance**2 - number.fixed
    if reach is None or room <= 0 or number.n == 0:
        return None
    own = max(reach**2 - number.fixed, 0.0)
    needed = number.n * own / room
    if needed > MOST_ROWS_WORTH_NAMING * number.n:
        return None
    return max(ceil(needed) - number.n, 1)
