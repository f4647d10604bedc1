"""The check ``duplicates``: is the same row logged more than once?"""

from __future__ import annotations

from collections.abc import Iterable

from analysis.judgement.check import Check, Example, Question
from analysis.judgement.rates import judged_rates
from analysis.values import CheckResult, Measure


def judge(question: Question) -> Iterable[CheckResult]:
    """Looks for rows that were logged more than once: they count twice in every number.

    It warns at the first duplicate and fails above 1 % of the rows; a bare `warn` or `fail` is the share that is
    allowed. With a column `id` in the model card, rows of one id are the same row; without it those that are alike in
    every column, in logs of up to 131,072 rows. The rows are taken as they are, without an interval.
    """
    return judged_rates(
        question,
        "duplicate_rate",
        needs="name the column id in the model card",
        next_step=_look_next,
    )


def _look_next(_: Question, __: Measure) -> str:
    return "Look next at the job that writes the log: a retry may have written rows again."


def _rate(value: float) -> Measure:
    return Measure(measure="duplicate_rate", value=value, n=1000, version="1")


check = Check(
    name="duplicates",
    judge=judge,
    covers=("duplicate_rate",),
    tasks=("binary", "multiclass", "regression"),
    examples=(
        Example(title="3% twice", measures=(_rate(0.03),), verdicts=("fail",), says=("Share of duplicate rows is 3%",)),
        Example(title="one of 1,000", measures=(_rate(0.001),), verdicts=("warn",)),
        Example(title="none", measures=(_rate(0.0),), verdicts=("pass",)),
        Example(title="no ids", measures=(), verdicts=("skipped",)),
    ),
)
