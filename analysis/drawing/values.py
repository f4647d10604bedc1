"""Values along an axis, and labels at the right end of lines that must not lie on each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from analysis.drawing.canvas import GRID, SMALL, WIDTH, Canvas, font, line_height, plain
from analysis.judgement import wording
from analysis.judgement.meaning import meaning


@dataclass(frozen=True, slots=True, kw_only=True)
class SideLabel:
    """What a line is, written at its right end in the line's colour."""

    at: float
    text: str
    colour: str
    bold: bool = False


def tick(measure: str, value: float) -> str:
    """A round value of this measure on an axis."""
    unit = meaning(measure).unit
    if unit == "rate":
        return f"{100 * value:.6g}%"
    return wording.count(value) if unit == "count" and abs(value) >= 1 else f"{value:.6g}"


def frame(axes: Axes, measure: str, numbers: Sequence[float]) -> None:
    """A value axis on the left that holds all these numbers; from zero where that costs little."""
    low, high = min(numbers), max(numbers)
    room = max((high - low) * 0.08, abs(high) * 0.01, 1e-9)
    near_zero = low >= 0 and (low - room < 0 or low < 0.3 * high)
    axes.set_ylim(0.0 if near_zero else low - room, high + room)
    value_ticks(axes, measure)


def value_ticks(axes: Axes, measure: str, *, along: str = "y") -> None:
    axis = axes.yaxis if along == "y" else axes.xaxis
    axis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10]))
    axis.set_major_formatter(FuncFormatter(lambda value, _: tick(measure, value)))
    axes.grid(axis="y" if along == "y" else "x", color=GRID, linewidth=1.2)


def room_for(canvas: Canvas, labels: Sequence[SideLabel]) -> float:
    """How many pixels the labels need to the right of the axes."""
    return max((canvas.width(label.text, SMALL, bold=label.bold) for label in labels), default=0.0) + 42


def side_labels(canvas: Canvas, axes: Axes, labels: Sequence[SideLabel]) -> None:
    """The labels at the heights of their lines, pushed apart where they would lie on each other."""
    if not labels:
        return
    canvas.figure.canvas.draw_idle()
    to_pixels = axes.transData.transform
    height, gap = canvas.figure.bbox.height, line_height(SMALL)
    ordered = sorted(labels, key=lambda label: -label.at)
    wanted = [height - float(to_pixels((0.0, label.at))[1]) for label in ordered]
    box = axes.get_window_extent()
    places = spread(wanted, gap, top=height - float(box.y1), bottom=height - float(box.y0))
    for label, place in zip(ordered, places, strict=True):
        canvas.figure.text(
            (float(box.x1) + 12) / WIDTH,
            1 - place / height,
            plain(label.text),
            fontproperties=font(SMALL, bold=label.bold),
            color=label.colour,
            ha="left",
            va="center",
        )


def spread(wanted: Sequence[float], gap: float, *, top: float, bottom: float) -> list[float]:
    """Places in the given order, at least ``gap`` apart, as near to the wanted ones as a push down and one up allow."""
    places: list[float] = []
    for place in wanted:
        places.append(max(place, places[-1] + gap) if places else max(place, top))
    limit = bottom
    for i in range(len(places) - 1, -1, -1):
        places[i] = min(places[i], limit)
        limit = places[i] - gap
    return places
