"""The check ``calibration``: does a score of 0.8 come true 80 times in 100?"""

from __future__ import annotations

from collections.abc import Iterable

from analysis.judgement import wording
from analysis.judgement.calibration import calibration_bins, chance_of_misses
from analysis.judgement.check import Check, Example, Question, above, subject_of
from analysis.judgement.conditions import rule
from analysis.judgement.default_limits import ABOVE
from analysis.judgement.rates import ruled
from analysis.values import CheckResult, Measure

CHANCE_TAKEN_FOR_CALIBRATED = 0.05


def judge(question: Question) -> Iterable[CheckResult]:
    """Compares what the scores promise with what happened, by the expected calibration error.

    It warns above 0.05 and fails above 0.10; a bare `warn` or `fail` is the error that is allowed. With few rows even a
    perfect score seems to miss: where the misses are no larger than chance makes them (Hosmer and Lemeshow's test over
    the bins), the answer is *cannot tell* instead of a warning. Needs scores that are probabilities.
    """
    error = question.table.find("expected_calibration_error")
    if error is None:
        yield question.skipped("There is no calibration error: it needs labels and scores between 0 and 1.")
        return
    usual = ABOVE["expected_calibration_error"]
    warn, fail = question.conditions(warn=(above(usual.warn),), fail=(above(usual.fail),), bad="above")
    ruling = rule(question.table.contrasted(error), warn=warn, fail=fail)
    bins = calibration_bins(question.table)
    if ruling.verdict in ("warn", "fail") and chance_of_misses(bins) > CHANCE_TAKEN_FOR_CALIBRATED:
        says = (
            f"Expected calibration error is {wording.figure(error.value or 0.0)} (n = {wording.count(error.n)}), but "
            "with so few rows a perfect score would miss as much; more rows would decide it."
        )
        yield question.result(subject_of(error), "unsure", says, (error,))
        return
    yield ruled(question, error, ruling, _promise)


def _promise(question: Question, _: Measure) -> str:
    promised, happened = question.table.find("mean_score"), question.table.find("positive_rate")
    if promised is None or happened is None or promised.value is None or happened.value is None:
        return "Look next at the calibration curve."
    return (
        f"The scores promise {wording.percent(promised.value)} on average and {wording.percent(happened.value)} came "
        "true; look next at the calibration curve, and recalibrate."
    )


def _error(value: float, low: float, high: float, n: int) -> Measure:
    return Measure(measure="expected_calibration_error", value=value, low=low, high=high, n=n, version="1")


def _mean(measure: str, value: float, n: int, where: str | None = None) -> Measure:
    return Measure(measure=measure, value=value, n=n, version="1", slice=None if where is None else (("score", where),))


check = Check(
    name="calibration",
    judge=judge,
    covers=("expected_calibration_error",),
    tasks=("binary",),
    examples=(
        Example(
            title="scores that promise too much",
            measures=(
                _error(0.15, 0.14, 0.16, 9000),
                _mean("mean_score", 0.50, 9000),
                _mean("positive_rate", 0.35, 9000),
                _mean("mean_score", 0.50, 9000, "[0.4, 0.6)"),
                _mean("positive_rate", 0.35, 9000, "[0.4, 0.6)"),
            ),
            verdicts=("fail",),
            says=("The scores promise 50% on average and 35% came true",),
        ),
        Example(
            # 40 · (0.62 − 0.5)² / 0.25 = 2.3 on one degree of freedom: by chance 13 times in 100.
            title="an error that chance alone would make",
            measures=(
                _error(0.12, 0.11, 0.25, 40),
                _mean("mean_score", 0.50, 40, "[0.4, 0.6)"),
                _mean("positive_rate", 0.62, 40, "[0.4, 0.6)"),
            ),
            verdicts=("unsure",),
            says=("a perfect score would miss as much",),
        ),
        Example(title="well calibrated", measures=(_error(0.02, 0.01, 0.03, 9000),), verdicts=("pass",)),
        Example(title="scores that are no probabilities", measures=(), verdicts=("skipped",)),
    ),
)
