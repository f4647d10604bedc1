"""What is on a clock here."""

from __future__ import annotations

import re

from bot.asking.command import Command, text_of
from bot.asking.context import Context, Outcome
from bot.asking.grammar import words
from bot.asking.when import following, parse_when
from bot.names import name_of
from bot.render.schedules import ScheduleLine, schedules_list
from storage import schedules
from storage.requests import Who
from storage.schedules import Schedule

NUMBERED = re.compile(r"[EF]-?\d+")


def run(context: Context) -> Outcome:
    with context.database.reading() as tx:
        found = [s for s in schedules.listed(tx, team=context.team) if may_be_seen(context, s)]
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


def may_be_seen(context: Context, schedule: Schedule) -> bool:
    """Whether what a schedule asks for names no model that does not exist for the one who asks."""
    return all(context.models.has(name) for name in models_of(schedule))


def models_of(schedule: Schedule) -> list[str]:
    """The models that a schedule's command names."""
    name = text_of(schedule.arguments, "model")
    what = text_of(schedule.arguments, "what")  # of `show`: a model's name, E-17 or F-4
    return [said for said in (name, what) if said and not NUMBERED.fullmatch(said)]


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
