"""The text of a CSV file: its header, and some of its rows as a table, or what is wrong with them."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pv

from analysis.card import Format
from analysis.errors import DataError
from analysis.log_blocks import RowError, unpacked
from analysis.log_files import LogFile
from analysis.log_limits import MEGABYTE
from analysis.log_values import NUMBER_AS_TEXT
from analysis.near_names import listed

MOST_HEADER_BYTES = 4 * MEGABYTE
MISSING_NUMBERS = [w for w in pv.ConvertOptions().null_values if "nan" not in w.lower()] + ["None", "<NA>"]

_BOM = b"\xef\xbb\xbf"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class NumberStyle:
    """How numbers are written, and the words that are no number but a missing one."""

    decimal: str = "."
    thousands: str | None = None
    missing: tuple[str, ...] = tuple(MISSING_NUMBERS)

    @classmethod
    def of(cls, format_: Format) -> NumberStyle:
        return cls(format_.decimal, format_.thousands, (*MISSING_NUMBERS, *(format_.missing or ())))

    def plain(self, values: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
        """Texts with numbers as Arrow reads them. A thousands sign counts only between groups of three digits."""
        if self.thousands is not None:
            decimal = "," if self.decimal == "," else r"\."
            pattern = rf"^[-+]?[0-9]{{1,3}}({re.escape(self.thousands)}[0-9]{{3}})+({decimal}[0-9]+)?$"
            bare = pc.replace_substring(values, self.thousands, "")
            values = pc.if_else(pc.match_substring_regex(values, pattern), bare, values)
        return values if self.decimal == "." else pc.replace_substring(values, self.decimal, ".")

    def plain_among_words(self, values: pa.Array) -> pa.Array:
        """Texts whose numbers are as Arrow reads them, so that a few words among them are still told from numbers."""
        if self.decimal == "." and self.thousands is None:
            return values
        plain = self.plain(values)
        return pc.if_else(pc.match_substring_regex(plain, NUMBER_AS_TEXT), plain, values)


def delimiter_of(file: LogFile, format_: Format) -> str:
    return format_.delimiter or ("\t" if ".tsv" in file.name.lower() else ",")


def header_of(file: LogFile, format_: Format) -> tuple[tuple[str, ...], int]:
    """The columns' names, and where the rows begin; a file whose format names its columns has no header."""
    delimiter, names = delimiter_of(file, format_), format_.columns
    with unpacked(file) as stream:
        head = stream.read(MOST_HEADER_BYTES)
    start = len(_BOM) if head.startswith(_BOM) else 0
    if head.startswith(_UTF16) or b"\0" in head[:4096]:
        raise DataError(
            f"{file.name} is not UTF-8 text (it looks like UTF-16); save it as UTF-8, or set "
            "log.format.encoding: utf-16"
        )
    if names is not None:
        return tuple(names), start
    while head[start : start + 1] in (b"\r", b"\n") and start < len(head):
        start += 1
    end = _end_of_record(head, start)
    record = head[start:end].rstrip(b"\r\n")
    if not record:
        raise DataError(f"{file.name} is empty: it has not even a header")
    try:
        read = next(csv.reader(io.StringIO(record.decode("utf-8"), newline=""), delimiter=delimiter))
    except UnicodeDecodeError:
        raise DataError(
            f"the header of {file.name} is not UTF-8; save the file as UTF-8, or name its encoding under "
            "log.format.encoding, as in latin-1"
        ) from None
    except csv.Error as error:
        raise DataError(f"the header of {file.name} cannot be read: {error}") from None
    return _distinct(file, read), end


def _end_of_record(head: bytes, start: int) -> int:
    quoted = False
    for place in range(start, len(head)):
        sign = head[place]
        if sign == 0x22:
            quoted = not quoted
        elif sign == 0x0A and not quoted:
            return place + 1
        elif sign == 0x0D and not quoted:
            return place + (2 if head[place + 1 : place + 2] == b"\n" else 1)
    return len(head)


def _distinct(file: LogFile, read: Sequence[str]) -> tuple[str, ...]:
    """Nameless columns are named as pandas does, which often wrote them; a name that occurs twice is an error."""
    names = [name.strip() or f"Unnamed: {place}" for place, name in enumerate(read)]
    twice = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
    if twice:
        raise DataError(
            f"the header of {file.name} names {listed(twice)} more than once; each column needs its own name"
        )
    return tuple(names)


