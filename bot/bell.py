"""A bell between threads: who adds a row rings it, who works on rows waits for it instead of asking all the time."""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_held_back: ContextVar[set[Bell] | None] = ContextVar("bells held back", default=None)


class Bell:
    """Rings are counted, so that one between two waits is never missed."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._rings = 0

    def ring(self) -> None:
        held_back = _held_back.get()
        if held_back is not None:
            held_back.add(self)
            return
        with self._condition:
            self._rings += 1
            self._condition.notify_all()

    def heard(self) -> int:
        with self._condition:
            return self._rings

    def wait(self, heard: int, seconds: float) -> int:
        """Until it has rung since ``heard`` or the time is over; gives the new count."""
        with self._condition:
            self._condition.wait_for(lambda: self._rings != heard, timeout=seconds)
            return self._rings


class Alarm:
    """Moments at which this process has something to do again, set and heard by several threads."""

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._moments: list[float] = []

    def set(self, seconds: float) -> None:
        with self._lock:
            heapq.heappush(self._moments, self._monotonic() + seconds)

    def seconds(self, *, at_most: float) -> float:
        """Until the next one; those that are over are forgotten."""
        with self._lock:
            now = self._monotonic()
            self._forget_before(now)
            return min(self._moments[0] - now, at_most) if self._moments else at_most

    def rang(self) -> bool:
        """Whether one has rung since this was asked last."""
        with self._lock:
            return self._forget_before(self._monotonic())

    def _forget_before(self, now: float) -> bool:
        before = len(self._moments)
        while self._moments and self._moments[0] <= now:
            heapq.heappop(self._moments)
        return len(self._moments) < before


@contextmanager
def ringing_afterwards() -> Iterator[None]:
    """What this thread rings in here rings once, at the end: rows that are not committed yet would not be found."""
    held_back: set[Bell] = set()
    token = _held_back.set(held_back)
    try:
        yield
    finally:
        _held_back.reset(token)
        for bell in held_back:
            bell.ring()
