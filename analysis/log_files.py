"""The files of a source, in order, each of a kind; and whether one of them changed while it was read."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from analysis.errors import DataError, UserError
from analysis.log_allowed import Allowed
from analysis.log_disk import places_on_disk
from analysis.log_names import FileKind, kind_by_name
from analysis.log_object_store import InStore, places_in_store
from analysis.log_places import Place, State
from analysis.log_signatures import foreign_kind, json_array
from analysis.log_store_settings import OBJECT_STORES
from analysis.near_names import listed

OPENED_AT_ONCE = 8
"""Files in an object store: each of them is some round trips."""
_HEAD_BYTES = 512
_GZIP = b"\x1f\x8b"
_PARQUET = b"PAR1"


@dataclass(frozen=True, slots=True)
class LogFile:
    """One file of a log as it was when the log was opened."""

    place: Place
    kind: FileKind
    gzipped: bool
    state: State
    encoding: str | None = None
    """Of a text; None for UTF-8."""

    @property
    def name(self) -> str:
        return self.place.name

    @property
    def size(self) -> int:
        return self.state.size

    @property
    def identity(self) -> str:
        return f"{self.place.address}|{self.state.size}|{self.state.stamp}"

    @property
    def must_be_read_from_its_start(self) -> bool:
        """Whether nobody can tell where in its bytes a place of its text is."""
        return self.gzipped or self.encoding is not None

    @property
    def columnar(self) -> bool:
        return self.kind == "parquet"

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """The file's bytes; DataError when they are not, or not to the end, those of the file that was opened first."""
        try:
            with self.place.open() as stream:
                self._must_be_unchanged(stream)
                yield from self._until_it_is_read(stream)
            self._must_still_be_unchanged()
        except FileNotFoundError:
            raise DataError(f"{self.name} was there a moment ago and is gone; run it again") from None
        except OSError as error:
            raise DataError(_trouble(self.place, error)) from None

    def _until_it_is_read(self, stream: BinaryIO) -> Iterator[BinaryIO]:
        """What makes no sense may only be half of the old bytes and half of the new."""
        try:
            yield stream
        except DataError:
            with suppress(OSError):
                self._must_still_be_unchanged()
            raise

    def _must_still_be_unchanged(self) -> None:
        with self.place.open() as again:
            self._must_be_unchanged(again)

    def _must_be_unchanged(self, stream: BinaryIO) -> None:
        if self.place.state_of(stream) != self.state:
            raise DataError(f"{self.name} changed while it was read; run it again when it is written completely")


def files_of(source: str, root: Path, allowed: Allowed | None = None) -> tuple[LogFile, ...]:
    """The files that a path, a glob or a directory means, in the order of their names; on disk or in an object store.

    A directory means all files in it and below it with a known ending; names that begin with `.` or `_` don't count.
    ``allowed`` is what may be read; None: everything. Raises UserError for what is no source, DataError when there is
    no such file.
    """
    try:
        if source.startswith(OBJECT_STORES):
            places = _allowed_keys(source, allowed)
            with ThreadPoolExecutor(OPENED_AT_ONCE) as pool:
                files = tuple(pool.map(_file, places))
        elif "://" in source:
            raise UserError(f"{source} is no source that I know; name a path, a glob or a directory")
        else:
            files = tuple(map(_file, places_on_disk(source, root, allowed)))
    except (ValueError, OSError) as error:  # a name that is too long, or no name at all
        raise DataError(f"{source!r} cannot be used as a path: {error}") from None
    _must_be_of_one_kind(files, source)
    return files


def _allowed_keys(source: str, allowed: Allowed | None) -> list[InStore]:
    if allowed is None:
        return places_in_store(source)
    allowed.must_allow(source, Path())
    places = places_in_store(source)
    for place in places:
        allowed.must_hold_key(place.address, place.name)
    return places


def _file(place: Place) -> LogFile:
    try:
        with place.open() as stream:
            state = place.state_of(stream)
            head = place.native(stream).read(_HEAD_BYTES)
    except FileNotFoundError:
        raise DataError(place.missing()) from None
    except OSError as error:
        raise DataError(_trouble(place, error)) from None
    gzipped = head.startswith(_GZIP)
    start = _start_of_gzip(head) if gzipped else head
    kind = _kind(place.name, head)
    foreign = foreign_kind(place.name, start) or json_array(place.name, start, is_csv=kind_by_name(place.name) == "csv")
    if foreign is not None:
        raise DataError(foreign)
    return LogFile(place, kind, gzipped, state)


def _start_of_gzip(head: bytes) -> bytes:
    try:
        return zlib.decompressobj(wbits=31).decompress(head)
    except zlib.error:
        return b""  # whoever reads on says what is wrong


def _trouble(place: Place, error: OSError) -> str:
    return place.fault(error) or f"{place.name} cannot be read: {error.strerror or error}"


def _kind(name: str, head: bytes) -> FileKind:
    """By the ending; what the first bytes say counts where the ending says nothing, and for Parquet always."""
    if head.startswith(_PARQUET):
        return "parquet"
    by_name = kind_by_name(name)
    if by_name is not None:
        return by_name
    return "ndjson" if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{") else "csv"


def _must_be_of_one_kind(files: tuple[LogFile, ...], source: str) -> None:
    kinds = sorted({f.kind for f in files})
    if len(kinds) > 1:
        examples = [next(f.name for f in files if f.kind == kind) for kind in kinds]
        raise DataError(
            f"{source} mixes files of several kinds ({listed(examples)}); name one kind, as in logs/*.parquet"
        )
