"""Reads logs piece by piece, wherever the machine does it, and adds up the summaries in an order that the partition
numbers fix."""

from __future__ import annotations

import hashlib
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from typing import Generic, Protocol, TypeVar

import numpy as np

from analysis.log import OpenLog, Partition
from analysis.log_limits import DEFAULT_LIMITS, Limits
from analysis.plan import Block, Plan, blocks_of
from analysis.summaries.counting import Counting, in_pieces
from analysis.summaries.packing import packed, shape, unpacked
from analysis.summaries.summary import Part, Summary, added, one_summary

PARTS_AT_ONCE = 16

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
    """Counts pieces and rows over all logs of an evaluation, and tells each change. Raises UserError when the time of
    ``limits`` is over."""

    def __init__(self, tell: Callable[[Progress], None] | None, limits: Limits = DEFAULT_LIMITS) -> None:
        self._limits = limits
        self._lock = threading.Lock()
        self._tell = tell
        self._done, self._total, self._rows = 0, 0, 0

    def expect(self, pieces: int) -> None:
        self._total += pieces

    def add(self, *, pieces: int = 0, rows: int = 0) -> None:
        self._limits.must_be_in_time()
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
    blocks: tuple[Block, ...]

    @classmethod
    def of(cls, log: OpenLog, plan: Plan) -> Reading:
        return cls(log, plan, blocks_of(plan, apart=log.columnar))


@dataclass(frozen=True, slots=True)
class Task:
    """A block of columns of one partition of the log with this number."""

    log: int
    block: int
    partition: Partition


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some tasks of one block, one after the other, whose parts are added up first; ``closed`` when no partition that
    comes later can belong to it."""

    tasks: tuple[Task, ...]
    closed: bool


def _stretches(partitions: Sequence[Partition]) -> Iterator[tuple[Sequence[Partition], bool]]:
    start = 0
    for place, partition in enumerate(partitions, 1):
        if partition.ends_stretch or place - start == PARTS_AT_ONCE:
            yield partitions[start:place], True
            start = place
    if start < len(partitions):
        yield partitions[start:], False


@dataclass(frozen=True, slots=True)
class Work:
    """What any machine can do for a task by itself."""

    readings: tuple[Reading, ...]

    def stretches(self) -> list[Stretch]:
        """Block by block, so that the parts of one block alone are held until they are added up."""
        return [
            Stretch(tuple(Task(number, block, partition) for partition in some), closed)
            for number, reading in enumerate(self.readings)
            for block in range(len(reading.blocks))
            for some, closed in _stretches(reading.log.partitions)
        ]

    @np.errstate(over="ignore", invalid="ignore")  # numbers near the end of the floats; what is infinite is not shown
    def part(self, task: Task, read: Callable[[int], None] = lambda _: None) -> Part | None:
        """The task's rows, counted; None where it has none. ``read`` is told how many rows were read."""
        reading = self.readings[task.log]
        block = reading.blocks[task.block]
        file_start = (task.partition.first_row or 0) - task.partition.file_row
        counting = Counting(reading.plan, block, file_start=file_start)
        for batch in in_pieces(reading.log.read(task.partition, block.columns)):
            counting.take(batch)
            if block.speaks:
                read(len(batch))
        return counting.total()

    def key(self, task: Task) -> str | None:
        """A digest of all that the part of a task hangs on; None where it cannot be kept."""
        reading = self.readings[task.log]
        plan, block = reading.plan, reading.blocks[task.block]
        rows = reading.log.key_of(task.partition, block.columns)
        if rows is None or plan.against is not None:  # cases side by side are too many to be worth it
            return None
        # What counts rows by their place in the log is another summary at another place.
        place = task.partition.first_row if isinstance(plan.periods, int) else None
        said = repr((shape(), rows, place, replace(plan, features=(), columns=(), sampled_for=()), block))
        return hashlib.sha256(said.encode()).hexdigest()


class Machine(Protocol):
    """Where tasks are done: threads here, or a cluster."""

    def sums(self, work: Work, runs: Sequence[Sequence[Task]], tally: Tally) -> Iterator[Part | None]:
        """What the parts of each run of tasks add up to, in the order of the runs, holding few at a time."""
        ...


class Kept(Protocol):
    """Where parts are kept for the next evaluation, as bytes by a key. What it has may be gone or damaged when it is
    asked for."""

    def has(self, key: str) -> bool: ...

    def get(self, key: str) -> bytes | None: ...

    def put(self, key: str, data: bytes) -> None: ...


