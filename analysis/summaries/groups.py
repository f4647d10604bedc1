"""The groups that rows fall into by the values of some columns, as a numbered list that merges.

Texts and numbers alike are kept as they are; a number column with too many different values is binned by fixed cuts.
Which groups are shown, and where numbers are cut, is decided when all rows are counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analysis.log_values import decimal_as_text
from analysis.summaries.columns import Mask, encoded, kind_of, present, texts
from analysis.summaries.distinct import Ints, distinct
from analysis.summaries.keys import EXACT, LEVELS, coarser
from analysis.summaries.table import Limit

NUMBERS = Limit(exact=2048, coarse=256)
"""How many different numbers of one column tell groups apart."""
MOST_GROUPS = 10_000
_FIRST_ROUNDED, _DIGITS_OF_A_FLOAT = 2**53, 15

Part = str | int | None
"""One column's share of a group: a text, a number's key, or None where it is missing."""


@dataclass(frozen=True, slots=True)
class Groups:
    """``parts[g]`` are the values of group g, one for each of ``columns``; they are sorted. ``levels`` has for each
    column the level of its keys, or None for texts. ``too_many`` columns have no groups at all."""

    columns: tuple[str, ...]
    parts: tuple[tuple[Part, ...], ...] = ()
    levels: tuple[int | None, ...] = ()
    too_many: bool = False

    def __len__(self) -> int:
        return len(self.parts)


def grouped(columns: tuple[str, ...], batch: Mapping[str, pa.Array], *, like: Groups | None) -> tuple[Groups, Ints]:
    """The groups of a batch's rows, and for each row its group."""
    coded = [_coded(batch[c], like.levels[i] if like and like.levels else None) for i, c in enumerate(columns)]
    rows = np.zeros(len(batch[columns[0]]) if columns else 0, dtype=np.int64)
    if like is not None and like.too_many:
        return like, rows
    for values, codes, _ in coded:
        if values is None:
            return Groups(columns, too_many=True), rows
        rows = codes + 1 if len(coded) == 1 else rows * (len(values) + 1) + codes + 1
    cells, places = distinct(rows)
    if len(cells) > MOST_GROUPS:
        return Groups(columns, too_many=True), np.zeros_like(rows)
    parts = _unfolded(cells, [values or () for values, _, _ in coded])
    groups, (mapping,) = _sorted(Groups(columns, (), tuple(level for _, _, level in coded)), [parts])
    return groups, mapping[places]


def merged(lists: Sequence[Groups]) -> tuple[Groups, list[Ints]]:
    """The lists as one, and for each group of each its number in it."""
    first = lists[0]
    too_many = Groups(first.columns, too_many=True), [np.zeros(len(groups), np.int64) for groups in lists]
    if any(groups.too_many for groups in lists):
        return too_many
    some = [groups for groups in lists if groups.parts]
    if all(groups.parts == some[0].parts and groups.levels == some[0].levels for groups in some):
        return some[0] if some else first, [np.arange(len(groups)) for groups in lists]
    levels = tuple(_joint_level(column) for column in zip(*(groups.levels for groups in some), strict=True))
    parts = [_at(groups, levels) for groups in lists]
    while (crowded := _crowded(parts, levels)) is not None:
        levels = tuple(_next(level) if i == crowded else level for i, level in enumerate(levels))
        parts = [_at(groups, levels) for groups in lists]
    groups, numbers = _sorted(Groups(first.columns, (), levels), parts)
    return too_many if len(groups) > MOST_GROUPS else (groups, numbers)


def _coded(array: pa.Array, level: int | None) -> tuple[Sequence[Part] | None, Ints, int | None]:
    """The column's different values (None: too many), each row's place among them or -1, and the level of numbers."""
    if kind_of(array.type) != "number":
        found = texts(array)
        return found.values, found.codes, None
    rounded = _rounded(array)
    if rounded is not None:
        return _coded_exactly(array, rounded, level)
    there = present(array)
    numbers = encoded(array, there, limit=NUMBERS, level=level or EXACT)
    axis, reached = numbers.axis, numbers.level
    codes = numbers.places
    while not NUMBERS.holds(len(axis), reached):
        finer, reached = reached, _next(reached) or 0
        axis, merging = distinct(coarser(axis, finer, reached))
        codes = merging[codes]
    if there is not None:
        everywhere = np.full(len(array), -1, dtype=np.int64)
        everywhere[there] = codes
        codes = everywhere
    return [int(key) for key in axis], codes, reached


