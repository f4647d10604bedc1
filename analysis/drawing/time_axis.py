"""Periods along the bottom of a chart: few and short labels, the year said once."""

from __future__ import annotations

from matplotlib.axes import Axes

from analysis.drawing.canvas import SMALL, font, plain
from analysis.measure_table import ROWS_PERIOD

MOST_LABELS = 6
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def short(period: str) -> str:
    """``W10``, ``Mar``, ``2 Mar``, ``2 Mar 14h``, ``2026``, ``from 5,000``: a period without its year."""
    rows = ROWS_PERIOD.fullmatch(period)
    if rows:
        return f"from {int(rows[1]):,}"
    if "-W" in period:
        return period[5:]
    day, _, hour = period.partition("T")
    parts = day.split("-")
    if len(parts) == 1:
        return period
    if len(parts) == 2:
        return MONTHS[int(parts[1]) - 1]
    written = f"{int(parts[2])} {MONTHS[int(parts[1]) - 1]}"
    return f"{written} {hour}h" if hour else written


def when(period: str | None) -> str:
    """`` in W10``, `` on 2 Mar``, `` in the rows from 5,000``; nothing for the whole window."""
    if not period:
        return ""
    if ROWS_PERIOD.fullmatch(period):
        return f" in the rows {short(period)}"
    return f" {'on' if len(period) in (10, 13) else 'in'} {short(period)}"


def years(periods: list[str]) -> str:
    """``2026``, ``2025–2026``; nothing where periods are years or rows."""
    if not periods or ROWS_PERIOD.fullmatch(periods[0]) or len(periods[0]) == 4:
        return ""
    first, last = periods[0][:4], periods[-1][:4]
    return first if first == last else f"{first}–{last}"


def kind_of(period: str) -> str:
    """``week``, ``month``, ``day``, ``hour``, ``year`` or ``run of rows``: what one period is."""
    if ROWS_PERIOD.fullmatch(period):
        return "run of rows"
    return {4: "year", 7: "month", 8: "week", 10: "day", 13: "hour"}.get(len(period), "period")


def label_periods(axes: Axes, periods: list[str]) -> None:
    """Labels under some of the positions 0, 1, 2 …, the last always among them."""
    step = -(-len(periods) // MOST_LABELS)
    places = sorted(range(len(periods) - 1, -1, -step))
    labels = [short(periods[i]) for i in places]
    axes.set_xticks(places)
    axes.set_xticklabels([plain(label) for label in labels], fontproperties=font(SMALL))
    axes.set_xlim(-0.4, len(periods) - 0.6)
