"""The list of findings: what is wrong, where, since when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from analysis.judgement.wording import plural
from bot.render.answers import words_only
from bot.render.blocks import cut, escape
from bot.render.wording import MARK, about, day
from storage.findings import Finding
from storage.messages import Content

MOST = 12


def findings_list(
    found: Sequence[Finding],
    windows: Mapping[int, str],
    *,
    count: int,
    model: str | None,
    state: str | None,
    zone: str,
) -> Content:
    """The first of ``count`` findings. ``windows``: the chosen windows of the evaluations whose words they bear."""
    of = f" of {escape(model)}" if model else ""
    what = f"{state} finding" if state else "open finding"
    if not found:
        return words_only(f":large_green_circle: There is no {what}{of}.")
    lines = [f"*{plural(count, what)}{of}*", *(_line(f, windows.get(f.judged_by), zone) for f in found)]
    more = [f"{count - len(found)} more; ask for one model."] if count > len(found) else []
    return words_only("\n".join(lines), notes=[*more, "`show E-…` shows the evaluation of a finding."])


def _line(finding: Finding, window: str | None, zone: str) -> str:
    subject = about(finding.subject)
    name = f"{escape(finding.check)}{f': {subject}' if subject else ''}"
    since = f"since {day(finding.first_seen, zone)}, E-{finding.first_evaluation}"
    if finding.times > 1:
        since += f" · seen {finding.times} times, last in E-{finding.last_evaluation}"
    head = f"{MARK[finding.verdict]} *F-{finding.id}* {escape(finding.model)} · {name}"
    over = f"Over {window}: " if window else ""
    return f"{head}\n{over}{escape(cut(finding.says, 220))} _{since}_"
