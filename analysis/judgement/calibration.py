"""The calibration curve read back from measures, and whether chance alone would make its misses."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from statistics import NormalDist

from analysis.measure_table import MeasureTable
from analysis.values import Measure


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
