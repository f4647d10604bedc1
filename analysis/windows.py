"""Windows: which rows of a log are meant, as people write it (`last 7 days`, `2026-03`, `rows 0..50000`)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

from analysis.errors import UserError

EXAMPLES = "all · last 7 days · 2026-03 · 2026-03-01..2026-03-31 · rows 0..50000"

_UNITS = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(weeks=1)}
_LAST = re.compile(r"last(?: (\d{1,6}))? (hour|day|week)s?")
_ROWS = re.compile(r"rows (\d{1,18}) ?\.\. ?(\d{1,18})?")
_YEAR = re.compile(r"(\d{4})")
_MONTH = re.compile(r"(\d{4})-(\d{2})")
_WEEK = re.compile(r"(\d{4})-w(\d{2})")
_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_HOUR = re.compile(r"(\d{4})-(\d{2})-(\d{2})[t ](\d{2})")
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}[t ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(z|[+-]\d{2}:\d{2})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Rows by time (``start`` included, ``end`` excluded, both aware and in UTC) or by place in the log (``first_row``
    from 0 included, ``last_row`` excluded). None is open; four times None is all rows."""

    start: datetime | None = None
    end: datetime | None = None
    first_row: int | None = None
    last_row: int | None = None

    @property
    def is_all(self) -> bool:
        return not self.by_time and not self.by_rows

    @property
    def by_time(self) -> bool:
        return self.start is not None or self.end is not None

    @property
    def by_rows(self) -> bool:
        return self.first_row is not None or self.last_row is not None

    def __str__(self) -> str:
        """The window as ``parse_window`` reads it back, in the shortest of its forms."""
        if self.by_rows:
            return f"rows {self.first_row or 0}..{'' if self.last_row is None else self.last_row}"
        return _time_words(self.start, self.end) if self.by_time else "all"


ALL = Window()


def parse_window(text: str, *, now: datetime, zone: str | None = None) -> Window:
    """The rows that ``text`` means; ``now`` (aware) is where `last 7 days` ends. Days, weeks, months and years are
    those of ``zone``, or of UTC.

    Beside the words of EXAMPLES every period's label is a window (`2026`, `2026-W10`, `2026-03-02`, `2026-03-02T14`);
    a range may be open at one end (`2026-03-01..`, `rows 5000..`) and may name instants, whose end is then excluded.
    Raises UserError with examples when the words mean nothing, or mean no row at all.
    """
    words = " ".join(text.lower().split())
    try:
        window = _parsed(words, now, _zone(zone))
    except (ValueError, OverflowError):
        window = None
    if window is None:
        raise UserError(f'"{text.strip()}" is no window that I understand; write one of: {EXAMPLES}')
    if _holds_no_row(window):
        raise UserError(
            f'the window "{text.strip()}" ends before it begins, so it holds no row; write one of: {EXAMPLES}'
        )
    return window


def window_before(text: str, *, zone: str | None = None) -> Window:
    """All rows before a day (`2026-03-01`) or an instant (`2026-03-01T12:00:00Z`), as a reference names them."""
    words = text.strip().lower()
    try:
        moment = _first_moment(words, _zone(zone))
    except (ValueError, OverflowError):
        moment = None
    if moment is None:
        raise UserError(f'"{text.strip()}" is no date; write it like 2026-03-01 (or 2026-03-01T12:00:00Z)')
    return Window(end=moment)


def _zone(name: str | None) -> tzinfo:
    return UTC if name is None else ZoneInfo(name)


def _parsed(words: str, now: datetime, zone: tzinfo) -> Window | None:
    if words == "all":
        return ALL
    if m := _LAST.fullmatch(words):
        end = now.astimezone(UTC)
        return Window(start=end - int(m[1] or 1) * _UNITS[m[2]], end=end)
    if m := _ROWS.fullmatch(words):
        return Window(first_row=int(m[1]), last_row=int(m[2]) if m[2] else None)
    if ".." in words:
        first, _, last = (part.strip() for part in words.partition(".."))
        return _range(first, last, zone)
    span = _span(words, zone)
    return Window(start=span[0], end=span[1]) if span else None


