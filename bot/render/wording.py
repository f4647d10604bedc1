"""How numbers, subjects, verdicts and times are written for people, in every message alike."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from analysis.judgement.wording import count, group, shown, words
from analysis.values import Measure, Subject, Verdict
from bot.render.blocks import escape

MARK: dict[Verdict, str] = {
    "fail": ":red_circle:",
    "warn": ":large_yellow_circle:",
    "unsure": ":white_circle:",
    "pass": ":large_green_circle:",
    "skipped": ":black_circle:",
}
WORD: dict[Verdict, str] = {
    "fail": "fails",
    "warn": "warns",
    "unsure": "cannot tell",
    "pass": "passes",
    "skipped": "not checked",
}
HEADLINE: dict[Verdict, str] = {
    "fail": "needs attention",
    "warn": "is worth a look",
    "unsure": "cannot tell yet",
    "pass": "is healthy",
    "skipped": "was measured, not checked",
}


def about(subject: Subject) -> str:
    """What a verdict is about, escaped: `recall · region = north`."""
    parts = [
        words(subject.measure) if subject.measure else None,
        subject.feature,
        f"class {subject.class_}" if subject.class_ else None,
        group(subject.slice) or None,
        subject.period,
    ]
    return escape(" · ".join(p for p in parts if p))


def measured(measure: Measure) -> str:
    """A number with its interval and n: `0.449 (0.426–0.472), n 1,795`; or why there is none."""
    if measure.value is None:
        return f"no value ({escape(measure.reason or 'unknown')}), n {measure.n:,}"
    interval = ""
    if measure.low is not None and measure.high is not None:
        interval = f" ({shown(measure.measure, measure.low)} – {shown(measure.measure, measure.high)})"
    return f"{shown(measure.measure, measure.value)}{interval}, n {measure.n:,}"


def chosen_window(window: str, rows: int | None) -> str:
    """`last 7 days, 460 rows`, escaped: a window that somebody chose; nothing for all rows."""
    if window == "all":
        return ""
    return escape(window) + (f", {count(rows)} rows" if rows is not None else "")


def moment(at: datetime, zone: str) -> str:
    return f"{at.astimezone(ZoneInfo(zone)):%a %-d %b %Y, %H:%M} ({zone})"


def day(at: datetime, zone: str) -> str:
    return f"{at.astimezone(ZoneInfo(zone)):%-d %b %Y}"
