"""Write something down about a model, so that it is found again."""

from dataclasses import replace

from analysis.card import ModelCard
from analysis.errors import UserError
from analysis.judgement.meaning import ALSO_CALLED, KNOWN
from analysis.judgement.wording import listed
from analysis.periods import EXAMPLES, kind_of_label
from analysis.values import Slice
from bot.asking.command import Argument, Command, number_of, text_of
from bot.asking.context import Context, Outcome
from bot.asking.kinds import Condition, Number, OneOf, Slug, Words
from bot.asking.nearest import near
from bot.render.notes import kept
from storage import annotations, evaluations, messages, requests
from storage.anchors import Anchor
from storage.database import Transaction

KINDS = ("note", "hypothesis", "explanation", "decision", "caveat", "action")


def run(context: Context) -> Outcome:
    arguments = context.request.arguments
    card = context.models.get(text_of(arguments, "model") or "").card
    model, period, slice_ = card.model, text_of(arguments, "period"), _slice(arguments.get("slice"))
    number = number_of(arguments, "finding")
    measure = _measure(text_of(arguments, "measure"))
    if number is not None:
        context.finding(number, model=model)
    if period is not None:
        _check_period(card, period)
    if slice_ is not None:
        _check_slice(context, card, slice_)
    anchor = Anchor(
        model=model,
        finding=number,
        measure=measure,
        slice=slice_,
        period=period,
    )
    return lambda tx: _keep(tx, context, anchor)


def _measure(asked: str | None) -> str | None:
    """A measure by whatever name it has elsewhere."""
    name = ALSO_CALLED.get(asked, asked) if asked else None
    if name is not None and name.partition("@")[0] not in KNOWN:
        raise UserError(f"There is no measure `{asked}`{near(name, sorted(KNOWN))}")
    return name


def _check_period(card: ModelCard, period: str) -> None:
    """A note about a period that the model never has would stand under no chart."""
    kind, of_card = kind_of_label(period), card.periods
    example = EXAMPLES.get(of_card if isinstance(of_card, str) else "week")
    if isinstance(of_card, int):
        example = f"rows 0..{of_card}"
    if kind is None:
        raise UserError(f"“{period}” is no period; one of {card.model} looks like {example}.")
    fits = of_card is None or (kind == of_card if isinstance(of_card, str) else isinstance(kind, int))
    if not fits:
        raise UserError(f"The model {card.model} has no period {period}: its periods look like {example}.")


def _check_slice(context: Context, card: ModelCard, slice_: Slice) -> None:
    """The column must be one that rows are told apart by: in the model card, or in the latest evaluation."""
    of_card = {column for columns in (*card.slices, *card.protected) for column in columns}
    with context.database.reading() as tx:
        latest = evaluations.latest(tx, team=context.team, model=card.model)
        result = evaluations.result(tx, latest.id) if latest is not None else None
    found = {column for m in result.measures for column, _ in m.slice or ()} if result is not None else set()
    unknown = next((column for column, _ in slice_ if column not in of_card | found), None)
    if unknown is not None:
        has = (
            f"It has {listed(sorted(of_card), 8)}."
            if of_card
            else "Name columns under slices: in its model card first."
        )
        raise UserError(f"The model {card.model} has no slices by {unknown}. {has}")


def _keep(tx: Transaction, context: Context, anchor: Anchor) -> None:
    """The note's own message, where it was a mention, is its place; else the request's id is."""
    where = context.request.where
    is_its_message = context.leased.source == requests.MENTION and where.message is not None
    note = annotations.keep(
        tx,
        team=context.team,
        author=context.request.who.user,
        persona=context.person.persona,
        text=text_of(context.request.arguments, "text") or "",
        kind=text_of(context.request.arguments, "kind") or "note",
        anchor=_in_its_thread(tx, context, anchor),
        channel=where.channel or "",
        ts=where.message if is_its_message else f"{annotations.BY_COMMAND}{context.leased.id}",
        thread=None,
        permalink=None,
        now=context.now,
    )
    requests.forget_when_done(tx, context.leased.id)
    if note is not None:
        context.tell(kept(note))(tx)


def _in_its_thread(tx: Transaction, context: Context, anchor: Anchor) -> Anchor:
    """A note on a model that is asked for in the thread of one of its cards is about that card, too."""
    where = context.request.where
    place = messages.place(tx, team=context.team, channel=where.channel or "", ts=where.thread or "")
    if place is None or place.anchor is None or place.anchor.model != anchor.model:
        return anchor
    return replace(anchor, version=place.anchor.version, evaluation=place.anchor.evaluation)


def _slice(pairs: object) -> Slice | None:
    if not isinstance(pairs, list):
        return None
    return tuple((str(p[0]), str(p[1])) for p in pairs if isinstance(p, list))


command = Command(
    name="note",
    help="Write something down about a model: a note, a hypothesis, an explanation, a decision, a caveat or an action.",
    arguments=(
        Argument("model", Slug("MODEL"), "the model's name", place="word", required=True),
        Argument("kind", OneOf("KIND", options=KINDS), f"what it is: {', '.join(KINDS)}; note when not given"),
        Argument("measure", Slug("MEASURE"), "the measure it is about"),
        Argument("slice", Condition("SLICE"), "the rows it is about, such as region=north"),
        Argument("period", Words("PERIOD", longest=40), "the period it is about, such as 2026-W10"),
        Argument("finding", Number("F-4", letter="F"), "the finding it is about"),
        Argument("text", Words("TEXT"), "what you want to be remembered", place="rest", required=True),
    ),
    examples=(
        "note return-risk the supplier changed its category names on Tuesday",
        "note return-risk --kind decision --finding F-4 we accept this until the next training",
    ),
    run=run,
    right="write",
    order=8,
)
