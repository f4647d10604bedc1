"""CSV files: header, kinds of columns over the whole file, and values by blocks.

A column holds numbers where every value is a number or missing, else it is text as a whole. An empty value is missing
in every column; words such as NA, N/A, NULL and null are missing in a column of numbers. NaN and inf are numbers, as
they are in a float. Ids and whatever is compared as text stays as it is written; labels and groups are numbers only
where no two texts would become one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc

from analysis.card import Format
from analysis.log_blocks import Block, RowError, blocks_of, cut_quoted_rows, grouped, in_threads, located, read_spans
from analysis.log_csv_text import NumberStyle, delimiter_of, header_of, parse
from analysis.log_csv_writing import Writing, are_codes, are_fractions, writing_of
from analysis.log_files import LogFile
from analysis.log_limits import Limits
from analysis.log_pieces import Chunk, Piece
from analysis.log_roles import Roles
from analysis.log_values import ARROW_TYPE, NUMBERS, Kind, joined, kind_of_type, one_array, without_empty


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a look at a block found; ``table`` is kept for small logs. ``writings`` are those of exact columns; columns
    of ``fractions`` hold only whole ids with a fraction, columns of ``codes`` only codes of two letters."""

    kinds: Mapping[str, Kind]
    writings: Mapping[str, Writing]
    fractions: frozenset[str]
    codes: frozenset[str]
    table: pa.Table | None


@dataclass(frozen=True, slots=True)
class _Looking:
    """How a block is looked at: which columns are text, and which are judged by how they are written."""

    columns: tuple[str, ...]
    delimiter: str
    style: NumberStyle
    roles: Roles

    @property
    def texts(self) -> dict[str, pa.DataType]:
        formatted = {self.roles.timestamp} if self.roles.time is not None and self.roles.time.format else set()
        return {c: pa.string() for c in self.columns if c in self.roles.texts | self.roles.exact | formatted}


@dataclass(frozen=True, slots=True)
class CsvFile:
    """``fractions`` are the columns of ids that lose their needless fraction; in a column of ``codes`` NA is a code;
    those that are ``as_written`` keep the text of their numbers."""

    file: LogFile
    columns: tuple[str, ...]
    kinds: Mapping[str, Kind]
    rows: int
    blocks: Sequence[Block[_Seen]]
    delimiter: str
    style: NumberStyle
    fractions: frozenset[str]
    codes: frozenset[str]
    as_written: frozenset[str]
    piece_bytes: int | None

    def pieces(self) -> list[Piece]:
        return [
            Piece(run[0].first_row, sum(b.rows for b in run), run) for run in grouped(self.blocks, self.piece_bytes)
        ]

    def read(self, piece: Piece, columns: Sequence[str], kinds: Mapping[str, Kind]) -> Iterator[Chunk]:
        run: Sequence[Block[_Seen]] = piece.where
        unread = [b for b in run if _to_parse(b, columns, kinds)]
        data = read_spans(self.file, [b.span for b in unread])
        for block in run:
            again = _to_parse(block, columns, kinds)
            parsed = self._parse(next(data), again, kinds, block) if again else None
            yield block.rows, {c: self._column(c, block, parsed, kinds[c]) for c in columns}
        for _ in data:
            pass  # lets the reader see, after the last block, whether the file changed meanwhile

    def _parse(self, data: bytes, columns: Sequence[str], kinds: Mapping[str, Kind], block: Block[_Seen]) -> pa.Table:
        types = {c: ARROW_TYPE[kinds[c]] for c in columns}
        try:
            return parse(data, self.columns, self.delimiter, self.style, types=types, include=list(columns))
        except RowError as error:
            raise located(self.file, error, block.first_row) from None

    def _column(self, column: str, block: Block[_Seen], parsed: pa.Table | None, kind: Kind) -> pa.Array:
        values = _values(column, block, parsed, kind)
        if kind in NUMBERS:
            if pa.types.is_string(values.type):
                values = self.style.plain(without_empty(values))
            return values if values.type == ARROW_TYPE[kind] else pc.cast(values, ARROW_TYPE[kind], safe=False)
        if pa.types.is_null(values.type):
            return pa.nulls(block.rows, ARROW_TYPE[kind])
        if column in self.fractions:
            values = pc.replace_substring_regex(values, r"\.0+$", "")
        values = without_empty(values)
        return values if column in self.as_written else self.style.plain_among_words(values)


