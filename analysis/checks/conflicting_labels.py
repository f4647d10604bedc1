"""The check ``conflicting_labels``: do equal rows have different labels?"""

from __future__ import annotations

from collections.abc import Iterable

from analysis.judgement.check import Check, Example, Question
from analysis.judgement.rates import judged_rates
from analysis.values import CheckResult, Measure


def judge(question: Question) -> Iterable[CheckResult]:
    """Looks for rows that are alike in every feature and have different labels: no model can be right about both.

    It warns above 5 % of the rows with a label and fails above 25 %; a bare `warn` or `fail` is the share that is
    allowed. Large logs are looked at in a sample, which finds fewer of them.
    """
    return judged_rates(
        question,
        "conflicting_label_rate",
        needs="it needs labels of classes, and features",
        next_step=_look_next,
    )


def _look_next(_: Question, __: Measure) -> str:
    return "Look next at how labels are made, and for a feature that would tell the rows apart."


def _rate(value: float) -> Measure:
    return Measure(measure="conflicting_label_rate", value=value, n=1000, version="1")


check = Check(
    name="conflicting_labels",
    judge=judge,
    covers=("conflicting_label_rate",),
    tasks=("binary", "multiclass"),
    examples=(
        Example(title="a third contradicts another row", measures=(_rate(0.33),), verdicts=("fail",)),
        Example(title="one of ten", measures=(_rate(0.1),), verdicts=("warn",)),
        Example(title="none", measures=(_rate(0.0),), verdicts=("pass",)),
        Example(title="no labels", measures=(), verdicts=("skipped",)),
    ),
)
