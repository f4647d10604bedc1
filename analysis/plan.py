"""What one evaluation reads and counts: model card, version and the log's columns, settled before the first row."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from analysis.card import ModelCard, Score, Task, Version
from analysis.errors import UserError
from analysis.near_names import did_you_mean, listed, quoted

PANDAS_INDEX = re.compile(r"__index_level_\d+__")
"""What pandas calls the numbers of rows in a Parquet file: no feature of anything."""
Grouping = tuple[str, ...]
"""The columns whose values together make a group."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One version: which rows are its own (``rows`` is its name in the version column; None: all of them) and which
    columns hold what it said. ``scores`` are (class, column) pairs; the class is None for all tasks but multiclass."""

    version: str
    rows: str | None
    scores: tuple[tuple[str | None, str], ...]
    prediction: str | None
    rank: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Columns are named once, whatever they are needed for; ``columns`` are those to be read."""

    task: Task
    judged: Judged
    against: Judged | None
    version_column: str | None
    label: str | None
    positive: str | None
    threshold: float
    weight: str | None
    id: str | None
    query: str | None
    item: str | None
    k: tuple[int, ...]
    timestamp: str | None
    periods: str | int | None
    groupings: tuple[Grouping, ...]
    protected: tuple[Grouping, ...]
    features: tuple[str, ...]
    columns: tuple[str, ...]
    texts: frozenset[str] = frozenset()
    """Columns of text that are no numbers, whatever they look like: codes, and what the model card declares."""
    zone: str | None = None
    """In which periods begin; None for UTC."""
    samples: bool = False
    """Whether a sample of rows is kept."""
    sampled_for: tuple[str, ...] = ()
    """The checks that need what only the sample tells."""
    smallest_hotspot: int | None = None
    """The fewest rows of a weak segment, where the model card says so."""
    others: tuple[str, ...] = ()
    """The columns that nothing else is read for, where rows are compared as a whole."""

    @property
    def same_rows(self) -> bool:
        """Whether both versions speak in the same rows, so that they are paired without an id. A version with columns
        of its own speaks in every row."""
        return self.against is not None and (self.judged.rows is None or self.against.rows is None)

    @property
    def measured_columns(self) -> tuple[str, ...]:
        """The columns whose drift and quality are measured: the features, the scores, the prediction and the label."""
        said = [*(column for _, column in self.judged.scores), self.judged.prediction, self.label]
        return tuple(dict.fromkeys([*self.features, *(c for c in said if c is not None)]))

    @property
    def columns_as_they_are(self) -> frozenset[str]:
        """Those that are read for more than to tell a row's period."""
        return frozenset(_with_columns(replace(self, periods=None)).columns)

    @property
    def period_column(self) -> str | None:
        return self.timestamp if isinstance(self.periods, str) else None


COLUMNS_OF_A_BLOCK = 8


@dataclass(frozen=True, slots=True)
class Block:
    """``features`` are counted one by one; ``speaks`` says that what the versions said is counted as well. ``columns``
    are those to be read for it."""

    features: tuple[str, ...]
    speaks: bool
    columns: tuple[str, ...]


def blocks_of(plan: Plan, *, apart: bool) -> tuple[Block, ...]:
    """What is read and counted together: everything, or where columns can be read ``apart`` a few at a time."""
    if not apart:
        return (Block(plan.measured_columns, True, plan.columns),)
    spoken = _with_columns(replace(plan, features=()))
    speaking = Block(spoken.measured_columns, True, spoken.columns)
    others = [c for c in plan.features if c not in speaking.features]
    needed = [c for c in (plan.period_column, plan.version_column) if c is not None]
    blocks = [speaking]
    for start in range(0, len(others), COLUMNS_OF_A_BLOCK):
        some = tuple(others[start : start + COLUMNS_OF_A_BLOCK])
        blocks.append(Block(some, False, tuple(dict.fromkeys((*needed, *some)))))
    return tuple(blocks)


