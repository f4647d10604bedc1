"""How the models stand, for one persona."""

from collections.abc import Sequence
from dataclasses import replace

from analysis.card import ModelCard
from analysis.values import FROM_WORST, Measure
from bot.asking.command import Argument, Command, text_of
from bot.asking.context import Context, Outcome
from bot.asking.kinds import OneOf, Slug
from bot.cards import windows_of
from bot.commands.i_am import PERSONAS
from bot.names import name_of, with_names
from bot.render.digest import MOST_MODELS, DigestLine, digest_message
from storage import evaluations, findings, notes_reading
from storage.annotations import Annotation
from storage.database import Transaction
from storage.evaluations import Evaluation
from storage.requests import Who

MOST_NOTES = 2


def run(context: Context) -> Outcome:
    persona = text_of(context.request.arguments, "persona") or context.person.persona
    only = text_of(context.request.arguments, "model")
    cards = [context.models.get(only).card] if only else [model.card for model in context.models.all()[0]]
    with context.database.reading() as tx:
        lines = _lines(tx, context, cards)
    more = len(cards) - len(lines)
    now = context.leased.received_at
    return context.post(digest_message(lines, more=more, persona=persona, now=now, zone=context.zone))


def _lines(tx: Transaction, context: Context, cards: Sequence[ModelCard]) -> list[DigestLine]:
    """The models that stand worst. All are ranked by short columns; what is long is read of the few that are shown."""
    versions = {card.model: card.champion for card in cards}
    standing = evaluations.standing_of(tx, team=context.team, versions=versions)
    counts = findings.counts(tx, team=context.team, models=versions)
    names = sorted(versions, key=lambda name: (_rank(standing.get(name)), -counts.get(name, 0), name))[:MOST_MODELS]
    before = {name: evaluations.before(tx, standing[name]) for name in names if name in standing}
    shown = [standing[name].id for name in before]
    measured = evaluations.of_the_whole(tx, [*shown, *(one.id for one in before.values() if one is not None)])
    said = notes_reading.newest(tx, team=context.team, models=names, each=MOST_NOTES)
    found = findings.listed(tx, team=context.team, models=names)
    windows = windows_of(tx, found)

    def measures_of(evaluation: Evaluation | None) -> tuple[Measure, ...]:
        return measured.get(evaluation.id, ()) if evaluation is not None else ()

    return [
        DigestLine(
            model=name,
            latest=standing.get(name),
            measures=measures_of(standing.get(name)),
            before=measures_of(before.get(name)),
            findings=tuple(f for f in found if f.model == name),
            windows=windows,
            notes=tuple(_by_name(tx, note) for note in said.get(name, ())),
        )
        for name in names
    ]


def _by_name(tx: Transaction, note: Annotation) -> tuple[Annotation, str]:
    """A note whose words name the people they mention, and its author's name."""
    named = replace(note, text=with_names(tx, note.team, note.text))
    return named, name_of(tx, Who(team=note.team, user=note.author))


def _rank(latest: Evaluation | None) -> int:
    """The worst verdict first; a model that was never evaluated last."""
    verdict = latest.verdict if latest is not None else None
    return len(FROM_WORST) if verdict is None else FROM_WORST.index(verdict)


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
    lane="slow",
    schedulable=True,
    order=13,
)
