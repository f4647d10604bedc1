"""Measure an evaluation that was asked for: its card fills while it proceeds, and its thread is kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from analysis.errors import NoRowsError
from analysis.judgement.left_out import left_out
from analysis.judgement.wording import sentence
from analysis.values import Measure, Result
from bot.asking.command import Argument, Command, number_of
from bot.asking.context import Context, Outcome, nothing_more
from bot.asking.kinds import Number
from bot.cards import names_of, put_card, put_details, talked_about, write_recoveries
from bot.evaluating.values import Evaluated, Job
from bot.models import KnownModel
from bot.remembered import marked_notes
from bot.render import card as cards
from bot.render.answers import went_wrong
from storage import evaluations, findings, messages
from storage.database import Transaction
from storage.evaluations import Evaluation
from storage.messages import Address

MEASURES_AT_ONCE = 1000
UNTIL_PROGRESS_IS_SHOWN = timedelta(seconds=3)
"""Most evaluations are done by then, and their cards need no edit in between."""


def run(context: Context) -> Outcome:
    evaluation = _evaluation(context)
    if evaluation is None or evaluation.status != "running":
        return nothing_more  # it was stopped while it waited, or this request ran before
    model = context.models.get(evaluation.model)
    try:
        evaluated = context.evaluate(
            _job(context, model, evaluation),
            phase=lambda text: _tell_phase(context, evaluation.id, text),
            stop=lambda: _is_stopped(context, evaluation.id),
        )
    except NoRowsError as error:
        says = sentence(str(error))
        return lambda tx: _without_a_card(tx, context, evaluation.id, says)
    _save_ahead(context, evaluation.id, evaluated.result.measures)
    return lambda tx: _finish(tx, context, model, evaluation.id, evaluated)


def _evaluation(context: Context) -> Evaluation | None:
    with context.database.reading() as tx:
        found = evaluations.get(tx, number_of(context.request.arguments, "evaluation") or 0)
    return found if found is not None and found.team == context.team else None


def failed(context: Context, says: str) -> Outcome:
    """The card says why it stays empty."""
    evaluation = _evaluation(context)
    if evaluation is None or evaluation.status != "running":
        return nothing_more

    def write(tx: Transaction) -> None:
        evaluations.fail(tx, evaluation.id, says=says, now=context.now)
        over = evaluations.get(tx, evaluation.id)
        if over is not None:
            content = cards.ended(
                over, says=says, mark=":warning:", asked_by=names_of(tx, over), window=over.window
            )  # fmt: skip
            put_card(tx, context, over, content)

    return write


def _without_a_card(tx: Transaction, context: Context, evaluation_id: int, says: str) -> None:
    """A window without a row is no news for a channel: its card goes, and those who asked are told, each where they
    asked. After a clock nobody waits for an answer, so the channel is."""
    evaluations.fail(tx, evaluation_id, says=says, now=context.now)
    over = evaluations.get(tx, evaluation_id)
    if over is None or over.status != "failed":
        return
    put_card(tx, context, over, cards.WITHDRAWN)
    where = context.request.where
    content = replace(went_wrong(says), models=(over.model,))
    for asker in dict.fromkeys(evaluations.askers_of(tx, over)):
        is_first = (asker.user, asker.channel) == (context.request.who.user, where.channel)
        address = Address(
            team=over.team,
            channel=asker.channel,
            user=asker.user,
            response_url=where.response_url if is_first and not asker.by_clock else None,
        )
        kind = "message" if asker.by_clock else "ephemeral"
        key = f"empty:E-{over.id}:{asker.channel}:{asker.user}:{kind}"
        messages.want(tx, key=key, kind=kind, address=address, content=content, now=context.now)


def _job(context: Context, model: KnownModel, evaluation: Evaluation) -> Job:
    with context.database.reading() as tx:
        marks = tuple(note.marker for note in marked_notes(tx, team=context.team, card=model.card))
    return Job(
        card=model.text,
        card_root=str(model.path.parent),
        card_name=model.path.name,
        window=evaluation.window,
        version=evaluation.version,
        against=evaluation.against,
        now=context.leased.received_at,
        markers=marks,
    )


def _tell_phase(context: Context, evaluation_id: int, phase: str) -> None:
    """The lock keeps a Stop that comes meanwhile from being written over by the phase."""
    with context.database.transaction() as tx:
        evaluation = evaluations.locked(tx, evaluation_id)
        if evaluation is not None and evaluation.status == "running":
            put_card(tx, context, evaluation, _running(tx, evaluation, phase), passing=UNTIL_PROGRESS_IS_SHOWN)


def _running(tx: Transaction, evaluation: Evaluation, phase: str) -> messages.Content:
    return cards.running(evaluation, asked_by=names_of(tx, evaluation), phase=phase, window=evaluation.window)


def _is_stopped(context: Context, evaluation_id: int) -> bool:
    with context.database.reading() as tx:
        evaluation = evaluations.get(tx, evaluation_id)
    return evaluation is None or evaluation.status == "stopped"


def _save_ahead(context: Context, evaluation_id: int, measures: tuple[Measure, ...]) -> None:
    """In pieces that nobody sees yet, so that no listener ever waits for a long transaction."""
    for first in range(0, len(measures), MEASURES_AT_ONCE):
        piece = measures[first : first + MEASURES_AT_ONCE]
        with context.database.transaction() as tx:
            evaluations.save_measures(tx, evaluation_id, first=first, measures=piece)


def _finish(tx: Transaction, context: Context, model: KnownModel, evaluation_id: int, evaluated: Evaluated) -> None:
    result: Result = evaluated.result
    if not evaluations.finish(tx, evaluation_id, result=result, now=context.now):
        return  # somebody pressed Stop at the last moment: the card says so already
    evaluation = evaluations.get(tx, evaluation_id)
    if evaluation is None:
        return
    stands = evaluations.stands(tx, evaluation)
    changes = findings.record(
        tx, team=context.team, evaluation=evaluation_id, result=result, now=context.now, stands=stands
    )
    talked = talked_about(tx, changes, before=evaluation.id)
    content = cards.done(
        evaluation,
        result,
        chart=evaluated.chart,
        changes=changes,
        asked_by=names_of(tx, evaluation),
        window=evaluation.window,
        left_out=" ".join(filter(None, [left_out(model.card, result), *evaluated.not_drawn])),
        talked=[t.line for t in talked],
        quotes=[t.annotation for t in talked],
    )
    put_card(tx, context, evaluation, content)
    put_details(tx, context, evaluation, cards.details(evaluation, result))
    write_recoveries(tx, context, changes, evaluation)


command = Command(
    name="measure",
    help="Measure an evaluation that waits; `evaluate` asks for it.",
    arguments=(Argument("evaluation", Number("E-17"), "the evaluation's id", place="word", required=True),),
    examples=("measure E-17",),
    run=run,
    failed=failed,
    right="none",
    lane="evaluation",
    hidden=True,
)
