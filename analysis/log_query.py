"""A query opened as a part of a log: one piece, whose rows the database gives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Self, cast

import pyarrow as pa

from analysis.card import Sql
from analysis.errors import DataError
from analysis.log_limits import Limits
from analysis.log_pieces import Chunk, Piece
from analysis.log_query_groups import Grouping, Joining, grouping_of, is_worth_it, one_by_one
from analysis.log_roles import Roles
from analysis.log_sql import KEEP_INNER_ORDER, Database
from analysis.log_sql_text import is_ordered, only_statement, selection
from analysis.log_sql_values import (
    DATE,
    NUMERIC,
    TIMESTAMP,
    TIMESTAMP_WITH_ZONE,
    as_array,
    as_times_of_the_driver,
    kind_of_postgresql,
    kind_of_values,
)
from analysis.log_values import Kind, joined
from analysis.near_names import quoted
from analysis.windows import ALL, Window

NOBODY_KNOWS = 2**62
"""Rows of a query that nobody has counted: counting them would cost as much as reading them."""
_COMPARED_AS = {DATE: "timestamp", TIMESTAMP: "timestamp", TIMESTAMP_WITH_ZONE: "timestamptz"}


@dataclass(frozen=True, slots=True)
class Query:
    """``compared_as`` is the type by which the database compares the timestamp's column with a moment; None where it
    is no true time there. ``window`` is what the database is asked to leave away; ``joining`` says how rows that are
    alike may be asked for as one, and is None where they may not. ``types`` are the driver's, where it tells them."""

    database: Database
    statement: str
    columns: tuple[str, ...]
    kinds: Mapping[str, Kind]
    rows: int
    timestamp: str | None
    compared_as: str | None
    types: Mapping[str, object]
    window: Window = ALL
    joining: Joining | None = None

    @property
    def name(self) -> str:
        return self.database.name

    @property
    def identity(self) -> str:
        """Nothing names the bytes of a query for good."""
        return ""

    @property
    def size(self) -> int:
        return 0

    @property
    def columnar(self) -> bool:
        """A query that is asked again for other columns does its work again."""
        return False

    @property
    def file(self) -> Self:
        return self

    @property
    def is_ordered(self) -> bool:
        return is_ordered(self.statement)

    def for_window(self, window: Window) -> Query:
        return replace(self, window=window)

    def pieces(self) -> list[Piece]:
        return [Piece(0, self.rows, None)]

    def read(self, piece: Piece, columns: Sequence[str], kinds: Mapping[str, Kind]) -> Iterator[Chunk]:
        row, counted = piece.first_row, 0
        grouping = self.grouping(columns)
        asking = grouping.asking(self.statement, self._condition()) if grouping else self._asking(columns)
        with self.database.asked(asking) as answer:
            places = [_place(self.name, answer.columns, column) for column in columns]
            for batch in answer.batches():
                values = list(zip(*batch, strict=True))
                found = {c: self._array(c, values[p], kinds[c], row) for c, p in zip(columns, places, strict=True)}
                if grouping:
                    yield from one_by_one(found, cast("Sequence[int]", values[-1]))
                else:
                    yield len(batch), found
                row += len(batch)
                counted += sum(cast("Sequence[int]", values[-1])) if grouping else len(batch)
                self.database.limits.must_hold_rows(counted, self.name)

    def grouping(self, columns: Sequence[str]) -> Grouping | None:
        """How rows are asked for together; None where they are asked for one by one."""
        if self.joining is None or self.database.dialect != "postgresql":
            return None
        quoted = self.database.quoted(columns)
        found = grouping_of(columns, quoted, self.types, self.kinds, self.joining)
        if found is None:
            return None
        with self.database.asked(found.looking(self.statement, self._condition())) as answer:
            ((groups, rows),) = next(answer.batches())
        return found if is_worth_it(int(str(groups)), int(str(rows))) else None

    def _asking(self, columns: Sequence[str]) -> str:
        keeps_order = self.database.dialect in KEEP_INNER_ORDER
        if self.is_ordered and not keeps_order:
            return self.statement
        most = f" LIMIT {self.window.last_row}" if keeps_order and self.window.last_row is not None else ""
        return selection(self.statement, self.database.quoted(columns), self._condition()) + most

    def _condition(self) -> str:
        if self.timestamp is None or self.compared_as is None:
            return ""
        (column,), type_ = self.database.quoted([self.timestamp]), self.compared_as
        ends = [(">=", self.window.start), ("<", self.window.end)]
        return " AND ".join(f"{column} {sign} {_moment(at, type_)}" for sign, at in ends if at is not None)

    def _array(self, column: str, values: Sequence[object], kind: Kind, first_row: int) -> pa.Array:
        try:
            if kind is Kind.TIME and column == self.timestamp:
                return as_times_of_the_driver(values)
            return as_array(values, kind)
        except (ValueError, TypeError):
            raise DataError(
                f"{self.name}, rows {first_row + 1:,} to {first_row + len(values):,}: column {quoted(column)} does not "
                f"hold {kind.value} alone; run it again if it changed while it was read, else cast it in the query"
            ) from None


