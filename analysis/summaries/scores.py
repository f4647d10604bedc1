"""What is kept of labels, scores and predictions of one class against the rest, for one view of the rows.

A view splits the rows into groups by a number each: 0 for the whole, a period's number, a group's number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from analysis.summaries.distinct import Ints
from analysis.summaries.keys import Floats
from analysis.summaries.moments import AT_ONCE
from analysis.summaries.table import Encoded, Limit, Renumber, Table, counted, empty, tallied, together

NEGATIVE, POSITIVE, UNKNOWN = 0, 1, 2
"""A row's label or prediction: not the class, the class, or not there."""

SCORES = Limit(exact=131_072, coarse=65_536)
SCORES_BY_PERIOD = Limit(exact=131_072, coarse=131_072, lane=2_048)
SCORES_OF_GROUPS_BY_PERIOD = Limit(exact=32_768, coarse=65_536, lane=256)
"""Lanes are so coarse that a month by day needs no coarser ones: then its days are laid side by side as they are."""
CALIBRATION_BINS = 10
SMALLEST = float(np.finfo(np.float64).eps)
"""Probabilities are kept this far from 0 and 1 in a logarithm, as scikit-learn does."""

SCORE, SCORE2, LOSS, LOSS2, SQUARE, SQUARE2, OUTSIDE, WEIGHT, WEIGHT2 = range(9)
"""The sums of ``losses``: of the scores, the logarithmic losses and the squared errors, and of their squares, each
times the row's weight; how many scores are no probability; the weights and their squares."""


@dataclass(frozen=True, slots=True)
class Said:
    """What some rows say about one class. ``scored`` tells which have a score; ``encoded``, ``numbers`` and ``losses``
    are of those alone. Without scores in the log it is None."""

    label: Ints
    predicted: Ints
    weight: Floats | None
    scored: npt.NDArray[np.bool_] | None = None
    encoded: Encoded | None = None
    numbers: Floats | None = None
    losses: Sequence[Floats] = ()
    bins: Ints | None = None


@dataclass(frozen=True, slots=True)
class View:
    """Counts of rows: ``scores`` by (group, label) and score, ``confusion`` by (group, label, prediction), ``losses``
    by (group, label), ``calibration`` by (group, label, bin of the score)."""

    scores: Table
    confusion: Table
    losses: Table
    calibration: Table

    @classmethod
    def together(cls, parts: Sequence[View]) -> View:
        return cls(
            together([part.scores for part in parts]),
            together([part.confusion for part in parts]),
            together([part.losses for part in parts]),
            together([part.calibration for part in parts]),
        )

    def one_group(self) -> View:
        """The same counts with all rows as one group."""
        return self.regrouped(np.zeros_like)

    def regrouped(self, renumber: Renumber) -> View:
        """The same counts with the groups numbered anew; those that get one number are added up."""
        return View(
            _regrouped(self.scores, renumber, 3),
            _regrouped(self.confusion, renumber, 9),
            _regrouped(self.losses, renumber, 3),
            _regrouped(self.calibration, renumber, 3 * (CALIBRATION_BINS + 1)),
        )


def said(
    *, label: Ints, predicted: Ints, weight: Floats | None, scores: Floats | None, encoded: Encoded | None
) -> Said:
    """``scores`` has NaN where a row has none; ``encoded`` are the others."""
    if scores is None or encoded is None:
        return Said(label, predicted, weight)
    there = ~np.isnan(scores)
    numbers = scores if there.all() else scores[there]
    labels = label if there.all() else label[there]
    weights = None if weight is None else weight[there]
    sums, bins = losses_of(numbers, labels, weights)
    return Said(label, predicted, weight, there, encoded, numbers, sums, bins)


def losses_of(numbers: Floats, label: Ints, weight: Floats | None) -> tuple[list[Floats], Ints]:
    """The columns to be added up for rows with a score, and each row's calibration bin (the last: no probability)."""
    several = np.empty((OUTSIDE - SCORE2, len(numbers)))
    outside, bins = np.zeros(len(numbers), dtype=np.bool_), np.empty(len(numbers), dtype=np.int64)
    for start in range(0, len(numbers), AT_ONCE):
        rows = slice(start, start + AT_ONCE)
        found, outside[rows], bins[rows] = _losses(numbers[rows], label[rows])
        for column, values in zip(several, found, strict=True):
            column[rows] = values
    sums = [numbers, *several]
    if weight is not None:
        with np.errstate(over="ignore", invalid="ignore"):  # infinite scores; their sums are not shown
            sums = [column * weight for column in sums]
    none = np.broadcast_to(np.float64(0), len(numbers))
    sums += [outside.astype(np.float64) if outside.any() else none]
    return [*sums, *with_squares(weight)], bins


