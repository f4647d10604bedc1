"""Tells every open page of what changed, from whichever thread it changed in."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator

from .values import Json

SECONDS_BETWEEN_SIGNS_OF_LIFE = 15.0
CHANGES_WAITING = 1000


class Changes:
    """One queue per open page; a page that is too slow starts anew."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pages: dict[asyncio.Queue[Json | None], asyncio.AbstractEventLoop] = {}

    def tell(self, change: Json) -> None:
        self._put(change)

    def end(self) -> None:
        """Let every page go, so that the server can stop."""
        self._put(None)

    async def stream(self) -> AsyncIterator[str]:
        """Server-sent events, for as long as the page is there."""
        queue: asyncio.Queue[Json | None] = asyncio.Queue(CHANGES_WAITING)
        with self._lock:
            self._pages[queue] = asyncio.get_running_loop()
        try:
            # Only now is anything told, so the page has to look once at what happened before.
            yield f"retry: 1000\ndata: {json.dumps({'kind': 'opened'})}\n\n"
            while True:
                try:
                    change = await asyncio.wait_for(queue.get(), SECONDS_BETWEEN_SIGNS_OF_LIFE)
                except TimeoutError:
                    yield ": still here\n\n"
                    continue
                if change is None:
                    return
                yield f"data: {json.dumps(change)}\n\n"
        finally:
            with self._lock:
                self._pages.pop(queue, None)

    def _put(self, change: Json | None) -> None:
        with self._lock:
            pages = list(self._pages.items())
        for queue, loop in pages:
            if not loop.is_closed():
                loop.call_soon_threadsafe(_offer, queue, change)


def _offer(queue: asyncio.Queue[Json | None], change: Json | None) -> None:
    if queue.full():
        while not queue.empty():
            queue.get_nowait()
        change = None  # ends the stream; the page comes back and reads everything
    queue.put_nowait(change)