def _rounded(array: pa.Array) -> Mask | None:
    """Which numbers a float would round; None where it is none of them. Those are names rather than amounts."""
    if pa.types.is_integer(array.type):
        if pa.types.is_uint64(array.type):
            found = pc.greater_equal(array, _FIRST_ROUNDED)
        elif array.type.bit_width < 64:
            return None
        else:
            found = pc.or_(pc.greater_equal(array, _FIRST_ROUNDED), pc.less_equal(array, -_FIRST_ROUNDED))
    elif pa.types.is_decimal(array.type):
        coded = array.dictionary_encode()
        of_value = [
            abs(v) >= _FIRST_ROUNDED or len(decimal_as_text(abs(v)).replace(".", "").lstrip("0")) > _DIGITS_OF_A_FLOAT
            for v in coded.dictionary.to_pylist()
        ]
        found = pa.array(of_value, pa.bool_()).take(coded.indices)
    else:
        return None
    there = pc.fill_null(found, False)
    return np.asarray(there) if pc.any(there).as_py() else None


def _coded_exactly(array: pa.Array, rounded: Mask, level: int | None) -> tuple[Sequence[Part] | None, Ints, int | None]:
    """As ``_coded``; numbers that a float would round are kept as texts."""
    mask = pa.array(rounded)
    values, codes, reached = _coded(pc.if_else(mask, pa.scalar(None, array.type), array), level)
    found = texts(array.filter(mask))
    if values is None or found.values is None:
        return None, codes, reached
    codes = codes.copy()
    codes[rounded] = found.codes + len(values)
    return [*values, *found.values], codes, reached


def _unfolded(cells: Ints, values: Sequence[Sequence[Part]]) -> list[tuple[Part, ...]]:
    columns: list[list[Part]] = []
    for found in reversed(values):
        with_missing: list[Part] = [None, *found]
        columns.append([with_missing[int(i)] for i in cells % len(with_missing)])
        cells = cells // len(with_missing)
    return list(zip(*reversed(columns), strict=True))


def _sorted(bare: Groups, many: Sequence[Sequence[tuple[Part, ...]]]) -> tuple[Groups, list[Ints]]:
    every = sorted({part for parts in many for part in parts}, key=_order)
    place = {part: number for number, part in enumerate(every)}
    groups = Groups(bare.columns, tuple(every), bare.levels)
    return groups, [np.array([place[part] for part in parts], dtype=np.int64) for parts in many]


def _order(parts: tuple[Part, ...]) -> tuple[tuple[int, int, str], ...]:
    return tuple((2, 0, "") if p is None else (1, 0, p) if isinstance(p, str) else (0, p, "") for p in parts)


def _joint_level(levels: Sequence[int | None]) -> int | None:
    known = [level for level in levels if level is not None]
    return max(known) if len(known) == len(levels) else None


def _at(groups: Groups, levels: Sequence[int | None]) -> list[tuple[Part, ...]]:
    """The groups' values with the numbers at other levels. A column is of one kind in a whole log."""

    def moved(part: Part, level: int | None, wanted: int | None) -> Part:
        if not isinstance(part, int) or level is None or wanted is None:
            return part if part is None or isinstance(part, str) else str(part)
        return int(coarser(np.array([part], dtype=np.int64), level, wanted)[0])

    if tuple(levels) == groups.levels:
        return list(groups.parts)
    return [
        tuple(moved(p, level, wanted) for p, level, wanted in zip(parts, groups.levels, levels, strict=True))
        for parts in groups.parts
    ]


def _crowded(many: Sequence[Sequence[tuple[Part, ...]]], levels: Sequence[int | None]) -> int | None:
    """The first number column that has more different values than its level may have."""
    for column, level in enumerate(levels):
        numbers = {p[column] for parts in many for p in parts if isinstance(p[column], int)}
        if level is not None and not NUMBERS.holds(len(numbers), level):
            return column
    return None


def _next(level: int | None) -> int | None:
    return None if level is None else next(found for found in LEVELS if found > level)
