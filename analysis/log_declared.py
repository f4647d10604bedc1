"""Columns as the type that a model card declares, where their look misleads."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from analysis.log_times import NotATimeError, as_times
from analysis.log_values import Kind, as_text, kind_of_type

TRUE, FALSE = ("true", "t", "yes", "y", "on", "1"), ("false", "f", "no", "n", "off", "0")
_WORDS = {Kind.FRACTION: "number", Kind.TIME: "time", Kind.SWITCH: "truth value"}


class NotOfItsTypeError(Exception):
    """A value that is not of the declared type; ``place`` counts from 0 in the array, ``what`` names the type."""

    def __init__(self, place: int, what: str) -> None:
        super().__init__(f"no {what} at {place}")
        self.place = place
        self.what = what


def as_declared(values: pa.Array, kind: Kind) -> pa.Array:
    """The values as this kind; nulls stay null. Raises NotOfItsTypeError at the first that is none."""
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if kind is Kind.TIME:
        try:
            return as_times(values)
        except NotATimeError as error:
            raise NotOfItsTypeError(error.place, _WORDS[kind]) from None
    if kind is Kind.TEXT:
        return as_text(values)
    found = _numbers(values) if kind is Kind.FRACTION else _switches(values)
    lost = pc.and_(values.is_valid(), found.is_null())
    if pc.any(lost).as_py():
        raise NotOfItsTypeError(pc.index(lost, True).as_py(), _WORDS[kind])
    return found


def _numbers(values: pa.Array) -> pa.Array:
    if kind_of_type(values.type) is not Kind.TEXT:
        return pc.cast(values, pa.float64(), safe=False)
    bare = pc.utf8_trim_whitespace(as_text(values))
    is_number = pc.match_substring_regex(bare, r"^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$")
    return pc.cast(pc.if_else(is_number, bare, pa.scalar(None, pa.string())), pa.float64())


def _switches(values: pa.Array) -> pa.Array:
    words = pc.utf8_lower(pc.utf8_trim_whitespace(as_text(values)))
    known = pc.is_in(words, pa.array([*TRUE, *FALSE]))
    return pc.if_else(known, pc.is_in(words, pa.array(TRUE)), pa.scalar(None, pa.bool_()))
