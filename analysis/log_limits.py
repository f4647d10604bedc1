"""How much of a log is handled at once, and how much is too much."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any

from analysis.errors import DataError, UserError

MEGABYTE = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """``kept_bytes``: a log of at most so much text stays in memory after the first look, and is not parsed again.
    ``label_bytes``: labels from a second source that take more are sorted on disk, in pieces of this size.

    The rest bounds what one evaluation may cost; who calls may raise or tighten it. ``read_bytes`` are those of files
    as they lie there, ``expanded_bytes`` those that come out of packed files; a gzip file may also unpack to no more
    than ``times_unpacked`` times its size, once that is more than ``unpacked_bytes``. ``categories`` are the classes of
    a label or a prediction. ``until`` is when the time is over, by ``time.monotonic()``."""

    block_bytes: int = 4 * MEGABYTE
    piece_bytes: int = 16 * MEGABYTE
    piece_rows: int = 1_048_576
    kept_bytes: int = 64 * MEGABYTE
    label_bytes: int = 32 * MEGABYTE
    row_bytes: int = 16 * MEGABYTE
    unpacked_bytes: int = 64 * MEGABYTE
    times_unpacked: int = 100
    rows: int = 200_000_000
    columns: int = 20_000
    read_bytes: int = 100 * 1024 * MEGABYTE
    expanded_bytes: int = 400 * 1024 * MEGABYTE
    categories: int = 1_000
    seconds: float | None = None
    until: float | None = None

    def __reduce__(self) -> tuple[Callable[[dict[str, Any]], Limits], tuple[dict[str, Any]]]:
        """Another machine has another clock: there the time is left to whoever waits for it."""
        return _limits, ({f.name: getattr(self, f.name) for f in fields(self)} | {"until": None},)

    def started(self, now: float) -> Limits:
        """The same limits for an evaluation that begins now."""
        return self if self.seconds is None else replace(self, until=now + self.seconds)

    @property
    def seconds_left(self) -> float | None:
        return None if self.until is None else self.until - time.monotonic()

    def must_be_in_time(self) -> None:
        """Raises UserError when the time is over."""
        left = self.seconds_left
        if left is not None and left <= 0:
            unit = "second" if self.seconds == 1 else "seconds"
            raise UserError(
                f"The evaluation was ended after {self.seconds:g} {unit}, which is its limit. Take a shorter window "
                "or fewer columns, or raise `seconds`."
            )

    def must_hold_rows(self, rows: int, name: str) -> None:
        self._must_hold("rows", rows, self.rows, name, "take a shorter window or a sample")

    def must_hold_columns(self, columns: int, name: str) -> None:
        self._must_hold("columns", columns, self.columns, name, "keep the columns that the model card needs")

    def must_hold_bytes(self, size: int, name: str) -> None:
        self._must_hold("read_bytes", size, self.read_bytes, name, "take fewer files")

    def must_hold_expanded(self, size: int, name: str) -> None:
        self._must_hold("expanded_bytes", size, self.expanded_bytes, name, "take a shorter window or fewer columns")

    def must_hold_categories(self, categories: int, name: str) -> None:
        self._must_hold("categories", categories, self.categories, name, "put rare ones together")

    def _must_hold(self, what: str, found: int, most: int, name: str, remedy: str) -> None:
        """Raises DataError with the limit and what to do."""
        if found > most:
            raise DataError(
                f"{name} has more than {_spoken(what, most)}, which is the limit: {remedy}, or raise `{what}`"
            )


def _limits(values: dict[str, Any]) -> Limits:
    return Limits(**values)


def _spoken(what: str, most: int) -> str:
    if not what.endswith("bytes"):
        return f"{most:,} {what}"
    size = f"{most / MEGABYTE:,.0f} MB" if most >= MEGABYTE else f"{most:,} bytes"
    return f"{size} to read" if what == "read_bytes" else f"{size} once it is unpacked"


DEFAULT_LIMITS = Limits()
