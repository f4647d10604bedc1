"""Troubles on demand: errors, slow answers and dropped connections, exactly where a test wants them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Literal

from ..values import Json

When = Literal["before", "after"]


class Dropped(Exception):  # noqa: N818 - it names what happens, nothing went wrong
    """The connection is to be dropped without an answer."""


@dataclass(slots=True, kw_only=True, eq=False)
class Fault:
    """One planned trouble; `reached` is set when it bites, `release` lets a hanging call go on.

    `method` may be a pattern such as `chat.*`. `channel` and `block` narrow it to calls for that channel, or with a
    block of that type (or a `slack_file`) among their blocks. `times` None means until it is lifted."""

    method: str
    error: str | None = None
    status: int | None = None
    retry_after: int | str | None = None
    hang: When | None = None
    drop: When | None = None
    delay: float = 0.0
    channel: str | None = None
    block: str | None = None
    times: int | None = 1
    reached: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)

    def concerns(self, method: str, given: Json) -> bool:
        if not fnmatchcase(method, self.method):
            return False
        if self.channel is not None and self.channel not in {given.get("channel"), given.get("channel_id")}:
            return False
        return self.block is None or bool(self.refused_places(given))

    def refused_places(self, given: Json) -> list[str]:
        """What Slack says of each block that this fault refuses."""
        if self.block == "slack_file":
            says, wanted = "invalid slack file", "slack_file"
        else:
            says, wanted = f"unsupported type: {self.block}", "type"
        blocks = given.get("blocks") if isinstance(given.get("blocks"), list) else []
        return [
            f"{says} [json-pointer:{pointer}/{wanted}]"
            for pointer, part in _parts(blocks, "/blocks")
            if (self.block in part if wanted == "slack_file" else part.get("type") == self.block)
        ]

    def release(self) -> None:
        self.released.set()

    def meet(self, moment: When) -> None:
        """What happens to a call before or after its effect."""
        if self.hang == moment:
            self.reached.set()
            self.released.wait()
        if self.delay and moment == "after":
            self.reached.set()
            self.released.wait(self.delay)
        if self.drop == moment:
            self.reached.set()
            raise Dropped


def _parts(value: Any, pointer: str) -> Iterator[tuple[str, Json]]:
    """Every object in a structure, with its place."""
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield from _parts(item, f"{pointer}/{number}")
    elif isinstance(value, dict):
        yield pointer, value
        for name, item in value.items():
            yield from _parts(item, f"{pointer}/{name}")


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

    def take(self, method: str, given: Json) -> Fault | None:
        with self._lock:
            for fault in self._planned:
                if fault.concerns(method, given):
                    if fault.times is not None:
                        fault.times -= 1
                        if fault.times <= 0:
                            self._planned.remove(fault)
                    return fault
        return None

    def lift(self, fault: Fault) -> None:
        """This trouble is over."""
        fault.release()
        with self._lock:
            self._planned = [planned for planned in self._planned if planned is not fault]

    def clear(self) -> None:
        """No more troubles, and whatever hangs goes on."""
        with self._lock:
            for fault in self._all:
                fault.release()
            self._planned.clear()
            self._all.clear()
