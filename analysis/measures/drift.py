"""Drift: how far a feature's, a score's or a label's distribution is from the reference's.

Shares are compared in bins (``bins.py``): each value of a category, tenths of the reference for numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from analysis.measures.bins import Binned
from analysis.measures.chances import chi2_chance, ks_chance
from analysis.measures.figures import Figure, undefined
from analysis.measures.intervals import DRAWS_OF_CURVES, about, centred, resampled
from analysis.summaries.distinct import Ints
from analysis.summaries.features import Feature
from analysis.summaries.keys import Floats, middles
from analysis.summaries.moments import Moments
from analysis.summaries.table import Table, merged_axes

LARGEST_SHARE_OF_AN_EMPTY_BIN = 1e-4
ROWS_IN_AN_EMPTY_BIN = 0.5
"""In the population stability index, which has no number for a share of 0, an empty bin counts as half a row, as an
empty cell does in a log odds ratio (Haldane, 1956; Anscombe, 1956), and as no more than 1/10,000, Evidently's share. A
constant alone would be nearly the share of each of many categories: 9,000 new ones would hardly count."""
CELLS_OF_A_DRAW = 64
OF_SHARES = ("psi", "jensen_shannon", "hellinger", "total_variation", "chi2", "chi2_p")
OF_NUMBERS = ("ks", "ks_p", "wasserstein", "mean_difference")
TOO_MANY = "it has more different values than are kept, so it is no category"


def figures(window: Feature, reference: Feature, binned: Binned | None, *, number: bool) -> Iterator[Figure]:
    """All distances of one column, laid beside its reference in bins; ``number`` has those of numbers, too."""
    here, there = window.rows - window.missing.rows, reference.rows - reference.missing.rows
    names = (*OF_SHARES, *OF_NUMBERS) if number else OF_SHARES
    if not here or not there:
        why = "every value is missing" if not here else "every value of the reference is missing"
        yield from (undefined(name, here, why) for name in names)
        return
    if binned is None or binned.reference is None:
        yield from (undefined(name, here, TOO_MANY) for name in names)
        return
    yield from of_shares(binned.window, binned.reference)
    if number:
        yield from of_numbers(window, reference)


def over_time(binned: Binned) -> Iterator[tuple[int, Figure]]:
    """psi and jensen_shannon of each period, by its number."""
    there = np.flatnonzero(binned.by_period.sum(axis=1))
    if binned.reference is None or not binned.reference.sum() or not len(there):
        return
    found = _distances(("psi", "jensen_shannon"), binned.by_period[there], binned.reference)
    for period, of_period in zip(binned.periods[there], found, strict=True):
        yield from ((int(period), figure) for figure in of_period)


def of_shares(window: Ints, reference: Ints) -> Iterator[Figure]:
    """Distances between two sets of counts over the same bins."""
    n = int(window.sum())
    if not n or not reference.sum():
        why = "no value lies in the bins" if not n else "the reference has no value"
        yield from (undefined(name, n, why) for name in OF_SHARES)
        return
    (found,) = _distances(tuple(DISTANCES), window[None], reference)
    yield from found
    yield from chi2(window, reference)


def _distances(names: Sequence[str], windows: Ints, reference: Ints) -> list[list[Figure]]:
    """How far each row of counts is from the reference. Intervals: the spread of the resampled counts."""
    both = np.vstack([windows, reference[None]]).astype(np.float64)
    sizes = both.sum(axis=-1, keepdims=True)
    shares, drawn = _shares(both), _shares(resampled(both, DRAWS_OF_CURVES))
    found: list[list[Figure]] = [[] for _ in windows]
    for name in names:
        distance, most = DISTANCES[name]
        values = np.minimum(
            distance(shares[:-1], shares[-1:], sizes[:-1], sizes[-1:]), most
        )  # the last digit of a sum of shares may be above 1
        spreads = distance(drawn[:, :-1], drawn[:, -1:], sizes[:-1], sizes[-1:])
        for place, value in enumerate(values.tolist()):
            low, high = centred(value, spreads[:, place], most=most) or (None, None)
            found[place].append(Figure(name=name, value=value, low=low, high=high, n=int(windows[place].sum())))
    return found


def psi(p: Floats, q: Floats, n: Floats, m: Floats) -> Floats:
    """The population stability index Σ (p - q) ln(p / q) (Lewis, 1994) of shares ``p`` of ``n`` rows and ``q`` of ``m``
    rows; an empty bin counts as half a row, and as 1/10,000 at most."""
    p, q = (
        np.where(shares > 0, shares, np.minimum(ROWS_IN_AN_EMPTY_BIN / rows, LARGEST_SHARE_OF_AN_EMPTY_BIN))
        for shares, rows in ((p, n), (q, m))
    )
    return np.asarray(((p - q) * np.log(p / q)).sum(axis=-1), dtype=np.float64)


def jensen_shannon(p: Floats, q: Floats, *_: Floats) -> Floats:
    """The Jensen-Shannon distance with base 2, sqrt((KL(p|m) + KL(q|m)) / 2) with m = (p + q) / 2: 0 to 1 (SciPy's
    spatial.distance.jensenshannon); ``p`` and ``q`` are (…, bins)."""
    middle = (p + q) / 2

    def divergence(of: Floats) -> Floats:
        parts = np.divide(of, middle, out=np.ones(middle.shape), where=of > 0)
        return np.asarray((of * np.log2(parts)).sum(axis=-1), dtype=np.float64)

    return np.asarray(np.sqrt(np.maximum((divergence(p) + divergence(q)) / 2, 0.0)), dtype=np.float64)


def hellinger(p: Floats, q: Floats, *_: Floats) -> Floats:
    """sqrt(Σ (√p - √q)² / 2): 0 to 1; ``p`` and ``q`` are (…, bins)."""
    return np.asarray(np.sqrt(np.square(np.sqrt(p) - np.sqrt(q)).sum(axis=-1) / 2), dtype=np.float64)


def total_variation(p: Floats, q: Floats, *_: Floats) -> Floats:
    """Σ |p - q| / 2: the share that would have to move, 0 to 1; ``p`` and ``q`` are (…, bins)."""
    return np.asarray(np.abs(p - q).sum(axis=-1) / 2, dtype=np.float64)


Distance = Callable[[Floats, Floats, Floats, Floats], Floats]
"""From the shares of both sides, (…, bins), and the rows of both, (…, 1)."""
DISTANCES: dict[str, tuple[Distance, float]] = {
    "psi": (psi, math.inf),
    "jensen_shannon": (jensen_shannon, 1.0),
    "hellinger": (hellinger, 1.0),
    "total_variation": (total_variation, 1.0),
}
"""Each with the most that it can be."""


def chi2(window: Ints, reference: Ints) -> Iterator[Figure]:
    """Pearson's χ² of the two rows of counts and its p-value (SciPy's chi2_contingency without correction). It is a
    test's statistic, which grows with the rows: it has no interval."""
    n = int(window.sum())
    both = np.stack([window, reference]).astype(np.float64)
    both = both[:, both.sum(axis=0) > 0]
    if both.shape[1] < 2:
        for name in ("chi2", "chi2_p"):
            yield undefined(name, n, "there is only one value")
        return
    expected = both.sum(axis=1, keepdims=True) * both.sum(axis=0, keepdims=True) / both.sum()
    statistic = float((np.square(both - expected) / expected).sum())
    yield Figure(name="chi2", value=statistic, n=n)
    yield Figure(name="chi2_p", value=chi2_chance(statistic, both.shape[1] - 1), n=n)


