"""Summaries as bytes and back: frozen values, arrays and Arrow columns, without running anything that the bytes say.

Bytes of another revision of these classes, or damaged ones, are refused: they are made anew from the log.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from analysis.summaries.classes import Classes
from analysis.summaries.deviations import Deviations, Spreads
from analysis.summaries.features import Feature, Moments, TextCounts
from analysis.summaries.groups import Groups
from analysis.summaries.ids import Ids
from analysis.summaries.pairs import Cases, Sides
from analysis.summaries.sample import Sample
from analysis.summaries.scores import View
from analysis.summaries.spoken import Spoken
from analysis.summaries.summary import Features, Part, Summary
from analysis.summaries.table import Limit, Table

REVISION = 4
"""To be raised when a summary of the same rows would hold other numbers."""
PACKED = (
    *(Cases, Classes, Deviations, Feature, Features, Groups, Ids, Limit, Moments),
    *(Sample, Sides, Spoken, Spreads, Summary, Table, TextCounts, View),
)
_BY_NAME = {cls.__name__: cls for cls in PACKED}
_MAGIC = b"parley summary\n"


def packed(part: Part) -> bytes:
    buffers: list[bytes] = []
    tree = _folded(part, buffers)
    index = json.dumps([tree, [len(b) for b in buffers]], separators=(",", ":")).encode()
    body = index + b"".join(buffers)
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
    tree, sizes = json.loads(bytes(body[:start]))
    ends = list(accumulate(sizes, initial=start))
    part: Part = _unfolded(tree, [body[a:b] for a, b in pairwise(ends)])
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


def _folded(value: Any, buffers: list[bytes]) -> Any:
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, np.integer):
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else ["f", repr(float(value))]
    if isinstance(value, tuple):
        return ["t", *(_folded(v, buffers) for v in value)]
    if isinstance(value, frozenset):
        return ["s", *sorted(value)]
    if isinstance(value, Mapping):
        return ["m", *([_folded(k, buffers), _folded(v, buffers)] for k, v in value.items())]
    if isinstance(value, np.ndarray):
        if not value.size:
            return ["n", value.dtype.str, *value.shape]
        narrow = _narrowed(value)
        buffers.append(np.ascontiguousarray(narrow).tobytes())
        return ["a", len(buffers) - 1, narrow.dtype.str, value.dtype.str, *value.shape]
    if isinstance(value, pa.ChunkedArray):
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, pa.schema([("column", value.type)])) as stream:
            stream.write_table(pa.table({"column": value}))
        buffers.append(sink.getvalue().to_pybytes())
        return ["c", len(buffers) - 1]
    if is_dataclass(value) and type(value) in PACKED:
        return ["d", type(value).__name__, *(_folded(getattr(value, f.name), buffers) for f in fields(value))]
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


def _unfolded(tree: Any, buffers: list[memoryview]) -> Any:
    """A log of a month has a hundred thousand of these nodes, so each is looked at once."""
    return _UNFOLDED[tree[0]](tree, buffers) if type(tree) is list else tree


def _array(tree: list[Any], buffers: list[memoryview]) -> npt.NDArray[Any]:
    _, place, narrow, dtype, *shape = tree
    found = np.frombuffer(buffers[place], narrow)
    if narrow != dtype:
        found = found.astype(dtype)
    return found if len(shape) == 1 else found.reshape(shape)


def _column(tree: list[Any], buffers: list[memoryview]) -> pa.ChunkedArray:
    return pa.ipc.open_stream(pa.py_buffer(buffers[tree[1]])).read_all().column("column")


def _value(tree: list[Any], buffers: list[memoryview]) -> Any:
    return _BY_NAME[tree[1]](*[_unfolded(v, buffers) for v in tree[2:]])


_UNFOLDED: dict[str, Callable[[list[Any], list[memoryview]], Any]] = {
    "a": _array,
    "c": _column,
    "d": _value,
    "f": lambda tree, _: float(tree[1]),
    "m": lambda tree, buffers: {_unfolded(k, buffers): _unfolded(v, buffers) for k, v in tree[1:]},
    "n": lambda tree, _: np.zeros(tree[2:], tree[1]),
    "s": lambda tree, _: frozenset(tree[1:]),
    "t": lambda tree, buffers: tuple([_unfolded(v, buffers) for v in tree[1:]]),
}
