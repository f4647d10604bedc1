"""Read a note's message from Slack again, where its events don't say what stands there now."""

from bot.asking.command import Command, text_of
from bot.asking.context import Context, Outcome, nothing_more
from bot.asking.edited import words_of_note
from bot.asking.plain import plain, without_mention
from bot.render.notes import no_longer_kept
from storage import annotations, requests
from storage.busy import Busy
from storage.database import Transaction
from storage.forgetting import ANSWERED_WHAT_WAS_EDITED, leave_answers

SECONDS_UNTIL_AGAIN = 1.0


def run(context: Context) -> Outcome:
    where = context.request.where
    channel, ts = where.channel or "", where.message or ""
    with context.database.reading() as tx:
        if not requests.is_answered_of_message(tx, where, team=context.team, source=requests.MENTION):
            raise Busy("what the message asked is not answered yet", seconds=SECONDS_UNTIL_AGAIN)
        note = annotations.of_message(tx, team=context.team, channel=channel, ts=ts)
    if note is None:
        place = {"team": context.team, "channel": channel, "ts": ts}
        return lambda tx: leave_answers(tx, **place, instead=ANSWERED_WHAT_WAS_EDITED, now=context.now)
    if note.deleted_at is not None:
        return nothing_more
    written = context.read_message(channel, ts)
    if written is None:
        return nothing_more
    is_reply, asked = note.thread is not None, _asked(context, written)
    text = plain(written) if is_reply else words_of_note(note, asked, context.commands)

    def revise(tx: Transaction) -> None:
        if text is None:
            annotations.withdraw(tx, note.id, instead=ANSWERED_WHAT_WAS_EDITED, now=context.now)
            context.whisper(no_longer_kept(note), user=note.author)(tx)
        else:
            annotations.revise(tx, team=context.team, channel=channel, ts=ts, text=text, edit=None, now=context.now)

    return revise


def _asked(context: Context, written: str) -> str:
    """What is said to us, without our own name; the listener that heard of the edit says what it is."""
    us = context.request.arguments
    return without_mention(written, text_of(us, "user") or "", text_of(us, "name") or "")


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
