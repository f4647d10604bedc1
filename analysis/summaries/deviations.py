"""What is kept of a regression's predictions and labels, for one view of the rows: sums by group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis.summaries.distinct import Ints, distinct
from analysis.summaries.keys import Floats
from analysis.summaries.table import Renumber, Table, tallied, together

(ERROR, ERROR2, ERROR4, ABSOLUTE, SHARE, SHARE2, LOG2, LOG4, ZEROS, TOO_LOW, WEIGHT, WEIGHT2) = range(12)
"""The sums, each times the row's weight (1 without weights) but for the two counts: of the errors (prediction - label),
their squares, fourth powers and sizes; of the sizes in shares of the label and their squares; of the squared errors of
log(1 + x) and their squares; how many labels are 0 in rows that weigh something; how many labels or predictions are -1
or less; the weights and their squares."""


@dataclass(frozen=True, slots=True)
class Spreads:
    """Of each group's labels the weight, the weighted mean and the weighted sum of squares about it: sums of squares
    alone lose the spread of labels that lie far from 0."""

    groups: Ints
    weights: Floats
    means: Floats
    squares: Floats

    @classmethod
    def together(cls, parts: Sequence[Spreads]) -> Spreads:
        return spreads(
            np.concatenate([part.groups for part in parts]),
            np.concatenate([part.weights for part in parts]),
            np.concatenate([part.means for part in parts]),
            np.concatenate([part.squares for part in parts]),
        )

    def of(self, group: int) -> float:
        """The sum of squares of one group."""
        place = int(np.searchsorted(self.groups, group))
        return float(self.squares[place])


def spreads(groups: Ints, weights: Floats, means: Floats, squares: Floats) -> Spreads:
    """Parts of equal groups become one (Chan, Golub and LeVeque, 1979); a single row is a part without squares."""
    axis, place = distinct(groups)
    start = np.zeros(len(axis))
    heavy = weights > 0
    start[place[heavy]] = means[heavy]  # any one of a group's that counts, to count from

    def added(parts: Floats) -> Floats:
        return np.bincount(place, weights=parts, minlength=len(axis)).astype(np.float64)

    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):  # infinite labels, whose numbers are not shown
        whole = added(weights)
        middle = start + np.where(whole > 0, added(weights * (means - start[place])) / whole, 0.0)
        return Spreads(axis, whole, middle, added(squares + weights * np.square(means - middle[place])))


@dataclass(frozen=True, slots=True)
class Deviations:
    """``rows`` counts all rows by group, ``sums`` and ``labels`` are of those with both a label and a prediction."""

    rows: Table
    sums: Table
    labels: Spreads

    @classmethod
    def together(cls, parts: Sequence[Deviations]) -> Deviations:
        return cls(
            together([part.rows for part in parts]),
            together([part.sums for part in parts]),
            Spreads.together([part.labels for part in parts]),
        )

    def regrouped(self, renumber: Renumber) -> Deviations:
        labels = self.labels
        return Deviations(
            self.rows.relabelled(renumber(self.rows.lanes)),
            self.sums.relabelled(renumber(self.sums.lanes)),
            spreads(renumber(labels.groups), labels.weights, labels.means, labels.squares),
        )

    def one_group(self) -> Deviations:
        return self.regrouped(np.zeros_like)


@dataclass(frozen=True, slots=True)
class Predicted:
    """Rows of a batch: labels and predictions (NaN where missing), and weights."""

    label: Floats
    prediction: Floats
    weight: Floats | None


def deviations(rows: Predicted, groups: Ints | None) -> Deviations:
    group = np.zeros(len(rows.label), np.int64) if groups is None else groups
    there = ~(np.isnan(rows.label) | np.isnan(rows.prediction))
    label, prediction = rows.label[there], rows.prediction[there]
    weight = np.ones(len(label)) if rows.weight is None else rows.weight[there]
    group_there = group[there]
    return Deviations(
        tallied(group),
        tallied(group_there, _columns(label, prediction, weight)),
        spreads(group_there, weight, label, np.zeros(len(label))),
    )


def _columns(label: Floats, prediction: Floats, w: Floats) -> list[Floats]:
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):  # what is undefined is not shown
        error = prediction - label
        share = np.where(label == 0, 0.0, np.abs(error / label))
        low = (label <= -1) | (prediction <= -1)
        log = np.where(low, 0.0, np.log1p(prediction) - np.log1p(label))
        return [
            *(w * error, w * error**2, w * error**4, w * np.abs(error)),
            *(w * share, w * share**2, w * log**2, w * log**4),
            *(((label == 0) & (w > 0)).astype(np.float64), low.astype(np.float64), w, w**2),
        ]
