"""Summaries as bytes and back: frozen values, arrays and Arrow columns, without running anything that the bytes say.

Bytes of another revision of these classes, or damaged ones, are refused: they are made anew from the log.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
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

REVISION = 3
"""To be raised when a summary of the same rows would hold other numbers."""
PACKED = (
    *(Cases, Classes, Deviations, Feature, Features, Groups, Ids, Limit, Moments),
    *(Sample, Sides, Spoken, Spreads, Summary, Table, TextCounts, View),
)
_BY_NAME = {cls.__name__: cls for cls in PACKED}
_MAGIC = b"parley summary\n"
_LONGEST_LIST = 2**20


def packed(part: Part) -> bytes:
    buffers: list[bytes] = []
    tree = json.dumps(_folded(part, buffers), separators=(",", ":")).encode()
    sizes = json.dumps([len(tree), *map(len, buffers)]).encode()
    body = b"\n".join([sizes, tree]) + b"".join(buffers)
    squeezed: bytes = pa.compress(body, codec="zstd", asbytes=True)
    head = f"{shape()} {len(body)} {hashlib.sha256(squeezed).hexdigest()}\n".encode()
    return _MAGIC + head + squeezed


def is_whole(data: bytes | None) -> bool:
    """Whether these are the undamaged bytes of a summary of this revision."""
    return data is not None and _opened(data) is not None


def unpacked(data: bytes) -> Part:
    """Raises ValueError where the bytes are not whole."""
    opened = _opened(data)
    if opened is None:
        raise ValueError("these are no whole bytes of a summary of this revision")
    size, squeezed = opened
    body = memoryview(pa.decompress(squeezed, decompressed_size=size, codec="zstd"))
    end = bytes(body[:_LONGEST_LIST]).index(b"\n")
    first, *sizes = json.loads(bytes(body[:end]))
    start = end + 1 + first
    tree = json.loads(bytes(body[end + 1 : start]))
    buffers = []
    for length in sizes:
        buffers.append(body[start : start + length])
        start += length
    part: Part = _unfolded(tree, buffers)
    return part


def _opened(data: bytes) -> tuple[int, bytes] | None:
    """The size before and the bytes after squeezing."""
    if not data.startswith(_MAGIC):
        return None
    head, _, squeezed = data[len(_MAGIC) :].partition(b"\n")
    parts = head.decode("ascii", "replace").split()
    if len(parts) != 3 or parts[0] != shape() or parts[2] != hashlib.sha256(squeezed).hexdigest():
        return None
    return int(parts[1]), squeezed


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
        narrow = _narrowed(value)
        buffers.append(np.ascontiguousarray(narrow).tobytes())
        return ["a", value.dtype.str, list(value.shape), len(buffers) - 1, narrow.dtype.str]
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
    if not isinstance(tree, list):
        return tree
    kind, rest = tree[0], tree[1:]
    if kind == "f":
        return float(rest[0])
    if kind == "t":
        return tuple(_unfolded(v, buffers) for v in rest)
    if kind == "s":
        return frozenset(rest)
    if kind == "m":
        return {_unfolded(k, buffers): _unfolded(v, buffers) for k, v in rest}
    if kind == "a":
        found = np.frombuffer(buffers[rest[2]], dtype=np.dtype(rest[3])).reshape(rest[1])
        return found.astype(np.dtype(rest[0]), copy=False)
    if kind == "c":
        return pa.ipc.open_stream(pa.py_buffer(buffers[rest[0]])).read_all().column("column")
    return _BY_NAME[rest[0]](*(_unfolded(v, buffers) for v in rest[1:]))
