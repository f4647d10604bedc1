"""The check ``missing_values``: are more values missing than in the reference?"""

from __future__ import annotations

from collections.abc import Iterable

from analysis.judgement.check import Check, Example, Question, above
from analysis.judgement.comparison import worse_by
from analysis.judgement.conditions import rule
from analysis.judgement.default_limits import MISSING_VERSIONS, MISSING_WITHOUT_REFERENCE, RISE_OF_MISSING
from analysis.judgement.rates import ruled
from analysis.values import Basis, CheckResult, Measure


def judge(question: Question) -> Iterable[CheckResult]:
    """Looks for features whose values are missing more often than in the reference.

    It warns when the share of missing values rose by more than 1 point and fails by more than 5 points. Without a
    reference it warns above 20 % missing and fails above 50 %. Rows that name no version count for none, so any of them
    warn, and more than 5 % fail. A bare `warn` or `fail` is the rise that is allowed;
    `above` is a share. The label is left out, since labels arrive late. The rows are taken as they are: a missing value
    is a fact, not an estimate.
    """
    rates = [
        m
        for m in question.features(question.table.whole("missing_rate"))
        if m.feature is not None and m.feature != question.card.columns.label
    ]
    for rate in rates:
        contrasted = question.table.contrasted(rate)
        if rate.feature == question.card.columns.version:  # such rows count for no version, so none should be
            levels = [above(bound) for bound in MISSING_VERSIONS]
        elif contrasted.reference is not None:
            levels = [worse_by("missing_rate", bound) for bound in RISE_OF_MISSING]
        else:
            levels = [above(bound) for bound in MISSING_WITHOUT_REFERENCE]
        warn, fail = question.conditions(warn=levels[:1], fail=levels[1:], bad=levels[0].kind)
        yield ruled(question, rate, rule(contrasted, warn=warn, fail=fail, exact=True), _look_next)
    if not rates:
        yield question.skipped("No feature's missing values were counted; look at features: in the model card.")


def _look_next(question: Question, rate: Measure) -> str:
    together = [
        m.feature
        for m in question.table.whole("missing_rate")
        if m.feature != rate.feature and m.value and rate.value and abs(m.value - rate.value) < 1e-9
    ]
    if together:
        return f"{together[0]} misses just as many, so look next at the source that they share."
    return "Look next at the source that fills this column."


def _rate(value: float, basis: Basis = "realized", *, feature: str = "price", period: str | None = None) -> Measure:
    return Measure(
        measure="missing_rate",
        value=value,
        n=2000,
        version="1",
        feature=feature,
        basis=basis,
        period=period,
    )


check = Check(
    name="missing_values",
    judge=judge,
    covers=("missing_rate",),
    examples=(
        Example(
            title="8% missing where the reference had 1%, since the second week",
            measures=(
                _rate(0.08),
                _rate(0.01, "reference"),
                _rate(0.01, period="2026-W01"),
                _rate(0.15, period="2026-W02"),
            ),
            verdicts=("fail",),
            says=(
                "Share of missing values in price is 8%",
                "more than 5 points above the reference (1%) since 2026-W02.",
            ),
        ),
        Example(title="2 points more", measures=(_rate(0.03), _rate(0.01, "reference")), verdicts=("warn",)),
        Example(title="exactly 1 point more", measures=(_rate(0.02), _rate(0.01, "reference")), verdicts=("pass",)),
        Example(title="much missing, no reference", measures=(_rate(0.3),), verdicts=("warn",)),
        Example(
            title="two features that miss the same rows",
            measures=(
                _rate(0.08),
                _rate(0.01, "reference"),
                _rate(0.08, feature="size"),
                _rate(0.01, "reference", feature="size"),
            ),
            verdicts=("fail", "fail"),
            says=("size misses just as many",),
        ),
        Example(title="nothing was counted", measures=(), verdicts=("skipped",)),
    ),
)
