"""The columns of a sample as a few bins each: eighths of a number, the most frequent values of a text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from analysis.summaries.columns import kind_of, numbers, texts
from analysis.summaries.distinct import Ints
from analysis.summaries.keys import Floats
from analysis.summaries.slicing import MISSING, edge_as_text, tidy

PARTS = 8
SLOTS = PARTS + 1
"""Eighths and the missing; or seven texts, the missing, and all other texts."""
OTHERS = PARTS
ROWS_FOR_CUTS = 20_000

Codes = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Binning:
    """A column with a slot for each row. ``ranges`` (m, SLOTS) are the conditions that can be put on it, each the slots
    that meet it; ``names`` are their groups as people write them."""

    name: str
    codes: Codes
    ranges: npt.NDArray[np.bool_]
    names: tuple[str, ...]

    def at(self, rows: Ints) -> Binning:
        return replace(self, codes=self.codes[rows])


def binned(name: str, column: pa.ChunkedArray) -> Binning | None:
    """None for a column with nothing to tell rows apart by: times, one value, or only rare texts."""
    array = one_array(column)
    kind = kind_of(array.type)
    if kind == "number":
        return _of_numbers(name, numbers(array))
    return _of_texts(name, array) if kind == "text" else None


def one_array(column: pa.ChunkedArray) -> pa.Array:
    if pa.types.is_dictionary(column.type):
        column = column.unify_dictionaries()
    found = column.combine_chunks()
    return found if isinstance(found, pa.Array) else found.chunk(0)


def _of_numbers(name: str, values: Floats) -> Binning | None:
    known = np.sort(values[np.isfinite(values)][:ROWS_FOR_CUTS])
    if not len(known):
        return None
    edges = tidy(known[[len(known) * part // PARTS for part in range(1, PARTS)]])
    edges = edges[edges > known[0]]
    if not len(edges):
        return None
    codes = np.zeros(len(values), dtype=np.uint8)
    for edge in edges:
        codes += values >= edge
    codes[np.isnan(values)] = OTHERS
    ends = ["-inf", *(edge_as_text(e) for e in edges), "inf"]
    spans = [(a, b) for a, b in combinations(range(len(ends)), 2) if (a, b) != (0, len(ends) - 1)]
    conditions = [(range(a, b), f"[{ends[a]}, {ends[b]})") for a, b in spans]
    return _binning(name, codes, [*conditions, ((OTHERS,), MISSING)])


def _of_texts(name: str, array: pa.Array) -> Binning | None:
    read = texts(array)
    if read.values is None or not read.values:
        return None
    counts = np.bincount(read.codes + 1, minlength=len(read.values) + 1)[1:]
    frequent = np.argsort(-counts, kind="stable")[: PARTS - 1]
    if len(read.values) > 1 and not len(frequent):
        return None
    slot = np.full(len(read.values) + 1, OTHERS, dtype=np.uint8)
    slot[frequent] = np.arange(len(frequent))
    slot[-1] = PARTS - 1
    conditions = [((place,), read.values[value]) for place, value in enumerate(frequent)]
    return _binning(name, slot[read.codes], [*conditions, ((PARTS - 1,), MISSING)])


def _binning(name: str, codes: Codes, conditions: list[tuple[Iterable[int], str]]) -> Binning:
    ranges = np.zeros((len(conditions), SLOTS), dtype=bool)
    for row, (slots, _) in enumerate(conditions):
        ranges[row, list(slots)] = True
    return Binning(name, codes, ranges, tuple(text for _, text in conditions))
