"""Measures of how well scores put positives before negatives: ROC AUC, average precision, KS separation."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from analysis.measures.figures import Figure, undefined
from analysis.measures.intervals import DRAWS_OF_CURVES, about, centred, effective, resampled, why_no_weight, wilson
from analysis.summaries.distinct import distinct
from analysis.summaries.keys import Floats
from analysis.summaries.scores import NEGATIVE, POSITIVE
from analysis.summaries.table import Table

Statistic = Callable[[Floats, Floats], Floats]
"""From positives and negatives (draws × scores) to one number for each draw."""

ROUNDING = 1e-28
"""What shares that are all the same may vary by through their last digits; one pair of 10 million rows out of order
varies by 1e-21."""
FEWEST_CELLS_OF_A_DRAW, MOST_CELLS_OF_A_DRAW, ROWS_OF_A_CELL = 16, 128, 32
"""A curve is resampled on so many runs of neighbouring scores, of so many rows: its spread shows there as well."""


@dataclass(frozen=True, slots=True)
class Curve:
    """Positives and negatives for each score, ascending: Σw in ``positive`` and ``negative``, the rows in all, the
    effective numbers of either, and whether the scores were binned."""

    positive: Floats
    negative: Floats
    rows: int
    positives: float
    negatives: float
    binned: bool

    @property
    def weight(self) -> float:
        return float(self.positive.sum() + self.negative.sum())

    @property
    def has_both(self) -> bool:
        return self.positives > 0 and self.negatives > 0 and math.isfinite(self.weight)

    @property
    def shares(self) -> tuple[Floats, Floats]:
        return self.positive / self.positive.sum(), self.negative / self.negative.sum()


def curves(table: Table) -> dict[int, Curve]:
    """The curve of each group from a view's counts by (group, label) and score."""
    order, starts = np.unique(table.lanes // 3, return_index=True)
    ends = np.append(starts, len(table))[1:]
    return {int(group): _curve(table, slice(start, end)) for group, start, end in zip(order, starts, ends, strict=True)}


def figures(curve: Curve, *, spread: bool = True) -> Iterator[Figure]:
    """All measures of a curve; without ``spread`` those that need resampling have no interval."""
    yield roc_auc(curve)
    drawn = _drawn(curve) if spread and curve.has_both else None
    yield average_precision(curve, drawn)
    yield ks_separation(curve, drawn)


def roc_auc(curve: Curve) -> Figure:
    """The share of pairs (positive, negative) in which the positive has the higher score, a tie counting half
    (scikit-learn's roc_auc_score). Interval: DeLong, DeLong and Clarke-Pearson (1988)."""
    if not curve.has_both:
        return undefined("roc_auc", curve.rows, one_class(curve))
    of_positives, of_negatives = placements(curve)
    p, q = curve.shares
    value = min(dot(p, of_positives), 1.0)
    variance = _variance(p, of_positives, curve.positives) + _variance(q, of_negatives, curve.negatives)
    # Where no pair, or every pair, is in order there is no variance to see, and yet few rows: the rarer class decides.
    low, high = (
        about(value, math.sqrt(variance), least=0.0, most=1.0)
        if variance > 0
        else wilson(value, min(curve.positives, curve.negatives))
    )
    note = _off(dot(p, q) / 2) if curve.binned else None
    return Figure(name="roc_auc", value=value, low=low, high=high, n=curve.rows, note=note)


def placements(curve: Curve) -> tuple[Floats, Floats]:
    """For each score the share of negatives below a positive there, and of positives above a negative there."""
    p, q = curve.shares
    return np.cumsum(q) - q / 2, 1 - np.cumsum(p) + p / 2


def average_precision(curve: Curve, drawn: tuple[Floats, Floats, Curve] | None = None) -> Figure:
    """Σ (recall_k - recall_{k-1}) precision_k over the scores as thresholds, descending, without interpolation
    (scikit-learn's average_precision_score)."""
    if not curve.positives or not math.isfinite(curve.weight):
        return undefined("average_precision", curve.rows, one_class(curve))
    value = float(average_precisions(curve.positive[None], curve.negative[None])[0])
    note = _off(_precision_bound(curve)) if curve.binned else None
    low, high = _spread(value, drawn, average_precisions)
    return Figure(name="average_precision", value=value, low=low, high=high, n=curve.rows, note=note)


def ks_separation(curve: Curve, drawn: tuple[Floats, Floats, Curve] | None = None) -> Figure:
    """The largest distance between the scores' distribution functions of positives and negatives (the statistic of
    SciPy's ks_2samp)."""
    if not curve.has_both:
        return undefined("ks_separation", curve.rows, one_class(curve))
    p, q = curve.shares
    value = float(separations(curve.positive[None], curve.negative[None])[0])
    note = _off(float(np.maximum(p, q).max())) if curve.binned else None
    low, high = _spread(value, drawn, separations)
    return Figure(name="ks_separation", value=value, low=low, high=high, n=curve.rows, note=note)


def dot(one: Floats, two: Floats) -> float:
    """Σ one two, added up in one order always; BLAS adds in as many parts as it finds threads."""
    return float((one * two).sum())


def one_class(curve: Curve) -> str:
    if not curve.rows:
        return "no row has both a label and a score"
    if not 0 < curve.weight < math.inf:
        return why_no_weight(curve.weight)
    return "no row is positive" if not curve.positives else "no row is negative"


def _curve(table: Table, cells: slice) -> Curve:
    lanes = table.lanes[cells] % 3
    axis, places = distinct(table.places[cells])
    counts = table.counts[cells]
    weights = table.sums[cells, 0] if table.sums.shape[1] else counts.astype(np.float64)
    squares = table.sums[cells, 1] if table.sums.shape[1] else weights
    size = len(axis)

    def of(lane: int) -> tuple[Floats, float]:
        here = lanes == lane
        by_score: Floats = np.bincount(places[here], weights=weights[here], minlength=size).astype(np.float64)
        return by_score, effective(float(weights[here].sum()), float(squares[here].sum()), float(counts[here].sum()))

    positive, positives = of(POSITIVE)
    negative, negatives = of(NEGATIVE)
    there = (positive > 0) | (negative > 0)
    rows = int(counts[(lanes == POSITIVE) | (lanes == NEGATIVE)].sum())
    return Curve(positive[there], negative[there], rows, positives, negatives, not table.is_exact)


def _variance(shares: Floats, values: Floats, rows: float) -> float:
    """The variance of a mean over ``rows`` rows, each of whose numbers has its share; n - 1 in the sample variance."""
    if rows <= 1:
        return 0.0
    mean = dot(shares, values)
    spread = dot(shares, np.square(values - mean))
    return spread / (rows - 1) if spread > ROUNDING else 0.0


def average_precisions(positive: Floats, negative: Floats) -> Floats:
    down, up = positive[:, ::-1], negative[:, ::-1]
    true = np.cumsum(down, axis=1)
    selected = true + np.cumsum(up, axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        precision = np.where(selected > 0, true / selected, 0.0)
        return np.asarray((down * precision).sum(axis=1) / true[:, -1], dtype=np.float64)


def separations(positive: Floats, negative: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        p = np.cumsum(positive, axis=1) / positive.sum(axis=1, keepdims=True)
        q = np.cumsum(negative, axis=1) / negative.sum(axis=1, keepdims=True)
    return np.asarray(np.abs(p - q).max(axis=1), dtype=np.float64)


def _precision_bound(curve: Curve) -> float:
    """How far the average precision can be off: in each bin all positives may come first, or last."""
    down, up = curve.positive[::-1], curve.negative[::-1]
    true, false = np.cumsum(down), np.cumsum(up)
    here = down > 0
    first = (true / np.maximum(true + false - up, 1e-300))[here]
    last = ((true - down) / np.maximum(true - down + false, 1e-300))[here]
    middle = (true / (true + false))[here]
    share = down[here] / true[-1]
    return max(dot(share, np.minimum(first, 1.0) - middle), dot(share, middle - last))


def _drawn(curve: Curve) -> tuple[Floats, Floats, Curve]:
    """Resampled positives and negatives on a coarser curve, and that curve."""
    p, q = curve.positive, curve.negative
    mass = np.cumsum(p + q)
    rows = int(curve.positives + curve.negatives)
    cells = min(max(rows // ROWS_OF_A_CELL, FEWEST_CELLS_OF_A_DRAW), MOST_CELLS_OF_A_DRAW)
    run = np.minimum((mass / mass[-1] * cells).astype(np.int64), cells - 1)
    p = np.bincount(run, weights=p) * (curve.positives / p.sum())
    q = np.bincount(run, weights=q) * (curve.negatives / q.sum())
    there = p + q > 0
    coarse = replace(curve, positive=p[there], negative=q[there])
    both = resampled(np.stack([coarse.positive, coarse.negative]), DRAWS_OF_CURVES)
    return both[:, 0], both[:, 1], coarse


def _spread(
    value: float, drawn: tuple[Floats, Floats, Curve] | None, statistic: Statistic
) -> tuple[float | None, float | None]:
    if drawn is None:
        return None, None
    found = centred(value, statistic(drawn[0], drawn[1]))
    return found if found is not None else (None, None)


def _off(bound: float) -> str:
    return f"scores are binned; at most {bound:.1g} off"
