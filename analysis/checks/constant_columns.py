"""The check ``constant_columns``: has a feature stopped saying anything?"""

from __future__ import annotations

from collections.abc import Iterable

from analysis.judgement import wording
from analysis.judgement.check import Check, Example, Question, subject_of
from analysis.values import Basis, CheckResult, Measure

FEWEST_ROWS = 50
"""Of fewer rows it is no wonder that all are alike."""


def judge(question: Question) -> Iterable[CheckResult]:
    """Looks for features that have one single value: they tell nothing, and most often something upstream is broken.

    It warns for each; where the reference has several values, something has changed.
    """
    counted = question.features(question.table.whole("unique_values", basis="realized"))
    measures = [m for m in counted if m.value is not None and m.feature not in _told_elsewhere(question)]
    if not measures:
        yield question.skipped("No column's values were counted: there are no features, or too many values.")
    for measure in measures:
        before = question.table.find("unique_values", basis="reference", feature=measure.feature)
        yield _judged(question, measure, before)


def _told_elsewhere(question: Question) -> frozenset[str | None]:
    """The label and what the model says: one value there is no matter of quality."""
    columns = question.card.columns
    return frozenset({columns.label, columns.prediction, *([columns.score] if isinstance(columns.score, str) else [])})


def _judged(question: Question, measure: Measure, before: Measure | None) -> CheckResult:
    then = before.value if before is not None else None
    if measure.value != 1 or measure.n < FEWEST_ROWS:
        says = f"{measure.feature} has {wording.plural(int(measure.value or 0), 'value')}."
        return question.result(subject_of(measure), "pass", says, (measure, before))
    says = f"{measure.feature} has the same value in all {wording.count(measure.n)} rows"
    if then is not None and then > 1:
        says += f"; on the reference it had {wording.count(then)}. Look next at what fills it."
    else:
        says += ": it tells nothing. Leave it out, or look at what fills it."
    return question.result(subject_of(measure), "warn", says, (measure, before))


def _unique(value: float, n: int = 900, basis: Basis = "realized") -> Measure:
    return Measure(measure="unique_values", value=value, n=n, version="1", feature="country", basis=basis)


check = Check(
    name="constant_columns",
    judge=judge,
    covers=("unique_values",),
    examples=(
        Example(
            title="a column that has got stuck",
            measures=(_unique(1), _unique(14, basis="reference")),
            verdicts=("warn",),
            says=("country has the same value in all 900 rows; on the reference it had 14.",),
        ),
        Example(title="several values", measures=(_unique(3),), verdicts=("pass",)),
        Example(title="three rows alike are no wonder", measures=(_unique(1, 3),), verdicts=("pass",)),
        Example(title="no features", measures=(), verdicts=("skipped",)),
    ),
)