def of_numbers(window: Feature, reference: Feature) -> Iterator[Figure]:
    """ks, ks_p, wasserstein and mean_difference."""
    n, m = window.numbers.rows, reference.numbers.rows
    grid, p, q = _together(window.numbers, reference.numbers)
    apart = np.abs(np.cumsum(p) - np.cumsum(q))
    distance = min(float(apart.max()), 1.0)
    exact = window.numbers.is_exact and reference.numbers.is_exact
    note = None if exact else f"numbers are binned; at most {float(np.maximum(p, q).max()):.1g} off"
    drawn = _drawn(grid, p * n, q * m)
    low, high = centred(distance, drawn.apart.max(axis=1)) or (None, None)
    yield Figure(name="ks", value=distance, low=low, high=high, n=n, note=note)
    yield Figure(name="ks_p", value=ks_chance(distance, n, m), n=n, note=None if exact else "numbers are binned")
    yield wasserstein(grid, apart, drawn, window, reference, exact=exact)
    yield mean_difference(window.moments, reference.moments)


@dataclass(frozen=True, slots=True)
class Drawn:
    """How far the distribution functions of resampled counts are ``apart``, (draws, cells), on a coarse ``grid``."""

    grid: Floats
    apart: Floats


def wasserstein(
    grid: Floats, apart: Floats, drawn: Drawn, window: Feature, reference: Feature, *, exact: bool
) -> Figure:
    """The area between the two distribution functions: the earth mover's distance, in the feature's own unit (SciPy's
    wasserstein_distance). Interval: the spread of the areas of resampled counts."""
    rows = window.numbers.rows
    if window.moments.infinite or reference.moments.infinite:
        return undefined("wasserstein", rows, "some numbers are infinite")
    value = float((apart[:-1] * np.diff(grid)).sum())
    areas = (drawn.apart[:, :-1] * np.diff(drawn.grid)).sum(axis=1)
    low, high = centred(value, areas, most=math.inf) or (None, None)
    note = None if exact else "numbers are binned"
    return Figure(name="wasserstein", value=value, low=low, high=high, n=rows, note=note)


