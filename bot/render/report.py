"""A result as one HTML page for readers outside the thread, with nothing to be fetched."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from analysis import charts
from analysis.card import ModelCard
from analysis.judgement.beside import beside_the_other
from analysis.judgement.importance import by_importance
from analysis.judgement.left_out import left_out
from analysis.judgement.wording import group, named, plural, sentence, shown, words
from analysis.measure_table import ROWS_PERIOD, MeasureTable
from analysis.values import CheckResult, Measure, Result, Rows
from bot.render.wording import HEADLINE, WORD

MORE_CHARTS = ("trend", "slices", "drift", "calibration", "confusion")


@dataclass(frozen=True, slots=True)
class NumberRow:
    name: str
    value: str
    interval: str
    n: str


@dataclass(frozen=True, slots=True)
class CheckRow:
    verdict: str
    word: str
    name: str
    says: str


def report(result: Result, card: ModelCard) -> str:
    """The page. Equal results give equal pages."""
    more = [kind for kind in MORE_CHARTS if kind != "trend" or _has_a_past(result)]
    gallery = charts.gallery(result, card=card, more=more)
    rows = [_check_row(c) for c in by_importance(result.checks) if c.verdict != "skipped" or c.asked]
    return _template().render(
        result=result,
        card=card,
        window=_window(result),
        reference=_span(result.reference) if result.reference is not None else None,
        left_out=left_out(card, result),
        headline=f"{result.model} {HEADLINE[result.verdict]}",
        verdict=WORD[result.verdict],
        charts=[(chart, base64.b64encode(chart.png).decode()) for chart in gallery.charts],
        not_drawn=gallery.left_out,
        checks=[row for row in rows if row.verdict != "pass"],
        passed=[row for row in rows if row.verdict == "pass"],
        skipped=_skipped(result),
        numbers=[_number_row(m, beside_the_other(result, m)) for m in result.measures if _is_whole(m, result.version)],
        groups=[_number_row(m) for m in result.measures if _is_of_a_group(m, result.version)],
    )


def _window(result: Result) -> str:
    """The rows that were judged, and from when to when; where the window names no end, the first and last period."""
    if result.window.start is not None or result.window.end is not None:
        return _span(result.window)
    periods = MeasureTable(result.measures, version=result.version, against=result.against).periods()
    over = f", {periods[0]} to {periods[-1]}" if periods and not ROWS_PERIOD.fullmatch(periods[0]) else ""
    return f"{plural(result.window.rows, 'row')}{over}"


def _span(rows: Rows) -> str:
    begin = f" from {_minute(rows.start)}" if rows.start is not None else ""
    end = f" before {_minute(rows.end)}" if rows.end is not None else ""
    return f"{plural(rows.rows, 'row')}{begin}{end}{' UTC' if begin or end else ''}"


def _minute(instant: str) -> str:
    return instant[:16].replace("T", " ")


def _skipped(result: Result) -> str:
    many = sum(c.verdict == "skipped" for c in result.checks)
    needed = "it needs" if many == 1 else "they need"
    return f"{plural(many, 'check')} skipped for want of what {needed}." if many else ""


@cache
def _template() -> Template:
    loader = PackageLoader("bot.render", "templates")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True).get_template(
        "report.html"
    )


def _has_a_past(result: Result) -> bool:
    """Whether a number over time would be more than a dot."""
    return len(MeasureTable(result.measures, version=result.version, against=result.against).periods()) > 1


def _check_row(check: CheckResult) -> CheckRow:
    subject = check.subject
    about = [words(subject.measure) if subject.measure else "", subject.feature or "", group(subject.slice)]
    name = ": ".join(p for p in (check.check, " · ".join(a for a in about if a)) if p)
    return CheckRow(check.verdict, WORD[check.verdict], name, check.says)


def _number_row(m: Measure, beside: str = "") -> NumberRow:
    if m.value is None:
        return NumberRow(sentence(named(m)), "–", m.reason or "", f"{m.n:,}")
    interval = ""
    if m.low is not None and m.high is not None:
        interval = f"{shown(m.measure, m.low)} to {shown(m.measure, m.high)}"
    interval = "; ".join(said for said in (interval, beside) if said)
    return NumberRow(sentence(named(m)), shown(m.measure, m.value), interval, f"{m.n:,}")


def _is_whole(m: Measure, version: str) -> bool:
    return _judged(m, version) and m.slice is None


def _is_of_a_group(m: Measure, version: str) -> bool:
    rates = ("false_positive_rate", "false_negative_rate", "selection_rate", "recall", "precision", "roc_auc")
    return _judged(m, version) and m.slice is not None and m.measure in rates


def _judged(m: Measure, version: str) -> bool:
    own = m.basis in ("realized", "estimated") and m.version in (None, version)
    return own and (m.feature, m.class_, m.period) == (None, None, None)
