"""Runs the same thing in several threads that start together."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Found = TypeVar("Found")


def at_once(threads: int, do: Callable[[int], Found]) -> list[Found]:
    """What each thread returned; an exception of any of them is raised."""
    start = threading.Barrier(threads)

    def one(number: int) -> Found:
        start.wait(timeout=20)
        return do(number)

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(one, range(threads)))