def open_query(source: Sql, roles: Roles, limits: Limits) -> Query:
    """What the columns hold. Raises UserError where the database cannot be asked, DataError with what it says."""
    database = Database(source.url.removeprefix("env:"), limits)
    statement = only_statement(source.sql, database.name)
    types: dict[str, object] = {}
    if database.dialect == "postgresql":
        types, rows = _described(database, statement), NOBODY_KNOWS
        kinds = {column: kind_of_postgresql(type_) for column, type_ in types.items()}
    else:
        kinds, rows = _looked_through(database, statement)
    kinds |= {c: Kind.DECIMAL for c in roles.exact if types.get(c) == NUMERIC}
    kinds |= {c: Kind.TEXT for c in roles.texts if c in kinds and kinds[c] is not Kind.NESTED}
    zoned = roles.time is not None and roles.time.zone is not None
    compared_as = _COMPARED_AS.get(types.get(roles.timestamp or ""))  # type: ignore[call-overload]  # other types are not found
    if zoned and compared_as == "timestamp":  # the database would compare it as if it were UTC
        compared_as = None
    return Query(database, statement, tuple(kinds), kinds, rows, roles.timestamp, compared_as, types)


def _described(database: Database, statement: str) -> dict[str, object]:
    with database.asked(selection(statement, ["*"]) + " LIMIT 0") as answer:
        return dict(zip(_distinct(database.name, answer.columns), answer.types, strict=True))


def _looked_through(database: Database, statement: str) -> tuple[dict[str, Kind], int]:
    with database.asked(statement) as answer:
        kinds = dict.fromkeys(_distinct(database.name, answer.columns), Kind.NOTHING)
        rows = 0
        for batch in answer.batches():
            rows += len(batch)
            database.limits.must_hold_rows(rows, database.name)
            for column, values in zip(kinds, zip(*batch, strict=True), strict=True):
                kinds[column] = joined((kinds[column], kind_of_values(values)))
    return kinds, rows


def _distinct(name: str, columns: tuple[str, ...]) -> tuple[str, ...]:
    twice = next((c for c in columns if columns.count(c) > 1), None)
    if twice is not None:
        raise DataError(f"{name} has more than one column named {quoted(twice)}; give each its own name with AS")
    return columns


def _place(name: str, columns: tuple[str, ...], column: str) -> int:
    if column not in columns:
        raise DataError(f"{name} has lost its column {quoted(column)} while it was read; run it again")
    return columns.index(column)


def _moment(at: datetime, type_: str) -> str:
    moment = at.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")
    return f"CAST('{moment}{'+00' if type_ == 'timestamptz' else ''}' AS {type_})"
