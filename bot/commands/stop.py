"""End an evaluation that is running."""

from __future__ import annotations

from dataclasses import replace

from bot.asking.command import Argument, Command, number_of
from bot.asking.context import Context, Outcome
from bot.asking.kinds import Number
from bot.asking.rights import NotAllowed, check_is_member, may_manage
from bot.cards import names_of, put_card
from bot.names import name_of
from bot.render import card as cards
from bot.render.answers import words_only
from bot.render.blocks import escape
from storage import evaluations
from storage.database import Transaction
from storage.evaluations import Evaluation


def run(context: Context) -> Outcome:
    number = number_of(context.request.arguments, "evaluation") or 0
    if not _is_mine(context, number):
        evaluation = context.evaluation(number)
        check_is_member(command, context.models.audience)
        if not may_manage(context.models.access(evaluation.model), context.person):
            raise NotAllowed(
                f"Somebody else asked for E-{number}. They can stop it, and so can the owners of {evaluation.model} "
                "and this workspace's admins."
            )
    return lambda tx: _stop(tx, context, number)


def _is_mine(context: Context, number: int) -> bool:
    """What is one's own may be undone also where its model may not be seen any more."""
    with context.database.reading() as tx:
        found = evaluations.get(tx, number)
    return found is not None and found.team == context.team and context.request.who.user in found.asked_by


def _stop(tx: Transaction, context: Context, number: int) -> None:
    by = name_of(tx, context.request.who)
    stopped = evaluations.stop(tx, number, by=by, now=context.now)
    evaluation = evaluations.get(tx, number)
    if evaluation is None:
        return
    if not stopped:
        answer = context.tell if context.models.has(evaluation.model) else context.whisper
        answer(cards.over_already(evaluation))(tx)
        return
    content = cards.ended(
        evaluation,
        says=f"Stopped by {by}.",
        mark=":black_square_for_stop:",
        asked_by=names_of(tx, evaluation),
        window=evaluation.window,
    )
    put_card(tx, context, evaluation, content)
    _tell_the_others(tx, context, evaluation, by)


def _tell_the_others(tx: Transaction, context: Context, evaluation: Evaluation, by: str) -> None:
    """Whoever waits for what somebody else stopped hears of it."""
    says = f"{escape(by)} stopped E-{evaluation.id} of {escape(evaluation.model)}, which you had asked for."
    where = {asker.user: asker.channel for asker in evaluations.askers_of(tx, evaluation)}
    for user, channel in where.items():
        if user != context.request.who.user:
            content = replace(words_only(says), models=(evaluation.model,))
            context.whisper(content, user=user, part=f"stopped:{user}", channel=channel)(tx)


command = Command(
    name="stop",
    help="Stop an evaluation that is running.",
    arguments=(Argument("evaluation", Number("E-17"), "the evaluation's id", place="word", required=True),),
    examples=("stop E-17",),
    run=run,
    right="read",  # what is one's own, also who became a guest may undo
    order=4,
)
