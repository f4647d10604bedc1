"""The chart ``slices``: one number in each group of a column, beside the whole."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes

from analysis.drawing.bars import name_rows, names_room, note, upright
from analysis.drawing.canvas import BAD, BLUE, GREY, INK, PAPER, SMALL, Canvas, line_height
from analysis.drawing.chart import ChartKind, Scene, Words
from analysis.drawing.choice import shown_measure
from analysis.drawing.values import value_ticks
from analysis.errors import UserError
from analysis.judgement import wording
from analysis.judgement.meaning import meaning
from analysis.measure_table import columns_of, same_slice
from analysis.values import Measure, Slice

FEWEST_ROWS = 50
FEWEST_ROWS_TO_SHOW = 10
"""A number of fewer rows would point at people; it is told only where a check's sentence tells it already."""
MOST_ROWS = 9
DASHED = (0, (6, 3))


@dataclass(frozen=True, slots=True, kw_only=True)
class Groups:
    """The groups of a column, the worst on top. ``hollow`` are so small that their number is mostly chance; ``small``
    are so small that they are named without it, ``undefined`` have none."""

    columns: tuple[str, ...]
    measure: str
    whole: Measure | None
    large: tuple[Measure, ...]
    rows: tuple[Measure, ...]
    """The large ones as they are drawn: ranges of a number from low to high, else the worst on top."""
    hollow: tuple[Measure, ...]
    small: tuple[Measure, ...]
    undefined: tuple[Measure, ...]
    flagged: tuple[Slice, ...]

    @property
    def drawn(self) -> tuple[Measure, ...]:
        return (*self.large, *self.hollow)

    def is_flagged(self, group: Measure) -> bool:
        return any(same_slice(group.slice, where) for where in self.flagged)


def paint(canvas: Canvas, scene: Scene) -> Words:
    """One number for each group with its 95 % interval and its n; dashed: the whole. A red square: the group that a
    check found. Hollow: a group with fewer than 50 rows; with fewer than 10 it is named without its number."""
    groups = _groups(scene)
    shown = _shown(groups)
    left_out = len(groups.drawn) + len(groups.small) + len(groups.undefined) - len(shown)
    title = _title(groups)
    canvas.title(title, _subtitle(scene, groups))
    canvas.footer([f"and {wording.plural(left_out, 'group')} more"] if left_out else [])
    names = [_name(m) for m in shown]
    left = names_room(canvas, names)
    texts = [_number(groups, m) for m in shown]
    right = max(canvas.width(text, SMALL, bold=True) for text in texts) + 50
    axes = canvas.axes(left=left, right=right, below=46, above=line_height(SMALL) + 6)
    for row, group in enumerate(shown):
        if group in groups.drawn:
            _row(axes, groups, group, row)
    low, high = _ends(groups, shown)
    axes.set_xlim(low, high)
    for row, (group, text) in enumerate(zip(shown, texts, strict=True)):
        note(axes, high, row, text, colour=_text_colour(groups, group), bold=groups.is_flagged(group))
    if groups.whole is not None and groups.whole.value is not None:
        label = f"all rows {wording.shown(groups.measure, groups.whole.value)}"
        upright(axes, groups.whole.value, label, GREY, DASHED)
    value_ticks(axes, groups.measure, along="x")
    colours = [_text_colour(groups, m) for m in shown]
    name_rows(canvas, axes, names, left, colours=colours, bold=[groups.is_flagged(m) for m in shown])
    return Words(title, _alt(scene, groups, title))


def _groups(scene: Scene) -> Groups:
    columns, measure = _asked(scene)
    every = scene.table.groups(measure, columns)
    there, undefined = [m for m in every if m.value is not None], [m for m in every if m.value is None]
    if scene.finding is not None and scene.finding.check == "hotspot":
        columns, undefined = ("hotspot",), []
        there = [m for m in scene.table.all(measure, basis="realized") if _is_hotspot(m)]
    if not there:
        raise UserError(
            f"There is no {wording.words(measure)} by {' & '.join(columns)} to draw; name the column under slices: or "
            "protected: in the model card."
        )
    flagged = [
        r.subject.slice
        for r in scene.result.checks
        if r.verdict in ("fail", "warn") and r.subject.measure == measure and r.subject.slice is not None
    ]
    if scene.finding is not None and scene.finding.subject.slice is not None:
        flagged = [scene.finding.subject.slice]
    few = [m for m in there if m.n < FEWEST_ROWS]
    hollow = [m for m in few if m.n >= FEWEST_ROWS_TO_SHOW or any(same_slice(m.slice, where) for where in flagged)]
    if len(few) == len(there) and not hollow:
        raise UserError(f"Every group of {' & '.join(columns)} is too small for a {wording.words(measure)}.")
    large = _worst_first(m for m in there if m.n >= FEWEST_ROWS)
    ends = [(end, m) for m in large if (end := _lower_end(m)) is not None]
    rows = [m for _, m in sorted(ends, key=lambda pair: pair[0])] if len(ends) == len(large) else large
    return Groups(
        columns=columns,
        measure=measure,
        whole=scene.table.find(measure, basis="realized"),
        large=tuple(large),
        rows=tuple(rows),
        hollow=tuple(_worst_first(hollow)),
        small=tuple(m for m in few if m not in hollow),
        undefined=tuple(undefined),
        flagged=tuple(flagged),
    )


def _is_hotspot(group: Measure) -> bool:
    return (group.note or "").startswith("hotspot")


def _worst_first(groups: Iterable[Measure]) -> list[Measure]:
    return sorted(groups, key=lambda m: (m.value or 0.0) * (-1 if meaning(m.measure).better == "low" else 1))


