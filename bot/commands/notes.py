"""What people said about a model."""

from dataclasses import replace

from bot.asking.command import Argument, Command, number_of, text_of
from bot.asking.context import Context, Outcome
from bot.asking.kinds import Number, OneOf, Slug
from bot.commands.note import KINDS
from bot.names import name_of, with_names
from bot.render.notes import NoteLine, notes_list
from storage import annotations
from storage.requests import Who

MOST = 15


def run(context: Context) -> Outcome:
    arguments = context.request.arguments
    model = context.models.get(text_of(arguments, "model") or "").card.model
    kind, before = text_of(arguments, "kind"), number_of(arguments, "before")
    kinds = (kind,) if kind else ()
    with context.database.reading() as tx:
        said = annotations.listed(tx, team=context.team, model=model, limit=MOST, kinds=kinds, before=before)
        lines = [
            NoteLine(
                replace(note, text=with_names(tx, note.team, note.text)),
                name_of(tx, Who(team=note.team, user=note.author)),
            )
            for note in said
        ]
        count = annotations.count(tx, team=context.team, model=model, kinds=kinds, before=before)
    return context.tell(notes_list(model, lines, count=count, kind=kind, zone=context.zone))


command = Command(
    name="notes",
    help="List what people said about a model, newest first.",
    arguments=(
        Argument("model", Slug("MODEL"), "the model's name", place="word", required=True),
        Argument("kind", OneOf("KIND", options=KINDS), f"only these: {', '.join(KINDS)}"),
        Argument("before", Number("A-9", letter="A"), "only those that are older than this one"),
    ),
    examples=("notes return-risk", "notes return-risk --kind decision"),
    run=run,
    schedulable=True,
    order=9,
)
