"""Whose turn it is: the threads of one process in the order in which they came."""

from __future__ import annotations

import threading
from collections import deque


class Turns:
    """A lock that is handed to whoever waits longest. An ordinary one goes to whoever runs just then, and a thread that
    writes piece after piece would keep it from all others."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._is_taken = False
        self._waiting: deque[threading.Lock] = deque()

    def take(self, *, seconds: float) -> bool:
        """Wait for our turn; False where it did not come in time."""
        with self._guard:
            if not self._is_taken:
                self._is_taken = True
                return True
            call = threading.Lock()
            call.acquire()
            self._waiting.append(call)
        if call.acquire(timeout=max(seconds, 0.0)):
            return True
        with self._guard:
            if call in self._waiting:
                self._waiting.remove(call)
                return False
        return True  # it came in the last moment

    def give_back(self) -> None:
        with self._guard:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._is_taken = False
