"""The log of a model, opened for reading: partitions in a fixed order, each read in batches.

A batch holds only rows of the window that was asked for, and only the columns that were asked for, as Arrow arrays
whose type is what the file says (a CSV column is a number where every value is one, else text).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows. ``positions`` (int64, length n) are the rows' places in the log from 0; ``columns`` maps a column's
    name to an Arrow array of length n. A label that was joined from a second source stands under the label's name."""

    positions: npt.NDArray[np.int64]
    columns: Mapping[str, pa.Array]

    def __len__(self) -> int:
        return len(self.positions)


@dataclass(frozen=True, slots=True)
class Partition:
    """A piece of the log that is read by itself: a file, a block of a CSV, some row groups of a Parquet file, a query.
    ``number`` fixes the order in which summaries are merged; ``file_row`` is the place of its first row in its file.
    ``ends_stretch`` says that those up to it are added up first: it hangs on the partition's own bytes alone, so that a
    window that begins or ends elsewhere has the same stretches in between.
    ``identity`` (path, size and mtime, or an object's address, size and ETag) names immutable bytes; it is empty where
    nothing does, as for a query: what was found there must not be kept in a cache."""

    number: int
    first_row: int | None
    identity: str
    where: object
    file_row: int = 0
    ends_stretch: bool = False


class OpenLog(Protocol):
    """What ``open_log(card, ..., window=, now=)`` gives."""

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns of the log, in the file's order."""
        ...

    @property
    def columnar(self) -> bool:
        """Whether reading some columns costs no more than their share, so that columns can be read apart."""
        ...

    @property
    def partitions(self) -> Sequence[Partition]: ...

    def key_of(self, partition: Partition, columns: Sequence[str]) -> str | None:
        """What the columns of a partition's rows hang on, as text: where it is the same, so are the rows. None where
        the source can change unseen, or only some of the rows lie in the window."""
        ...

    def read(self, partition: Partition, columns: Sequence[str]) -> Iterator[Batch]:
        """The partition's rows that lie in the window, in order, in batches of at most 262,144 rows.

        Raises DataError naming file, column and row where the bytes can't be used or the file changed meanwhile."""
        ...
