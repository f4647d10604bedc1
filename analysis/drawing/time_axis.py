"""Periods along the bottom of a chart: few and short labels, the year said once."""

from __future__ import annotations

from matplotlib.axes import Axes

from analysis.drawing.canvas import SMALL, font, plain
from analysis.measure_table import ROWS_PERIOD, YEAR

MOST_LABELS = 6
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def short(period: str) -> str:
    """``W10``, ``Mar``, ``2 Mar``, ``2 Mar 14h``, ``2026``, ``from 5,000``: a period without its year."""
    rows = ROWS_PERIOD.fullmatch(period)
    if rows:
        return f"from {int(rows[1]):,}"
    year, rest = _year_and_rest(period)
    if not rest or rest.startswith("W"):
        return rest or year
    day, _, hour = rest.partition("T")
    month, _, of_month = day.partition("-")
    name = MONTHS[int(month) - 1]
    written = f"{int(of_month)} {name}" if of_month else name
    return f"{written} {hour}h" if hour else written


def when(period: str | None) -> str:
    """`` in W10``, `` on 2 Mar``, `` in the rows from 5,000``; nothing for the whole window."""
    if not period:
        return ""
    if ROWS_PERIOD.fullmatch(period):
        return f" in the rows {short(period)}"
    return f" {'on' if kind_of(period) in ('day', 'hour') else 'in'} {short(period)}"


def years(periods: list[str]) -> str:
    """``2026``, ``2025–2026``; nothing where periods are years or rows."""
    if not periods or kind_of(periods[0]) in ("run of rows", "year"):
        return ""
    (first, _), (last, _) = _year_and_rest(periods[0]), _year_and_rest(periods[-1])
    return first if first == last else f"{first}–{last}"


def kind_of(period: str) -> str:
    """``week``, ``month``, ``day``, ``hour``, ``year`` or ``run of rows``: what one period is."""
    if ROWS_PERIOD.fullmatch(period):
        return "run of rows"
    _, rest = _year_and_rest(period)
    if rest.startswith("W"):
        return "week"
    return {0: "year", 2: "month", 5: "day", 8: "hour"}.get(len(rest), "period")


def _year_and_rest(period: str) -> tuple[str, str]:
    """``2026`` and ``03-02``; a year may have more than four digits, or stand before the year 0."""
    year = YEAR.match(period)
    return (year[0], period[year.end() :].removeprefix("-")) if year else (period, "")


def label_periods(axes: Axes, periods: list[str]) -> None:
    """Labels under some of the positions 0, 1, 2 …, the last always among them."""
    step = -(-len(periods) // MOST_LABELS)
    places = sorted(range(len(periods) - 1, -1, -step))
    labels = [short(periods[i]) for i in places]
    axes.set_xticks(places)
    axes.set_xticklabels([plain(label) for label in labels], fontproperties=font(SMALL))
    axes.set_xlim(-0.4, len(periods) - 0.6)
