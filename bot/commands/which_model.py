"""Decide what a reply is about whose thread is about several models, as far as its author may see them."""

from bot.asking.command import Command
from bot.asking.context import Context, Outcome, nothing_more
from bot.render.notes import of_which_model
from storage import anchors, annotations, deciding, messages
from storage.database import Transaction
from storage.messages import Address


def run(context: Context) -> Outcome:
    """A model that the author may not see is none of those that the reply can name, as if the thread did not tell of
    it: what happens then must not say that there is one."""
    where = context.request.where
    channel, thread, ts = where.channel or "", where.thread or "", where.message or ""
    with context.database.reading() as tx:
        note = annotations.of_message(tx, team=context.team, channel=channel, ts=ts)
        place = messages.place(tx, team=context.team, channel=channel, ts=thread)
    if note is None or note.anchor is not None or place is None:
        return nothing_more
    seen = [model for model in place.models if context.models.has(model)]
    anchor = anchors.of_reply(place.anchor, seen, note.text)
    if anchor is not None:
        return lambda tx: annotations.link(tx, note.id, anchor)

    def ask(tx: Transaction) -> None:
        if not annotations.drop(tx, note) or not seen:
            return
        address = Address(team=context.team, channel=channel, thread=thread, user=note.author)
        key = f"{deciding.COMMAND}:{context.leased.id}"
        messages.want(
            tx, key=key, kind="ephemeral", address=address, content=of_which_model(seen), now=context.now
        )  # fmt: skip

    return ask


def failed(_: Context, __: str) -> Outcome:
    return nothing_more


command = Command(
    name=deciding.COMMAND,
    help="Decide what a reply is about.",
    arguments=(),
    examples=(deciding.COMMAND,),
    run=run,
    failed=failed,
    right="none",
    hidden=True,
)
