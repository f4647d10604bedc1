"""Summaries of partitions that were read before, as files in the home: a cache that may be deleted at any time.

Files and not rows of the database: they are megabytes, any replica can make them anew, and the child process that
evaluates never writes to the database.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

MOST_BYTES = 2 * 2**30
KEPT_WHEN_TRIMMED = 0.8
DAYS_KEPT_UNUSED = 30


class SummaryFiles:
    """Bytes by a key (a hexadecimal digest). What is read is marked as used; the longest unused goes first."""

    def __init__(self, folder: Path, *, most_bytes: int = MOST_BYTES) -> None:
        self._folder = folder
        self._most_bytes = most_bytes

    def has(self, key: str) -> bool:
        return self._path(key).exists()

    def get(self, key: str) -> bytes | None:
        path = self._path(key)
        try:
            found = path.read_bytes()
            os.utime(path)
        except OSError:
            return None
        return found

    def put(self, key: str, data: bytes) -> None:
        """Written whole or not at all. A full disk is no reason for an evaluation to fail."""
        path = self._path(key)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as file:
                file.write(data)
            Path(file.name).replace(path)
        except OSError:
            return

    def trim(self, *, now: float | None = None) -> None:
        """Delete those that nobody used for a month, and the longest unused of the others until they fit."""
        too_old = ((time.time() if now is None else now) - DAYS_KEPT_UNUSED * 86_400) * 1e9
        files = []
        for path in self._folder.glob("*/*"):
            try:
                status = path.stat()
            except OSError:
                continue
            if status.st_mtime_ns < too_old:
                path.unlink(missing_ok=True)
            else:
                files.append((status.st_mtime_ns, status.st_size, path))
        total = sum(size for _, size, _ in files)
        if total <= self._most_bytes:
            return
        for _, size, path in sorted(files):
            path.unlink(missing_ok=True)
            total -= size
            if total <= KEPT_WHEN_TRIMMED * self._most_bytes:
                return

    def _path(self, key: str) -> Path:
        return self._folder / key[:2] / key[2:]
