"""End an evaluation that is running."""

from __future__ import annotations

from analysis.errors import UserError
from bot.asking.command import Argument, Command, number_of
from bot.asking.context import Context, Outcome
from bot.asking.kinds import Number
from bot.cards import name_of, names_of, put_card
from bot.render import card as cards
from storage import evaluations
from storage.database import Transaction


def run(context: Context) -> Outcome:
    number = number_of(context.request.arguments, "evaluation") or 0
    with context.database.reading() as tx:
        evaluation = evaluations.get(tx, number)
    if evaluation is None or evaluation.team != context.team:
        raise UserError(f"There is no evaluation E-{number}.")
    return lambda tx: _stop(tx, context, number)


def _stop(tx: Transaction, context: Context, number: int) -> None:
    by = name_of(tx, context.request.who)
    stopped = evaluations.stop(tx, number, by=by, now=context.now)
    evaluation = evaluations.get(tx, number)
    if evaluation is None:
        return
    if not stopped:
        context.tell(cards.over_already(evaluation))(tx)
        return
    content = cards.ended(
        evaluation,
        says=f"Stopped by {by}.",
        mark=":black_square_for_stop:",
        asked_by=names_of(tx, evaluation),
        window=evaluation.window,
    )
    put_card(tx, context, evaluation, content)


command = Command(
    name="stop",
    help="Stop an evaluation that is running.",
    arguments=(Argument("evaluation", Number("E-17"), "the evaluation's id", place="word", required=True),),
    examples=("stop E-17",),
    run=run,
    right="run",
    order=4,
)