def open_csv(file: LogFile, format_: Format, roles: Roles, *, kept_bytes: int, limits: Limits) -> CsvFile:
    """Looks through the whole file once. The values stay in memory where the text, which may have been packed, has at
    most ``kept_bytes``. Raises DataError that names the row."""
    delimiter, style = delimiter_of(file, format_), NumberStyle.of(format_)
    columns, start = header_of(file, format_)
    looking = _Looking(columns, delimiter, style, roles)

    def look(data: bytes) -> tuple[int, _Seen]:
        return _look(data, looking, keep=kept_bytes > 0)

    blocks: list[Block[_Seen]] = []
    rows, keep = 0, kept_bytes > 0
    for span, found in in_threads(blocks_of(file, start, cut_quoted_rows(delimiter), limits), look):
        if isinstance(found, RowError):
            raise located(file, found, rows)
        if keep and span.offset + span.length > start + kept_bytes:
            keep = False
            blocks = [replace(block, found=replace(block.found, table=None)) for block in blocks]
        seen = found[1] if keep else replace(found[1], table=None)
        blocks.append(Block(span, rows, found[0], seen))
        rows += found[0]
        limits.must_hold_rows(rows, file.name)
    return CsvFile(
        file=file,
        columns=columns,
        kinds=_kinds(columns, roles, [b.found for b in blocks]),
        rows=rows,
        blocks=blocks,
        delimiter=delimiter,
        style=style,
        fractions=_in_all(columns, [b.found.fractions for b in blocks]),
        codes=_in_all(columns, [b.found.codes for b in blocks]),
        as_written=frozenset(roles.texts | roles.exact),
        piece_bytes=None if file.must_be_read_from_its_start and not keep else limits.piece_bytes,
    )


def _kinds(columns: Sequence[str], roles: Roles, blocks: Sequence[_Seen]) -> dict[str, Kind]:
    found = {c: joined(block.kinds[c] for block in blocks) for c in columns}
    for column in roles.exact & set(columns) if blocks else ():
        writing = Writing.together([block.writings[column] for block in blocks])
        found[column] = writing.kind_of_class if column in roles.classes else writing.kind_of_group
    return found


def _in_all(columns: Sequence[str], blocks: Sequence[frozenset[str]]) -> frozenset[str]:
    return frozenset(columns).intersection(*blocks)


def _look(data: bytes, looking: _Looking, *, keep: bool) -> tuple[int, _Seen]:
    columns, roles = looking.columns, looking.roles
    table = parse(data, columns, looking.delimiter, looking.style, types=looking.texts)
    kinds = {c: _kind(table.schema.field(i).type) for i, c in enumerate(columns)}
    in_doubt = {Kind.TEXT, Kind.NOTHING, *([Kind.WHOLE] if b"0x" in data or b"0X" in data else [])}
    reread = [c for i, c in enumerate(columns) if kinds[c] in in_doubt and not _is_text(table.schema.field(i))]
    if reread:
        types = dict.fromkeys(reread, pa.string())
        again = parse(data, columns, looking.delimiter, looking.style, types=types, include=reread)
        for c in reread:
            kinds[c] = _looked_at_as_text(kinds[c], again.column(c))
            if kinds[c] is not Kind.WHOLE:
                table = table.set_column(columns.index(c), c, again.column(c))
    texts = {c: table.column(c) for i, c in enumerate(columns) if _is_text(table.schema.field(i))}
    missing = {c: () if c in roles.classes else looking.style.missing for c in roles.exact}
    writings = {c: writing_of(looking.style.plain(texts[c]), missing[c]) for c in roles.exact & texts.keys()}
    fractions = frozenset(c for c in roles.ids & texts.keys() if are_fractions(texts[c]))
    codes = frozenset(c for c in columns if c not in texts or are_codes(texts[c]))
    return table.num_rows, _Seen(kinds, writings, fractions, codes, table if keep else None)


def _looked_at_as_text(kind: Kind, values: pa.ChunkedArray) -> Kind:
    """Words such as NA leave a mark; 0x1f is text, for Arrow knows it as a whole number but not among fractions."""
    if kind is Kind.NOTHING and _has_words(values):
        return Kind.NA
    if kind is Kind.WHOLE and pc.any(pc.match_substring(values, "0x", ignore_case=True)).as_py():
        return Kind.TEXT
    return kind


def _is_text(field: pa.Field) -> bool:
    return bool(pa.types.is_string(field.type))


def _has_words(values: pa.ChunkedArray) -> bool:
    return bool(pc.any(pc.greater(pc.binary_length(values), 0)).as_py())


def _kind(type_: pa.DataType) -> Kind:
    """Dates, times and truth values are text in a CSV: only numbers are told apart."""
    kind = kind_of_type(type_)
    return kind if kind in (Kind.NOTHING, *NUMBERS) else Kind.TEXT


def _to_parse(block: Block[_Seen], columns: Sequence[str], kinds: Mapping[str, Kind]) -> list[str]:
    """The columns that must be read from the file (again): nothing kept, or kept as numbers where it is text."""
    if block.found.table is None:
        return list(columns)
    return [c for c in columns if kinds[c] is Kind.TEXT and block.found.kinds[c] in NUMBERS]


def _values(column: str, block: Block[_Seen], parsed: pa.Table | None, kind: Kind) -> pa.Array:
    if parsed is not None and column in parsed.column_names:
        return one_array(parsed.column(column))
    if kind in (Kind.NOTHING, *NUMBERS) and block.found.kinds[column] in (Kind.NOTHING, Kind.NA):
        return pa.nulls(block.rows, ARROW_TYPE[kind])
    table = block.found.table
    assert table is not None  # noqa: S101 -- else the column would have been parsed
    return one_array(table.column(column))
