"""A place where a file lies, on a disk or in an object store, seen in the same way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO, Protocol

import pyarrow as pa

from analysis.log_partitions import Partition


@dataclass(frozen=True, slots=True)
class State:
    """What tells whether a file is still the one that it was; ``stamp`` changes whenever its bytes do."""

    size: int
    stamp: str


class Place(Protocol):
    @property
    def partition(self) -> Partition:
        """The columns that the names of its folders hold."""
        ...

    @property
    def name(self) -> str:
        """How people know the file."""
        ...

    @property
    def address(self) -> str:
        """What names the file for good, wherever the model card lies."""
        ...

    def open(self) -> BinaryIO:
        """The bytes as they are now. Raises OSError, FileNotFoundError where there is no file."""
        ...

    def state_of(self, stream: BinaryIO) -> State:
        """The state of the file that ``open`` gave."""
        ...

    def native(self, stream: BinaryIO) -> pa.NativeFile:
        """The same file for Arrow, which reads at any place of it without Python."""
        ...

    @property
    def read_ahead(self) -> int:
        """So many bytes are read ahead, at least, where not all of a column is asked for at once."""
        ...

    def missing(self) -> str:
        """What is said when there never was such a file."""
        ...

    def fault(self, error: OSError) -> str | None:
        """What is said when not the file is at fault but the way to it; None when it is the file."""
        ...
