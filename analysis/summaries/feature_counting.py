"""Counts the columns of a partition batch after batch: numbers at once, into one grid, while the batch is near at hand;
what else there is waits until there is enough of it to be worth counting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa

from analysis.summaries.bits import COARSE_ENOUGH, Grid, grid_of
from analysis.summaries.columns import kind_of, numbers
from analysis.summaries.distinct import Ints
from analysis.summaries.features import NUMBERS, Feature, feature_of, feature_of_grid
from analysis.summaries.table import Lanes, lanes_of

ROWS_AT_ONCE = 262_144
"""A table costs the same for few rows as for many."""


class Column:
    """One column. ``took`` says whether a batch of it was counted; else it waits, to be counted with others."""

    def __init__(self) -> None:
        self._parts: list[Feature] = []
        self._grid: Grid | None = None
        self._lanes: Lanes | None = None
        self._rows = 0

    def took(self, array: pa.Array, lanes: Lanes | None) -> bool:
        """As numbers, whose level is known from those before them."""
        if not self._parts or kind_of(array.type) != "number" or self._parts[-1].numbers.level not in COARSE_ENOUGH:
            return False
        found = grid_of(numbers(array), self._parts[-1].numbers.level, lanes)
        if found is None:  # one is infinite, or they lie too far apart
            self.count(array, lanes)
            return True
        if self._grid is not None and _same_axis(self._lanes, lanes) and self._grid.is_near(found):
            self._grid = self._grid.plus(found)
        else:
            self._close()
            self._grid, self._lanes = found, lanes
        self._rows += len(array)
        return True

    def count(self, array: pa.Array, lanes: Lanes | None) -> None:
        self._close()
        self._parts.append(feature_of(array, lanes, like=self._parts[-1] if self._parts else None))

    def total(self) -> Feature:
        self._close()
        return self._parts[0] if len(self._parts) == 1 else Feature.together(self._parts)

    def _close(self) -> None:
        """The grid becomes a part."""
        if self._grid is not None:
            self._parts.append(feature_of_grid(self._grid, self._lanes, rows=self._rows, like=self._parts[-1]))
        self._grid, self._rows = None, 0


class FeatureCounting:
    """The columns of these names."""

    def __init__(self, names: Sequence[str], *, by_period: bool) -> None:
        self._columns = {name: Column() for name in names}
        self._by_period = by_period
        self._waiting: list[tuple[Mapping[str, pa.Array], Ints]] = []
        self._any = False

    def take(self, columns: Mapping[str, pa.Array], periods: Ints) -> None:
        """A batch; ``periods`` has each row's period."""
        if not len(periods) and (self._any or self._waiting):
            return
        lanes = self._lanes(periods)
        rest = {name: columns[name] for name, of in self._columns.items() if not of.took(columns[name], lanes)}
        if rest:
            self._waiting.append((rest, periods))
        # As soon as it can be told how fine the numbers are, most of them need not wait any more.
        enough = ROWS_AT_ONCE if self._any else NUMBERS.exact + 1
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
        self._waiting, self._any = [], True


def _joined(arrays: Sequence[pa.Array]) -> pa.Array:
    return arrays[0] if len(arrays) == 1 else pa.concat_arrays(arrays)


def _same_axis(one: Lanes | None, two: Lanes | None) -> bool:
    return one is two or (one is not None and two is not None and np.array_equal(one.axis, two.axis))
