"""The timestamp column, whatever way it is written, as microseconds in UTC.

Dates and ISO 8601 (`2026-03-01`, `2026-03-01 14:05:09.123`, `2026-03-01T14:05Z`, `…+02:00`) are read as such. A number
is a date key (20260301, 2026030114, 202603011405, 20260301140509), or seconds, milliseconds, microseconds or
nanoseconds since 1970 where that lies in the years 1990 to 2100; any other number is refused rather than guessed. A
model card may say how times are written. A time without a zone is UTC, unless the model card names a zone.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from analysis.card import TimeFormat
from analysis.log_values import NUMBERS, Kind, as_text, in_utc, kind_of_type

UTC_TIME = pa.timestamp("us", "UTC")
FORMS = (
    "write times like 2026-03-01 or 2026-03-01T14:05:09Z, or say how they are written under log.time, as in "
    'time: {format: "%d.%m.%Y %H:%M"} (or format: seconds for a number since 1970)'
)
UNITS = {"seconds": 1_000_000.0, "milliseconds": 1_000.0, "microseconds": 1.0, "nanoseconds": 0.001}
"""Microseconds in each unit of a number since 1970."""

_ZONE = r"[T ]\d{2}(:?\d{2}){0,2}([.,]\d+)? ?(Z|[+-]\d{2}(:?\d{2})?)$"
_NUMBER = r"^-?\d{8,19}(\.\d+)?$"
_NO_TEXT = pa.scalar(None, pa.string())
_YEAR_1990, _YEAR_2101 = 631_152_000, 4_133_980_800
"""In seconds since 1970."""
_DATE_KEYS = (1, 100, 10_000, 1_000_000)
"""A date key of so many times a day's: with hours, minutes, seconds."""
_FIRST_YEAR, _LAST_YEAR = 1900, 2100
_FIRST_YEAR_WITH_HOURS = 1990
"""A key with hours has as many digits as seconds since 1970 have; those of later years are rather seconds."""


class NotATimeError(Exception):
    """A value that is no time; ``place`` counts from 0 in the array, ``says`` what it is without repeating it."""

    def __init__(self, place: int, says: str = "a value that is no time") -> None:
        super().__init__(f"{says} at {place}")
        self.place = place
        self.says = says


def as_times(values: pa.Array, written: TimeFormat | None = None) -> pa.Array:
    """The values as timestamp[us, UTC]; nulls and NaN are null. Raises NotATimeError at the first that is no time."""
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    zone = written.zone if written is not None else None
    kind = kind_of_type(values.type)
    if kind is Kind.NOTHING:
        return pa.nulls(len(values), UTC_TIME)
    if kind is Kind.TIME:
        return _from_times(values, zone)
    if kind is not Kind.TEXT and kind not in NUMBERS:
        raise NotATimeError(pc.index(pc.is_valid(values), True).as_py())
    if written is not None and written.format is not None:
        return _by_format(values, written.format, zone)
    return _from_numbers(values, zone) if kind in NUMBERS else _from_text(values, zone)


def local_times(times: pa.Array, zone: str | None) -> pa.Array:
    """Times as a clock in this zone shows them, without a zone; UTC without one."""
    return times if zone is None else pc.local_timestamp(times.cast(pa.timestamp("us", zone)))


def _from_times(values: pa.Array, zone: str | None) -> pa.Array:
    """Raises NotATimeError for a time too far away for microseconds, as milliseconds taken for seconds are."""
    if pa.types.is_timestamp(values.type) and values.type.unit in ("s", "ms"):
        try:
            values = pc.cast(values, pa.timestamp("us", values.type.tz))
        except pa.ArrowInvalid:
            most = (2**63 - 1) // (1_000_000 if values.type.unit == "s" else 1_000)
            bad = pc.greater(pc.abs_checked(values.cast(pa.int64())), most)
            raise NotATimeError(pc.index(bad, True).as_py(), "a time beyond the year 292,000") from None
    has_zone = pa.types.is_timestamp(values.type) and values.type.tz is not None
    return (
        in_utc(values) if zone is None or has_zone or not pa.types.is_timestamp(values.type) else _in_zone(values, zone)
    )


