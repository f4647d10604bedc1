"""What a thread does next, leased in the transaction that ends what it did last: each commit waits for the disk."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

from storage.database import Transaction

Work = TypeVar("Work")


class Ahead(threading.local, Generic[Work]):
    """Each thread has its own. Outside of ``working`` nothing is leased ahead."""

    def __init__(self) -> None:
        self._lease: Callable[[Transaction], Work | None] | None = None
        self._stop: threading.Event | None = None
        self._next: Work | None = None

    @contextmanager
    def working(
        self,
        stop: threading.Event,
        *,
        lease: Callable[[Transaction], Work | None],
        give_back: Callable[[Work], None],
    ) -> Iterator[None]:
        """While this thread works until it is told to stop; what it had leased by then is given back."""
        self._lease, self._stop = lease, stop
        try:
            yield
        finally:
            self._lease = self._stop = None
            left = self.taken()
            if left is not None:
                give_back(left)

    def taken(self) -> Work | None:
        """What was leased ahead, which is the caller's from now on."""
        work, self._next = self._next, None
        return work

    def ended_by(
        self, change: Callable[[Transaction], None], write: Callable[[Callable[[Transaction], None]], bool]
    ) -> None:
        """Make the change that ends a piece of work, and lease the next together with it."""
        found: list[Work | None] = []

        def both(tx: Transaction) -> None:
            change(tx)
            found[:] = [self._lease(tx)] if self._goes_on and self._lease is not None else []

        if write(both) and found:
            self._next = found[0]

    @property
    def _goes_on(self) -> bool:
        return self._next is None and self._stop is not None and not self._stop.is_set()
