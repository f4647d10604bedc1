"""Drift: how far a feature's, a score's or a label's distribution is from the reference's.

Shares are compared in bins (``bins.py``): each value of a category, tenths of the reference for numbers.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from analysis.measures.bins import Binned, binned_numbers, binned_texts, is_number
from analysis.measures.chances import chi2_chance, ks_chance
from analysis.measures.figures import Figure, undefined
from analysis.measures.intervals import about
from analysis.summaries.distinct import Ints
from analysis.summaries.features import Feature, Moments
from analysis.summaries.keys import Floats, middles
from analysis.summaries.table import Table, merged_axes

SMALLEST_SHARE = 1e-4
"""An empty bin counts as this share in the population stability index, which has no number for 0."""
OF_SHARES = ("psi", "jensen_shannon", "hellinger", "total_variation", "chi2", "chi2_p")
OF_NUMBERS = ("ks", "ks_p", "wasserstein", "mean_difference")
TOO_MANY = "it has more different values than are kept, so it is no category"


def figures(window: Feature, reference: Feature, *, as_category: bool = False) -> Iterator[Figure]:
    """All distances of one column. ``as_category`` takes numbers as names: a label's 0 and 1."""
    here, there = window.rows - window.missing.rows, reference.rows - reference.missing.rows
    number = is_number(window, reference) and not as_category
    names = (*OF_SHARES, *OF_NUMBERS) if number else OF_SHARES
    if not here or not there:
        why = "every value is missing" if not here else "every value of the reference is missing"
        yield from (undefined(name, here, why) for name in names)
        return
    binned = binned_numbers(window, reference) if number else binned_texts(window, reference)
    if binned is None or binned.reference is None:
        yield from (undefined(name, here, TOO_MANY) for name in names)
        return
    yield from of_shares(binned.window, binned.reference)
    if number:
        yield from of_numbers(window, reference)


def over_time(binned: Binned) -> Iterator[tuple[int, Figure]]:
    """psi and jensen_shannon of each period, by its number."""
    for period, counts in zip(binned.periods, binned.by_period, strict=True):
        if binned.reference is not None and counts.sum():
            for name in ("psi", "jensen_shannon"):
                yield int(period), next(f for f in of_shares(counts, binned.reference) if f.name == name)


def of_shares(window: Ints, reference: Ints) -> Iterator[Figure]:
    """Distances between two sets of counts over the same bins."""
    n = int(window.sum())
    if not n or not reference.sum():
        why = "no value lies in the bins" if not n else "the reference has no value"
        yield from (undefined(name, n, why) for name in OF_SHARES)
        return
    p, q = window / window.sum(), reference / reference.sum()
    yield Figure(name="psi", value=psi(p, q), n=n)
    yield Figure(name="jensen_shannon", value=jensen_shannon(p, q), n=n)
    yield Figure(name="hellinger", value=hellinger(p, q), n=n)
    yield Figure(name="total_variation", value=float(np.abs(p - q).sum() / 2), n=n)
    yield from chi2(window, reference)


def psi(p: Floats, q: Floats) -> float:
    """The population stability index Σ (p - q) ln(p / q) (Lewis, 1994), with shares of at least 1/10,000."""
    p, q = np.maximum(p, SMALLEST_SHARE), np.maximum(q, SMALLEST_SHARE)
    return float(((p - q) * np.log(p / q)).sum())


def jensen_shannon(p: Floats, q: Floats) -> float:
    """The Jensen-Shannon distance with base 2, sqrt((KL(p|m) + KL(q|m)) / 2) with m = (p + q) / 2: 0 to 1 (SciPy's
    spatial.distance.jensenshannon)."""
    middle = (p + q) / 2

    def divergence(of: Floats) -> float:
        there = of > 0
        return float((of[there] * np.log2(of[there] / middle[there])).sum())

    return math.sqrt(max((divergence(p) + divergence(q)) / 2, 0.0))


def hellinger(p: Floats, q: Floats) -> float:
    """sqrt(Σ (√p - √q)² / 2): 0 to 1."""
    return math.sqrt(float(np.square(np.sqrt(p) - np.sqrt(q)).sum()) / 2)


def chi2(window: Ints, reference: Ints) -> Iterator[Figure]:
    """Pearson's χ² of the two rows of counts and its p-value (SciPy's chi2_contingency without correction)."""
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
    yield Figure(name="ks", value=distance, n=n, note=note)
    yield Figure(name="ks_p", value=ks_chance(distance, n, m), n=n, note=None if exact else "numbers are binned")
    yield wasserstein(grid, apart, window, reference, exact=exact)
    yield mean_difference(window.moments, reference.moments)


def wasserstein(grid: Floats, apart: Floats, window: Feature, reference: Feature, *, exact: bool) -> Figure:
    """The area between the two distribution functions: the earth mover's distance, in the feature's own unit (SciPy's
    wasserstein_distance)."""
    if window.moments.infinite or reference.moments.infinite:
        return undefined("wasserstein", window.numbers.rows, "some numbers are infinite")
    value = float((apart[:-1] * np.diff(grid)).sum())
    return Figure(name="wasserstein", value=value, n=window.numbers.rows, note=None if exact else "numbers are binned")


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
