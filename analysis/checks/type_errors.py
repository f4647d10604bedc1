"""The check ``type_errors``: are there values of another type than the column's?"""

from __future__ import annotations

from collections.abc import Iterable

from analysis.judgement.check import Check, Example, Question
from analysis.judgement.rates import judged_rates
from analysis.values import CheckResult, Measure


def judge(question: Question) -> Iterable[CheckResult]:
    """Looks for values that are not of their column's type, such as words among numbers.

    It warns at the first one and fails above 1 % of the rows; a bare `warn` or `fail` is the share that is allowed. The
    rows are taken as they are, without an interval.
    """
    return judged_rates(
        question,
        "type_error_rate",
        needs="no feature's types were looked at",
        next_step=_look_next,
    )


def _look_next(_: Question, __: Measure) -> str:
    return "Look next at the job that writes this column."


def _rate(value: float) -> Measure:
    return Measure(measure="type_error_rate", value=value, n=4000, version="1", feature="price")


check = Check(
    name="type_errors",
    judge=judge,
    covers=("type_error_rate",),
    examples=(
        Example(title="every fiftieth value", measures=(_rate(0.02),), verdicts=("fail",), says=("in price is 2%",)),
        Example(title="one of 4,000", measures=(_rate(0.00025),), verdicts=("warn",), says=("0.025%",)),
        Example(title="none", measures=(_rate(0.0),), verdicts=("pass",)),
        Example(title="not looked at", measures=(), verdicts=("skipped",)),
    ),
)
