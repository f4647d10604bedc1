"""The check ``leakage``: does a feature know the label?"""

from __future__ import annotations

from collections.abc import Iterable

from analysis.judgement import wording
from analysis.judgement.check import Check, Example, Question, above, subject_of
from analysis.judgement.conditions import rule
from analysis.values import CheckResult, Measure

WARN, FAIL = 0.95, 0.995


def judge(question: Question) -> Iterable[CheckResult]:
    """Looks for features that know the label: identifiers in the order of the label, or what is known only afterwards.

    Each feature alone is asked to tell the label (learned on one half of a sample, told on the other). It warns when
    the ROC AUC is certainly above 0.95 and fails above 0.995; a bare `warn` or `fail` is what a feature may reach.
    Needs a binary model and labels.
    """
    measures = question.features(question.table.whole("label_auc"))
    warn, fail = question.conditions(warn=(above(WARN),), fail=(above(FAIL),), bad="above")
    if not measures:
        yield question.skipped("Leakage was not looked for: it needs labels of both classes and features.")
    for measure in measures:
        ruling = rule(question.table.contrasted(measure), warn=warn, fail=fail)
        verdict = "pass" if ruling.verdict == "unsure" else ruling.verdict
        yield question.result(subject_of(measure), verdict, _says(measure, verdict), (measure,))


def _says(measure: Measure, verdict: str) -> str:
    ends = wording.interval("roc_auc", measure)
    number = f"{wording.figure(measure.value or 0.0)} ({ends}, n = {wording.count(measure.n)})"
    if verdict not in ("warn", "fail"):
        return f"{measure.feature} alone tells the label with a ROC AUC of {number}."
    return (
        f"{measure.feature} alone tells the label with a ROC AUC of {number}: it seems to know what only comes later, "
        "or to be an identifier in the order of the label. Look next at when and from what it is made."
    )


def _auc(value: float, feature: str) -> Measure:
    return Measure(
        measure="label_auc", value=value, low=value - 0.002, high=value + 0.002, n=5000, version="1", feature=feature
    )


check = Check(
    name="leakage",
    judge=judge,
    covers=("label_auc",),
    tasks=("binary",),
    examples=(
        Example(
            title="a feature that is filled when the label is known",
            measures=(_auc(0.71, "price"), _auc(0.998, "refund_date")),
            verdicts=("pass", "fail"),
            says=("price alone tells the label", "refund_date alone tells the label with a ROC AUC of 0.998"),
        ),
        Example(title="a very good feature", measures=(_auc(0.96, "past_returns"),), verdicts=("warn",)),
        Example(title="no labels", measures=(), verdicts=("skipped",)),
    ),
)
