"""The timestamp column, whatever way it is written, as microseconds in UTC.

Dates and ISO 8601 (`2026-03-01`, `2026-03-01 14:05:09.123`, `2026-03-01T14:05Z`, `…+02:00`) are read as such; numbers
are seconds since 1970, or milliseconds, microseconds or nanoseconds by their size, or days written as 20260301. A time
without a zone is UTC. A number too small for any of these is refused rather than read as a morning in 1970.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from analysis.log_values import NUMBERS, Kind, in_utc, kind_of_type

UTC_TIME = pa.timestamp("us", "UTC")
FORMS = "write times like 2026-03-01 or 2026-03-01T14:05:09Z, or as seconds since 1970"

_ZONE = r"[T ]\d{2}(:?\d{2}){0,2}([.,]\d+)? ?(Z|[+-]\d{2}(:?\d{2})?)$"
_NUMBER = r"^-?\d{8,19}(\.\d+)?$"
_NO_TEXT = pa.scalar(None, pa.string())
_FIRST_SECOND = 100_000_000  # 3 March 1973: what is smaller is more likely a counter than a time
_FIRST_MILLISECOND, _FIRST_MICROSECOND, _FIRST_NANOSECOND = 10**11, 10**14, 10**17
_FIRST_DAY, _LAST_DAY = 19000101, 21001231


class NotATimeError(Exception):
    """A value that is no time; ``place`` counts from 0 in the array."""

    def __init__(self, place: int, value: object) -> None:
        super().__init__(f"{value!r} at {place}")
        self.place = place
        self.value = value


def as_times(values: pa.Array) -> pa.Array:
    """The values as timestamp[us, UTC]; nulls and NaN are null. Raises NotATimeError at the first that is no time."""
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    kind = kind_of_type(values.type)
    if kind is Kind.NOTHING:
        return pa.nulls(len(values), UTC_TIME)
    if kind is Kind.TIME:
        return in_utc(values)
    if kind in NUMBERS:
        return _from_numbers(values)
    if kind is Kind.TEXT:
        return _from_text(values)
    first = pc.index(pc.is_valid(values), True).as_py()
    raise NotATimeError(first, values[first].as_py())


def _from_text(values: pa.Array) -> pa.Array:
    try:
        return in_utc(pc.cast(values, pa.timestamp("us")))
    except pa.ArrowInvalid:
        values = pc.utf8_trim_whitespace(values)
    values = pc.if_else(pc.equal(values, ""), _NO_TEXT, values)
    values = pc.replace_substring_regex(values, r"([.,]\d{6})\d+", r"\1")
    try:
        return _value_by_value(values)
    except (pa.ArrowInvalid, NotATimeError):
        place = _first_unreadable(values)
        raise NotATimeError(place, values[place].as_py()) from None


def _value_by_value(values: pa.Array) -> pa.Array:
    """Each value by its own form, so that what it means does not depend on its neighbours."""
    zoned = pc.fill_null(pc.match_substring_regex(values, _ZONE), False)
    number = pc.fill_null(pc.match_substring_regex(values, _NUMBER), False)
    in_zones = pc.cast(pc.if_else(zoned, values, _NO_TEXT), UTC_TIME)
    numbers = _from_numbers(pc.cast(pc.if_else(number, values, _NO_TEXT), pa.float64()))
    naive = pc.cast(pc.if_else(pc.or_(zoned, number), _NO_TEXT, values), pa.timestamp("us"))
    return pc.coalesce(in_zones, numbers, in_utc(naive))


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
        _value_by_value(values)
    except (pa.ArrowInvalid, NotATimeError):
        return False
    return True


def _from_numbers(values: pa.Array) -> pa.Array:
    missing = np.asarray(pc.is_null(values, nan_is_null=True))
    if pa.types.is_floating(values.type) or pa.types.is_decimal(values.type):
        micros, bad = _of_fractions(np.asarray(pc.fill_null(pc.cast(values, pa.float64()), 0.0)))
    else:
        micros, bad = _of_whole(np.asarray(pc.fill_null(pc.cast(values, pa.int64()), 0)))
    bad &= ~missing
    if bad.any():
        place = int(np.argmax(bad))
        raise NotATimeError(place, values[place].as_py())
    return pa.array(micros, mask=missing).cast(UTC_TIME)


def _of_whole(numbers: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    size = np.abs(numbers)
    days = (numbers >= _FIRST_DAY) & (numbers <= _LAST_DAY)
    micros = np.select(
        [size < _FIRST_MILLISECOND, size < _FIRST_MICROSECOND, size < _FIRST_NANOSECOND],
        [numbers * np.int64(1_000_000), numbers * np.int64(1_000), numbers],
        default=np.floor_divide(numbers, 1_000),
    )
    bad = (size < _FIRST_SECOND) & ~days
    if days.any():
        micros[days], bad[days] = _of_calendar_days(numbers[days])
    return micros, bad


def _of_calendar_days(written: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    years, months, days = written // 10_000, written // 100 % 100, written % 100
    month_ok = (months >= 1) & (months <= 12)
    first = ((years - 1970) * 12 + np.where(month_ok, months, 1) - 1).astype("datetime64[M]")
    length = ((first + 1).astype("datetime64[D]") - first.astype("datetime64[D]")).astype(np.int64)
    moments = first.astype("datetime64[D]") + (days - 1).astype("timedelta64[D]")
    bad = ~month_ok | (days < 1) | (days > length)
    return moments.astype("datetime64[us]").astype(np.int64), bad


def _of_fractions(numbers: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """As whole numbers where they are whole; seconds may have fractions."""
    finite = np.isfinite(numbers) & (np.abs(numbers) < 2.0**62)
    safe = np.where(finite, numbers, 0.0)
    whole = np.floor(safe)
    micros, bad = _of_whole(whole.astype(np.int64))
    fractional = (safe != whole) & (np.abs(safe) < _FIRST_MILLISECOND)
    micros = np.where(fractional, np.rint(np.where(fractional, safe, 0.0) * 1_000_000).astype(np.int64), micros)
    return micros, bad | ~finite
