"""Rows of a chart that lies down: a name on the left, its bar or interval, its number on the right."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes

from analysis.drawing.canvas import INK, MARGIN, PAPER, SMALL, TEXT, WIDTH, Canvas, font, plain

FEWEST_ROWS_OF_ROOM = 4
"""One lone bar would else fill the whole sheet."""

MOST_OF_THE_WIDTH_FOR_NAMES = 0.38


def names_room(canvas: Canvas, names: Sequence[str]) -> float:
    """How many pixels the names on the left need; the longest are cut."""
    widest = max((canvas.width(name, TEXT, bold=True) for name in names), default=0.0)
    return min(widest, WIDTH * MOST_OF_THE_WIDTH_FOR_NAMES) + MARGIN + 18


def name_rows(
    canvas: Canvas, axes: Axes, names: Sequence[str], room: float, *, colours: Sequence[str], bold: Sequence[bool]
) -> None:
    """The names beside the rows 0, 1, 2 … from the top."""
    fitted = [
        canvas.fitted(name, room - MARGIN - 12, TEXT, bold=strong) for name, strong in zip(names, bold, strict=True)
    ]
    axes.set_yticks(range(len(names)))
    labels = axes.set_yticklabels([plain(name) for name in fitted])
    for label, colour, strong in zip(labels, colours, bold, strict=True):
        label.set_fontproperties(font(TEXT, bold=strong))
        label.set_color(colour)
    axes.set_ylim(max(len(names), FEWEST_ROWS_OF_ROOM) - 0.4, -0.6)


def note(axes: Axes, x: float, row: float, text: str, *, colour: str = INK, bold: bool = False) -> None:
    """A short text that starts just right of x in this row."""
    axes.annotate(
        plain(text),
        xy=(x, row),
        xytext=(6, 0),
        textcoords="offset points",
        fontproperties=font(SMALL, bold=bold),
        color=colour,
        ha="left",
        va="center",
        bbox={"boxstyle": "square,pad=0.08", "facecolor": PAPER, "edgecolor": "none"},
        annotation_clip=False,
        zorder=5,
    )


def upright(axes: Axes, x: float, text: str, colour: str, style: object, *, side: str = "center") -> None:
    """A line from top to bottom, named above it: ``center``, or all to the ``left`` or ``right`` of it."""
    axes.axvline(x, color=colour, linewidth=2.5, linestyle=style, zorder=2)
    axes.annotate(
        plain(text),
        xy=(x, 1.0),
        xycoords=("data", "axes fraction"),
        xytext=(0, 4),
        textcoords="offset points",
        fontproperties=font(SMALL),
        color=colour,
        ha={"left": "right", "right": "left"}.get(side, side),
        va="bottom",
        annotation_clip=False,
    )
