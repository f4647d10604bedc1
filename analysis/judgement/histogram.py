"""The shares of a feature's values, read back from measures: what a drift moved, and which values are new."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.measure_table import MeasureTable
from analysis.values import Basis, Measure

UNSEEN = "unseen"


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """One value or bin whose share changed, and the two shares."""

    value: str
    now: Measure
    then: float


def shares(table: MeasureTable, feature: str, basis: Basis, period: str | None = None) -> dict[str, Measure]:
    """``{value or bin: its share}`` in the table's order, for the whole window or one period."""
    found: dict[str, Measure] = {}
    for m in table.sliced("share", (feature,), basis=basis):
        # An unseen value stands in the histogram as well; the note is what is worth keeping.
        if m.slice is not None and m.period == period and (m.note == UNSEEN or m.slice[0][1] not in found):
            found[m.slice[0][1]] = m
    return found


def most_moved(table: MeasureTable, feature: str) -> Moved | None:
    """The value whose share differs most from the reference's; None where there is no histogram of both."""
    now, then = shares(table, feature, "realized"), shares(table, feature, "reference")
    if not now or not then:
        return None
    apart = {
        value: abs(m.value - (then[value].value or 0.0 if value in then else 0.0))
        for value, m in now.items()
        if m.value is not None
    }
    if not apart:
        return None
    value = max(apart, key=lambda v: apart[v])
    return Moved(value=value, now=now[value], then=then[value].value or 0.0 if value in then else 0.0)


def unseen(table: MeasureTable, feature: str) -> list[Measure]:
    """The values that the reference never had, the most frequent first."""
    found = [m for m in shares(table, feature, "realized").values() if m.note == UNSEEN and m.value is not None]
    return sorted(found, key=lambda m: -(m.value or 0.0))
