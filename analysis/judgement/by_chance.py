"""Whether chance alone may have moved a feature's values, and whether they are values that can be compared at all."""

from __future__ import annotations

from analysis.judgement.check import Question
from analysis.judgement.conditions import ROUNDING
from analysis.values import Measure

CHANCE_TAKEN_FOR_NO_DRIFT = 0.01
FEWEST_ROWS_WITHOUT_A_COMMON_VALUE = 100
"""On either side; of fewer rows, all may differ by chance."""
DISTINCT_AS_AN_IDENTIFIER = 0.9
"""Values per row of the reference."""


def has_nothing_in_common(question: Question, measure: Measure) -> bool:
    """Whether no value is both in the window and in the reference. Where each value occurs once, as names do, a test of
    counts sees nothing in that."""
    apart = question.table.find("total_variation", basis="difference", feature=measure.feature)
    if apart is None or (apart.value or 0.0) < 1 - ROUNDING:
        return False
    rows = min(apart.n, question.table.contrasted(apart).reference_rows or 0)
    return rows >= FEWEST_ROWS_WITHOUT_A_COMMON_VALUE


def may_be_chance(question: Question, measure: Measure) -> bool:
    if has_nothing_in_common(question, measure):
        return False
    tests = [question.table.find(name, feature=measure.feature) for name in ("chi2_p", "ks_p")]
    chances = [m.value for m in tests if m is not None and m.value is not None]
    return bool(chances) and min(chances) > CHANCE_TAKEN_FOR_NO_DRIFT


def identifier(question: Question, measure: Measure) -> str | None:
    """What to say of a category of which nearly every row of the reference has a value of its own; None for others."""
    different = question.table.find("unique_values", basis="reference", feature=measure.feature)
    is_category = question.table.find("unseen_rate", feature=measure.feature) is not None
    if different is None or not is_category or different.n < FEWEST_ROWS_WITHOUT_A_COMMON_VALUE:
        return None
    if (different.value or 0.0) < DISTINCT_AS_AN_IDENTIFIER * different.n:
        return None
    return (
        f"{measure.feature} looks like an identifier: nearly every row of the reference has a value of its own. "
        "If it is one, exclude it in the model card."
    )
