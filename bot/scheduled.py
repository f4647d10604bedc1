"""Whether a schedule may still fire: its owner and its channel are looked at each time, and told of once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from bot.asking.command import Command
from bot.asking.context import Context, Outcome, nothing_more
from bot.asking.grammar import words
from bot.render.schedules import paused
from storage import messages, schedules
from storage.database import Transaction
from storage.messages import Address


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
        return _pause(context, "its channel is shared with another organization.")
    if channel is None and not context.models.audience.is_direct:
        return _not_sent(context)
    if not context.known:
        return _pause(context, "without the scope users:read I can't tell whether its owner may still run it.")
    return None


def _not_sent(context: Context) -> Outcome:
    """Slack doesn't say what the channel is: it might be shared with others by now, so nothing is posted."""
    why = "Slack doesn't say whether its channel is shared with another organization."
    return _pause(context, f"{why} Check the scopes channels:read and groups:read.")


def _is_over(context: Context) -> bool:
    """Whether the schedule was removed or paused while this slot waited for its turn."""
    number = context.request.where.schedule
    if number is None:
        return False
    with context.database.reading() as tx:
        schedule = schedules.get(tx, number)
    return schedule is None or schedule.state != "active"


def _pause(context: Context, why: str) -> Outcome:
    number = context.request.where.schedule
    if number is None:
        return nothing_more
    return lambda tx: pause_and_tell(tx, number, why, commands=context.commands, now=context.now)


def pause_and_tell(tx: Transaction, number: int, why: str, *, commands: Mapping[str, Command], now: datetime) -> None:
    """Pause an active schedule and tell its owner once: directly, else alone in the schedule's channel, else there."""
    schedule = schedules.get(tx, number)
    if schedule is None or not schedules.pause(tx, number, reason=why, now=now):
        return
    command = commands.get(schedule.command)
    spoken = words(command, schedule.arguments) if command is not None else schedule.command
    messages.want(
        tx,
        key=f"paused:S-{number}",
        kind="message",
        address=Address(team=schedule.team, channel=schedule.owner, user=schedule.owner),
        content=paused(schedule, spoken, why=why),
        otherwise=[("ephemeral", schedule.channel), ("message", schedule.channel)],
        now=now,
    )
