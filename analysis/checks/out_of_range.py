"""The check ``out_of_range``: do numbers lie where the reference never went?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from analysis.judgement import wording
from analysis.judgement.check import Check, Example, Question
from analysis.judgement.rates import judged_rates
from analysis.values import CheckResult, Measure

MOST_BY_CHANCE = 5.572
"""The 97.5 % point of the sum of two exponential waiting times."""


def judge(question: Question) -> Iterable[CheckResult]:
    """Looks for numbers beyond the lowest and the highest of the reference.

    It warns when more than 1 % of a feature's rows lie outside and fails above 5 %; a bare `warn` or `fail` is the
    share that is allowed. A reference of few rows has not seen how far numbers go: what lies outside by chance alone is
    *cannot tell*. Needs a `reference:` in the model card.
    """
    return judged_rates(
        question,
        "out_of_range_rate",
        needs="name a reference: in the model card, and features that are numbers",
        next_step=_look_next,
        doubt=_few_in_the_reference,
    )


def _few_in_the_reference(question: Question, rate: Measure) -> str | None:
    """Of rows like the reference's m, the share beyond its ends is Beta(2, m - 1): 2 / (m + 1) on average, and no more
    than some 5.6 / m in 97.5 of 100 references."""
    volume = question.table.find("volume", basis="reference")
    if volume is None or not volume.value or rate.low is None:
        return None
    most = MOST_BY_CHANCE / volume.value
    if rate.low > most:
        return None
    rows, share = wording.count(int(volume.value)), wording.percent(round(most, 3))
    return f"A reference of {rows} rows leaves up to {share} outside by chance alone; a longer one would tell."


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
        Example(
            title="beyond the ends of few rows",
            measures=(
                replace(_rate(0.063), low=0.039, high=0.1),
                Measure(measure="volume", value=132, n=132, version="1", basis="reference"),
            ),
            verdicts=("unsure",),
            says=("A reference of 132 rows leaves up to 4.2% outside by chance alone; a longer one would tell.",),
        ),
        Example(title="2%", measures=(_rate(0.02),), verdicts=("warn",)),
        Example(title="exactly 1%", measures=(_rate(0.01),), verdicts=("pass",)),
        Example(title="no reference", measures=(), verdicts=("skipped",)),
    ),
)
