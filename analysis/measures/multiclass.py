"""Measures of models of several classes: each class against the rest, and the macro average over the classes.

As in scikit-learn a rate that is undefined for a class that occurs counts as 0 in the macro average; the note says so.
The class's own measure is undefined.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from analysis.measures import calibration, curves
from analysis.measures.confusion import (
    COUNTS,
    RATES,
    Confusion,
    counted,
    draws,
    f1,
    positive_rate,
    rate,
    selection_rate,
)
from analysis.measures.curves import Curve
from analysis.measures.figures import Figure, undefined
from analysis.measures.intervals import (
    DRAWS_OF_CURVES,
    about,
    effective,
    error_of_mean,
    percentiles,
    resampled,
    scaled,
    why_no_weight,
    wilson,
)
from analysis.summaries.classes import LOSS, LOSS2, OUTSIDE, SQUARE, SQUARE2, WEIGHT, WEIGHT2, Classes
from analysis.summaries.columns import Mask
from analysis.summaries.keys import Floats
from analysis.summaries.scores import View

MACRO_RATES = (
    *("precision", "recall", "specificity", "false_positive_rate", "false_negative_rate"),
    "negative_predictive_value",
)
OF_CURVES = ("roc_auc", "average_precision", "ks_separation", "expected_calibration_error", "mean_score")
NO_ROW = "no row has both a label and a prediction"
NO_CURVE = Curve(np.zeros(0), np.zeros(0), 0, 0.0, 0.0, False)


def by_group(seen: Classes, names: Sequence[str], *, spread: bool) -> dict[int, list[Figure]]:
    """The figures of each group of a view; ``names`` are the classes with a score, in the views' order."""
    found = {}
    for group in np.unique(seen.decided.lanes):
        matrix = matrix_of(seen, int(group))
        found[int(group)] = list(figures(seen, names, int(group), matrix, spread=spread))
    return found


class Matrix:
    """Rows, Σw and Σw² by label and prediction: arrays (classes + 1, classes + 1), the last of each being the missing
    one. ``names`` are the classes that occur, sorted."""

    def __init__(self, names: Sequence[str], rows: Floats, weights: Floats, squares: Floats) -> None:
        self.names = tuple(names)
        self.rows, self.weights, self.squares = rows, weights, squares

    @property
    def decided(self) -> int:
        return int(self.rows[:-1, :-1].sum())

    @property
    def occurs(self) -> Mask:
        """Which classes the rows with both a label and a prediction have."""
        cells = self.rows[:-1, :-1]
        return np.asarray(cells.sum(axis=0) + cells.sum(axis=1) > 0)

    @property
    def weight(self) -> float:
        return float(self.weights[:-1, :-1].sum())

    @property
    def nothing(self) -> str:
        """Why there is no number where no row counts."""
        return why_no_weight(self.weight) if self.decided else NO_ROW

    def against_rest(self, place: int) -> Confusion:
        """One class as the positive one, 3 × 3 as in ``confusion``."""
        return Confusion(*(_three(part, place) for part in (self.rows, self.weights, self.squares)))


def matrix_of(seen: Classes, group: int) -> Matrix:
    here = seen.decided.lanes == group
    pairs = [seen.pairs.parts[key] for key in seen.decided.keys[here]] if seen.pairs.parts else []
    names = sorted({str(name) for pair in pairs for name in pair if name is not None})
    place: dict[object, int] = {name: i for i, name in enumerate(names)} | {None: len(names)}
    found = np.zeros((3, len(names) + 1, len(names) + 1))
    counts, sums = seen.decided.counts[here], seen.decided.sums[here]
    for i, (label, prediction) in enumerate(pairs):
        weight, square = sums[i] if sums.shape[1] else (counts[i], counts[i])
        found[:, place[label], place[prediction]] += (counts[i], weight, square)
    return Matrix(names, found[0], found[1], found[2])


def figures(seen: Classes, scored: Sequence[str], group: int, matrix: Matrix, *, spread: bool) -> Iterator[Figure]:
    """All measures of one group: the whole first, then each class."""
    each = {name: matrix.against_rest(i) for i, name in enumerate(matrix.names)}
    drawn = resampled(_sized(matrix), DRAWS_OF_CURVES) if spread and 0 < matrix.weight < math.inf else None
    yield accuracy(matrix)
    yield balanced_accuracy(matrix, drawn)
    for name in MACRO_RATES:
        yield macro_rate(name, each, matrix, drawn)
    yield macro_f1(each, matrix, drawn)
    yield matthews_corrcoef(matrix, drawn)
    views = dict(zip(scored, seen.against_rest, strict=True))
    by_class = {name: list(_of_curve(view, group, spread)) for name, view in views.items()}
    for place, name in enumerate(OF_CURVES):
        yield _macro(name, {c: found[place] for c, found in by_class.items()})
    yield from losses(seen, group)
    for name, decided in each.items():
        yield from (replace(f, class_=name) for f in _of_decisions(decided))
    for name, found in by_class.items():
        yield from (replace(f, class_=name) for f in found)


