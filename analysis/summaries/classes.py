"""What is kept of a model of several classes, for one view of the rows: each class against the rest, and together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from analysis.summaries.distinct import Ints, distinct
from analysis.summaries.groups import Groups, grouped, merged
from analysis.summaries.keys import EXACT, Floats
from analysis.summaries.scores import SCORES, SMALLEST, Said, View, view, with_squares
from analysis.summaries.table import NO_LIMIT, Encoded, Limit, Renumber, Table, counted, gathered, tallied, together

LABEL, PREDICTION = "label", "prediction"
LOSS, LOSS2, SQUARE, SQUARE2, OUTSIDE, WEIGHT, WEIGHT2 = range(7)
"""The sums over rows with a label and all scores: of the logarithmic losses and of the squared errors over all classes,
of their squares; how many rows have a score that is no probability, or a label without a score; the weights and their
squares."""


@dataclass(frozen=True, slots=True)
class Classes:
    """``against_rest`` has a view for each class with a score; ``pairs`` are the (label, prediction) pairs, ``decided``
    counts rows by group (lanes) and pair (keys), ``losses`` sums by group."""

    against_rest: tuple[View, ...]
    pairs: Groups
    decided: Table
    losses: Table

    @classmethod
    def together(cls, parts: Sequence[Classes]) -> Classes:
        pairs, numbers = merged([part.pairs for part in parts])
        decided = [_rekeyed(part.decided, new) for part, new in zip(parts, numbers, strict=True)]
        return cls(
            tuple(View.together(views) for views in zip(*(part.against_rest for part in parts), strict=True)),
            pairs,
            together(decided),
            together([part.losses for part in parts]),
        )

    def regrouped(self, renumber: Renumber) -> Classes:
        return Classes(
            tuple(v.regrouped(renumber) for v in self.against_rest),
            self.pairs,
            self.decided.relabelled(renumber(self.decided.lanes)),
            self.losses.relabelled(renumber(self.losses.lanes)),
        )

    def one_group(self) -> Classes:
        return self.regrouped(np.zeros_like)


@dataclass(frozen=True, slots=True)
class Chosen:
    """Rows of a batch: what they say about each class with a score, their (label, prediction) pairs, and their losses.
    ``scored`` tells the rows with a label and all scores, whose ``sums`` are given."""

    classes: tuple[Said, ...]
    pairs: Groups
    pair: Ints
    weight: Floats | None
    scored: Ints
    sums: list[Floats]


def classes(
    rows: Chosen,
    groups: Ints | None,
    *,
    limit: Limit = SCORES,
    finer: tuple[Classes, Renumber] | None = None,
    like: Classes | None = None,
) -> Classes:
    """One view of the rows, as ``view`` is one of a single class."""
    before: Sequence[View | None] = [None] * len(rows.classes) if like is None else like.against_rest
    if finer is not None:
        return _added_up(rows, groups, limit, before, *finer)
    group = np.zeros(len(rows.pair), np.int64) if groups is None else groups
    weights = with_squares(rows.weight)
    axis, places = distinct(rows.pair)
    return Classes(
        tuple(view(said, groups, limit=limit, like=known) for said, known in zip(rows.classes, before, strict=True)),
        rows.pairs,
        counted(Encoded(axis, places, EXACT), lanes=group, sums=weights),
        tallied(group[rows.scored], rows.sums),
    )


def _added_up(
    rows: Chosen,
    groups: Ints | None,
    limit: Limit,
    before: Sequence[View | None],
    finer: Classes,
    renumber: Renumber,
) -> Classes:
    views = zip(rows.classes, finer.against_rest, before, strict=True)
    return Classes(
        tuple(view(said, groups, limit=limit, finer=(fine, renumber), like=known) for said, fine, known in views),
        rows.pairs,
        finer.decided.relabelled(renumber(finer.decided.lanes)),
        finer.losses.relabelled(renumber(finer.losses.lanes)),
    )


def pairs_of(label: pa.Array, prediction: pa.Array) -> tuple[Groups, Ints]:
    """The different (label, prediction) pairs of a batch, and each row's; both columns are texts."""
    columns: Mapping[str, pa.Array] = {LABEL: label, PREDICTION: prediction}
    return grouped((LABEL, PREDICTION), columns, like=None)


def losses_of(scores: Floats, truth: Ints, weight: Floats | None) -> list[Floats]:
    """The columns of ``losses`` for rows with a label and all scores; ``scores`` is (rows, classes), ``truth`` the
    class of each row's label, or -1 where that class has no score."""
    outside = (truth < 0) | ((scores < 0) | (scores > 1)).any(axis=1)
    chance = scores[np.arange(len(truth)), np.maximum(truth, 0)]
    loss = np.where(outside, 0.0, -np.log(np.clip(chance, SMALLEST, 1 - SMALLEST)))
    with np.errstate(over="ignore", invalid="ignore"):  # infinite scores are no probabilities
        square = np.where(outside, 0.0, (scores**2).sum(axis=1) - 2 * chance + 1)
    w = np.ones(len(truth)) if weight is None else weight
    with np.errstate(over="ignore", invalid="ignore"):
        means = [w * loss, w * loss**2, w * square, w * square**2]
    return [*means, outside.astype(np.float64), *with_squares(w)]


def _rekeyed(table: Table, mapping: Ints) -> Table:
    keys = mapping[table.keys]
    return gathered(keys, table.lanes, table.counts, table.sums, level=EXACT, limit=NO_LIMIT)
