"""The check ``multivariate_drift``: have features drifted together in a way that none shows alone?"""

from __future__ import annotations

from collections.abc import Iterable

from analysis.judgement import wording
from analysis.judgement.check import Check, Example, Question, above, subject_of
from analysis.judgement.conditions import rule, told
from analysis.values import Basis, CheckResult, Measure

WARN = 0.65
REBUILT_WORSE_BY = 0.10


def judge(question: Question) -> Iterable[CheckResult]:
    """Asks whether the window's rows can be told from the reference's by all features together.

    A classifier learns to tell them apart on half of both samples; its ROC AUC on the other half is 0.5 where nothing
    tells them apart. It warns when that is certainly above 0.65 (a bare `warn` or `fail` is what is allowed), and when
    rows are rebuilt from the reference's principal components with an error more than 10% larger than the reference's
    own rows: then features have lost the correlations they had. It is asked only where the model card names it.
    """
    classifier = question.table.find("domain_classifier_auc")
    if classifier is None:
        yield question.skipped("Drift of all features together needs a reference:, features, and 400 rows of either.")
        return
    warn, fail = question.conditions(warn=(above(WARN),), fail=(), bad="above")
    ruling = rule(question.table.contrasted(classifier), warn=warn, fail=fail)
    yield question.result(subject_of(classifier), ruling.verdict, told(ruling), (classifier,))
    window, before = (question.table.find("pca_reconstruction_error", basis=b) for b in ("realized", "reference"))
    if window is not None and before is not None:
        yield _rebuilt(question, window, before)


def _rebuilt(question: Question, window: Measure, before: Measure) -> CheckResult:
    limit = (before.high or before.value or 0.0) * (1 + REBUILT_WORSE_BY)
    worse = (window.low if window.low is not None else window.value or 0.0) > limit
    says = (
        f"PCA reconstruction error is {wording.figure(window.value or 0.0)}, on the reference "
        f"{wording.figure(before.value or 0.0)}"
    )
    says += ": features no longer go together as they did. Look next at joins and units." if worse else "."
    return question.result(subject_of(window), "warn" if worse else "pass", says, (window, before))


def _measure(name: str, value: float, half: float, basis: Basis) -> Measure:
    return Measure(measure=name, value=value, low=value - half, high=value + half, n=5000, version="1", basis=basis)


check = Check(
    name="multivariate_drift",
    judge=judge,
    covers=("domain_classifier_auc", "pca_reconstruction_error"),
    by_default=False,
    examples=(
        Example(
            # 2.30 - 0.02 = 2.28, and (2.00 + 0.02) times 1.1 is 2.222.
            title="a join went wrong: each column looks the same, rows do not",
            measures=(
                _measure("domain_classifier_auc", 0.80, 0.01, "difference"),
                _measure("pca_reconstruction_error", 2.30, 0.02, "realized"),
                _measure("pca_reconstruction_error", 2.00, 0.02, "reference"),
            ),
            verdicts=("warn", "warn"),
            says=("above the limit of 0.650", "features no longer go together as they did"),
        ),
        Example(
            title="nothing tells them apart",
            measures=(
                _measure("domain_classifier_auc", 0.51, 0.01, "difference"),
                _measure("pca_reconstruction_error", 2.01, 0.02, "realized"),
                _measure("pca_reconstruction_error", 2.00, 0.02, "reference"),
            ),
            verdicts=("pass", "pass"),
        ),
        Example(title="no reference", measures=(), verdicts=("skipped",)),
    ),
)
