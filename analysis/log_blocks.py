"""Text files as blocks of whole rows: found once, then read again in any order and by any thread."""

from __future__ import annotations

import codecs
import gzip
import zlib
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, Generic, TypeVar, cast

import numpy as np

from analysis.errors import DataError
from analysis.log_files import LogFile
from analysis.log_limits import MEGABYTE, Limits

THREADS = 2

Found = TypeVar("Found")
CutRows = Callable[[bytes], tuple[int, bool]]
"""Gives where the last whole row of some bytes ends (0: nowhere), and whether a quote is still open at their end."""


@dataclass(frozen=True, slots=True)
class Span:
    """A block's place in the (unpacked) bytes of its file."""

    offset: int
    length: int


class RowError(Exception):
    """Something wrong in a block. ``row`` counts from 0 in the block, or is None where nobody can tell."""

    def __init__(self, row: int | None, says: str) -> None:
        super().__init__(says)
        self.row = row
        self.says = says


def located(file: LogFile, error: RowError, first_row: int) -> DataError:
    """The error with the file's name and the row, counted from 1 without the header."""
    where = f"{file.name}, row {first_row + error.row + 1:,}:" if error.row is not None else f"{file.name}"
    return DataError(f"{where} {error.says}")


@contextmanager
def unpacked(file: LogFile) -> Iterator[BinaryIO]:
    """The file's bytes, without gzip's packing."""
    with file.open() as stream:
        if not file.gzipped:
            yield _in_utf8(stream, file)
            return
        try:
            with gzip.GzipFile(fileobj=stream) as inner:
                yield _in_utf8(cast("BinaryIO", inner), file)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise DataError(f"{file.name} cannot be unpacked: it is cut off or damaged ({error})") from None


def _in_utf8(stream: BinaryIO, file: LogFile) -> BinaryIO:
    return stream if file.encoding is None else cast("BinaryIO", Recoded(stream, file.name, file.encoding))


class Recoded:
    """Text of another encoding as UTF-8, read from its start."""

    def __init__(self, stream: BinaryIO, name: str, encoding: str) -> None:
        self._stream, self._name, self._encoding = stream, name, encoding
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._waiting = b""

    def read(self, size: int) -> bytes:
        while len(self._waiting) < size:
            data = self._stream.read(max(size, MEGABYTE))
            try:
                self._waiting += self._decoder.decode(data, final=not data).encode("utf-8")
            except UnicodeError:
                raise DataError(
                    f"{self._name} is not {self._encoding}; look at log.format.encoding in the model card"
                ) from None
            if not data:
                break
        found, self._waiting = self._waiting[:size], self._waiting[size:]
        return found


def blocks_of(file: LogFile, start: int, cut: CutRows, limits: Limits) -> Iterator[tuple[Span, bytes]]:
    """The file's blocks from an offset on, each some whole rows."""
    with unpacked(file) as stream:
        stream.read(start)
        offset, rest = start, b""
        while chunk := stream.read(limits.block_bytes):
            data = rest + chunk
            end, _ = cut(data)
            if end:
                yield Span(offset, end), data[:end]
            offset, rest = offset + end, data[end:]
            _must_end_somewhere(file, offset, len(rest), limits)
        if rest:
            if cut(rest)[1]:
                raise DataError(
                    f"{file.name} ends inside a quoted value: a quote is opened and never closed, {offset:,} bytes or "
                    "more from the start of its text"
                )
            yield Span(offset, len(rest)), rest


def _must_end_somewhere(file: LogFile, offset: int, waiting: int, limits: Limits) -> None:
    if waiting > limits.row_bytes:
        raise DataError(
            f"{file.name} has a row of more than {limits.row_bytes // MEGABYTE} MB, {offset:,} bytes from the start of "
            "its text; perhaps a quote is opened there and never closed"
        )
    if file.gzipped and offset > max(limits.unpacked_bytes, limits.times_unpacked * file.size):
        raise DataError(
            f"{file.name} unpacks to more than {limits.times_unpacked} times its size, which is the limit; if that is "
            "right, unpack it, or raise `times_unpacked`"
        )
    limits.must_hold_expanded(offset, file.name)
    limits.must_be_in_time()


