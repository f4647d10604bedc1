"""The message around a trend: first and last point in words, the chart, and what the marks stand for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from analysis.drawing.chart import Chart
from analysis.judgement.wording import count, listed, named
from analysis.values import Measure
from bot.remembered import MarkedNote
from bot.render.blocks import TEXT_MOST, Block, context, cut, escape, header, picture, section
from bot.render.wording import measured
from storage.messages import Content, Picture
from storage.quoting import quoted

MOST_HOLLOW = 4
MOST_OF_A_NOTE = 240


def trend_message(
    model: str,
    points: Sequence[Measure],
    *,
    told: Sequence[Measure],
    chart: Chart,
    marked: Sequence[MarkedNote],
    notes: int,
) -> Content:
    """``told`` are the points that rest on enough labels; ``notes`` is how many notes the model has in all."""
    measure = named(replace(points[0], period=None))
    title = f"{model}: {measure} over time"
    known = [p for p in points if p.value is not None]
    lines = [f"No period has a value of {escape(measure)} yet."]
    if known:
        lines = _ends(list(told) or known) + _hollow([p for p in known if p not in told])
    sentence = "\n".join(lines)
    blocks: list[Block] = [header(title), section(sentence), picture(chart.alt)]
    said = [
        quoted(m.annotation, m.text, most=MOST_OF_A_NOTE, rest=f" · {escape(m.marker.period)}") for m in marked
    ]  # fmt: skip
    if notes > len(said):
        said.append(f"{notes - len(said)} more: `notes {escape(model)}`")
    if said:
        blocks.append(context(*said))
    blocks.append(context(f"Replies in the thread are kept with {escape(model)}."))
    text = cut("\n".join([f"{escape(title)}. {escape(chart.alt)}", *said]), TEXT_MOST)
    quotes = tuple(m.annotation for m in marked)
    shown = Picture(f"{model}-{points[0].measure}.png", chart.title, chart.alt, chart.png)
    return Content(text=text, blocks=tuple(blocks), picture=shown, quotes=quotes)


def _ends(told: Sequence[Measure]) -> list[str]:
    """The latest period that is settled, and the first."""
    first, last = told[0], told[-1]
    lines = [f"Latest settled, {escape(last.period or '')}: {measured(last)}"]
    return lines if first is last else [*lines, f"First, {escape(first.period or '')}: {measured(first)}"]


def _hollow(thin: Sequence[Measure]) -> list[str]:
    if not thin:
        return []
    named = [f"{escape(m.period or '')} (n {count(m.n)})" for m in thin]
    return [f"Hollow, too few labels yet: {listed(named, MOST_HOLLOW)}"]