def _range(first: str, last: str, zone: tzinfo) -> Window | None:
    if not first and not last:
        return None
    start, end = _first_moment(first, zone) if first else None, _moment_after(last, zone) if last else None
    if (first and start is None) or (last and end is None):
        return None
    return Window(start=start, end=end)


def _holds_no_row(window: Window) -> bool:
    if window.by_rows:
        return window.last_row is not None and (window.first_row or 0) >= window.last_row
    return window.start is not None and window.end is not None and window.start >= window.end


def _first_moment(words: str, zone: tzinfo) -> datetime | None:
    if _INSTANT.fullmatch(words):
        return _instant(words, zone)
    span = _span(words, zone)
    return span[0] if span else None


def _moment_after(words: str, zone: tzinfo) -> datetime | None:
    if _INSTANT.fullmatch(words):
        return _instant(words, zone)
    span = _span(words, zone)
    return span[1] if span else None


def _instant(words: str, zone: tzinfo) -> datetime:
    moment = datetime.fromisoformat(words.upper())
    return (moment.replace(tzinfo=zone) if moment.tzinfo is None else moment).astimezone(UTC)


def _span(words: str, zone: tzinfo) -> tuple[datetime, datetime] | None:
    """The first moment of a year, month, ISO week, day or hour, and the first moment after it."""
    for pattern, span in _SPANS:
        if m := pattern.fullmatch(words):
            start, end = span(*(int(g) for g in m.groups()))
            return start.replace(tzinfo=zone).astimezone(UTC), end.replace(tzinfo=zone).astimezone(UTC)
    return None


def _year(year: int) -> tuple[datetime, datetime]:
    return datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)


def _month(year: int, month: int) -> tuple[datetime, datetime]:
    after = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
    return datetime(year, month, 1, tzinfo=UTC), after


def _week(year: int, week: int) -> tuple[datetime, datetime]:
    monday = datetime.combine(date.fromisocalendar(year, week, 1), datetime.min.time(), tzinfo=UTC)
    return monday, monday + timedelta(weeks=1)


def _day(year: int, month: int, day: int) -> tuple[datetime, datetime]:
    start = datetime(year, month, day, tzinfo=UTC)
    return start, start + timedelta(days=1)


def _hour(year: int, month: int, day: int, hour: int) -> tuple[datetime, datetime]:
    start = datetime(year, month, day, hour, tzinfo=UTC)
    return start, start + timedelta(hours=1)


_SPANS: tuple[tuple[re.Pattern[str], Callable[..., tuple[datetime, datetime]]], ...] = (
    (_YEAR, _year),
    (_MONTH, _month),
    (_WEEK, _week),
    (_DAY, _day),
    (_HOUR, _hour),
)


def _time_words(start: datetime | None, end: datetime | None) -> str:
    if start is not None and end is not None and (one := _one_span(start, end)):
        return one
    if all(m is None or _begins_a_day(m) for m in (start, end)):
        last = "" if end is None else _date_words(end - timedelta(days=1))
        return f"{'' if start is None else _date_words(start)}..{last}"
    return f"{_instant_words(start)}..{_instant_words(end)}"


def _one_span(start: datetime, end: datetime) -> str | None:
    forms: tuple[tuple[Callable[..., tuple[datetime, datetime]], tuple[int, ...], str], ...] = (
        (_year, (start.year,), f"{start.year:04d}"),
        (_month, (start.year, start.month), f"{start.year:04d}-{start.month:02d}"),
        (_day, (start.year, start.month, start.day), _date_words(start)),
        (_hour, (start.year, start.month, start.day, start.hour), f"{_date_words(start)}T{start.hour:02d}"),
    )
    for span, parts, words in forms:
        try:
            if span(*parts) == (start, end):
                return words
        except (ValueError, OverflowError):
            continue
    return None


def _begins_a_day(moment: datetime) -> bool:
    """Not the first day of all: the day before it, which a range of days would name as its last, does not exist."""
    return moment.time() == time() and moment.toordinal() > 1


def _date_words(moment: datetime) -> str:
    return moment.date().isoformat()


def _instant_words(moment: datetime | None) -> str:
    return "" if moment is None else moment.replace(tzinfo=None).isoformat() + "Z"
