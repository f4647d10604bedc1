"""The chart ``feature``: one feature's values now, beside the reference."""

from __future__ import annotations

from math import inf, isfinite

from analysis.drawing.bars import name_rows, names_room, note
from analysis.drawing.canvas import BAD, BLUE, INK, MARGIN, PALE, PAPER, SMALL, Canvas, font, line_height, plain
from analysis.drawing.chart import ChartKind, Scene, Words
from analysis.drawing.values import value_ticks
from analysis.errors import UserError
from analysis.judgement import wording
from analysis.judgement.histogram import Bin, bins
from analysis.near_names import did_you_mean

MOST_CATEGORIES = 8
MOST_TICKS = 8
LEAST_MOVE_TOLD, LEAST_PSI_TOLD = 0.01, 0.01
ROOM_FOR_VALUES, ROOM_FOR_EDGES = 120.0, 48.0


def paint(canvas: Canvas, scene: Scene) -> Words:
    """How often each value (or range of values) occurs: blue now, grey and hatched in the reference. A value that the
    reference never had is red and marked as new."""
    feature = _feature(scene)
    values = _values(scene, feature)
    title = _title(scene, feature, values)
    compared = any(v.then is not None for v in values)
    canvas.title(title, f"{scene.model} · share of the known values" + ("" if compared else " · no reference"))
    _key(canvas, compared)
    if all(_is_number(v.name) for v in values):
        _columns(canvas, values)
    else:
        _rows(canvas, _shortened(values))
    return Words(title, _alt(scene, feature, title, values))


def _feature(scene: Scene) -> str:
    if scene.feature is not None:
        return scene.feature
    if scene.finding is not None and scene.finding.subject.feature is not None:
        return scene.finding.subject.feature
    distances = [m for m in scene.table.whole("psi") if m.value is not None and m.feature is not None]
    if not distances:
        raise UserError("Name the feature to draw.")
    return max(distances, key=lambda m: m.value or 0.0).feature or ""


def _values(scene: Scene, feature: str) -> list[Bin]:
    found = bins(scene.table, feature)
    if not found:
        known = {m.slice[0][0] for m in scene.table.all("share") if m.slice is not None and len(m.slice) == 1}
        raise UserError(f"There is no histogram of {feature} to draw{did_you_mean(feature, known) or '.'}")
    return sorted(found, key=lambda v: _place(v.name)) if all(_is_number(v.name) for v in found) else found


def _is_number(name: str) -> bool:
    """Whether a bin is a range or a single number (or the missing ones)."""
    if name == wording.MISSING or wording.RANGE.fullmatch(name):
        return True
    try:
        return isfinite(float(name))
    except ValueError:
        return False


def _place(name: str) -> float:
    """Where a bin stands from left to right; the missing ones come last."""
    found = wording.RANGE.fullmatch(name)
    return inf if name == wording.MISSING else float(found[1] if found else name)


def _key(canvas: Canvas, compared: bool) -> None:
    """What the two kinds of bars are, above the chart."""
    x, y = float(MARGIN), canvas.top - 8
    for colour, hatch, text in ((BLUE, "", "now"), (PALE, "///", "reference"))[: 2 if compared else 1]:
        box = canvas.figure.add_axes((x / 1200, 1 - (y + 24) / 750, 36 / 1200, 22 / 750))
        box.set_axis_off()
        box.bar([0.5], [1], width=1, color=colour, hatch=hatch, edgecolor=PAPER, linewidth=0)
        box.set_xlim(0, 1)
        box.set_ylim(0, 1)
        canvas.write(text, x + 46, y - 2, SMALL, colour=INK)
        x += 46 + canvas.width(text, SMALL) + 40
    canvas.top = y + line_height(SMALL) + 12


