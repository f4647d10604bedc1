"""The calibration curve read back from measures, and whether chance alone would make its misses."""

from __future__ import annotations

import re
from collections.abc import Sequence

from analysis.measure_table import MeasureTable
from analysis.measures.chances import chi2_chance
from analysis.values import Measure

BIN = re.compile(r"\[(.+), (.+)[\])]")


def calibration_bins(table: MeasureTable) -> list[tuple[Measure, Measure]]:
    """(mean score, positive rate) of each bin of the score, in the table's order.

    A group of another column may be a range as well; the score's bins are those that hold their own mean score.
    """
    by_column: dict[str, list[Measure]] = {}
    for m in table.all("mean_score", basis="realized"):
        if m.slice is not None and len(m.slice) == 1 and m.period is None and m.class_ is None and m.value is not None:
            by_column.setdefault(m.slice[0][0], []).append(m)
    scores = next((bins for bins in by_column.values() if all(map(_holds_its_mean, bins))), [])
    rates = {m.slice: m for m in table.all("positive_rate", basis="realized") if m.period is None and m.class_ is None}
    return [(m, rate) for m in scores if (rate := rates.get(m.slice)) is not None and rate.value is not None]


def _holds_its_mean(mean_score: Measure) -> bool:
    found = BIN.fullmatch(mean_score.slice[0][1]) if mean_score.slice is not None else None
    try:
        return found is not None and float(found[1]) <= (mean_score.value or 0.0) <= float(found[2])
    except ValueError:
        return False


def chance_of_misses(bins: Sequence[tuple[Measure, Measure]]) -> float:
    """The p-value of Hosmer & Lemeshow's statistic Σ n (rate − score)² / (score (1 − score)) over the bins, on as many
    degrees of freedom as there are bins (the model was not fitted on these rows); 0 where no bin can be told."""
    terms = [
        happened.n * ((happened.value or 0.0) - score) ** 2 / (score * (1 - score))
        for promised, happened in bins
        if 0 < (score := promised.value or 0.0) < 1
    ]
    return chi2_chance(sum(terms), len(terms)) if terms else 0.0
