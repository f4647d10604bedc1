"""The chart ``trend``: one number over time, with its interval, its limits, its reference and what people said."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import inf, isnan, nan
from statistics import median

from matplotlib.axes import Axes

from analysis.drawing.canvas import BAD, BAND, BLUE, DOUBT, GREY, INK, PAPER, SMALL, Canvas, font
from analysis.drawing.chart import ChartKind, Marker, Scene, Words
from analysis.drawing.choice import shown_measure
from analysis.drawing.time_axis import kind_of, label_periods, short, when, years
from analysis.drawing.values import SideLabel, frame, room_for, side_labels
from analysis.errors import UserError
from analysis.judgement import wording
from analysis.judgement.history import first_bad, settled, told_periods
from analysis.judgement.limits import Limit, limits
from analysis.values import Measure

MOST_NOTES = 3
MOST_LABELS = 4
TIMES_AS_WIDE = 3
MOST_POINTS_MARKED = 40
INSET = 0.03
ROOM_FOR_VALUES, ROOM_FOR_PERIODS, ROOM_FOR_FLAGS = 138.0, 52.0, 46.0
DASHED, DOTTED = (0, (6, 3)), (0, (1, 1.6))


@dataclass(frozen=True, kw_only=True)
class Trend:
    """What is drawn: the number of the window, its periods (or itself alone), and what it is held against."""

    whole: Measure
    over_time: tuple[Measure, ...]
    settled: tuple[Measure, ...]
    """Those with enough rows whose labels have mostly arrived, or the only one; all others are drawn hollow."""
    limits: tuple[Limit, ...]
    reference: Measure | None
    after: tuple[Measure, ...]
    """The periods after the last one with a value: they are told, not drawn."""
    notes: tuple[tuple[str, tuple[Marker, ...]], ...]
    """Each period that people spoke about, in the order of time, with what they said."""

    @property
    def periods(self) -> list[str]:
        return [m.period or "" for m in self.over_time]

    @cached_property
    def hollow(self) -> list[Measure]:
        return [m for m in self.over_time if self.is_hollow(m)]

    def is_hollow(self, measure: Measure) -> bool:
        return measure.value is not None and not self.is_settled(measure)

    def is_settled(self, measure: Measure) -> bool:
        return measure.period in self._settled_periods

    @cached_property
    def _settled_periods(self) -> frozenset[str | None]:
        return frozenset(m.period for m in self.settled)

    @property
    def name(self) -> str:
        return wording.sentence(wording.named(self.whole))

    def shown(self, value: float) -> str:
        return wording.shown(self.whole.measure, value)

    def crossed(self, measure: Measure) -> Limit | None:
        """The worst limit that this number certainly lies beyond."""
        return next((limit for limit in self.limits if limit.certainly_beyond(measure)), None)

    def near(self, measure: Measure) -> Limit | None:
        """The worst limit that its value lies beyond, though its interval does not."""
        value = measure.value
        return None if value is None else next((limit for limit in self.limits if limit.beyond(value)), None)

    @cached_property
    def told(self) -> list[Measure]:
        """The periods that a title may speak of: settled, and not much vaguer than the others."""
        there = [m for m in self.settled if m.value is not None] or [m for m in self.over_time if m.value is not None]
        widest = _widest(there)
        return [m for m in there if _width(m) <= widest] or there


def _widest(among: Sequence[Measure]) -> float:
    """How wide an interval may be: where one is several times as wide as is usual, and dwarfs what the periods differ
    by, the period has next to no rows of some kind."""
    widths = [m.high - m.low for m in among if m.high is not None and m.low is not None]
    values = [m.value for m in among if m.value is not None]
    return max(TIMES_AS_WIDE * median(widths), max(values) - min(values)) if widths else inf


def _width(measure: Measure) -> float:
    return measure.high - measure.low if measure.high is not None and measure.low is not None else 0.0


def paint(canvas: Canvas, scene: Scene) -> Words:
    """One number for each period with its 95 % band; hollow: a period with few labels or rows. Dashed: the reference.
    Dotted: the limits of its check. A cross: certainly beyond a limit. A number in a circle: something that people
    said, told below."""
    trend = _trend(scene)
    title = _told_volume(scene, trend) or _title(trend)
    canvas.title(title, _subtitle(scene, trend))
    canvas.footer(_footnotes(trend))
    labels = _labels(trend)
    above = ROOM_FOR_FLAGS if trend.notes else 0.0
    axes = canvas.axes(left=ROOM_FOR_VALUES, right=room_for(canvas, labels), below=ROOM_FOR_PERIODS, above=above)
    _series(axes, trend)
    _lines(axes, trend)
    frame(axes, trend.whole.measure, _numbers(trend))
    _hollow_points(axes, trend)
    if trend.periods[0]:
        label_periods(axes, trend.periods)
    else:
        axes.set_xticks([])
    _flags(axes, trend)
    side_labels(canvas, axes, labels)
    return Words(title, _alt(scene, trend, title))


def _trend(scene: Scene) -> Trend:
    whole = shown_measure(scene)
    over_time = scene.table.over_time(whole)
    known = [i for i, m in enumerate(over_time) if m.value is not None]
    after = over_time[known[-1] + 1 :] if known else []
    over_time = over_time[known[0] : known[-1] + 1] if known else [whole]
    if all(m.value is None for m in over_time):
        raise UserError(f"There is no trend of {wording.named(whole)}: {whole.reason or 'it has no value here'}.")
    return Trend(
        whole=whole,
        over_time=tuple(over_time),
        settled=tuple(told_periods(settled(scene.table, whole))) if len(over_time) > 1 else tuple(over_time),
        limits=tuple(limits(scene.card, scene.table, whole)) if scene.card is not None else (),
        reference=scene.table.contrasted(whole).reference,
        after=tuple(after),
        notes=tuple(
            (m.period, said)
            for m in over_time
            if m.period and (said := tuple(note for note in scene.markers if note.period == m.period))
        ),
    )


def _title(trend: Trend) -> str:
    there = trend.told
    last = there[-1]
    value, then = trend.shown(last.value or 0.0), when(last.period)
    limit = trend.crossed(last)
    if limit is not None:
        since = _since(there, limit.beyond)
        return (
            f"{trend.name} is {value}{then}, {limit.side} the {limit.level} limit of {trend.shown(limit.value)}{since}"
        )
    earlier = there[:-1]
    limit = trend.crossed(trend.whole) if earlier else None
    if limit is not None:
        over = trend.shown(trend.whole.value or 0.0)
        return (
            f"{trend.name} is {over}, {limit.side} the {limit.level} limit of {trend.shown(limit.value)}; {value}{then}"
        )
    reference = trend.reference
    if reference is not None and reference.value is not None and last.value is not None and _apart(reference, last):
        then_value, rose = reference.value, last.value > reference.value
        since = _since(there, lambda v: v > then_value if rose else v < then_value)
        side = "above" if rose else "below"
        return f"{trend.name} is {value}{then}, {side} the reference’s {trend.shown(then_value)}{since}"
    if len(earlier) > 1 and sum(_apart(m, last) for m in earlier) > len(earlier) / 2:
        before = sum((m.value or 0.0) * m.n for m in earlier) / max(sum(m.n for m in earlier), 1)
        verb = "rose" if (last.value or 0.0) > before else "fell"
        return f"{trend.name} {verb} to {value}{then}, from {trend.shown(before)} before"
    limit = trend.near(last)
    if limit is not None:
        return (
            f"{trend.name} is {value}{then}, perhaps {limit.side} the {limit.level} limit of {trend.shown(limit.value)}"
        )
    apart = [m for m in earlier if _apart(m, last)]
    if apart:
        farthest = max(apart, key=lambda m: abs((m.value or 0.0) - (last.value or 0.0)))
        verb = "up" if (last.value or 0.0) > (farthest.value or 0.0) else "down"
        return f"{trend.name} is {value}{then}, {verb} from {trend.shown(farthest.value or 0.0)}{when(farthest.period)}"
    return f"{trend.name} {'holds at' if earlier else 'is'} {value}{then}"


def _since(there: list[Measure], bad: Callable[[float], bool]) -> str:
    """`` since W08``, in the words that the checks use; nothing for the last period alone."""
    begun = first_bad(there, bad)
    if begun is None or not begun.period or begun is there[-1]:
        return ""
    if begun is not there[0]:
        return f" since {short(begun.period)}"
    kind = kind_of(begun.period)
    return f" {'on' if kind == 'day' else 'in'} every {kind}"


def _told_volume(scene: Scene, trend: Trend) -> str | None:
    """The odd period is seldom the last, so a finding about volume speaks in its own words."""
    if scene.finding is None or trend.whole.measure != "volume":
        return None
    return scene.finding.says.split(". ")[0].rstrip(".")


def _apart(one: Measure, other: Measure) -> bool:
    """Whether the intervals of two numbers leave a gap, or the numbers differ where no interval is known."""
    if one.value is None or other.value is None:
        return False
    low, high = (one, other) if one.value <= other.value else (other, one)
    return (low.high if low.high is not None else low.value or 0.0) < (
        high.low if high.low is not None else high.value or 0.0
    )


def _subtitle(scene: Scene, trend: Trend) -> str:
    parts = [scene.model]
    if trend.periods[0]:
        year = years(trend.periods)
        parts.append(f"per {kind_of(trend.periods[0])}{f', {year}' if year else ''}")
    if any(m.low is not None for m in trend.over_time):
        parts.append(f"{'band' if len(trend.over_time) > 1 else 'bar'}: 95%{'' if trend.hollow else ' interval'}")
    if trend.hollow:
        parts.append(f"hollow: few {_rows(trend)}")
    return " · ".join(parts)


def _rows(trend: Trend) -> str:
    """What a number rests on: a feature's on rows, the model's own on labels."""
    return "rows" if trend.whole.feature is not None else "labels"


def _numbers(trend: Trend) -> list[float]:
    told = set(trend.told)
    there = [m for m in trend.over_time if m.value is not None and (m in told or not trend.is_hollow(m))]
    # A hollow period, and the band of a vague one, may run out of the picture, or all others would be a flat line.
    widest = _widest(there)
    spans = ((m.value, m.low, m.high) if _width(m) <= widest else (m.value,) for m in there)
    numbers = [n for span in spans for n in span if n is not None]
    numbers += [limit.value for limit in trend.limits]
    if trend.reference is not None and trend.reference.value is not None:
        numbers.append(trend.reference.value)
    return numbers


def _series(axes: Axes, trend: Trend) -> None:
    values = [nan if m.value is None else m.value for m in trend.over_time]
    solid = [not trend.settled or trend.is_settled(m) for m in trend.over_time]
    bands = list(zip(trend.over_time, solid, strict=True))
    settled_values = [v if is_solid else nan for v, is_solid in zip(values, solid, strict=True)]
    low = [m.low if is_solid and m.low is not None else nan for m, is_solid in bands]
    high = [m.high if is_solid and m.high is not None else nan for m, is_solid in bands]
    places = list(range(len(values)))
    axes.fill_between(places, low, high, color=BAND, linewidth=0, zorder=1)
    lone = [i for i in places if all(isnan(v) for v in low[max(i - 1, 0) : i] + low[i + 1 : i + 2])]
    axes.vlines(lone, [low[i] for i in lone], [high[i] for i in lone], color=BAND, linewidth=8, zorder=1)
    marker = "o" if len(values) <= MOST_POINTS_MARKED else ""
    axes.plot(places, settled_values, color=BLUE, linewidth=3, marker=marker, markersize=7, zorder=3)
    for i in places:
        limit = trend.crossed(trend.over_time[i])
        if limit is not None and not trend.is_hollow(trend.over_time[i]):
            axes.plot([i], [values[i]], "X", color=_colour(limit), markersize=12, markeredgecolor=PAPER, zorder=4)


def _hollow_points(axes: Axes, trend: Trend) -> None:
    """Each where it lies; at the edge, and pointing out, where it lies beyond the scale that the others make."""
    bottom, top = axes.get_ylim()
    low, high = bottom + INSET * (top - bottom), top - INSET * (top - bottom)
    for i, m in enumerate(trend.over_time):
        if m.value is None or not trend.is_hollow(m):
            continue
        shape = "v" if m.value < bottom else "^" if m.value > top else "o"
        axes.plot(
            [i],
            [min(max(m.value, low), high)],
            shape,
            color=BLUE,
            markerfacecolor=PAPER,
            markersize=9,
            mew=2.5,
            zorder=4,
            clip_on=False,
        )


def _lines(axes: Axes, trend: Trend) -> None:
    if trend.reference is not None and trend.reference.value is not None:
        axes.axhline(trend.reference.value, color=GREY, linewidth=2.5, linestyle=DASHED, zorder=2)
    for limit in trend.limits:
        axes.axhline(limit.value, color=_colour(limit), linewidth=3, linestyle=DOTTED, zorder=2)


def _labels(trend: Trend) -> list[SideLabel]:
    last = trend.told[-1]
    crossed = trend.crossed(last)
    colour = BLUE if crossed is None else _colour(crossed)
    text = trend.shown(last.value or 0.0) + (when(last.period) if _is_followed(trend, last) else "")
    labels = [SideLabel(at=last.value or 0.0, text=text, colour=colour, bold=not trend.is_hollow(last))]
    if trend.reference is not None and trend.reference.value is not None:
        value = trend.reference.value
        labels.append(SideLabel(at=value, text=f"reference {trend.shown(value)}", colour=GREY))
    for limit in trend.limits:
        text = f"{limit.level} {limit.side} {trend.shown(limit.value)}"
        labels.append(SideLabel(at=limit.value, text=text, colour=_colour(limit)))
    return labels


def _is_followed(trend: Trend, last: Measure) -> bool:
    """Whether hollow periods follow: then the label at the right end says of which period it is."""
    return any(m.value is not None for m in trend.over_time[trend.over_time.index(last) + 1 :])


def _colour(limit: Limit) -> str:
    return BAD if limit.level == "fail" else DOUBT


def _flags(axes: Axes, trend: Trend) -> None:
    """A line at each period that people spoke about, with its number in a circle above; an older one has a dot."""
    older = max(len(trend.notes) - MOST_NOTES, 0)
    for number, (period, _) in enumerate(trend.notes, start=1 - older):
        place = trend.periods.index(period)
        axes.axvline(place, color=INK, linewidth=1.4, linestyle=(0, (2, 2)), zorder=2)
        axes.annotate(
            str(number) if number > 0 else "·",
            xy=(place, 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(0, 12),
            textcoords="offset points",
            fontproperties=font(SMALL, bold=True),
            color=PAPER,
            ha="center",
            va="center",
            bbox={"boxstyle": "circle,pad=0.25", "facecolor": INK, "edgecolor": "none"},
            annotation_clip=False,
        )


def _footnotes(trend: Trend) -> list[str]:
    """Which notes are about the latest periods, and why later periods are not there."""
    told = trend.notes[-MOST_NOTES:]
    lines = []
    if told:
        named = (
            f"{number} · {short(period)}: {wording.listed([note.label for note in notes], MOST_LABELS)}"
            for number, (period, notes) in enumerate(told, start=1)
        )
        lines.append(" | ".join(named))
    if trend.after:
        first, reason = trend.after[0], trend.after[0].reason or "it is undefined"
        lines.append(f"No number from {short(first.period or '')} on: {reason}")
    return lines


def _alt(scene: Scene, trend: Trend, title: str) -> str:
    there = trend.told
    parts = [f"{title}. Trend of {wording.named(trend.whole)}, {scene.model}."]
    if len(there) > 1:
        low, high = (pick(there, key=lambda m: m.value or 0.0) for pick in (min, max))
        parts.append(
            f"{len(there)} {kind_of(there[0].period or '')}s: first {trend.shown(there[0].value or 0.0)} in "
            f"{there[0].period}, lowest {trend.shown(low.value or 0.0)} in {low.period}, highest "
            f"{trend.shown(high.value or 0.0)} in {high.period}."
        )
    last = there[-1]
    ends = wording.interval(trend.whole.measure, last)
    parts.append(
        f"{'Last' if last.period else 'Window'}: {trend.shown(last.value or 0.0)}"
        f"{f' ({ends})' if ends else ''}, n = {wording.count(last.n)}."
    )
    if trend.hollow:
        few = wording.listed([f"{m.period} (n = {wording.count(m.n)})" for m in trend.hollow])
        parts.append(f"Hollow, on few {_rows(trend)}: {few}.")
    if trend.reference is not None and trend.reference.value is not None:
        parts.append(f"Reference {trend.shown(trend.reference.value)}.")
    parts += [f"Limit: {limit.level} {limit.side} {trend.shown(limit.value)}." for limit in trend.limits]
    said = [note for _, notes in trend.notes for note in notes]
    parts += [f"Note {note.label} is about {note.period}." for note in said]
    return " ".join(parts)


chart = ChartKind(name="trend", paint=paint)
