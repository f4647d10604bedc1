"""The Summary of some rows: all that an evaluation needs to know of them. Summaries add up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow.compute as pc

from analysis.log import Batch
from analysis.periods import NO_PERIOD, period_numbers
from analysis.plan import Judged, Plan
from analysis.summaries.distinct import Ints
from analysis.summaries.features import Feature, feature_of
from analysis.summaries.ids import Ids, ids_of
from analysis.summaries.pairs import Sides, sides
from analysis.summaries.said import Columns
from analysis.summaries.spoken import Spoken, spoken
from analysis.summaries.table import Table, tallied

OUT_OF_TIME = -(2**40)
"""The lane of rows without a timestamp: below every period, and small enough to be multiplied."""


@dataclass(frozen=True, slots=True)
class Summary:
    """``periods`` counts the judged version's rows by period; ``last_row`` is the place after the last row of the log
    that was seen; ``sides`` are the cases of both versions; ``versions`` counts the rows of every name in the column
    of versions."""

    judged: Spoken
    against: Spoken | None
    features: Mapping[str, Feature]
    periods: Table
    ids: Ids | None
    last_row: int
    sides: Sides | None = None
    versions: Mapping[str, int] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        return self.judged.rows

    def __add__(self, other: Summary) -> Summary:
        against = self.against + other.against if self.against is not None and other.against is not None else None
        return Summary(
            self.judged + other.judged,
            against,
            {name: feature + other.features[name] for name, feature in self.features.items()},
            self.periods + other.periods,
            self.ids + other.ids if self.ids is not None and other.ids is not None else None,
            max(self.last_row, other.last_row),
            self.sides + other.sides if self.sides is not None and other.sides is not None else None,
            {v: self.versions.get(v, 0) + other.versions.get(v, 0) for v in {**self.versions, **other.versions}},
        )


def summarised(batch: Batch, plan: Plan, *, like: Summary | None = None) -> Summary:
    """The summary of a batch. ``like``, the partition's summary so far, only saves work: it tells what is too fine."""
    periods = _periods(batch, plan)
    columns, own = _rows_of(plan, plan.judged, batch.columns, periods)
    against = both = None
    if plan.against is not None:
        theirs, when = _rows_of(plan, plan.against, batch.columns, periods)
        against = spoken(plan, plan.against, theirs, when, like=like.against if like is not None else None)
        places = [_rows_of(plan, v, batch.columns, batch.positions)[1] for v in (plan.judged, plan.against)]
        both = sides(plan, (columns, theirs), (places[0], places[1]))
    return Summary(
        judged=spoken(plan, plan.judged, columns, own, like=like.judged if like is not None else None),
        against=against,
        features=_features(plan, columns, own, like),
        periods=tallied(own),
        ids=ids_of(columns[plan.id]) if plan.id is not None else None,
        last_row=int(batch.positions[-1]) + 1 if len(batch) else 0,
        sides=both,
        versions=_versions(plan, batch.columns),
    )


def measured_columns(plan: Plan) -> tuple[str, ...]:
    """The columns whose drift and quality are measured: the features, the scores, the prediction and the label."""
    said = [*(column for _, column in plan.judged.scores), plan.judged.prediction, plan.label]
    return tuple(dict.fromkeys([*plan.features, *(c for c in said if c is not None)]))


def _features(plan: Plan, columns: Columns, periods: Ints, like: Summary | None) -> dict[str, Feature]:
    before = like.features if like is not None else {}
    return {name: feature_of(columns[name], periods, like=before.get(name)) for name in measured_columns(plan)}


def _rows_of(plan: Plan, version: Judged, columns: Columns, numbers: Ints) -> tuple[Columns, Ints]:
    """The version's own rows: their columns, and what ``numbers`` says of them."""
    if version.rows is None or plan.version_column is None:
        return columns, numbers
    own = pc.equal(columns[plan.version_column], version.rows).fill_null(False)
    return {name: array.filter(own) for name, array in columns.items()}, numbers[np.asarray(own)]


def _periods(batch: Batch, plan: Plan) -> Ints:
    if plan.periods is None:
        return np.zeros(len(batch), dtype=np.int64)
    if isinstance(plan.periods, int):
        return period_numbers(batch.positions, plan.periods)
    times = batch.columns[plan.timestamp or ""].to_numpy(zero_copy_only=False)
    found = period_numbers(times, plan.periods)
    return np.where(found == NO_PERIOD, OUT_OF_TIME, found)


def _versions(plan: Plan, columns: Columns) -> dict[str, int]:
    if plan.version_column is None:
        return {}
    counts = pc.value_counts(columns[plan.version_column].drop_null())
    return {str(c["values"]): int(c["counts"]) for c in counts.to_pylist()}
