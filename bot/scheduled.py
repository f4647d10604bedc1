"""Whether a schedule may still fire: its owner and its channel are looked at each time, and told of once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from analysis.errors import DataError, UserError
from bot.asking.command import text_of
from bot.asking.context import Context, Outcome, nothing_more
from bot.render.schedules import paused
from storage import evaluations, findings, messages, schedules
from storage.database import Json, Transaction
from storage.messages import Address

NUMBERED = re.compile(r"([EF])-?(\d+)")


def why_not_any_more(context: Context) -> Outcome | None:
    """What to write instead of running the command, or None where it may run."""
    if _is_over(context):
        return nothing_more
    person = context.person
    if person.deleted:
        return _pause(context, "its owner left.")
    if person.guest:
        return _pause(context, "its owner is a guest now, and guests can't schedule.")
    channel = context.place
    if channel is not None and channel.archived:
        return _pause(context, "its channel is archived.")
    if context.models.audience.shared and not context.models.audience.by_name:
        return _pause(context, "its channel is shared with another organization.", openly=False)
    if channel is None and not context.models.audience.is_direct:
        return _not_sent(context)
    if not context.known:
        return _pause(context, "without the scope users:read I can't tell whether its owner may still run it.")
    if _asks_for_what_is_not_there(context):
        return _pause(context, "what it asks for can't be shown in its channel any more.")
    return None


def models_of(tx: Transaction, *, team: str, arguments: Mapping[str, Json]) -> list[str]:
    """The models that a schedule's command names, itself or by an id. An id of nothing stands for itself: a model that
    nobody sees."""
    return [_model_meant(tx, team, said) for said in _named(arguments)]


def check_that_all_is_there(context: Context, arguments: Mapping[str, Json]) -> None:
    """Raises UserError, in words for what does not exist, where something that is named may not be seen here."""
    for said in _named(arguments):
        numbered = NUMBERED.fullmatch(said)
        if numbered is None:
            context.models.get(said)
        elif numbered[1] == "E":
            context.evaluation(int(numbered[2]))
        else:
            context.finding(int(numbered[2]))


def _named(arguments: Mapping[str, Json]) -> list[str]:
    name = text_of(arguments, "model")
    what = text_of(arguments, "what")  # of `show`: a model's name, E-17 or F-4
    return [said for said in (name, what) if said]


def _model_meant(tx: Transaction, team: str, said: str) -> str:
    numbered = NUMBERED.fullmatch(said)
    if numbered is None:
        return said
    number = int(numbered[2])
    found = evaluations.get(tx, number) if numbered[1] == "E" else findings.get(tx, number)
    return found.model if found is not None and found.team == team else said


def _asks_for_what_is_not_there(context: Context) -> bool:
    """Whether it names a model that may not be seen in its channel, or that is gone: to say so at every slot would name
    it to everybody there. A model card that is broken for now is no reason."""
    with context.database.reading() as tx:
        names = models_of(tx, team=context.team, arguments=context.request.arguments)
    for name in names:
        try:
            context.models.get(name)
        except DataError:
            continue
        except UserError:
            return True
    return False


def _not_sent(context: Context) -> Outcome:
    """Slack doesn't say what the channel is: it might be shared with others by now, so nothing is posted."""
    why = "Slack doesn't say whether its channel is shared with another organization."
    return _pause(context, f"{why} Check the scopes channels:read and groups:read.", openly=False)


def _is_over(context: Context) -> bool:
    """Whether the schedule was removed or paused while this slot waited for its turn."""
    number = context.request.where.schedule
    if number is None:
        return False
    with context.database.reading() as tx:
        schedule = schedules.get(tx, number)
    return schedule is None or schedule.state != "active"


def _pause(context: Context, why: str, *, openly: bool = True) -> Outcome:
    number = context.request.where.schedule
    if number is None:
        return nothing_more
    return lambda tx: pause_and_tell(tx, number, why, openly=openly, now=context.now)


def pause_and_tell(tx: Transaction, number: int, why: str, *, openly: bool = True, now: datetime) -> None:
    """Pause an active schedule and tell its owner once: directly, else alone in the schedule's channel, else there,
    where ``openly`` says that everybody in the channel may read it."""
    schedule = schedules.get(tx, number)
    if schedule is None or not schedules.pause(tx, number, reason=why, now=now):
        return
    alone, to_all = ("ephemeral", schedule.channel), ("message", schedule.channel)
    messages.want(
        tx,
        key=f"paused:S-{number}",
        kind="message",
        address=Address(team=schedule.team, channel=schedule.owner, user=schedule.owner),
        content=paused(schedule, why=why),
        otherwise=[alone, to_all] if openly else [alone],
        now=now,
    )
