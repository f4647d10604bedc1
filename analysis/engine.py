"""Reads a log's partitions in threads and adds up their summaries, in an order that the partition numbers fix."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol, Self, TypeVar

import numpy as np
import pyarrow as pa

from analysis.log import Batch, OpenLog, Partition
from analysis.plan import Plan
from analysis.summaries.summary import Summary, summarised


class Adds(Protocol):
    def __add__(self, other: Self, /) -> Self: ...


ROWS_AT_ONCE = 131_072

Sum = TypeVar("Sum", bound=Adds)
Value = TypeVar("Value")
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an evaluation is: partitions done of all that are to be read, and the rows in them."""

    done: int
    total: int
    rows: int


class Tally:
    """Counts partitions and rows over all logs of an evaluation, and tells each change."""

    def __init__(self, total: int, tell: Callable[[Progress], None] | None) -> None:
        self._lock = threading.Lock()
        self._tell = tell
        self._done, self._total, self._rows = 0, total, 0

    def add(self, *, partitions: int = 0, rows: int = 0) -> None:
        with self._lock:
            self._done += partitions
            self._rows += rows
            if self._tell is not None:
                self._tell(Progress(self._done, self._total, self._rows))


def summary_of(log: OpenLog, plan: Plan, *, threads: int, tally: Tally) -> Summary | None:
    """The summary of a log's rows; None where it has no row. It is the same whatever the number of threads."""

    def of_partition(partition: Partition) -> Summary | None:
        summary = folded(log.read(partition, plan.columns), plan, tally)
        tally.add(partitions=1)
        return summary

    found = in_order(of_partition, log.partitions, threads=threads)
    return merged(summary for summary in found if summary is not None)


def folded(batches: Iterable[Batch], plan: Plan, tally: Tally) -> Summary | None:
    """A partition's batches, one after the other; each is told how coarse the ones before had to be."""
    summary: Summary | None = None
    for batch in in_large_pieces(batches):
        found = summarised(batch, plan, like=summary)
        summary = found if summary is None else summary + found
        tally.add(rows=len(batch))
    return summary


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


def merged(parts: Iterable[Sum]) -> Sum | None:
    """The sum of all parts by a balanced tree over their order, holding few of them at a time; None of none."""
    waiting: list[tuple[int, Sum]] = []
    for part in parts:
        height, total = 0, part
        while waiting and waiting[-1][0] == height:
            total = waiting.pop()[1] + total
            height += 1
        waiting.append((height, total))
    if not waiting:
        return None
    total = waiting.pop()[1]
    while waiting:
        total = waiting.pop()[1] + total
    return total