def accuracy(matrix: Matrix) -> Figure:
    """The share of rows whose prediction is the label."""
    if not 0 < matrix.weight < math.inf:
        return undefined("accuracy", matrix.decided, matrix.nothing)
    value = float(np.trace(matrix.weights[:-1, :-1])) / matrix.weight
    low, high = wilson(value, effective(matrix.weight, float(matrix.squares[:-1, :-1].sum()), matrix.decided))
    return Figure(name="accuracy", value=value, low=low, high=high, n=matrix.decided)


def balanced_accuracy(matrix: Matrix, drawn: Floats | None) -> Figure:
    """The mean of recall over the classes that labels have (scikit-learn's balanced_accuracy_score)."""

    def statistic(cells: Floats) -> Floats:
        labels = cells.sum(axis=-1)
        right = np.diagonal(cells, axis1=-2, axis2=-1)
        recalls = np.where(labels > 0, right / labels, 0.0).sum(axis=-1)
        return np.asarray(recalls / (labels > 0).sum(axis=-1), dtype=np.float64)

    return _of_matrix("balanced_accuracy", matrix, drawn, statistic)


def macro_f1(each: dict[str, Confusion], matrix: Matrix, drawn: Floats | None) -> Figure:
    """The mean of F1 over the classes that decided rows have (scikit-learn's f1_score with average macro)."""

    def statistic(cells: Floats) -> Floats:
        right = np.diagonal(cells, axis1=-2, axis2=-1)
        both = cells.sum(axis=-1) + cells.sum(axis=-2)
        f1s = np.where(both > 0, 2 * right / both, 0.0)
        return np.asarray(f1s[..., matrix.occurs].mean(axis=-1), dtype=np.float64)

    found = _of_matrix("f1", matrix, drawn, statistic)
    without = [
        c for c, occurs in zip(each, matrix.occurs, strict=True) if occurs and not each[c].weight(("tp", "fp", "fn"))
    ]
    return replace(found, note=_as_zero(without)) if without and found.value is not None else found


def macro_rate(name: str, each: dict[str, Confusion], matrix: Matrix, drawn: Floats | None) -> Figure:
    """The mean of a rate over all classes that occur as a label or a prediction of rows that have both."""
    part, whole, _ = RATES[name]

    def statistic(cells: Floats) -> Floats:
        right = np.diagonal(cells, axis1=-2, axis2=-1)
        labels, predictions = cells.sum(axis=-1), cells.sum(axis=-2)
        four = {"tp": right, "fp": predictions - right, "fn": labels - right}
        four["tn"] = cells.sum(axis=(-2, -1))[..., None] - right - four["fp"] - four["fn"]
        above, below = sum(four[c] for c in part), sum(four[c] for c in whole)
        rates = np.where(below > 0, above / below, 0.0)
        return np.asarray(rates[..., matrix.occurs].mean(axis=-1), dtype=np.float64)

    found = _of_matrix(name, matrix, drawn, statistic)
    without = [c for c, occurs in zip(each, matrix.occurs, strict=True) if occurs and not each[c].weight(whole)]
    return replace(found, note=_as_zero(without)) if without and found.value is not None else found


def matthews_corrcoef(matrix: Matrix, drawn: Floats | None) -> Figure:
    """Gorodkin's (2004) correlation of several classes: (c s - Σ p t) / sqrt((s² - Σ p²)(s² - Σ t²)), with c right rows
    of s, and p and t the rows predicted and labelled as each class."""

    def statistic(cells: Floats) -> Floats:
        labels, predictions = cells.sum(axis=-1), cells.sum(axis=-2)
        total = cells.sum(axis=(-2, -1))
        right = np.trace(cells, axis1=-2, axis2=-1)
        below = np.sqrt(total**2 - (predictions**2).sum(axis=-1)) * np.sqrt(total**2 - (labels**2).sum(axis=-1))
        return np.asarray((right * total - (labels * predictions).sum(axis=-1)) / below, dtype=np.float64)

    found = _of_matrix("matthews_corrcoef", matrix, drawn, statistic)
    if found.value is None and matrix.weight > 0:
        return undefined(found.name, found.n, "all labels, or all predictions, are the same")
    return found


