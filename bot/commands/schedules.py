"""What is on a clock here."""

from __future__ import annotations

from bot.asking.command import Command
from bot.asking.context import Context, Outcome
from bot.asking.grammar import words
from bot.asking.when import following, parse_when
from bot.names import name_of
from bot.render.schedules import ScheduleLine, schedules_list
from bot.scheduled import models_of
from storage import schedules
from storage.database import Transaction
from storage.requests import Who
from storage.schedules import Schedule


def run(context: Context) -> Outcome:
    with context.database.reading() as tx:
        found = [s for s in schedules.listed(tx, team=context.team) if may_be_seen(tx, context, s)]
        lines = [
            ScheduleLine(
                schedule=s,
                words=_words(context, s),
                owner=name_of(tx, Who(team=s.team, user=s.owner)),
                following=following(parse_when(s.when), s.zone, now=context.now) if s.state == "active" else None,
            )
            for s in found
        ]
    return context.tell(schedules_list(lines))


def may_be_seen(tx: Transaction, context: Context, schedule: Schedule) -> bool:
    """Whether what a schedule asks for names no model that does not exist for the one who asks."""
    return all(map(context.models.has, models_of(tx, team=schedule.team, arguments=schedule.arguments)))


def _words(context: Context, schedule: Schedule) -> str:
    command = context.commands.get(schedule.command)
    return words(command, schedule.arguments) if command is not None else schedule.command


command = Command(
    name="schedules",
    help="List what is on a clock: when, what, where, whose, and when next.",
    arguments=(),
    examples=("schedules",),
    run=run,
    order=11,
)
