"""Summaries as bytes and back: frozen values, arrays and Arrow columns, without running anything that the bytes say.

Bytes of another revision of these classes, or damaged ones, are refused: they are made anew from the log.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from functools import cache
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from analysis.summaries.classes import Classes
from analysis.summaries.deviations import Deviations, Spreads
from analysis.summaries.features import Feature, TextCounts
from analysis.summaries.groups import Groups
from analysis.summaries.ids import Ids
from analysis.summaries.many_texts import ManyTexts, PartOfHashes
from analysis.summaries.moments import Moments
from analysis.summaries.pairs import Cases, Sides
from analysis.summaries.said import Values
from analysis.summaries.sample import Sample
from analysis.summaries.scores import View
from analysis.summaries.spoken import Spoken
from analysis.summaries.summary import Features, Part, Summary
from analysis.summaries.table import Limit, Table

REVISION = 10
"""To be raised when a summary of the same rows would hold other numbers."""
PACKED = (
    *(Cases, Classes, Deviations, Feature, Features, Groups, Ids, Limit, ManyTexts, Moments),
    PartOfHashes,
    *(Sample, Sides, Spoken, Spreads, Summary, Table, TextCounts, Values, View),
)
_BY_NAME = {cls.__name__: cls for cls in PACKED}
_MAGIC = b"parley summary\n"


@dataclass(frozen=True, slots=True)
class _Written:
    """What is written once for all places that lead to it: arrays' bytes, and values (as JSON) that hold no array, of
    which most are the empty tables of what a column has none of."""

    buffers: list[bytes] = field(default_factory=list)
    values: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Found:
    """The same when it is read."""

    buffers: list[memoryview]
    values: list[Any] = field(default_factory=list)


def packed(part: Part) -> bytes:
    written = _Written()
    tree = _folded(part, written)
    values = [json.loads(value) for value in written.values]
    index = json.dumps([tree, values, [len(b) for b in written.buffers]], separators=(",", ":")).encode()
    body = index + b"".join(written.buffers)
    squeezed: bytes = pa.compress(body, codec="zstd", asbytes=True)
    head = f"{shape()} {len(index)} {len(body)} {hashlib.sha256(squeezed).hexdigest()}\n".encode()
    return _MAGIC + head + squeezed


def unpacked(data: bytes) -> Part | None:
    """None where these are not the undamaged bytes of a summary of this revision."""
    opened = _opened(data)
    if opened is None:
        return None
    start, size, squeezed = opened
    body = memoryview(pa.decompress(squeezed, decompressed_size=size, codec="zstd"))
    tree, values, sizes = json.loads(bytes(body[:start]))
    found = _Found([body[a:b] for a, b in pairwise(accumulate(sizes, initial=start))])
    for value in values:  # one that stands in another comes before it
        found.values.append(_unfolded(value, found))
    part: Part = _unfolded(tree, found)
    return part


def _opened(data: bytes) -> tuple[int, int, bytes] | None:
    """The size of the index, and of all, before squeezing; and the squeezed bytes."""
    if not data.startswith(_MAGIC):
        return None
    head, _, squeezed = data[len(_MAGIC) :].partition(b"\n")
    parts = head.decode("ascii", "replace").split()
    if len(parts) != 4 or parts[0] != shape() or parts[3] != hashlib.sha256(squeezed).hexdigest():
        return None
    return int(parts[1]), int(parts[2]), squeezed


@cache
def shape() -> str:
    """Names the classes and their fields, so that bytes of other ones are told apart."""
    names = {cls.__name__: [f.name for f in fields(cls)] for cls in PACKED}
    return hashlib.sha256(json.dumps([REVISION, names], sort_keys=True).encode()).hexdigest()[:16]


def _folded(value: Any, written: _Written) -> Any:
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, np.integer):
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else ["f", repr(float(value))]
    if isinstance(value, tuple):
        return ["t", *(_folded(v, written) for v in value)]
    if isinstance(value, frozenset):
        return ["s", *sorted(value)]
    if isinstance(value, Mapping):
        return ["m", *([_folded(k, written), _folded(v, written)] for k, v in value.items())]
    if isinstance(value, np.ndarray):
        if not value.size:
            return ["n", value.dtype.str, *value.shape]
        narrow = _narrowed(value)
        written.buffers.append(np.ascontiguousarray(narrow).tobytes())
        return ["a", len(written.buffers) - 1, narrow.dtype.str, value.dtype.str, *value.shape]
    if isinstance(value, pa.ChunkedArray):
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, pa.schema([("column", value.type)])) as stream:
            stream.write_table(pa.table({"column": value}))
        written.buffers.append(sink.getvalue().to_pybytes())
        return ["c", len(written.buffers) - 1]
    if is_dataclass(value) and type(value) in PACKED:
        before = len(written.buffers)
        tree = ["d", type(value).__name__, *(_folded(getattr(value, f.name), written) for f in fields(value))]
        if len(written.buffers) > before:
            return tree
        return ["v", written.values.setdefault(json.dumps(tree), len(written.values))]
    raise TypeError(f"a {type(value).__name__} cannot be packed")


def _narrowed(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Whole numbers in as few bytes as they need."""
    if array.dtype != np.int64 or not len(array):
        return array
    low, high = int(array.min()), int(array.max())
    for narrow in (np.int8, np.int16, np.int32):
        if np.iinfo(narrow).min <= low and high <= np.iinfo(narrow).max:
            return array.astype(narrow)
    return array


def _unfolded(tree: Any, found: _Found) -> Any:
    return _UNFOLDED[tree[0]](tree, found) if type(tree) is list else tree


def _array(tree: list[Any], found: _Found) -> npt.NDArray[Any]:
    _, place, narrow, dtype, *shape = tree
    array = np.frombuffer(found.buffers[place], narrow)
    if narrow != dtype:
        array = array.astype(dtype)
    return array if len(shape) == 1 else array.reshape(shape)


def _column(tree: list[Any], found: _Found) -> pa.ChunkedArray:
    return pa.ipc.open_stream(pa.py_buffer(found.buffers[tree[1]])).read_all().column("column")


def _value(tree: list[Any], found: _Found) -> Any:
    return _BY_NAME[tree[1]](*[_unfolded(v, found) for v in tree[2:]])


_UNFOLDED: dict[str, Callable[[list[Any], _Found], Any]] = {
    "a": _array,
    "c": _column,
    "d": _value,
    "f": lambda tree, _: float(tree[1]),
    "m": lambda tree, found: {_unfolded(k, found): _unfolded(v, found) for k, v in tree[1:]},
    "n": lambda tree, _: np.zeros(tree[2:], tree[1]),
    "s": lambda tree, _: frozenset(tree[1:]),
    "t": lambda tree, found: tuple([_unfolded(v, found) for v in tree[1:]]),
    "v": lambda tree, found: found.values[tree[1]],
}
