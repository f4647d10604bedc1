"""Leases requests and runs their commands. What a command gives back is written together with the request's end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

import structlog

from analysis.drawing.chart import Chart
from analysis.errors import ParleyError, UserError
from analysis.judgement.wording import sentence
from bot.ahead import Ahead
from bot.asking.command import Command, Lane
from bot.asking.context import Context, Drawer, Outcome, nothing_more
from bot.asking.rights import Audience, NotAllowed, check_may_ask, standing_of
from bot.asking.visible import VisibleModels
from bot.asking.when import HOURS_LATE_STILL_SENT
from bot.edges import work_until
from bot.evaluating.children import Children, reference
from bot.evaluating.values import ChildDied, Evaluated, Job, Stopped
from bot.models import Models
from bot.render.answers import went_wrong
from bot.scheduled import why_not_any_more
from bot.slack.directory import Directory, Known, stranger
from storage import evaluations, requests
from storage.busy import Busy
from storage.channels import Channel
from storage.contents import Content
from storage.database import Database, Transaction
from storage.requests import Leased, LeaseLost
from storage.tracing import of_request, tracing

log = structlog.get_logger()

LEASE_SECONDS: Mapping[Lane, float] = {"quick": 60.0, "slow": 60.0, "evaluation": 20.0}
MOST_ATTEMPTS = 4
SECONDS_BETWEEN_LOOKS = 1.0
SECONDS_UNTIL_AGAIN = 2.0
NOW = timedelta(0)
MOST_SECONDS_UNTIL_AGAIN = 60.0
MOST_SECONDS_UNTIL_A_TURN = 5.0
PATIENCE = timedelta(minutes=30)
LONG_PATIENCE = timedelta(hours=HOURS_LATE_STILL_SENT)
"""So long after it was asked for, a request is tried again without counting how often something was busy."""
NOBODY_YET = Audience(channel="", standing="outsider")
"""Until it is known who asks, and where, they may see nothing."""
KILLED_TWICE = (
    "The process that worked on this was killed twice, most likely because memory ran out. "
    "Try a shorter window, or give Parley more memory."
)
GAVE_UP = f"I tried this {MOST_ATTEMPTS} times and was stopped each time, so I gave up. Ask again if it still matters."

Found = TypeVar("Found")


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
        shared_channels: Collection[str],
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._shared_channels = shared_channels
        self._models = models
        self._commands = commands
        self._children = children
        self._directory = directory
        self._now = now
        self._ahead = Ahead[Leased]()

    def work(self, lane: Lane, stop: threading.Event) -> None:
        """Answer requests of one lane until told to stop."""
        work = requests.work_in(lane)
        with self._ahead.working(stop, lease=partial(self._lease, lane), give_back=self._release):
            work_until(
                stop,
                self._database.bells.named(work),
                work=work,
                step=lambda: self.answer_one(lane),
                pause=lambda: SECONDS_BETWEEN_LOOKS,
            )

    def answer_one(self, lane: Lane) -> bool:
        """Answer the oldest request of a lane; False when there is none."""
        leased = self._ahead.taken() or self._first(lane)
        if leased is None:
            return False
        with tracing(of_request(leased.id)):
            log.info("a request is being answered", command=leased.request.command, attempts=leased.attempts)
            self._answer(leased, lane)
        return True

    def _first(self, lane: Lane) -> Leased | None:
        with self._database.reading() as tx:
            if not requests.any_due(tx, lane=lane, now=self._now()):
                return None
        with self._database.transaction() as tx:
            return self._lease(lane, tx)

    def _lease(self, lane: Lane, tx: Transaction) -> Leased | None:
        return next(iter(requests.lease(tx, lane=lane, now=self._now(), seconds=LEASE_SECONDS[lane])), None)

    def _answer(self, leased: Leased, lane: Lane) -> None:
        """Run the command and write what it gives back; whatever is refused or breaks, in either, is told."""
        lease = _Lease(self._database, leased, self._now, LEASE_SECONDS[lane])
        context = self._context(leased, lease)
        command = self._commands.get(leased.request.command)
        if leased.attempts > MOST_ATTEMPTS:
            self._bury(command, context)
            return
        try:
            context = self._introduced(context, anew=leased.source == "clock" and not _is_a_later_step(command))
            self._finish(leased, self._outcome(command, context, lease))
        except Busy as busy:
            self._when_less_busy(leased, busy)
        except LeaseLost:
            log.info("another process took this request over", request=leased.id)
        except NotAllowed as error:
            self._close(context, partial(context.whisper, _wrong(context, str(error))), str(error))
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
        if command is None:
            name = context.request.command
            raise UserError(f"This version has no command `{name}`; `help` lists them all.")
        try:
            return self._run(command, context)
        except Stopped:
            if lease.lost:
                raise LeaseLost from None
            if self._children.is_ending:
                raise
            return nothing_more

    def _run(self, command: Command, context: Context) -> Outcome:
        """What Parley asks of itself goes on: whoever asked for the whole of it was allowed to, and its card waits."""
        if context.leased.source == "clock" and command.right != "none":
            gone = why_not_any_more(context)
            if gone is not None:
                return gone
        check_may_ask(command, context.person, context.models.audience)
        return command.run(context)

    def _introduced(self, context: Context, *, anew: bool) -> Context:
        """The request with who asked it and where, and with the models that may be seen by them there. ``anew``: as
        they are now; a schedule outlives what its owner may do, and what its channel is."""
        # What there are fewer turns for comes first: the other is not asked in vain.
        place = self._channel(context, anew=anew)
        who = self._directory.person(context.request.who, anew=anew)
        models = VisibleModels(self._models, self._audience(context, who, place))
        return replace(context, person=who.person, known=who.known, place=place, models=models)

    def _channel(self, context: Context, *, anew: bool) -> Channel | None:
        """What the channel is where this was asked. Before a scheduled post Slack is asked each time; direct messages
        with one person are never shared."""
        channel = context.request.where.channel
        if not channel or channel.startswith("D"):
            return None
        return self._directory.channel(context.team, channel, newest=NOW if anew else None)

    def _audience(self, context: Context, who: Known, channel: Channel | None) -> Audience:
        where = context.request.where
        return Audience(
            channel=where.channel or "",
            shared=where.shared or (channel is not None and channel.shared),
            by_name=where.channel in self._shared_channels,
            user=context.request.who.user,
            standing=standing_of(who.person, known=who.known, outsider=where.outsider),
        )

    def _tell_failure(self, command: Command | None, context: Context, says: str) -> None:
        self._close(context, partial(_failure, command, context, says), says)

    def _close(self, context: Context, told: Callable[[], Outcome], says: str) -> None:
        leased = context.leased
        try:
            self._finish(leased, told(), failed=says)
        except Busy as busy:
            self._when_less_busy(leased, busy)
        except LeaseLost:
            log.info("another process took this request over", request=leased.id)
        except Exception:  # the edge of one answer: it is tried again, and not for ever
            log.exception("a failure could not be told", command=leased.request.command, request=leased.id)
            self._again(leased)

    def _bury(self, command: Command | None, context: Context) -> None:
        """Tried too often, and stopped each time: told, and never tried again, even where it can't be told."""
        leased = context.leased
        log.error("a request was tried too often", command=leased.request.command, request=leased.id)
        try:
            self._finish(leased, _failure(command, context, GAVE_UP), failed=GAVE_UP, is_dead=True)
        except (Busy, LeaseLost):
            log.info("a request waits for its lease to end", request=leased.id)
        except Exception:  # the edge of one answer: what can't be told must not come back for ever
            log.exception("a dead request could not be told", request=leased.id)
            self._finish(leased, lambda tx: self._fail_measured(tx, leased), failed=GAVE_UP, is_dead=True)

    def _fail_measured(self, tx: Transaction, leased: Leased) -> None:
        evaluations.fail_measured(tx, leased.id, says=GAVE_UP, now=self._now())

    def _finish(self, leased: Leased, outcome: Outcome, failed: str | None = None, *, is_dead: bool = False) -> None:
        def end(tx: Transaction) -> None:
            outcome(tx)
            requests.finish(tx, leased, now=self._now(), failed=failed, is_dead=is_dead)

        self._ahead.ended_by(end, self._write)
        log.info("a request is answered" if failed is None else "a request is refused")

    def _write(self, change: Callable[[Transaction], None]) -> bool:
        with self._database.transaction() as tx:
            change(tx)
        return True

    def _when_less_busy(self, leased: Leased, busy: Busy) -> None:
        """Nothing is wrong with the request, so it counts as no attempt, for some time: then whoever asked is told. The
        longer it has waited, the more rarely it is tried; where it is known when the next turn comes many may wait for
        that, so a little more rarely too."""
        age = self._now() - leased.received_at
        most = MOST_SECONDS_UNTIL_AGAIN if busy.seconds is None else MOST_SECONDS_UNTIL_A_TURN
        wait = max(busy.seconds or SECONDS_UNTIL_AGAIN, min(age.total_seconds(), most))
        self._give_back(leased, after=wait, counts=age > self._patience(leased))

    def _patience(self, leased: Leased) -> timedelta:
        command = self._commands.get(leased.request.command)
        waits_long = leased.source == "clock" or (command is not None and command.lane == "evaluation")
        return LONG_PATIENCE if waits_long else PATIENCE

    def _again(self, leased: Leased) -> None:
        self._give_back(leased, after=SECONDS_UNTIL_AGAIN * 2 ** (leased.attempts - 1))

    def _release(self, leased: Leased) -> None:
        """This process ends: the next one, or another that runs already, begins anew."""
        self._give_back(leased, after=0.0, counts=False)

    def _give_back(self, leased: Leased, *, after: float, counts: bool = True) -> None:
        try:
            with self._database.transaction() as tx:
                requests.again(tx, leased, at=self._now() + timedelta(seconds=after), counts=counts)
        except (Busy, LeaseLost):
            log.info("a request waits for its lease to end", request=leased.id)

    def _context(self, leased: Leased, lease: _Lease) -> Context:
        return Context(
            database=self._database,
            models=VisibleModels(self._models, NOBODY_YET),
            commands=self._commands,
            leased=leased,
            person=stranger(leased.request.who),
            known=False,
            place=None,
            now=self._now(),
            evaluate=lease.evaluating(self._children),
            draw=_drawing(self._children),
            read_message=partial(self._directory.message, leased.request.who.team),
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
            return _once_more(lambda: children.evaluate(job, phase=phase, stop=lambda: not self._kept() or stop()))

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


def _is_a_later_step(command: Command | None) -> bool:
    """Whether Parley asked this of itself, a moment after the schedule's own request was looked at."""
    return command is not None and command.right == "none"


def _failure(command: Command | None, context: Context, says: str) -> Outcome:
    return command.failed(context, says) if command and command.failed else context.tell(_wrong(context, says))


def _wrong(context: Context, says: str) -> Content:
    """Why it went wrong may repeat what was asked."""
    return replace(went_wrong(says), repeats=context.asked_at)


def _drawing(children: Children) -> Drawer:
    def draw(draw: Callable[..., Chart], /, *arguments: object, **named: object) -> Chart:
        return _once_more(lambda: children.draw(draw, *arguments, **named))

    return draw


def _once_more(work: Callable[[], Found]) -> Found:
    """A child that was killed is started once more: memory may have been short for a moment only."""
    try:
        return work()
    except ChildDied:
        log.warning("a child process was killed; it is started once more")
    try:
        return work()
    except ChildDied:
        raise UserError(KILLED_TWICE) from None
