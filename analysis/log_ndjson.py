"""NDJSON files: one object a line; keys are columns, a key that a line lacks is missing there.

A column that holds numbers here and words there is text as a whole, as in a CSV; true and false are switches. Arrow
reads what it can; blocks that it refuses (one column of several types) are read value by value.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.json as pj

from analysis.log_blocks import Block, RowError, blocks_of, cut_lines, grouped, in_threads, located, read_spans
from analysis.log_files import LogFile
from analysis.log_limits import Limits
from analysis.log_pieces import Chunk, Piece
from analysis.log_roles import Roles
from analysis.log_values import ARROW_TYPE, NUMBERS, Kind, as_kind, joined, kind_of_type, one_array

_LARGEST = 2**63
_BOM = b"\xef\xbb\xbf"
_TEXT_AS_WRITTEN = (Kind.FRACTION, Kind.TEXT)
"""Here numbers, text elsewhere: Arrow no longer tells which of the numbers were written as whole ones."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """``mixed`` are the columns that Arrow cannot read: of several types, or ids too long for a number."""

    kinds: Mapping[str, Kind]
    mixed: frozenset[str]


@dataclass(frozen=True, slots=True)
class NdjsonFile:
    file: LogFile
    columns: tuple[str, ...]
    kinds: Mapping[str, Kind]
    rows: int
    blocks: Sequence[Block[_Seen]]
    piece_bytes: int | None

    def pieces(self) -> list[Piece]:
        runs = grouped(self.blocks, self.piece_bytes)
        return [Piece(run[0].first_row, sum(b.rows for b in run), run) for run in runs]

    def read(self, piece: Piece, columns: Sequence[str], kinds: Mapping[str, Kind]) -> Iterator[Chunk]:
        run: Sequence[Block[_Seen]] = piece.where
        for block, data in zip(run, read_spans(self.file, [b.span for b in run]), strict=True):
            try:
                yield block.rows, _values(data, block, columns, kinds)
            except RowError as error:
                raise located(self.file, error, block.first_row) from None


def open_ndjson(file: LogFile, roles: Roles, *, limits: Limits) -> NdjsonFile:
    """Looks through the whole file once. Raises DataError that names the row which is no JSON object."""
    blocks: list[Block[_Seen]] = []
    rows, as_text = 0, roles.texts
    for span, found in in_threads(blocks_of(file, 0, cut_lines, limits), lambda data: _look(data, as_text)):
        if isinstance(found, RowError):
            raise located(file, found, rows)
        blocks.append(Block(span, rows, found[0], found[1]))
        rows += found[0]
        limits.must_hold_rows(rows, file.name)
    columns = tuple(dict.fromkeys(c for b in blocks for c in b.found.kinds))
    kinds = {c: joined(b.found.kinds[c] for b in blocks if c in b.found.kinds) for c in columns}
    kinds |= {c: Kind.TEXT for c in columns if c in as_text and kinds[c] is not Kind.NESTED}
    return NdjsonFile(
        file, columns, kinds, rows, blocks, None if file.must_be_read_from_its_start else limits.piece_bytes
    )


def _look(data: bytes, as_text: Collection[str]) -> tuple[int, _Seen]:
    data = data.removeprefix(_BOM)
    if not data.strip():
        return 0, _Seen({}, frozenset())
    try:
        table = _parse(data, None)
    except pa.ArrowInvalid:
        return _look_at_each(data)
    kinds = {f.name: _kind(f.type) for f in table.schema}
    too_long = frozenset(c for c in kinds if c in as_text and kinds[c] is Kind.FRACTION)
    return table.num_rows, _Seen(kinds, too_long)


def _look_at_each(data: bytes) -> tuple[int, _Seen]:
    kinds: dict[str, set[Kind]] = {}
    rows = 0
    for row in _objects(data):
        rows += 1
        for column, value in row.items():
            kinds.setdefault(column, set()).add(_kind_of(value))
    return rows, _Seen({c: joined(k) for c, k in kinds.items()}, frozenset(kinds))


def _values(data: bytes, block: Block[_Seen], columns: Sequence[str], kinds: Mapping[str, Kind]) -> dict[str, pa.Array]:
    seen = block.found
    data = data.removeprefix(_BOM)
    each = [c for c in columns if c in seen.mixed or (seen.kinds.get(c), kinds[c]) == _TEXT_AS_WRITTEN]
    types = {c: ARROW_TYPE[_as_read(seen.kinds[c], kinds[c])] for c in columns if c in seen.kinds and c not in each}
    found: dict[str, pa.Array] = {}
    if types:
        table = _parse(data, pa.schema(list(types.items())))
        found |= {c: as_kind(one_array(table.column(c)), kinds[c]) for c in types}
    if each:
        rows = list(_objects(data))
        found |= {c: _array((row.get(c) for row in rows), kinds[c]) for c in each}
    return {c: found[c] if c in found else pa.nulls(block.rows, ARROW_TYPE[kinds[c]]) for c in columns}


def _as_read(here: Kind, everywhere: Kind) -> Kind:
    """Numbers that are text elsewhere are read as numbers first: Arrow does not turn one into the other."""
    return everywhere if here in NUMBERS and everywhere in NUMBERS else here


def _parse(data: bytes, schema: pa.Schema | None) -> pa.Table:
    table = pj.read_json(
        pa.BufferReader(data),
        read_options=pj.ReadOptions(use_threads=False, block_size=len(data) + 1),
        parse_options=pj.ParseOptions(
            explicit_schema=schema, unexpected_field_behavior="infer" if schema is None else "ignore"
        ),
    )
    table.validate(full=True)  # Arrow's reader lets bytes through that are not UTF-8
    return table


def _kind(type_: pa.DataType) -> Kind:
    """Text that looks like a time is text."""
    kind = kind_of_type(type_)
    return Kind.TEXT if kind is Kind.TIME else kind


def _kind_of(value: object) -> Kind:
    if value is None:
        return Kind.NOTHING
    if isinstance(value, bool):
        return Kind.SWITCH
    if isinstance(value, int):
        return Kind.WHOLE if -_LARGEST <= value < _LARGEST else Kind.FRACTION
    if isinstance(value, float):
        return Kind.FRACTION
    return Kind.TEXT if isinstance(value, str) else Kind.NESTED


def _array(values: Iterable[object], kind: Kind) -> pa.Array:
    if kind is Kind.TEXT:
        return pa.array([None if v is None else _text(v) for v in values], pa.string())
    if kind is Kind.FRACTION:
        return pa.array([None if v is None else float(str(v)) for v in values], pa.float64())
    return pa.array(list(values), ARROW_TYPE[kind])


def _text(value: object) -> str:
    """As Arrow writes the same value, so that text is the same whichever way a block was read."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and math.isfinite(value):
        return str(pa.scalar(value).cast(pa.string()).as_py())
    return str(value)


def _objects(data: bytes) -> Iterator[dict[str, object]]:
    row = 0
    for line in data.split(b"\n"):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except UnicodeDecodeError:
            raise RowError(row, "holds bytes that are not UTF-8; save the file as UTF-8") from None
        except json.JSONDecodeError as error:
            raise RowError(row, f"is not JSON: {error.msg} at character {error.colno}") from None
        except (ValueError, RecursionError):
            raise RowError(
                row, "is not JSON that can be read: it is nested too deep, or has too long a number"
            ) from None
        if not isinstance(value, dict):
            raise RowError(row, 'is no JSON object; each line must be one object, like {"id": 1}')
        yield _without_lone_surrogates(value) if rb"\u" in line else value
        row += 1


def _without_lone_surrogates(row: dict[str, object]) -> dict[str, object]:
    """JSON may escape half of a sign, as a text that was cut has it; U+FFFD takes its place."""
    return {_whole(key): _whole(value) if isinstance(value, str) else value for key, value in row.items()}


def _whole(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
