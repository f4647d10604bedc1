"""What is kept of a regression's predictions and labels, for one view of the rows: sums by group."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.summaries.distinct import Ints
from analysis.summaries.keys import Floats
from analysis.summaries.table import Renumber, Table, tallied

(ERROR, ERROR2, ERROR4, ABSOLUTE, SHARE, SHARE2, LOG2, LOG4, LABEL, LABEL2, ZEROS, TOO_LOW, WEIGHT, WEIGHT2) = range(14)
"""The sums, each times the row's weight (1 without weights) but for the two counts: of the errors (prediction - label),
their squares, fourth powers and sizes; of the sizes in shares of the label and their squares; of the squared errors of
log(1 + x) and their squares; of the labels and their squares; how many labels are 0; how many labels or predictions are
-1 or less; the weights and their squares."""


@dataclass(frozen=True, slots=True)
class Deviations:
    """``rows`` counts all rows by group, ``sums`` those with both a label and a prediction."""

    rows: Table
    sums: Table

    def __add__(self, other: Deviations) -> Deviations:
        return Deviations(self.rows + other.rows, self.sums + other.sums)

    def regrouped(self, renumber: Renumber) -> Deviations:
        return Deviations(
            self.rows.relabelled(renumber(self.rows.lanes)), self.sums.relabelled(renumber(self.sums.lanes))
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
    return Deviations(tallied(group), tallied(group[there], _columns(label, prediction, weight)))


def _columns(label: Floats, prediction: Floats, w: Floats) -> list[Floats]:
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):  # what is undefined is not shown
        error = prediction - label
        share = np.where(label == 0, 0.0, np.abs(error / label))
        low = (label <= -1) | (prediction <= -1)
        log = np.where(low, 0.0, np.log1p(prediction) - np.log1p(label))
        return [
            *(w * error, w * error**2, w * error**4, w * np.abs(error)),
            *(w * share, w * share**2, w * log**2, w * log**4),
            *(w * label, w * label**2, (label == 0).astype(np.float64), low.astype(np.float64)),
            *(w, w**2),
        ]
