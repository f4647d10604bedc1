"""The kinds of value a column can hold, and how columns of different kinds become one.

Kinds join without regard to order, so what a column is never depends on which file or block was read first: whole
numbers and fractions are fractions; a number here and a word there is text as a whole; nothing joins with anything.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from decimal import Decimal
from enum import Enum

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


class Kind(Enum):
    NOTHING = "nothing"
    NA = "only words like NA"
    WHOLE = "whole numbers"
    FRACTION = "numbers"
    DECIMAL = "decimals"
    SWITCH = "true or false"
    TIME = "times"
    TEXT = "text"
    NESTED = "lists or mappings"


NUMBERS = (Kind.WHOLE, Kind.FRACTION, Kind.DECIMAL)
NUMBER_AS_TEXT = r"^\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*$"
"""A number that was written as a text, as Arrow's regular expressions have it."""

LARGEST_EXACT_POWER = 22
"""Of ten, that a float holds exactly."""
EXACT_DECIMAL = pa.decimal256(76, 38)
"""Holds every decimal of 38 digits, and every whole number of 64 bits, as it is written."""

ARROW_TYPE = {
    Kind.NOTHING: pa.null(),
    Kind.NA: pa.string(),
    Kind.WHOLE: pa.int64(),
    Kind.FRACTION: pa.float64(),
    Kind.DECIMAL: EXACT_DECIMAL,
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
        return next(kind for kind in (Kind.FRACTION, Kind.DECIMAL, Kind.WHOLE) if kind in some)
    return some.pop() if len(some) == 1 else Kind.TEXT


def kind_of_type(type_: pa.DataType) -> Kind:
    """The kind of an Arrow type. Unsigned 64-bit numbers and decimals count as fractions: ``exact_kind_of_type`` is for
    columns whose values tell rows apart."""
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


def exact_kind_of_type(type_: pa.DataType) -> Kind:
    """As ``kind_of_type``, where no two values may become one."""
    if pa.types.is_uint64(type_) or pa.types.is_decimal(type_):
        return Kind.DECIMAL
    return kind_of_type(type_)


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
    if kind is Kind.FRACTION and pa.types.is_decimal(values.type):
        return floats_of_decimals(values)
    wanted = ARROW_TYPE[kind]
    return values if values.type == wanted else pc.cast(values, wanted, safe=False)


def as_text(values: pa.Array) -> pa.Array:
    """Values as text, as ids are compared: 5, 5.0 and the decimal 5.00 are "5", true is "true", times are ISO 8601 in
    UTC. No number is rounded."""
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if pa.types.is_string(values.type):
        return values
    if isinstance(values.type, pa.UuidType):
        return pa.array([None if value is None else str(value) for value in values.to_pylist()], pa.string())
    if pa.types.is_timestamp(values.type) or pa.types.is_date(values.type):
        return pc.strftime(in_utc(values), format="%Y-%m-%dT%H:%M:%SZ")
    if pa.types.is_decimal(values.type):
        return _decimals_as_text(values)
    if pa.types.is_floating(values.type):
        return _fractions_as_text(values)
    return pc.cast(values, pa.string())


def floats_of_decimals(values: pa.Array) -> pa.Array:
    """The nearest float of each decimal; Arrow's own is often the next but one."""
    scale = values.type.scale
    if not 0 <= scale <= LARGEST_EXACT_POWER:
        return _floats_by_text(values)
    near = np.asarray(pc.cast(pc.fill_null(values, 0), pa.float64()))
    whole = np.rint(near * 10.0**scale)
    if (np.abs(whole) >= 2.0**53).any():
        return _floats_by_text(values)
    return pa.array(whole / 10.0**scale, mask=np.asarray(values.is_null()))


def _floats_by_text(values: pa.Array) -> pa.Array:
    found = values.dictionary_encode()
    return pa.array([float(value) for value in found.dictionary.to_pylist()], pa.float64()).take(found.indices)


def decimal_as_text(value: Decimal) -> str:
    """A decimal without needless zeros and without an exponent."""
    written = f"{value:f}"
    return (written.rstrip("0").rstrip(".") if "." in written else written) or "0"


def _decimals_as_text(values: pa.Array) -> pa.Array:
    if values.type.scale == 0:
        return pc.cast(values, pa.string())
    found = values.dictionary_encode()
    texts = pa.array([decimal_as_text(value) for value in found.dictionary.to_pylist()], pa.string())
    return texts.take(found.indices)


def _fractions_as_text(values: pa.Array) -> pa.Array:
    """Whole numbers in full: Arrow writes 1e+16 where a whole number of the same value is written out."""
    texts = pc.cast(values, pa.string())
    large = pc.fill_null(pc.match_substring(texts, "e+"), False)
    if not pc.any(large).as_py():
        return texts
    whole = [str(int(v)) if there else None for v, there in zip(values.to_pylist(), large.to_pylist(), strict=True)]
    return pc.if_else(large, pa.array(whole, pa.string()), texts)


def in_utc(values: pa.Array) -> pa.Array:
    """Times or dates as microseconds in UTC; times without a zone are UTC."""
    wanted = ARROW_TYPE[Kind.TIME]
    if values.type == wanted:
        return values
    if pa.types.is_timestamp(values.type) and values.type.tz is not None:
        return pc.cast(values, wanted, safe=False)
    naive = pc.cast(values, pa.timestamp("us"), safe=False)
    return naive.cast(pa.int64()).cast(wanted)


def without_empty(values: pa.Array) -> pa.Array:
    """Text with null where it is empty."""
    return without_words(values, ("",))


def without_words(values: pa.Array, words: Collection[str]) -> pa.Array:
    """Text with null where it is one of these words."""
    sought = pa.array(words, pa.string())
    if not pa.types.is_dictionary(values.type):
        gone = pc.equal(pc.binary_length(values), 0) if tuple(words) == ("",) else pc.is_in(values, sought)
        return pc.if_else(gone, pa.scalar(None, values.type), values) if pc.any(gone).as_py() else values
    codes = np.flatnonzero(np.asarray(pc.is_in(values.dictionary, sought)))
    if not len(codes):
        return values
    gone = pc.is_in(values.indices, pa.array(codes, values.indices.type))
    kept = pc.if_else(gone, pa.scalar(None, values.indices.type), values.indices)
    return pa.DictionaryArray.from_arrays(kept, values.dictionary)


def one_array(values: pa.ChunkedArray) -> pa.Array:
    return values.chunk(0) if values.num_chunks == 1 else pa.concat_arrays(values.chunks or [pa.array([], values.type)])
