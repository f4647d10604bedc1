"""Drift: how far a feature's, a score's or a label's distribution is from the reference's.

Shares are compared in bins (``bins.py``): each value of a category, tenths of the reference for numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from analysis.measures.bins import Binned
from analysis.measures.chances import chi2_chance, ks_chance
from analysis.measures.figures import Figure, undefined
from analysis.measures.intervals import DRAWS_OF_CURVES, about, centred, resampled
from analysis.summaries.distinct import Ints
from analysis.summaries.features import Feature
from analysis.summaries.keys import EXACT, Floats, middles
from analysis.summaries.moments import Moments
from analysis.summaries.table import Table, merged_axes

LARGEST_SHARE_OF_AN_EMPTY_BIN = 1e-4
ROWS_IN_AN_EMPTY_BIN = 0.5
"""In the population stability index, which has no number for a share of 0, an empty bin counts as half a row, as an
empty cell does in a log odds ratio (Haldane, 1956; Anscombe, 1956), and as no more than 1/10,000, Evidently's share. A
constant alone would be nearly the share of each of many categories: 9,000 new ones would hardly count."""
CELLS_OF_A_DRAW = 64
MOST_CELLS_AT_ONCE = 2**20
"""Of periods and numbers in one array."""
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


def over_time(window: Feature, reference: Feature, binned: Binned, *, number: bool) -> Iterator[tuple[int, Figure]]:
    """The same distances of each period, by its number; without p-values, which test a whole window."""
    there = np.flatnonzero(binned.by_period.sum(axis=1))
    if binned.reference is not None and binned.reference.sum() and len(there):
        found = _distances(tuple(DISTANCES), binned.by_period[there], binned.reference)
        statistics = chi2_of_each(binned.by_period[there], binned.reference)
        for period, of_period, statistic in zip(binned.periods[there], found, statistics, strict=True):
            yield from ((int(period), figure) for figure in (*of_period, statistic))
    if number:
        yield from _numbers_over_time(window, reference)


def _numbers_over_time(window: Feature, reference: Feature) -> Iterator[tuple[int, Figure]]:
    """ks, wasserstein and mean_difference of each period, a few periods at a time."""
    by_period, whole = window.numbers_by_period, reference.numbers
    if not len(by_period) or not len(whole):
        return
    level = max(by_period.level, whole.level)
    one, two = by_period.at(level), whole.at(level)
    axis, (first, second) = merged_axes([one.axis, two.axis])
    before = np.zeros(len(axis))
    before[second] = two.over()
    grid = Grid(middles(axis, level), np.cumsum(before) / before.sum(), reference.moments, level == EXACT)
    lanes, starts = np.unique(one.lanes, return_index=True)
    ends = np.append(starts[1:], len(one))
    at_once = max(MOST_CELLS_AT_ONCE // len(axis), 1)
    for some in range(0, len(lanes), at_once):
        many = slice(some, some + at_once)
        cells = slice(int(starts[many][0]), int(ends[many][-1]))
        rows = np.searchsorted(lanes[many], one.lanes[cells])
        places = rows * len(axis) + first[one.places[cells]]
        counts = np.bincount(places, weights=one.counts[cells], minlength=len(lanes[many]) * len(axis))
        found = _of_numbers_of_each(counts.reshape(-1, len(axis)).astype(np.float64), grid)
        for period, of_period in zip(lanes[many], found, strict=True):
            yield from ((int(period), figure) for figure in of_period)


@dataclass(frozen=True, slots=True)
class Grid:
    """Ascending ``numbers``, the share of the reference up to each of them, and the reference's ``moments``."""

    numbers: Floats
    below: Floats
    moments: Moments
    exact: bool


def _of_numbers_of_each(counts: Floats, grid: Grid) -> Iterator[tuple[Figure, ...]]:
    """The distances of each row of ``counts`` (periods, grid), without an interval for the first two."""
    sizes = counts.sum(axis=1)
    apart = np.abs(np.cumsum(counts, axis=1) / sizes[:, None] - grid.below)
    finite = np.isfinite(grid.numbers)
    numbers = np.where(finite, grid.numbers, 0.0)
    distances = np.minimum(apart.max(axis=1), 1.0)
    areas = (apart[:, :-1] * np.diff(numbers)).sum(axis=1)
    # About the reference's mean: squares of large numbers would lose what they differ by.
    centred_ = numbers - (grid.moments.mean if math.isfinite(grid.moments.mean) else 0.0)
    means = (counts * centred_).sum(axis=1) / sizes
    squares = (counts * np.square(centred_ - means[:, None])).sum(axis=1)
    infinite = np.asarray(counts[:, ~finite].any(axis=1) | bool(grid.moments.infinite), dtype=np.bool_)
    note = None if grid.exact else "numbers are binned"
    for place, size in enumerate(sizes.astype(np.int64).tolist()):
        ks = Figure(name="ks", value=float(distances[place]), n=size, note=note)
        if infinite[place]:
            why = "some numbers are infinite"
            yield ks, undefined("wasserstein", size, why), undefined("mean_difference", size, why)
            continue
        moved = _moved_mean(float(means[place]), float(squares[place]), size, grid.moments)
        area = Figure(name="wasserstein", value=float(areas[place]), n=size, note=note)
        yield ks, area, replace(moved, note=note)