def parse(
    data: bytes,
    columns: Sequence[str],
    delimiter: str,
    style: NumberStyle,
    *,
    types: Mapping[str, pa.DataType],
    include: Sequence[str] | None = None,
) -> pa.Table:
    """Some rows as a table. Raises RowError for too few or too many values in a row, and for bytes that are no text."""
    wanted = list(include or columns)
    if not data.strip(b"\r\n"):
        return pa.table({c: pa.array([], types.get(c, pa.null())) for c in wanted})
    wrong: list[pv.InvalidRow] = []
    read_as = dict.fromkeys(wanted, pa.string()) if style.thousands is not None else types
    try:
        table = _read(data, columns, delimiter, style, read_as, wanted, wrong)
        if style.thousands is not None:
            table = _with_numbers(table, style, types)
    except pa.ArrowInvalid as error:
        if wrong:
            raise _ragged(wrong[0]) from None
        if "UTF8" in str(error):
            raise _not_utf8(data, columns, delimiter) from None
        raise RowError(None, f"cannot be read as CSV ({str(error).splitlines()[0][:200]})") from None
    if any(pa.types.is_binary(t) for t in table.schema.types):
        raise _not_utf8(data, columns, delimiter)
    return table


def _read(
    data: bytes,
    columns: Sequence[str],
    delimiter: str,
    style: NumberStyle,
    types: Mapping[str, pa.DataType],
    wanted: list[str],
    wrong: list[pv.InvalidRow],
) -> pa.Table:
    def remember(row: pv.InvalidRow) -> str:
        wrong.append(row)
        return "error"

    return pv.read_csv(
        pa.BufferReader(data),
        read_options=pv.ReadOptions(use_threads=False, block_size=len(data) + 1, column_names=list(columns)),
        parse_options=pv.ParseOptions(
            delimiter=delimiter, newlines_in_values=b'"' in data, invalid_row_handler=remember
        ),
        convert_options=pv.ConvertOptions(
            column_types=dict(types),
            null_values=list(style.missing),
            include_columns=wanted,
            decimal_point=style.decimal,
        ),
    )


def _with_numbers(table: pa.Table, style: NumberStyle, types: Mapping[str, pa.DataType]) -> pa.Table:
    """The columns of ``types`` as these, and others as numbers where all of their texts are."""
    for place, name in enumerate(table.column_names):
        values, wanted = table.column(name), types.get(name)
        if wanted is not None and pa.types.is_string(wanted):
            continue
        gone = pc.is_in(values, pa.array(["", *style.missing], pa.string()))
        numbers = style.plain(pc.if_else(gone, pa.scalar(None, pa.string()), values))
        choices = [wanted] if wanted is not None else [pa.null(), pa.int64(), pa.float64()]
        for type_ in choices:
            if pa.types.is_null(type_) and numbers.null_count < len(numbers):
                continue
            with suppress(pa.ArrowInvalid) if wanted is None else nullcontext():
                table = table.set_column(place, name, pc.cast(numbers, type_))
                break
    return table


def _ragged(row: pv.InvalidRow) -> RowError:
    many = "value" if row.actual_columns == 1 else "values"
    return RowError(
        None if row.number is None else row.number - 1,
        f"there {'is' if row.actual_columns == 1 else 'are'} {row.actual_columns} {many} for {row.expected_columns} "
        "columns",
    )


def _not_utf8(data: bytes, columns: Sequence[str], delimiter: str) -> RowError:
    places = [str(place) for place in range(len(columns))]
    table = _read(data, places, delimiter, NumberStyle(), dict.fromkeys(places, pa.binary()), places, [])
    row, name = min(_first_not_utf8(name, table.column(i)) for i, name in enumerate(columns))
    return RowError(
        int(row),
        f'column "{name}" holds bytes that are not UTF-8; save the file as UTF-8, or name its encoding under '
        "log.format.encoding, as in latin-1",
    )


def _first_not_utf8(name: str, values: pa.ChunkedArray) -> tuple[float, str]:
    for row, value in enumerate(values.to_pylist()):
        try:
            value.decode("utf-8")
        except UnicodeDecodeError:
            return row, name
    return float("inf"), name
