"""Which models there are, and how they stand."""

from bot.asking.command import Command
from bot.asking.context import Context, Outcome
from bot.render.models import ModelLine, models_list
from storage import annotations, evaluations, findings


def run(context: Context) -> Outcome:
    known, broken = context.models.all()
    lines = []
    with context.database.reading() as tx:
        for model in known:
            name = model.card.model
            latest = evaluations.standing(tx, team=context.team, model=name, version=model.card.champion)
            lines.append(
                ModelLine(
                    card=model.card,
                    latest=latest,
                    rows=evaluations.rows(tx, latest.id) if latest is not None else None,
                    open_findings=len(findings.listed(tx, team=context.team, model=name)),
                    notes=annotations.count(tx, team=context.team, model=name),
                )
            )
    return context.tell(models_list(lines, [(b.path.name, b.why) for b in broken], zone=context.zone))


command = Command(
    name="models",
    help="List the models, with their latest verdict, open findings and notes.",
    arguments=(),
    examples=("models",),
    run=run,
    schedulable=True,
    order=2,
)
