"""Moments at which a process has something to do again."""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Callable


class Alarm:
    """Set and heard by several threads of one process."""

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
