"""Draw one measure over the model's periods, with the notes about them marked on it."""

from dataclasses import dataclass, replace

from analysis import charts
from analysis.card import ModelCard
from analysis.errors import UserError
from analysis.judgement.history import settled, told_periods
from analysis.judgement.meaning import ALSO_CALLED, NEED_A_REFERENCE
from analysis.judgement.wording import listed, sentence, words
from analysis.measure_table import MeasureTable, period_order
from analysis.values import Basis, Measure, Result, Rows, Slice
from bot.asking.command import Argument, Command, text_of
from bot.asking.context import Context, Outcome
from bot.asking.kinds import Condition, Slug, Words
from bot.asking.nearest import near
from bot.remembered import marked_notes
from bot.render.trend import trend_message
from storage import annotations, evaluations
from storage.anchors import Anchor
from storage.database import Transaction

FIRST_CHOICE = ("roc_auc", "accuracy", "mean_absolute_error", "ndcg", "positive_rate", "volume")
BASES: tuple[Basis, ...] = ("realized", "difference", "estimated")


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Which number is drawn: a measure, of a feature or a slice or a version where one is named."""

    measure: str
    feature: str | None
    slice: Slice | None
    version: str | None


def run(context: Context) -> Outcome:
    arguments = context.request.arguments
    model = context.models.get(text_of(arguments, "model") or "")
    name = model.card.model
    series, points = _points(context, model.card)
    version = series.version or model.card.champion
    with context.database.reading() as tx:
        noted = marked_notes(tx, team=context.team, card=model.card)
        notes = annotations.count(tx, team=context.team, model=name)
        beside = _beside(tx, context, name, series)
    result = _as_result(name, version, points, beside)
    shown = tuple(note for note in noted if note.marker.period in {p.period for p in points})
    chart = context.draw(
        charts.draw,
        "trend",
        result,
        card=model.card,
        markers=tuple(note.marker for note in shown),
        measure=series.measure,
        feature=series.feature,
        where=series.slice,
    )
    told = told_periods(settled(MeasureTable(result.measures, version=version), points[-1]))
    content = trend_message(name, points, told=told, chart=chart, marked=shown, notes=notes)
    return context.post(content, anchor=Anchor(model=name, measure=series.measure, slice=series.slice))


def _points(context: Context, card: ModelCard) -> tuple[Series, list[Measure]]:
    """The series that was asked for, and its periods; of a measure of features without one, the feature that stands out
    most in the latest evaluation. The label is none that is looked for: it arrives late, so much of it is missing."""
    arguments, model = context.request.arguments, card.model
    asked, feature = text_of(arguments, "measure"), text_of(arguments, "feature")
    asked = ALSO_CALLED.get(asked, asked) if asked else None
    version, slice_ = text_of(arguments, "version"), _slice(context)
    with context.database.reading() as tx:
        for measure in (asked,) if asked else FIRST_CHOICE:
            series = Series(measure=measure, feature=feature, slice=slice_, version=version)
            if points := _stored(tx, context, model, series):
                return series, points
        latest = evaluations.latest(tx, team=context.team, model=model)
        result = evaluations.result(tx, latest.id) if latest is not None else None
        measures = result.measures if result is not None else ()
        there = [m for m in measures if m.period is not None and m.feature != card.columns.label]
        if asked and feature is None and slice_ is None and (of_features := _features(there, asked)):
            series = Series(measure=asked, feature=of_features[0], slice=None, version=version)
            if points := _stored(tx, context, model, series):
                return series, points
    sought = Series(measure=asked or "", feature=feature, slice=slice_, version=version)
    raise UserError(_why_nothing(card, sought, there))


def _stored(tx: Transaction, context: Context, model: str, series: Series) -> list[Measure]:
    found = (
        evaluations.trend(
            tx,
            team=context.team,
            model=model,
            measure=series.measure,
            version=series.version,
            feature=series.feature,
            slice=series.slice,
            basis=basis,
        )
        for basis in BASES
    )
    return next((points for points in found if points), [])


def _features(there: list[Measure], measure: str) -> list[str]:
    """The features that have periods of this measure, the one with the highest latest value first."""
    latest: dict[str, Measure] = {}
    for m in there:
        if m.measure == measure and m.feature and m.value is not None and m.slice is None and m.basis in BASES:
            before = latest.get(m.feature)
            if before is None or period_order(m.period or "") > period_order(before.period or ""):
                latest[m.feature] = m
    return sorted(latest, key=lambda feature: (-(latest[feature].value or 0.0), feature))


def _why_nothing(card: ModelCard, series: Series, there: list[Measure]) -> str:
    model, known = card.model, sorted({m.measure for m in there})
    asked, feature = series.measure or None, series.feature
    if not known:
        return f"No periods of {model} are stored yet. Type `evaluate {model}` first."
    if asked in NEED_A_REFERENCE and card.reference is None:
        return (
            f"{sentence(words(asked))} compares rows with a reference, and {model} has none. "
            "Name one under reference: in its model card, then evaluate it again."
        )
    if asked is not None and asked not in known:
        return f"The model {model} has no measure `{asked}`{near(asked, known)}"
    if asked is not None and feature is not None and (features := _features(there, asked)):
        return f"{words(asked)} of {model} is measured for {listed(features, 8)}. Name one with --feature."
    for column, group in series.slice or ():
        groups = sorted({value for m in there for name, value in m.slice or () if name == column})
        if groups and group not in groups:
            return f"There is no {column} = {group} in {model}. Its groups are {listed(groups, 12)}."
    return f"There are no points for {words(asked or 'that')} there. Ask without --feature, --slice or --version."


def _beside(tx: Transaction, context: Context, model: str, series: Series) -> list[Measure]:
    """What the points are seen against: their periods' rows, which tell who has most labels, for a slice the number of
    all rows, and the reference, which limits may be relative to."""
    of_all = replace(series, feature=None, slice=None)
    wanted = {"volume", series.measure} if series.slice is not None else {"volume"} - {series.measure}
    rows = [m for name in sorted(wanted) for m in _stored(tx, context, model, replace(of_all, measure=name))]
    return [*rows, *_reference(tx, context, model, series)]


def _reference(tx: Transaction, context: Context, model: str, series: Series) -> list[Measure]:
    """The same number of the rows that the latest evaluation compared with."""
    latest = evaluations.latest(tx, team=context.team, model=model)
    result = evaluations.result(tx, latest.id) if latest is not None else None
    return [
        m
        for m in (result.measures if result is not None else ())
        if m.basis == "reference"
        and m.period is None
        and m.class_ is None
        and (m.measure, m.feature, m.slice) == (series.measure, series.feature, series.slice)
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
    help="Draw one measure over time, with the notes about it marked.",
    arguments=(
        Argument("model", Slug("MODEL"), "the model's name", place="word", required=True),
        Argument("measure", Slug("MEASURE"), "which measure; the main one when not given", place="word"),
        Argument("feature", Words("FEATURE", longest=200), "the feature, for measures such as psi"),
        Argument("slice", Condition("SLICE"), "only rows with a condition, such as region=north"),
        Argument("version", Words("VERSION", longest=100), "the version; the champion when not given"),
    ),
    examples=(
        "trend return-risk",
        "trend return-risk recall --slice region=north",
        "trend return-risk unseen_rate --feature material",
    ),
    run=run,
    lane="slow",
    schedulable=True,
    order=6,
)
