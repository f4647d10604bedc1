"""The check ``unseen_values``: which categories did the reference never have?"""

from __future__ import annotations

from collections.abc import Iterable

from analysis.judgement import wording
from analysis.judgement.by_chance import has_nothing_in_common, identifier, may_be_chance
from analysis.judgement.check import Check, Example, Question
from analysis.judgement.histogram import unseen
from analysis.judgement.history import first_bad
from analysis.judgement.rates import judged_rates
from analysis.values import CheckResult, Measure

MANY_VALUES = 100
"""So many that a reference may lack some that are not new."""


def judge(question: Question) -> Iterable[CheckResult]:
    """Looks for categories that the reference never had, and names them.

    The model has learnt nothing about them. It warns when they make up more than 0.5 % of a feature's rows and fails
    above 5 %; a bare `warn` or `fail` is the share that is allowed. Needs a `reference:` in the model card. The rows
    are taken as they are, without an interval; but of a category with very many values some are always new, and as
    many as chance may have made are *cannot tell*. A column that looks like an identifier is not judged, unless it has
    no value in common with the reference.
    """
    return judged_rates(
        question,
        "unseen_rate",
        needs="name a reference: in the model card, and features that are categories",
        next_step=_values,
        doubt=_doubt,
        left_out=_left_out,
    )


def _doubt(question: Question, rate: Measure) -> str | None:
    different = question.table.find("unique_values", basis="reference", feature=rate.feature)
    if different is None or (different.value or 0.0) < MANY_VALUES or not may_be_chance(question, rate):
        return None
    return "With so many different values, as many may be new by chance."


def _left_out(question: Question, rate: Measure) -> str | None:
    looks = None if has_nothing_in_common(question, rate) else identifier(question, rate)
    return f"{looks} Its values were not compared." if looks is not None else None


def _values(question: Question, rate: Measure) -> str:
    if looks := identifier(question, rate):
        return looks
    new = unseen(question.table, rate.feature or "")
    if not new and rate.note is not None:
        return "It has too many values to name the new ones; look next at whether this column is a category at all."
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
