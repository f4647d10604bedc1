"""Propose checks for a model, from its latest evaluation."""

from __future__ import annotations

from analysis.errors import UserError
from analysis.suggestion import as_yaml, suggested
from bot.asking.command import Argument, Command, text_of
from bot.asking.context import Context, Outcome
from bot.asking.kinds import Slug
from bot.render.suggestion import suggestion
from storage import evaluations


def run(context: Context) -> Outcome:
    model = context.models.get(text_of(context.request.arguments, "model") or "")
    with context.database.reading() as tx:
        evaluation = evaluations.latest(tx, team=context.team, model=model.card.model)
        result = evaluations.result(tx, evaluation.id) if evaluation is not None else None
    if evaluation is None or result is None:
        raise UserError(f"{model.card.model} was not evaluated yet; type `evaluate {model.card.model}` first.")
    return context.tell(suggestion(model.card.model, evaluation.id, as_yaml(suggested(model.card, result))))


command = Command(
    name="suggest",
    help="Propose checks for a model, with what they would have said over the past periods.",
    arguments=(Argument("model", Slug("MODEL"), "the model's name", place="word", required=True),),
    examples=("suggest return-risk",),
    run=run,
    order=6,
)
