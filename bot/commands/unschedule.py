"""Remove a schedule: its command won't run again."""

from __future__ import annotations

from analysis.errors import UserError
from bot.asking.command import Argument, Command, number_of
from bot.asking.context import Context, Outcome
from bot.asking.grammar import words
from bot.asking.kinds import Number
from bot.asking.rights import NotAllowed, may_manage
from bot.commands.schedules import may_be_seen, models_of
from bot.names import name_of
from bot.render.schedules import removed, removed_by
from storage import messages, schedules
from storage.database import Transaction
from storage.messages import Address
from storage.schedules import Schedule


def run(context: Context) -> Outcome:
    number = number_of(context.request.arguments, "schedule") or 0
    with context.database.reading() as tx:
        schedule = schedules.get(tx, number)
    is_mine = schedule is not None and schedule.owner == context.request.who.user
    if schedule is None or schedule.team != context.team or not (is_mine or may_be_seen(context, schedule)):
        raise UserError(f"There is no schedule S-{number}. `schedules` lists them.")
    if not is_mine and not all(may_manage(context.models.access(m), context.person) for m in models_of(schedule)):
        raise NotAllowed(
            f"S-{number} isn't yours. Its owner, the model's owners and this workspace's admins can end it."
        )
    return lambda tx: _remove(tx, context, schedule)


def _remove(tx: Transaction, context: Context, schedule: Schedule) -> None:
    """What is one's own may be undone anywhere, but only where its model may be seen does anybody else hear of it."""
    command = context.commands.get(schedule.command)
    spoken = words(command, schedule.arguments) if command is not None else schedule.command
    now_removed = schedules.remove(tx, schedule.id, now=context.now)
    answer = context.tell if may_be_seen(context, schedule) else context.whisper
    answer(removed(schedule, spoken, before=not now_removed))(tx)
    if now_removed and schedule.owner != context.request.who.user:
        by = name_of(tx, context.request.who)
        told = removed_by(schedule, by)
        to = Address(team=schedule.team, channel=schedule.owner)
        messages.want(tx, key=f"removed:S-{schedule.id}", kind="message", address=to, content=told, now=context.now)


command = Command(
    name="unschedule",
    help="Take a schedule off the clock.",
    arguments=(Argument("schedule", Number("S-3", letter="S"), "the schedule's id", place="word", required=True),),
    examples=("unschedule S-3",),
    run=run,
    right="write",
    order=12,
)
