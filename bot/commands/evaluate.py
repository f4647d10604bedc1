"""Measure a model now: a card that fills while it proceeds, and a thread that is kept."""

from __future__ import annotations

from analysis.values import Measure, Result
from bot.asking.command import Argument, Command, text_of
from bot.asking.context import Context, Outcome, nothing_more
from bot.asking.kinds import Slug, Words
from bot.asking.rights import check_may_show
from bot.asking.window import WindowWords
from bot.cards import card_address, card_key, details_key, names_of, put_card, talked_about, write_recoveries
from bot.evaluating.values import Evaluated, Job
from bot.models import KnownModel
from bot.remembered import markers
from bot.render import card as cards
from bot.render.answers import words_only
from storage import evaluations, findings, messages
from storage.anchors import Anchor
from storage.database import Transaction
from storage.evaluations import Evaluation

MEASURES_AT_ONCE = 1000


def run(context: Context) -> Outcome:
    arguments = context.request.arguments
    model = context.models.get(text_of(arguments, "model") or "")
    check_may_show(model.card, context.request.where)
    evaluation, mine = _begin(context, model)
    if not mine:
        return _joined(context, evaluation)
    if evaluation.status != "running":
        return nothing_more  # this request again, after its evaluation had ended
    context.ring()
    evaluated = context.evaluate(
        _job(context, model, evaluation),
        phase=lambda text: _tell_phase(context, evaluation.id, text),
        stop=lambda: _is_stopped(context, evaluation.id),
    )
    _save_ahead(context, evaluation.id, evaluated.result.measures)
    return lambda tx: _finish(tx, context, model, evaluation.id, evaluated)


def failed(context: Context, says: str) -> Outcome | None:
    """A card that is there says why it stays empty; without one the person who asked is told."""
    with context.database.reading() as tx:
        evaluation = evaluations.of_request(tx, context.leased.id)
    if evaluation is None or evaluation.status != "running":
        return None

    def write(tx: Transaction) -> None:
        evaluations.fail(tx, evaluation.id, says=says, now=context.now)
        over = evaluations.get(tx, evaluation.id)
        if over is not None:
            content = cards.ended(
                over, says=says, mark=":warning:", asked_by=names_of(tx, over), window=over.window
            )  # fmt: skip
            put_card(tx, context, over, content)

    return write


def _begin(context: Context, model: KnownModel) -> tuple[Evaluation, bool]:
    arguments = context.request.arguments
    with context.database.transaction() as tx:
        evaluation, mine = evaluations.begin(
            tx,
            request_id=context.leased.id,
            who=context.request.who,
            channel=context.request.where.channel,
            model=model.card.model,
            version=text_of(arguments, "version") or model.card.champion,
            against=text_of(arguments, "against"),
            window=text_of(arguments, "window") or "all",
            card=model.sha256,
            card_text=model.text,
            now=context.now,
        )
        if evaluation.status == "running":
            put_card(
                tx, context, evaluation, _running(tx, evaluation, "Waiting for a free place" if mine else "Evaluating")
            )
    return evaluation, mine


def _joined(context: Context, evaluation: Evaluation) -> Outcome:
    if evaluation.channel == context.request.where.channel:
        return nothing_more
    says = f"That evaluation is running already: its card E-{evaluation.id} is in <#{evaluation.channel}>."
    return context.tell(words_only(says))


def _job(context: Context, model: KnownModel, evaluation: Evaluation) -> Job:
    with context.database.reading() as tx:
        marks = markers(tx, team=context.team, card=model.card)
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
    with context.database.transaction() as tx:
        evaluation = evaluations.get(tx, evaluation_id)
        if evaluation is not None and evaluation.status == "running":
            put_card(tx, context, evaluation, _running(tx, evaluation, phase))
    context.ring()


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
    changes = findings.record(tx, team=context.team, evaluation=evaluation_id, result=result, now=context.now)
    evaluation = evaluations.get(tx, evaluation_id)
    if evaluation is None:
        return
    talked = talked_about(tx, context, changes, before=evaluation.id)
    content = cards.done(
        evaluation,
        result,
        chart=evaluated.chart,
        changes=changes,
        asked_by=names_of(tx, evaluation),
        window=evaluation.window,
        talked=[t.line for t in talked],
        quotes=[t.annotation for t in talked],
    )
    put_card(tx, context, evaluation, content)
    key = card_key(evaluation.id)
    anchor = Anchor(model=model.card.model, version=result.version, evaluation=evaluation.id)
    messages.want(
        tx,
        key=details_key(evaluation.id),
        kind="message",
        address=card_address(context, evaluation, parent=key),
        content=cards.details(evaluation, result),
        anchor=anchor,
        now=context.now,
    )
    write_recoveries(tx, context, changes, evaluation)


command = Command(
    name="evaluate",
    help="Measure a model now, and post a card with the verdict, a chart and findings.",
    arguments=(
        Argument("model", Slug("MODEL"), "the model's name", place="word", required=True),
        Argument(
            "window",
            WindowWords(),
            "which rows: all, last 7 days, 2026-03, 2026-03-01..2026-03-31, rows 0..5000; all when not given",
            place="rest",
        ),
        Argument("version", Words("VERSION", longest=100), "the version to judge; the champion when not given"),
        Argument("against", Words("VERSION", longest=100), "the version to compare it with"),
    ),
    examples=(
        "evaluate return-risk",
        "evaluate return-risk last 7 days",
        "evaluate outfit-ranker 2026-03 --version v2",
    ),
    run=run,
    failed=failed,
    right="run",
    lane="evaluation",
    schedulable=True,
    order=3,
)
