"""Rows of labels in the order in which they are searched: by the hash of their id, each id once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from analysis.log_hashes import Hashes, hashes

HASH, ID, LABEL, ROW, AGE = "hash", "id", "label", "row", "age"
SEED = 0

Places = npt.NDArray[np.int64]
Newness = npt.NDArray[np.int64] | npt.NDArray[np.float64]


@dataclass(slots=True)
class Twice:
    """The labels too many, counted while they are sorted, and the first row whose id occurs again."""

    labels: int = 0
    first_row: int | None = None

    def count(self, rows: pa.Int64Array) -> None:
        """``rows`` have one label more than they should, each as often as it stands here."""
        if len(rows):
            least: int = pc.min(rows).as_py()
            self.labels += len(rows)
            self.first_row = least if self.first_row is None else min(self.first_row, least)


def hashes_of(ids: pa.StringArray) -> Hashes:
    """By which labels are sorted and searched; two ids may have the same."""
    return hashes(ids.fill_null(""), SEED)


def label_rows(ids: pa.StringArray, labels: pa.Array, first_row: int, newness: Newness | None) -> pa.RecordBatch:
    """The labels that have an id, from row ``first_row`` of their source on."""
    columns = {HASH: pa.array(hashes_of(ids)), ID: ids, LABEL: labels}
    columns[ROW] = pa.array(np.arange(first_row, first_row + len(ids), dtype=np.int64))
    if newness is not None:
        columns[AGE] = pa.array(newness)
    rows = pa.record_batch(columns)
    return rows.filter(ids.is_valid()) if ids.null_count else rows


def together(batches: Sequence[pa.RecordBatch]) -> pa.RecordBatch:
    """One file may hold its text as a dictionary and the next one not."""
    if any(batch.schema != batches[0].schema for batch in batches):
        batches = [without_dictionary(batch) for batch in batches]
    return pa.concat_batches(batches)


def without_dictionary(rows: pa.RecordBatch) -> pa.RecordBatch:
    labels = rows.column(LABEL)
    if not pa.types.is_dictionary(labels.type):
        return rows
    return rows.set_column(rows.schema.get_field_index(LABEL), LABEL, labels.dictionary_decode())


def each_once(rows: pa.RecordBatch, twice: Twice) -> pa.RecordBatch:
    """The rows sorted by hash, and of those with one id the newest; of equally new ones the last. The others are
    counted in ``twice``."""
    order, again = _sorted(rows)
    twice.count(rows.column(ROW).take(pa.array(order[again])))
    return rows.take(pa.array(np.delete(order, again)))


def _sorted(rows: pa.RecordBatch) -> tuple[Places, Places]:
    """The order of the rows, and the places in it that are followed by the same id."""
    by = np.asarray(rows.column(HASH))
    order = np.argsort(by)
    in_order = by[order]
    alike = np.flatnonzero(in_order[1:] == in_order[:-1])
    if not len(alike):
        return order, alike
    # Only these are compared by more than a number: of one hash, the rows of one id lie together, the newest last.
    places = np.union1d(alike, alike + 1)
    some = order[places]
    texts = np.asarray(rows.column(ID).take(pa.array(some)).dictionary_encode().indices)
    age = [np.asarray(rows.column(AGE))[some]] if AGE in rows.schema.names else []
    inner = np.lexsort((some, *age, texts, by[some]))
    order[places], texts = some[inner], texts[inner]
    return order, places[:-1][texts[1:] == texts[:-1]]
