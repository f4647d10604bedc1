"""The Summary of some rows: all that an evaluation needs to know of them. Summaries add up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from analysis.plan import Plan
from analysis.summaries.features import Feature
from analysis.summaries.ids import Ids
from analysis.summaries.pairs import Sides
from analysis.summaries.sample import Sample, side_by_side
from analysis.summaries.spoken import Spoken
from analysis.summaries.table import Table, empty, together

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

    @classmethod
    def together(cls, parts: Sequence[Features]) -> Features:
        samples = [part.sample for part in parts if part.sample is not None]
        by_name = {name: Feature.together([part.by_name[name] for part in parts]) for name in parts[0].by_name}
        return cls(by_name, Sample.together(samples) if samples else None)


@dataclass(frozen=True, slots=True)
class Summary:
    """``periods`` counts the judged version's rows by period; ``last_row`` is the place after the last row of the log
    that was seen; ``sides`` are the cases of both versions; ``versions`` counts the rows of every name in the column
    of versions, where rows are told apart by it; ``everyone`` counts them all by period, ``unversioned`` those without
    a name there."""

    judged: Spoken
    against: Spoken | None
    features: Features
    periods: Table
    ids: Ids | None
    last_row: int
    sides: Sides | None = None
    versions: Mapping[str, int] = field(default_factory=dict)
    everyone: Table = field(default_factory=empty)
    unversioned: Table = field(default_factory=empty)

    @property
    def rows(self) -> int:
        return self.judged.rows

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
            together([part.everyone for part in parts]),
            together([part.unversioned for part in parts]),
        )


Part = Summary | Features
"""What is counted of one block of columns: the first block has the summary, the others have features for it."""


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
