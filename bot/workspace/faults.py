"""Troubles on demand: errors, slow answers and dropped connections, exactly where a test wants them."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Literal

When = Literal["before", "after"]


class Dropped(Exception):  # noqa: N818 - it names what happens, nothing went wrong
    """The connection is to be dropped without an answer."""


@dataclass(slots=True, kw_only=True, eq=False)
class Fault:
    """One planned trouble; `reached` is set when it bites, `release` lets a hanging call go on."""

    method: str
    error: str | None = None
    status: int | None = None
    retry_after: int | None = None
    hang: When | None = None
    drop: When | None = None
    times: int = 1
    reached: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)

    def release(self) -> None:
        self.released.set()

    def meet(self, moment: When) -> None:
        """What happens to a call before or after its effect."""
        if self.hang == moment:
            self.reached.set()
            self.released.wait()
        if self.drop == moment:
            self.reached.set()
            raise Dropped


class Faults:
    """The troubles that are still to come, by method."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._planned: list[Fault] = []
        self._all: list[Fault] = []

    def plan(self, fault: Fault) -> Fault:
        with self._lock:
            self._planned.append(fault)
            self._all.append(fault)
        return fault

    def take(self, method: str) -> Fault | None:
        with self._lock:
            for fault in self._planned:
                if fault.method == method:
                    fault.times -= 1
                    if fault.times <= 0:
                        self._planned.remove(fault)
                    return fault
        return None

    def clear(self) -> None:
        """No more troubles, and whatever hangs goes on."""
        with self._lock:
            for fault in self._all:
                fault.release()
            self._planned.clear()
            self._all.clear()