def _shown(groups: Groups) -> list[Measure]:
    """As many rows as there is room for; what a check found is always among them."""
    hollow = sorted(groups.hollow, key=lambda m: not groups.is_flagged(m))
    found = sum(groups.is_flagged(m) for m in hollow)
    return [*groups.rows[: MOST_ROWS - found], *hollow, *groups.small, *groups.undefined][:MOST_ROWS]


def _lower_end(group: Measure) -> float | None:
    """Where a group that is a range of one number begins."""
    found = wording.RANGE.fullmatch(group.slice[0][1]) if group.slice is not None and len(group.slice) == 1 else None
    try:
        return float(found[1]) if found is not None else None
    except ValueError:
        return None


def _asked(scene: Scene) -> tuple[tuple[str, ...], str]:
    """The column and the measure: as asked, else those of the finding, else the first that there are."""
    subject = scene.finding.subject if scene.finding is not None else None
    measure = scene.measure or (subject.measure if subject is not None else None)
    columns = scene.columns or columns_of(scene.where) or columns_of(subject.slice if subject is not None else None)
    if scene.card is not None and not columns:
        columns = next(iter((*scene.card.slices, *scene.card.protected)), ())
    if measure is None:
        measure = shown_measure(scene).measure
    if not columns:
        sliced = (columns_of(m.slice) for m in scene.table.all(measure) if m.slice is not None)
        columns = next(sliced, ())
    if not columns:
        raise UserError("There are no groups to draw: name columns under slices: in the model card.")
    return columns, measure


def _row(axes: Axes, groups: Groups, group: Measure, row: int) -> None:
    flagged = groups.is_flagged(group)
    colour = BAD if flagged else BLUE
    if group.low is not None and group.high is not None:
        axes.hlines(row, group.low, group.high, color=colour, linewidth=5, alpha=0.45, zorder=3)
    axes.plot(
        [group.value or 0.0],
        [row],
        marker="s" if flagged else "o",
        markersize=12 if flagged else 11,
        color=colour,
        markerfacecolor=colour if group in groups.large else PAPER,
        markeredgecolor=PAPER if group in groups.large else colour,
        markeredgewidth=1.5 if group in groups.large else 2.5,
        zorder=4,
    )


def _text_colour(groups: Groups, group: Measure) -> str:
    return BAD if groups.is_flagged(group) else INK if group in groups.large else GREY


def _ends(groups: Groups, shown: Sequence[Measure]) -> tuple[float, float]:
    numbers = [n for m in shown if m in groups.drawn for n in (m.value, m.low, m.high) if n is not None]
    if groups.whole is not None and groups.whole.value is not None:
        numbers.append(groups.whole.value)
    low, high = min(numbers, default=0.0), max(numbers, default=1.0)
    room = max((high - low) * 0.06, 1e-3)
    return (0.0 if low >= 0 and low - room < 0.25 * high else low - room), high + room


def _name(group: Measure) -> str:
    if _is_hotspot(group):  # each is about other columns
        return wording.group(group.slice)
    return " & ".join(
        wording.spoken(value) if value != wording.MISSING else f"no {column}" for column, value in group.slice or ()
    )


def _number(groups: Groups, group: Measure) -> str:
    if group in groups.undefined:
        return f"undefined (n = {wording.count(group.n)})"
    if group in groups.small:
        return f"too few (n = {wording.count(group.n)})"
    return f"{wording.shown(groups.measure, group.value or 0.0)} · n = {wording.count(group.n)}"


def _title(groups: Groups) -> str:
    name, column = wording.sentence(wording.words(groups.measure)), " & ".join(groups.columns)
    told = groups.large or groups.hollow
    worst, best = next((m for m in groups.drawn if groups.is_flagged(m)), told[0]), told[-1]
    value, few = wording.shown(groups.measure, worst.value or 0.0), _few(groups, worst)
    if worst is best:
        return f"{name} is {value} for {_name(worst)}{few}"
    other = wording.shown(groups.measure, best.value or 0.0)
    if not groups.flagged:
        return f"{name} by {column}: from {value} ({_name(worst)}) to {other} ({_name(best)})"
    return f"{name} is {value} for {_name(worst)}{few}, {other} for {_name(best)}"


def _few(groups: Groups, group: Measure) -> str:
    return f" (only n = {wording.count(group.n)})" if group in groups.hollow else ""


def _subtitle(scene: Scene, groups: Groups) -> str:
    bars = " · bars: 95% interval" if any(m.low is not None for m in groups.drawn) else ""
    few = f" · hollow: n < {FEWEST_ROWS}" if groups.hollow else ""
    return f"{scene.model} · by {' & '.join(groups.columns)}{bars}{few}"


def _alt(scene: Scene, groups: Groups, title: str) -> str:
    rows = []
    for m in groups.drawn[:MOST_ROWS]:
        ends = wording.interval(groups.measure, m)
        few = "few rows: " if m in groups.hollow else ""
        rows.append(
            f"{_name(m)} {wording.shown(groups.measure, m.value or 0.0)} ({f'{ends}, ' if ends else ''}{few}n = "
            f"{wording.count(m.n)})"
        )
    whole = groups.whole
    all_rows = f" All rows: {wording.shown(groups.measure, whole.value)}." if whole and whole.value is not None else ""
    small = f" Too small to judge: {wording.listed([_name(m) for m in groups.small])}." if groups.small else ""
    small += f" Undefined for {wording.listed([_name(m) for m in groups.undefined])}." if groups.undefined else ""
    what = f"{wording.sentence(wording.words(groups.measure))} by {' & '.join(groups.columns)}, {scene.model}"
    return f"{title}. {what}: {'; '.join(rows)}.{all_rows}{small}"


chart = ChartKind(name="slices", paint=paint)
