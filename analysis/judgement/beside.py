"""A number of the judged version beside the other version's, in words."""

from __future__ import annotations

from analysis.judgement import wording
from analysis.judgement.contrast import estimate
from analysis.values import Measure, Result


def beside_the_other(result: Result, measure: Measure) -> str:
    """``1.9 points below v2 (-3.4 to -0.6 points)``, on the same cases; nothing where that was not measured."""
    place = (measure.measure, "difference", measure.feature, measure.class_, measure.slice, measure.period)
    found = next(
        (m for m in result.measures if (m.measure, m.basis, m.feature, m.class_, m.slice, m.period) == place), None
    )
    number = estimate(found) if found is not None else None
    if result.against is None or number is None:
        return ""
    ends = wording.span(measure.measure, number)
    said = f" ({ends})" if ends else ""
    if number.low is not None and number.high is not None and number.low <= 0 <= number.high:
        return f"not to be told from {result.against}{said}"
    if not number.value:
        return f"as {result.against}{said}"
    side = "above" if number.value > 0 else "below"
    return f"{wording.distance(measure.measure, number.value)} {side} {result.against}{said}"
