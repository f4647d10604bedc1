"""Where a piece of work ends that failed: it is logged, and the next piece must come."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog

from storage.bell import Bell
from storage.busy import Busy

log = structlog.get_logger()


@contextmanager
def edge(work: str) -> Iterator[None]:
    """Whatever is raised in here ends here. A database that is away or locked is no fault of ours: one line says so."""
    try:
        yield
    except Busy as busy:
        log.warning("the database could not be used", work=work, why=str(busy))
    except Exception:  # the edge of one piece of work: the next must come
        log.exception("something failed", work=work)


def work_until(
    stop: threading.Event, bell: Bell, *, work: str, step: Callable[[], bool], pause: Callable[[], float]
) -> None:
    """Take step after step; where one finds nothing to do, or fails, wait for the bell or so many seconds."""
    heard = bell.heard()
    while not stop.is_set():
        went_on = False
        with edge(work):
            went_on = step()
        if not went_on:
            heard = bell.wait(heard, pause())
