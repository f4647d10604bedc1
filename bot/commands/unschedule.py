"""Remove a schedule: its command won't run again."""

from __future__ import annotations

from analysis.errors import UserError
from bot.asking.command import Argument, Command, number_of
from bot.asking.context import Context, Outcome
from bot.asking.grammar import words
from bot.asking.kinds import Number
from bot.render.schedules import removed
from storage import schedules
from storage.database import Transaction


def run(context: Context) -> Outcome:
    number = number_of(context.request.arguments, "schedule") or 0
    with context.database.reading() as tx:
        schedule = schedules.get(tx, number)
    if schedule is None or schedule.team != context.team:
        raise UserError(f"There is no schedule S-{number}; `schedules` lists them.")
    command = context.commands.get(schedule.command)
    spoken = words(command, schedule.arguments) if command is not None else schedule.command

    def write(tx: Transaction) -> None:
        now_removed = schedules.remove(tx, number, now=context.now)
        context.tell(removed(schedule, spoken, before=not now_removed))(tx)

    return write


command = Command(
    name="unschedule",
    help="Take a schedule off the clock.",
    arguments=(Argument("schedule", Number("S-3", letter="S"), "the schedule's id", place="word", required=True),),
    examples=("unschedule S-3",),
    run=run,
    right="write",
    order=12,
)
