"""Bells between the threads of a process: whoever waits for rows is woken when some are committed."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterable


class Bell:
    """Rings are counted, so that one between two waits is never missed."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._rings = 0

    def ring(self) -> None:
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


class Bells:
    """One bell for each kind of work, by name."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._bells: defaultdict[str, Bell] = defaultdict(Bell)

    def named(self, work: str) -> Bell:
        with self._lock:
            return self._bells[work]

    def ring(self, work: Iterable[str]) -> None:
        for name in work:
            self.named(name).ring()

    def ring_all(self) -> None:
        with self._lock:
            bells = list(self._bells.values())
        for bell in bells:
            bell.ring()
