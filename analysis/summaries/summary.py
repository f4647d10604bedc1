"""The Summary of some rows: all that an evaluation needs to know of them. Summaries add up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow.compute as pc

from analysis.log import Batch
from analysis.periods import NO_PERIOD, period_numbers
from analysis.plan import Block, Judged, Plan
from analysis.summaries.distinct import Ints
from analysis.summaries.features import Feature, feature_of
from analysis.summaries.ids import Ids, ids_of
from analysis.summaries.pairs import Sides, sides
from analysis.summaries.said import Columns
from analysis.summaries.spoken import Spoken, spoken
from analysis.summaries.table import Lanes, Table, lanes_of, tallied

OUT_OF_TIME = -(2**40)
"""The lane of rows without a timestamp: below every period, and small enough to be multiplied."""


@dataclass(frozen=True, slots=True)
class Features:
    """The columns that are counted one by one, by their names."""

    by_name: Mapping[str, Feature]

    def __getitem__(self, name: str) -> Feature:
        return self.by_name[name]

    def __add__(self, other: Features) -> Features:
        return Features({name: feature + other.by_name[name] for name, feature in self.by_name.items()})


@dataclass(frozen=True, slots=True)
class Summary:
    """``periods`` counts the judged version's rows by period; ``last_row`` is the place after the last row of the log
    that was seen; ``sides`` are the cases of both versions; ``versions`` counts the rows of every name in the column
    of versions."""

    judged: Spoken
    against: Spoken | None
    features: Features
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
            self.features + other.features,
            self.periods + other.periods,
            self.ids + other.ids if self.ids is not None and other.ids is not None else None,
            max(self.last_row, other.last_row),
            self.sides + other.sides if self.sides is not None and other.sides is not None else None,
            {v: self.versions.get(v, 0) + other.versions.get(v, 0) for v in {**self.versions, **other.versions}},
        )


Part = Summary | Features
"""What is counted of one block of columns: the first block has the summary, the others have features for it."""


def summarised(batch: Batch, plan: Plan, block: Block, *, like: Part | None = None) -> Part:
    """What a block of columns says in a batch. ``like``, something of the same block, only saves work: it tells what is
    too fine."""
    periods = _periods(batch, plan)
    columns, own = _rows_of(plan, plan.judged, batch.columns, periods)
    before = like if isinstance(like, Summary) else None
    known = before.features if before is not None else like if isinstance(like, Features) else None
    features = _features(block.features, columns, None if plan.periods is None else lanes_of(own), known)
    if not block.speaks:
        return features
    against = both = None
    if plan.against is not None:
        theirs, when = _rows_of(plan, plan.against, batch.columns, periods)
        against = spoken(plan, plan.against, theirs, when, like=before.against if before is not None else None)
        places = [_rows_of(plan, v, batch.columns, batch.positions)[1] for v in (plan.judged, plan.against)]
        both = sides(plan, (columns, theirs), (places[0], places[1]))
    return Summary(
        judged=spoken(plan, plan.judged, columns, own, like=before.judged if before is not None else None),
        against=against,
        features=features,
        periods=tallied(own),
        ids=ids_of(columns[plan.id]) if plan.id is not None else None,
        last_row=int(batch.positions[-1]) + 1 if len(batch) else 0,
        sides=both,
        versions=_versions(plan, batch.columns),
    )


def added(one: Part, two: Part) -> Part:
    """Two parts of one block as one."""
    if isinstance(one, Summary) and isinstance(two, Summary):
        return one + two
    if isinstance(one, Features) and isinstance(two, Features):
        return one + two
    raise TypeError(f"a {type(one).__name__} and a {type(two).__name__} do not add up")


def together(parts: Iterable[Part | None], plan: Plan) -> Summary | None:
    """The blocks' parts as one summary, its features in the plan's order; None where no block had a row."""
    summary: Summary | None = None
    features: dict[str, Feature] = {}
    for part in parts:
        if isinstance(part, Summary):
            summary = part
            features |= part.features.by_name
        elif part is not None:
            features |= part.by_name
    if summary is None:
        return None
    return replace(summary, features=Features({name: features[name] for name in plan.measured_columns}))


def _features(names: Iterable[str], columns: Columns, periods: Lanes | None, known: Features | None) -> Features:
    before = known.by_name if known is not None else {}
    return Features({name: feature_of(columns[name], periods, like=before.get(name)) for name in names})


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