def _moved_mean(value: float, squares: float, n: int, reference: Moments) -> Figure:
    """``mean_difference`` of a period, from the sum of squares about its own mean."""
    name = "mean_difference"
    if n < 2 or reference.count < 2:
        return Figure(name=name, value=value, n=n)
    error = squares / (n - 1) / n + reference.squares / (reference.count - 1) / reference.count
    low, high = about(value, math.sqrt(error))
    return Figure(name=name, value=value, low=low, high=high, n=n)


def chi2_of_each(windows: Ints, reference: Ints) -> Iterator[Figure]:
    """``chi2`` of each row of counts beside the same reference."""
    both = windows + reference
    n, m = windows.sum(axis=1, keepdims=True), reference.sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        here, there = (both * (part / (n + m)) for part in (n, m))
        parts = np.square(windows - here) / here + np.square(reference - there) / there
        statistics = np.where(both > 0, parts, 0.0).sum(axis=1)
    for statistic, values, size in zip(statistics.tolist(), (both > 0).sum(axis=1), n[:, 0].tolist(), strict=True):
        if values < 2:
            yield undefined("chi2", size, "there is only one value")
        else:
            yield Figure(name="chi2", value=statistic, n=size)


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
        distance = DISTANCES[name]
        values = np.minimum(
            distance.between(shares[:-1], shares[-1:], sizes[:-1], sizes[-1:]), distance.most
        )  # the last digit of a sum of shares may be above 1
        spreads = distance.between(drawn[:, :-1], drawn[:, -1:], sizes[:-1], sizes[-1:])
        for place, value in enumerate(values.tolist()):
            low, high = centred(value, spreads[:, place], most=distance.most) or (None, None)
            found[place].append(Figure(name=name, value=value, low=low, high=high, n=int(windows[place].sum())))
    return found


def psi(p: Floats, q: Floats, n: Floats, m: Floats) -> Floats:
    """Each bin's part of the population stability index Σ (p - q) ln(p / q) (Lewis, 1994) of shares ``p`` of ``n`` rows
    and ``q`` of ``m`` rows; an empty bin counts as half a row, and as 1/10,000 at most."""
    p, q = (
        np.where(shares > 0, shares, np.minimum(ROWS_IN_AN_EMPTY_BIN / rows, LARGEST_SHARE_OF_AN_EMPTY_BIN))
        for shares, rows in ((p, n), (q, m))
    )
    return np.asarray((p - q) * np.log(p / q), dtype=np.float64)


def jensen_shannon(p: Floats, q: Floats, *_: Floats) -> Floats:
    """Each bin's part of the Jensen-Shannon divergence with base 2, (KL(p|m) + KL(q|m)) / 2 with m = (p + q) / 2; its
    root is the distance: 0 to 1 (SciPy's spatial.distance.jensenshannon)."""
    middle = (p + q) / 2

    def divergence(of: Floats) -> Floats:
        parts = np.divide(of, middle, out=np.ones(middle.shape), where=of > 0)
        return np.asarray(of * np.log2(parts), dtype=np.float64)

    return (divergence(p) + divergence(q)) / 2


def hellinger(p: Floats, q: Floats, *_: Floats) -> Floats:
    """Each bin's part of Σ (√p - √q)² / 2, whose root is the distance: 0 to 1."""
    return np.asarray(np.square(np.sqrt(p) - np.sqrt(q)) / 2, dtype=np.float64)


def total_variation(p: Floats, q: Floats, *_: Floats) -> Floats:
    """Each bin's part of Σ |p - q| / 2: the share that would have to move, 0 to 1."""
    return np.asarray(np.abs(p - q) / 2, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Distance:
    """``parts`` of the bins, from the shares of both sides, (…, bins), and the rows of both, (…, 1); the distance is
    their sum, or the ``root`` of it, and ``most`` at most."""

    parts: Callable[[Floats, Floats, Floats, Floats], Floats]
    most: float
    root: bool = False

    def between(self, p: Floats, q: Floats, n: Floats, m: Floats) -> Floats:
        return self.of(self.parts(p, q, n, m).sum(axis=-1))

    def of(self, total: Floats) -> Floats:
        return np.sqrt(np.maximum(total, 0.0)) if self.root else total


DISTANCES: dict[str, Distance] = {
    "psi": Distance(psi, math.inf),
    "jensen_shannon": Distance(jensen_shannon, 1.0, root=True),
    "hellinger": Distance(hellinger, 1.0, root=True),
    "total_variation": Distance(total_variation, 1.0),
}


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
