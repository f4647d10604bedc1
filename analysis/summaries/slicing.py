"""Which groups are shown: numbers cut at quintiles, the largest groups kept, the rest together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from analysis.summaries.columns import number_as_text
from analysis.summaries.distinct import Ints
from analysis.summaries.groups import Groups, Part
from analysis.summaries.keys import Floats, middles
from analysis.values import Slice

MOST_NUMBERS = 20
"""A number column with more different values is cut into ranges."""
MOST_SHOWN = 50
MISSING, OTHER = "null", "(other)"
QUINTILES = (0.2, 0.4, 0.6, 0.8)


@dataclass(frozen=True, slots=True)
class Counted:
    """A grouping's groups and how many rows each has."""

    groups: Groups
    rows: Ints


@dataclass(frozen=True, slots=True)
class Slicing:
    """``shown`` are the groups as people see them; ``of_window`` and ``of_reference`` say for each counted group which
    of them it belongs to. A group that is in the reference alone belongs to ``len(shown)``: it is not shown."""

    shown: tuple[Slice, ...]
    of_window: Ints
    of_reference: Ints | None


def sliced(window: Counted, reference: Counted | None) -> Slicing:
    """The groups to show, from the window's rows; number columns are cut at the reference's quintiles, or without a
    reference at the window's own."""
    columns = window.groups.columns
    cuts = [_cuts(window, reference, i) for i in range(len(columns))]
    names = _names(window.groups, cuts)
    rows: dict[tuple[str, ...], int] = {}
    for name, count in zip(names, window.rows, strict=True):
        rows[name] = rows.get(name, 0) + int(count)
    first = {name: number for number, name in reversed(list(enumerate(names)))}
    largest = sorted(rows, key=lambda name: (-rows[name], name))[:MOST_SHOWN]
    kept = sorted(largest, key=lambda name: (MISSING in name, first[name]))
    other = len(kept) if len(kept) < len(rows) else None
    place = {name: number for number, name in enumerate(kept)}
    shown = [tuple(zip(columns, name, strict=True)) for name in kept]
    if other is not None:
        shown.append(tuple((column, OTHER) for column in columns))
    of_window = [place.get(name, other if other is not None else 0) for name in names]
    of_reference = None
    if reference is not None:
        beyond = other if other is not None else len(shown)
        of_reference = _ints([place.get(name, beyond) for name in _names(reference.groups, cuts)])
    return Slicing(tuple(shown), _ints(of_window), of_reference)


def is_a_group(shown: Slice) -> bool:
    """Whether a group is one that people can be in: not the missing, not the rest."""
    return all(value not in (MISSING, OTHER) for _, value in shown)


@dataclass(frozen=True, slots=True)
class Ranges:
    """Ranges of a number, from their inner ``edges``; the outer ones are open."""

    edges: Floats
    write: Callable[[float], str] = number_as_text

    def names(self) -> list[str]:
        ends = ["-inf", *(self.write(float(e)) for e in self.edges), "inf"]
        return [f"[{a}, {b})" for a, b in pairwise(ends)]

    def places(self, numbers: Floats) -> Ints:
        return np.searchsorted(self.edges, numbers, side="right").astype(np.int64)


def quantiles(numbers: Floats, counts: Floats | Ints, shares: Sequence[float]) -> Floats:
    """Quantiles of counted numbers (ascending), linear between neighbours as numpy's default is."""
    ends = np.cumsum(counts)
    at = np.asarray(shares) * (ends[-1] - 1)
    low, high = np.floor(at), np.ceil(at)
    below = numbers[np.searchsorted(ends, low, side="right")]
    above = numbers[np.minimum(np.searchsorted(ends, high, side="right"), len(numbers) - 1)]
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(below == above, below, below + (above - below) * (at - low)), dtype=np.float64)


def tidy(edges: Floats, *, fewest: int = 4) -> Floats:
    """The edges rounded to the ``fewest`` digits, or as many more as keep them apart: what is written is what is cut
    at."""
    edges = np.unique(edges[np.isfinite(edges)])
    for digits in range(fewest, 18):
        rounded = np.array([float(f"{e:.{digits}g}") for e in edges])
        if len(np.unique(rounded)) == len(edges):
            return rounded
    return edges


def edge_as_text(edge: float) -> str:
    return number_as_text(float(edge))


def _cuts(window: Counted, reference: Counted | None, column: int) -> Ranges | None:
    """Where a number column is cut; None for texts, and for numbers with few values."""
    both = [counted for counted in (reference, window) if counted is not None]
    distributions = [d for counted in both if (d := _distribution(counted, column)) is not None]
    if not distributions or any(_is_text(counted.groups, column) for counted in both):
        return None
    if len(np.unique(np.concatenate([numbers for numbers, _ in distributions]))) <= MOST_NUMBERS:
        return None
    return Ranges(tidy(quantiles(*distributions[0], QUINTILES)))


def _distribution(counted: Counted, column: int) -> tuple[Floats, Ints] | None:
    """The column's numbers, ascending, and their rows."""
    level = counted.groups.levels[column] if counted.groups.levels else None
    if level is None:
        return None
    rows: dict[int, int] = {}
    for parts, count in zip(counted.groups.parts, counted.rows, strict=True):
        key = parts[column]
        if isinstance(key, int) and count:
            rows[key] = rows.get(key, 0) + int(count)
    if not rows:
        return None
    keys = sorted(rows)
    return middles(_ints(keys), level), _ints([rows[k] for k in keys])


def _is_text(groups: Groups, column: int) -> bool:
    return any(isinstance(parts[column], str) for parts in groups.parts)


def _names(groups: Groups, cuts: Sequence[Ranges | None]) -> list[tuple[str, ...]]:
    by_column = [_names_of_column(groups, i, cut) for i, cut in enumerate(cuts)]
    return [tuple(names[part] for names, part in zip(by_column, parts, strict=True)) for parts in groups.parts]


def _names_of_column(groups: Groups, column: int, cut: Ranges | None) -> dict[Part, str]:
    found: dict[Part, str] = {None: MISSING}
    keys = []
    for part in {parts[column] for parts in groups.parts}:
        if isinstance(part, str):
            found[part] = part
        elif part is not None:
            keys.append(part)
    level = groups.levels[column] if groups.levels else None
    if keys and level is not None:
        numbers = middles(_ints(keys), level)
        if cut is None:
            names = [number_as_text(float(x)) for x in numbers]
        else:
            ranges = cut.names()
            names = [ranges[p] for p in cut.places(numbers)]
        found.update(zip(keys, names, strict=True))
    return found


def _ints(values: Sequence[int]) -> Ints:
    return np.array(values, dtype=np.int64)
