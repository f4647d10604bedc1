"""Troubles by chance: each call of a method may be dropped, delayed or refused, as a seed decides."""

from __future__ import annotations

import random
import threading
from collections import Counter
from dataclasses import dataclass
from fnmatch import fnmatchcase

from .faults import Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Odds:
    """How likely what is, of 1. The rest of the calls go through."""

    drop_before: float = 0.0
    drop_after: float = 0.0
    late: float = 0.0
    late_seconds: float = 1.0
    fail: float = 0.0
    """A server's error without any effect."""

    def fault(self, method: str, chance: float) -> Fault | None:
        """The trouble that a number between 0 and 1 stands for."""
        if chance < (upto := self.drop_before):
            return Fault(method=method, drop="before")
        if chance < (upto := upto + self.drop_after):
            return Fault(method=method, drop="after")
        if chance < (upto := upto + self.late):
            return Fault(method=method, delay=self.late_seconds)
        return Fault(method=method, status=503) if chance < upto + self.fail else None


class Chances:
    """The odds by method. The seed, the method and how often it was called decide, not the order among methods."""

    def __init__(self) -> None:
        self.met: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._odds: dict[str, Odds] = {}
        self._streams: dict[str, random.Random] = {}
        self._seed = 0

    def set(self, odds: dict[str, Odds], *, seed: int) -> None:
        with self._lock:
            self._odds, self._streams, self._seed = dict(odds), {}, seed

    def take(self, method: str) -> Fault | None:
        with self._lock:
            odds = next((odds for name, odds in self._odds.items() if fnmatchcase(method, name)), None)
            if odds is None:
                return None
            stream = self._streams.setdefault(method, random.Random(f"{self._seed} {method}"))  # noqa: S311 - chances in a test, no secret
            fault = odds.fault(method, stream.random())
            if fault is not None:
                self.met[method] += 1
            return fault
