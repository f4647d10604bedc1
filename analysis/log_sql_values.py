"""What a database's columns hold, and their values as Arrow arrays.

PostgreSQL tells each column's type; elsewhere the values tell, all of them, so that a column which begins with NULLs is
what it becomes later.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal

import pyarrow as pa

from analysis.log_values import ARROW_TYPE, EXACT_DECIMAL, Kind, as_text, in_utc, joined, kind_of_type

# The numbers by which PostgreSQL knows its types: they are the same in every database.
DATE, TIMESTAMP, TIMESTAMP_WITH_ZONE = 1082, 1114, 1184
NUMERIC = 1700
_ARRAYS = (
    199,
    1000,
    1001,
    1002,
    1005,
    1007,
    1009,
    1014,
    1015,
    1016,
    1021,
    1022,
    1028,
    1115,
    1182,
    1185,
    1231,
    2951,
    3807,
)
_KINDS: dict[object, Kind] = {
    16: Kind.SWITCH,
    **dict.fromkeys((20, 21, 23, 26), Kind.WHOLE),
    **dict.fromkeys((700, 701, NUMERIC), Kind.FRACTION),
    **dict.fromkeys((DATE, TIMESTAMP, TIMESTAMP_WITH_ZONE), Kind.TIME),
    **dict.fromkeys((114, 3802, 2249, *_ARRAYS), Kind.NESTED),
}
_FRACTIONS = (float, Decimal)
_NESTED = (list, tuple, dict, set)


def kind_of_postgresql(type_: object) -> Kind:
    """Enumerations, UUIDs, addresses and whatever else is not known are text."""
    return _KINDS.get(type_, Kind.TEXT)


def kind_of_values(values: Iterable[object]) -> Kind:
    return joined(_kind_of_class(class_) for class_ in set(map(type, values)))


def _kind_of_class(class_: type) -> Kind:
    if class_ is type(None):
        return Kind.NOTHING
    if issubclass(class_, bool):
        return Kind.SWITCH
    if issubclass(class_, int):
        return Kind.WHOLE
    if issubclass(class_, _FRACTIONS):
        return Kind.FRACTION
    if issubclass(class_, date):
        return Kind.TIME
    return Kind.NESTED if issubclass(class_, _NESTED) else Kind.TEXT


def as_array(values: Sequence[object], kind: Kind) -> pa.Array:
    """The values of a column of this kind. Raises ValueError or TypeError where one of them is of another."""
    if kind is Kind.TEXT:
        return _texts(values)
    if kind is Kind.FRACTION:
        return _fractions(values)
    if kind is Kind.DECIMAL:
        return _decimals(values)
    if kind is Kind.TIME:
        return in_utc(as_times_of_the_driver(values))
    return pa.array(values, ARROW_TYPE[kind])


def as_times_of_the_driver(values: Sequence[object]) -> pa.Array:
    """Times with a zone or without one, as the driver gives them. Raises TypeError for anything else."""
    times = pa.array(values)
    if kind_of_type(times.type) not in (Kind.TIME, Kind.NOTHING):
        raise TypeError(times.type)
    return times


def _fractions(values: Sequence[object]) -> pa.Array:
    try:
        return pa.array(values, pa.float64())
    except (pa.ArrowInvalid, pa.ArrowTypeError):  # decimals, and whole numbers that no fraction holds exactly
        return pa.array([None if v is None else float(str(v)) for v in values], pa.float64())


def _decimals(values: Sequence[object]) -> pa.Array:
    """NaN and infinities, which PostgreSQL's decimals can be, are missing."""
    numbers = [Decimal(str(v)) if v is not None else None for v in values]
    return pa.array([n if n is None or n.is_finite() else None for n in numbers], EXACT_DECIMAL)


def _texts(values: Sequence[object]) -> pa.Array:
    """As the same values are written where they come from a file."""
    try:
        return as_text(pa.array(values))
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
        return pa.array([None if v is None else _text(v) for v in values], pa.string())


def _text(value: object) -> str:
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode("utf-8")
    if isinstance(value, bool | int | float | date):
        return str(as_text(pa.array([value]))[0].as_py())
    return str(value)
