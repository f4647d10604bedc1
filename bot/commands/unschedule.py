"""Remove a schedule: its command won't run again."""

from __future__ import annotations

from analysis.errors import UserError
from bot.asking.command import Argument, Command, number_of
from bot.asking.context import Context, Outcome
from bot.asking.grammar import words
from bot.asking.kinds import Number
from bot.asking.rights import NotAllowed, check_is_member, may_manage
from bot.commands.schedules import may_be_seen
from bot.names import name_of
from bot.render.schedules import removed, removed_by
from bot.scheduled import models_of
from storage import messages, schedules
from storage.database import Transaction
from storage.messages import Address
from storage.schedules import Schedule


def run(context: Context) -> Outcome:
    number = number_of(context.request.arguments, "schedule") or 0
    with context.database.reading() as tx:
        schedule = schedules.get(tx, number)
        is_mine = schedule is not None and schedule.owner == context.request.who.user
        if schedule is None or schedule.team != context.team or not (is_mine or may_be_seen(tx, context, schedule)):
            raise UserError(f"There is no schedule S-{number}. `schedules` lists them.")
        if not is_mine:
            _check_may_remove(tx, context, schedule)
    return lambda tx: _remove(tx, context, schedule)


def _check_may_remove(tx: Transaction, context: Context, schedule: Schedule) -> None:
    """Raises NotAllowed for who is no member, or may not change what others made of the models that it names."""
    check_is_member(command, context.models.audience)
    names = models_of(tx, team=schedule.team, arguments=schedule.arguments)
    if not all(may_manage(context.models.access(name), context.person) for name in names):
        raise NotAllowed(
            f"S-{schedule.id} isn't yours. Its owner, the model's owners and this workspace's admins can end it."
        )


def _remove(tx: Transaction, context: Context, schedule: Schedule) -> None:
    """What is one's own may be undone anywhere, but only where its model may be seen does anybody else hear of it."""
    asked = context.commands.get(schedule.command)
    spoken = words(asked, schedule.arguments) if asked is not None else schedule.command
    now_removed = schedules.remove(tx, schedule.id, now=context.now)
    answer = context.tell if may_be_seen(tx, context, schedule) else context.whisper
    answer(removed(schedule, spoken, before=not now_removed))(tx)
    if now_removed and schedule.owner != context.request.who.user:
        by = name_of(tx, context.request.who)
        told = removed_by(schedule, by)
        messages.want(
            tx,
            key=f"removed:S-{schedule.id}",
            kind="message",
            address=Address(team=schedule.team, channel=schedule.owner, user=schedule.owner),
            content=told,
            otherwise=[("ephemeral", schedule.channel)],
            now=context.now,
        )


command = Command(
    name="unschedule",
    help="Take a schedule off the clock.",
    arguments=(Argument("schedule", Number("S-3", letter="S"), "the schedule's id", place="word", required=True),),
    examples=("unschedule S-3",),
    run=run,
    right="read",  # what is one's own, also who became a guest may undo
    order=12,
)
