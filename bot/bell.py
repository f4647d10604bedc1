"""A bell between threads: who adds a row rings it, who works on rows waits for it instead of asking all the time."""

from __future__ import annotations

import threading


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
