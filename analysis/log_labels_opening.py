"""Opens the labels that arrive in a second source: reads them all, and keeps them in memory or, if many, on disk."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from functools import partial
from itertools import chain

import numpy as np
import pyarrow as pa

from analysis.card import Labels, ModelCard
from analysis.errors import DataError
from analysis.log_label_rows import Newness, Twice, each_once, label_rows, together
from analysis.log_labels import Bucket, LabelTable, LateLabels, joined_id
from analysis.log_labels_on_disk import LabelsOnDisk, sorted_on_disk
from analysis.log_limits import Limits
from analysis.log_roles import roles_of_labels
from analysis.log_table import Table, open_table
from analysis.log_times import NotATimeError, as_times
from analysis.log_values import Kind, kind_of_type
from analysis.near_names import did_you_mean, listed, quoted

_NO_ROWS = label_rows(pa.array([], pa.string()), pa.nulls(0), 0, None)
_OLDEST = np.iinfo(np.int64).min


def open_labels(card: ModelCard, labels: Labels, limits: Limits) -> LateLabels:
    """Reads all labels; only their ids, the label and how new they are.

    Raises DataError for files that can't be used, and for an id that occurs twice where it must not."""
    table = read_labels(card, labels, limits)
    if table.on_disk is None:
        return table
    return LabelsOnDisk(partial(read_labels, card, labels, limits), table.identity, table)


def read_labels(card: ModelCard, labels: Labels, limits: Limits) -> LabelTable:
    """The labels, on the disk of this machine if they are many. Raises DataError as ``open_labels``."""
    label = card.columns.label
    if label is None:
        raise DataError("the labels have a source of their own, but log.columns.label names no column")
    source = _table(card, labels, label, limits)
    twice = Twice()
    runs = _in_runs(_rows(source, labels, label), limits.label_bytes)
    found = _in_memory_or_on_disk(map(partial(each_once, twice=twice), runs), twice, source, limits)
    if not labels.latest:
        _must_be_each_once(twice, source.name)
    return found


def _in_memory_or_on_disk(runs: Iterator[pa.RecordBatch], twice: Twice, source: Table, limits: Limits) -> LabelTable:
    """One run stays in memory, several go to disk."""
    identity = "\n".join(file.file.identity for file in source.files)
    first, second = next(runs, _NO_ROWS), next(runs, None)
    if second is None:
        return LabelTable((Bucket.of(first),), identity)
    every = chain([first, second], runs)
    del first, second  # else they would be in memory until the last is sorted
    on_disk = sorted_on_disk(every, limits.label_bytes, twice, source.name)
    return LabelTable(tuple(Bucket.of(rows) for rows in on_disk.each()), identity, on_disk)


def _must_be_each_once(twice: Twice, name: str) -> None:
    if twice.first_row is not None:
        raise DataError(
            f"{name} has more than one label for an id: that of row {twice.first_row + 1:,} occurs again "
            f"({twice.labels:,} labels too many in all); "
            "keep one each, or name a column under log.labels.latest whose newest value decides"
        )


def _table(card: ModelCard, labels: Labels, label: str, limits: Limits) -> Table:
    wanted = _wanted(labels, label)

    def must_have(there: Collection[str], name: str) -> None:
        missing = [f"{quoted(c)}{did_you_mean(c, there)}" for c in wanted if c not in there]
        if missing:
            raise DataError(f"the labels in {name} lack {'; '.join(missing)}. They have {listed(list(there))}.")

    table = open_table(
        labels.source,
        root=card.root,
        format_=labels.format,
        roles=roles_of_labels(card),
        must_have=must_have,
        limits=limits,
        allowed=card.allowed,
    )
    if any(table.kinds[c] is Kind.NESTED for c in wanted):
        raise DataError(f"the labels in {table.name} hold lists or mappings, which can't be compared")
    return table


def _wanted(labels: Labels, label: str) -> list[str]:
    return list(dict.fromkeys([*labels.by, label, *([labels.latest] if labels.latest else [])]))


def _rows(table: Table, labels: Labels, label: str) -> Iterator[pa.RecordBatch]:
    first_row = 0
    for rows, found in table.read_all(_wanted(labels, label)):
        newness = _newness(found[labels.latest], table.name, labels.latest) if labels.latest else None
        yield label_rows(joined_id(found, labels.by), found[label], first_row, newness)
        first_row += rows


def _in_runs(rows: Iterable[pa.RecordBatch], run_bytes: int) -> Iterator[pa.RecordBatch]:
    """The same rows in batches of just more than ``run_bytes``; the last has less."""
    waiting: list[pa.RecordBatch] = []
    size = 0
    for batch in rows:
        waiting.append(batch)
        size += batch.nbytes
        if size > run_bytes:
            yield _taken(waiting)
            size = 0
    if waiting:
        yield _taken(waiting)


def _taken(waiting: list[pa.RecordBatch]) -> pa.RecordBatch:
    """All that waits as one; the list no longer holds it."""
    rows = together(waiting)
    waiting.clear()
    return rows


def _newness(age: pa.Array, name: str, latest: str) -> Newness:
    """Numbers that grow with newness; a missing one is the oldest."""
    kind = kind_of_type(age.type)
    found: Newness
    if kind is Kind.FRACTION:
        found = np.nan_to_num(np.asarray(age.fill_null(-np.inf)), nan=-np.inf, neginf=-np.inf, posinf=np.inf)
    elif kind is Kind.WHOLE:
        found = np.asarray(age.fill_null(_OLDEST))
    elif age.null_count == len(age):
        found = np.full(len(age), _OLDEST)
    else:
        found = _moments(age, name, latest)
    return found


def _moments(age: pa.Array, name: str, latest: str) -> Newness:
    try:
        return np.asarray(as_times(age).cast(pa.int64()).fill_null(_OLDEST))
    except NotATimeError as error:
        raise DataError(f'{name}: column "{latest}" holds {error.says}, and no number') from None
