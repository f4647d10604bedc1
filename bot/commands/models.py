"""Which models there are, and how they stand."""

from bot.asking.command import Command
from bot.asking.context import Context, Outcome
from bot.render.models import MOST_MODELS, ModelLine, models_list
from storage import evaluations, findings, notes_reading


def run(context: Context) -> Outcome:
    known, broken = context.models.all()
    shown = [model.card for model in known[:MOST_MODELS]]
    names = [card.model for card in shown]
    with context.database.reading() as tx:
        standing = evaluations.standing_of(tx, team=context.team, versions={c.model: c.champion for c in shown})
        open_findings = findings.counts(tx, team=context.team, models=names)
        notes = notes_reading.counts(tx, team=context.team, models=names)
    lines = [
        ModelLine(
            card=card,
            latest=standing.get(card.model),
            open_findings=open_findings.get(card.model, 0),
            notes=notes.get(card.model, 0),
        )
        for card in shown
    ]
    return context.tell(models_list(lines, broken, more=len(known) - len(shown), zone=context.zone))


command = Command(
    name="models",
    help="List the models, with their latest verdict, open findings and notes.",
    arguments=(),
    examples=("models",),
    run=run,
    schedulable=True,
    order=2,
)