def losses(seen: Classes, group: int) -> Iterator[Figure]:
    """log_loss, the mean of -log(score of the label's class); brier, the mean over rows of Σ_c (score_c - [label is
    c])², from 0 to 2 (scikit-learn's log_loss and brier_score_loss of several classes)."""
    here = seen.losses.lanes == group
    rows = int(seen.losses.counts[here].sum())
    sums = seen.losses.sums[here].sum(axis=0)
    for name, total, squares in (("log_loss", LOSS, LOSS2), ("brier", SQUARE, SQUARE2)):
        if not rows:
            yield undefined(name, rows, "no row has a label and a score for each class")
        elif not 0 < sums[WEIGHT] < math.inf:
            yield undefined(name, rows, why_no_weight(float(sums[WEIGHT])))
        elif sums[OUTSIDE]:
            bad = f"{int(sums[OUTSIDE]):,} rows have a score outside 0 to 1, or a label whose class has no score"
            yield undefined(name, rows, bad)
        else:
            weight = float(sums[WEIGHT])
            value, mean2 = float(sums[total]) / weight, float(sums[squares]) / weight
            error = error_of_mean(value, mean2, effective(weight, float(sums[WEIGHT2]), rows))
            low, high = about(value, error, least=0.0)
            yield Figure(name=name, value=value, low=low, high=high, n=rows)


def _of_decisions(decided: Confusion) -> Iterator[Figure]:
    for name in ("accuracy", *MACRO_RATES):
        yield rate(decided, name)
    yield f1(decided, draws(decided))
    for name, cell in COUNTS.items():
        yield counted(decided, name, cell)
    yield positive_rate(decided)
    yield selection_rate(decided)


def _of_curve(view: View, group: int, spread: bool) -> Iterator[Figure]:
    """The figures named by OF_CURVES, in that order."""
    curve = curves.curves(view.scores).get(group, NO_CURVE)
    yield from curves.figures(curve, spread=spread)
    yield calibration.expected_calibration_error(calibration.bins_of(view.calibration, group), spread=spread)
    yield next(f for f in calibration.losses(view.losses, group) if f.name == "mean_score")


def _macro(name: str, found: dict[str, Figure]) -> Figure:
    """The mean over the classes for which it is defined. Its interval supposes that the classes err together, so it is
    never too narrow."""
    defined = {c: f for c, f in found.items() if f.value is not None}
    n = max((f.n for f in found.values()), default=0)
    if not defined:
        why = next((f.reason for f in found.values()), None)
        return undefined(name, n, why or "no class has a score")
    known = [f for f in defined.values() if f.low is not None and f.high is not None]
    whole = len(known) == len(defined)
    without = [c for c in found if c not in defined]
    return Figure(
        name=name,
        value=_average([f.value for f in defined.values()]),
        low=_average([f.low for f in known]) if whole else None,
        high=_average([f.high for f in known]) if whole else None,
        n=n,
        note=f"without {', '.join(without)}, where it is undefined" if without else None,
    )


def _average(values: Sequence[float | None]) -> float:
    return float(np.mean([v for v in values if v is not None]))


def _of_matrix(name: str, matrix: Matrix, drawn: Floats | None, statistic: Callable[[Floats], Floats]) -> Figure:
    cells = scaled(matrix.weights[:-1, :-1])
    if not 0 < matrix.weight < math.inf:
        return undefined(name, matrix.decided, matrix.nothing)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = float(statistic(cells[None])[0])
        spread = percentiles(statistic(drawn)) if drawn is not None else None
    if np.isnan(value):
        return undefined(name, matrix.decided, "it is undefined for these classes")
    low, high = (min(spread[0], value), max(spread[1], value)) if spread is not None else (None, None)
    return Figure(name=name, value=value, low=low, high=high, n=matrix.decided)


def _sized(matrix: Matrix) -> Floats:
    """Expected counts of a sample of the effective size."""
    weights, squares = matrix.weights[:-1, :-1], matrix.squares[:-1, :-1]
    total = float(weights.sum())
    return np.asarray(weights * (effective(total, float(squares.sum()), matrix.decided) / total), dtype=np.float64)


def _three(part: Floats, place: int) -> Floats:
    """(classes + 1)² cells as 3 × 3: another class, this class, missing."""
    size = len(part) - 1
    kind = np.zeros(size + 1, dtype=np.int64)
    kind[place], kind[size] = 1, 2
    onto = np.eye(3)[kind]
    return np.asarray(onto.T @ part @ onto, dtype=np.float64)


def _as_zero(names: Sequence[str]) -> str:
    return f"it is undefined for {', '.join(names)}, which counts as 0"
