"""The chart ``calibration``: what the scores promise beside what came true."""

from __future__ import annotations

from matplotlib.axes import Axes

from analysis.drawing.canvas import BLUE, GREY, MARGIN, PALE, SMALL, Canvas, font, line_height, plain
from analysis.drawing.chart import ChartKind, Scene, Words
from analysis.drawing.values import value_ticks
from analysis.errors import UserError
from analysis.judgement import wording
from analysis.judgement.calibration import calibration_bins
from analysis.values import Measure

DASHED = (0, (6, 3))
FEWEST_ROWS = 10
ROOM_FOR_VALUES, ROOM_FOR_TICKS = 150.0, 84.0
HEIGHT_OF_ROWS = 0.22

Bins = list[tuple[Measure, Measure]]


def paint(canvas: Canvas, scene: Scene) -> Words:
    """For each bin of the score: the mean score from left to right, the share that came true upwards, with its 95 %
    interval. On the dashed line both are the same. The grey bars below show how many rows each bin has."""
    bins = [(score, rate) for score, rate in calibration_bins(scene.table) if rate.n >= FEWEST_ROWS]
    if not bins:
        raise UserError("There is no calibration curve to draw: it needs labels and scores between 0 and 1.")
    title = _title(scene, bins)
    canvas.title(title, f"{scene.model} · by score, bars: 95% interval")
    axes = canvas.axes(left=ROOM_FOR_VALUES, right=MARGIN + 30, below=ROOM_FOR_TICKS)
    _curve(axes, bins)
    _rows(axes, bins)
    canvas.write("score →", 1200 - MARGIN - 30, canvas.bottom - line_height(SMALL), SMALL, colour=GREY, align="right")
    return Words(title, _alt(scene, title, bins))


def _curve(axes: Axes, bins: Bins) -> None:
    scores = [score.value or 0.0 for score, _ in bins]
    rates = [rate.value or 0.0 for _, rate in bins]
    top = max([*scores, *rates, *(rate.high or 0.0 for _, rate in bins)])
    end = 1.0 if top > 0.5 else top * 1.1
    axes.plot([0, end], [0, end], color=GREY, linewidth=2.5, linestyle=DASHED, zorder=2)
    bounded = [(s, rate.low, rate.high) for s, (_, rate) in zip(scores, bins, strict=True) if rate.low is not None]
    axes.vlines(
        [s for s, _, _ in bounded],
        [low or 0.0 for _, low, _ in bounded],
        [high or 0.0 for _, _, high in bounded],
        color=BLUE,
        linewidth=5,
        alpha=0.4,
        zorder=3,
    )
    axes.plot(scores, rates, color=BLUE, linewidth=2.5, marker="o", markersize=9, zorder=4)
    axes.set_xlim(0, end)
    axes.set_ylim(0, end)
    value_ticks(axes, "positive_rate")
    value_ticks(axes, "mean_score", along="x")
    axes.grid(axis="y")
    _names(axes, scores, rates, end)


def _names(axes: Axes, scores: list[float], rates: list[float], end: float) -> None:
    """The line is named on the side where the curve is not."""
    below = sum(r - s for s, r in zip(scores, rates, strict=True)) > 0
    place = 0.80 * end
    axes.annotate(
        plain("as promised"),
        xy=(place, place),
        xytext=(10, -8) if below else (-10, 8),
        textcoords="offset points",
        fontproperties=font(SMALL),
        color=GREY,
        ha="left" if below else "right",
        va="top" if below else "bottom",
    )
    axes.annotate(
        plain("came true"),
        xy=(0.0, 1.0),
        xycoords="axes fraction",
        xytext=(8, -2),
        textcoords="offset points",
        fontproperties=font(SMALL),
        color=GREY,
        ha="left",
        va="top",
    )


def _rows(axes: Axes, bins: Bins) -> None:
    """Bars for the rows of each bin in the lowest part of the same axes, under everything else."""
    most = max(rate.n for _, rate in bins)
    low, high = axes.get_ylim()
    end = axes.get_xlim()[1]
    axes.bar(
        [score.value or 0.0 for score, _ in bins],
        [(high - low) * HEIGHT_OF_ROWS * rate.n / most for _, rate in bins],
        width=end / max(len(bins), 6) * 0.55,
        color=PALE,
        alpha=0.55,
        zorder=1,
    )


def _title(scene: Scene, bins: Bins) -> str:
    promised, happened = scene.table.find("mean_score"), scene.table.find("positive_rate")
    rows = sum(rate.n for _, rate in bins)
    says = _mean(promised, [s for s, _ in bins], rows)
    came = _mean(happened, [r for _, r in bins], rows)
    promise = f"The scores promise {wording.percent(round(says, 3))}"
    if abs(says - came) < 0.01 or _may_be(happened, says):
        return f"{promise} on average and {wording.percent(round(came, 3))} came true"
    return (
        f"{promise} on average, only {wording.percent(round(came, 3))} came true"
        if came < says
        else (f"{promise} on average, but {wording.percent(round(came, 3))} came true")
    )


def _may_be(happened: Measure | None, promised: float) -> bool:
    """Whether the interval of what happened holds what was promised: then nothing is odd about it."""
    if happened is None or happened.low is None or happened.high is None:
        return False
    return happened.low <= promised <= happened.high


def _mean(whole: Measure | None, parts: list[Measure], rows: int) -> float:
    if whole is not None and whole.value is not None:
        return whole.value
    return sum((m.value or 0.0) * m.n for m in parts) / max(rows, 1)


def _alt(scene: Scene, title: str, bins: Bins) -> str:
    pairs = [
        f"{wording.percent(round(score.value or 0.0, 3))} became {wording.percent(round(rate.value or 0.0, 3))}"
        for score, rate in bins
    ]
    error = scene.table.find("expected_calibration_error")
    known = f" Expected calibration error {wording.figure(error.value)}." if error and error.value is not None else ""
    return f"{title}. Calibration of {scene.model}, score and share that came true: {'; '.join(pairs)}.{known}"


chart = ChartKind(name="calibration", paint=paint)
