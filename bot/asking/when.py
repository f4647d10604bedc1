"""When a schedule fires: phrases such as `monday 09:00` or `2 hours`, and the slot that is due at a moment.

A calendar slot is named by its local date and wall time, so the autumn fold fires once and the spring gap fires late,
once. An interval slot is named by its UTC instant. After a stop only the latest missed slot counts, and only while it
is fresh.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from analysis.errors import UserError
from storage.database import Json

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
HOURS_LATE_STILL_SENT = 12
SHORTEST_MINUTES = 15
LONGEST_HOURS = 24 * 28
DEFAULT_TIME = time(9)
EXAMPLES = "`weekday 09:00`, `monday 08:30`, `day 07:00`, `month 1st 08:00`, `2 hours`"

_CALENDAR = re.compile(
    r"(?:on\s+)?(?P<day>day|weekday|mon(?:day)?|tue(?:s|sday)?|wed(?:nesday)?|thu(?:rs|rsday)?|fri(?:day)?|sat(?:urday)?"
    r"|sun(?:day)?|month(?:\s+(?:on\s+)?(?:the\s+)?(?P<nth>\d{1,2})(?:st|nd|rd|th)?(?![:\d]))?)"
    r"(?:\s+(?:at\s+)?(?P<hour>\d{1,2})(?::(?P<minute>\d{2}))?(?:\s*(?P<half>[ap]m))?)?(?=\s|$)",
    re.IGNORECASE,
)
_INTERVAL = re.compile(r"(?:(?P<count>\d{1,4})\s+)?(?P<unit>hours?|minutes?|mins?)(?=\s|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Slot:
    """One time at which a schedule fires. ``name`` is unique within the schedule."""

    name: str
    instant: datetime


@dataclass(frozen=True, slots=True)
class Calendar:
    """A wall-clock time on certain days. ``day``: day, weekday, a weekday's name, or month (then ``nth``)."""

    day: str
    at: time
    nth: int | None = None

    def __str__(self) -> str:
        day = f"month {ordinal(self.nth)}" if self.nth is not None else self.day
        return f"{day} {self.at:%H:%M}"

    def holds(self, local: date) -> bool:
        if self.nth is not None:
            return local.day == min(self.nth, _days_in_month(local))
        if self.day == "day":
            return True
        weekday = local.weekday()
        return weekday < 5 if self.day == "weekday" else WEEKDAYS[weekday] == self.day

    def latest(self, now: datetime, zone: ZoneInfo) -> Slot:
        """The newest slot that is not after ``now``."""
        local = now.astimezone(zone).date() + timedelta(days=1)
        while True:
            if self.holds(local):
                instant = datetime.combine(local, self.at, zone).astimezone(UTC)
                if instant <= now:
                    return Slot(f"{local:%Y-%m-%d}T{self.at:%H:%M}", instant)
            local -= timedelta(days=1)

    @property
    def interval(self) -> timedelta:
        return timedelta(days=28 if self.nth is not None else 1 if self.day in ("day", "weekday") else 7)


