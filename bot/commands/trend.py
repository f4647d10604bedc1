"""Draw one measure over the model's periods, with what people said marked on it."""

from analysis import charts
from analysis.errors import UserError
from analysis.judgement.history import settled, told_periods
from analysis.judgement.wording import words
from analysis.measure_table import MeasureTable
from analysis.values import Measure, Result, Rows, Slice
from bot.asking.command import Argument, Command, text_of
from bot.asking.context import Context, Outcome
from bot.asking.kinds import Condition, Slug, Words
from bot.asking.nearest import near
from bot.asking.rights import check_may_show
from bot.remembered import markers
from bot.render.trend import trend_message
from storage import annotations, evaluations
from storage.anchors import Anchor
from storage.database import Transaction

FIRST_CHOICE = ("roc_auc", "accuracy", "mean_absolute_error", "ndcg", "positive_rate", "volume")


def run(context: Context) -> Outcome:
    arguments = context.request.arguments
    model = context.models.get(text_of(arguments, "model") or "")
    check_may_show(model.card, context.request.where)
    name = model.card.model
    measure, points = _points(context, name)
    version = text_of(arguments, "version") or model.card.champion
    with context.database.reading() as tx:
        marks = markers(tx, team=context.team, card=model.card)
        notes = annotations.count(tx, team=context.team, model=name)
        beside = _beside(tx, context, name, measure)
    result = _as_result(name, version, points, beside)
    shown = tuple(m for m in marks if m.period in {p.period for p in points})
    chart = context.draw(
        charts.draw,
        "trend",
        result,
        card=model.card,
        markers=shown,
        measure=measure,
        where=_slice(context),
    )
    told = told_periods(settled(MeasureTable(result.measures, version=version), points[-1]))
    content = trend_message(name, measure, points, told=told, chart=chart, markers=shown, notes=notes)
    return context.post(content, anchor=Anchor(model=name, measure=measure, slice=_slice(context)))


def _points(context: Context, model: str) -> tuple[str, list[Measure]]:
    asked = text_of(context.request.arguments, "measure")
    version = text_of(context.request.arguments, "version")
    slice_ = _slice(context)
    with context.database.reading() as tx:
        for measure in (asked,) if asked else FIRST_CHOICE:
            points = evaluations.trend(
                tx, team=context.team, model=model, measure=measure, version=version, slice=slice_
            )
            if points:
                return measure, points
        latest = evaluations.latest(tx, team=context.team, model=model)
        result = evaluations.result(tx, latest.id) if latest is not None else None
    known = sorted({m.measure for m in result.measures if m.period is not None}) if result is not None else []
    if not known:
        raise UserError(f"No periods of {model} are stored yet; type `evaluate {model}` first.")
    if asked is None or asked in known:
        raise UserError(f"There are no points for {words(asked or 'that')} there; ask without --slice or --version.")
    raise UserError(f"The model {model} has no measure `{asked}`{near(asked, known)}")


def _beside(tx: Transaction, context: Context, model: str, measure: str) -> list[Measure]:
    """What tells which periods have most of their labels: their rows, and for a slice the number of all rows."""
    version = text_of(context.request.arguments, "version")
    wanted = {"volume", measure} if _slice(context) is not None else {"volume"} - {measure}
    return [
        m
        for name in sorted(wanted)
        for m in evaluations.trend(tx, team=context.team, model=model, measure=name, version=version)
    ]


def _as_result(model: str, version: str, points: list[Measure], beside: list[Measure]) -> Result:
    """The stored points of several evaluations as one result, which is what charts are drawn from."""
    rows = Rows(start=None, end=None, rows=sum(p.n for p in points))
    return Result(
        model=model, version=version, against=None, window=rows, reference=None, measures=(*points, *beside), checks=()
    )


def _slice(context: Context) -> Slice | None:
    pairs = context.request.arguments.get("slice")
    if not isinstance(pairs, list):
        return None
    return tuple((str(p[0]), str(p[1])) for p in pairs if isinstance(p, list))


command = Command(
    name="trend",
    help="Draw one measure over time, with what people said marked on it.",
    arguments=(
        Argument("model", Slug("MODEL"), "the model's name", place="word", required=True),
        Argument("measure", Slug("MEASURE"), "which measure; the main one when not given", place="word"),
        Argument("slice", Condition("SLICE"), "only rows with a condition, such as region=north"),
        Argument("version", Words("VERSION", longest=100), "the version; the champion when not given"),
    ),
    examples=("trend return-risk", "trend return-risk recall --slice region=north"),
    run=run,
    lane="slow",
    schedulable=True,
    order=6,
)
