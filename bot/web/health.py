"""Whether the process is well: a look at the database in a thread of its own, so that asking never waits for it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

import structlog

log = structlog.get_logger()

Seen = TypeVar("Seen")

SECONDS_A_LOOK_IS_FRESH = 1.0
SECONDS_A_LOOK_IS_BELIEVED = 5.0
SECONDS_TO_WAIT_FOR_A_LOOK = 0.05


class Watch(Generic[Seen]):
    """The latest look. One that hangs, as on a database that doesn't answer, holds up no one but itself."""

    def __init__(self, look: Callable[[], Seen]) -> None:
        self._look = look
        self._lock = threading.Lock()
        self._is_looking = False
        self._ended = threading.Event()
        self._seen: tuple[float, Seen] | None = None

    async def latest(self) -> Seen | None:
        """What was seen last, a second old at most where the database answers. None where nothing is known."""
        if self._begin_where_stale():
            end = time.monotonic() + SECONDS_TO_WAIT_FOR_A_LOOK
            while not self._ended.is_set() and time.monotonic() < end:
                await asyncio.sleep(0.005)
        return self.known()

    def known(self) -> Seen | None:
        seen = self._seen
        if seen is None or time.monotonic() - seen[0] > SECONDS_A_LOOK_IS_BELIEVED:
            return None
        return seen[1]

    def _begin_where_stale(self) -> bool:
        """Whether a look is under way."""
        with self._lock:
            if self._is_looking:
                return True
            if self._seen is not None and time.monotonic() - self._seen[0] < SECONDS_A_LOOK_IS_FRESH:
                return False
            self._is_looking = True
            self._ended.clear()
        threading.Thread(target=self._go, name="look", daemon=True).start()
        return True

    def _go(self) -> None:
        try:
            self._seen = (time.monotonic(), self._look())
        except Exception as error:  # the edge of one look: whoever asks is told that nothing is known
            self._seen = None
            log.warning("the database does not answer", why=type(error).__name__)
        finally:
            self._is_looking = False
            self._ended.set()
