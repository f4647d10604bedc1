"""The check ``feature_importance``: what does the score rest on, and does it rest on something else than before?"""

from __future__ import annotations

from collections.abc import Iterable

from analysis.judgement import wording
from analysis.judgement.check import Check, Example, Question, subject_of
from analysis.values import Basis, CheckResult, Measure, Subject, Verdict

WARN, FAIL = 0.5, 0.8


def judge(question: Question) -> Iterable[CheckResult]:
    """Measures what share of the score each feature carries, by permutation importance, and how that has moved.

    The model itself is not at hand, so a surrogate learns its score from the features on one half of a sample; the
    number's note says how faithful it is. It warns when one feature carries more than 0.5 of all importance and fails
    above 0.8 (a bare `warn` or `fail` is the share that is allowed), and warns when a share has moved from the
    reference's by more than `moved` (0.15). It is asked only where the model card names it.
    """
    told = question.table.whole("importance", basis="realized")
    there = question.features([m for m in told if m.value is not None])
    if not there and told:
        yield question.skipped(f"Importance was not judged: {told[0].reason}.", Subject(measure="importance"))
        return
    if not there:
        yield question.skipped("Importance was not measured: it needs scores, features and at least 400 rows.")
        return
    warn, fail = question.bounds(warn=WARN, fail=FAIL)
    moved = question.number("moved", 0.15)
    for measure in there:
        before = question.table.find("importance", basis="reference", feature=measure.feature)
        yield _judged(question, measure, before, (warn, fail, moved))


def _judged(
    question: Question, measure: Measure, before: Measure | None, limits: tuple[float | None, float | None, float]
) -> CheckResult:
    warn, fail, moved = limits
    share, then = measure.value or 0.0, before.value if before is not None else None
    apart = abs(share - then) if then is not None else 0.0
    verdict: Verdict = "pass"
    if fail is not None and share > fail:
        verdict = "fail"
    elif (warn is not None and share > warn) or apart > moved:
        verdict = "warn"
    says = f"{measure.feature} carries {wording.percent(round(share, 3))} of what the score rests on"
    if then is not None:
        says += f", on the reference {wording.percent(round(then, 3))}"
    says += f" ({measure.note})." if measure.note else "."
    if verdict in ("warn", "fail"):
        says += f" Look next at what the model does when {measure.feature} is missing or wrong."
    return question.result(subject_of(measure), verdict, says, (measure, before))


def _importance(share: float, feature: str = "price", basis: Basis = "realized") -> Measure:
    return Measure(measure="importance", value=share, n=4000, version="1", feature=feature, basis=basis)


check = Check(
    name="feature_importance",
    judge=judge,
    options=("moved",),
    covers=("importance",),
    by_default=False,
    tasks=("binary", "multiclass", "regression"),
    examples=(
        Example(
            title="one feature carries nearly everything",
            measures=(_importance(0.85), _importance(0.15, "age")),
            verdicts=("fail", "pass"),
            says=("price carries 85% of what the score rests on",),
        ),
        Example(
            # 0.40 - 0.20 = 0.20, and 0.15 is allowed.
            title="the score rests on something else than before",
            measures=(_importance(0.40), _importance(0.20, basis="reference")),
            verdicts=("warn",),
            says=("price carries 40% of what the score rests on, on the reference 20%",),
        ),
        Example(title="nothing to measure", measures=(), verdicts=("skipped",)),
    ),
)
