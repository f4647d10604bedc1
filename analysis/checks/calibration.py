"""The check ``calibration``: does a score of 0.8 come true 80 times in 100?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import sqrt
from statistics import NormalDist

from analysis.judgement import wording
from analysis.judgement.check import Check, Example, Question, above, subject_of
from analysis.judgement.conditions import rule
from analysis.judgement.rates import ruled
from analysis.measure_table import MeasureTable
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
    warn, fail = question.conditions(warn=(above(0.05),), fail=(above(0.10),), bad="above")
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


def calibration_bins(table: MeasureTable) -> list[tuple[Measure, Measure]]:
    """(mean score, positive rate) of each bin of the score, in the table's order."""
    rates = {m.slice: m for m in table.all("positive_rate", basis="realized") if m.period is None}
    return [
        (promised, happened)
        for promised in table.all("mean_score", basis="realized")
        if _is_bin(promised)
        and (happened := rates.get(promised.slice)) is not None
        and promised.value is not None
        and happened.value is not None
    ]


def _is_bin(mean_score: Measure) -> bool:
    if mean_score.slice is None or len(mean_score.slice) != 1 or mean_score.period is not None:
        return False
    return mean_score.slice[0][1].startswith("[")


def chance_of_misses(bins: Sequence[tuple[Measure, Measure]]) -> float:
    """The p-value of Hosmer & Lemeshow's statistic Σ n (rate − score)² / (score (1 − score)) over the bins, on as many
    degrees of freedom as there are bins (the model was not fitted on these rows); 0 where no bin can be told.

    The tail of χ² is Wilson & Hilferty's cube root (PNAS 17 (1931) 684–688), good to a few thousandths.
    """
    terms = [
        happened.n * ((happened.value or 0.0) - score) ** 2 / (score * (1 - score))
        for promised, happened in bins
        if 0 < (score := promised.value or 0.0) < 1
    ]
    if not terms:
        return 0.0
    freedom = len(terms)
    spread = 2 / (9 * freedom)
    return 1 - NormalDist().cdf(((sum(terms) / freedom) ** (1 / 3) - (1 - spread)) / sqrt(spread))


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
