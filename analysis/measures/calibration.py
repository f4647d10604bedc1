"""Measures of scores as probabilities: losses, calibration error, the calibration curve."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from analysis.measures.figures import Figure, undefined
from analysis.measures.intervals import (
    DRAWS_OF_CURVES,
    about,
    centred,
    effective,
    error_of_mean,
    resampled,
    why_no_weight,
    wilson,
)
from analysis.summaries.keys import Floats
from analysis.summaries.scores import (
    CALIBRATION_BINS,
    LOSS,
    LOSS2,
    NEGATIVE,
    OUTSIDE,
    POSITIVE,
    SCORE,
    SCORE2,
    SQUARE,
    SQUARE2,
    WEIGHT,
    WEIGHT2,
)
from analysis.summaries.table import Table

NO_ROW = "no row has both a label and a score"


def losses(table: Table, group: int) -> Iterator[Figure]:
    """mean_score, log_loss and brier of one group, from a view's sums by (group, label)."""
    here = (table.lanes == group * 3 + NEGATIVE) | (table.lanes == group * 3 + POSITIVE)
    with np.errstate(invalid="ignore"):  # infinite scores have no mean
        sums = table.sums[here].sum(axis=0)
    rows = int(table.counts[here].sum())
    if not rows:
        for name in ("log_loss", "brier", "mean_score"):
            yield undefined(name, 0, NO_ROW)
        return
    weighted = len(sums) > WEIGHT
    weight = float(sums[WEIGHT]) if weighted else float(rows)
    if not 0 < weight < math.inf:
        for name in ("log_loss", "brier", "mean_score"):
            yield undefined(name, rows, why_no_weight(weight))
        return
    size = effective(weight, float(sums[WEIGHT2]), rows) if weighted else float(rows)
    yield log_loss(sums, weight, size, rows)
    yield brier(sums, weight, size, rows)
    yield mean_score(sums, weight, size, rows)


def log_loss(sums: Floats, weight: float, size: float, rows: int) -> Figure:
    """The mean of -log(p of what was true), p kept one machine epsilon from 0 and 1 (scikit-learn's log_loss)."""
    if sums[OUTSIDE]:
        return undefined("log_loss", rows, no_probability(sums))
    value, squares = float(sums[LOSS]) / weight, float(sums[LOSS2]) / weight
    low, high = about(value, error_of_mean(value, squares, size), least=0.0)
    return Figure(name="log_loss", value=value, low=low, high=high, n=rows)


def brier(sums: Floats, weight: float, size: float, rows: int) -> Figure:
    """The mean of (p - label)² (scikit-learn's brier_score_loss)."""
    if sums[OUTSIDE]:
        return undefined("brier", rows, no_probability(sums))
    value, squares = float(sums[SQUARE]) / weight, float(sums[SQUARE2]) / weight
    low, high = about(value, error_of_mean(value, squares, size), least=0.0, most=1.0)
    return Figure(name="brier", value=value, low=low, high=high, n=rows)


def mean_score(sums: Floats, weight: float, size: float, rows: int) -> Figure:
    """The mean of the scores of rows with a label, whatever their scale."""
    value, squares = float(sums[SCORE]) / weight, float(sums[SCORE2]) / weight
    if not np.isfinite(value):
        return undefined("mean_score", rows, "some scores are infinite")
    low, high = about(value, error_of_mean(value, squares, size))
    return Figure(name="mean_score", value=value, low=low, high=high, n=rows)


def no_probability(sums: Floats) -> str:
    return f"the scores are no probabilities: {int(sums[OUTSIDE]):,} of them lie outside 0 to 1"


def bins_of(table: Table, group: int) -> Floats:
    """By bin of the score: rows, Σw of positives, Σw of negatives, Σw times score, Σw²: an array (5, bins + 1)."""
    width = CALIBRATION_BINS + 1
    found = np.zeros((5, width))
    weighted = table.sums.shape[1] > 1
    for label, row in ((POSITIVE, 1), (NEGATIVE, 2)):
        first = (group * 3 + label) * width
        here = (table.lanes >= first) & (table.lanes < first + width)
        places, counts = table.lanes[here] - first, table.counts[here]
        found[0, places] += counts
        found[row, places] += table.sums[here, 1] if weighted else counts
        with np.errstate(invalid="ignore"):  # infinite scores, which are no probabilities
            found[3, places] += table.sums[here, 0]
        found[4, places] += table.sums[here, 2] if weighted else counts
    return found


def expected_calibration_error(bins: Floats, *, spread: bool = True) -> Figure:
    """Σ_b (n_b / n) |mean score - share of positives| over ten bins of equal width (Naeini, Cooper and Hauskrecht,
    2015). Interval: the spread of the resampled bins."""
    name = "expected_calibration_error"
    rows = int(bins[0].sum())
    if not rows:
        return undefined(name, 0, NO_ROW)
    if bins[0, CALIBRATION_BINS]:
        return undefined(name, rows, _outside(int(bins[0, CALIBRATION_BINS])))
    _, positive, negative, scores, squares = bins
    weight = float((positive + negative).sum())
    if not 0 < weight < math.inf:
        return undefined(name, rows, why_no_weight(weight))
    value = float(np.abs(scores - positive).sum()) / weight
    if not spread:
        return Figure(name=name, value=value, n=rows)
    low, high = _spread_of_error(value, bins, effective(weight, float(squares.sum()), rows) / weight)
    return Figure(name=name, value=value, low=low, high=high, n=rows)


def curve(bins: Floats) -> Iterator[tuple[str, Figure, Figure]]:
    """The calibration curve: for each bin that has rows its name, mean score and share of positives."""
    rows, positive, negative, scores, squares = bins
    if rows[CALIBRATION_BINS]:
        return
    for b in range(CALIBRATION_BINS):
        weight = float(positive[b] + negative[b])
        if not 0 < weight < math.inf:
            continue
        share = float(positive[b]) / weight
        n = int(rows[b])
        low, high = wilson(share, effective(weight, float(squares[b]), n))
        yield (
            bin_name(b),
            Figure(name="mean_score", value=float(scores[b]) / weight, n=n),
            Figure(name="positive_rate", value=share, low=low, high=high, n=n),
        )


def bin_name(number: int) -> str:
    """`[0.1, 0.2)`; the last bin holds 1, too."""
    end = "]" if number == CALIBRATION_BINS - 1 else ")"
    return f"[{number / CALIBRATION_BINS:g}, {(number + 1) / CALIBRATION_BINS:g}{end}"


def _spread_of_error(value: float, bins: Floats, scale: float) -> tuple[float | None, float | None]:
    _, positive, negative, scores, _ = bins
    both = positive + negative
    mean = np.divide(scores, both, out=np.zeros_like(scores), where=both > 0)
    drawn = resampled(np.stack([positive, negative]) * scale, DRAWS_OF_CURVES)
    rows = drawn.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        errors = np.abs(rows * mean - drawn[:, 0]).sum(axis=1) / rows.sum(axis=1)
    found = centred(value, errors)
    return found if found is not None else (None, None)


def _outside(rows: int) -> str:
    return f"the scores are no probabilities: {rows:,} of them lie outside 0 to 1"