def with_squares(weight: Floats | None) -> list[Floats]:
    """What is added up of weights: themselves and their squares, which may be more than a float holds."""
    if weight is None:
        return []
    with np.errstate(over="ignore"):
        return [weight, np.square(weight)]


def _losses(numbers: Floats, label: Ints) -> tuple[list[Floats], npt.NDArray[np.bool_], Ints]:
    """Of a few rows: the sums without weights, which scores are no probabilities, and the bins."""
    outside = ~((numbers >= 0) & (numbers <= 1))
    chance = np.where(outside, 0.5, numbers) if outside.any() else numbers
    of_truth = np.abs(chance - (label != POSITIVE))
    loss = -np.log(np.clip(of_truth, SMALLEST, 1 - SMALLEST))
    square = np.square(1 - of_truth)
    known = label != UNKNOWN
    if not known.all():
        loss, square = loss * known, square * known
    bins = np.minimum((chance * CALIBRATION_BINS).astype(np.int64), CALIBRATION_BINS - 1)
    if outside.any():
        bins = np.where(outside, CALIBRATION_BINS, bins)
    with np.errstate(over="ignore", invalid="ignore"):  # infinite scores
        return [numbers**2, loss, loss**2, square, square**2], outside, bins


def view(
    rows: Said,
    groups: Ints | None,
    *,
    limit: Limit = SCORES,
    finer: tuple[View, Renumber] | None = None,
    like: View | None = None,
) -> View:
    """One view of the rows; ``groups`` has each row's number, None for the whole. Two things save work: a ``finer``
    view of them, whose groups, numbered anew, add up to the groups of this one; and ``like``, the same view of other
    rows, which tells what is too fine."""
    if like is not None and rows.encoded is not None:
        rows = replace(rows, encoded=rows.encoded.at(like.scores.level))
    if finer is not None:
        return _added_up(rows, groups, limit, *finer)
    group = np.zeros(len(rows.label), np.int64) if groups is None else groups
    weights = with_squares(rows.weight)
    confusion = tallied((group * 3 + rows.label) * 3 + rows.predicted, weights)
    if rows.scored is None or rows.encoded is None or rows.bins is None or rows.numbers is None:
        extra = len(weights)
        return View(empty(limit, extra), confusion, empty(sums=7 + extra), empty(sums=1 + extra))
    lanes, kept = _by_label(rows, group, weights)
    binned = tallied(lanes * (CALIBRATION_BINS + 1) + rows.bins, [rows.losses[SCORE], *kept])
    return View(
        counted(rows.encoded, lanes=lanes, sums=kept, limit=limit), confusion, tallied(lanes, rows.losses), binned
    )


def _added_up(rows: Said, groups: Ints | None, limit: Limit, finer: View, renumber: Renumber) -> View:
    """All but the scores, which may be kept more finely for fewer groups."""
    small = replace(finer, scores=empty(limit, finer.scores.sums.shape[1])).regrouped(renumber)
    if rows.encoded is None:
        return small
    weights = with_squares(rows.weight)
    lanes, kept = _by_label(rows, groups, weights)
    return replace(small, scores=counted(rows.encoded, lanes=lanes, sums=kept, limit=limit))


def _by_label(rows: Said, groups: Ints | None, weights: Sequence[Floats]) -> tuple[Ints, Sequence[Floats]]:
    """The lanes of the rows with a score, and their weights."""
    lanes = rows.label if groups is None else groups * 3 + rows.label
    if rows.scored is None or rows.scored.all():
        return lanes, weights
    return lanes[rows.scored], [w[rows.scored] for w in weights]


def _regrouped(table: Table, renumber: Renumber, width: int) -> Table:
    return table.relabelled(renumber(table.lanes // width) * width + table.lanes % width)
