"""How fast Slack may be spoken to: one message a second per channel, and what a 429 asked for, per method and team."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Pace:
    """Says which channels must wait. Safe to use from several threads. ``seconds`` lie between two messages in one."""

    def __init__(self, *, seconds: float = 1.0, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._free_at: dict[tuple[str, str], float] = {}
        self._method_free_at: dict[tuple[str, str], float] = {}

    def spoke(self, team: str, channel: str) -> None:
        with self._lock:
            now = self._monotonic()
            self._free_at = {place: at for place, at in self._free_at.items() if at > now}
            self._free_at[team, channel] = now + self._seconds

    def busy(self) -> list[tuple[str, str]]:
        """The (team, channel) pairs that were spoken to a moment ago."""
        with self._lock:
            now = self._monotonic()
            return [place for place, at in self._free_at.items() if at > now]

    def next_free(self) -> float | None:
        """Seconds until the first busy channel is free."""
        with self._lock:
            now = self._monotonic()
            waits = [at - now for at in self._free_at.values() if at > now]
            return min(waits, default=None)

    def hold(self, team: str, method: str, seconds: float) -> None:
        with self._lock:
            self._method_free_at[team, method] = self._monotonic() + seconds

    def held(self, team: str, method: str) -> float:
        """Seconds for which Slack asked us to leave this method alone; 0 when it did not."""
        with self._lock:
            return max(0.0, self._method_free_at.get((team, method), 0.0) - self._monotonic())
