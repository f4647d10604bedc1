"""Labels from a second source, found by id: read once, kept as numbers to look up, joined batch by batch.

Ids are compared as text. An id that occurs twice is an error, unless the model card names a column whose newest value
decides (of equally new ones, the last). A label whose id the log lacks is kept: a ranking's ideal counts it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from analysis.errors import DataError
from analysis.log_hashes import Hashes, hashes
from analysis.log_times import NotATimeError, as_times
from analysis.log_values import NUMBERS, Kind, as_text, kind_of_type

BETWEEN = "\x1f"
"""Stands between the parts of an id of several columns; a sign that no text holds."""
_OLDEST = np.iinfo(np.int64).min

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class LabelTable:
    """The labels that count: ``ids`` (text), their ``labels``, and the ids' hashes in order to be searched."""

    ids: pa.StringArray
    labels: pa.Array
    sorted_hashes: Hashes
    order: Rows
    seed: int
    identity: str = ""
    """Names the bytes that the labels were read from."""

    def labels_of(self, ids: pa.StringArray) -> pa.Array:
        """The label of each id, null where there is none."""
        if not len(self.ids):
            return pa.nulls(len(ids), self.labels.type)
        known = ids.is_valid()
        sought = hashes(ids.fill_null(""), self.seed)
        places = np.searchsorted(self.sorted_hashes, sought).clip(max=len(self.ids) - 1)
        rows = self.order[places]
        hit = np.asarray(known) & (self.sorted_hashes[places] == sought)
        candidates = pa.array(rows, mask=~hit)
        same = pc.fill_null(pc.equal(self.ids.take(candidates), ids), False)
        return self.labels.take(pc.if_else(same, candidates, pa.scalar(None, pa.int64())))

    def parts(self, by: Sequence[str]) -> dict[str, pa.Array]:
        """The columns that make the ids of all labels that count, in the order of the source."""
        rows = pa.array(np.sort(self.order))
        ids = self.ids.take(rows)
        if len(by) == 1:
            return {by[0]: ids}
        split = pc.split_pattern(ids, BETWEEN)
        return {c: pc.list_element(split, place) for place, c in enumerate(by)}

    def values(self) -> pa.Array:
        """The labels that belong to ``parts``."""
        return self.labels.take(pa.array(np.sort(self.order)))


def joined_id(columns: Mapping[str, pa.Array], by: Sequence[str]) -> pa.StringArray:
    """The ids of rows as one text; null where a part is missing."""
    parts = [as_text(columns[c]) for c in by]
    return parts[0] if len(parts) == 1 else pc.binary_join_element_wise(*parts, BETWEEN)


def label_table(ids: pa.StringArray, labels: pa.Array, age: pa.Array | None, *, name: str, latest: str) -> LabelTable:
    """Puts the labels in order; ``age`` says how new each is, where several of one id are allowed.

    Raises DataError naming an id that occurs twice where it must not."""
    known = ids.is_valid()
    ids, labels = ids.filter(known), labels.filter(known)
    newness = None if age is None else _newness(age.filter(known), name, latest)
    for seed in range(100):
        found = _without_collisions(ids, labels, newness, seed, name)
        if found is not None:
            return found
    raise DataError(f"the ids in {name} cannot be told apart")


def _without_collisions(
    ids: pa.StringArray, labels: pa.Array, newness: Rows | None, seed: int, name: str
) -> LabelTable | None:
    """None when two different ids have one hash; then another seed is tried."""
    all_hashes = hashes(ids, seed)
    order = np.argsort(all_hashes, kind="stable") if newness is None else np.lexsort((newness, all_hashes))
    in_order = all_hashes[order]
    again = np.flatnonzero(in_order[1:] == in_order[:-1])
    if len(again):
        first, second = ids.take(pa.array(order[again])), ids.take(pa.array(order[again + 1]))
        if not pc.all(pc.equal(first, second)).as_py():
            return None
        if newness is None:
            twice = min(first.to_pylist()).replace(BETWEEN, ", ")
            raise DataError(
                f'{name} has more than one label for the id "{twice}" ({len(again):,} labels too many in all); '
                "keep one each, or name a column under log.labels.latest whose newest value decides"
            )
        keep = np.ones(len(order), dtype=bool)
        keep[again] = False
        order, in_order = order[keep], in_order[keep]
    return LabelTable(ids, labels, in_order, order, seed)


def _newness(age: pa.Array, name: str, latest: str) -> Rows:
    """Numbers or times as whole numbers that grow with newness; a missing one is the oldest."""
    kind = kind_of_type(age.type)
    if kind in NUMBERS:
        numbers = np.asarray(age.cast(pa.float64()).fill_null(-np.inf))
        return np.unique(np.nan_to_num(numbers, nan=-np.inf, neginf=-np.inf, posinf=np.inf), return_inverse=True)[1]
    if kind is Kind.NOTHING:
        return np.full(len(age), _OLDEST)
    try:
        return np.asarray(as_times(age).cast(pa.int64()).fill_null(_OLDEST))
    except NotATimeError as error:
        raise DataError(f'{name}: column "{latest}" holds {error.value!r}, which is no time and no number') from None
