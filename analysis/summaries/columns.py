"""A column of a batch as what it can be counted as: numbers, texts, or only present and missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from analysis.log_values import NUMBER_AS_TEXT, decimal_as_text, floats_of_decimals
from analysis.summaries.bits import COARSE_ENOUGH, in_bins
from analysis.summaries.distinct import Ints, distinct, how_many
from analysis.summaries.keys import EXACT, LEVELS, Floats, coarser, keys_of
from analysis.summaries.table import Encoded, Limit

Mask = npt.NDArray[np.bool_]
Kind = Literal["number", "text", "time", "empty", "other"]

LONGEST_TEXT = 200
"""Texts that agree in their first 200 characters count as one: a log may hold whole documents."""
MOST_TEXTS = 10_000
"""Of a column with more different texts the values are not kept; their rows are counted by hash (`many_texts.py`)."""

_TEXTS_LOOKED_AT = 256
_DENSE = 4096
_FINEST = LEVELS[1]


def kind_of(type_: pa.DataType) -> Kind:
    """Booleans and dictionaries are texts (`true`, `false`); a column of nulls alone is empty."""
    if pa.types.is_dictionary(type_):
        return kind_of(type_.value_type)
    if pa.types.is_integer(type_) or pa.types.is_floating(type_) or pa.types.is_decimal(type_):
        return "number"
    if _is_text(type_) or pa.types.is_boolean(type_):
        return "text"
    if pa.types.is_temporal(type_):
        return "time"
    return "empty" if pa.types.is_null(type_) else "other"


def present(array: pa.Array) -> Mask | None:
    """Which values are there, or None for all of them. NaN is missing, as pandas has it."""
    if pa.types.is_floating(array.type):
        values = numbers(array)
        if not len(values) or not np.isnan(values.min()):  # a NaN among them would be the least
            return None
        return ~np.isnan(values)
    if not array.null_count:
        return None
    return np.asarray(array.is_valid().to_numpy(zero_copy_only=False))


def numbers(array: pa.Array) -> Floats:
    """The numbers as float64, NaN where missing. Texts that are no number are NaN, too."""
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if _is_text(array.type):
        array = _parsed(array)
    elif pa.types.is_decimal(array.type):
        array = floats_of_decimals(array)
    elif pa.types.is_boolean(array.type) or not pa.types.is_floating(array.type) or array.type.bit_width != 64:
        array = array.cast(pa.float64(), safe=False)
    values = array.to_numpy(zero_copy_only=False)
    return np.asarray(values, dtype=np.float64)


def encoded(array: pa.Array, there: Mask | None, *, limit: Limit, level: int = EXACT) -> Encoded:
    """The present numbers of a column with their keys, at ``level`` or coarser where ``limit`` demands it anyway."""
    if pa.types.is_integer(array.type) and level == EXACT:
        whole = array.fill_null(0) if array.null_count else array
        ints = whole.to_numpy(zero_copy_only=False)
        ints = ints if there is None else ints[there]
        if len(ints) and (found := _whole_numbers(ints)) is not None:
            return found
    values = numbers(array)
    return encoded_numbers(values if there is None else values[there], limit=limit, level=level)


def encoded_numbers(values: Floats, *, limit: Limit, level: int = EXACT) -> Encoded:
    """As ``encoded``, for numbers without NaN."""
    if level == EXACT:
        level = level_of_a_start(values, limit)
    if level == EXACT:
        return _exactly(values)
    found = in_bins(values, level) if level in COARSE_ENOUGH and len(values) else None
    return found or Encoded(*distinct(coarser(keys_of(values), EXACT, level)), level)


@dataclass(frozen=True, slots=True)
class Texts:
    """The texts of some rows: row i has ``values[codes[i]]``, or none where the code is -1. There may be values that no
    row has: a file's dictionary has those of other rows, too. ``values`` is None if there are more than MOST_TEXTS;
    they stand in ``many``."""

    values: tuple[str, ...] | None
    codes: Ints
    many: pa.Array | None = None


def texts(array: pa.Array) -> Texts:
    """Any column as texts: numbers as people write them (3, 0.5), booleans as `true` and `false`."""
    if pa.types.is_boolean(array.type):
        codes = array.cast(pa.int8()).fill_null(-1).to_numpy(zero_copy_only=False)
        return Texts(("false", "true"), codes.astype(np.int64))
    if pa.types.is_integer(array.type) and len(array) and not array.null_count:
        found = _whole_numbers_as_texts(array.to_numpy(zero_copy_only=False))
        if found is not None:
            return found
    if not pa.types.is_dictionary(array.type):
        array = array.dictionary_encode()
    indices = array.indices.fill_null(-1) if array.null_count else array.indices
    codes = indices.to_numpy(zero_copy_only=False).astype(np.int64)
    dictionary = array.dictionary
    if len(dictionary) > MOST_TEXTS:
        dictionary, codes = _used(dictionary, codes)
    if len(dictionary) > MOST_TEXTS:
        return Texts(None, codes, dictionary)
    written = [as_text(v) for v in dictionary.to_pylist()]
    if len(set(written)) == len(written) and None not in written:
        return Texts(tuple(w for w in written if w is not None), codes)
    return _joined(written, codes)


def _whole_numbers_as_texts(ints: npt.NDArray[np.integer]) -> Texts | None:
    """Few whole numbers, as a label has, need no dictionary; None for others."""
    low, high = int(ints.min()), int(ints.max())
    if high - low >= _DENSE or high >= 2**63:
        return None
    return Texts(tuple(str(value) for value in range(low, high + 1)), ints.astype(np.int64) - low)


def _used(values: pa.Array, codes: Ints) -> tuple[pa.Array, Ints]:
    """Without the values that no row has."""
    there = np.zeros(len(values) + 1, dtype=bool)
    there[codes] = True  # -1, a missing one, is the last place
    place = np.append(np.cumsum(there[:-1]) - 1, -1)
    return values.take(pa.array(np.flatnonzero(there[:-1]))), place[codes]


def as_text(value: object) -> str | None:
    """One value as people write it; None where it is missing."""
    if value is None or value != value:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return number_as_text(value)
    if isinstance(value, Decimal):
        return decimal_as_text(value)
    return str(value)[:LONGEST_TEXT]


def number_as_text(number: float) -> str:
    return str(int(number)) if number.is_integer() and abs(number) < 1e16 else repr(float(number))


def day_as_text(days: float) -> str:
    """Days since 1970 as a date, with the time of day to the minute where it is no whole day."""
    minutes = np.datetime64(round(days * 1440), "m")
    return str(minutes.astype("datetime64[D]")) if days == int(days) else str(minutes)


def share_of_numbers(values: Sequence[str]) -> float:
    """How many of these texts are numbers, as a share."""
    if not values:
        return 0.0
    return float(pc.mean(pc.match_substring_regex(pa.array(values, pa.string()), NUMBER_AS_TEXT)).as_py())


def looks_like_numbers(array: pa.Array) -> bool:
    """Whether a column of texts may be one of numbers with some words in between: a tenth of its first values are."""
    if pa.types.is_dictionary(array.type):
        array = array.dictionary
    return share_of_numbers([v for v in array[:_TEXTS_LOOKED_AT].to_pylist() if v is not None]) >= 0.1


def _is_text(type_: pa.DataType) -> bool:
    return bool(pa.types.is_string(type_) or pa.types.is_large_string(type_) or pa.types.is_string_view(type_))


def _parsed(array: pa.Array) -> pa.Array:
    """The numbers among texts; the rest null."""
    is_number = pc.match_substring_regex(array, NUMBER_AS_TEXT)
    return pc.cast(pc.utf8_trim_whitespace(pc.if_else(is_number, array, None)), pa.float64())


def _whole_numbers(ints: npt.NDArray[np.integer]) -> Encoded | None:
    """Whole numbers that lie close together, by their distance from the least; None for others."""
    low, high = int(ints.min()), int(ints.max())
    if high - low > 4 * len(ints) + 1024 or max(-low, high) >= 2**53:
        return None
    places = ints.astype(np.int64) - low
    if high - low < _DENSE:
        return Encoded(keys_of(np.arange(low, high + 1, dtype=np.float64)), places, EXACT)
    axis, places = distinct(places)
    return Encoded(keys_of((axis + low).astype(np.float64)), places, EXACT)


def _exactly(values: Floats) -> Encoded:
    coded = pa.array(values).dictionary_encode()
    axis, place_of = np.unique(keys_of(coded.dictionary.to_numpy()), return_inverse=True)
    return Encoded(axis, place_of[coded.indices.to_numpy()].astype(np.int64, copy=False), EXACT)


def level_of_a_start(values: Floats, limit: Limit) -> int:
    """The level that the first rows need: a lower bound for all of them, found by sorting few."""
    if len(values) <= limit.exact:
        return EXACT
    start = np.sort(keys_of(values[: limit.exact + 1]))
    if how_many(start) <= limit.exact:
        return EXACT
    keys = coarser(start, EXACT, _FINEST)
    # Two neighbours are one bin from the level on that drops all bits in which they differ.
    together_from = _FINEST + np.frexp((keys[1:] ^ keys[:-1]).astype(np.float64))[1]
    bins = 1 + np.cumsum(np.bincount(together_from, minlength=LEVELS[-1] + 2)[::-1])[::-1]
    return next((level for level in LEVELS[1:] if bins[level + 1] <= limit.coarse), LEVELS[-1])


def _joined(written: Sequence[str | None], codes: Ints) -> Texts:
    """Texts of which some became the same, or missing."""
    values = tuple(sorted({w for w in written if w is not None}))
    place = {value: code for code, value in enumerate(values)}
    new = np.array([-1 if w is None else place[w] for w in written] + [-1], dtype=np.int64)
    return Texts(values, new[codes])
