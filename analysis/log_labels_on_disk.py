"""Labels that are too many for memory: sorted in pieces, put together on disk, and looked up there."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pyarrow as pa

from analysis.errors import DataError
from analysis.log_label_rows import AGE, HASH, Twice, each_once, without_dictionary
from analysis.log_labels import LabelTable, bounds
from analysis.log_mapped import Mapped, mapped


class LabelsOnDisk:
    """Labels sorted on the disk of this machine. A process that is sent them has a disk of its own: there they are read
    anew, once, when the first of them is asked for. Raises DataError when they changed since."""

    def __init__(self, read: Callable[[], LabelTable], identity: str, table: LabelTable | None = None) -> None:
        self.identity = identity
        self._read = read
        self._table = table
        self._reading = threading.Lock()

    def __reduce__(self) -> tuple[type[LabelsOnDisk], tuple[Callable[[], LabelTable], str]]:
        return LabelsOnDisk, (self._read, self.identity)

    def labels_of(self, ids: pa.StringArray) -> pa.Array:
        return self._here().labels_of(ids)

    def in_order(self) -> pa.Table:
        return self._here().in_order()

    def _here(self) -> LabelTable:
        with self._reading:
            if self._table is None:
                table = self._read()
                if table.identity != self.identity:
                    raise DataError("the labels changed while they were read; run it again when they are complete")
                self._table = table
            return self._table


def sorted_on_disk(runs: Iterator[pa.RecordBatch], bucket_bytes: int, twice: Twice, name: str) -> Mapped:
    """Sorted runs, each with an id once, as buckets of about ``bucket_bytes`` that have it once together. Raises
    DataError when the labels, which people call ``name``, find no room on the disk."""
    what = f"the labels in {name}"
    in_runs = mapped(map(without_dictionary, runs), what)
    buckets = sum(run.nbytes for run in in_runs.batches) // bucket_bytes + 1
    return mapped(_merged(in_runs, buckets, twice), what)


def _merged(runs: Mapped, buckets: int, twice: Twice) -> Iterator[pa.RecordBatch]:
    inner = bounds(buckets)
    cuts = [[0, *np.searchsorted(run.column(HASH), inner).tolist(), len(run)] for run in runs.each()]
    for number in range(buckets):
        merged = each_once(pa.concat_batches(_shares(runs, cuts, number)), twice)
        yield merged.drop_columns([AGE]) if AGE in merged.schema.names else merged


def _shares(runs: Mapped, cuts: Sequence[Sequence[int]], bucket: int) -> list[pa.RecordBatch]:
    """A bucket's rows of each run, copied: many runs would have many of their pages in memory at once."""
    shares = []
    for run, cut in zip(runs.batches, cuts, strict=True):
        shares.append(pa.concat_batches([run.slice(cut[bucket], cut[bucket + 1] - cut[bucket])]))
        runs.forget()
    return shares
