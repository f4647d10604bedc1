"""Rows on disk that are used as if they were in memory.

The file has no name in any folder, so that nothing is left of it when the process ends, however it ends.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from tempfile import TemporaryFile

import pyarrow as pa

from analysis.errors import DataError


@dataclass(frozen=True, slots=True)
class Mapped:
    """The disk's room is free again when the last that uses ``batches`` has gone."""

    batches: tuple[pa.RecordBatch, ...]
    memory: mmap.mmap

    def each(self) -> Iterator[pa.RecordBatch]:
        """One after the other, so that memory holds what was read of one."""
        for batch in self.batches:
            yield batch
            self.forget()

    def forget(self) -> None:
        """Gives back the memory that what was read so far takes; what is needed again comes from the file."""
        self.memory.madvise(mmap.MADV_DONTNEED)


def mapped(batches: Iterator[pa.RecordBatch], what: str) -> Mapped:
    """Batches, one at least, written to disk one by one; ``what`` says what they are. Raises DataError when the disk
    is full."""
    first = next(batches)
    schema, every = first.schema, chain([first], batches)
    del first  # else it would be in memory until the last is written
    with _room_on_disk(what), TemporaryFile() as file:
        with pa.ipc.new_file(file, schema) as writer:
            for batch in every:
                writer.write_batch(batch)
        file.flush()
        memory = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    reader = pa.ipc.open_file(pa.py_buffer(memory))
    return Mapped(tuple(map(reader.get_batch, range(reader.num_record_batches))), memory)


@contextmanager
def _room_on_disk(what: str) -> Iterator[None]:
    """Only writing gives an OSError here: what reads a source has made a sentence of its own errors."""
    try:
        yield
    except OSError as error:
        raise DataError(
            f"{what} are too many for memory and cannot be written to disk ({error.strerror or error}); make room "
            "where temporary files lie, or set TMPDIR to a folder that has room"
        ) from None
