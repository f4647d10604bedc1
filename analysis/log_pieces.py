"""What every kind of file offers once it is open: its columns, their kinds, and pieces that are read by themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import pyarrow as pa

from analysis.log_values import Kind


@dataclass(frozen=True, slots=True)
class Piece:
    """Rows of one file that are read together. ``first_row`` counts from the file's first row; ``times`` are the
    smallest and the largest timestamp in microseconds, where the file tells without being read; ``all_timed`` says that
    no row lacks one. ``expanded_bytes`` is what a packed file tells of how much comes out of it."""

    first_row: int
    rows: int
    where: Any
    times: tuple[int, int] | None = None
    all_timed: bool = False
    expanded_bytes: int = 0


Chunk = tuple[int, dict[str, pa.Array]]
"""Some rows: how many, and their columns."""


class Origin(Protocol):
    """Where rows come from: how people know it, and what names its bytes for good (nothing where they may change)."""

    @property
    def name(self) -> str: ...

    @property
    def identity(self) -> str: ...

    @property
    def size(self) -> int:
        """In bytes; 0 where nobody knows."""
        ...

    @property
    def columnar(self) -> bool:
        """Whether some of its columns cost no more to read than their share."""
        ...


class OpenFile(Protocol):
    """A file, or a query of a database."""

    @property
    def file(self) -> Origin: ...

    @property
    def columns(self) -> tuple[str, ...]: ...

    @property
    def kinds(self) -> Mapping[str, Kind]: ...

    @property
    def rows(self) -> int: ...

    def pieces(self) -> list[Piece]: ...

    def read(self, piece: Piece, columns: Sequence[str], kinds: Mapping[str, Kind]) -> Iterator[Chunk]:
        """The piece's rows in order; columns have the kinds that the whole log gives them."""
        ...
