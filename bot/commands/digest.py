"""How the models stand, for one persona."""

from dataclasses import replace

from analysis.card import ModelCard
from bot.asking.command import Argument, Command, text_of
from bot.asking.context import Context, Outcome
from bot.asking.kinds import OneOf, Slug
from bot.cards import windows_of
from bot.commands.i_am import PERSONAS
from bot.names import name_of, with_names
from bot.render.digest import DigestLine, digest_message
from storage import annotations, evaluations, findings
from storage.database import Transaction
from storage.requests import Who

MOST_NOTES = 2


def run(context: Context) -> Outcome:
    persona = text_of(context.request.arguments, "persona") or context.person.persona
    only = text_of(context.request.arguments, "model")
    cards = [context.models.get(only).card] if only else [model.card for model in context.models.all()[0]]
    with context.database.reading() as tx:
        lines = [_line(tx, context, card) for card in cards]
    return context.post(digest_message(lines, persona=persona, now=context.leased.received_at, zone=context.zone))


def _line(tx: Transaction, context: Context, card: ModelCard) -> DigestLine:
    name = card.model
    latest = evaluations.standing(tx, team=context.team, model=name, version=card.champion)
    before = evaluations.before(tx, latest) if latest is not None else None
    said = annotations.listed(tx, team=context.team, model=name, limit=MOST_NOTES)
    found = tuple(findings.listed(tx, team=context.team, model=name))
    return DigestLine(
        model=name,
        latest=latest,
        result=evaluations.result(tx, latest.id) if latest is not None else None,
        before=evaluations.result(tx, before.id) if before is not None else None,
        findings=found,
        windows=windows_of(tx, found),
        notes=tuple(
            (
                replace(note, text=with_names(tx, note.team, note.text)),
                name_of(tx, Who(team=note.team, user=note.author)),
            )
            for note in said
        ),
    )


command = Command(
    name="digest",
    help="Post how the models stand: verdicts, what changed, open findings, and what people said.",
    arguments=(
        Argument("model", Slug("MODEL"), "only this model; all when not given"),
        Argument(
            "persona", OneOf("PERSONA", options=PERSONAS), "for whom; you, as `i-am` says, when not given", place="rest"
        ),
    ),
    examples=("digest", "digest model risk", "digest --model return-risk"),
    run=run,
    schedulable=True,
    order=13,
)
