"""A fair sample of rows that adds up: each row draws a ticket, and those with the lowest tickets are kept.

A sample is halved when it grows too large, by the next bit of the tickets; so it makes no difference in which pieces
the rows came, and columns that are read apart keep the same rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from analysis.summaries.ids import Hashes, spread

MOST_ROWS = 131_072
MOST_ROWS_OF_A_PARTITION = 32_768
"""What is kept of each partition must be small enough to be stored."""
LONGEST_TEXTS = 100
"""Bytes, on average in a batch."""
GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_BITS = 64


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """``tickets`` of the rows that were kept, in the log's order, and their ``columns``; all rows whose ticket's first
    ``halvings`` bits are zero are there."""

    tickets: Hashes
    columns: Mapping[str, pa.ChunkedArray]
    halvings: int = 0

    def __len__(self) -> int:
        return len(self.tickets)

    @classmethod
    def together(cls, parts: Sequence[Sample]) -> Sample:
        halvings = max(part.halvings for part in parts)
        tickets = np.concatenate([part.tickets for part in parts])
        # Enough for all of them at once, so that each part's rows are taken once.
        halvings = _enough_halvings(tickets, halvings, MOST_ROWS)
        same = [part.halved(halvings) for part in parts]
        columns = {name: _joined([part.columns[name] for part in same]) for name in same[0].columns}
        return cls(np.concatenate([part.tickets for part in same]), columns, halvings)

    def halved(self, halvings: int) -> Sample:
        """With so many halvings in all."""
        if halvings == self.halvings:
            return self
        kept = np.flatnonzero(_drawn(self.tickets, halvings))
        rows = pa.array(kept)
        return Sample(self.tickets[kept], {n: c.take(rows) for n, c in self.columns.items()}, halvings)

    def bounded(self, most: int = MOST_ROWS) -> Sample:
        return self.halved(_enough_halvings(self.tickets, self.halvings, most))


def tickets_of(rows: npt.NDArray[np.int64]) -> Hashes:
    """A ticket for each row by its place in its file: equal bytes give equal samples, wherever the file lies. Multiples
    of the golden ratio spread evenly over all that they can be (Knuth, The Art of Computer Programming 3, 6.4)."""
    with np.errstate(over="ignore"):
        return np.asarray(rows.view(np.uint64) * GOLDEN, dtype=np.uint64)


def sample_of(tickets: Hashes, columns: Mapping[str, pa.Array], names: Sequence[str], *, halvings: int = 0) -> Sample:
    """The sample of a batch; ``halvings`` that it will need anyway save work."""
    halvings = _enough_halvings(tickets, halvings, MOST_ROWS_OF_A_PARTITION)
    kept = np.flatnonzero(_drawn(tickets, halvings))
    rows = pa.array(kept)
    found = {name: pa.chunked_array([_short(columns[name].take(rows))]) for name in names}
    return Sample(tickets[kept], found, halvings)


def side_by_side(samples: Sequence[Sample]) -> Sample:
    """Samples of the same rows' other columns as one."""
    halvings = max(sample.halvings for sample in samples)
    same = [sample.halved(halvings) for sample in samples]
    return Sample(same[0].tickets, {n: c for sample in same for n, c in sample.columns.items()}, halvings)


def in_second_half(sample: Sample) -> npt.NDArray[np.bool_]:
    """A fair coin for each row, which nothing else hangs on."""
    return np.asarray(spread(sample.tickets) & np.uint64(1), dtype=bool)


def _drawn(tickets: Hashes, halvings: int) -> npt.NDArray[np.bool_]:
    if not halvings:
        return np.ones(len(tickets), dtype=bool)
    return np.asarray(tickets < np.uint64(1 << (_BITS - halvings)), dtype=bool)


def _enough_halvings(tickets: Hashes, halvings: int, most: int) -> int:
    while int(np.count_nonzero(_drawn(tickets, halvings))) > most:
        halvings += 1
    return halvings


def _short(array: pa.Array) -> pa.Array:
    """Texts as dictionaries; documents are no categories, so they are left out."""
    if not (pa.types.is_string(array.type) or pa.types.is_large_string(array.type)):
        return array
    if array.nbytes > LONGEST_TEXTS * len(array):
        return pa.nulls(len(array), pa.dictionary(pa.int32(), array.type))
    return array.dictionary_encode()


def _joined(columns: Sequence[pa.ChunkedArray]) -> pa.ChunkedArray:
    type_ = _type(columns)
    return pa.chunked_array([chunk for column in columns for chunk in _chunks(column, type_)], type_)


def _chunks(column: pa.ChunkedArray, type_: pa.DataType) -> list[pa.Array]:
    return [pa.nulls(len(c), type_) if pa.types.is_null(c.type) else c for c in column.chunks if len(c)]


def _type(columns: Sequence[pa.ChunkedArray]) -> pa.DataType:
    """Of a column that is missing in some parts, the others'."""
    return next((c.type for c in columns if not pa.types.is_null(c.type)), columns[0].type)
