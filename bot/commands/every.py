"""Put a command on a clock."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from analysis import near_names
from analysis.errors import UserError
from bot.asking.command import Argument, Command, text_of
from bot.asking.context import Context, Outcome
from bot.asking.grammar import parse, words
from bot.asking.when import EXAMPLES, Phrase, following, parse_when
from bot.render.schedules import made
from bot.scheduled import check_that_all_is_there
from storage import schedules
from storage.database import Json, Transaction
from storage.schedules import Schedule


@dataclass(frozen=True, slots=True)
class CommandWords:
    """A command in words, kept as its name and its arguments."""

    shape: str = "COMMAND"

    def read(self, words: str) -> Json:
        from bot.commands import all_commands

        known = {name: command for name, command in all_commands().items() if not command.hidden}
        first = words.split(maxsplit=1)[0].lower() if words.split() else ""
        if first not in known and not near_names.near(first, sorted(known)):
            says = f"I can't read “{words.strip()}” as a command. Write when, such as {EXAMPLES}, and then what."
            raise UserError(says)
        name, arguments = parse(words, known)
        return {"command": name, "arguments": arguments}

    def show(self, value: Json) -> str:
        from bot.commands import all_commands

        asked = value if isinstance(value, dict) else {}
        arguments = asked.get("arguments")
        return words(all_commands()[str(asked.get("command"))], arguments if isinstance(arguments, dict) else {})

    def split(self, text: str) -> tuple[str, str]:
        return text, ""


def run(context: Context) -> Outcome:
    arguments = context.request.arguments
    asked = arguments.get("what")
    name, given = _asked(asked)
    command = context.commands.get(name)
    if command is None or not command.schedulable:
        can = ", ".join(f"`{c.name}`" for c in context.commands.values() if c.schedulable)
        raise UserError(f"`{name}` can't be put on a clock; these can: {can}.")
    check_that_all_is_there(context, given)
    channel = context.request.where.channel
    if not channel:
        raise UserError("A schedule needs a channel to post in; ask for it in one.")
    return lambda tx: _add(tx, context, name, given, channel)


def _add(tx: Transaction, context: Context, name: str, given: dict[str, Json], channel: str) -> None:
    when = text_of(context.request.arguments, "when") or ""
    spoken = words(context.commands[name], given)
    same = _same(tx, context, name, given, channel, when)
    if same is not None:
        raise UserError(f"`every {when} {spoken}` is on the clock here already: it is S-{same.id}.")
    schedule = schedules.add(
        tx,
        who=context.request.who,
        channel=channel,
        when=when,
        zone=context.zone,
        command=name,
        arguments=given,
        request_id=context.leased.id,
        now=context.now,
    )
    first = following(parse_when(when), schedule.zone, now=context.now)
    context.tell(made(schedule, spoken, first=first.astimezone(ZoneInfo(schedule.zone))))(tx)


def _same(
    tx: Transaction, context: Context, name: str, given: dict[str, Json], channel: str, when: str
) -> Schedule | None:
    """What fires at the same times in this channel already; a paused one is no hindrance."""
    wanted = (channel, when, context.zone, name, given)
    active = schedules.listed(tx, team=context.team, states=("active",))
    return next((s for s in active if (s.channel, s.when, s.zone, s.command, dict(s.arguments)) == wanted), None)


def _asked(value: Json) -> tuple[str, dict[str, Json]]:
    if not isinstance(value, dict):
        return "", {}
    arguments = value.get("arguments")
    return str(value.get("command", "")), arguments if isinstance(arguments, dict) else {}


command = Command(
    name="every",
    help="Put a command on a clock: it runs here, in your time zone, with your rights.",
    arguments=(
        Argument(
            "when",
            Phrase(),
            "weekday 09:00, monday 08:30, day 07:00, month 1st 08:00, 2 hours",
            place="rest",
            required=True,
        ),
        Argument("what", CommandWords(), "the command to run, such as digest", place="rest", required=True),
    ),
    examples=(
        "every weekday 09:00 digest",
        "every monday 08:30 evaluate return-risk last 7 days",
        "every 2 hours findings",
    ),
    run=run,
    right="write",
    order=10,
)
