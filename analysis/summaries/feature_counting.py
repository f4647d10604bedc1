"""Counts the columns of a partition batch after batch: numbers at once, into one grid, while the batch is near at hand;
what else there is waits until there is enough of it to be worth counting."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pyarrow as pa

from analysis.summaries.bits import COARSE_ENOUGH, MOST_CELLS, Grid, grid_of
from analysis.summaries.columns import kind_of, looks_like_numbers, numbers, texts
from analysis.summaries.distinct import Ints
from analysis.summaries.features import NUMBERS, Feature, feature_of, feature_of_grid, feature_of_words
from analysis.summaries.keys import EXACT
from analysis.summaries.table import Lanes, lanes_of

ROWS_AT_ONCE = 262_144
"""A table costs the same for few rows as for many."""
MOST_WORDS = 4_096
"""In a dictionary; a larger one costs more to lay out than rows to count."""


class Column:
    """One column. ``took`` says whether a batch of it was counted; else it waits, to be counted with others. One of
    ``words`` has no numbers among its texts."""

    def __init__(self, *, words: bool) -> None:
        self._words = words
        self._parts: list[Feature] = []
        self._open: Numbers | Words | None = None

    def took(self, array: pa.Array, lanes: Lanes | None) -> bool:
        """As numbers, whose level is known from those before them, or as texts of one dictionary."""
        if self._open is not None and self._open.took(array, lanes):
            return True
        self._close()
        known = self._parts[-1] if self._parts else None
        self._open = Numbers.opened(array, lanes, known) or Words.opened(array, lanes, words=self._words)
        return self._open is not None and self._open.took(array, lanes)

    def count(self, array: pa.Array, lanes: Lanes | None) -> None:
        self._close()
        known = self._parts[-1] if self._parts else None
        self._parts.append(feature_of(array, lanes, like=known, words=self._words))

    def total(self) -> Feature:
        self._close()
        return self._parts[0] if len(self._parts) == 1 else Feature.together(self._parts)

    def _close(self) -> None:
        """What is open becomes a part."""
        if self._open is not None and self._open.rows:
            self._parts.append(self._open.feature(like=self._parts[-1] if self._parts else None))
        self._open = None


class Numbers:
    """Numbers of one level in one grid."""

    def __init__(self, level: int, lanes: Lanes | None) -> None:
        self._level, self._lanes = level, lanes
        self._grid: Grid | None = None
        self.rows = 0

    @classmethod
    def opened(cls, array: pa.Array, lanes: Lanes | None, known: Feature | None) -> Numbers | None:
        level = known.numbers.level if known is not None and kind_of(array.type) == "number" else EXACT
        return cls(level, lanes) if level in COARSE_ENOUGH else None

    def took(self, array: pa.Array, lanes: Lanes | None) -> bool:
        """Not what is infinite, or lies too far away."""
        if kind_of(array.type) != "number" or not _same_axis(self._lanes, lanes):
            return False
        found = grid_of(numbers(array), self._level, lanes)
        if found is None or (self._grid is not None and not self._grid.is_near(found)):
            return False
        self._grid = found if self._grid is None else self._grid.plus(found)
        self.rows += len(array)
        return True

    def feature(self, *, like: Feature | None) -> Feature:
        assert self._grid is not None  # noqa: S101  # there are rows
        return feature_of_grid(self._grid, self._lanes, rows=self.rows, like=like)


class Words:
    """Texts of one dictionary, as Parquet gives them, by code."""

    def __init__(self, dictionary: pa.Array, values: tuple[str, ...], lanes: Lanes | None) -> None:
        self._dictionary, self._values, self._lanes = dictionary, values, lanes
        # Codes by lane; the last one is what is missing.
        self._counts = np.zeros((1 if lanes is None else len(lanes.axis), len(values) + 1), dtype=np.int64)
        self.rows = 0

    @classmethod
    def opened(cls, array: pa.Array, lanes: Lanes | None, *, words: bool) -> Words | None:
        if not pa.types.is_dictionary(array.type) or not 0 < len(array.dictionary) <= MOST_WORDS:
            return None
        if lanes is not None and len(lanes.axis) * len(array.dictionary) > MOST_CELLS:
            return None
        values = texts(array.slice(0, 0)).values
        if values is None or len(values) != len(array.dictionary):
            return None
        if not words and looks_like_numbers(array):
            return None
        return cls(array.dictionary, values, lanes)

    def took(self, array: pa.Array, lanes: Lanes | None) -> bool:
        """Not what has another dictionary."""
        if not pa.types.is_dictionary(array.type) or not _same_axis(self._lanes, lanes):
            return False
        if not array.dictionary.equals(self._dictionary):
            return False
        size = len(self._values) + 1
        indices = array.indices.fill_null(size - 1) if array.null_count else array.indices
        cells = indices.to_numpy(zero_copy_only=False)
        if lanes is not None and len(lanes.axis) > 1:
            cells = lanes.places * size + cells
        self._counts += np.bincount(cells, minlength=self._counts.size).reshape(self._counts.shape)
        self.rows += len(array)
        return True

    def feature(self, *, like: Feature | None) -> Feature:  # noqa: ARG002  # texts have no level
        return feature_of_words(self._values, self._counts, self._lanes)


class FeatureCounting:
    """The columns of these names."""

    def __init__(self, names: Sequence[str], *, by_period: bool, texts: Collection[str] = ()) -> None:
        self._columns = {name: Column(words=name in texts) for name in names}
        self._by_period = by_period
        self._waiting: list[tuple[Mapping[str, pa.Array], Ints]] = []
        self._any, self._counted_before = False, False
        self._last: Lanes | None = None

    def take(self, columns: Mapping[str, pa.Array], periods: Ints) -> None:
        """A batch; ``periods`` has each row's period."""
        if not len(periods) and self._any:
            return
        self._any = True
        lanes = self._lanes(periods)
        # Where each batch has other periods, as in a log in the order of time, a grid would hold a single batch.
        steady = self._last is None or _same_axis(self._last, lanes)
        self._last = lanes
        rest = {n: columns[n] for n, of in self._columns.items() if not (steady and of.took(columns[n], lanes))}
        if rest:
            self._waiting.append((rest, periods))
        # As soon as it can be told how fine the numbers are, most of them need not wait any more.
        enough = ROWS_AT_ONCE if self._counted_before else NUMBERS.exact + 1
        if sum(len(periods) for _, periods in self._waiting) >= enough:
            self._count_waiting()

    def total(self) -> dict[str, Feature] | None:
        """None where there was no row."""
        self._count_waiting()
        return {name: column.total() for name, column in self._columns.items()} if self._any else None

    def _lanes(self, periods: Ints) -> Lanes | None:
        return lanes_of(periods) if self._by_period else None

    def _count_waiting(self) -> None:
        if not self._waiting:
            return
        lanes = self._lanes(np.concatenate([periods for _, periods in self._waiting]))
        for name in dict.fromkeys(name for columns, _ in self._waiting for name in columns):
            some = [(columns[name], periods) for columns, periods in self._waiting if name in columns]
            every = len(some) == len(self._waiting)
            by = lanes if every else self._lanes(np.concatenate([periods for _, periods in some]))
            self._columns[name].count(_joined([array for array, _ in some]), by)
        self._waiting, self._counted_before = [], True


def _joined(arrays: Sequence[pa.Array]) -> pa.Array:
    return arrays[0] if len(arrays) == 1 else pa.concat_arrays(arrays)


def _same_axis(one: Lanes | None, two: Lanes | None) -> bool:
    return one is two or (one is not None and two is not None and np.array_equal(one.axis, two.axis))
