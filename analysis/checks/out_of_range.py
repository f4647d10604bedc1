"""The check ``out_of_range``: do numbers lie where the reference never went?"""

from __future__ import annotations

from collections.abc import Iterable

from analysis.judgement.check import Check, Example, Question
from analysis.judgement.rates import judged_rates
from analysis.values import CheckResult, Measure


def judge(question: Question) -> Iterable[CheckResult]:
    """Looks for numbers beyond the lowest and the highest of the reference.

    It warns when more than 1 % of a feature's rows lie outside and fails above 5 %; a bare `warn` or `fail` is the
    share that is allowed. Needs a `reference:` in the model card. The rows are taken as they are, without an interval.
    """
    return judged_rates(
        question,
        "out_of_range_rate",
        needs="name a reference: in the model card, and features that are numbers",
        next_step=_look_next,
    )


def _look_next(_: Question, __: Measure) -> str:
    return "Look next at its unit and at the source that writes it."


def _rate(value: float, period: str | None = None) -> Measure:
    return Measure(measure="out_of_range_rate", value=value, n=1000, version="1", feature="price", period=period)


check = Check(
    name="out_of_range",
    judge=judge,
    covers=("out_of_range_rate",),
    examples=(
        Example(
            title="7% beyond the reference's range",
            measures=(_rate(0.07), _rate(0.0, "2026-01"), _rate(0.14, "2026-02")),
            verdicts=("fail",),
            says=("Share of values out of range in price is 7% (n = 1,000), above the limit of 5% since 2026-02.",),
        ),
        Example(title="2%", measures=(_rate(0.02),), verdicts=("warn",)),
        Example(title="exactly 1%", measures=(_rate(0.01),), verdicts=("pass",)),
        Example(title="no reference", measures=(), verdicts=("skipped",)),
    ),
)
