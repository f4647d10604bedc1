"""Ask for an evaluation: its card is posted at once, and measuring it is a request of its own."""

from __future__ import annotations

from analysis.errors import UserError
from analysis.plan import version_of
from bot.asking.command import Argument, Command, text_of
from bot.asking.context import Context, Outcome
from bot.asking.kinds import Slug, Words
from bot.asking.window import WindowWords
from bot.cards import names_of, put_card
from bot.models import KnownModel
from bot.render import card as cards
from storage import evaluations, requests
from storage.database import Transaction
from storage.evaluations import Evaluation
from storage.messages import Content
from storage.requests import Request, Where

MOST_WAITING = 3
MEASURING = "evaluation"


def run(context: Context) -> Outcome:
    arguments = context.request.arguments
    model = context.models.get(text_of(arguments, "model") or "")
    for name in ("version", "against"):
        if (version := text_of(arguments, name)) is not None:
            version_of(model.card, version)  # what nobody can measure is no card for all to see
    return lambda tx: _begin(tx, context, model)


def _begin(tx: Transaction, context: Context, model: KnownModel) -> None:
    """The evaluation, its card, and the request that will measure it: all or nothing."""
    if requests.waiting(tx, context.request.who, lane=MEASURING) >= MOST_WAITING:
        raise UserError(f"{MOST_WAITING} evaluations that you asked for are waiting; ask again when one is done.")
    arguments = context.request.arguments
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
    if mine:
        _wait_to_be_measured(tx, context, evaluation)
    if evaluation.status == "running":  # else this is done again, and its card says how it ended
        put_card(tx, context, evaluation, _waiting(tx, evaluation))


def _wait_to_be_measured(tx: Transaction, context: Context, evaluation: Evaluation) -> None:
    asked = context.request
    measure = Request(
        "measure",
        {"evaluation": evaluation.id},
        who=asked.who,
        where=Where(channel=asked.where.channel, response_url=asked.where.response_url, schedule=asked.where.schedule),
    )
    requests.take(
        tx,
        measure,
        key=evaluations.measuring(evaluation.id),
        source=context.leased.source,
        lane=MEASURING,
        now=context.leased.received_at,
    )


def _waiting(tx: Transaction, evaluation: Evaluation) -> Content:
    asked_by = names_of(tx, evaluation)
    return cards.running(evaluation, asked_by=asked_by, phase="Waiting for its turn", window=evaluation.window)


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
    right="run",
    schedulable=True,
    order=3,
)
