"""The Summary of some rows: all that an evaluation needs to know of them. Summaries add up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analysis.log import Batch
from analysis.periods import NO_PERIOD, period_numbers
from analysis.plan import Block, Judged, Plan
from analysis.summaries.columns import Mask
from analysis.summaries.distinct import Ints
from analysis.summaries.features import Feature, feature_of
from analysis.summaries.ids import Hashes, Ids, ids_of
from analysis.summaries.pairs import Sides, sides
from analysis.summaries.said import Columns
from analysis.summaries.sample import MOST_ROWS_OF_A_PARTITION, Sample, sample_of, side_by_side
from analysis.summaries.spoken import Spoken, spoken
from analysis.summaries.table import Lanes, Table, lanes_of, tallied, together

OUT_OF_TIME = -(2**40)
"""The lane of rows without a timestamp: below every period, and small enough to be multiplied."""


@dataclass(frozen=True, slots=True)
class Features:
    """The columns that are counted one by one, by their names; and the rows that were drawn, with what was read of
    them. ``sample`` is None where the plan asks for none."""

    by_name: Mapping[str, Feature]
    sample: Sample | None = None

    def __getitem__(self, name: str) -> Feature:
        return self.by_name[name]

    def bounded(self) -> Features:
        """As it is kept of a partition: with a smaller sample."""
        return self if self.sample is None else replace(self, sample=self.sample.bounded(MOST_ROWS_OF_A_PARTITION))

    @classmethod
    def together(cls, parts: Sequence[Features]) -> Features:
        samples = [part.sample for part in parts if part.sample is not None]
        by_name = {name: Feature.together([part.by_name[name] for part in parts]) for name in parts[0].by_name}
        return cls(by_name, Sample.together(samples) if samples else None)


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

    def bounded(self) -> Summary:
        return replace(self, features=self.features.bounded())

    def __add__(self, other: Summary) -> Summary:
        return Summary.together([self, other])

    @classmethod
    def together(cls, parts: Sequence[Summary]) -> Summary:
        """Many at once, in their order: their tables are merged in one pass."""
        against = [part.against for part in parts if part.against is not None]
        ids = [part.ids for part in parts if part.ids is not None]
        both = [part.sides for part in parts if part.sides is not None]
        return cls(
            Spoken.together([part.judged for part in parts]),
            Spoken.together(against) if against else None,
            Features.together([part.features for part in parts]),
            together([part.periods for part in parts]),
            Ids.together(ids) if ids else None,
            max(part.last_row for part in parts),
            Sides.together(both) if both else None,
            dict(sum((Counter(part.versions) for part in parts), Counter())),
        )


Part = Summary | Features
"""What is counted of one block of columns: the first block has the summary, the others have features for it."""


def summarised(
    batch: Batch, plan: Plan, block: Block, *, tickets: Hashes | None = None, like: Part | None = None
) -> Part:
    """What a block of columns says in a batch; ``tickets`` decide which rows are kept in the sample, if the plan asks
    for one. ``like``, something of the same block, only saves work: it tells what is too fine."""
    periods = _periods(batch, plan)
    own = _own_rows(plan, plan.judged, batch.columns)
    columns, when = _columns(batch.columns, own), _numbers(periods, own)
    before = like if isinstance(like, Summary) else None
    known = before.features if before is not None else like if isinstance(like, Features) else None
    features = _features(block.features, columns, None if plan.periods is None else lanes_of(when), known)
    if tickets is not None and plan.samples:
        halvings = known.sample.halvings if known is not None and known.sample is not None else 0
        drawn = sample_of(tickets if own is None else tickets[own], columns, _sampled(plan, block), halvings=halvings)
        features = replace(features, sample=drawn)
    if not block.speaks:
        return features
    against = both = None
    if plan.against is not None:
        other = _own_rows(plan, plan.against, batch.columns)
        theirs = _columns(batch.columns, other)
        of_theirs = before.against if before is not None else None
        against = spoken(plan, plan.against, theirs, _numbers(periods, other), like=of_theirs)
        both = sides(plan, (columns, theirs), (_numbers(batch.positions, own), _numbers(batch.positions, other)))
    return Summary(
        judged=spoken(plan, plan.judged, columns, when, like=before.judged if before is not None else None),
        against=against,
        features=features,
        periods=tallied(when),
        ids=ids_of(columns[plan.id]) if plan.id is not None else None,
        last_row=int(batch.positions[-1]) + 1 if len(batch) else 0,
        sides=both,
        versions=_versions(plan, batch.columns),
    )


def added(parts: Sequence[Part]) -> Part:
    """Parts of one block as one, in their order."""
    if len(parts) == 1:
        return parts[0]
    summaries = [part for part in parts if isinstance(part, Summary)]
    if summaries:
        return Summary.together(summaries)
    return Features.together([part for part in parts if isinstance(part, Features)])


def one_summary(parts: Iterable[Part | None], plan: Plan) -> Summary | None:
    """The blocks' parts as one summary, its features in the plan's order; None where no block had a row."""
    summary: Summary | None = None
    features: dict[str, Feature] = {}
    samples: list[Sample] = []
    for part in parts:
        if part is None:
            continue
        if isinstance(part, Summary):
            summary, found = part, part.features
        else:
            found = part
        features |= found.by_name
        samples += [found.sample] if found.sample is not None else []
    if summary is None:
        return None
    by_name = {name: features[name] for name in plan.measured_columns}
    return replace(summary, features=Features(by_name, side_by_side(samples) if samples else None))


def _features(names: Iterable[str], columns: Columns, periods: Lanes | None, known: Features | None) -> Features:
    before = known.by_name if known is not None else {}
    return Features({name: feature_of(columns[name], periods, like=before.get(name)) for name in names})


def _sampled(plan: Plan, block: Block) -> tuple[str, ...]:
    """The features of a block, and what the rows' error is told from where it is read."""
    if not block.speaks:
        return block.features
    said = [*(column for _, column in plan.judged.scores), plan.judged.prediction, plan.label]
    return tuple(dict.fromkeys(c for c in (*block.features, *said, plan.weight) if c is not None))


def _own_rows(plan: Plan, version: Judged, columns: Columns) -> Mask | None:
    """Which rows are the version's own; None for all of them."""
    if version.rows is None or plan.version_column is None:
        return None
    return np.asarray(pc.equal(columns[plan.version_column], version.rows).fill_null(False))


def _columns(columns: Columns, wanted: Mask | None) -> Columns:
    if wanted is None:
        return columns
    mask = pa.array(wanted)
    return {name: array.filter(mask) for name, array in columns.items()}


def _numbers(numbers: Ints, wanted: Mask | None) -> Ints:
    return numbers if wanted is None else numbers[wanted]


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
