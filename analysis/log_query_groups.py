"""Rows of a query that are alike, asked of the database as one row with their number: where they are many times fewer
and their order does not matter, that is what a warehouse does best. Each then counts as often as it is there.

PostgreSQL alone: elsewhere equal values need not be the same value (SQLite takes 1 and 1.0 for one).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from analysis.log_pieces import Chunk
from analysis.log_sql_text import selection
from analysis.log_sql_values import DATE, TIMESTAMP, TIMESTAMP_WITH_ZONE
from analysis.log_values import Kind

LOOKED_AT = 100_000
"""Rows at the start of the answer, which tell whether there are many alike; fewer are soon read."""
FEWEST_ALIKE = 10
"""On average. Below, the database would sort out nearly as much as it gives."""
ROWS_AT_ONCE = 65_536
NUMBER = "rows of this kind"
"""The name of the column that holds how many rows are alike."""

_TEXTS = (25, 1043)
_TIMES = (DATE, TIMESTAMP, TIMESTAMP_WITH_ZONE)
_FRACTIONS = (700, 701, 1700)
"""As numbers; as texts 1.0 is not 1.00, and -0 not 0."""
_COMPARED_BY_VALUE = (16, 20, 21, 23, 26, 2950, *_TIMES)
"""Truth values, whole numbers, UUIDs and times: what is equal is the same."""


@dataclass(frozen=True, slots=True)
class Joining:
    """How rows may be joined: ``timestamp`` is the column whose times need only be told apart by ``period``, or not at
    all where that is None; without a ``timestamp`` all are told apart."""

    timestamp: str | None
    period: str | None


@dataclass(frozen=True, slots=True)
class Grouping:
    """The statement's ``columns`` (as the database quotes them) with what each is grouped by."""

    columns: tuple[str, ...]
    given: tuple[str, ...]
    by: tuple[str, ...]

    def asking(self, statement: str, condition: str) -> str:
        """The groups, each with the number of its rows in the last column."""
        chosen = [*(f"{g} AS {c}" for g, c in zip(self.given, self.columns, strict=True)), f'count(*) AS "{NUMBER}"']
        return selection(statement, chosen, condition) + _grouped(self.by)

    def looking(self, statement: str, condition: str) -> str:
        """How many groups the first rows are of, and how many rows that are."""
        some = selection(statement, self.columns, condition) + f" LIMIT {LOOKED_AT}"
        groups = selection(some, ["count(*) AS n"]) + _grouped(self.by)
        return selection(groups, ["count(*)", "coalesce(sum(n), 0)"])


def grouping_of(
    columns: Sequence[str],
    quoted: Sequence[str],
    types: Mapping[str, object],
    kinds: Mapping[str, Kind],
    joining: Joining,
) -> Grouping | None:
    """None where a column's values may be equal without being the same."""
    given, by = [], []
    for column, name in zip(columns, quoted, strict=True):
        type_ = types.get(column)
        if column == joining.timestamp and type_ in _TIMES:
            given.append(f"min({name})")
            by += [_period(name, type_, joining.period)] if joining.period is not None else [f"{name} IS NULL"]
        elif type_ in _TEXTS:
            given.append(f'{name} COLLATE "C"')  # letter by letter, whatever the column takes for equal
            by.append(f'{name} COLLATE "C"')
        elif type_ in _COMPARED_BY_VALUE or (type_ in _FRACTIONS and kinds[column] in (Kind.FRACTION, Kind.DECIMAL)):
            given.append(name)
            by.append(name)
        else:
            return None
    return Grouping(tuple(quoted), tuple(given), tuple(by)) if by else None


def is_worth_it(groups: int, rows: int) -> bool:
    return rows >= LOOKED_AT and groups * FEWEST_ALIKE <= rows


def one_by_one(arrays: Mapping[str, pa.Array], numbers: Sequence[int]) -> Iterator[Chunk]:
    """Groups as the rows that they stand for, some at a time."""
    ends = np.cumsum(np.asarray(numbers, dtype=np.int64))
    for start in range(0, int(ends[-1]), ROWS_AT_ONCE):
        rows = np.arange(start, min(start + ROWS_AT_ONCE, int(ends[-1])))
        of = pa.array(np.searchsorted(ends, rows, side="right"))
        yield len(rows), {column: array.take(of) for column, array in arrays.items()}


def _period(name: str, type_: object, period: str) -> str:
    """The start of the time's period in UTC, whatever the session's zone."""
    moment = f"{name} AT TIME ZONE 'UTC'" if type_ == TIMESTAMP_WITH_ZONE else f"CAST({name} AS timestamp)"
    return f"date_trunc('{period}', {moment})"


def _grouped(by: Sequence[str]) -> str:
    return f" GROUP BY {', '.join(by)}"
