"""The chart ``confusion``: labels beside predictions, counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from analysis.drawing.canvas import (
    BAD,
    BLUE,
    ELLIPSIS,
    GREY,
    INK,
    MARGIN,
    PAPER,
    SMALL,
    TEXT,
    WIDTH,
    Canvas,
    font,
    plain,
)
from analysis.drawing.chart import ChartKind, Scene, Words
from analysis.errors import UserError
from analysis.judgement import wording

MOST_CLASSES = 8
POSITIVE = "positive"
MOST_OF_THE_WIDTH_FOR_NAMES = 0.25
MOST_LETTERS_IN_THE_TITLE = 18
LIGHTEST, DARKEST = 0.06, 0.85
WHITE_TEXT_FROM = 0.75


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """``cells[label][prediction]`` in the order of ``classes``."""

    classes: tuple[str, ...]
    cells: tuple[tuple[float, ...], ...]

    @property
    def rows(self) -> float:
        return sum(map(sum, self.cells))

    def share(self, label: int, prediction: int) -> float:
        """Of the rows with this label, those with this prediction."""
        total = sum(self.cells[label])
        return self.cells[label][prediction] / total if total else 0.0


def paint(canvas: Canvas, scene: Scene) -> Words:
    """A row for each label, a column for each prediction: how many rows, and how many in a hundred of that label. The
    darker, the more; right predictions are blue, wrong ones red with a border."""
    counts = _counts(scene)
    title = _title(scene, counts)
    canvas.title(title, f"{scene.model} · {wording.count(counts.rows)} rows · percent of each label")
    size = len(counts.classes)
    narrow = WIDTH * MOST_OF_THE_WIDTH_FOR_NAMES
    predicted = _that_fit(canvas, counts.classes, (WIDTH - narrow) / size)
    numbered = predicted[0] == "1" and counts.classes[0] != "1"
    names = [f"{i} · {name}" if numbered else f"is {name}" for i, name in enumerate(counts.classes, start=1)]
    left = min(max(canvas.width(n, TEXT) for n in names), narrow) + MARGIN + 20
    axes = canvas.axes(left=left, below=4, above=44)
    axes.spines["bottom"].set_visible(False)
    for label in range(len(counts.classes)):
        for prediction in range(len(counts.classes)):
            _cell(axes, counts, label, prediction)
    axes.set_xlim(0, size)
    axes.set_ylim(size, 0)
    _names(canvas, axes, names, left, along="y")
    _names(canvas, axes, predicted, (WIDTH - left) / size, along="x")
    return Words(title, _alt(scene, title, counts))


def _counts(scene: Scene) -> Counts:
    found: dict[tuple[str, str], float] = {}
    for m in scene.table.all("count", basis="realized"):
        if m.period is None and m.slice is not None and len(m.slice) == 2 and m.value is not None:
            found[(m.slice[0][1], m.slice[1][1])] = m.value
    classes = tuple(dict.fromkeys(name for pair in found for name in pair))
    if not any(found.values()):
        raise UserError("There is no confusion matrix to draw: no row with a label and a prediction counts.")
    if len(classes) > MOST_CLASSES:
        classes = _largest(found, classes)
    cells = tuple(tuple(found.get((label, prediction), 0.0) for prediction in classes) for label in classes)
    return Counts(classes=classes, cells=cells)


def _largest(found: dict[tuple[str, str], float], classes: Sequence[str]) -> tuple[str, ...]:
    size = {name: sum(n for (label, _), n in found.items() if label == name) for name in classes}
    kept = sorted(classes, key=lambda name: -size[name])[:MOST_CLASSES]
    return tuple(name for name in classes if name in kept)


def _cell(axes: Axes, counts: Counts, label: int, prediction: int) -> None:
    share, right = counts.share(label, prediction), label == prediction
    strength = LIGHTEST + (DARKEST - LIGHTEST) * share
    axes.add_patch(
        Rectangle(
            (prediction + 0.02, label + 0.02),
            0.96,
            0.96,
            facecolor=BLUE if right else BAD,
            alpha=strength,
            edgecolor="none",
        )
    )
    if not right:
        axes.add_patch(
            Rectangle((prediction + 0.025, label + 0.025), 0.95, 0.95, fill=False, edgecolor=BAD, linewidth=1.5)
        )
    colour = PAPER if strength > WHITE_TEXT_FROM else INK
    few = len(counts.classes) <= 3
    big, small = (26.0, TEXT) if few else (SMALL, 10.5)
    apart = 0.12 if few else 0.18
    for text, size, place, bold in (
        (wording.count(counts.cells[label][prediction]), big, 0.5 - apart, True),
        (f"{100 * share:.0f}%", small, 0.5 + apart + (0.06 if few else 0.04), False),
    ):
        axes.text(
            prediction + 0.5,
            label + place,
            text,
            color=colour,
            ha="center",
            va="center",
            fontproperties=font(size, bold=bold),
        )


def _that_fit(canvas: Canvas, classes: Sequence[str], room: float) -> list[str]:
    """What stands above the columns: in full, else the names alone, else the numbers that the rows bear."""
    full, alone = [f"predicted {name}" for name in classes], list(classes)
    for names in (full, alone):
        if all(canvas.width(name, TEXT) <= room - 20 for name in names):
            return names
    return [str(i) for i in range(1, len(classes) + 1)]


def _names(canvas: Canvas, axes: Axes, names: Sequence[str], room: float, *, along: str) -> None:
    size = TEXT if len(names) <= 3 else SMALL
    room = room - 20 if along == "x" else room - MARGIN - 12
    labels = [plain(canvas.fitted(name, room, size)) for name in names]
    axis = axes.xaxis if along == "x" else axes.yaxis
    axis.set_ticks([i + 0.5 for i in range(len(names))])
    for label in axis.set_ticklabels(labels):
        label.set_fontproperties(font(size))
        label.set_color(INK if along == "y" else GREY)
    axes.xaxis.tick_top()


def _title(scene: Scene, counts: Counts) -> str:
    if len(counts.classes) == 2:
        positive = _positive(scene, counts)
        caught, there = counts.cells[positive][positive], sum(counts.cells[positive])
        alarms, others = counts.cells[1 - positive][positive], sum(counts.cells[1 - positive])
        if there and others:
            name = counts.classes[positive]
            those = "the positives" if name == POSITIVE else f"“{_cut(name)}”"
            return (
                f"{wording.percent(round(caught / there, 3))} of {those} are caught, "
                f"{wording.percent(round(alarms / others, 3))} of the others are flagged wrongly"
            )
    right = sum(counts.cells[i][i] for i in range(len(counts.classes)))
    text = f"{wording.percent(round(right / counts.rows, 3))} of the predictions are right"
    wrong = [
        (counts.cells[i][j], counts.classes[i], counts.classes[j])
        for i in range(len(counts.classes))
        for j in range(len(counts.classes))
        if i != j
    ]
    most, label, prediction = max(wrong, default=(0.0, "", ""))
    return f"{text}; most often “{_cut(label)}” is taken for “{_cut(prediction)}”" if most else text


def _cut(name: str) -> str:
    return name if len(name) <= MOST_LETTERS_IN_THE_TITLE else name[: MOST_LETTERS_IN_THE_TITLE - 1].rstrip() + ELLIPSIS


def _positive(scene: Scene, counts: Counts) -> int:
    """Which class counts as positive: the model card's, else the one that the true positives were counted for."""
    named = scene.card.positive if scene.card is not None else None
    for name in (POSITIVE, named):
        if name in counts.classes:
            return counts.classes.index(name)
    hits = scene.table.find("true_positives")
    if hits is not None and hits.value is not None:
        return next((i for i in range(2) if counts.cells[i][i] == hits.value), 1)
    return 1


def _alt(scene: Scene, title: str, counts: Counts) -> str:
    cells = [
        f"{label} predicted {prediction}: {wording.count(counts.cells[i][j])}"
        for i, label in enumerate(counts.classes)
        for j, prediction in enumerate(counts.classes)
    ]
    return f"{title}. Confusion matrix of {scene.model}, {wording.count(counts.rows)} rows. {'; '.join(cells)}."


chart = ChartKind(name="confusion", paint=paint)
