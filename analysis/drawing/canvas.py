"""One look for all charts: the sheet with its title, fonts, colours and axes, and text that fits where it is put.

Made for a phone: 1200 pixels wide, shown at about 360. Only matplotlib's objects are used, never pyplot, so charts may
be drawn in several threads at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from io import BytesIO
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, get_font

WIDTH, HEIGHT, DPI = 1200, 750, 150
MARGIN = 36

INK, GREY, PALE, GRID, PAPER = "#1f2933", "#616e7c", "#9aa5b1", "#e4e7eb", "#ffffff"
BLUE, BAND = "#0b5fa5", "#c3dcf2"
BAD, DOUBT = "#b83205", "#a86f00"

VERDICT_COLOUR = {"fail": BAD, "warn": DOUBT, "unsure": GREY, "pass": BLUE, "skipped": PALE}
VERDICT_HATCH = {"fail": "xx", "warn": "//", "unsure": "..", "pass": "", "skipped": ""}

TITLE, TEXT, SMALL = 18.0, 15.0, 13.5
ELLIPSIS = "…"
NOT_IN_THE_FONT = "\N{WHITE SQUARE}"


class Canvas:
    """A sheet on which one chart is drawn. Positions are pixels from the top left, sizes of text are points."""

    def __init__(self) -> None:
        self.figure = Figure(figsize=(WIDTH / DPI, HEIGHT / DPI), dpi=DPI, facecolor=PAPER)
        self.agg = FigureCanvasAgg(self.figure)
        self.top = float(MARGIN)
        self.bottom = float(HEIGHT - MARGIN)

    def title(self, title: str, subtitle: str) -> None:
        """The finding in words on at most two lines, and what is shown in grey below it; moves ``top`` down."""
        for line in self.wrapped(title, WIDTH - 2 * MARGIN, TITLE, bold=True, lines=2):
            self.write(line, MARGIN, self.top, TITLE, bold=True)
            self.top += line_height(TITLE)
        self.write(self.fitted(subtitle, WIDTH - 2 * MARGIN, SMALL), MARGIN, self.top + 4, SMALL, colour=GREY)
        self.top += line_height(SMALL) + 18

    def footer(self, lines: Sequence[str]) -> None:
        """Notes below the chart, the first on top; moves ``bottom`` up."""
        for line in reversed(lines):
            self.bottom -= line_height(SMALL)
            self.write(self.fitted(line, WIDTH - 2 * MARGIN, SMALL), MARGIN, self.bottom, SMALL, colour=INK)
        self.bottom -= 10 if lines else 0

    def axes(self, *, left: float, right: float = MARGIN, below: float, above: float = 0.0) -> Axes:
        """Axes between the title and the footer, with that much room for labels on each side."""
        top, bottom = self.top + above, self.bottom - below
        box = (left / WIDTH, 1 - bottom / HEIGHT, (WIDTH - left - right) / WIDTH, (bottom - top) / HEIGHT)
        axes = self.figure.add_axes(box, facecolor=PAPER)
        for side in ("top", "right", "left"):
            axes.spines[side].set_visible(False)
        axes.spines["bottom"].set_color(PALE)
        axes.spines["bottom"].set_linewidth(1.2)
        axes.tick_params(length=0, labelsize=SMALL, labelcolor=INK, pad=6, labelfontfamily="DejaVu Sans")
        axes.set_axisbelow(True)
        return axes

    def write(
        self,
        text: str,
        x: float,
        y: float,
        size: float,
        *,
        bold: bool = False,
        colour: str = INK,
        align: str = "left",
    ) -> None:
        self.figure.text(
            x / WIDTH,
            1 - y / HEIGHT,
            plain(text),
            fontproperties=font(size, bold=bold),
            color=colour,
            ha=align,
            va="top",
        )

    def width(self, text: str, size: float, *, bold: bool = False) -> float:
        """How many pixels wide the text is."""
        shown = plain(text).replace(r"\$", "$")
        renderer = self.agg.get_renderer()  # type: ignore[no-untyped-call]  # matplotlib leaves its backends untyped
        wide, _, _ = renderer.get_text_width_height_descent(shown, font(size, bold=bold), ismath=False)
        return float(wide)

    def fitted(self, text: str, room: float, size: float, *, bold: bool = False) -> str:
        """The text, cut with an ellipsis where it is wider than the room."""
        text = " ".join(text.split())
        if self.width(text, size, bold=bold) <= room:
            return text
        shortest, longest = 0, min(len(text), int(room))
        while shortest < longest:
            middle = (shortest + longest + 1) // 2
            if self.width(text[:middle] + ELLIPSIS, size, bold=bold) <= room:
                shortest = middle
            else:
                longest = middle - 1
        return text[:shortest].rstrip() + ELLIPSIS

    def wrapped(self, text: str, room: float, size: float, *, bold: bool = False, lines: int = 2) -> list[str]:
        """The text on at most that many lines, broken between words; the last one is cut where it must be."""
        words, rows = text.split(), [""]
        for i, word in enumerate(words):
            longer = f"{rows[-1]} {word}".strip()
            if not rows[-1] or self.width(longer, size, bold=bold) <= room:
                rows[-1] = longer
            elif len(rows) < lines:
                rows.append(word)
            else:
                rows[-1] = " ".join([rows[-1], *words[i:]])
                break
        return [self.fitted(row, room, size, bold=bold) for row in rows]

    def png(self) -> bytes:
        """The same bytes for the same drawing: no date, no program's name."""
        out = BytesIO()
        self.agg.print_png(out, metadata={"Software": None})  # type: ignore[no-untyped-call]  # as above
        return out.getvalue()


def line_height(size: float) -> float:
    return size * DPI / 72 * 1.3


def points(pixels: float) -> float:
    return pixels * 72 / DPI


@cache
def font(size: float, *, bold: bool = False) -> FontProperties:
    """The font that matplotlib itself brings, so that a chart is the same on every machine."""
    return FontProperties(fname=_font_file(bold=bold), size=size)


def _font_file(*, bold: bool) -> str:
    return str(Path(mpl.get_data_path(), "fonts", "ttf", "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"))


def plain(text: str) -> str:
    """Text as it stands: a dollar starts no mathematics, a line break no line, a letter the font lacks is a box."""
    face = get_font(_font_file(bold=False))
    letters = (c if c == " " or face.get_char_index(ord(c)) else NOT_IN_THE_FONT for c in " ".join(text.split()))
    return "".join(letters).replace("$", r"\$")
