"""What is kept of one feature: its numbers or texts in tables, for the whole and by period, and what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce

import numpy as np
import pyarrow as pa

from analysis.summaries.bits import COARSE_ENOUGH, ROWS_AT_ONCE, grid_of
from analysis.summaries.columns import (
    MOST_TEXTS,
    Kind,
    Mask,
    Texts,
    encoded,
    kind_of,
    level_of_a_start,
    looks_like_numbers,
    numbers,
    present,
    texts,
)
from analysis.summaries.distinct import Ints
from analysis.summaries.keys import EXACT, Floats
from analysis.summaries.table import (
    NO_LIMIT,
    Encoded,
    Lanes,
    Limit,
    Table,
    counted,
    empty,
    gathered,
    of_grid,
    tallied,
    together,
)

NUMBERS = Limit(exact=32_768, coarse=4_096)
NUMBERS_BY_PERIOD = Limit(exact=16_384, coarse=32_768, lane=1_024)
MOST_CELLS_OF_TEXTS = 200_000


@dataclass(frozen=True, slots=True)
class Moments:
    """Of the finite numbers: how many, their mean, the sum of squares about it; and the range of all numbers."""

    count: int = 0
    mean: float = 0.0
    squares: float = 0.0
    low: float = np.inf
    high: float = -np.inf
    infinite: int = 0

    def __add__(self, other: Moments) -> Moments:
        """Chan, Golub and LeVeque (1979): pairs of means and squares merge without cancellation."""
        count = self.count + other.count
        apart = other.mean - self.mean
        share = other.count / count if count else 0.0
        return Moments(
            count,
            self.mean + apart * share,
            self.squares + other.squares + apart * apart * self.count * share,
            min(self.low, other.low),
            max(self.high, other.high),
            self.infinite + other.infinite,
        )


@dataclass(frozen=True, slots=True)
class TextCounts:
    """``values`` are sorted; the table's keys are places in them, its lanes periods. None: more than are kept."""

    values: tuple[str, ...] | None
    table: Table
    by_period: bool

    @classmethod
    def together(cls, parts: Sequence[TextCounts]) -> TextCounts:
        lists = [part.values for part in parts if part.values is not None]
        values = lists[0] if len(set(lists)) == 1 else tuple(sorted({value for own in lists for value in own}))
        if len(lists) < len(parts) or len(values) > MOST_TEXTS:
            return cls(None, empty(), False)
        place = {value: code for code, value in enumerate(values)}
        tables = [
            part.table if own == values else _renumbered(part.table, [place[v] for v in own])
            for part, own in zip(parts, lists, strict=True)
        ]
        return _bounded(values, together(tables), all(part.by_period for part in parts))


@dataclass(frozen=True, slots=True)
class Feature:
    """``numbers`` and ``numbers_by_period`` count the numbers (among texts, too: what can be read as one), ``texts``
    the texts; ``rows`` and ``missing`` are counted by period. ``kinds`` are those that the column came as."""

    kinds: frozenset[Kind]
    rows: int
    missing: Table
    numbers: Table
    numbers_by_period: Table
    moments: Moments
    texts: TextCounts
    numbers_among_texts: int = 0

    @classmethod
    def together(cls, parts: Sequence[Feature]) -> Feature:
        return cls(
            frozenset().union(*(part.kinds for part in parts)),
            sum(part.rows for part in parts),
            together([part.missing for part in parts]),
            together([part.numbers for part in parts]),
            together([part.numbers_by_period for part in parts]),
            reduce(Moments.__add__, (part.moments for part in parts)),
            TextCounts.together([part.texts for part in parts]),
            sum(part.numbers_among_texts for part in parts),
        )


def feature_of(array: pa.Array, periods: Lanes | None, *, like: Feature | None) -> Feature:
    """The summary of a batch's column; ``periods`` has each row's period, ``like`` the log so far."""
    kind = kind_of(array.type)
    if pa.types.is_float64(array.type) and len(array) and not array.null_count:
        at_once = _at_once(numbers(array), periods, like)
        if at_once is not None:
            return at_once
    there = present(array)
    missing = empty()
    if there is not None:
        missing = tallied(np.zeros(int((~there).sum()), np.int64) if periods is None else periods.where(~there))
    bare = Feature(
        frozenset({kind}), len(array), missing, empty(NUMBERS), empty(NUMBERS_BY_PERIOD), Moments(), _no_texts()
    )
    if there is not None and not there.any():
        return bare
    if kind == "number":
        return _with_numbers(bare, array, there, periods, like)
    if kind == "text":
        return _with_texts(bare, array, periods, like)
    return bare


