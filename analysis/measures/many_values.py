"""Drift and unseen values of a category that has too many values to keep: estimated from a part of them, each with all
of its rows, which is drawn by hash (`summaries/many_texts.py`).

A sum over all values is that of a fit Σ (a p + b q) = a + b, known without error, and of what the fit leaves over in
the part, blown up: the regression estimator of survey sampling (Särndal, Swensson and Wretman, 1992, chapter 6). So it
doesn't matter much whether a frequent value is in the part, and categories with nothing in common are 1 apart.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from analysis.measures.bins import texts_of
from analysis.measures.chances import chi2_chance
from analysis.measures.drift import DISTANCES
from analysis.measures.figures import Figure, undefined
from analysis.measures.intervals import DRAWS_OF_CURVES, centred, resampled, wilson
from analysis.summaries.distinct import Ints
from analysis.summaries.features import Feature
from analysis.summaries.keys import Floats
from analysis.summaries.many_texts import ManyTexts, PartOfHashes, many_of_texts
from analysis.summaries.table import merged_axes


@dataclass(frozen=True, slots=True)
class Sample:
    """Rows of each value of the part, in the window and in the reference; ``rows_here`` and ``rows_there`` are all rows
    with a value. One value in ``weight`` is in the part."""

    window: Ints
    reference: Ints
    rows_here: int
    rows_there: int
    weight: int

    def figures(self) -> Iterator[Figure]:
        yield from self.distances(spread=True)
        yield self.chi2()
        yield self.chi2_p()

    @property
    def note(self) -> str | None:
        return None if self.weight == 1 else f"estimated from {len(self.window):,} of its values"

    def distances(self, *, spread: bool) -> Iterator[Figure]:
        """psi, jensen_shannon, hellinger and total_variation; with ``spread`` with the interval of resampled rows."""
        p, q = self.window / self.rows_here, self.reference / self.rows_there
        sizes = np.array([float(self.rows_here)]), np.array([float(self.rows_there)])
        drawn = self._drawn() if spread else None
        for name, distance in DISTANCES.items():
            parts = distance.parts(p, q, *sizes)
            fit = _fit(parts, p, q)
            value = _estimate(distance.of(self._total(parts, p, q, fit)), distance.most)
            low = high = None
            if drawn is not None:
                totals = self._total(distance.parts(*drawn, *sizes), *drawn, fit)
                spreads = np.clip(distance.of(totals), 0.0, distance.most)
                low, high = centred(value, spreads, most=distance.most) or (None, None)
            yield Figure(name=name, value=value, low=low, high=high, n=self.rows_here, note=self.note)

    def chi2(self) -> Figure:
        """Pearson's χ² over all values."""
        p, q = self.window / self.rows_here, self.reference / self.rows_there
        parts = self._chi2_parts(self.rows_here, self.rows_there)
        statistic = _estimate(self._total(parts, p, q, _fit(parts, p, q)), math.inf)
        return Figure(name="chi2", value=statistic, n=self.rows_here, note=self.note)

    def chi2_p(self) -> Figure:
        """The p-value of the part's values alone, as of a table of their own."""
        n, m = int(self.window.sum()), int(self.reference.sum())
        if not n or not m or len(self.window) < 2:
            return undefined("chi2_p", self.rows_here, "too few of its many values are kept")
        statistic = float(self._chi2_parts(n, m).sum())
        chance = chi2_chance(statistic, len(self.window) - 1)
        return Figure(name="chi2_p", value=chance, n=self.rows_here, note=self.note)

    def _chi2_parts(self, n: int, m: int) -> Floats:
        both = self.window + self.reference
        here, there = (both * (size / (n + m)) for size in (n, m))
        return np.asarray(np.square(self.window - here) / here + np.square(self.reference - there) / there)

    def unseen_rate(self, rows: int) -> Figure:
        """Rows with a value that the reference never had, among all ``rows``."""
        p, q = self.window / self.rows_here, self.reference / self.rows_there
        new = np.where(self.reference == 0, p, 0.0)
        share = _estimate(self._total(new, p, q, _fit(new, p, q)), 1.0)
        value = share * self.rows_here / rows
        low, high = wilson(value, rows)
        return Figure(name="unseen_rate", value=value, low=low, high=high, n=rows, note=self.note)

    def _total(self, parts: Floats, p: Floats, q: Floats, fit: tuple[float, float]) -> Floats:
        a, b = fit
        left_over = parts.sum(axis=-1) - a * p.sum(axis=-1) - b * q.sum(axis=-1)
        return np.asarray(a + b + self.weight * left_over, dtype=np.float64)

    def _drawn(self) -> tuple[Floats, Floats]:
        """The shares of resampled rows; those of all other values are drawn as one."""
        rest = self.rows_here - self.window.sum(), self.rows_there - self.reference.sum()
        counts = np.column_stack([np.stack([self.window, self.reference]), rest])
        drawn = resampled(counts.astype(np.float64), DRAWS_OF_CURVES)
        shares = drawn[..., :-1] / drawn.sum(axis=-1, keepdims=True)
        return shares[:, 0], shares[:, 1]


def beside(window: Feature, reference: Feature) -> Sample | None:
    """The window beside the reference; None where one of them was not counted by value."""
    one, two = _many(window), _many(reference)
    here, there = window.rows - window.missing.rows, reference.rows - reference.missing.rows
    if one is None or two is None or not here or not there:
        return None
    return _sample(one.whole, two.whole, here, there)


def over_time(window: Feature, reference: Feature, rows: Mapping[int, int]) -> Iterator[tuple[int, Sample]]:
    """The same of each period, by its number; ``rows`` has how many of a period's have a value."""
    one, two = _many(window), _many(reference)
    if one is None or two is None or one.by_period is None:
        return
    there = reference.rows - reference.missing.rows
    lanes = one.by_period.table.lanes
    for period, here in rows.items():
        if here and there:
            table = one.by_period.table.where(lanes == period)
            yield period, _sample(replace(one.by_period, table=table), two.whole, here, there)


def unique_values(many: ManyTexts, rows: int) -> Figure:
    """How many different values there are, from how many lie in the part."""
    count = len(many.whole.table.axis) << many.whole.halvings
    note = None if not many.whole.halvings else f"estimated from {len(many.whole.table.axis):,} of its values"
    return Figure(name="unique_values", value=float(count), n=rows, note=note)


def _many(feature: Feature) -> ManyTexts | None:
    if feature.texts.many is not None:
        return feature.texts.many
    values, table = texts_of(feature)
    if values is None or table is None:
        return None
    return many_of_texts(values, table, by_period=feature.texts.by_period)


def _sample(window: PartOfHashes, reference: PartOfHashes, here: int, there: int) -> Sample:
    halvings = max(window.halvings, reference.halvings)
    tables = [part.halved(halvings).table for part in (window, reference)]
    axis, places = merged_axes([table.axis for table in tables])
    counts = [
        np.bincount(there[table.places], weights=table.counts, minlength=len(axis)).astype(np.int64)
        for table, there in zip(tables, places, strict=True)
    ]
    found = counts[0] + counts[1] > 0
    return Sample(counts[0][found], counts[1][found], here, there, 1 << halvings)


def _fit(parts: Floats, p: Floats, q: Floats) -> tuple[float, float]:
    """The a and b of least squares Σ (parts - a p - b q)²."""
    (a, b), *_ = np.linalg.lstsq(np.column_stack([p, q]), parts, rcond=None)
    return float(a), float(b)


def _estimate(total: Floats, most: float) -> float:
    return float(np.clip(total, 0.0, most))
