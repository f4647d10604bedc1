"""The only file that knows APScheduler: it turns the schedules that are due into requests, and has old rows removed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta

import structlog
from apscheduler.schedulers.background import BackgroundScheduler

from analysis.errors import UserError
from bot.asking.command import Command
from bot.asking.when import Slot, due, parse_when
from bot.edges import edge
from bot.scheduled import pause_and_tell
from storage import requests, retention, schedules
from storage.database import Database, Transaction
from storage.requests import Request, Where, Who
from storage.schedules import Schedule

log = structlog.get_logger()

SECONDS_BETWEEN_TICKS = 15
SECONDS_LATE_STILL_TICKED = 60
MINUTES_BETWEEN_LOOKS_FOR_OLD_ROWS = 5
BETWEEN_SWEEPS = timedelta(hours=1)


class Clock:
    """Ticks in every replica; the unique key of a request is what makes a slot fire once."""

    def __init__(
        self,
        *,
        database: Database,
        commands: Mapping[str, Command],
        now: Callable[[], datetime],
        keep: timedelta,
    ) -> None:
        self._database = database
        self._commands = commands
        self._now = now
        self._keep = keep
        self._stopping = threading.Event()
        self._scheduler = BackgroundScheduler(timezone="UTC")

    def start(self) -> None:
        self._scheduler.add_job(
            self._tick_safely,
            "interval",
            seconds=SECONDS_BETWEEN_TICKS,
            coalesce=True,
            max_instances=1,
            misfire_grace_time=SECONDS_LATE_STILL_TICKED,
        )
        self._scheduler.add_job(
            self._sweep_safely,
            "interval",
            minutes=MINUTES_BETWEEN_LOOKS_FOR_OLD_ROWS,
            coalesce=True,
            max_instances=1,
            misfire_grace_time=SECONDS_LATE_STILL_TICKED,
        )
        self._scheduler.start()

    def stop(self) -> None:
        self._stopping.set()
        self._scheduler.shutdown(wait=True)

    def tick(self) -> int:
        """Turn every slot that is due now into a request; how many were new."""
        now = self._now()
        with self._database.reading() as tx:
            active = schedules.active(tx)
        return sum(self._fired(schedule, now) for schedule in active)

    def sweep(self) -> bool:
        """Remove what is older than it is kept; False where another replica has done so within the hour."""
        now = self._now()
        with self._database.transaction() as tx:
            if not retention.take_turn(tx, now=now, every=BETWEEN_SWEEPS):
                return False
        swept = retention.sweep(self._database, now=now, keep=self._keep, stopping=self._stopping.is_set)
        log.info("what was old is removed", **swept)
        return True

    def _fired(self, schedule: Schedule, now: datetime) -> bool:
        """Whether it fired just now. One of which nobody can tell when it is due stops, and no other one with it."""
        try:
            slot = _slot_due(schedule, now)
        except UserError as error:
            with self._database.transaction() as tx:
                pause_and_tell(tx, schedule.id, str(error), now=now)
            return False
        if slot is None:
            return False
        with self._database.transaction() as tx:
            return self._fire(tx, schedule, slot.name, slot.instant)

    def _fire(self, tx: Transaction, schedule: Schedule, slot: str, instant: datetime) -> bool:
        command = self._commands.get(schedule.command)
        if command is None:
            pause_and_tell(tx, schedule.id, f"there is no command `{schedule.command}` any more.", now=instant)
            return False
        request = Request(
            schedule.command,
            schedule.arguments,
            who=Who(team=schedule.team, user=schedule.owner),
            where=Where(channel=schedule.channel, schedule=schedule.id),
        )
        key = f"schedule:S-{schedule.id}:{slot}"
        taken = requests.take(tx, request, key=key, source="clock", lane=command.lane, now=instant)
        schedules.fired(tx, schedule.id, slot=instant)
        return taken is not None

    def _tick_safely(self) -> None:
        with edge("schedules"):
            self.tick()

    def _sweep_safely(self) -> None:
        with edge("removing what is old"):
            self.sweep()


def _slot_due(schedule: Schedule, now: datetime) -> Slot | None:
    since = schedule.last_slot or schedule.created_at
    return due(parse_when(schedule.when), schedule.zone, since=since, now=now)


def lag(tx: Transaction, now: datetime) -> float:
    """Seconds for which the oldest slot that is due waits for a clock; 0 where none does."""
    longest = 0.0
    for schedule in schedules.active(tx):
        with suppress(UserError):  # the next tick pauses it
            slot = _slot_due(schedule, now)
            longest = max(longest, (now - slot.instant).total_seconds() if slot is not None else 0.0)
    return longest
