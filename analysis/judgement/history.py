"""Since when a number has been bad: the periods behind a verdict, and which of them are settled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from statistics import median

from analysis.judgement.meaning import meaning
from analysis.measure_table import MeasureTable
from analysis.values import Measure

FEWEST_ROWS_OF_A_PERIOD = 30
"""A period with fewer rows neither starts nor ends a bad time: its number is mostly chance."""

FEWEST_ROWS_OF_A_HISTOGRAM = 200
"""A histogram of fewer rows lies about 0.05 from its own source by chance alone (PSI, ten bins)."""

HISTOGRAMS = ("psi", "jensen_shannon", "hellinger", "total_variation")

LEAST_SHARE_OF_USUAL_ROWS = 0.1
"""A period that the window cut short has few rows beside the others, and a number three times as vague."""

LEAST_SHARE_OF_USUAL_LABELS = 0.5
"""Labels that come early are seldom like those that come late (what comes back, comes back soon), so a period that has
fewer than half of the labels it should have says little about the whole of it."""


def settled(table: MeasureTable, measure: Measure) -> list[Measure]:
    """The number's periods in the order of time, without those whose labels are mostly still on their way.

    The share of labels is n over the period's rows; where the rows of periods are not known, all are taken as settled.
    Labels of a group arrive as those of all rows do.
    """
    over_time = table.over_time(measure)
    if measure.slice is not None:
        of_all = {m.period for m in settled(table, replace(measure, slice=None))}
        return [m for m in over_time if m.period in of_all] if of_all else over_time
    shares = {m.period: m.n / rows for m in over_time if (rows := table.rows_of(m.period))}
    usual = median(shares.values()) if shares else 0.0
    return [m for m in over_time if shares.get(m.period, usual) >= LEAST_SHARE_OF_USUAL_LABELS * usual]


def told_periods(over_time: Sequence[Measure], *, fewest: int | None = None) -> list[Measure]:
    """The periods whose number means something, in the order of time: enough rows, and not few beside the others."""
    known = [m for m in over_time if m.value is not None]
    if not known or meaning(known[0].measure).unit == "count":
        return known
    least = max(fewest or _fewest_rows(known[0].measure), LEAST_SHARE_OF_USUAL_ROWS * median(m.n for m in known))
    return [m for m in known if m.n >= least]


def _fewest_rows(measure: str) -> int:
    return FEWEST_ROWS_OF_A_HISTOGRAM if measure in HISTOGRAMS else FEWEST_ROWS_OF_A_PERIOD


def first_bad(over_time: Sequence[Measure], bad: Callable[[float], bool]) -> Measure | None:
    """The first period that is certainly bad and after which every period is bad, as its chart shows it; None when the
    latest is not, or when there are not two."""
    periods = told_periods(over_time)
    if len(periods) < 2:
        return None
    start = None
    for m in reversed(periods):
        if m.value is None or not bad(m.value):
            break
        start = m if _certainly(m, bad) else start
    return start


def _certainly(measure: Measure, bad: Callable[[float], bool]) -> bool:
    """Whether all of its interval is bad, or the value where no interval is known."""
    ends = [end for end in (measure.value, measure.low, measure.high) if end is not None]
    return bool(ends) and all(bad(end) for end in ends)


def since(over_time: Sequence[Measure], bad: Callable[[float], bool]) -> str:
    """`` since 2026-W08``, `` in every period``, `` but no longer in 2026-W10``; nothing where periods don't tell."""
    periods = told_periods(over_time)
    if len(periods) < 2:
        return ""
    start = first_bad(periods, bad)
    if start is not None:
        return f" since {start.period}" if start is not periods[0] else " in every period"
    were = [m for m in periods if _certainly(m, bad)]
    return f", last in {were[-1].period}" if were and not bad(periods[-1].value or 0.0) else ""
