"""The shares of a feature's values, read back from measures: what a drift moved, and which values are new."""

from __future__ import annotations

from dataclasses import dataclass
from math import log

from analysis.measure_table import MeasureTable
from analysis.values import Basis, Measure

UNSEEN = "unseen"


SMALLEST_SHARE = 1e-4
"""What an empty bin counts as beside a full one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """One value or range of a feature and its share of the known values, now and in the reference (None: there is no
    reference). ``unseen``: the reference never had it."""

    name: str
    now: float
    then: float | None
    unseen: bool = False

    @property
    def moved(self) -> float:
        """Its part of the population stability index, with the sign of the change."""
        if self.then is None:
            return 0.0
        now, then = max(self.now, SMALLEST_SHARE), max(self.then, SMALLEST_SHARE)
        return abs(now - then) * log(now / then)


def bins(table: MeasureTable, feature: str) -> list[Bin]:
    """The histogram of the window beside the reference's, in the table's order; nothing where there is none.

    Shares are over all rows; here they are of the values that are there, or a label that is late would seem to move.
    """
    now, then = shares(table, feature, "realized"), shares(table, feature, "reference")
    known_now, known_then = _known(now), _known(then)
    return [
        Bin(
            name=name,
            now=_value(now.get(name)) / known_now,
            then=_value(then.get(name)) / known_then if then else None,
            unseen=name in now and now[name].note == UNSEEN,
        )
        for name in dict.fromkeys([*now, *then])
    ]


def _known(found: dict[str, Measure]) -> float:
    """The share of rows that have a value. A histogram may hold an unseen value twice over, so never more than all."""
    total = sum(map(_value, found.values()))
    return total if 0 < total < 1 else 1.0


def _value(share: Measure | None) -> float:
    return share.value if share is not None and share.value is not None else 0.0


def shares(table: MeasureTable, feature: str, basis: Basis, period: str | None = None) -> dict[str, Measure]:
    """``{value or bin: its share}`` in the table's order, for the whole window or one period."""
    found: dict[str, Measure] = {}
    for m in table.sliced("share", (feature,), basis=basis):
        # An unseen value stands in the histogram as well; the note is what is worth keeping.
        if m.slice is not None and m.period == period and (m.note == UNSEEN or m.slice[0][1] not in found):
            found[m.slice[0][1]] = m
    return found


def most_moved(table: MeasureTable, feature: str) -> Bin | None:
    """The value that makes up most of the distance from the reference; None where there is no histogram of both."""
    compared = [b for b in bins(table, feature) if b.then is not None]
    return max(compared, key=lambda b: abs(b.moved), default=None)


def unseen(table: MeasureTable, feature: str) -> list[Measure]:
    """The values that the reference never had, the most frequent first."""
    found = [m for m in shares(table, feature, "realized").values() if m.note == UNSEEN and m.value is not None]
    return sorted(found, key=lambda m: -(m.value or 0.0))
