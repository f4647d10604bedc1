"""The bins in which one feature of the window is laid beside the reference: values, or ranges cut at the reference's
tenths."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from analysis.summaries.columns import day_as_text, number_as_text
from analysis.summaries.distinct import Ints
from analysis.summaries.features import Feature
from analysis.summaries.keys import EXACT, Floats, coarser, keys_of, middles
from analysis.summaries.slicing import Ranges, quantiles, tidy
from analysis.summaries.table import Table

Place = Callable[[Table], Ints | None]
"""The bin of each place on a table's axis; None where it cannot be told."""

MOST_VALUES_AS_BINS = 20
DIGITS_OF_DAYS = 5
"""Of the days since 1970 so many are whole days."""
TENTHS = tuple(i / 10 for i in range(1, 10))
MOSTLY_NUMBERS = 0.9
"""A text column of which so much can be read as numbers is a number column with wrong values in it."""


@dataclass(frozen=True, slots=True)
class Binned:
    """``names`` of the bins; counts of the window, of its periods (periods × bins) and of the reference; whether the
    numbers had been binned before, so that the counts are near the truth."""

    names: tuple[str, ...]
    window: Ints
    periods: Ints
    by_period: Ints
    reference: Ints | None
    approximate: bool


def is_number(window: Feature, reference: Feature | None) -> bool:
    """Whether a column is one of numbers: as the reference has it, or most of its own values."""
    for feature in (reference, window):
        if feature is None:
            continue
        if "text" in feature.kinds:
            there = feature.rows - feature.missing.rows
            return there > 0 and feature.numbers_among_texts >= MOSTLY_NUMBERS * there
        if feature.kinds & {"number", "time"}:
            return True
    return False


def binned_numbers(window: Feature, reference: Feature | None) -> Binned:
    """Numbers: each value while there are at most 20, else ranges cut at the reference's tenths (or the window's)."""
    of_times = "time" in window.kinds or (reference is not None and "time" in reference.kinds)
    write = day_as_text if of_times else number_as_text
    base = reference.numbers if reference is not None and len(reference.numbers) else window.numbers
    tables = [window.numbers, *([reference.numbers] if reference is not None else [])]
    few = all(len(t.axis) <= MOST_VALUES_AS_BINS for t in tables)
    values = np.unique(np.concatenate([t.numbers for t in tables])) if few else np.zeros(MOST_VALUES_AS_BINS + 1)
    if len(values) <= MOST_VALUES_AS_BINS and all(t.is_exact for t in tables):
        names, place = tuple(write(float(v)) for v in values), _by_value(values)
    else:
        edges = tidy(quantiles(base.numbers, base.over(), TENTHS), fewest=DIGITS_OF_DAYS if of_times else 4)
        ranges = Ranges(edges, write)
        names, place = tuple(ranges.names()), _by_range(ranges)
    periods, by_period = _by_lane(window.numbers_by_period, place, len(names))
    there = _counts(reference.numbers, place, len(names)) if reference is not None else None
    return Binned(
        names,
        _counts(window.numbers, place, len(names)),
        periods,
        by_period,
        there,
        not all(t.is_exact for t in tables),
    )


def _by_value(values: Floats) -> Place:
    """Each value is a bin. A table of many periods may be so coarse that it cannot tell two of them apart."""

    def place(table: Table) -> Ints | None:
        keys = coarser(keys_of(values), EXACT, table.level)
        if len(keys) > 1 and not (keys[1:] > keys[:-1]).all():
            return None
        return np.searchsorted(keys, table.axis).astype(np.int64)

    return place


def _by_range(ranges: Ranges) -> Place:
    return lambda table: ranges.places(table.numbers)


def binned_texts(window: Feature, reference: Feature | None) -> Binned | None:
    """Texts: each value is a bin; None when there are more values than are kept."""
    parts = [texts_of(window), texts_of(reference) if reference is not None else ((), None)]
    if any(values is None for values, _ in parts):
        return None
    names = tuple(sorted({v for values, _ in parts for v in values or ()}))
    place = {name: number for number, name in enumerate(names)}

    def counts(values: Sequence[str] | None, table: Table | None) -> tuple[Ints, Ints, Ints]:
        new = np.array([place[v] for v in values or ()], dtype=np.int64)
        if table is None or not len(table):
            return np.zeros(len(names), np.int64), np.zeros(0, np.int64), np.zeros((0, len(names)), np.int64)
        lanes, rows = np.unique(table.lanes, return_inverse=True)
        cells = rows * len(names) + new[table.keys]
        grid = np.bincount(cells, weights=table.counts, minlength=len(lanes) * len(names)).astype(np.int64)
        grid = grid.reshape(len(lanes), len(names))
        return grid.sum(axis=0), lanes, grid

    here, lanes, grid = counts(*parts[0])
    there = counts(*parts[1])[0] if reference is not None else None
    kept = window.texts.by_period or "text" not in window.kinds
    return Binned(names, here, lanes if kept else lanes[:0], grid if kept else grid[:0], there, False)


def texts_of(feature: Feature) -> tuple[Sequence[str] | None, Table | None]:
    """A feature's values as texts, with a table whose keys are places in them; numbers are written out."""
    if "number" not in feature.kinds:
        return feature.texts.values, feature.texts.table
    by_period = feature.numbers_by_period
    table = by_period if len(by_period) and by_period.is_exact else feature.numbers
    if not table.is_exact:
        return None, None
    values = [number_as_text(float(v)) for v in middles(table.axis, table.level)]
    return values, replace(table, axis=np.arange(len(values), dtype=np.int64))


def _counts(table: Table, place: Place, size: int) -> Ints:
    places = place(table)
    if places is None:
        return np.zeros(size, dtype=np.int64)
    return np.bincount(places, weights=table.over(), minlength=size).astype(np.int64)


def _by_lane(table: Table, place: Place, size: int) -> tuple[Ints, Ints]:
    found = place(table)
    if found is None:
        return np.zeros(0, dtype=np.int64), np.zeros((0, size), dtype=np.int64)
    lanes, rows = np.unique(table.lanes, return_inverse=True)
    places = found[table.places]
    grid = np.bincount(rows * size + places, weights=table.counts, minlength=len(lanes) * size)
    return lanes, grid.astype(np.int64).reshape(len(lanes), size)
