"""The chart ``drift``: which features moved furthest from the reference."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analysis.card import Condition
from analysis.drawing.bars import name_rows, names_room, note, upright
from analysis.drawing.canvas import BAD, DOUBT, INK, VERDICT_COLOUR, VERDICT_HATCH, Canvas, line_height
from analysis.drawing.chart import ChartKind, Scene, Words
from analysis.drawing.values import value_ticks
from analysis.errors import UserError
from analysis.judgement import wording
from analysis.judgement.default_limits import ABOVE
from analysis.judgement.limits import Level, Limit
from analysis.judgement.meaning import meaning
from analysis.values import Measure, Verdict

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DISTANCES = ("psi", "jensen_shannon")
MOST_ROWS = 10
DOTTED = (0, (1, 1.6))
ROOM_FOR_TICKS, ROOM_FOR_NUMBER = 46.0, 110.0
CLOSE = 0.2
"""Of the axis: two names beside each other need as much."""


def paint(canvas: Canvas, scene: Scene) -> Words:
    """The features with the largest distance from the reference, the furthest on top, with the limits as dotted lines.
    Hatched bars are beyond a limit: crossed for fail, slanted for warn. Lines are 95 % intervals."""
    measure, rows = _rows(scene)
    limits = _limits(scene, measure)
    verdicts = [_verdict(scene, m, limits) for m in rows]
    shown = rows[:MOST_ROWS]
    title = _title(scene, measure, rows, verdicts)
    canvas.title(title, _subtitle(scene, measure, rows))
    names = [m.feature or "" for m in shown]
    left = names_room(canvas, names)
    axes = canvas.axes(left=left, right=ROOM_FOR_NUMBER, below=ROOM_FOR_TICKS, above=line_height(13.5) + 6)
    for row, (m, verdict) in enumerate(zip(shown, verdicts, strict=False)):
        _bar(axes, row, m, verdict)
    furthest = max([max(m.value or 0.0, m.high or 0.0) for m in shown] + [limit.value for limit in limits])
    axes.set_xlim(0, furthest * 1.04 or 1.0)
    _lines(axes, limits, furthest)
    value_ticks(axes, measure, along="x")
    name_rows(
        canvas,
        axes,
        names,
        left,
        colours=[INK] * len(names),
        bold=[v in ("fail", "warn") for v in verdicts[: len(names)]],
    )
    return Words(title, _alt(scene, measure, title, rows, limits))


def _bar(axes: Axes, row: int, m: Measure, verdict: Verdict) -> None:
    value, colour = m.value or 0.0, VERDICT_COLOUR[verdict]
    hatch = VERDICT_HATCH[verdict]
    axes.barh(row, value, height=0.62, color=colour, hatch=hatch, edgecolor="white", linewidth=0, zorder=3)
    ends = (m.low, m.high) if m.low is not None and m.high is not None else (value, value)
    axes.plot(ends, (row, row), color=INK, linewidth=1.4, solid_capstyle="butt", zorder=4)
    text = wording.shown(m.measure, value)
    note(axes, max(value, ends[1]), row, text, colour=colour if verdict in ("fail", "warn") else INK)


def _lines(axes: Axes, limits: list[Limit], furthest: float) -> None:
    """The limits with their names; of two close together, one to the left and one to the right."""
    values = sorted(limit.value for limit in limits)
    close = len(values) == 2 and values[1] - values[0] < CLOSE * furthest
    for limit in limits:
        name, colour = f"{limit.level} {limit.value:g}", BAD if limit.level == "fail" else DOUBT
        side = "center" if not close else "left" if limit.value == values[0] else "right"
        upright(axes, limit.value, name, colour, DOTTED, side=side)


def _rows(scene: Scene) -> tuple[str, list[Measure]]:
    for name in (scene.measure,) if scene.measure is not None else DISTANCES:
        found = [m for m in scene.table.whole(name) if m.value is not None and m.feature is not None]
        if found:
            return name, sorted(found, key=lambda m: -(m.value or 0.0))
    raise UserError("There is no drift to draw: the model card needs a reference: to compare with.")


def _limits(scene: Scene, measure: str) -> list[Limit]:
    """Of the check `drift` in the model card, or those that it has by itself; fail first."""
    settings = scene.card.checks if scene.card is not None else ()
    own = next((s for s in settings if s.check == "drift" and s.on and s.feature is None), None)
    levels: tuple[tuple[Level, tuple[Condition, ...]], ...] = (("fail", own.fail), ("warn", own.warn)) if own else ()
    found = [
        Limit(level=level, value=condition.bound[0], side="above")
        for level, conditions in levels
        for condition in conditions
        if condition.kind in ("bare", "above")
    ]
    usual = ABOVE.get(measure)
    if found or usual is None:
        return found
    return [
        Limit(level="fail", value=usual.fail, side="above"),
        Limit(level="warn", value=usual.warn, side="above"),
    ]


def _verdict(scene: Scene, measure: Measure, limits: list[Limit]) -> Verdict:
    """The check's verdict where it was judged: drift that does no harm only warns."""
    for result in scene.result.checks:
        subject = result.subject
        if subject.measure == measure.measure and subject.feature == measure.feature and subject.slice is None:
            return result.verdict
    return next((limit.level for limit in limits if limit.beyond(measure.value or 0.0)), "pass")


