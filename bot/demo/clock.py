"""The clock of the story: it runs like any clock, and jumps from scene to scene until it has caught up with now."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime


def utc_now() -> datetime:
    return datetime.now(UTC)


class StoryClock:
    """Given to workspace and bot alike, so that both live in the same three weeks."""

    def __init__(self, start: datetime, *, real: Callable[[], datetime] = utc_now) -> None:
        self._real = real
        self._lock = threading.Lock()
        self._behind = real() - start

    def __call__(self) -> datetime:
        with self._lock:
            return self._real() - self._behind

    def jump(self, to: datetime) -> None:
        """Go on from another moment; never back, or messages would stand in the wrong order."""
        with self._lock:
            behind = self._real() - to
            self._behind = min(self._behind, behind)

    def catch_up(self) -> None:
        """From here on it is now."""
        with self._lock:
            self._behind = self._real() - self._real()
