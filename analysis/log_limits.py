"""How much of a log is handled at once, and how much is too much."""

from __future__ import annotations

from dataclasses import dataclass

MEGABYTE = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """``kept_bytes``: a log of at most so much text stays in memory after the first look, and is not parsed again.
    ``label_bytes``: labels from a second source that take more are sorted on disk, in pieces of this size.
    A gzip file may unpack to more than ``unpacked_bytes`` only up to ``times_unpacked`` times its size."""

    block_bytes: int = 4 * MEGABYTE
    piece_bytes: int = 16 * MEGABYTE
    piece_rows: int = 1_048_576
    kept_bytes: int = 64 * MEGABYTE
    label_bytes: int = 32 * MEGABYTE
    row_bytes: int = 16 * MEGABYTE
    unpacked_bytes: int = 1024 * MEGABYTE
    times_unpacked: int = 500
