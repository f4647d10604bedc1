"""The kinds of value a column can hold, and how columns of different kinds become one.

Kinds join without regard to order, so what a column is never depends on which file or block was read first: whole
numbers and fractions are fractions; a number here and a word there is text as a whole; nothing joins with anything.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

import pyarrow as pa
import pyarrow.compute as pc


class Kind(Enum):
    NOTHING = "nothing"
    NA = "only words like NA"
    WHOLE = "whole numbers"
    FRACTION = "numbers"
    SWITCH = "true or false"
    TIME = "times"
    TEXT = "text"
    NESTED = "lists or mappings"


NUMBERS = (Kind.WHOLE, Kind.FRACTION)

ARROW_TYPE = {
    Kind.NOTHING: pa.null(),
    Kind.NA: pa.string(),
    Kind.WHOLE: pa.int64(),
    Kind.FRACTION: pa.float64(),
    Kind.SWITCH: pa.bool_(),
    Kind.TIME: pa.timestamp("us", "UTC"),
    Kind.TEXT: pa.string(),
}


def joined(kinds: Iterable[Kind]) -> Kind:
    """What a column is whose pieces are of these kinds."""
    some = set(kinds) - {Kind.NOTHING}
    if not some:
        return Kind.NOTHING
    if Kind.NESTED in some:
        return Kind.NESTED
    if some <= {Kind.NA, *NUMBERS} and some & set(NUMBERS):
        return Kind.FRACTION if Kind.FRACTION in some else Kind.WHOLE
    return some.pop() if len(some) == 1 else Kind.TEXT


def kind_of_type(type_: pa.DataType) -> Kind:
    """The kind of an Arrow type. Unsigned 64-bit numbers and decimals count as fractions."""
    if pa.types.is_dictionary(type_):
        return kind_of_type(type_.value_type)
    if pa.types.is_null(type_):
        return Kind.NOTHING
    if pa.types.is_boolean(type_):
        return Kind.SWITCH
    if pa.types.is_uint64(type_) or pa.types.is_floating(type_) or pa.types.is_decimal(type_):
        return Kind.FRACTION
    if pa.types.is_integer(type_):
        return Kind.WHOLE
    if pa.types.is_timestamp(type_) or pa.types.is_date(type_):
        return Kind.TIME
    return Kind.NESTED if pa.types.is_nested(type_) else Kind.TEXT


def as_kind(values: pa.Array, kind: Kind) -> pa.Array:
    """The values as their column's kind. Raises pa.ArrowInvalid where one cannot be (bytes that are no text)."""
    if pa.types.is_dictionary(values.type):
        if kind is Kind.TEXT and pa.types.is_string(values.type.value_type):
            return values
        values = values.dictionary_decode()
    if kind is Kind.TEXT:
        return as_text(values)
    if kind is Kind.TIME:
        return in_utc(values)
    wanted = ARROW_TYPE[kind]
    return values if values.type == wanted else pc.cast(values, wanted, safe=False)


def as_text(values: pa.Array) -> pa.Array:
    """Values as text, as ids are compared: 5 and 5.0 are "5", true is "true", times are ISO 8601 in UTC."""
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if pa.types.is_string(values.type):
        return values
    if isinstance(values.type, pa.UuidType):
        return pa.array([None if value is None else str(value) for value in values.to_pylist()], pa.string())
    if pa.types.is_timestamp(values.type) or pa.types.is_date(values.type):
        return pc.strftime(in_utc(values), format="%Y-%m-%dT%H:%M:%SZ")
    if pa.types.is_decimal(values.type):
        values = pc.cast(values, pa.float64())
    return pc.cast(values, pa.string())


def in_utc(values: pa.Array) -> pa.Array:
    """Times or dates as microseconds in UTC; times without a zone are UTC."""
    wanted = ARROW_TYPE[Kind.TIME]
    if values.type == wanted:
        return values
    if pa.types.is_timestamp(values.type) and values.type.tz is not None:
        return pc.cast(values, wanted, safe=False)
    naive = pc.cast(values, pa.timestamp("us"), safe=False)
    return naive.cast(pa.int64()).cast(wanted)


def one_array(values: pa.ChunkedArray) -> pa.Array:
    return values.chunk(0) if values.num_chunks == 1 else pa.concat_arrays(values.chunks or [pa.array([], values.type)])
