"""What is kept of one feature: its numbers or texts in tables, for the whole and by period, and what is missing."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from analysis.summaries.columns import (
    MOST_TEXTS,
    Kind,
    Mask,
    Texts,
    encoded,
    kind_of,
    looks_like_numbers,
    numbers,
    present,
    texts,
)
from analysis.summaries.distinct import Ints
from analysis.summaries.keys import EXACT, Floats
from analysis.summaries.table import NO_LIMIT, Encoded, Limit, Table, counted, empty, gathered, tallied

NUMBERS = Limit(exact=32_768, coarse=4_096)
NUMBERS_BY_PERIOD = Limit(exact=16_384, coarse=16_384)
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

    def __add__(self, other: TextCounts) -> TextCounts:
        if self.values is None or other.values is None:
            return TextCounts(None, empty(), False)
        if self.values == other.values:
            return _bounded(self.values, self.table + other.table, self.by_period and other.by_period)
        values = tuple(sorted({*self.values, *other.values}))
        if len(values) > MOST_TEXTS:
            return TextCounts(None, empty(), False)
        place = {value: code for code, value in enumerate(values)}
        tables = [_renumbered(part.table, [place[v] for v in part.values or ()]) for part in (self, other)]
        return _bounded(values, tables[0] + tables[1], self.by_period and other.by_period)


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

    def __add__(self, other: Feature) -> Feature:
        return Feature(
            self.kinds | other.kinds,
            self.rows + other.rows,
            self.missing + other.missing,
            self.numbers + other.numbers,
            self.numbers_by_period + other.numbers_by_period,
            self.moments + other.moments,
            self.texts + other.texts,
            self.numbers_among_texts + other.numbers_among_texts,
        )


def feature_of(array: pa.Array, periods: Ints, *, like: Feature | None) -> Feature:
    """The summary of a batch's column; ``periods`` has each row's period, ``like`` the partition so far."""
    kind = kind_of(array.type)
    there = present(array)
    missing = tallied(periods[~there]) if there is not None else empty()
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


def moments_of(values: Floats) -> Moments:
    if not len(values):
        return Moments()
    low, high = float(values.min()), float(values.max())
    infinite = 0
    if not (np.isfinite(low) and np.isfinite(high)):
        finite = values[np.isfinite(values)]
        infinite, values = len(values) - len(finite), finite
    if not len(values):
        return Moments(low=low, high=high, infinite=infinite)
    mean = float(values.mean())
    return Moments(len(values), mean, float(np.square(values - mean).sum()), low, high, infinite)


def _with_numbers(bare: Feature, array: pa.Array, there: Mask | None, periods: Ints, like: Feature | None) -> Feature:
    column = encoded(array, there, limit=NUMBERS, level=like.numbers.level if like is not None else EXACT)
    values = numbers(array)
    if there is not None:
        values, periods = values[there], periods[there]
    coarse = column.at(like.numbers_by_period.level) if like is not None else column
    return replace(
        bare,
        numbers=counted(column, limit=NUMBERS),
        numbers_by_period=counted(coarse, lanes=periods, limit=NUMBERS_BY_PERIOD),
        moments=moments_of(values),
    )


def _with_texts(bare: Feature, array: pa.Array, periods: Ints, like: Feature | None) -> Feature:
    read = texts(array)
    counts = TextCounts(None, empty(), False)
    if read.values is not None and not (like is not None and like.texts.values is None):
        counts = _counted_texts(read, periods)
    if pa.types.is_boolean(array.type) or not looks_like_numbers(array):
        return replace(bare, texts=counts)
    values = numbers(array)
    is_number = ~np.isnan(values)
    with_numbers = _with_numbers(bare, pa.array(values[is_number]), None, periods[is_number], like)
    return replace(with_numbers, texts=counts, numbers_among_texts=int(is_number.sum()))


def _counted_texts(read: Texts, periods: Ints) -> TextCounts:
    values = read.values or ()
    order = sorted(range(len(values)), key=lambda code: values[code])
    rank = np.empty(len(values) + 1, dtype=np.int64)
    rank[order] = np.arange(len(values))
    rank[-1] = -1
    codes = rank[read.codes]
    here = codes >= 0
    if not here.all():
        codes, periods = codes[here], periods[here]
    table = counted(Encoded(np.arange(max(len(values), 1)), codes, EXACT), lanes=periods)
    return _bounded(tuple(values[i] for i in order), table, True)


def _no_texts() -> TextCounts:
    return TextCounts((), empty(), True)


def _bounded(values: tuple[str, ...], table: Table, by_period: bool) -> TextCounts:
    """Without periods where there would be too many cells."""
    if by_period and len(table) <= MOST_CELLS_OF_TEXTS:
        return TextCounts(values, table, True)
    return TextCounts(values, table.relabelled(np.zeros(len(table), np.int64)), False)


def _renumbered(table: Table, codes: list[int]) -> Table:
    new = np.array(codes, dtype=np.int64)
    return gathered(new[table.keys], table.lanes, table.counts, table.sums, level=EXACT, limit=NO_LIMIT)
