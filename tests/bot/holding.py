"""Holds the child of an evaluation still in one of its phases, however fast or busy the machine is."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psutil
import pytest

from tests.stage import Stage, until


@dataclass(frozen=True)
class StopsItself:
    """What a child runs, until it has told that it is in this phase."""

    function: Callable[..., object]
    phase: str

    def __call__(self, *arguments: Any) -> object:
        *given, tell = arguments

        def told(phase: str) -> None:
            tell(phase)
            if self.phase in phase:
                os.kill(os.getpid(), signal.SIGSTOP)

        return self.function(*given, told)


def hold_the_next(stage: Stage, phase: str, monkeypatch: pytest.MonkeyPatch) -> Callable[[], psutil.Process]:
    """The next child that tells of this phase stops in it. What is given back waits for it: SIGCONT lets it go on."""
    before, run = _children(), stage.parley.children.run

    def held_once(function: Callable[..., object], *arguments: object, **how: Any) -> object:
        monkeypatch.setattr(stage.parley.children, "run", run)
        return run(StopsItself(function, phase), *arguments, **how)

    monkeypatch.setattr(stage.parley.children, "run", held_once)
    return lambda: until(lambda: next(filter(_is_held, _children() - before), None), why=phase)


def _children() -> set[psutil.Process]:
    return set(psutil.Process().children(recursive=True))


def _is_held(child: psutil.Process) -> bool:
    try:
        return bool(child.status() == psutil.STATUS_STOPPED)
    except psutil.NoSuchProcess:
        return False
