"""Since when a number has been bad: the periods behind a verdict, and which of them are settled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median

from analysis.measure_table import MeasureTable
from analysis.values import Measure

FEWEST_ROWS_OF_A_PERIOD = 30
"""A period with fewer rows neither starts nor ends a bad time: its number is mostly chance."""

LEAST_SHARE_OF_USUAL_LABELS = 0.5
"""Labels that come early are seldom like those that come late (what comes back, comes back soon), so a period that has
fewer than half of the labels it should have says little about the whole of it."""


def settled(table: MeasureTable, measure: Measure) -> list[Measure]:
    """The number's periods in the order of time, without those whose labels are mostly still on their way.

    The share of labels is n over the period's rows; where the rows of periods are not known, and for groups, all are
    taken as settled.
    """
    over_time = table.over_time(measure)
    if measure.slice is not None:
        return over_time
    shares = {m.period: m.n / rows for m in over_time if (rows := table.rows_of(m.period))}
    usual = median(shares.values()) if shares else 0.0
    return [m for m in over_time if shares.get(m.period, usual) >= LEAST_SHARE_OF_USUAL_LABELS * usual]


def told_periods(over_time: Sequence[Measure], *, fewest: int = FEWEST_ROWS_OF_A_PERIOD) -> list[Measure]:
    """The periods whose number means something, in the order of time."""
    return [m for m in over_time if m.value is not None and m.n >= fewest]


def first_bad(over_time: Sequence[Measure], bad: Callable[[float], bool]) -> Measure | None:
    """The period from which on every period is bad; None when the latest is not, or when there are not two."""
    periods = told_periods(over_time)
    if len(periods) < 2:
        return None
    start = None
    for m in reversed(periods):
        if m.value is None or not bad(m.value):
            break
        start = m
    return start


def since(over_time: Sequence[Measure], bad: Callable[[float], bool]) -> str:
    """`` since 2026-W08``, `` in every period``, `` but no longer in 2026-W10``; nothing where periods don't tell."""
    periods = told_periods(over_time)
    if len(periods) < 2:
        return ""
    start = first_bad(periods, bad)
    if start is not None:
        return f" since {start.period}" if start is not periods[0] else " in every period"
    were = [m for m in periods if m.value is not None and bad(m.value)]
    return f", last in {were[-1].period}" if were else ""
