"""An index over the table of measures, so that checks and charts look numbers up by what they are about."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from analysis.values import Basis, Measure, Slice

YEAR = re.compile(r"[-+]?\d+")
ROWS_PERIOD = re.compile(r"rows (\d+)\.\.(\d+)")

Key = tuple[str, Basis, str | None, str | None, Slice | None, str | None, str | None]
Series = tuple[str, Basis, str | None, str | None, Slice | None, str | None]

OF_THE_WINDOW: tuple[Basis, ...] = ("realized", "estimated")
JUDGED: tuple[Basis, ...] = (*OF_THE_WINDOW, "difference")
"""What can be judged. A distance is judged only where nothing else bears its name: that of two versions is no level."""


def period_order(label: str) -> tuple[int, str]:
    """A sort key for periods: ``rows 5000..10000`` by its first row, everything else by its year, which need not have
    four digits, and then its text."""
    rows = ROWS_PERIOD.fullmatch(label)
    if rows:
        return int(rows[1]), ""
    year = YEAR.match(label)
    return (int(year[0]) if year else 0), label


def columns_of(where: Slice | None) -> tuple[str, ...]:
    return tuple(column for column, _ in where or ())


def same_slice(one: Slice | None, other: Slice | None) -> bool:
    """Whether two conditions name the same rows, whatever the order of their columns."""
    return frozenset(one or ()) == frozenset(other or ())


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrasted:
    """A judged number with the numbers it can be compared with; None where there is none.

    ``reference_is`` says in words what stands in the reference's place."""

    judged: Measure
    reference: Measure | None = None
    reference_is: str = "the reference"
    against: Measure | None = None
    paired: Measure | None = None
    """judged − against on the same rows, with the interval of the pair."""
    reference_rows: int | None = None
    """Of a distance from the reference: its interval is as wide as the rows of both make it."""


class MeasureTable:
    """The measures of one evaluation. Positions are those in the sequence that was given."""

    def __init__(self, measures: Sequence[Measure], *, version: str, against: str | None = None) -> None:
        self.version = version
        self.against = against
        self._measures = tuple(measures)
        self._positions = {id(m): i for i, m in enumerate(self._measures)}
        self._by_key: dict[Key, Measure] = {}
        self._by_name: dict[tuple[str, Basis], list[Measure]] = {}
        self._over_time: dict[Series, list[Measure]] = {}
        self._by_columns: dict[tuple[str, Basis, frozenset[str]], list[Measure]] = {}
        for m in self._measures:
            self._by_key.setdefault((m.measure, m.basis, m.feature, m.class_, m.slice, m.period, m.version), m)
            if m.version in (version, None):
                self._by_name.setdefault((m.measure, m.basis), []).append(m)
                if m.slice is not None:
                    of_columns = (m.measure, m.basis, frozenset(columns_of(m.slice)))
                    self._by_columns.setdefault(of_columns, []).append(m)
                if m.period is not None:
                    series = (m.measure, m.basis, m.feature, m.class_, m.slice, m.version)
                    self._over_time.setdefault(series, []).append(m)

    def __iter__(self) -> Iterator[Measure]:
        return iter(self._measures)

    def __len__(self) -> int:
        return len(self._measures)

    def at(self, position: int) -> Measure:
        return self._measures[position]

    @property
    def names(self) -> frozenset[str]:
        return frozenset(name for name, _ in self._by_name)

    def positions(self, measures: Iterable[Measure | None]) -> tuple[int, ...]:
        """Where these measures stand; None and numbers that were worked out from several are passed over."""
        return tuple(dict.fromkeys(self._positions[id(m)] for m in measures if id(m) in self._positions))

    def find(
        self,
        name: str,
        *,
        basis: Basis | None = None,
        feature: str | None = None,
        class_: str | None = None,
        where: Slice | None = None,
        period: str | None = None,
        version: str | None = None,
    ) -> Measure | None:
        """One measure of the judged version (or of ``version``).

        Without a basis: realized or estimated, the first that has a value; a difference only where there is neither.
        """
        versions = (version,) if version is not None else (self.version, None)
        bases = (basis,) if basis is not None else JUDGED
        keys = [(name, b, feature, class_, where, period, v) for b in bases for v in versions]
        there = [m for m in map(self._by_key.get, keys) if m is not None]
        levels = [m for m in there if m.basis in OF_THE_WINDOW] or there
        return next((m for m in levels if m.value is not None), levels[0] if levels else None)

    def all(self, name: str, *, basis: Basis | None = None) -> list[Measure]:
        """Every measure of that name of the judged version, on one basis or on any that is judged."""
        bases = (basis,) if basis is not None else JUDGED
        return [m for b in bases for m in self._by_name.get((name, b), ())]

    def whole(self, name: str, *, basis: Basis | None = None) -> list[Measure]:
        """Those of the whole window: no slice, period or class; one for each feature where it is one of features."""
        return [m for m in self.all(name, basis=basis) if m.slice is None and m.period is None and m.class_ is None]

    def groups(self, name: str, columns: tuple[str, ...], *, basis: Basis = "realized") -> list[Measure]:
        """One measure for each group of these columns, over the whole window."""
        return [m for m in self.sliced(name, columns, basis=basis) if m.period is None and m.class_ is None]

    def sliced(self, name: str, columns: tuple[str, ...], *, basis: Basis = "realized") -> list[Measure]:
        """Every measure of that name whose slice is over these columns: groups or bins, in all periods and classes."""
        return self._by_columns.get((name, basis, frozenset(columns)), [])

    def over_time(self, judged: Measure) -> list[Measure]:
        """The same number for each period, in the order of time."""
        series = (judged.measure, judged.basis, judged.feature, judged.class_, judged.slice, judged.version)
        return sorted(self._over_time.get(series, ()), key=lambda m: period_order(m.period or ""))

    def rows_of(self, period: str | None) -> float | None:
        """How many rows a period has, with or without a label; None where that was not counted."""
        volume = self.find("volume", period=period)
        return volume.value if volume is not None else None

    def periods(self) -> list[str]:
        """All periods of the judged version, in the order of time."""
        return sorted({m.period for found in self._over_time.values() for m in found if m.period}, key=period_order)

    def contrasted(self, judged: Measure) -> Contrasted:
        """The judged number beside the reference's and the other version's."""

        def same(basis: Basis, version: str | None = None) -> Measure | None:
            return self.find(
                judged.measure,
                basis=basis,
                feature=judged.feature,
                class_=judged.class_,
                where=judged.slice,
                version=version,
            )

        against = same("realized", self.against) if self.against is not None else None
        paired = same("difference") if against is not None and judged.basis != "difference" else None
        there = self.find("volume", basis="reference") if judged.basis == "difference" and judged.feature else None
        return Contrasted(
            judged=judged,
            reference=same("reference"),
            against=against,
            paired=paired,
            reference_rows=there.n if there is not None else None,
        )
