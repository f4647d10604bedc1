"""The columns of a sample as a few bins each: eighths of a number, the most frequent values of a text."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from analysis.summaries.columns import kind_of, numbers, texts
from analysis.summaries.distinct import Ints
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
    that meet it; ``names`` are their groups as people write them; ``unordered`` slots are texts. ``place`` finds the
    slots of another column's values."""

    name: str
    codes: Codes
    ranges: npt.NDArray[np.bool_]
    names: tuple[str, ...]
    unordered: bool
    place: Callable[[pa.Array], Codes]

    def at(self, rows: Ints) -> Binning:
        return replace(self, codes=self.codes[rows])

    def of(self, column: pa.ChunkedArray) -> Binning:
        """The same bins for another sample's column."""
        return replace(self, codes=self.place(one_array(column)))


def binned(name: str, column: pa.ChunkedArray) -> Binning | None:
    """None for a column with nothing to tell rows apart by: times, one value, or only rare texts."""
    array = one_array(column)
    kind = kind_of(array.type)
    if kind == "number":
        return _of_numbers(name, array)
    return _of_texts(name, array) if kind == "text" else None


def one_array(column: pa.ChunkedArray) -> pa.Array:
    if pa.types.is_dictionary(column.type):
        column = column.unify_dictionaries()
    found = column.combine_chunks()
    return found if isinstance(found, pa.Array) else found.chunk(0)


def _of_numbers(name: str, array: pa.Array) -> Binning | None:
    values = numbers(array)
    known = np.sort(values[np.isfinite(values)][:ROWS_FOR_CUTS])
    if not len(known):
        return None
    edges = tidy(known[[len(known) * part // PARTS for part in range(1, PARTS)]])
    edges = edges[edges > known[0]]
    if not len(edges):
        return None

    def place(other: pa.Array) -> Codes:
        found = numbers(other) if kind_of(other.type) in ("number", "text") else np.full(len(other), np.nan)
        codes = np.zeros(len(found), dtype=np.uint8)
        for edge in edges:
            codes += found >= edge
        codes[np.isnan(found)] = OTHERS
        return codes

    ends = ["-inf", *(edge_as_text(e) for e in edges), "inf"]
    spans = [(a, b) for a, b in combinations(range(len(ends)), 2) if (a, b) != (0, len(ends) - 1)]
    conditions = [(range(a, b), f"[{ends[a]}, {ends[b]})") for a, b in spans]
    return _binning(name, array, place, [*conditions, ((OTHERS,), MISSING)], unordered=False)


def _of_texts(name: str, array: pa.Array) -> Binning | None:
    read = texts(array)
    if read.values is None or not (read.codes >= 0).any():
        return None
    counts = np.bincount(read.codes + 1, minlength=len(read.values) + 1)[1:]
    frequent = [read.values[value] for value in np.argsort(-counts, kind="stable")[: PARTS - 1] if counts[value]]
    slot = {value: place for place, value in enumerate(frequent)}

    def place(other: pa.Array) -> Codes:
        found = texts(other)
        if found.values is None:
            return np.full(len(other), OTHERS, dtype=np.uint8)
        slots = [slot.get(value, OTHERS) for value in found.values]
        return np.array([*slots, PARTS - 1], dtype=np.uint8)[found.codes]

    conditions = [((place_,), value) for value, place_ in slot.items()]
    return _binning(name, array, place, [*conditions, ((PARTS - 1,), MISSING)], unordered=True)


def _binning(
    name: str,
    array: pa.Array,
    place: Callable[[pa.Array], Codes],
    conditions: list[tuple[Iterable[int], str]],
    *,
    unordered: bool,
) -> Binning:
    ranges = np.zeros((len(conditions), SLOTS), dtype=bool)
    for row, (slots, _) in enumerate(conditions):
        ranges[row, list(slots)] = True
    return Binning(name, place(array), ranges, tuple(text for _, text in conditions), unordered, place)