def read_spans(file: LogFile, spans: Sequence[Span]) -> Iterator[bytes]:
    """The blocks at these places, in order; a gzip file is unpacked from its start."""
    with unpacked(file) as stream:
        place = 0
        for span in spans:
            if file.must_be_read_from_its_start:
                _skip(stream, span.offset - place)
            else:
                stream.seek(span.offset)
            data = stream.read(span.length)
            place = span.offset + len(data)
            if len(data) < span.length:
                raise DataError(f"{file.name} became shorter while it was read; run it again when it is complete")
            yield data


def _skip(stream: BinaryIO, length: int) -> None:
    while length > 0:
        skipped = len(stream.read(min(length, MEGABYTE)))
        if not skipped:
            return
        length -= skipped


def in_threads(
    blocks: Iterator[tuple[Span, bytes]], survey: Callable[[bytes], Found]
) -> Iterator[tuple[Span, Found | RowError]]:
    """What ``survey`` finds in each block, in the blocks' order; a few blocks are looked at ahead."""
    with ThreadPoolExecutor(THREADS) as pool:
        waiting: deque[tuple[Span, Future[Found | RowError]]] = deque()
        for span, data in blocks:
            waiting.append((span, pool.submit(_caught, survey, data)))
            if len(waiting) > THREADS:
                first, future = waiting.popleft()
                yield first, future.result()
        for first, future in waiting:
            yield first, future.result()


def _caught(survey: Callable[[bytes], Found], data: bytes) -> Found | RowError:
    try:
        return survey(data)
    except RowError as error:
        return error


@dataclass(frozen=True, slots=True)
class Block(Generic[Found]):
    span: Span
    first_row: int
    rows: int
    found: Found


def grouped(blocks: Sequence[Block[Found]], piece_bytes: int | None) -> list[list[Block[Found]]]:
    """Runs of blocks that are read together; None puts all into one, for a file that is read from its start."""
    runs: list[list[Block[Found]]] = []
    length = 0
    for block in blocks:
        if not runs or (piece_bytes is not None and length >= piece_bytes):
            runs.append([])
            length = 0
        runs[-1].append(block)
        length += block.span.length
    return runs


def cut_lines(data: bytes) -> tuple[int, bool]:
    """Rows are lines."""
    return data.rfind(b"\n") + 1, False


def cut_quoted_rows(delimiter: str) -> CutRows:
    """Rows are lines, but a newline inside a quoted value ends none."""
    before_a_quote = np.zeros(256, dtype=bool)
    before_a_quote[[ord(delimiter), ord("\n"), ord("\r"), ord('"')]] = True

    def cut(data: bytes) -> tuple[int, bool]:
        if b'"' not in data:
            return data.rfind(b"\n") + 1, False
        signs = np.frombuffer(data, dtype=np.uint8)
        quotes = np.flatnonzero(signs == ord('"'))
        opening = quotes[0::2]
        # Well-formed text opens a quote only where a value begins; then counting quotes tells what lies inside.
        if not np.all(before_a_quote[signs[opening[opening > 0] - 1]]):
            quotes = _meaningful(data, quotes.tolist(), delimiter)
        return _last_newline_outside(data, quotes), len(quotes) % 2 == 1

    return cut


def _last_newline_outside(data: bytes, quotes: np.ndarray[tuple[int], np.dtype[np.intp]]) -> int:
    newline = data.rfind(b"\n")
    while newline >= 0:
        before = int(np.searchsorted(quotes, newline))
        if before % 2 == 0:
            return newline + 1
        newline = data.rfind(b"\n", 0, int(quotes[before - 1]))
    return 0


def _meaningful(data: bytes, quotes: list[int], delimiter: str) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """The quotes that open and close values, without those that are only signs, as the one in `5" pipe`."""
    starts_after = {ord(delimiter), ord("\n"), ord("\r")}
    meant: list[int] = []
    place = 0
    while place < len(quotes):
        quote = quotes[place]
        if len(meant) % 2 == 0:
            if quote == 0 or data[quote - 1] in starts_after:
                meant.append(quote)
        elif place + 1 < len(quotes) and quotes[place + 1] == quote + 1:
            place += 1
        else:
            meant.append(quote)
        place += 1
    return np.array(meant, dtype=np.intp)
