"""Measures of right and wrong decisions: all that comes from true and false, positives and negatives.

Names and conventions are scikit-learn's; where it answers 0 with a warning, the value is undefined here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from analysis.measures.figures import Figure, undefined
from analysis.measures.intervals import effective, of_draws, resampled, scaled, why_no_weight, wilson
from analysis.summaries.keys import Floats
from analysis.summaries.scores import NEGATIVE, POSITIVE, UNKNOWN
from analysis.summaries.table import Table

RATES: dict[str, tuple[tuple[str, ...], tuple[str, ...], str]] = {
    "accuracy": (("tp", "tn"), ("tp", "tn", "fp", "fn"), "no row has both a label and a prediction"),
    "precision": (("tp",), ("tp", "fp"), "no row is predicted positive"),
    "recall": (("tp",), ("tp", "fn"), "no row is positive"),
    "specificity": (("tn",), ("tn", "fp"), "no row is negative"),
    "false_positive_rate": (("fp",), ("tn", "fp"), "no row is negative"),
    "false_negative_rate": (("fn",), ("tp", "fn"), "no row is positive"),
    "negative_predictive_value": (("tn",), ("tn", "fn"), "no row is predicted negative"),
    "positive_rate": (("tp", "fn"), ("tp", "tn", "fp", "fn"), "no row has a label"),
    "selection_rate": (("tp", "fp"), ("tp", "tn", "fp", "fn"), "no row has both a label and a prediction"),
}
"""Each rate as (part, whole, why it may be undefined): precision is tp / (tp + fp)."""
CELLS = {"tp": (POSITIVE, POSITIVE), "fp": (NEGATIVE, POSITIVE), "fn": (POSITIVE, NEGATIVE), "tn": (NEGATIVE, NEGATIVE)}
COUNTS = {"true_positives": "tp", "false_positives": "fp", "true_negatives": "tn", "false_negatives": "fn"}


@dataclass(frozen=True, slots=True)
class Confusion:
    """``rows``, ``weights`` (Σw) and ``squares`` (Σw²) by (label, prediction), 3 × 3: negative, positive, unknown."""

    rows: Floats
    weights: Floats
    squares: Floats

    def n(self, cells: tuple[str, ...]) -> int:
        return int(_over(self.rows, cells))

    def weight(self, cells: tuple[str, ...]) -> float:
        return _over(self.weights, cells)

    def effective(self, cells: tuple[str, ...]) -> float:
        return effective(_over(self.weights, cells), _over(self.squares, cells), _over(self.rows, cells))

    @property
    def decided(self) -> int:
        """Rows with both a label and a prediction."""
        return self.n(("tp", "fp", "fn", "tn"))

    @property
    def labelled(self) -> int:
        return int(self.rows[:UNKNOWN].sum())

    @property
    def predicted(self) -> int:
        return int(self.rows[:, :UNKNOWN].sum())

    def four(self) -> Floats:
        """tp, fp, fn, tn as expected counts of a sample of the effective size."""
        weights = np.array([self.weights[CELLS[c]] for c in ("tp", "fp", "fn", "tn")])
        total = weights.sum()
        known = 0 < total < math.inf
        return weights * (self.effective(("tp", "fp", "fn", "tn")) / total) if known else np.zeros(4)


NOTHING = Confusion(np.zeros((3, 3)), np.zeros((3, 3)), np.zeros((3, 3)))


def confusions(table: Table) -> dict[int, Confusion]:
    """The confusion of each group from a view's counts by (group, label, prediction)."""
    groups, cells = table.lanes // 9, table.lanes % 9
    weighted = table.sums.shape[1] == 2
    found: dict[int, Confusion] = {}
    order, starts = np.unique(groups, return_index=True)
    for group, start, end in zip(order, starts, [*starts[1:], len(groups)], strict=True):
        three = np.zeros((3, 9))
        here = cells[start:end]
        three[0, here] = table.counts[start:end]
        three[1, here] = table.sums[start:end, 0] if weighted else table.counts[start:end]
        three[2, here] = table.sums[start:end, 1] if weighted else table.counts[start:end]
        found[int(group)] = Confusion(*three.reshape(3, 3, 3))
    return found


def draws(of: Confusion) -> Floats:
    """(draws, 4): tp, fp, fn, tn as they might have been, for all measures of the same rows."""
    return resampled(of.four())


def main_figures(of: Confusion) -> Iterator[Figure]:
    """The few that are followed for many groups over time."""
    for name in ("accuracy", "precision", "recall"):
        yield rate(of, name)
    yield f1(of, draws(of))
    yield rate(of, "false_positive_rate")
    yield positive_rate(of)


def figures(of: Confusion) -> Iterator[Figure]:
    """Every measure of decisions for some rows."""
    drawn = draws(of)
    yield rate(of, "accuracy")
    yield balanced_accuracy(of, drawn)
    for name in ("precision", "recall"):
        yield rate(of, name)
    yield f1(of, drawn)
    for name in ("specificity", "false_positive_rate", "false_negative_rate", "negative_predictive_value"):
        yield rate(of, name)
    yield matthews_corrcoef(of, drawn)
    for name, cell in COUNTS.items():
        yield counted(of, name, cell)
    yield positive_rate(of)
    yield selection_rate(of)


