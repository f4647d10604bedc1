"""The card: the message of an evaluation, as it runs, when it is done, and when a finding on it has recovered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from analysis.drawing.chart import Chart
from analysis.judgement.beside import beside_the_other
from analysis.judgement.importance import by_importance
from analysis.judgement.wording import named, plural
from analysis.values import CheckResult, Measure, Result
from bot.render.answers import words_only
from bot.render.blocks import (
    TEXT_MOST,
    Block,
    actions,
    button,
    context,
    cut,
    escape,
    header,
    picture,
    section,
)
from bot.render.wording import HEADLINE, MARK, WORD, about, chosen_window, measured
from storage.database import Json
from storage.evaluations import Evaluation
from storage.findings import Change, Finding
from storage.messages import Content, Picture

MOST_FINDINGS = 3
MOST_LINES = 12
LINES_A_BLOCK = 4
KEPT = "Replies in the thread are kept with the model."
WITHDRAWN = Content(text="")
"""What takes a card back: the gateway deletes it."""
MAIN_MEASURES = ("roc_auc", "accuracy", "precision", "recall", "f1", "false_positive_rate", "positive_rate", "brier")


def running(evaluation: Evaluation, *, asked_by: Sequence[str], phase: str, window: str) -> Content:
    """The card while the evaluation proceeds: what it does, who waits for it, and how to stop it."""
    title = f"{evaluation.model}: evaluating"
    sentence = f":hourglass_flowing_sand: {escape(phase)} …"
    stop = button("Stop", "stop", {"evaluation": evaluation.id}, label=f"Stop evaluation E-{evaluation.id}")
    notes = _context(evaluation, asked_by, window, None)
    text = f"{title}. {phase} … E-{evaluation.id}"
    return Content(text=text, blocks=(header(title), section(sentence), actions(stop), context(notes)))


def ended(evaluation: Evaluation, *, says: str, mark: str, asked_by: Sequence[str], window: str) -> Content:
    """The card of an evaluation that failed or was stopped: why, and what to do next."""
    title = f"{evaluation.model}: {'stopped' if evaluation.status == 'stopped' else 'not evaluated'}"
    again = _again(evaluation)
    notes = _context(evaluation, asked_by, window, None)
    text = cut(f"{title}. {escape(says)} E-{evaluation.id}", TEXT_MOST)
    return Content(text=text, blocks=(header(title), section(f"{mark} {escape(says)}"), actions(again), context(notes)))


def over_already(evaluation: Evaluation) -> Content:
    """Told to the one who would stop what has ended: how it ended, and where that is seen."""
    says = f"E-{evaluation.id} of {escape(evaluation.model)} has ended already"
    if evaluation.verdict is not None:
        seen = f"`show E-{evaluation.id}` shows it."
        return words_only(f"{says}: {MARK[evaluation.verdict]} {WORD[evaluation.verdict]}.", notes=[seen])
    why = f"stopped by {escape(evaluation.says or '')}" if evaluation.status == "stopped" else "it failed"
    return words_only(f"{says}: {why}.")


def done(
    evaluation: Evaluation,
    result: Result,
    *,
    chart: Chart | None,
    changes: Sequence[Change],
    asked_by: Sequence[str],
    window: str,
    left_out: str = "",
    talked: Sequence[str] = (),
    quotes: Sequence[int] = (),
) -> Content:
    """The card of a finished evaluation: verdict, one sentence, the chart, three findings, three buttons.

    ``left_out`` says which rows are in no number and which charts are missing, ``talked`` are lines of what people said
    before about the same findings, ``quotes`` the annotations in them."""
    title = f"{result.model} {HEADLINE[result.verdict]}"
    told = _over(evaluation, result) + _sentence(result)
    sentence = f"{MARK[result.verdict]} {told}"
    worst_first = _worth_talking_about(result)
    findings = [_finding(result, c, changes) for c in worst_first[:MOST_FINDINGS]]
    more = len(worst_first) - MOST_FINDINGS
    blocks: list[Block] = [header(title), section(sentence)]
    if chart is not None:
        blocks.append(picture(chart.alt))
    blocks += findings
    without = [escape(left_out)] if left_out else []
    if without:
        blocks.append(context(*without))
    if talked:
        blocks.append(context(*talked))
    blocks.append(
        actions(
            _again(evaluation),
            button("Trend", "trend", {"model": result.model}, label=f"Trend of {result.model}"),
            button("Notes", "notes", {"model": result.model}, label=f"Notes on {result.model}"),
        )
    )
    rest = f" {more} more in the thread." if more > 0 else ""
    blocks.append(context(_context(evaluation, asked_by, window, result) + rest))
    text = "\n".join([f"{title}. {told}", *(_in_words(f) for f in findings), *without, *talked])
    shown = Picture(f"{result.model}-E-{evaluation.id}.png", chart.title, chart.alt, chart.png) if chart else None
    return Content(
        text=cut(f"{text} (E-{evaluation.id})", TEXT_MOST), blocks=tuple(blocks), picture=shown, quotes=tuple(quotes)
    )


def details(evaluation: Evaluation, result: Result) -> Content:
    """The first reply in the card's thread: the main numbers, and every check that did not pass, with those that the
    model card asks for and that could not be judged."""
    numbers = [_with_the_other(result, m) for m in main_measures(result)]
    judged = [f"{MARK[c.verdict]} {_name(c)}: {escape(c.says)}" for c in _worth_talking_about(result)]
    unsure = [f"{MARK[c.verdict]} {_name(c)}: {escape(c.says)}" for c in result.checks if c.verdict == "unsure"]
    passed = sum(c.verdict == "pass" for c in result.checks)
    blocks = [section("\n".join(numbers))] if numbers else []
    unanswered = [f"{MARK[c.verdict]} {_name(c)}: {escape(c.says)}" for c in result.unjudged]
    lines = judged + unsure + unanswered
    shown = lines[:MOST_LINES]
    blocks += [
        section("\n".join(shown[start : start + LINES_A_BLOCK])) for start in range(0, len(shown), LINES_A_BLOCK)
    ]
    notes = [f"{passed} of {len(result.checks)} checks pass."]
    if len(lines) > MOST_LINES:
        notes.append(f"{len(lines) - MOST_LINES} more: `show E-{evaluation.id}` or `parley evaluate --html`.")
    blocks.append(context(*notes))
    text = cut("\n".join([*numbers, *lines, *notes]), TEXT_MOST)
    return Content(text=text, blocks=tuple(blocks))


def _with_the_other(result: Result, measure: Measure) -> str:
    beside = beside_the_other(result, measure)
    return f"*{escape(named(measure))}* {measured(measure)}{f' · {escape(beside)}' if beside else ''}"


def recovered(finding: Finding, *, evaluation: int) -> Content:
    """The reply in the thread where the finding was first talked about."""
    says = f":white_check_mark: *F-{finding.id} has recovered* in E-{evaluation}: {escape(finding.says)}"
    return Content(text=says, blocks=(section(says),))


def with_recovery(content: Content, finding: Finding, *, evaluation: int) -> Content:
    """The older card with its mark: the finding is struck through and says where it recovered."""
    mark = f":white_check_mark: _recovered in E-{evaluation}_ "
    blocks = [_marked(b, f"F-{finding.id}", mark) for b in content.blocks]
    return replace(content, blocks=tuple(blocks))


def _marked(block: Json, block_id: str, mark: str) -> Json:
    if not isinstance(block, dict) or block.get("block_id") != block_id:
        return block
    text: Any = block.get("text")
    if str(text["text"]).startswith(mark.split("_")[0]):
        return block
    return block | {"text": text | {"text": cut(mark + str(text["text"]), 3000)}}


def _over(evaluation: Evaluation, result: Result) -> str:
    """A window that somebody chose is named first: its numbers are not how the model stands."""
    chosen = chosen_window(evaluation.window, result.window.rows)
    return f"Over {chosen}: " if chosen else ""


def _sentence(result: Result) -> str:
    main = next((m for m in main_measures(result) if m.value is not None), None)
    number = f"{escape(named(main))} {measured(main)}" if main else f"{result.window.rows:,} rows"
    beside = beside_the_other(result, main) if main else ""
    number += f": {escape(beside)}" if beside else ""
    counted = {v: sum(c.verdict == v for c in result.checks) for v in ("fail", "warn", "unsure")}
    parts = [
        f"{counted['fail']} fail" if counted["fail"] else "",
        f"{counted['warn']} warn" if counted["warn"] else "",
        f"{counted['unsure']} cannot tell" if counted["unsure"] else "",
    ]
    judged = ", ".join(p for p in parts if p) or ("none fails" if result.unjudged else "all pass")
    of = f"Of {len(result.checks)} checks {judged}" if result.checks else "No check is set up"
    return f"{of}. {_not_judged(result)}{number}."


def _not_judged(result: Result) -> str:
    missed = len(result.unjudged)
    return f"{plural(missed, 'check')} that the model card asks for could not be judged. " if missed else ""


def main_measures(result: Result) -> list[Measure]:
    return main_of(result.measures, version=result.version)


def main_of(measures: Sequence[Measure], *, version: str) -> list[Measure]:
    whole = {
        m.measure: m
        for m in measures
        if m.basis in ("realized", "estimated")
        and m.version in (None, version)
        and (m.feature, m.class_, m.slice, m.period) == (None, None, None, None)
    }
    return [whole[name] for name in MAIN_MEASURES if name in whole]


def _worth_talking_about(result: Result) -> list[CheckResult]:
    return by_importance(c for c in result.checks if c.verdict in ("fail", "warn"))


def _finding(result: Result, check: CheckResult, changes: Sequence[Change]) -> Block:
    change = next((c for c in changes if c.finding.check == check.check and c.finding.subject == timeless(check)), None)
    number = next((result.measures[i] for i in check.measures), None)
    since = ""
    if change is not None and change.kind != "opened":
        since = f" Seen {change.finding.times} times." if change.finding.times > 1 else ""
    id_ = f"F-{change.finding.id}" if change is not None else None
    lines = [f"{MARK[check.verdict]} *{_name(check)}* {WORD[check.verdict]}{f' · {id_}' if id_ else ''}"]
    lines.append(f"{escape(check.says)}{since}")
    if number is not None and "n = " not in check.says:
        lines.append(f"_{escape(named(number))} {measured(number)}_")
    return section("\n".join(lines), block_id=id_)


def timeless(check: CheckResult) -> Any:
    """The subject by which a finding is known again: without the period."""
    return replace(check.subject, period=None)


def _in_words(block: Block) -> str:
    return str(block["text"]["text"])


def _name(check: CheckResult) -> str:
    subject = about(check.subject)
    name = escape(check.check)
    return f"{name}: {subject}" if subject else name


def _again(evaluation: Evaluation) -> Block:
    arguments: dict[str, Json] = {"model": evaluation.model, "window": evaluation.window}
    if evaluation.version:
        arguments["version"] = evaluation.version
    if evaluation.against:
        arguments["against"] = evaluation.against
    return button("Evaluate again", "evaluate", arguments, label=f"Evaluate {evaluation.model} again")


def _context(evaluation: Evaluation, asked_by: Sequence[str], window: str, result: Result | None) -> str:
    who = " and ".join(escape(a) for a in asked_by) or "a schedule"
    rows = f", {result.window.rows:,} rows" if result is not None else ""
    version = f" · version {escape(evaluation.version)}" if evaluation.version else ""
    against = f" against {escape(evaluation.against)}" if evaluation.against else ""
    return f"Asked by {who} · {escape(window)}{rows}{version}{against} · E-{evaluation.id} · {KEPT}"
