"""Take a command off the clock."""

from __future__ import annotations

from analysis.errors import UserError
from bot.asking.command import Argument, Command, number_of
from bot.asking.context import Context, Outcome, together
from bot.asking.kinds import Number
from bot.render.answers import words_only
from storage import schedules


def run(context: Context) -> Outcome:
    number = number_of(context.request.arguments, "schedule") or 0
    with context.database.reading() as tx:
        schedule = schedules.get(tx, number)
    if schedule is None or schedule.team != context.team or schedule.state == "removed":
        raise UserError(f"There is no schedule S-{number}; `schedules` lists them.")
    return together(
        lambda tx: _removed(schedules.remove(tx, number, now=context.now)),
        context.tell(words_only(f":wastebasket: S-{number} is off the clock: `every {schedule.when}` fires no more.")),
    )


def _removed(_: bool) -> None:
    """Removed now or a moment ago: it is off the clock either way."""


command = Command(
    name="unschedule",
    help="Take a schedule off the clock.",
    arguments=(Argument("schedule", Number("S-3", letter="S"), "the schedule's id", place="word", required=True),),
    examples=("unschedule S-3",),
    run=run,
    right="write",
    order=12,
)