def rate(of: Confusion, name: str) -> Figure:
    """One of RATES with Wilson's interval; n is the denominator's rows."""
    part, whole, why_not = RATES[name]
    n, weight = of.n(whole), of.weight(whole)
    if why := _why_no_weight(weight, n, why_not if of.decided else RATES["accuracy"][2]):
        return undefined(name, n, why)
    value = of.weight(part) / weight
    low, high = wilson(value, of.effective(whole))
    return Figure(name=name, value=value, low=low, high=high, n=n)


def _why_no_weight(weight: float, rows: int, no_row: str) -> str | None:
    """Why rows with this weight have no rate; None where they have one."""
    if 0 < weight < math.inf:
        return None
    return why_no_weight(weight) if rows else no_row


def positive_rate(of: Confusion) -> Figure:
    """The share of positive labels, among the rows with a label whether they have a prediction or not."""
    weights, n = of.weights[:UNKNOWN], of.labelled
    if why := _why_no_weight(float(weights.sum()), n, "no row has a label"):
        return undefined("positive_rate", n, why)
    value = float(weights[POSITIVE].sum() / weights.sum())
    low, high = wilson(value, effective(float(weights.sum()), float(of.squares[:UNKNOWN].sum()), n))
    return Figure(name="positive_rate", value=value, low=low, high=high, n=n)


def selection_rate(of: Confusion) -> Figure:
    """Fairlearn's selection_rate: the share that is predicted positive, among the rows with a label; while no row has
    one, among all."""
    if of.labelled:
        return rate(of, "selection_rate")
    weights = of.weights[UNKNOWN, :UNKNOWN]
    if why := _why_no_weight(float(weights.sum()), of.predicted, "no row has a prediction"):
        return undefined("selection_rate", of.predicted, why)
    value = float(weights[POSITIVE] / weights.sum())
    squares = float(of.squares[UNKNOWN, :UNKNOWN].sum())
    low, high = wilson(value, effective(float(weights.sum()), squares, of.predicted))
    note = "no row has a label, so this is over all rows"
    return Figure(name="selection_rate", value=value, low=low, high=high, n=of.predicted, note=note)


def balanced_accuracy(of: Confusion, drawn: Floats) -> Figure:
    """The mean of recall and specificity (scikit-learn's balanced_accuracy_score)."""
    name = "balanced_accuracy"
    if not of.weight(("tp", "fn")) or not of.weight(("tn", "fp")):
        return undefined(name, of.decided, _one_class(of))
    value = (rate(of, "recall").value or 0.0) / 2 + (rate(of, "specificity").value or 0.0) / 2
    return _with_interval(
        of, name, value, drawn, lambda d: (d[:, 0] / (d[:, 0] + d[:, 2]) + d[:, 3] / (d[:, 3] + d[:, 1])) / 2
    )


def f1(of: Confusion, drawn: Floats) -> Figure:
    """2 tp / (2 tp + fp + fn), the harmonic mean of precision and recall."""
    below = 2 * of.weight(("tp",)) + of.weight(("fp", "fn"))
    if not below:
        return undefined("f1", of.decided, _nothing_or(of, "no row is positive and none is predicted positive"))
    value = 2 * of.weight(("tp",)) / below
    return _with_interval(of, "f1", value, drawn, lambda d: 2 * d[:, 0] / (2 * d[:, 0] + d[:, 1] + d[:, 2]))


def matthews_corrcoef(of: Confusion, drawn: Floats) -> Figure:
    """(tp tn - fp fn) / sqrt((tp+fp)(tp+fn)(tn+fp)(tn+fn)): the correlation of labels with predictions."""
    name = "matthews_corrcoef"
    cells = scaled(np.array([[of.weight((c,)) for c in ("tp", "fp", "fn", "tn")]]))
    with np.errstate(divide="ignore", invalid="ignore"):
        value = float(correlation(cells)[0])
    if math.isnan(value):
        why = "all labels, or all predictions, are the same"
        return undefined(name, of.decided, _nothing_or(of, why))
    return _with_interval(of, name, value, drawn, correlation)


def counted(of: Confusion, name: str, cell: str) -> Figure:
    if not of.decided:
        return undefined(name, 0, RATES["accuracy"][2])
    return Figure(name=name, value=of.weight((cell,)), n=of.decided)


def _with_interval(
    of: Confusion, name: str, value: float, drawn: Floats, statistic: Callable[[Floats], Floats]
) -> Figure:
    found = of_draws(drawn, statistic)
    low, high = found if found is not None else (None, None)
    if low is not None and high is not None:
        low, high = min(low, value), max(high, value)
    return Figure(name=name, value=value, low=low, high=high, n=of.decided)


def correlation(d: Floats) -> Floats:
    tp, fp, fn, tn = d[:, 0], d[:, 1], d[:, 2], d[:, 3]
    below = np.sqrt(tp + fp) * np.sqrt(tp + fn) * np.sqrt(tn + fp) * np.sqrt(tn + fn)
    return np.asarray((tp * tn - fp * fn) / below, dtype=np.float64)


def _one_class(of: Confusion) -> str:
    return _nothing_or(of, "no row is positive" if not of.weight(("tp", "fn")) else "no row is negative")


def _nothing_or(of: Confusion, why: str) -> str:
    weight = of.weight(("tp", "fp", "fn", "tn"))
    return _why_no_weight(weight, of.decided, RATES["accuracy"][2]) or why


def _over(values: Floats, cells: tuple[str, ...]) -> float:
    return float(sum(values[CELLS[c]] for c in cells))
