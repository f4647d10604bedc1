"""What is kept of one feature: its numbers or texts in tables, for the whole and by period, and what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analysis.summaries.bits import COARSE_ENOUGH, Grid, grid_of
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
from analysis.summaries.many_texts import ManyTexts, many_of_rows, many_of_texts
from analysis.summaries.moments import Moments, moments_of, moments_of_counts
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
MICROSECONDS_OF_A_DAY = 86_400e6


@dataclass(frozen=True, slots=True)
class TextCounts:
    """``values`` are sorted; the table's keys are places in them, its lanes periods. None: more than are kept, and
    ``many`` counts them."""

    values: tuple[str, ...] | None
    table: Table
    by_period: bool
    many: ManyTexts | None = None

    @classmethod
    def together(cls, parts: Sequence[TextCounts]) -> TextCounts:
        lists = [part.values for part in parts if part.values is not None]
        values = lists[0] if len(set(lists)) == 1 else tuple(sorted({value for own in lists for value in own}))
        if len(lists) < len(parts) or len(values) > MOST_TEXTS:
            return cls(None, empty(), False, ManyTexts.together([part.as_many() for part in parts]))
        place = {value: code for code, value in enumerate(values)}
        tables = [
            part.table if own == values else _renumbered(part.table, [place[v] for v in own])
            for part, own in zip(parts, lists, strict=True)
        ]
        return _bounded(values, together(tables), all(part.by_period for part in parts))

    def as_many(self) -> ManyTexts:
        return self.many or many_of_texts(self.values or (), self.table, by_period=self.by_period)


@dataclass(frozen=True, slots=True)
class Feature:
    """``numbers`` and ``numbers_by_period`` count the numbers (among texts, too: what can be read as one; of times the
    days since 1970), ``texts`` the texts; ``rows`` and ``missing`` are counted by period. ``kinds`` are those that the
    column came as."""

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


def feature_of(array: pa.Array, periods: Lanes | None, *, like: Feature | None, words: bool = False) -> Feature:
    """The summary of a batch's column; ``periods`` has each row's period, ``like`` the log so far. Texts that are
    ``words`` are no numbers, whatever they look like."""
    kind = kind_of(array.type)
    if kind == "number" and len(array):
        at_once = _at_once(array, periods, like)
        if at_once is not None:
            return at_once
    if kind == "time":
        return replace(feature_of(days_of(array), periods, like=like), kinds=frozenset({kind}))
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
        return _with_texts(bare, array, periods, like, words=words)
    return bare


def days_of(times: pa.Array) -> pa.Array:
    """Times as days since 1970, with fractions: they have distances and ranges as numbers have."""
    micros = times.cast(pa.timestamp("us", "UTC"), safe=False).cast(pa.int64())
    return pc.divide(pc.cast(micros, pa.float64(), safe=False), MICROSECONDS_OF_A_DAY)


def _at_once(array: pa.Array, periods: Lanes | None, like: Feature | None) -> Feature | None:
    """What most columns are, in half the passes: numbers too many to be kept as they are. None for others."""
    level = like.numbers.level if like is not None else EXACT
    if level == EXACT and pa.types.is_floating(array.type):
        level = level_of_a_start(_start_of(numbers(array)), NUMBERS)
    if level not in COARSE_ENOUGH:
        return None
    grid = grid_of(numbers(array), level, periods)
    if grid is None or not grid.moments.count:
        return None
    return feature_of_grid(grid, periods, rows=len(array), like=like)


def feature_of_grid(grid: Grid, periods: Lanes | None, *, rows: int, like: Feature | None) -> Feature:
    """The summary of numbers that were counted by period and bin."""
    none = np.zeros(1, np.int64)
    lanes = none if periods is None else periods.axis
    missing = empty()
    if grid.missing.any():
        missing = of_grid(none, lanes, grid.missing[:, None], level=EXACT, limit=NO_LIMIT)
    axis, by_period = grid.axis, empty(NUMBERS_BY_PERIOD)
    if periods is not None:
        known = like.numbers_by_period.level if like is not None else EXACT
        by_period = of_grid(axis, lanes, grid.counts, level=grid.level, limit=NUMBERS_BY_PERIOD, wanted=known)
    return Feature(
        kinds=frozenset({"number"}),
        rows=rows,
        missing=missing,
        numbers=of_grid(axis, none, grid.counts.sum(axis=0, keepdims=True), level=grid.level, limit=NUMBERS),
        numbers_by_period=by_period,
        moments=grid.moments,
        texts=_no_texts(),
    )


def feature_of_words(values: Sequence[str], counts: Ints, periods: Lanes | None) -> Feature:
    """The summary of texts that were counted by period and place in ``values``; (periods, values and what is
    missing)."""
    none = np.zeros(1, np.int64)
    lanes = none if periods is None else periods.axis
    words, gone = counts[:, :-1], counts[:, -1:]
    there = [int(code) for code in np.flatnonzero(words.any(axis=0))]
    order = sorted(there, key=lambda code: values[code])
    found = _no_texts()
    if order:
        table = of_grid(np.arange(len(order)), lanes, words[:, order], level=EXACT, limit=NO_LIMIT)
        found = _bounded(tuple(values[code] for code in order), table, True)
    return Feature(
        kinds=frozenset({"text"}),
        rows=int(counts.sum()),
        missing=of_grid(none, lanes, gone, level=EXACT, limit=NO_LIMIT) if gone.any() else empty(),
        numbers=empty(NUMBERS),
        numbers_by_period=empty(NUMBERS_BY_PERIOD),
        moments=Moments(),
        texts=found,
    )


def _start_of(values: Floats) -> Floats:
    """The first numbers, one more than are kept as they are."""
    start = values[: NUMBERS.exact + 1]
    there = ~np.isnan(start)
    return start if there.all() else values[~np.isnan(values)][: NUMBERS.exact + 1]


def _with_numbers(
    bare: Feature, array: pa.Array, there: Mask | None, periods: Lanes | None, like: Feature | None
) -> Feature:
    column = encoded(array, there, limit=NUMBERS, level=like.numbers.level if like is not None else EXACT)
    values = numbers(array)
    if there is not None:
        values, periods = values[there], None if periods is None else periods.where(there)
    table = counted(column, limit=NUMBERS)
    moments = moments_of_counts(table.numbers, table.over()) if table.is_exact else moments_of(values)
    found = replace(bare, numbers=table, moments=moments)
    if periods is None:
        return found
    coarse = column.at(like.numbers_by_period.level) if like is not None else column
    return replace(found, numbers_by_period=counted(coarse, lanes=periods, limit=NUMBERS_BY_PERIOD))


def _with_texts(bare: Feature, array: pa.Array, periods: Lanes | None, like: Feature | None, *, words: bool) -> Feature:
    read = texts(array)
    if read.many is not None:
        counts = TextCounts(None, empty(), False, many_of_rows(read.many, read.codes, periods))
    else:
        counts = _counted_texts(read, periods)
    if words or pa.types.is_boolean(array.type) or not looks_like_numbers(array):
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
