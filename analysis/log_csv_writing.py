"""How the values of a CSV's column are written, which tells whether the column may be read as numbers.

A column whose values tell rows apart (a label, a group) is read as numbers only where they give the text back: `1.10`
is not `1.1`, `01001` keeps its zero, and `1E2` is a word.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from analysis.log_values import Kind

MOST_GROUPS_AS_WRITTEN = 20
"""A column of fractions with more different values is one of measured numbers, which are cut into ranges."""
WORDS = ("NA", "N/A", "n/a", "#N/A", "NaN", "nan", "NULL", "null", "<NA>", "\\N")
"""What programs write into a column of text for a value that is missing."""

_WHOLE = r"^-?(0|[1-9][0-9]{0,17})$"
_WHOLE_AS_FRACTION = r"^-?(0|[1-9][0-9]{0,14})\.0+$"
_PLAIN = r"^-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,17})?(e[-+][0-9]{2,3})?$"
_NEEDLESS_ZERO = r"\.[0-9]+0$"
_CODE = r"^[A-Z]{2}$"


@dataclass(frozen=True, slots=True)
class Writing:
    """Of the values of some rows that are there. ``fractions`` says that a whole number is written with a fraction
    (1.0); ``decimals`` are the different numbers of digits after the point; ``few`` are the different texts, None for
    more than 20."""

    values: int
    all_whole: bool
    all_fractions: bool
    whole_or_fractions: bool
    plain: bool
    needless_zero: bool
    decimals: frozenset[int]
    few: frozenset[str] | None

    @classmethod
    def together(cls, parts: Sequence[Writing]) -> Writing:
        texts = frozenset().union(*(part.few or () for part in parts))
        kept = all(part.few is not None for part in parts) and len(texts) <= MOST_GROUPS_AS_WRITTEN
        return cls(
            sum(part.values for part in parts),
            all(part.all_whole for part in parts),
            all(part.all_fractions for part in parts),
            all(part.whole_or_fractions for part in parts),
            all(part.plain for part in parts),
            any(part.needless_zero for part in parts),
            frozenset().union(*(part.decimals for part in parts)),
            texts if kept else None,
        )

    @property
    def kind_of_class(self) -> Kind:
        """Labels and predictions are numbers where all of them are whole: `1.0` is then 1."""
        if not self.values:
            return Kind.NOTHING
        if self.all_whole:
            return Kind.WHOLE
        return Kind.FRACTION if self.whole_or_fractions else Kind.TEXT

    @property
    def kind_of_group(self) -> Kind:
        """Groups are numbers where a number has one text only; few fractions stay as they are written."""
        if not self.values:
            return Kind.NOTHING
        if self.all_whole:
            return Kind.WHOLE
        one_text_each = not self.needless_zero or len(self.decimals) == 1
        return Kind.FRACTION if self.plain and self.few is None and one_text_each else Kind.TEXT


def writing_of(values: pa.ChunkedArray, missing: Sequence[str]) -> Writing:
    """How the values of a column of text are written; the empty and the ``missing`` ones are passed over."""
    found = pc.unique(values).drop_null()
    found = found.filter(pc.greater(pc.binary_length(found), 0))
    if missing:
        found = found.filter(pc.invert(pc.is_in(found, pa.array(missing, pa.string()))))
    whole = _all(found, _WHOLE)
    as_fraction = pc.match_substring_regex(found, _WHOLE_AS_FRACTION)
    plain = whole or _all(found, _PLAIN)
    return Writing(
        values=len(found),
        all_whole=whole,
        all_fractions=not len(found) or bool(pc.all(as_fraction).as_py()),
        whole_or_fractions=whole or bool(pc.all(pc.or_(as_fraction, pc.match_substring_regex(found, _WHOLE))).as_py()),
        plain=plain,
        needless_zero=plain and not whole and bool(pc.any(pc.match_substring_regex(found, _NEEDLESS_ZERO)).as_py()),
        decimals=_decimals(found) if plain else frozenset(),
        few=frozenset(found.to_pylist()) if len(found) <= MOST_GROUPS_AS_WRITTEN else None,
    )


def are_fractions(values: pa.ChunkedArray) -> bool:
    """Whether every id is a whole number that a program has written as a fraction: 1000.0. Ids that are none are told
    by their first."""
    there = values.filter(pc.greater(pc.binary_length(values), 0))
    if len(there) and not str(there[0].as_py()).endswith("0"):
        return False
    return _all(there, _WHOLE_AS_FRACTION)


def are_codes(values: pa.ChunkedArray) -> bool:
    """Whether all values are codes of two letters, among which NA is Namibia and not a missing value."""
    there = values.filter(pc.greater(pc.binary_length(values), 0))
    if len(there) and len(str(there[0].as_py())) > 4:  # longer than any word that means missing
        return False
    return _all(there.filter(pc.invert(pc.is_in(there, pa.array(WORDS, pa.string())))), _CODE)


def _all(values: pa.Array | pa.ChunkedArray, pattern: str) -> bool:
    return not len(values) or bool(pc.all(pc.match_substring_regex(values, pattern)).as_py())


def _decimals(values: pa.Array) -> frozenset[int]:
    digits = pc.utf8_length(pc.replace_substring_regex(values, r"^-?[0-9]+\.?|e.*$", ""))
    return frozenset(pc.unique(digits).to_pylist())
