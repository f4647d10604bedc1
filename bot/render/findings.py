"""The list of findings: what is wrong, where, since when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from analysis.judgement.wording import plural
from bot.render.answers import words_only
from bot.render.blocks import TEXT_MOST, actions, button, context, cut, escape, section
from bot.render.wording import MARK, about, day
from storage.findings import Finding
from storage.messages import Content

MOST = 12
SAYS_MOST = 220
SAYS_WHOLE = 2000


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
        none = words_only(f":large_green_circle: There is no {what}{of}.")
        return replace(none, models=(model,) if model else ())
    lines = [f"*{plural(count, what)}{of}*", *(_line(f, windows.get(f.judged_by), zone) for f in found)]
    more = [f"{count - len(found)} more; ask for one model."] if count > len(found) else []
    content = words_only("\n".join(lines), notes=[*more, "`show E-…` shows the evaluation of a finding."])
    return replace(content, models=tuple({finding.model for finding in found}))


def finding_message(
    finding: Finding, window: str | None, *, talked: Sequence[str], quotes: Sequence[int], zone: str
) -> Content:
    """One finding with its state, what people said about it, and the way to the evaluation that it was seen in last."""
    state = f"State: {finding.state}" + (f" until {day(finding.until, zone)}" if finding.until else "")
    lines = [_line(finding, window, zone, most=SAYS_WHOLE), state]
    shown = f"E-{finding.last_evaluation}"
    blocks = [section("\n".join(lines))]
    if talked:
        blocks.append(context(*talked))
    blocks.append(
        actions(
            button("Show evaluation", "show", {"what": shown}, label=f"Show evaluation {shown}"),
            button("Notes", "notes", {"model": finding.model}, label=f"Notes on {finding.model}"),
        )
    )
    blocks.append(context(f"Replies in the thread are kept with F-{finding.id}."))
    text = cut("\n".join([*lines, *talked]), TEXT_MOST)
    return Content(text=text, blocks=tuple(blocks), quotes=tuple(quotes))


def _line(finding: Finding, window: str | None, zone: str, *, most: int = SAYS_MOST) -> str:
    subject = about(finding.subject)
    name = f"{escape(finding.check)}{f': {subject}' if subject else ''}"
    since = f"since {day(finding.first_seen, zone)}, E-{finding.first_evaluation}"
    if finding.times > 1:
        since += f" · seen {finding.times} times, last in E-{finding.last_evaluation}"
    head = f"{MARK[finding.verdict]} *F-{finding.id}* {escape(finding.model)} · {name}"
    over = f"Over {window}: " if window else ""
    return f"{head}\n{over}{escape(cut(finding.says, most))} _{since}_"
