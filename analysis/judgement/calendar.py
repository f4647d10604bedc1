"""Periods of time as a calendar: when each begins and ends, which comes next, and whether a window holds it whole."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from analysis.values import Rows

NO_SUCH_DATE = (ValueError, OverflowError)
"""Beyond the years 1 to 9999."""


def without_gaps(periods: list[str]) -> list[str]:
    """All periods from the first to the last, those without rows too; as they are when the gap is absurdly long, or
    reaches beyond the years that there are dates of."""
    filled = [periods[0]]
    while filled[-1] != periods[-1] and len(filled) < 100 * len(periods):
        following = _following(filled[-1])
        if following is None:
            return periods
        filled.append(following)
    return filled if filled[-1] == periods[-1] else periods


def _following(period: str) -> str | None:
    """The period after this one; None where there are no dates any more."""
    try:
        return label_at(span(period)[1], like=period)
    except NO_SUCH_DATE:
        return None


def is_whole(period: str, window: Rows | None) -> bool:
    if window is None or window.start is None or window.end is None:
        return False
    try:
        start, end = span(period)
    except NO_SUCH_DATE:
        return False
    return _instant(window.start) <= start and end <= _instant(window.end)


def span(period: str) -> tuple[datetime, datetime]:
    """When a period of time begins and ends (not included), in UTC."""
    if "T" in period:
        hour = datetime.strptime(period, "%Y-%m-%dT%H").replace(tzinfo=UTC)
        return hour, hour + timedelta(hours=1)
    if "W" in period:
        year, week = period.split("-W")
        monday = _midnight(date.fromisocalendar(int(year), int(week), 1))
        return monday, monday + timedelta(days=7)
    parts = [int(part) for part in period.split("-")]
    if len(parts) == 3:
        day = _midnight(date(parts[0], parts[1], parts[2]))
        return day, day + timedelta(days=1)
    if len(parts) == 2:
        year_after, month_after = (parts[0] + 1, 1) if parts[1] == 12 else (parts[0], parts[1] + 1)
        return _midnight(date(parts[0], parts[1], 1)), _midnight(date(year_after, month_after, 1))
    return _midnight(date(parts[0], 1, 1)), _midnight(date(parts[0] + 1, 1, 1))


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def label_at(moment: datetime, *, like: str) -> str:
    """The period that holds this moment, of the same kind as ``like``."""
    if "W" in like:
        year, week, _ = moment.isocalendar()
        return f"{year:04d}-W{week:02d}"
    return moment.isoformat()[: len(like)]  # strftime writes the year 1 as 1


def _instant(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=moment.tzinfo or UTC)
