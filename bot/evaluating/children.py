"""One child process per evaluation or picture: heavy imports stay out of the process that answers Slack."""

from __future__ import annotations

import contextlib
import importlib.util
import multiprocessing
import os
import signal
import sys
import threading
import time
import traceback
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, NoReturn

import structlog

from analysis.drawing.chart import Chart
from analysis.errors import DataError, NoRowsError, ParleyError, UserError
from analysis.log_sql import cancel_statements
from bot.evaluating.values import ChildDied, Evaluated, Job, Stopped

log = structlog.get_logger()

PRELOADED = ("bot.evaluating.in_child", "analysis.drawing.ready", "bot.cli")
"""The last because every child imports the main module anew, which would take longer than half a chart."""
NICENESS = 10
"""Whoever asks Slack for an answer has three seconds; an evaluation has minutes."""
SECONDS_BETWEEN_QUESTIONS = 0.25
SECONDS_TO_DIE = 5.0
SECONDS_TO_DRAW = 20.0


@dataclass(frozen=True, slots=True)
class Limit:
    """How long a child may take, and what is said when it takes longer."""

    seconds: float
    says: str


DRAWING = Limit(
    SECONDS_TO_DRAW, f"The chart took longer than {SECONDS_TO_DRAW:.0f} seconds to draw. Ask again, or for less."
)


class Children:
    """Starts children from one clean server process that has the heavy imports done."""

    def __init__(
        self,
        *,
        seconds: float,
        summaries: Path | None = None,
        dask: str | None = None,
        observe: Callable[[float, str], None] = lambda _seconds, _outcome: None,
    ) -> None:
        self._observe = observe
        self._limit = Limit(
            seconds,
            f"The evaluation was ended after {seconds:.0f} seconds; take a shorter window, "
            "or raise PARLEY_JOB_SECONDS.",
        )
        self._summaries = summaries
        self._dask = dask
        self._ending = threading.Event()
        self._context: Any = multiprocessing.get_context("spawn" if sys.platform == "darwin" else "forkserver")

    def start(self) -> None:
        """Start the server that children come from. Call it before any thread is started."""
        if self._context.get_start_method() == "forkserver":
            for module in PRELOADED:
                if importlib.util.find_spec(module) is None:  # a misspelt preload is ignored silently
                    raise RuntimeError(f"there is no module {module} to preload")
            self._context.set_forkserver_preload(list(PRELOADED))
        process = self._context.Process(target=_nothing, daemon=True)
        process.start()
        process.join()

    def end(self) -> None:
        """End every child, now and from now on: whoever waits for one gets Stopped."""
        self._ending.set()

    @property
    def is_ending(self) -> bool:
        return self._ending.is_set()

    def evaluate(self, job: Job, *, phase: Callable[[str], None], stop: Callable[[], bool]) -> Evaluated:
        where = replace(
            job,
            summaries=str(self._summaries) if self._summaries else None,
            dask=self._dask,
            limits=replace(job.limits, seconds=job.limits.seconds or self._limit.seconds),
        )
        with self._observed():
            answer = self.run(_evaluate, where, phase=phase, stop=stop)
        if not isinstance(answer, Evaluated):
            raise TypeError(f"a child answered {type(answer).__name__}")
        return answer

    @contextmanager
    def _observed(self) -> Iterator[None]:
        began, outcome = time.monotonic(), "broken"
        try:
            yield
            outcome = "done"
        except Stopped:
            outcome = "stopped"
            raise
        except ParleyError:
            outcome = "refused"
            raise
        finally:
            seconds = time.monotonic() - began
            self._observe(seconds, outcome)
            log.info("an evaluation ended", outcome=outcome, seconds=round(seconds, 3))

    def draw(self, draw: Callable[..., Chart], /, *arguments: object, **named: object) -> Chart:
        answer = self.run(_call, draw, arguments, named, limit=DRAWING)
        if not isinstance(answer, Chart):
            raise TypeError(f"a child drew {type(answer).__name__}")
        return answer

    def run(
        self,
        function: Callable[..., object],
        *arguments: object,
        phase: Callable[[str], None] = lambda _: None,
        stop: Callable[[], bool] = lambda: False,
        limit: Limit | None = None,
    ) -> object:
        """What the function gives in a child process. Its last argument is a callable that tells a phase.

        Raises what the function refused with, Stopped, UserError after the time is over, ChildDied, RuntimeError
        for a bug."""
        ours, theirs = self._context.Pipe(duplex=False)
        process = self._context.Process(target=_child, args=(theirs, function, arguments), daemon=True)
        process.start()
        theirs.close()
        try:
            return self._listen(ours, process.sentinel, phase, stop, limit or self._limit)
        finally:
            ours.close()
            _end(process)

    def _listen(
        self, pipe: Connection, sentinel: int, phase: Callable[[str], None], stop: Callable[[], bool], limit: Limit
    ) -> object:
        end = time.monotonic() + limit.seconds
        while True:
            wait([pipe, sentinel], timeout=SECONDS_BETWEEN_QUESTIONS)
            while pipe.poll():
                try:
                    kind, value = pipe.recv()
                except EOFError:
                    raise ChildDied from None
                if kind == "phase":
                    phase(value)
                else:
                    return _answer(kind, value)
            if self._ending.is_set() or stop():
                raise Stopped
            if time.monotonic() > end:
                raise UserError(limit.says)
            if not _alive(sentinel) and not pipe.poll():
                raise ChildDied