def _in_zone(naive: pa.Array, zone: str | None) -> pa.Array:
    """Times without a zone as those of this one. The hour that is there twice in autumn is the first, the one that is
    skipped in spring begins with the next."""
    if zone is None:
        return in_utc(naive)
    there = pc.assume_timezone(
        pc.cast(naive, pa.timestamp("us"), safe=False), zone, ambiguous="earliest", nonexistent="latest"
    )
    return pc.cast(there, UTC_TIME)


def _by_format(values: pa.Array, format_: str, zone: str | None) -> pa.Array:
    """By what the model card says of how they are written."""
    missing = pc.is_null(values, nan_is_null=True)
    if format_ in UNITS:
        return _since_1970(values, UNITS[format_], missing)
    texts = pc.utf8_trim_whitespace(as_text(values))
    texts = pc.if_else(pc.or_kleene(missing, pc.equal(texts, "")), _NO_TEXT, texts)
    try:
        found = pc.strptime(texts, format=format_, unit="us", error_is_null=True)
    except pa.ArrowInvalid:
        raise NotATimeError(0) from None
    lost = pc.and_(texts.is_valid(), found.is_null())
    if pc.any(lost).as_py():
        raise NotATimeError(pc.index(lost, True).as_py(), "a value that log.time.format doesn't fit")
    return in_utc(found) if "%z" in format_ else _in_zone(found, zone)


def _since_1970(values: pa.Array, micros: float, missing: pa.Array) -> pa.Array:
    numbers = pc.cast(values, pa.float64()) if kind_of_type(values.type) is Kind.TEXT else values
    if pa.types.is_integer(numbers.type) and micros >= 1:
        found = pc.multiply(pc.cast(pc.fill_null(numbers, 0), pa.int64()), int(micros))
    else:
        floats = np.asarray(pc.fill_null(pc.cast(numbers, pa.float64(), safe=False), 0.0))
        found = pa.array(np.rint(np.nan_to_num(floats) * micros).astype(np.int64))
    return pc.if_else(missing, pa.scalar(None, pa.int64()), found).cast(UTC_TIME)


def _from_text(values: pa.Array, zone: str | None) -> pa.Array:
    try:
        return _in_zone(pc.cast(values, pa.timestamp("us")), zone)
    except pa.ArrowInvalid:
        values = pc.utf8_trim_whitespace(values)
    values = pc.if_else(pc.equal(values, ""), _NO_TEXT, values)
    values = pc.replace_substring_regex(values, r"([.,]\d{6})\d+", r"\1")
    try:
        return _value_by_value(values, zone)
    except (pa.ArrowInvalid, NotATimeError):
        raise NotATimeError(_first_unreadable(values)) from None


def _value_by_value(values: pa.Array, zone: str | None) -> pa.Array:
    """Each value by its own form, so that what it means does not depend on its neighbours."""
    zoned = pc.fill_null(pc.match_substring_regex(values, _ZONE), False)
    number = pc.fill_null(pc.match_substring_regex(values, _NUMBER), False)
    in_zones = pc.cast(pc.if_else(zoned, values, _NO_TEXT), UTC_TIME)
    numbers = _from_numbers(pc.cast(pc.if_else(number, values, _NO_TEXT), pa.float64()), zone)
    naive = pc.cast(pc.if_else(pc.or_(zoned, number), _NO_TEXT, values), pa.timestamp("us"))
    return pc.coalesce(in_zones, numbers, _in_zone(naive, zone))


def _first_unreadable(values: pa.Array) -> int:
    """By halves: the first value that is no time by itself."""
    low, high = 0, len(values)
    while high - low > 1:
        middle = (low + high) // 2
        if _readable(values[low:middle]):
            low = middle
        else:
            high = middle
    return low


def _readable(values: pa.Array) -> bool:
    try:
        _value_by_value(values, None)
    except (pa.ArrowInvalid, NotATimeError):
        return False
    return True