def _columns(canvas: Canvas, values: list[Bin]) -> None:
    axes = canvas.axes(left=ROOM_FOR_VALUES, below=ROOM_FOR_EDGES)
    places = range(len(values))
    compared = values[0].then is not None
    width, shift = (0.42, 0.21) if compared else (0.84, 0.0)
    axes.bar([p - shift for p in places], [v.now for v in values], width=width, color=BLUE, zorder=3)
    if compared:
        axes.bar(
            [p + shift for p in places],
            [v.then or 0.0 for v in values],
            width=width,
            color=PALE,
            hatch="///",
            edgecolor=PAPER,
            linewidth=0,
            zorder=3,
        )
    ticks = _ticks(values)
    step = -(-len(ticks) // MOST_TICKS)
    axes.set_xticks([place for place, _ in ticks[::step]])
    for label in axes.set_xticklabels([plain(text) for _, text in ticks[::step]]):
        label.set_fontproperties(font(SMALL))
    axes.set_xlim(-0.6, len(values) - 0.4)
    axes.set_ylim(0, max(max(v.now, v.then or 0.0) for v in values) * 1.06 or 1.0)
    value_ticks(axes, "share")


def _ticks(values: list[Bin]) -> list[tuple[float, str]]:
    """The edges between ranges, or each number below its bar."""
    ticks = []
    for place, value in enumerate(values):
        found = wording.RANGE.fullmatch(value.name)
        if found is None:
            ticks.append((float(place), wording.spoken(value.name)))
        elif "inf" not in found[1]:
            ticks.append((place - 0.5, wording.edge(found[1])))
    last = wording.RANGE.fullmatch(values[-1].name)
    if last is not None and "inf" not in last[2]:
        ticks.append((len(values) - 0.5, wording.edge(last[2])))
    return ticks


def _shortened(values: list[Bin]) -> list[Bin]:
    """The most frequent categories, and with them those that moved most or are new; the rest as one."""
    ranked = sorted(
        values, key=lambda v: -max(v.now, v.then or 0.0, 10 * abs(v.now - (v.then or 0.0)), 1.0 if v.unseen else 0.0)
    )
    kept, rest = ranked[:MOST_CATEGORIES], ranked[MOST_CATEGORIES:]
    kept = sorted(kept, key=lambda v: -max(v.now, v.then or 0.0))
    if not rest:
        return kept
    then = sum(v.then or 0.0 for v in rest) if rest[0].then is not None else None
    name = f"({wording.plural(len(rest), 'value')} more)"
    return [*kept, Bin(name=name, now=sum(v.now for v in rest), then=then, unseen=False)]


def _rows(canvas: Canvas, values: list[Bin]) -> None:
    names = [wording.spoken(v.name) for v in values]
    texts = [_number(v) for v in values]
    left = names_room(canvas, names)
    axes = canvas.axes(left=left, right=max(canvas.width(t, SMALL) for t in texts) + 60, below=44)
    furthest = max(max(v.now, v.then or 0.0) for v in values) or 1.0
    for row, (value, text) in enumerate(zip(values, texts, strict=True)):
        colour = BAD if value.unseen else BLUE
        height, shift = (0.36, 0.19) if value.then is not None else (0.66, 0.0)
        axes.barh(
            row - shift,
            value.now,
            height=height,
            color=colour,
            hatch="xx" if value.unseen else "",
            edgecolor=PAPER,
            linewidth=0,
            zorder=3,
        )
        if value.then is not None:
            axes.barh(
                row + shift,
                value.then,
                height=height,
                color=PALE,
                hatch="///",
                edgecolor=PAPER,
                linewidth=0,
                zorder=3,
            )
        note(axes, furthest, row, text, colour=BAD if value.unseen else INK, bold=value.unseen)
    axes.set_xlim(0, furthest)
    value_ticks(axes, "share", along="x")
    name_rows(
        canvas, axes, names, left, colours=[BAD if v.unseen else INK for v in values], bold=[v.unseen for v in values]
    )


def _number(value: Bin) -> str:
    now = wording.percent(round(value.now, 3))
    if value.unseen:
        return f"new: {now}"
    return now if value.then is None else f"{wording.percent(round(value.then, 3))} → {now}"


def _title(scene: Scene, feature: str, values: list[Bin]) -> str:
    new = sorted((v for v in values if v.unseen), key=lambda v: -v.now)
    if new:
        named = wording.listed([f"“{v.name}”" for v in new], most=2)
        noun = "a value" if len(new) == 1 else "values"
        together = wording.percent(round(sum(v.now for v in new), 3))
        return f"{feature} has {noun} the model never saw: {named}, {together} of its values"
    if values[0].then is None:
        top = max(values, key=lambda v: v.now)
        return f"{feature} is most often {wording.spoken(top.name)}: {wording.percent(round(top.now, 3))} of its values"
    most = max(values, key=lambda v: abs(v.moved))
    psi = scene.table.find("psi", feature=feature)
    still = psi is not None and psi.value is not None and psi.value < LEAST_PSI_TOLD
    if still or abs(most.now - (most.then or 0.0)) < LEAST_MOVE_TOLD:
        return f"{feature} looks as it did in the reference"
    verb = "rose" if most.moved > 0 else "fell"
    by = f" (PSI {wording.figure(psi.value)})" if psi is not None and psi.value is not None else ""
    then, now = wording.percent(round(most.then or 0.0, 3)), wording.percent(round(most.now, 3))
    return f"{feature} moved{by}: {wording.spoken(most.name)} {verb} from {then} to {now}"


def _alt(scene: Scene, feature: str, title: str, values: list[Bin]) -> str:
    rows = [f"{wording.spoken(v.name)} {_number(v)}" for v in values]
    what = "reference → now" if values[0].then is not None else "now"
    return f"{title}. Share of each value of {feature}, {what}, {scene.model}: {'; '.join(rows)}."


chart = ChartKind(name="feature", paint=paint)
