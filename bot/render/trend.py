"""The message around a trend: first and last point in words, the chart, and what the marks stand for."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.drawing.chart import Chart, Marker
from analysis.judgement.wording import words
from analysis.values import Measure
from bot.render.blocks import TEXT_MOST, Block, context, cut, escape, header, picture, section
from bot.render.wording import measured
from storage.messages import Content, Picture


def trend_message(
    model: str, measure: str, points: Sequence[Measure], *, chart: Chart, markers: Sequence[Marker]
) -> Content:
    title = f"{model}: {words(measure)} over time"
    known = [p for p in points if p.value is not None]
    sentence = f"No period has a value of {escape(words(measure))} yet."
    if known:
        first, last = known[0], known[-1]
        sentence = f"{escape(last.period or '')}: {measured(last)}"
        if first is not last:
            sentence += f"\n{escape(first.period or '')}: {measured(first)}"
    blocks: list[Block] = [header(title), section(sentence), picture(chart.alt)]
    said = [f"*{escape(m.label)}* ({escape(m.period)}) {escape(m.text)}" for m in markers]
    if said:
        blocks.append(context(*said))
    blocks.append(context(f"Replies in the thread are kept with {escape(model)}."))
    text = cut("\n".join([f"{title}. {escape(chart.alt)}", *said]), TEXT_MOST)
    quotes = tuple(int(m.label.removeprefix("A-")) for m in markers)
    shown = Picture(f"{model}-{measure}.png", chart.title, chart.alt, chart.png)
    return Content(text=text, blocks=tuple(blocks), picture=shown, quotes=quotes)
