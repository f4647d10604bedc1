"""Leases requests and runs their commands. What a command gives back is written together with the request's end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from analysis.errors import ParleyError, UserError
from analysis.judgement.wording import sentence
from bot.asking.command import Command, Lane
from bot.asking.context import Context, Outcome, nothing_more
from bot.asking.rights import check_may_ask
from bot.bell import Bell
from bot.evaluating.children import Children, reference
from bot.evaluating.values import Evaluated, Job, Stopped
from bot.models import Models
from bot.render.answers import went_wrong
from bot.scheduled import why_not_any_more
from bot.slack.directory import TERMINAL, Directory, stranger
from storage import requests
from storage.database import Busy, Database
from storage.requests import Leased, LeaseLost
from storage.tracing import of_request, tracing

log = structlog.get_logger()

LEASE_SECONDS: Mapping[Lane, float] = {"quick": 60.0, "evaluation": 20.0}
MOST_ATTEMPTS = 4
SECONDS_BETWEEN_LOOKS = 1.0
SECONDS_UNTIL_AGAIN = 2.0


class Answering:
    """Turns requests into rows that others act on. Any number of these may run, in any number of processes."""

    def __init__(
        self,
        *,
        database: Database,
        models: Models,
        commands: Mapping[str, Command],
        children: Children,
        directory: Directory,
        now: Callable[[], datetime],
        asked: Bell,
        wanted: Bell,
    ) -> None:
        self._database = database
        self._models = models
        self._commands = commands
        self._children = children
        self._directory = directory
        self._now = now
        self._asked = asked
        self._wanted = wanted

    def work(self, lane: Lane, stop: threading.Event) -> None:
        """Answer requests of one lane until told to stop."""
        heard = self._asked.heard()
        while not stop.is_set():
            try:
                if self.answer_one(lane):
                    continue
            except Exception:  # the edge of one look at the queue: the next look must come
                log.exception("looking for requests failed", lane=lane)
            heard = self._asked.wait(heard, SECONDS_BETWEEN_LOOKS)

    def answer_one(self, lane: Lane) -> bool:
        """Answer the oldest request of a lane; False when there is none."""
        heard_now = self._now()
        with self._database.reading() as tx:
            if not requests.any_due(tx, lane=lane, now=heard_now):
                return False
        with self._database.transaction() as tx:
            leased = requests.lease(tx, lane=lane, now=heard_now, seconds=LEASE_SECONDS[lane], limit=1)
        for one in leased:
            with tracing(of_request(one.id)):
                log.info("a request is being answered", command=one.request.command, attempts=one.attempts)
                self._answer(one, lane)
        return bool(leased)

    def _answer(self, leased: Leased, lane: Lane) -> None:
        """Run the command and write what it gives back; whatever is refused or breaks, in either, is told."""
        lease = _Lease(self._database, leased, self._now, LEASE_SECONDS[lane])
        context = self._context(leased, lease)
        command = self._commands.get(leased.request.command)
        try:
            self._finish(leased, self._outcome(command, context, lease))
        except Busy:
            self._again(leased)
        except LeaseLost:
            log.info("another process took this request over", request=leased.id)
        except Stopped:
            self._release(leased)
        except ParleyError as error:
            self._tell_failure(command, context, sentence(str(error)))
        except Exception:  # the edge of one request: others must be answered, and this one is told
            mark = reference()
            log.exception("a request failed", command=leased.request.command, request=leased.id, reference=mark)
            says = f"Something went wrong on our side. It is logged with the reference {mark}."
            self._tell_failure(command, context, says)

    def _outcome(self, command: Command | None, context: Context, lease: _Lease) -> Outcome:
        leased = context.leased
        if command is None:
            raise UserError(f"This version has no command `{leased.request.command}`; `help` lists them all.")
        if leased.attempts > MOST_ATTEMPTS:
            raise UserError(f"I tried this {MOST_ATTEMPTS} times and was stopped each time; ask again if it matters.")
        try:
            return self._run(command, context)
        except Stopped:
            if lease.lost:
                raise LeaseLost from None
            if self._children.is_ending:
                raise
            return nothing_more

    def _run(self, command: Command, context: Context) -> Outcome:
        who = self._directory.person(context.request.who)
        context = replace(context, person=who.person)
        if context.leased.source == "clock":
            self._directory.refresh_channel(context.team, context.request.where.channel or "")
            gone = why_not_any_more(context, known=who.known)
            if gone is not None:
                return gone
        check_may_ask(command, who.person, known=who.known or context.team == TERMINAL)
        return command.run(context)

    def _tell_failure(self, command: Command | None, context: Context, says: str) -> None:
        told = command.failed(context, says) if command and command.failed else context.tell(went_wrong(says))
        try:
            self._finish(context.leased, told, failed=says)
        except (Busy, LeaseLost):
            log.info("a request waits for its lease to end", request=context.leased.id)

    def _finish(self, leased: Leased, outcome: Outcome, failed: str | None = None) -> None:
        with self._database.transaction() as tx:
            outcome(tx)
            requests.finish(tx, leased, now=self._now(), failed=failed)
        log.info("a request is answered" if failed is None else "a request is refused")
        self._wanted.ring()
        self._asked.ring()  # an outcome may ask for more, as `evaluate` asks for `measure`

    def _again(self, leased: Leased) -> None:
        try:
            with self._database.transaction() as tx:
                requests.again(tx, leased, at=self._now() + timedelta(seconds=SECONDS_UNTIL_AGAIN))
        except (Busy, LeaseLost):
            log.info("a request waits for its lease to end", request=leased.id)

    def _release(self, leased: Leased) -> None:
        """This process ends: the next one, or another that runs already, begins anew."""
        try:
            with self._database.transaction() as tx:
                requests.release(tx, leased, now=self._now())
        except (Busy, LeaseLost):
            log.info("a request waits for its lease to end", request=leased.id)

    def _context(self, leased: Leased, lease: _Lease) -> Context:
        return Context(
            database=self._database,
            models=self._models,
            commands=self._commands,
            leased=leased,
            person=stranger(leased.request.who),
            now=self._now(),
            evaluate=lease.evaluating(self._children),
            draw=self._children.draw,
            ring=self._wanted.ring,
        )


class _Lease:
    """Keeps the lease of a request alive while its child works."""

    def __init__(self, database: Database, leased: Leased, now: Callable[[], datetime], seconds: float) -> None:
        self._database = database
        self._leased = leased
        self._now = now
        self._seconds = seconds
        self.lost = False

    def evaluating(self, children: Children) -> Callable[..., Evaluated]:
        def evaluate(job: Job, *, phase: Callable[[str], None], stop: Callable[[], bool]) -> Evaluated:
            return children.evaluate(job, phase=phase, stop=lambda: not self._kept() or stop())

        return evaluate

    def _kept(self) -> bool:
        if self.lost or self._now() < self._leased.until - timedelta(seconds=self._seconds / 2):
            return not self.lost
        try:
            with self._database.transaction() as tx:
                self._leased = requests.renew(tx, self._leased, now=self._now(), seconds=self._seconds)
        except LeaseLost:
            self.lost = True
        except Busy:
            log.warning("a lease could not be renewed yet", request=self._leased.id)
        return not self.lost
