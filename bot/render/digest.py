"""The digest: every model in a few lines, with what matters to the persona it is for first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from analysis.judgement.wording import named, plural
from analysis.values import Measure
from bot.render.blocks import TEXT_MOST, Block, context, cut, divider, escape, header, section
from bot.render.card import main_of
from bot.render.wording import HEADLINE, MARK, about, chosen_window, day, measured
from storage.annotations import Annotation
from storage.evaluations import Evaluation
from storage.findings import Finding
from storage.messages import Content
from storage.quoting import is_quoted, quoted

MOST_MODELS = 12
MOST_FINDINGS = 3
MOST_OF_A_NOTE = 140

FIRST_FOR: dict[str, tuple[str, ...]] = {
    "data engineer": ("missing_values", "unseen_values", "out_of_range", "type_errors", "volume"),
    "data analyst": ("drift", "unseen_values", "slice_performance", "stability"),
    "data scientist": ("slice_performance", "performance_drop", "calibration", "drift"),
    "ML engineer": ("performance_drop", "stability", "volume", "drift"),
    "MLOps engineer": ("volume", "stability", "performance_drop", "missing_values"),
    "model risk": ("group_gap", "slice_performance", "performance_drop", "calibration"),
    "product manager": ("performance_drop", "slice_performance", "group_gap"),
    "business lead": ("performance_drop", "slice_performance", "volume"),
}
"""Which checks a persona wants to read first; the same stored findings, another order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestLine:
    model: str
    latest: Evaluation | None
    measures: tuple[Measure, ...]
    """What the latest evaluation measured over its whole window, and what the one before it did."""
    before: tuple[Measure, ...]
    findings: tuple[Finding, ...]
    windows: Mapping[int, str]
    """The chosen windows of the evaluations that the findings' words come from."""
    notes: tuple[tuple[Annotation, str], ...]


def digest_message(lines: Sequence[DigestLine], *, more: int, persona: str | None, now: datetime, zone: str) -> Content:
    """``more``: how many models stand better than those that are shown."""
    title = f"Models on {day(now, zone)}" + (f", for {persona}" if persona else "")
    blocks: list[Block] = [header(title)]
    texts = [title]
    for line in lines:
        of_one = _of_one(line, persona, zone)
        blocks += [section(of_one), divider()]
        texts.append(of_one)
    if not lines:
        blocks.append(section("There are no models to tell of."))
    rest = [f"{plural(more, 'more model')} not shown; `digest --model MODEL` shows one."] if more else []
    blocks.append(context(*rest, "`show MODEL` shows a card again · `findings` lists what is open."))
    said = "\n".join(texts)
    quotes = tuple(note.id for line in lines for note, _ in line.notes if is_quoted(said, note.id))
    models = tuple(line.model for line in lines)
    return Content(text=cut(said, TEXT_MOST), blocks=tuple(blocks), quotes=quotes, models=models)


def _of_one(line: DigestLine, persona: str | None, zone: str) -> str:
    name = f"*{escape(line.model)}*"
    latest = line.latest
    if latest is None or latest.verdict is None or latest.finished_at is None:
        return f"{name} was not evaluated yet: `evaluate {escape(line.model)}`"
    verdict = latest.verdict
    chosen = chosen_window(latest.window, latest.rows)
    when = f"E-{latest.id}, {day(latest.finished_at, zone)}{f', {chosen}' if chosen else ''}"
    rows = [f"{MARK[verdict]} {name} {HEADLINE[verdict]} · {when}"]
    number = next((m for m in main_of(line.measures, version=latest.version) if m.value is not None), None)
    if number is not None:
        earlier = main_of(line.before, version=latest.version)
        rows.append(f"{escape(named(number))} {measured(number)}{_change(number, earlier)}")
    ordered = _for_persona(line.findings, persona)
    if ordered:
        rows.append(f"{plural(len(ordered), 'open finding')}:")
        rows += [
            f"• F-{f.id} {MARK[f.verdict]} {_name(f)}: {_chosen(line, f)}{escape(cut(f.says, 180))}"
            for f in ordered[:MOST_FINDINGS]
        ]
    rows += [
        quoted(
            note.id,
            note.text,
            most=MOST_OF_A_NOTE,
            lead=":speech_balloon: ",
            rest=f" {escape(who)}{f', {escape(note.persona)}' if note.persona else ''}, {day(note.said_at, zone)}",
        )
        for note, who in line.notes
    ]
    return "\n".join(rows)


def _name(finding: Finding) -> str:
    subject = about(finding.subject)
    return f"{escape(finding.check)}{f' ({subject})' if subject else ''}"


def _chosen(line: DigestLine, finding: Finding) -> str:
    window = line.windows.get(finding.judged_by)
    return f"over {window}: " if window else ""


def _change(number: Measure, before: Sequence[Measure]) -> str:
    earlier = next((m for m in before if m.measure == number.measure and m.value is not None), None)
    return f" · before: {measured(earlier)}" if earlier is not None else ""


def _for_persona(found: Sequence[Finding], persona: str | None) -> list[Finding]:
    first = FIRST_FOR.get(persona or "", ())
    severity = {"fail": 0, "warn": 1}
    return sorted(
        found,
        key=lambda f: (severity.get(f.verdict, 2), first.index(f.check) if f.check in first else len(first), f.id),
    )
