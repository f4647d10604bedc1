"""Measures of a regression's predictions, in scikit-learn's names and conventions."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from analysis.measures.figures import Figure, undefined
from analysis.measures.intervals import about, effective, error_of_mean, why_no_weight
from analysis.summaries.deviations import (
    ABSOLUTE,
    ERROR,
    ERROR2,
    ERROR4,
    LOG2,
    LOG4,
    SHARE,
    SHARE2,
    TOO_LOW,
    WEIGHT,
    WEIGHT2,
    ZEROS,
    Deviations,
)
from analysis.summaries.keys import Floats

NAMES = (
    *("mean_absolute_error", "mean_squared_error", "root_mean_squared_error", "mean_absolute_percentage_error"),
    *("mean_squared_log_error", "root_mean_squared_log_error", "r2", "mean_error"),
)


def by_group(seen: Deviations) -> dict[int, list[Figure]]:
    """The figures of each group of a view."""
    found = {int(group): undefined_figures() for group in seen.rows.lanes}
    for place, group in enumerate(seen.sums.lanes):
        squares = seen.labels.of(int(group))
        found[int(group)] = list(figures(seen.sums.sums[place], int(seen.sums.counts[place]), squares))
    return found


def undefined_figures(n: int = 0, why: str = "no row has both a label and a prediction") -> list[Figure]:
    return [undefined(name, n, why) for name in NAMES]


def figures(sums: Floats, rows: int, squares: float) -> Iterator[Figure]:
    """All measures from the sums of ``Deviations`` and the ``squares`` of its labels about their mean."""
    weight = float(sums[WEIGHT])
    if not 0 < weight < math.inf:
        yield from undefined_figures(rows, why_no_weight(weight))
        return
    if not np.isfinite(sums[:ERROR2]).all():
        yield from undefined_figures(rows, "some labels or predictions are infinite")
        return
    means, size = sums / weight, effective(weight, float(sums[WEIGHT2]), rows)
    yield _mean("mean_absolute_error", means[ABSOLUTE], means[ERROR2], size, rows)
    squared = _mean("mean_squared_error", means[ERROR2], means[ERROR4], size, rows)
    yield squared
    yield _root("root_mean_squared_error", squared)
    yield mean_absolute_percentage_error(sums, means, size, rows)
    logs = mean_squared_log_error(sums, means, size, rows)
    yield logs
    yield _root("root_mean_squared_log_error", logs)
    yield r2(float(means[ERROR2]), squares / weight, size, rows)
    yield mean_error(means, size, rows)


def mean_error(means: Floats, size: float, rows: int) -> Figure:
    """The mean of prediction - label: above 0 where the model says too much."""
    low, high = about(float(means[ERROR]), error_of_mean(float(means[ERROR]), float(means[ERROR2]), size))
    return Figure(name="mean_error", value=float(means[ERROR]), low=low, high=high, n=rows)


def mean_absolute_percentage_error(sums: Floats, means: Floats, size: float, rows: int) -> Figure:
    """The mean of |prediction - label| / |label|, as a share (scikit-learn's); undefined where a label is 0."""
    name = "mean_absolute_percentage_error"
    if sums[ZEROS]:
        return undefined(name, rows, f"the label is 0 in {_rows(sums[ZEROS])}")
    return _mean(name, means[SHARE], means[SHARE2], size, rows)


def mean_squared_log_error(sums: Floats, means: Floats, size: float, rows: int) -> Figure:
    """The mean of (log(1 + prediction) - log(1 + label))²; undefined where either is -1 or less."""
    name = "mean_squared_log_error"
    if sums[TOO_LOW]:
        return undefined(name, rows, f"in {_rows(sums[TOO_LOW])} the label or the prediction is -1 or less")
    return _mean(name, means[LOG2], means[LOG4], size, rows)


def r2(squared_error: float, spread: float, size: float, rows: int) -> Figure:
    """1 - Σ(label - prediction)² / Σ(label - mean label)². Interval: Olkin and Finn's (1995) large-sample error
    2 √R² (1 - R²) / √n; none below 0, where it does not hold."""
    if rows < 2 or not spread:
        return undefined("r2", rows, "there is one row" if rows < 2 else "all labels are the same")
    value = 1 - squared_error / spread
    if value <= 0:
        return Figure(name="r2", value=value, n=rows)
    low, high = about(value, 2 * math.sqrt(value) * (1 - value) / math.sqrt(max(size, 1)), most=1.0)
    return Figure(name="r2", value=value, low=low, high=high, n=rows)


def _rows(count: float) -> str:
    return "1 row" if count == 1 else f"{int(count):,} rows"


def _mean(name: str, mean: float, squares: float, size: float, rows: int) -> Figure:
    low, high = about(float(mean), error_of_mean(float(mean), float(squares), size), least=0.0)
    return Figure(name=name, value=float(mean), low=low, high=high, n=rows)


def _root(name: str, squared: Figure) -> Figure:
    """The root of a mean of squares, and of its interval."""
    if squared.value is None or squared.low is None or squared.high is None:
        return undefined(name, squared.n, squared.reason or "")
    roots = [math.sqrt(x) for x in (squared.value, squared.low, squared.high)]
    return Figure(name=name, value=roots[0], low=roots[1], high=roots[2], n=squared.n)
