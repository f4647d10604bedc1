"""The check ``unseen_values``: which categories did the reference never have?"""

from __future__ import annotations

from collections.abc import Iterable

from analysis.judgement import wording
from analysis.judgement.check import Check, Example, Question
from analysis.judgement.histogram import unseen
from analysis.judgement.history import first_bad
from analysis.judgement.rates import judged_rates
from analysis.values import CheckResult, Measure


def judge(question: Question) -> Iterable[CheckResult]:
    """Looks for categories that the reference never had, and names them.

    The model has learnt nothing about them. It warns when they make up more than 0.5 % of a feature's rows and fails
    above 5 %; a bare `warn` or `fail` is the share that is allowed. Needs a `reference:` in the model card. The rows
    are taken as they are, without an interval.
    """
    return judged_rates(
        question,
        "unseen_rate",
        needs="name a reference: in the model card, and features that are categories",
        next_step=_values,
    )


def _values(question: Question, rate: Measure) -> str:
    new = unseen(question.table, rate.feature or "")
    if not new:
        return "No single new value is frequent; look next at whether this column is a category at all."
    named = [f"“{m.slice[0][1]}” ({wording.percent(m.value or 0.0)}{_since(question, m)})" for m in new if m.slice]
    noun = "value is" if len(named) == 1 else "values are"
    return f"The new {noun} {wording.listed(named)}. Ask the source whether that is meant; then retrain or map it."


def _since(question: Question, share: Measure) -> str:
    start = first_bad(question.table.over_time(share), lambda value: value > 0)
    return f" since {start.period}" if start is not None else ""


def _rate(value: float, period: str | None = None) -> Measure:
    return Measure(measure="unseen_rate", value=value, n=1000, version="1", feature="material", period=period)


def _share(value: float, text: str) -> Measure:
    return Measure(
        measure="share",
        value=value,
        n=1000,
        version="1",
        feature="material",
        slice=(("material", text),),
        note="unseen",
    )


check = Check(
    name="unseen_values",
    judge=judge,
    covers=("unseen_rate",),
    examples=(
        Example(
            title="a new material since the eighth week",
            measures=(_rate(0.06), _rate(0.0, "2026-W07"), _rate(0.12, "2026-W08"), _share(0.06, "linen-blend")),
            verdicts=("fail",),
            says=("above the limit of 5% since 2026-W08.", "The new value is “linen-blend” (6%)."),
        ),
        Example(
            title="two new values",
            measures=(_rate(0.02), _share(0.008, "jute"), _share(0.012, "hemp")),
            verdicts=("warn",),
            says=("The new values are “hemp” (1.2%) and “jute” (0.8%)",),
        ),
        Example(title="a stray misspelling", measures=(_rate(0.001),), verdicts=("pass",)),
        Example(title="no reference", measures=(), verdicts=("skipped",)),
    ),
)