def _at_once(values: Floats, periods: Lanes | None, like: Feature | None) -> Feature | None:
    """What most columns are, with half the passes: numbers of which none is missing, too many to be kept as they are.
    None for others."""
    level = like.numbers.level if like is not None else EXACT
    if level == EXACT:
        level = level_of_a_start(values, NUMBERS)
    if level not in COARSE_ENOUGH:
        return None
    moments: list[Moments] = []

    def range_of(piece: Floats) -> tuple[float, float] | None:
        found = _moments(piece)
        if found is None:
            return None
        moments.append(found)
        return found.low, found.high

    grid = grid_of(values, level, periods, range_of)
    if grid is None:
        return None
    none = np.zeros(1, np.int64)
    by_period = empty(NUMBERS_BY_PERIOD)
    if periods is not None:
        known = like.numbers_by_period.level if like is not None else EXACT
        by_period = of_grid(grid.axis, periods.axis, grid.counts, level=level, limit=NUMBERS_BY_PERIOD, wanted=known)
    return Feature(
        kinds=frozenset({"number"}),
        rows=len(values),
        missing=empty(),
        numbers=of_grid(grid.axis, none, grid.counts.sum(axis=0, keepdims=True), level=level, limit=NUMBERS),
        numbers_by_period=by_period,
        moments=reduce(Moments.__add__, moments),
        texts=_no_texts(),
    )


def moments_of(values: Floats) -> Moments:
    """In pieces that stay in a core's own cache, added up in their order. Don't pass NaN."""
    pieces = (_moments(values[start : start + ROWS_AT_ONCE]) for start in range(0, len(values), ROWS_AT_ONCE))
    return reduce(Moments.__add__, (piece for piece in pieces if piece is not None), Moments())


def _moments(values: Floats) -> Moments | None:
    """None where one of them is missing."""
    low, high = float(values.min()), float(values.max())
    if np.isnan(low):
        return None
    infinite = 0
    if not (np.isfinite(low) and np.isfinite(high)):
        finite = values[np.isfinite(values)]
        infinite, values = len(values) - len(finite), finite
    if not len(values):
        return Moments(low=low, high=high, infinite=infinite)
    if low == high:
        return Moments(len(values), low, 0.0, low, high, infinite)  # a mean of equals need not be the same number
    with np.errstate(over="ignore", invalid="ignore"):  # of numbers near the end of the floats; it is not shown
        mean = float(values.mean())
        apart = values - mean
        # Not by BLAS, which adds in as many parts as it finds threads.
        squares = float(np.square(apart, out=apart).sum())
        return Moments(len(values), mean, squares, low, high, infinite)


def _with_numbers(
    bare: Feature, array: pa.Array, there: Mask | None, periods: Lanes | None, like: Feature | None
) -> Feature:
    column = encoded(array, there, limit=NUMBERS, level=like.numbers.level if like is not None else EXACT)
    values = numbers(array)
    if there is not None:
        values, periods = values[there], None if periods is None else periods.where(there)
    found = replace(bare, numbers=counted(column, limit=NUMBERS), moments=moments_of(values))
    if periods is None:
        return found
    coarse = column.at(like.numbers_by_period.level) if like is not None else column
    return replace(found, numbers_by_period=counted(coarse, lanes=periods, limit=NUMBERS_BY_PERIOD))


def _with_texts(bare: Feature, array: pa.Array, periods: Lanes | None, like: Feature | None) -> Feature:
    read = texts(array)
    counts = TextCounts(None, empty(), False)
    if read.values is not None and not (like is not None and like.texts.values is None):
        counts = _counted_texts(read, periods)
    if pa.types.is_boolean(array.type) or not looks_like_numbers(array):
        return replace(bare, texts=counts)
    values = numbers(array)
    is_number = ~np.isnan(values)
    of_numbers = None if periods is None else periods.where(is_number)
    with_numbers = _with_numbers(bare, pa.array(values[is_number]), None, of_numbers, like)
    return replace(with_numbers, texts=counts, numbers_among_texts=int(is_number.sum()))


def _counted_texts(read: Texts, periods: Lanes | None) -> TextCounts:
    values, codes = read.values or (), read.codes
    here = codes >= 0
    if not here.all():
        codes, periods = codes[here], None if periods is None else periods.where(here)
    table = counted(Encoded(np.arange(max(len(values), 1)), codes, EXACT), lanes=periods)
    order = sorted(table.axis.tolist(), key=lambda code: values[code])
    rank = np.zeros(len(values), dtype=np.int64)
    rank[order] = np.arange(len(order))
    return _bounded(tuple(values[i] for i in order), _renumbered(table, rank), True)


def _no_texts() -> TextCounts:
    return TextCounts((), empty(), True)


def _bounded(values: tuple[str, ...], table: Table, by_period: bool) -> TextCounts:
    """Without periods where there would be too many cells."""
    if by_period and len(table) <= MOST_CELLS_OF_TEXTS:
        return TextCounts(values, table, True)
    return TextCounts(values, table.relabelled(np.zeros(len(table), np.int64)), False)


def _renumbered(table: Table, codes: Sequence[int] | Ints) -> Table:
    new = np.asarray(codes, dtype=np.int64)
    return gathered(new[table.keys], table.lanes, table.counts, table.sums, level=EXACT, limit=NO_LIMIT)
