"""Does things later and beside: deliveries that nobody waits for, retries, files that are being looked at."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

HANDS = 8


class Background:
    """A pool of hands and a list of what is due when."""

    def __init__(self) -> None:
        self._hands = ThreadPoolExecutor(HANDS, thread_name_prefix="workspace")
        self._changed = threading.Condition()
        self._due: list[tuple[float, int, Callable[[], Any]]] = []
        self._count = itertools.count()
        self._busy = 0
        self._closed = False
        self._thread = threading.Thread(target=self._watch, name="workspace-due", daemon=True)
        self._thread.start()

    def now(self, act: Callable[[], Any]) -> Future[Any]:
        with self._changed:
            self._busy += 1
        return self._hands.submit(self._run, act)

    def after(self, seconds: float, act: Callable[[], Any]) -> None:
        with self._changed:
            if not self._closed:
                heapq.heappush(self._due, (time.monotonic() + seconds, next(self._count), act))
                self._changed.notify_all()

    @property
    def is_idle(self) -> bool:
        """Whether nothing is under way and nothing is due, however late."""
        with self._changed:
            return not self._busy and not self._due

    def settle(self, seconds: float) -> bool:
        """Wait until nothing is under way that could end in that time; False when something still is."""
        deadline = time.monotonic() + seconds
        with self._changed:
            while self._busy or (self._due and self._due[0][0] <= deadline):
                if not self._changed.wait(max(0.0, deadline - time.monotonic())) and time.monotonic() >= deadline:
                    return False
        return True

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._due.clear()
            self._changed.notify_all()
        self._thread.join()
        self._hands.shutdown(wait=True)

    def _run(self, act: Callable[[], Any]) -> Any:
        try:
            return act()
        finally:
            with self._changed:
                self._busy -= 1
                self._changed.notify_all()

    def _watch(self) -> None:
        while True:
            with self._changed:
                while not self._closed and (not self._due or self._due[0][0] > time.monotonic()):
                    self._changed.wait(self._due[0][0] - time.monotonic() if self._due else None)
                if self._closed:
                    return
                act = heapq.heappop(self._due)[2]
                self._busy += 1
                self._hands.submit(self._run, act)
