"""Whose turn it is: the threads of one process in the order in which they came, those first for whom Slack waits."""

from __future__ import annotations

import threading
from collections import deque

MOST_BEFORE_URGENT = 1
"""So many others go between two urgent ones, or they would never come while urgent ones always wait."""


class Turns:
    """A lock that is handed to whoever waits longest, urgent ones first. An ordinary one goes to whoever runs just
    then, and a thread that writes piece after piece would keep it from all others."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._is_taken = False
        self._urgent: deque[threading.Lock] = deque()
        self._others: deque[threading.Lock] = deque()
        self._others_since = MOST_BEFORE_URGENT

    def take(self, *, seconds: float, urgent: bool = False) -> bool:
        """Wait for our turn; False where it did not come in time."""
        queue = self._urgent if urgent else self._others
        with self._guard:
            if not self._is_taken:
                self._is_taken = True
                return True
            call = threading.Lock()
            call.acquire()
            queue.append(call)
        if call.acquire(timeout=max(seconds, 0.0)):
            return True
        with self._guard:
            if call in queue:
                queue.remove(call)
                return False
        return True  # it came in the last moment

    def give_back(self) -> None:
        with self._guard:
            if self._urgent and (self._others_since >= MOST_BEFORE_URGENT or not self._others):
                self._others_since = 0
                self._urgent.popleft().release()
            elif self._others:
                self._others_since += 1
                self._others.popleft().release()
            else:
                self._is_taken = False
