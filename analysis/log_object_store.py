"""Files in an object store: which ones a source means, and how they are opened.

Keys are taken as they are written, so that `date=2026-03-01` and a blank need no escape.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import BinaryIO, cast

import pyarrow as pa

from analysis.errors import DataError
from analysis.log_names import ENDINGS, counts, is_glob, kind_by_name, matches
from analysis.log_partitions import Partition, partition_of
from analysis.log_places import State
from analysis.log_store import Store
from analysis.log_store_settings import store_of
from analysis.near_names import listed

BYTES_AT_ONCE = 2**20
"""Each read is a round trip, and gzip asks for few bytes at a time."""


@dataclass(frozen=True, slots=True)
class InStore:
    """``path`` is the bucket and the key."""

    store: Store
    path: str
    partition: Partition = ()

    @property
    def name(self) -> str:
        return self.store.root + self.path.removeprefix(self.store.bucket)

    @property
    def address(self) -> str:
        return self.name

    def open(self) -> BinaryIO:
        return cast("BinaryIO", io.BufferedReader(self.store.open(self.path), BYTES_AT_ONCE))

    def state_of(self, stream: BinaryIO) -> State:
        native = self.native(stream)
        said = {key.lower(): value for key, value in (native.metadata() or {}).items()}
        tag = said.get("etag")
        stamp = tag.decode("utf-8", "replace") if tag else str(self.store.about(self.path).mtime_ns)
        return State(native.size(), stamp)

    def native(self, stream: BinaryIO) -> pa.NativeFile:
        return cast("io.BufferedReader", stream).raw

    @property
    def read_ahead(self) -> int:
        """Many, because each reading is a round trip."""
        return 1024 * 1024

    def missing(self) -> str:
        try:
            if not self.store.has_bucket():
                return self.store.no_bucket()
        except OSError as error:
            return self.store.fault(error, self.name) or f"{self.name} cannot be read: {error}"
        return f"there is no {self.name}: no key is so called, and none begins so; list the bucket to see what there is"

    def fault(self, error: OSError) -> str | None:
        return self.store.fault(error, self.name)


def places_in_store(source: str) -> list[InStore]:
    """The objects that a key, a glob or a prefix means, in the order of their names."""
    from pyarrow.fs import FileType

    store, path = store_of(source)
    try:
        there = store.about(path).type
        if there is FileType.File:
            return [InStore(store, path)]
        if is_glob(source):
            return _of_glob(store, path, source)
        if there is FileType.NotFound:
            raise DataError(InStore(store, path).missing())
        return _of_prefix(store, path, source)
    except OSError as error:
        raise DataError(store.fault(error, source) or f"{source} cannot be read: {error}") from None


def _of_prefix(store: Store, path: str, source: str) -> list[InStore]:
    found = [(info.path, PurePosixPath(info.path).relative_to(path)) for info in store.below(path, deep=True)]
    everything = sorted((relative.as_posix(), key) for key, relative in found if counts(relative))
    _must_be_no_table([relative.parts for _, relative in found], source)
    kept = [
        InStore(store, key, partition_of(name.split("/")[:-1]))
        for name, key in everything
        if kind_by_name(name) is not None
    ]
    if not kept:
        there = f"; there are {listed([name for name, _ in everything], most=5)}" if everything else ""
        raise DataError(f"{source} holds no log{there}; keys must end in {ENDINGS} (or these with .gz)")
    return kept


def _of_glob(store: Store, path: str, source: str) -> list[InStore]:
    parts = path.split("/")
    plain = next((place for place, part in enumerate(parts) if place and is_glob(part)), len(parts))
    prefix = "/".join(parts[:plain])
    found = store.below(prefix, deep=plain < len(parts) - 1 or "**" in parts)
    kept = sorted(info.path for info in found if matches(info.path.split("/")[plain:], parts[plain:]))
    if not kept and not store.has_bucket():
        raise DataError(store.no_bucket())
    if not kept:
        raise DataError(f"no key matches {source}; look at the pattern, in which * stands for no /")
    return [InStore(store, key, partition_of(key.split("/")[plain:-1])) for key in kept]


def _must_be_no_table(keys: list[tuple[str, ...]], source: str) -> None:
    """A table's files alone don't tell which rows count."""
    for parts in keys:
        iceberg = "metadata" in parts and parts[-1].endswith(".metadata.json")
        if "_delta_log" in parts or iceberg:
            what = "an Iceberg" if iceberg else "a Delta"
            raise DataError(
                f"{source} holds {what} table, which I can't read in an object store; read it through a query under "
                "log.source.sql, or write its rows as Parquet files and name these"
            )