def mean_difference(window: Moments, reference: Moments) -> Figure:
    """The window's mean minus the reference's, with Welch's standard error."""
    name = "mean_difference"
    rows = window.count + window.infinite
    if window.infinite or reference.infinite:
        return undefined(name, rows, "some numbers are infinite")
    if not window.count or not reference.count:
        return undefined(name, rows, "there is no number")
    value = window.mean - reference.mean
    variances = [m.squares / (m.count - 1) / m.count for m in (window, reference) if m.count > 1]
    if len(variances) < 2:
        return Figure(name=name, value=value, n=rows)
    low, high = about(value, math.sqrt(sum(variances)))
    return Figure(name=name, value=value, low=low, high=high, n=rows)


def _drawn(grid: Floats, window: Floats, reference: Floats) -> Drawn:
    """From counts on a grid: the spread shows on a coarser one as well."""
    mass = np.cumsum(window + reference)
    run = np.minimum((mass / mass[-1] * CELLS_OF_A_DRAW).astype(np.int64), CELLS_OF_A_DRAW - 1)
    starts = np.concatenate([np.zeros(1, np.int64), np.flatnonzero(run[1:] != run[:-1]) + 1])
    both = resampled(np.stack([np.add.reduceat(window, starts), np.add.reduceat(reference, starts)]), DRAWS_OF_CURVES)
    with np.errstate(divide="ignore", invalid="ignore"):
        functions = np.cumsum(both, axis=2) / both.sum(axis=2, keepdims=True)
    return Drawn(grid[np.append(starts[1:], len(grid)) - 1], np.abs(functions[:, 0] - functions[:, 1]))


def _shares(counts: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(counts / counts.sum(axis=-1, keepdims=True), dtype=np.float64)


def _together(window: Table, reference: Table) -> tuple[Floats, Floats, Floats]:
    """Both distributions on one ascending grid: the numbers and the shares."""
    level = max(window.level, reference.level)
    one, two = window.at(level), reference.at(level)
    axis, (first, second) = merged_axes([one.axis, two.axis])

    def shares(table: Table, places: Ints) -> Floats:
        counts = np.zeros(len(axis))
        counts[places] = table.over()
        return np.asarray(counts / counts.sum(), dtype=np.float64)

    return middles(axis, level), shares(one, first), shares(two, second)
