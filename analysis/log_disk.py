"""Files on a disk of this machine: which ones a source means, and how they are opened."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa

from analysis.errors import DataError
from analysis.log_allowed import Allowed, must_be_inside
from analysis.log_delta import current_files, must_be_no_table, table_format
from analysis.log_names import ENDINGS, counts, is_glob, kind_by_name
from analysis.log_partitions import Partition, partition_of
from analysis.log_places import State
from analysis.near_names import did_you_mean, listed


@dataclass(frozen=True, slots=True)
class OnDisk:
    """``name`` is relative to the folder of the model card where the file lies there. ``allowed`` says where it must
    lie whenever it is opened; None: anywhere."""

    path: Path
    name: str
    partition: Partition = ()
    allowed: Allowed | None = None

    @property
    def address(self) -> str:
        return str(self.path)

    def open(self) -> BinaryIO:
        if not stat.S_ISREG(self.path.stat().st_mode):
            raise DataError(f"{self.name} is no regular file; name a file, a glob or a directory")
        stream = self.path.open("rb")
        try:
            must_be_inside(self.allowed, self.path, stream, self.name)
        except BaseException:
            stream.close()
            raise
        return stream

    def state_of(self, stream: BinaryIO) -> State:
        status = os.fstat(stream.fileno())
        return State(status.st_size, f"{status.st_mtime_ns}|{status.st_ino}")

    def native(self, _stream: BinaryIO) -> pa.NativeFile:
        file = pa.OSFile(str(self.path))
        if self.allowed is not None:
            self.allowed.must_hold_open(self.path, file.fileno(), self.name)
        return file

    @property
    def read_ahead(self) -> int:
        """Few, so that what comes next is read straight to where it is needed, and not copied once more."""
        return 16 * 1024

    def missing(self) -> str:
        folder = self.path.parent
        neighbours = [p.name for p in folder.iterdir()] if folder.is_dir() else []
        remedy = did_you_mean(self.path.name, neighbours) or "; sources are relative to the model card's folder"
        return f"there is no file {self.name}{remedy}"

    def fault(self, _error: OSError) -> str | None:
        return None


def places_on_disk(source: str, root: Path, allowed: Allowed | None) -> list[OnDisk]:
    """The files that a path, a glob or a directory means, in the order of their names."""
    if allowed is not None:
        allowed.must_allow(source, root)
    found = []
    for path, partition in _paths(source, root):
        name = _name(path, root)
        resolved = allowed.must_hold(path, name) if allowed is not None else _resolved(path)
        found.append(OnDisk(resolved, name, partition, allowed))
    return found


def _paths(source: str, root: Path) -> list[tuple[Path, Partition]]:
    path = root / source
    if path.is_dir():
        must_be_no_table(path, source)
        return current_files(path, source) if table_format(path) == "Delta" else _of_directory(path, source)
    return [(path, ())] if path.exists() or not is_glob(source) else _of_glob(source, root)


def _of_directory(path: Path, source: str) -> list[tuple[Path, Partition]]:
    _must_hold_no_table({p for p in path.rglob("*") if p.is_dir()}, source)
    everything = [p for p in path.rglob("*") if p.is_file() and counts(p.relative_to(path))]
    paths = [p for p in everything if kind_by_name(p.name) is not None]
    if not paths:
        there = f"; it holds {listed(sorted(p.name for p in everything), most=5)}" if everything else "; it is empty"
        raise DataError(f"the directory {source} holds no log{there}; files must end in {ENDINGS} (or these with .gz)")
    paths.sort(key=lambda p: p.relative_to(path).as_posix())
    return [(p, partition_of(p.relative_to(path).parent.parts)) for p in paths]


def _must_hold_no_table(folders: Collection[Path], source: str, base: Path = Path()) -> None:
    """Raises DataError for a folder among others that is a table: its files alone don't tell which rows count."""
    for folder in sorted(folders):
        format_ = table_format(base / folder)
        if format_ is not None:
            raise DataError(f"{source} holds files of the {format_} table {folder.name}; name its folder alone")


def _of_glob(source: str, root: Path) -> list[tuple[Path, Partition]]:
    pattern = Path(source)
    base = Path(pattern.anchor) if pattern.is_absolute() else root
    relative = pattern.relative_to(pattern.anchor) if pattern.is_absolute() else pattern
    paths = sorted({p for p in base.glob(relative.as_posix()) if p.is_file()}, key=lambda p: p.as_posix())
    if not paths:
        raise DataError(f"no file matches {source}; look at the pattern, which is relative to the model card's folder")
    fixed = next(place for place, part in enumerate(relative.parts) if is_glob(part))
    _must_hold_no_table({folder for p in paths for folder in p.relative_to(base).parents}, source, base)
    return [(p, partition_of(p.relative_to(base).parent.parts[fixed:])) for p in paths]


def _resolved(path: Path) -> Path:
    """A link that leads to itself stays as it is, so that opening it says what is wrong."""
    try:
        return path.resolve()
    except RuntimeError:
        return path.absolute()


def _name(path: Path, root: Path) -> str:
    try:
        return path.relative_to(root).as_posix()
    except ValueError:
        return path.name