def _answer(kind: str, value: Any) -> object:
    if kind == "done":
        return value
    if kind == "user":
        raise UserError(value)
    if kind == "empty":
        raise NoRowsError(value)
    if kind == "data":
        raise DataError(value)
    raise RuntimeError(f"the child process failed:\n{value}")


def _evaluate(job: Job, phase: Callable[[str], None]) -> Evaluated:
    from bot.evaluating.in_child import evaluate_job  # the parent names this function, and imports nothing for it

    return evaluate_job(job, phase)


def _child(pipe: Connection, function: Callable[..., object], arguments: tuple[object, ...]) -> None:
    """The whole life of a child: it never outlives its parent, and tells everything through its pipe. When it is ended,
    what it asks of a database ends as well."""
    signal.signal(signal.SIGTERM, _end_with_its_statements)
    os.nice(NICENESS)
    threading.Thread(target=_die_with_the_parent, daemon=True).start()

    def phase(text: str) -> None:
        pipe.send(("phase", text))

    try:
        message: tuple[str, object] = ("done", function(*arguments, phase))
    except UserError as error:
        message = ("user", str(error))
    except NoRowsError as error:
        message = ("empty", str(error))
    except ParleyError as error:
        message = ("data", str(error))
    except Exception:  # the edge of a child: its parent logs it with a reference
        message = ("bug", traceback.format_exc())
    with contextlib.suppress(BrokenPipeError):  # the parent stopped listening
        pipe.send(message)
    pipe.close()


def _die_with_the_parent() -> NoReturn:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
    cancel_statements()
    os._exit(1)


def _end_with_its_statements(number: int, _: object) -> NoReturn:
    cancel_statements()
    os._exit(128 + number)


def _alive(sentinel: int) -> bool:
    return not wait([sentinel], timeout=0)


def _end(process: Any) -> None:
    process.join(timeout=0.2)
    if process.is_alive():
        process.terminate()
        process.join(timeout=SECONDS_TO_DIE)
    if process.is_alive():
        process.kill()
        process.join()
    process.close()


def _call(
    function: Callable[..., object], arguments: tuple[object, ...], named: dict[str, object], _: object
) -> object:
    return function(*arguments, **named)


def _nothing() -> None:
    """The first child only makes the server start and do its imports."""


def reference() -> str:
    """A short reference that ties what a person was told to the log."""
    return uuid.uuid4().hex[:8]
