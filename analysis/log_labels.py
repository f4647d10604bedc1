"""Labels from a second source, found by id and joined batch by batch.

Ids are compared as text. An id that occurs twice is an error, unless the model card names a column whose newest value
decides (of equally new ones, the last). A label whose id the log lacks is kept: a ranking's ideal counts it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analysis.log_hashes import Hashes
from analysis.log_label_rows import HASH, ID, LABEL, ROW, hashes_of
from analysis.log_mapped import Mapped
from analysis.log_values import as_text

BETWEEN = "\x1f"
"""Stands between the parts of an id of several columns; a sign that no text holds."""


class LateLabels(Protocol):
    """Labels that are looked up by the ids of the log's rows, by several threads at once."""

    @property
    def identity(self) -> str:
        """Names the bytes that the labels were read from; nothing where they may change unseen."""
        ...

    def labels_of(self, ids: pa.StringArray) -> pa.Array:
        """The label of each id, null where there is none."""
        ...

    def in_order(self) -> pa.Table:
        """All ``id``s and ``label``s that count, in the order of the source; they are all in memory then."""
        ...


@dataclass(frozen=True, slots=True)
class Bucket:
    """Labels sorted by the hash of their id; up to ``sharing`` ids have one hash, nearly always one."""

    hashes: Hashes
    ids: pa.StringArray
    labels: pa.Array
    rows: pa.Int64Array
    sharing: int

    @classmethod
    def of(cls, rows: pa.RecordBatch) -> Bucket:
        by = rows.column(HASH).to_numpy()
        return cls(by, rows.column(ID), rows.column(LABEL), rows.column(ROW), _longest_run(by))

    def labels_of(self, ids: pa.StringArray, sought: Hashes) -> pa.Array:
        """The label of each id, ``sought`` by its hash."""
        if not len(self.hashes):
            return pa.nulls(len(ids), self.labels.type)
        first = np.searchsorted(self.hashes, sought)
        found = pa.nulls(len(ids), pa.int64())
        for after in range(self.sharing):
            places = (first + after).clip(max=len(self.hashes) - 1)
            candidates = pa.array(places, mask=self.hashes[places] != sought)
            same = pc.fill_null(pc.equal(self.ids.take(candidates), ids), False)
            found = pc.if_else(same, candidates, found)
        return self.labels.take(found)


@dataclass(frozen=True, slots=True)
class LabelTable:
    """Labels in buckets, each for an equal share of all hashes, from the lowest to the highest. ``on_disk`` is where
    they lie, None where they lie in memory."""

    buckets: tuple[Bucket, ...]
    identity: str
    on_disk: Mapped | None = None

    def labels_of(self, ids: pa.StringArray) -> pa.Array:
        sought = hashes_of(ids)
        if len(self.buckets) == 1:
            return self.buckets[0].labels_of(ids, sought)
        order = np.argsort(sought)
        found = pa.concat_arrays(list(self._by_bucket(ids.take(pa.array(order)), sought[order])))
        places = np.empty(len(order), dtype=np.int64)
        places[order] = np.arange(len(order))
        return found.take(pa.array(places))

    def _by_bucket(self, ids: pa.StringArray, sought: Hashes) -> Iterator[pa.Array]:
        """The labels of ids in the order of their hashes: each bucket is asked once, for its share of them."""
        ends = [*np.searchsorted(sought, bounds(len(self.buckets))).tolist(), len(sought)]
        for bucket, start, end in zip(self.buckets, [0, *ends[:-1]], ends, strict=True):
            yield bucket.labels_of(ids[start:end], sought[start:end])
            if self.on_disk is not None:
                self.on_disk.forget()

    def in_order(self) -> pa.Table:
        rows, ids, labels = (
            pa.chunked_array([getattr(bucket, column) for bucket in self.buckets])
            for column in ("rows", "ids", "labels")
        )
        return pa.table({ID: ids, LABEL: labels}).take(pc.sort_indices(rows))


def bounds(buckets: int) -> Hashes:
    """The lowest hash of each bucket but the first: hashes are spread evenly, so buckets are of like sizes."""
    return np.array([(number << 64) // buckets for number in range(1, buckets)], dtype=np.uint64)


def joined_id(columns: Mapping[str, pa.Array], by: Sequence[str]) -> pa.StringArray:
    """The ids of rows as one text; null where a part is missing."""
    parts = [as_text(columns[c]) for c in by]
    return parts[0] if len(parts) == 1 else pc.binary_join_element_wise(*parts, BETWEEN)


def parts_of_id(ids: pa.ChunkedArray, by: Sequence[str]) -> dict[str, pa.ChunkedArray]:
    """The columns that ids were joined from."""
    if len(by) == 1:
        return {by[0]: ids}
    split = pc.split_pattern(ids, BETWEEN)
    return {c: pc.list_element(split, place) for place, c in enumerate(by)}


def _longest_run(by: Hashes) -> int:
    """How often the commonest of sorted hashes occurs."""
    starts = np.flatnonzero(by[1:] != by[:-1]) + 1
    return int(np.diff([0, *starts, len(by)]).max()) if len(starts) < len(by) - 1 else 1
