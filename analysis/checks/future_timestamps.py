"""The check ``future_timestamps``: are there rows from days that have not come yet?"""

from __future__ import annotations

from collections.abc import Iterable

from analysis.judgement.check import Check, Example, Question
from analysis.judgement.rates import judged_rates
from analysis.values import CheckResult, Measure, Subject


def judge(question: Question) -> Iterable[CheckResult]:
    """Looks for rows whose time lies in a period that has not begun yet: a clock or a time zone is wrong.

    It warns at the first such row and fails above 1 % of the rows; a bare `warn` or `fail` is the share that is
    allowed. Needs `periods:` of time in the model card.
    """
    if not question.table.whole("future_rate"):
        if not isinstance(question.card.periods, str):
            yield question.skipped("Rows from the future were not looked for: name periods: in the model card.")
        elif not question.table.periods():
            yield question.skipped("Rows from the future were not looked for: no row has a time.")
        else:
            yield question.result(Subject(), "pass", "No row lies in the future.", ())
        return
    yield from judged_rates(question, "future_rate", needs="name periods:", next_step=_look_next)


def _look_next(_: Question, __: Measure) -> str:
    return "Look next at the clock, the time zone and the unit of the timestamp."


def _rows(period: str) -> Measure:
    return Measure(measure="volume", value=1000.0, n=1000, version="1", period=period)


def _rate(value: float) -> Measure:
    return Measure(measure="future_rate", value=value, n=1000, version="1")


check = Check(
    name="future_timestamps",
    judge=judge,
    covers=("future_rate",),
    examples=(
        Example(title="3% of tomorrow", measures=(_rate(0.03),), verdicts=("fail",), card={"periods": "day"}),
        Example(title="one of 1,000", measures=(_rate(0.001),), verdicts=("warn",), card={"periods": "day"}),
        Example(title="none", measures=(_rows("2026-03-01"),), verdicts=("pass",), card={"periods": "day"}),
        Example(title="no times", measures=(), verdicts=("skipped",), card={"periods": "day"}),
        Example(title="no periods", measures=(), verdicts=("skipped",)),
    ),
)
