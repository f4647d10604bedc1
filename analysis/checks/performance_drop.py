"""The check ``performance_drop``: is the model worse than on the reference?"""

from __future__ import annotations

from collections.abc import Iterable

from analysis.card import CheckSetting, Condition
from analysis.judgement import wording
from analysis.judgement.check import Check, Example, Question, subject_of
from analysis.judgement.comparison import as_drops, main_measure
from analysis.judgement.conditions import rule
from analysis.judgement.rates import ruled
from analysis.values import Basis, CheckResult, Measure


def judge(question: Question) -> Iterable[CheckResult]:
    """Compares the model's main number with the reference's: ROC AUC, accuracy, mean absolute error or NDCG by task.

    It warns when the number is worse by more than 0.02 and fails by more than 0.05 (errors: 10 % and 20 % higher).
    `measure` chooses another number; a bare `warn` or `fail` is how much worse it may be, `2%` relative to the
    reference. Both sides bring their uncertainty: when the interval of the difference holds the limit, the answer is
    *cannot tell*. Needs a `reference:` with labels in the model card.
    """
    measure = main_measure(question)
    judged = question.table.find(measure) if measure is not None else None
    if measure is None or judged is None:
        yield question.skipped(f"There is no {wording.words(measure or 'measure')} of performance to compare.")
        return
    if not question.asked and _asked_elsewhere(question, measure):
        return
    contrasted = question.table.contrasted(judged)
    if contrasted.reference is None:
        says = "Performance was not compared: name a reference: with labels in the model card."
        yield question.skipped(says, subject_of(judged))
        return
    warn, fail = as_drops(question, measure)
    yield ruled(question, judged, rule(contrasted, warn=warn, fail=fail), _look_next)


def _asked_elsewhere(question: Question, measure: str) -> bool:
    return any(
        setting.check == measure and setting.slice is None and setting.class_ is None and "_reference_by" in c.kind
        for setting in question.card.checks
        for c in (*setting.warn, *setting.fail)
    )


def _look_next(_: Question, __: Measure) -> str:
    return "Look next at the groups in which it fails and at the features that drifted."


def _auc(value: float, half: float, n: int, *, basis: Basis = "realized", period: str | None = None) -> Measure:
    return Measure(
        measure="roc_auc",
        value=value,
        low=value - half,
        high=value + half,
        n=n,
        version="1",
        basis=basis,
        period=period,
    )


check = Check(
    name="performance_drop",
    judge=judge,
    options=("measure",),
    examples=(
        Example(
            # 0.62 − 0.72 = −0.10; half-width √(0.02² + 0.01²) = 0.0224; −0.0776 < −0.05.
            title="worse than the reference beyond doubt, since the ninth week",
            measures=(
                _auc(0.62, 0.02, 4000),
                _auc(0.72, 0.01, 9000, basis="reference"),
                _auc(0.71, 0.04, 1000, period="2026-W08"),
                _auc(0.60, 0.04, 1000, period="2026-W09"),
                _auc(0.58, 0.04, 1000, period="2026-W10"),
            ),
            verdicts=("fail",),
            says=("more than 0.050 below the reference (0.720) since 2026-W09.",),
        ),
        Example(
            # −0.04 ± 0.0224 = −0.0624 … −0.0176 holds both −0.05 and −0.02.
            title="worse, but the interval holds the limits",
            measures=(_auc(0.68, 0.02, 4000), _auc(0.72, 0.01, 9000, basis="reference")),
            verdicts=("unsure",),
        ),
        Example(
            title="as good as the reference",
            measures=(_auc(0.73, 0.02, 4000), _auc(0.72, 0.01, 9000, basis="reference")),
            verdicts=("pass",),
        ),
        Example(
            title="an error that rises: 13 is 30% above 10, and a fifth is allowed",
            card={"task": "regression"},
            measures=(
                Measure(measure="mean_absolute_error", value=13.0, low=12.7, high=13.3, n=900, version="1"),
                Measure(
                    measure="mean_absolute_error",
                    value=10.0,
                    low=9.9,
                    high=10.1,
                    n=9000,
                    version="1",
                    basis="reference",
                ),
            ),
            verdicts=("fail",),
            says=("more than 20% above the reference (10.00)",),
        ),
        Example(
            title="another measure with a limit of its own",
            measures=(
                Measure(measure="recall", value=0.55, low=0.53, high=0.57, n=900, version="1"),
                Measure(measure="recall", value=0.60, low=0.59, high=0.61, n=9000, version="1", basis="reference"),
            ),
            setting=CheckSetting(
                check="performance_drop",
                warn=(Condition(kind="bare", bound=(0.02,)),),
                options={"measure": "recall"},
            ),
            verdicts=("warn",),
            says=("more than 2 points below the reference (60%)",),
        ),
        Example(title="without a reference", measures=(_auc(0.7, 0.02, 4000),), verdicts=("skipped",)),
    ),
)
