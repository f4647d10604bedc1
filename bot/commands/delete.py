"""Take back a note of one's own."""

from analysis.errors import UserError
from bot.asking.command import Argument, Command, number_of
from bot.asking.context import Context, Outcome
from bot.asking.kinds import Number
from bot.asking.rights import NotAllowed
from bot.render.notes import deleted
from storage import annotations
from storage.annotations import Annotation
from storage.database import Transaction


def run(context: Context) -> Outcome:
    number = number_of(context.request.arguments, "note") or 0
    with context.database.reading() as tx:
        note = annotations.get(tx, number)
    if note is None or not _exists_for(context, note):
        raise UserError(f"There is no note A-{number}. `notes MODEL` lists them.")
    if note.author != context.request.who.user:
        raise NotAllowed(f"Only the person who wrote A-{number} can delete it.")
    return lambda tx: _delete(tx, context, note)


def _exists_for(context: Context, note: Annotation) -> bool:
    """What is one's own may be undone anywhere; of others' notes one hears where the model may be seen."""
    if note.team != context.team or note.deleted_at is not None:
        return False
    is_mine = note.author == context.request.who.user
    return is_mine or (note.model is not None and context.models.has(note.model))


def _delete(tx: Transaction, context: Context, note: Annotation) -> None:
    annotations.withdraw(tx, note.id, now=context.now)
    context.whisper(deleted(note))(tx)


command = Command(
    name="delete",
    help="Delete a note that you wrote.",
    arguments=(Argument("note", Number("A-9", letter="A"), "the note's id", place="word", required=True),),
    examples=("delete A-9",),
    run=run,
    order=9,
)
