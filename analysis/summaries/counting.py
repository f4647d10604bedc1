"""Counts a block of columns of one partition, batch after batch, and gives its part of the log's Summary."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analysis.log import Batch
from analysis.log_times import local_times
from analysis.periods import NO_PERIOD, period_numbers
from analysis.plan import Block, Judged, Plan
from analysis.summaries.columns import Mask
from analysis.summaries.distinct import Ints
from analysis.summaries.feature_counting import ROWS_AT_ONCE, FeatureCounting
from analysis.summaries.ids import ids_of
from analysis.summaries.moments import AT_ONCE
from analysis.summaries.pairs import sides
from analysis.summaries.said import Columns
from analysis.summaries.sample import MOST_ROWS_OF_A_PARTITION, Sample, sample_of, tickets_of
from analysis.summaries.spoken import spoken
from analysis.summaries.summary import OUT_OF_TIME, Features, Part, Summary
from analysis.summaries.table import Table, empty, tallied


def in_pieces(batches: Iterable[Batch], rows: int = AT_ONCE) -> Iterator[Batch]:
    """The same rows in batches of so many, the last one smaller: so the last digit of a sum does not hang on the size
    in which a file or a database gives its rows."""
    waiting: list[Batch] = []
    there = 0
    for batch in batches:
        start = 0
        while there + len(batch) - start >= rows:
            end = start + rows - there
            yield _joined([*waiting, _cut(batch, start, end)])
            waiting, there, start = [], 0, end
        if start < len(batch):
            waiting.append(_cut(batch, start, len(batch)))
            there += len(batch) - start
    if waiting:
        yield _joined(waiting)


def _cut(batch: Batch, start: int, end: int) -> Batch:
    if (start, end) == (0, len(batch)):
        return batch
    columns = {name: array.slice(start, end - start) for name, array in batch.columns.items()}
    return Batch(batch.positions[start:end], columns)


class Counting:
    """The batches are the partition's rows in order; ``file_start`` is the place in the log of its file's first row."""

    def __init__(self, plan: Plan, block: Block, *, file_start: int = 0) -> None:
        self._plan, self._block, self._file_start = plan, block, file_start
        self._features = FeatureCounting(block.features, by_period=plan.periods is not None, texts=plan.texts)
        self._samples: list[Sample] = []
        self._waiting: list[Batch] = []
        self._said: list[Summary] = []

    def take(self, batch: Batch) -> None:
        if not len(batch):
            return
        own = _own_rows(self._plan, self._plan.judged, batch.columns)
        columns, when = _columns(batch.columns, own), _numbers(_periods(batch, self._plan), own)
        self._features.take(columns, when)
        if self._plan.samples:
            self._sample(_numbers(batch.positions, own) - self._file_start, columns)
        if self._block.speaks:
            if self._waiting and sum(map(len, self._waiting)) + len(batch) > ROWS_AT_ONCE:
                self._listen()
            self._waiting.append(batch)

    def total(self) -> Part | None:
        """What the block says of all that was taken; None where the partition had no row."""
        by_name = self._features.total()
        if by_name is None:
            return None
        sample = Sample.together(self._samples).bounded(MOST_ROWS_OF_A_PARTITION) if self._samples else None
        features = Features(by_name, sample)
        if not self._block.speaks:
            return features
        self._listen()
        return replace(Summary.together(self._said), features=features)

    def _sample(self, places: Ints, columns: Columns) -> None:
        halvings = self._samples[-1].halvings if self._samples else 0
        names = _sampled(self._plan, self._block)
        self._samples.append(sample_of(tickets_of(places), columns, names, halvings=halvings))
        if sum(map(len, self._samples)) > MOST_ROWS_OF_A_PARTITION:
            self._samples = [Sample.together(self._samples).bounded(MOST_ROWS_OF_A_PARTITION)]

    def _listen(self) -> None:
        """What the versions said in the batches that wait. What came before only saves work: it tells what is too
        fine."""
        if not self._waiting:
            return
        plan, batch, before = self._plan, _joined(self._waiting), self._said[-1] if self._said else None
        self._waiting = []
        periods = _periods(batch, plan)
        own = _own_rows(plan, plan.judged, batch.columns)
        columns, when = _columns(batch.columns, own), _numbers(periods, own)
        against = both = None
        if plan.against is not None:
            other = _own_rows(plan, plan.against, batch.columns)
            theirs = _columns(batch.columns, other)
            known = before.against if before is not None else None
            against = spoken(plan, plan.against, theirs, _numbers(periods, other), like=known)
            both = sides(plan, (columns, theirs), (_numbers(batch.positions, own), _numbers(batch.positions, other)))
        summary = Summary(
            judged=spoken(plan, plan.judged, columns, when, like=before.judged if before is not None else None),
            against=against,
            features=Features({}),
            periods=tallied(when),
            ids=ids_of(columns[plan.id]) if plan.id is not None else None,
            last_row=int(batch.positions[-1]) + 1,
            sides=both,
            versions=_versions(plan, batch.columns),
            everyone=tallied(periods) if plan.version_column is not None else empty(),
            unversioned=_unversioned(plan, batch.columns, periods),
        )
        self._said.append(summary)


def _joined(batches: Sequence[Batch]) -> Batch:
    if len(batches) == 1:
        return batches[0]
    positions = np.concatenate([b.positions for b in batches])
    columns = {name: pa.concat_arrays([b.columns[name] for b in batches]) for name in batches[0].columns}
    return Batch(positions, columns)


def _sampled(plan: Plan, block: Block) -> tuple[str, ...]:
    """The features of a block, and what the rows' error is told from where it is read."""
    if not block.speaks:
        return block.features
    if "duplicates" in plan.sampled_for:
        return block.columns
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
    times = local_times(batch.columns[plan.timestamp or ""], plan.zone).to_numpy(zero_copy_only=False)
    found = period_numbers(times, plan.periods)
    return np.where(found == NO_PERIOD, OUT_OF_TIME, found)


def _unversioned(plan: Plan, columns: Columns, periods: Ints) -> Table:
    """Rows without a version, which count for none, by period."""
    if plan.version_column is None or not columns[plan.version_column].null_count:
        return empty()
    return tallied(periods[np.asarray(columns[plan.version_column].is_null())])


def _versions(plan: Plan, columns: Columns) -> dict[str, int]:
    if plan.version_column is None:
        return {}
    counts = pc.value_counts(columns[plan.version_column].drop_null())
    return {str(c["values"]): int(c["counts"]) for c in counts.to_pylist()}