@dataclass(frozen=True, slots=True)
class Threads:
    """The machine that this process is."""

    number: int

    def sums(self, work: Work, runs: Sequence[Sequence[Task]], tally: Tally) -> Iterator[Part | None]:
        def done(task: Task) -> Part | None:
            part = work.part(task, lambda rows: tally.add(rows=rows))
            tally.add(pieces=1)
            return part

        parts = in_order(done, [task for run in runs for task in run], threads=self.number)
        for run in runs:
            yield sum_of(list(islice(parts, len(run))))


def summaries_of(
    readings: Sequence[Reading], *, machine: Machine, tally: Tally, kept: Kept | None = None
) -> list[Summary | None]:
    """The summary of each log's rows; None where it has no row. They are the same on every machine, and whether their
    parts were made before and ``kept``."""
    work = Work(tuple(readings))
    stretches = work.stretches()
    tally.expect(sum(len(stretch.tasks) for stretch in stretches))
    sums = [[Tree(added) for _ in reading.blocks] for reading in readings]
    if kept is None:
        totals = machine.sums(work, [stretch.tasks for stretch in stretches], tally)
    else:
        totals = _remembered_totals(work, stretches, machine, tally, kept)
    for stretch, total in zip(stretches, totals, strict=True):
        if total is not None:
            sums[stretch.tasks[0].log][stretch.tasks[0].block].take(total)
    return [
        one_summary([tree.total() for tree in trees], reading.plan)
        for trees, reading in zip(sums, readings, strict=True)
    ]


@np.errstate(over="ignore", invalid="ignore")
def sum_of(parts: Sequence[Part | None]) -> Part | None:
    """The parts as one, in their order; None where none of them has a row."""
    there = [part for part in parts if part is not None]
    return added(there) if there else None


def _remembered_totals(
    work: Work, stretches: Sequence[Stretch], machine: Machine, tally: Tally, kept: Kept
) -> Iterator[Part | None]:
    """Stretches that were kept are not taken apart; of others, the parts that were kept are not made anew."""
    keys = [[work.key(task) for task in stretch.tasks] for stretch in stretches]
    wholes = [_key_of_all(stretch, own) for stretch, own in zip(stretches, keys, strict=True)]
    whole_there = [key is not None and kept.has(key) for key in wholes]
    there = [
        [not whole and key is not None and kept.has(key) for key in own]
        for own, whole in zip(keys, whole_there, strict=True)
    ]
    unknown = [
        (task,)
        for stretch, whole, known in zip(stretches, whole_there, there, strict=True)
        for task, is_known in zip(stretch.tasks, known, strict=True)
        if not whole and not is_known
    ]
    fresh = machine.sums(work, unknown, tally)
    for stretch, own, key, whole, known in zip(stretches, keys, wholes, whole_there, there, strict=True):
        if whole:
            yield _remembered(kept, key, work, stretch.tasks, tally)
            continue
        parts = [
            _remembered(kept, part_key, work, (task,), tally) if is_known else _put(kept, part_key, next(fresh))
            for task, part_key, is_known in zip(stretch.tasks, own, known, strict=True)
        ]
        yield _put(kept, key, sum_of(parts))


def _key_of_all(stretch: Stretch, keys: Sequence[str | None]) -> str | None:
    """Of a stretch of some parts that will not change."""
    if not stretch.closed or len(keys) < 2 or None in keys:
        return None
    return hashlib.sha256(repr(keys).encode()).hexdigest()


def _remembered(kept: Kept, key: str | None, work: Work, tasks: Sequence[Task], tally: Tally) -> Part | None:
    """What was kept of some tasks; done anew, and kept, in the rare case that it was damaged or has gone meanwhile."""
    data = kept.get(key) if key is not None else None
    part = unpacked(data) if data is not None else None
    if part is None:
        part = _put(kept, key, sum_of([work.part(task) for task in tasks]))
    tally.add(pieces=len(tasks), rows=part.rows if isinstance(part, Summary) else 0)
    return part


def _put(kept: Kept, key: str | None, part: Part | None) -> Part | None:
    if key is not None and part is not None:
        kept.put(key, packed(part))
    return part


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
    """Adds up parts by a tree over their order, a few at a time and holding few of them."""

    def __init__(self, add: Callable[[Sequence[Sum]], Sum]) -> None:
        self._add = add
        self._levels: list[list[Sum]] = []

    def take(self, part: Sum, level: int = 0) -> None:
        if level == len(self._levels):
            self._levels.append([])
        self._levels[level].append(part)
        if len(self._levels[level]) == PARTS_AT_ONCE:
            total = self._add(self._levels[level])
            self._levels[level] = []
            self.take(total, level + 1)

    def total(self) -> Sum | None:
        """The sum of all parts; None of none. What came first stands in the highest level."""
        waiting = [part for level in reversed(self._levels) for part in level]
        return self._add(waiting) if waiting else None