def _title(scene: Scene, measure: str, rows: list[Measure], verdicts: list[Verdict]) -> str:
    said = _said(scene)
    wrong = [m for m, v in zip(rows, verdicts, strict=True) if v in ("fail", "warn")]
    features, bad = ([m for m in some if m.feature not in said] for some in (rows, wrong))
    others = wording.listed([said[m.feature] for m in wrong if m.feature in said])
    one, many = _verbs(measure)
    number = f"{wording.words(measure)} {wording.shown(measure, ((bad or wrong or rows)[0]).value or 0.0)}"
    doubtful = next((m for m, v in zip(rows, verdicts, strict=True) if v == "unsure"), None)
    if not wrong and doubtful is not None:
        may = f"may have {one.removeprefix('has ')}"
        return f"{doubtful.feature} {may}: {number.rpartition(' ')[0]} {_shown(doubtful)}, too close to tell"
    if not wrong:
        return f"No column {one}: the furthest is {rows[0].feature} at {number.rpartition(' ')[2]}"
    if not bad:
        return f"{'No feature, but ' if features else ''}{others} {one}: {number}"
    if len(bad) == 1 and others:
        return f"{bad[0].feature} and {others} {many}: {number}"
    if len(bad) == 1:
        return f"{'Only ' if len(features) > 1 else ''}{bad[0].feature} {one}: {number}"
    named = wording.listed([m.feature or "" for m in bad], most=2)
    return f"{len(bad)} of {len(features)} features {many}: {named}{f', and also {others}' if others else ''}"


def _shown(m: Measure) -> str:
    return wording.shown(m.measure, m.value or 0.0)


def _verbs(measure: str) -> tuple[str, str]:
    """What one column did, and what several did."""
    if measure in ("psi", "jensen_shannon"):
        return "drifted", "drifted"
    return f"has a high {wording.words(measure)}", f"have a high {wording.words(measure)}"


def _said(scene: Scene) -> dict[str | None, str]:
    """The columns that hold what the model said or what happened: they are no features, and have names of their own."""
    if scene.card is None:
        return {}
    columns = scene.card.columns
    scores = (columns.score,) if isinstance(columns.score, str) else tuple((columns.score or {}).values())
    known: dict[str | None, str] = {name: "the score" if len(scores) == 1 else f"the score {name}" for name in scores}
    known |= {columns.prediction: "the prediction", columns.label: "the label"}
    return {name: words for name, words in known.items() if name is not None}


def _subtitle(scene: Scene, measure: str, rows: list[Measure]) -> str:
    said = _said(scene)
    features = wording.plural(sum(m.feature not in said for m in rows), "feature")
    others = [said[m.feature].removeprefix("the ") for m in rows if m.feature in said]
    counted = f"{features}, {', '.join(others)}" if others else features
    shown = f"highest {MOST_ROWS} of {len(rows)}" if len(rows) > MOST_ROWS else counted
    beside = "" if meaning(measure).unit == "rate" else " against the reference"
    return f"{scene.model} · {wording.words(measure)}{beside} · {shown}"


def _alt(scene: Scene, measure: str, title: str, rows: list[Measure], limits: list[Limit]) -> str:
    numbers = [f"{m.feature} {wording.shown(measure, m.value or 0.0)}" for m in rows[:MOST_ROWS]]
    lines = " ".join(f"Limit: {limit.level} above {limit.value:g}." for limit in limits)
    what = f"{wording.sentence(wording.words(measure))} by feature, {scene.model}"
    return f"{title}. {what}: {wording.listed(numbers, most=MOST_ROWS)}. {lines}".strip()


chart = ChartKind(name="drift", paint=paint)
