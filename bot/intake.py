"""Takes deliveries in their order, as fast as the database writes, and refuses at once what would wait too long.

Whatever was refused never runs: Slack delivers an event again, and a person repeats a command."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Generic, TypeVar

import structlog

from storage.busy import Busy
from storage.database import Database

log = structlog.get_logger()

Answer = TypeVar("Answer")
Observe = Callable[[float, int], None]
"""Hears how long the answer to a delivery took, in seconds, and its status."""

SECONDS_TO_ACKNOWLEDGE = 2.0
"""After Slack's three seconds a person has repeated the command. Nothing is committed so late."""

SECONDS_FOR_A_TURN = 0.7
SECONDS_FOR_A_TURN_IN_A_JAM = 0.5
SECONDS_UNTIL_A_JAM = 1.0
"""A burst may wait. Where the queue hasn't been empty for this long, more comes than can be served, and a long queue
would only make everybody late."""

MOST_WAITING = 1000
MOST_TOGETHER = 32
SECONDS_TOGETHER = 0.1
THREADS_ON_POSTGRESQL = 6


@dataclass(eq=False, frozen=True, slots=True)
class Ticket(Generic[Answer]):
    """A delivery in the queue: what to do, whom to tell, and when it arrived (monotonic)."""

    act: Callable[[], Answer]
    tell: Callable[[Answer], None]
    arrived: float


class Intake(Generic[Answer]):
    """The queue in front of the listeners, and the threads that serve it.

    SQLite has one writer, so there is one thread, and what waits together is committed together.
    ``refused`` is the answer to what isn't served."""

    def __init__(self, database: Database, *, refused: Answer) -> None:
        self.refused = refused
        self._database = database
        self._most_together = MOST_TOGETHER if database.is_sqlite else 1
        self._changed = threading.Condition()
        self._waiting: dict[Ticket[Answer], None] = {}
        self._empty_at = time.monotonic()
        self._closed = False
        self._threads = [
            threading.Thread(target=self._work, name=f"intake-{number}", daemon=True)
            for number in range(1 if database.is_sqlite else THREADS_ON_POSTGRESQL)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def refuse(self) -> None:
        """Take nothing any more; what waits is still served."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def close(self, *, seconds: float) -> None:
        """Refuse what comes from now on, and serve what waits."""
        self.refuse()
        end = time.monotonic() + seconds
        for thread in (thread for thread in self._threads if thread.is_alive()):
            thread.join(max(end - time.monotonic(), 0.0))

    @property
    def refuses(self) -> bool:
        return self._closed

    def waiting(self) -> int:
        return len(self._waiting)

    def served(self, act: Callable[[], Answer], *, arrived: float) -> Answer:
        """The answer, waited for in this thread."""
        told: Future[Answer] = Future()
        ticket = Ticket(act, told.set_result, arrived)
        if not self.put(ticket):
            return self.refused
        try:
            return told.result(SECONDS_FOR_A_TURN)
        except TimeoutError:
            return self.refused if self.withdraw(ticket) else told.result()

    def put(self, ticket: Ticket[Answer]) -> bool:
        """Queue it; False where it is refused, since too many wait or we are about to end."""
        with self._changed:
            if self._closed or len(self._waiting) >= MOST_WAITING:
                return False
            if not self._waiting:
                self._empty_at = time.monotonic()
            self._waiting[ticket] = None
            self._changed.notify()
            return True

    def withdraw(self, ticket: Ticket[Answer]) -> bool:
        """Take it out of the queue; False where it is being served already."""
        with self._changed:
            if ticket not in self._waiting:
                return False
            del self._waiting[ticket]
            return True

    def _work(self) -> None:
        while (ticket := self._next(wait=True)) is not None:
            self._serve_round(ticket)

    def _serve_round(self, first: Ticket[Answer]) -> None:
        """Serve what waits now, in one commit, and answer after it."""
        answers: dict[Ticket[Answer], Answer] = {first: self.refused}
        try:
            with self._database.together(until=first.arrived + SECONDS_TO_ACKNOWLEDGE):
                self._serve(first, answers)
        except Busy as busy:
            log.warning("deliveries are not acknowledged", why=str(busy), deliveries=len(answers))
            answers = dict.fromkeys(answers, self.refused)
        except Exception:  # the edge of one round: nothing of it was written, and the next must come
            log.exception("a round of deliveries failed")
            answers = dict.fromkeys(answers, self.refused)
        for ticket, answer in answers.items():
            ticket.tell(answer)

    def _serve(self, first: Ticket[Answer], answers: dict[Ticket[Answer], Answer]) -> None:
        ticket: Ticket[Answer] | None = first
        end = time.monotonic() + SECONDS_TOGETHER
        while ticket is not None:
            answers[ticket] = self.refused
            answers[ticket] = ticket.act()
            is_full = len(answers) >= self._most_together or time.monotonic() > end
            ticket = None if is_full else self._next(wait=False)

    def _next(self, *, wait: bool) -> Ticket[Answer] | None:
        """The one that waits longest and not too long. None where there is none, or at the end."""
        while (taken := self._first(wait=wait)) is not None:
            ticket, patience = taken
            if time.monotonic() - ticket.arrived <= patience:
                return ticket
            ticket.tell(self.refused)
        return None

    def _first(self, *, wait: bool) -> tuple[Ticket[Answer], float] | None:
        with self._changed:
            while wait and not self._waiting and not self._closed:
                self._changed.wait()
            if not self._waiting:
                return None
            is_jam = time.monotonic() - self._empty_at > SECONDS_UNTIL_A_JAM
            ticket = next(iter(self._waiting))
            del self._waiting[ticket]
            if not self._waiting:
                self._empty_at = time.monotonic()
            return ticket, SECONDS_FOR_A_TURN_IN_A_JAM if is_jam else SECONDS_FOR_A_TURN