@dataclass(frozen=True, slots=True)
class Interval:
    """Every so many minutes, counted from midnight UTC of 1 January 1970."""

    minutes: int

    def __str__(self) -> str:
        if self.minutes % 60 == 0:
            hours = self.minutes // 60
            return "1 hour" if hours == 1 else f"{hours} hours"
        return f"{self.minutes} minutes"

    def latest(self, now: datetime, zone: ZoneInfo) -> Slot:  # noqa: ARG002  # one signature for both kinds
        seconds = self.minutes * 60
        instant = datetime.fromtimestamp(int(now.timestamp()) // seconds * seconds, UTC)
        return Slot(f"{instant:%Y-%m-%dT%H:%MZ}", instant)

    @property
    def interval(self) -> timedelta:
        return timedelta(minutes=self.minutes)


Clockwork = Calendar | Interval


def parse_when(text: str) -> Clockwork:
    """The clockwork that a phrase names. Raises UserError with examples."""
    head, rest = split_when(text)
    if not head or rest.strip():
        raise UserError(f"I can't read “{text.strip()}” as a time; write one of {EXAMPLES}.")
    return _clockwork(head)


def split_when(text: str) -> tuple[str, str]:
    """The phrase at the start of a text, and what follows it; an empty phrase where there is none."""
    text = text.strip()
    found = _CALENDAR.match(text) or _INTERVAL.match(text)
    return (found[0], text[found.end() :]) if found else ("", text)


def due(when: Clockwork, zone: str, *, since: datetime, now: datetime) -> Slot | None:
    """The slot to fire now: the latest after ``since`` (when it was made, or last fired), if it is still fresh."""
    slot = when.latest(now, zone_of(zone))
    late = now - slot.instant
    fresh = late <= min(timedelta(hours=HOURS_LATE_STILL_SENT), when.interval / 2)
    return slot if slot.instant > since and fresh else None


def following(when: Clockwork, zone: str, *, now: datetime) -> datetime:
    """The next instant after ``now`` at which it fires."""
    step = timedelta(minutes=15) if isinstance(when, Interval) else timedelta(hours=12)
    later, known = now, zone_of(zone)
    while (slot := when.latest(later, known)).instant <= now:
        later += step
    return slot.instant


def zone_of(name: str) -> ZoneInfo:
    """The time zone of that name. Raises UserError where this machine doesn't know it: Slack may know newer ones."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # the last two for what is no name of a zone at all
        raise UserError(f"this machine doesn't know the time zone {name}.") from None


def ordinal(n: int) -> str:
    ending = "th" if 10 <= n % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    return f"{n}{ending}"


def _clockwork(phrase: str) -> Clockwork:
    found = _CALENDAR.fullmatch(phrase)
    if found is None:
        return _interval(phrase)
    at = _time_of_day(found)
    day = found["day"].lower().split()[0]
    if day == "month":
        nth = int(found["nth"] or 1)
        if not 1 <= nth <= 31:
            raise UserError(f"A month has no {ordinal(nth)}; write one like `month 1st 08:00`.")
        return Calendar("month", at, nth)
    return Calendar(next((w for w in WEEKDAYS if w.startswith(day[:3])), day), at)


def _time_of_day(found: re.Match[str]) -> time:
    if found["hour"] is None:
        return DEFAULT_TIME
    hour, minute = int(found["hour"]), int(found["minute"] or 0)
    if found["half"] is not None and 1 <= hour <= 12:
        hour = hour % 12 + (12 if found["half"].lower() == "pm" else 0)
    elif found["half"] is not None:
        hour = 24
    if hour > 23 or minute > 59:
        raise UserError(f"{found[0][found.start('hour') - found.start() :]} is no time of day; write one like 09:00.")
    return time(hour, minute)


def _interval(phrase: str) -> Interval:
    found = _INTERVAL.fullmatch(phrase)
    if found is None:  # the caller matched one of the two
        raise UserError(f"I can't read “{phrase}” as a time; write one of {EXAMPLES}.")
    minutes = int(found["count"] or 1) * (60 if found["unit"].lower().startswith("h") else 1)
    if minutes < SHORTEST_MINUTES:
        raise UserError(f"Every {minutes} minutes is too often; {SHORTEST_MINUTES} minutes is the shortest.")
    if minutes > LONGEST_HOURS * 60:
        raise UserError(f"{phrase} is too long; take `month 1st 08:00` or another day of the calendar.")
    return Interval(minutes)


def _days_in_month(day: date) -> int:
    first_of_next = (day.replace(day=28) + timedelta(days=4)).replace(day=1)
    return (first_of_next - timedelta(days=1)).day


@dataclass(frozen=True, slots=True)
class Phrase:
    """The kind of argument that holds a phrase such as `monday 09:00`; it is kept as its canonical text."""

    shape: str = "WHEN"

    def read(self, words: str) -> Json:
        return str(parse_when(words))

    def show(self, value: Json) -> str:
        return str(value)

    def split(self, text: str) -> tuple[str, str]:
        head, rest = split_when(text)
        return (head, rest) if head else (text, "")
