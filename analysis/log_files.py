"""Which files a source means, in which order, of which kind; and whether one of them changed while it was read."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

from analysis.card import Sql
from analysis.errors import DataError, UserError
from analysis.near_names import did_you_mean, listed

FileKind = Literal["csv", "ndjson", "parquet"]

KIND_BY_ENDING: dict[str, FileKind] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".parquet": "parquet",
    ".pq": "parquet",
}
ENDINGS = ", ".join(KIND_BY_ENDING)
_OBJECT_STORES = ("s3://", "gs://", "gcs://", "abfs://", "abfss://")
_GZIP = b"\x1f\x8b"
_PARQUET = b"PAR1"


@dataclass(frozen=True, slots=True)
class LogFile:
    """One file of a log as it was when the log was opened. ``name`` is how people know it: relative to the folder of
    the model card where it lies there."""

    path: Path
    name: str
    kind: FileKind
    gzipped: bool
    size: int
    mtime_ns: int
    inode: int

    @property
    def identity(self) -> str:
        return f"{self.path}|{self.size}|{self.mtime_ns}"

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """The file's bytes; DataError when they are not, or not to the end, those of the file that was opened first."""
        try:
            with self.path.open("rb") as stream:
                self._must_be_unchanged(os.fstat(stream.fileno()))
                yield stream
                self._must_be_unchanged(os.fstat(stream.fileno()))
            self._must_be_unchanged(self.path.stat())
        except FileNotFoundError:
            raise DataError(f"{self.name} was there a moment ago and is gone; run it again") from None
        except OSError as error:
            raise DataError(f"{self.name} cannot be read: {error.strerror or error}") from None

    def _must_be_unchanged(self, now: os.stat_result) -> None:
        if (now.st_size, now.st_mtime_ns, now.st_ino) != (self.size, self.mtime_ns, self.inode):
            raise DataError(f"{self.name} changed while it was read; run it again when it is written completely")


def files_of(source: str | Sql, root: Path) -> tuple[LogFile, ...]:
    """The files that a path, a glob or a directory means, in the order of their names.

    A directory means all files in it and below it with a known ending; names that begin with `.` or `_` don't count.
    Raises UserError for sources that cannot be read yet, DataError when there is no such file.
    """
    if isinstance(source, Sql):
        raise UserError("logs from a database cannot be read yet; export the rows to Parquet or CSV and name that file")
    if source.startswith(_OBJECT_STORES):
        raise UserError(f"{source} cannot be read yet; copy the files to a local folder and name that")
    if "://" in source:
        raise UserError(f"{source} is no source that I know; name a path, a glob or a directory")
    try:
        files = tuple(_file(path, root) for path in _paths(source, root))
    except (ValueError, OSError) as error:  # a name that is too long, or no name at all
        raise DataError(f"{source!r} cannot be used as a path: {error}") from None
    _must_be_of_one_kind(files, source)
    return files


def _paths(source: str, root: Path) -> list[Path]:
    path = root / source
    if path.is_dir():
        return _of_directory(path, source)
    return [path] if path.exists() or not _is_glob(source) else _of_glob(source, root)


def _of_directory(path: Path, source: str) -> list[Path]:
    everything = [p for p in path.rglob("*") if p.is_file() and _counts(p.relative_to(path))]
    paths = [p for p in everything if _kind_by_name(p) is not None]
    if not paths:
        there = f"; it holds {listed(sorted(p.name for p in everything), most=5)}" if everything else "; it is empty"
        raise DataError(f"the directory {source} holds no log{there}; files must end in {ENDINGS} (or these with .gz)")
    return sorted(paths, key=lambda p: p.relative_to(path).as_posix())


def _of_glob(source: str, root: Path) -> list[Path]:
    pattern = Path(source)
    base = Path(pattern.anchor) if pattern.is_absolute() else root
    relative = pattern.relative_to(pattern.anchor) if pattern.is_absolute() else pattern
    paths = sorted({p for p in base.glob(relative.as_posix()) if p.is_file()}, key=lambda p: p.as_posix())
    if not paths:
        raise DataError(f"no file matches {source}; look at the pattern, which is relative to the model card's folder")
    return paths


def _is_glob(source: str) -> bool:
    return any(sign in source for sign in "*?[")


def _counts(relative: Path) -> bool:
    return not any(part.startswith((".", "_")) for part in relative.parts)


def _kind_by_name(path: Path) -> FileKind | None:
    name = path.name.lower().removesuffix(".gz")
    return KIND_BY_ENDING.get(Path(name).suffix)


def _file(path: Path, root: Path) -> LogFile:
    name = _name(path, root)
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise DataError(f"{name} is no regular file; name a file, a glob or a directory")
        with path.open("rb") as stream:
            status = os.fstat(stream.fileno())
            head = stream.read(512)
    except FileNotFoundError:
        neighbours = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
        remedy = did_you_mean(path.name, neighbours) or "; sources are relative to the model card's folder"
        raise DataError(f"there is no file {name}{remedy}") from None
    except OSError as error:
        raise DataError(f"{name} cannot be read: {error.strerror}") from None
    return LogFile(
        path=path.resolve(),
        name=name,
        kind=_kind(path, head),
        gzipped=head.startswith(_GZIP),
        size=status.st_size,
        mtime_ns=status.st_mtime_ns,
        inode=status.st_ino,
    )


def _kind(path: Path, head: bytes) -> FileKind:
    """By the ending; what the first bytes say counts where the ending says nothing, and for Parquet always."""
    if head.startswith(_PARQUET):
        return "parquet"
    by_name = _kind_by_name(path)
    if by_name is not None:
        return by_name
    return "ndjson" if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{") else "csv"


def _name(path: Path, root: Path) -> str:
    try:
        return path.relative_to(root).as_posix()
    except ValueError:
        return path.name


def _must_be_of_one_kind(files: tuple[LogFile, ...], source: str) -> None:
    kinds = sorted({f.kind for f in files})
    if len(kinds) > 1:
        examples = [next(f.name for f in files if f.kind == kind) for kind in kinds]
        raise DataError(
            f"{source} mixes files of several kinds ({listed(examples)}); name one kind, as in logs/*.parquet"
        )