def plan_for(card: ModelCard, there: Collection[str], *, version: str | None, against: str | None) -> Plan:
    """The plan for a version (the champion without one) and the log's columns. Raises UserError for unknown names."""
    judged = _judged(card, version_of(card, version or card.champion))
    other = _judged(card, version_of(card, against)) if against is not None else None
    if other is not None and other.version == judged.version:
        raise UserError(f"version {quoted(judged.version)} cannot be compared with itself; name another one")
    by_rows = judged.rows is not None or (other is not None and other.rows is not None)
    if other is not None and None not in (judged.rows, other.rows) and card.columns.id is None:
        raise UserError(
            f"to compare {quoted(judged.version)} with {quoted(other.version)} their rows are paired by id; "
            "name the column under log.columns.id"
        )
    meant = dict.fromkeys(_meant(card))
    others = (c for c in there if c not in meant and not PANDAS_INDEX.fullmatch(c))
    features = card.features if card.features is not None else tuple(others)
    features = tuple(c for c in features if c not in card.exclude)
    groupings = {frozenset(g): g for g in reversed((*card.protected, *card.slices, *_checked_slices(card)))}
    label = card.columns.label if card.columns.label in there or card.labels is not None else None
    settled = Plan(
        task=card.task,
        judged=judged,
        against=other,
        version_column=card.columns.version if by_rows else None,
        label=label,
        positive=card.positive,
        threshold=card.threshold,
        weight=card.columns.weight,
        id=card.columns.id,
        query=card.columns.query,
        item=card.columns.item,
        k=card.k,
        timestamp=card.columns.timestamp,
        periods=card.periods,
        zone=card.zone,
        groupings=tuple(reversed(groupings.values())),
        protected=card.protected,
        features=features,
        columns=(),
    )
    return _with_columns(settled)


def must_be_supported(card: ModelCard) -> None:
    """Raises UserError for a task that nothing is measured of."""
    if card.task == "ranking":
        raise UserError(
            f"{card.model} is a ranking, and rankings are not supported yet; the tasks that can be evaluated are "
            "binary, multiclass and regression"
        )


def comparing_rows(plan: Plan, there: Collection[str]) -> Plan:
    """With all columns that the log has (``there``), by which whole rows are told apart."""
    known = frozenset(plan.columns)
    others = tuple(c for c in there if c not in known and not PANDAS_INDEX.fullmatch(c))
    return _with_columns(replace(plan, others=others))


def version_of(card: ModelCard, name: str) -> Version:
    """The version of that name; UserError offers the near ones."""
    found = next((v for v in card.versions if v.name == name), None)
    if found is None:
        names = [v.name for v in card.versions]
        hint = did_you_mean(name, names) or f"; its versions are {listed(names)}"
        raise UserError(f"the model {card.model} has no version {quoted(name)}{hint}")
    return found


def _judged(card: ModelCard, version: Version) -> Judged:
    """A version with columns of its own speaks in all rows; else those of its name are its rows, unless it is the only
    version and the log has no column of versions."""
    if version.has_own_columns:
        rows, score, prediction = None, version.score, version.prediction
    else:
        rows = version.name if card.columns.version is not None else None
        score, prediction = card.columns.score, card.columns.prediction
    return Judged(
        version=version.name,
        rows=rows,
        scores=_pairs(score),
        prediction=prediction,
        rank=None if version.has_own_columns else card.columns.rank,
    )


def _pairs(score: Score | None) -> tuple[tuple[str | None, str], ...]:
    if score is None:
        return ()
    return tuple(score.items()) if isinstance(score, Mapping) else ((None, score),)


def _meant(card: ModelCard) -> list[str]:
    """Every column that means something, for whatever version, and so is no feature by default."""
    columns = card.columns
    roles = (columns.id, columns.timestamp, columns.version, columns.label, columns.prediction)
    more = (columns.query, columns.item, columns.rank, columns.weight, *(v.prediction for v in card.versions))
    scores = [column for score in (columns.score, *(v.score for v in card.versions)) for _, column in _pairs(score)]
    keys = card.labels.by if card.labels is not None else ()
    return [c for c in (*roles, *more, *scores, *keys) if c is not None]


def _checked_slices(card: ModelCard) -> list[Grouping]:
    """Slices that only a check asks for."""
    return [tuple(column for column, _ in check.slice) for check in card.checks if check.slice]


def _with_columns(plan: Plan) -> Plan:
    versions = [plan.judged, *([plan.against] if plan.against is not None else [])]
    said = [c for v in versions for c in (*(column for _, column in v.scores), v.prediction, v.rank)]
    wanted = [plan.id, plan.period_column, plan.version_column, plan.label, plan.weight, plan.query, plan.item]
    sliced = [column for grouping in plan.groupings for column in grouping]
    every = dict.fromkeys(c for c in (*wanted, *said, *sliced, *plan.features, *plan.others) if c is not None)
    return replace(plan, columns=tuple(every))
