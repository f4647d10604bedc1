"""Read a note's message from Slack again, where two edits can't be told apart by their marks."""

from bot.asking.command import Command
from bot.asking.context import Context, Outcome, nothing_more
from bot.asking.plain import plain
from storage import annotations
from storage.database import Transaction


def run(context: Context) -> Outcome:
    where = context.request.where
    channel, ts = where.channel or "", where.message or ""
    written = context.read_message(channel, ts)
    if written is None:
        return nothing_more

    def revise(tx: Transaction) -> None:
        text = plain(written)
        annotations.revise(tx, team=context.team, channel=channel, ts=ts, text=text, edit=None, now=context.now)

    return revise


def failed(_: Context, __: str) -> Outcome:
    return nothing_more


command = Command(
    name="reread",
    help="Read a message from Slack again.",
    arguments=(),
    examples=("reread",),
    run=run,
    failed=failed,
    right="none",
    hidden=True,
)
