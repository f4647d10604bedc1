"""Show an evaluation again, or the one that says how a model stands."""

from __future__ import annotations

import re

from analysis import charts
from analysis.errors import UserError
from analysis.judgement.left_out import left_out
from analysis.values import Result
from bot.asking.command import Argument, Command, text_of
from bot.asking.context import Context, Outcome
from bot.asking.kinds import Words
from bot.asking.rights import check_may_show
from bot.cards import names_of
from bot.remembered import markers
from bot.render import card as cards
from storage import evaluations
from storage.anchors import Anchor
from storage.database import Json
from storage.evaluations import Evaluation


class Shown(Words):
    """An evaluation's id or a model's name."""

    def read(self, words: str) -> Json:
        word = words.strip().strip("`")
        return word.upper() if re.fullmatch(r"[Ee]-?\d{1,9}", word) else word.lower()


def run(context: Context) -> Outcome:
    what = text_of(context.request.arguments, "what") or ""
    evaluation, result = _found(context, what)
    model = context.models.get(evaluation.model)
    check_may_show(model.card, context.request.where)
    with context.database.reading() as tx:
        marks = markers(tx, team=context.team, card=model.card)
        asked_by = names_of(tx, evaluation)
    chart, not_drawn = None, ""
    try:
        chart = context.draw(charts.headline, result, card=model.card, markers=marks)
    except UserError as error:  # the numbers and the verdict stand without a picture
        not_drawn = str(error)
    content = cards.done(
        evaluation,
        result,
        chart=chart,
        changes=(),
        asked_by=asked_by,
        window=evaluation.window,
        left_out=" ".join(filter(None, [left_out(model.card, result), not_drawn])),
    )
    return context.post(
        content, anchor=Anchor(model=evaluation.model, version=result.version, evaluation=evaluation.id)
    )


def _found(context: Context, what: str) -> tuple[Evaluation, Result]:
    number = re.fullmatch(r"E-?(\d+)", what)
    with context.database.reading() as tx:
        if number:
            evaluation = evaluations.get(tx, int(number[1]))
            if evaluation is None or evaluation.team != context.team:
                raise UserError(f"There is no evaluation {what}; `show MODEL` shows how a model stands.")
        else:
            model = context.models.get(what)
            card = model.card
            evaluation = evaluations.standing(tx, team=context.team, model=card.model, version=card.champion)
            if evaluation is None:
                raise UserError(f"The model {what} was not evaluated yet; type `evaluate {what}`.")
        result = evaluations.result(tx, evaluation.id)
    if result is None:
        raise UserError(f"E-{evaluation.id} has no result: it {_state(evaluation)}")
    return evaluation, result


def _state(evaluation: Evaluation) -> str:
    return "is still running." if evaluation.status == "running" else f"{evaluation.status}. {evaluation.says or ''}"


command = Command(
    name="show",
    help="Show an evaluation again, or the one that says how a model stands.",
    arguments=(
        Argument("what", Shown("MODEL|E-17"), "a model's name or an evaluation's id", place="word", required=True),
    ),
    examples=("show return-risk", "show E-17"),
    run=run,
    schedulable=True,
    order=5,
)
