"""Reads a log's partitions in threads and adds up their summaries, in an order that the partition numbers fix."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
import pyarrow as pa

from analysis.log import Batch, OpenLog, Partition
from analysis.plan import Block, Plan, blocks_of
from analysis.summaries.sample import tickets_of
from analysis.summaries.summary import Part, Summary, added, summarised, together

ROWS_AT_ONCE = 262_144

Sum = TypeVar("Sum")
Value = TypeVar("Value")
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an evaluation is: pieces done of all that are to be read, and the rows in them."""

    done: int
    total: int
    rows: int


class Tally:
    """Counts pieces and rows over all logs of an evaluation, and tells each change."""

    def __init__(self, tell: Callable[[Progress], None] | None) -> None:
        self._lock = threading.Lock()
        self._tell = tell
        self._done, self._total, self._rows = 0, 0, 0

    def expect(self, pieces: int) -> None:
        self._total += pieces

    def add(self, *, pieces: int = 0, rows: int = 0) -> None:
        with self._lock:
            self._done += pieces
            self._rows += rows
            if self._tell is not None:
                self._tell(Progress(self._done, self._total, self._rows))


@dataclass(frozen=True, slots=True)
class Reading:
    """A log with what is to be read of it."""

    log: OpenLog
    plan: Plan


@dataclass(frozen=True, slots=True)
class Task:
    """A block of columns of one partition of the log with this number."""

    log: int
    block: int
    partition: Partition


def summaries_of(readings: Sequence[Reading], *, threads: int, tally: Tally) -> list[Summary | None]:
    """The summary of each log's rows; None where it has no row. They are the same whatever the number of threads."""
    blocks = [blocks_of(reading.plan, apart=reading.log.columnar) for reading in readings]
    tasks = [  # all blocks of a partition one after the other, as they stand in the file
        Task(number, block, partition)
        for number, reading in enumerate(readings)
        for partition in reading.log.partitions
        for block in range(len(blocks[number]))
    ]
    tally.expect(len(tasks))
    known: dict[tuple[int, int], Part] = {}

    def done(task: Task) -> Part | None:
        reading, block = readings[task.log], blocks[task.log][task.block]
        batches = reading.log.read(task.partition, block.columns)
        place = (task.log, task.block)
        start = (task.partition.first_row or 0) - task.partition.file_row
        part = folded(batches, reading.plan, block, start, known.get(place), tally)
        # Not of what was said: there sums of weights hang on how coarse the counts were, in their last digit.
        if part is not None and not block.speaks:
            known[place] = part
        tally.add(pieces=1)
        return part

    sums = [[Tree(added) for _ in some] for some in blocks]
    for task, part in zip(tasks, in_order(done, tasks, threads=threads), strict=True):
        if part is not None:
            sums[task.log][task.block].take(part)
    return [
        together([tree.total() for tree in trees], reading.plan) for trees, reading in zip(sums, readings, strict=True)
    ]


def folded(
    batches: Iterable[Batch], plan: Plan, block: Block, file_start: int, known: Part | None, tally: Tally
) -> Part | None:
    """A partition's batches, one after the other; its file begins at row ``file_start`` of the log. ``known``, what was
    found elsewhere in the log, tells from the first batch on how coarse the counts will have to be."""
    part: Part | None = None
    for batch in in_large_pieces(batches):
        tickets = tickets_of(batch.positions - file_start) if plan.samples else None
        found = summarised(batch, plan, block, tickets=tickets, like=known if part is None else part)
        part = found if part is None else added(part, found)
        if block.speaks:
            tally.add(rows=len(batch))
    return part


def in_large_pieces(batches: Iterable[Batch]) -> Iterator[Batch]:
    """The same rows in batches of about ROWS_AT_ONCE: a summary costs the same for few rows as for many."""
    waiting: list[Batch] = []
    for batch in batches:
        if waiting and sum(map(len, waiting)) + len(batch) > ROWS_AT_ONCE:
            yield _joined(waiting)
            waiting = []
        if len(batch):
            waiting.append(batch)
    if waiting:
        yield _joined(waiting)


def _joined(batches: Sequence[Batch]) -> Batch:
    if len(batches) == 1:
        return batches[0]
    positions = np.concatenate([b.positions for b in batches])
    columns = {name: pa.concat_arrays([b.columns[name] for b in batches]) for name in batches[0].columns}
    return Batch(positions, columns)


def in_order(work: Callable[[Item], Value], items: Iterable[Item], *, threads: int) -> Iterator[Value]:
    """The work's results in the order of the items; never more than twice ``threads`` of them are held."""
    if threads <= 1:
        yield from map(work, items)
        return
    with ThreadPoolExecutor(threads, thread_name_prefix="partition") as pool:
        waiting: deque[Future[Value]] = deque()
        try:
            for item in items:
                waiting.append(pool.submit(work, item))
                if len(waiting) >= 2 * threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


class Tree(Generic[Sum]):
    """Adds up parts by a balanced tree over their order, holding few of them at a time."""

    def __init__(self, add: Callable[[Sum, Sum], Sum]) -> None:
        self._add = add
        self._waiting: list[tuple[int, Sum]] = []

    def take(self, part: Sum) -> None:
        height, total = 0, part
        while self._waiting and self._waiting[-1][0] == height:
            total = self._add(self._waiting.pop()[1], total)
            height += 1
        self._waiting.append((height, total))

    def total(self) -> Sum | None:
        """The sum of all parts; None of none."""
        total: Sum | None = None
        for _, part in reversed(self._waiting):
            total = part if total is None else self._add(part, total)
        return total
