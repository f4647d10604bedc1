"""Periods: the hour, day, ISO week, month, year or run of rows that a row belongs to, for many rows at once.

A period is a whole number that grows with time, so batches can be counted and merged by it; its label is made once.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

import numpy as np
import numpy.typing as npt

Kind = str | int
"""hour, day, week, month or year; or a number of rows."""

Times = npt.NDArray[np.datetime64]
Places = npt.NDArray[np.int64]

NO_PERIOD = int(np.iinfo(np.int64).min)
"""The number of a row that has no timestamp."""

KINDS = ("hour", "day", "week", "month", "year")
_UNITS = {"hour": "h", "day": "D", "month": "M", "year": "Y"}
_MICROSECONDS = {"hour": 3_600_000_000, "day": 86_400_000_000}
_MOST_DAYS_IN_A_TABLE = 1_000_000
_DAYS_OF_400_YEARS = 146_097
_FIRST_DAY_OF_A_CYCLE = -3  # Monday, 29 December 1969
_DAYS_FROM_MONDAY_TO_EPOCH = 3  # 1 January 1970 was a Thursday


def period_numbers(values: Times | Places, kind: Kind) -> Places:
    """The period of each row: ``values`` are times (datetime64 in any unit, UTC), or for a number of rows the rows'
    places in the log. A missing time gives NO_PERIOD."""
    if isinstance(kind, int):
        return np.floor_divide(values.astype(np.int64, copy=False), kind)
    times = values.astype("datetime64[us]", copy=False).view(np.int64)
    missing = times == NO_PERIOD
    numbers = np.floor_divide(times, _MICROSECONDS["hour" if kind == "hour" else "day"])
    if kind == "week":
        numbers = np.floor_divide(numbers + _DAYS_FROM_MONDAY_TO_EPOCH, 7)
    if missing.any():
        numbers[missing] = 0 if missing.all() else numbers[~missing][0]
    if kind in ("month", "year"):
        numbers = _months_or_years(numbers, _UNITS[kind])
    if missing.any():
        numbers[missing] = NO_PERIOD
    return numbers


def period_label(number: int, kind: Kind, *, rows: int | None = None) -> str:
    """How a period is written: `2026`, `2026-03`, `2026-W10`, `2026-03-02`, `2026-03-02T14`, `rows 0..5000`.

    ``rows`` is how many rows there are in all: a short last piece then ends where they end.
    """
    if isinstance(kind, int):
        end = (number + 1) * kind
        return f"rows {number * kind}..{end if rows is None else min(end, rows)}"
    if kind == "week":
        return _week_label(7 * number - _DAYS_FROM_MONDAY_TO_EPOCH)
    return str(np.asarray(number).astype(f"datetime64[{_UNITS[kind]}]"))


EXAMPLES: dict[Kind, str] = {
    "hour": "2026-03-02T14",
    "day": "2026-03-02",
    "week": "2026-W10",
    "month": "2026-03",
    "year": "2026",
}
_ROWS = re.compile(r"rows (\d+)\.\.(\d+)")
_FORMS = {"hour": "%Y-%m-%dT%H", "day": "%Y-%m-%d", "week": "%G-W%V", "month": "%Y-%m", "year": "%Y"}


def kind_of_label(label: str) -> Kind | None:
    """The kind of period that a label names, as `period_label` writes it: rows by their number, None for no period."""
    rows = _ROWS.fullmatch(label)
    if rows is not None:
        start, end = int(rows[1]), int(rows[2])
        return end - start if end > start else None
    return next((kind for kind, form in _FORMS.items() if _is_written_as(label, form)), None)


def _is_written_as(label: str, form: str) -> bool:
    monday = ("-1", "-%u") if "%V" in form else ("", "")  # a week alone is no day: its Monday stands for it
    try:
        moment = datetime.strptime(label + monday[0], form + monday[1]).replace(tzinfo=UTC)
    except ValueError:
        return False
    return moment.strftime(form) == label


def _week_label(monday: int) -> str:
    """The ISO week that begins so many days after 1 January 1970. Weeks repeat after 400 years, which is more than a
    calendar of Python's own reaches."""
    cycles, day = divmod(monday - _FIRST_DAY_OF_A_CYCLE, _DAYS_OF_400_YEARS)
    year, week, _ = (date(1970, 1, 1) + timedelta(days=day + _FIRST_DAY_OF_A_CYCLE)).isocalendar()
    return f"{year + 400 * cycles:04d}-W{week:02d}"


def period_of(values: Times | Places, kind: Kind, *, rows: int | None = None) -> npt.NDArray[np.object_]:
    """The label of each row's period (None without a timestamp); every label is made once."""
    distinct, places = _distinct(period_numbers(values, kind))
    labels = np.empty(len(distinct), dtype=object)
    labels[:] = [None if n == NO_PERIOD else period_label(int(n), kind, rows=rows) for n in distinct]
    return labels[places]


def _months_or_years(days: Places, unit: str) -> Places:
    """By a table over the days that occur, which costs 4 ns a row where calendar arithmetic costs 40."""
    if not len(days):
        return days
    first, last = int(days.min()), int(days.max())
    if last - first > _MOST_DAYS_IN_A_TABLE:
        return days.astype("datetime64[D]").astype(f"datetime64[{unit}]").astype(np.int64)
    table = np.arange(first, last + 1).astype("datetime64[D]").astype(f"datetime64[{unit}]").astype(np.int64)
    return table[days - first]


def _distinct(numbers: Places) -> tuple[Places, Places]:
    """The distinct numbers in order, and which of them each row has; without sorting where they lie close together."""
    if not len(numbers):
        return numbers, numbers
    first, last = int(numbers.min()), int(numbers.max())
    if last - first > len(numbers):
        distinct, places = np.unique(numbers, return_inverse=True)
        return distinct, places
    present = np.bincount(numbers - first) > 0
    ranks = np.cumsum(present) - 1
    return np.flatnonzero(present) + first, ranks[numbers - first]