def _from_numbers(values: pa.Array, zone: str | None) -> pa.Array:
    missing = np.asarray(pc.is_null(values, nan_is_null=True))
    numbers, fractions = _whole_and_rest(values)
    micros, is_key, is_broken_key = _of_date_keys(numbers)
    since_1970, bad = _of_seconds_and_finer(numbers, fractions)
    bad = (bad | is_broken_key) & ~is_key & ~missing
    if bad.any():
        raise NotATimeError(int(np.argmax(bad)), "a number that is neither a date key nor a time since 1970")
    keys = _in_zone(pa.array(micros, mask=missing | ~is_key).cast(pa.timestamp("us")), zone)
    return pc.coalesce(keys, pa.array(since_1970, mask=missing | is_key).cast(UTC_TIME))


def _whole_and_rest(values: pa.Array) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64] | None]:
    """Numbers, and where they may have any their fractions; -1, which is no time, for what no whole number can hold."""
    if pa.types.is_integer(values.type):
        return np.asarray(pc.fill_null(pc.cast(values, pa.int64(), safe=False), 0)), None
    floats = np.asarray(pc.fill_null(pc.cast(values, pa.float64()), 0.0))
    safe = np.where(np.isfinite(floats) & (np.abs(floats) < 2.0**62), floats, -1.0)
    whole = np.floor(safe)
    return whole.astype(np.int64), safe - whole


def _of_seconds_and_finer(
    numbers: npt.NDArray[np.int64], fractions: npt.NDArray[np.float64] | None
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Microseconds since 1970 by the only unit that leads to a year from 1990 to 2100; and which numbers have none."""
    micros, bad = np.zeros_like(numbers), np.ones(len(numbers), dtype=bool)
    for each in (1, 1_000, 1_000_000, 1_000_000_000):
        found = (numbers >= _YEAR_1990 * each) & (numbers < _YEAR_2101 * each)
        some = numbers[found]
        micros[found] = some * (1_000_000 // each) if each <= 1_000_000 else some // 1_000
        if fractions is not None and each < 1_000_000:
            micros[found] += np.rint(fractions[found] * (1_000_000 // each)).astype(np.int64)
        bad &= ~found
    return micros, bad


def _of_date_keys(
    numbers: npt.NDArray[np.int64],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Microseconds of numbers written like 20260301, with or without hours, minutes and seconds; which are such; and
    which have a day but no such hour, so that they may be seconds of another year but are rather a mistake."""
    micros, is_key, is_broken = np.zeros_like(numbers), np.zeros(len(numbers), bool), np.zeros(len(numbers), bool)
    for scale in _DATE_KEYS:
        first = _FIRST_YEAR_WITH_HOURS if scale == 100 else _FIRST_YEAR
        here = (numbers >= first * 10_000 * scale) & (numbers < (_LAST_YEAR + 1) * 10_000 * scale)
        if not here.any():
            continue
        days, ok = _of_calendar_days(numbers[here] // scale)
        clock = numbers[here] % scale * (1_000_000 // scale)  # as HHMMSS
        hours, minutes, seconds = clock // 10_000, clock // 100 % 100, clock % 100
        in_a_day = (hours < 24) & (minutes < 60) & (seconds < 60)
        is_key[here], is_broken[here] = ok & in_a_day, ok & ~in_a_day
        micros[here] = days + ((hours * 60 + minutes) * 60 + seconds) * 1_000_000
    return micros, is_key, is_broken


def _of_calendar_days(written: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    years, months, days = written // 10_000, written // 100 % 100, written % 100
    month_ok = (months >= 1) & (months <= 12)
    first = ((years - 1970) * 12 + np.where(month_ok, months, 1) - 1).astype("datetime64[M]")
    length = ((first + 1).astype("datetime64[D]") - first.astype("datetime64[D]")).astype(np.int64)
    moments = first.astype("datetime64[D]") + (days - 1).astype("timedelta64[D]")
    ok = month_ok & (days >= 1) & (days <= length)
    return moments.astype("datetime64[us]").astype(np.int64), ok
