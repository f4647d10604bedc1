"""Fairness: how far the groups of a protected column are apart, in Fairlearn's names and conventions."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from analysis.measures.confusion import RATES, Confusion, rate, selection_rate
from analysis.measures.figures import Figure, undefined
from analysis.measures.intervals import DRAWS, SEED, centred
from analysis.summaries.keys import Floats

RATIOS = (
    "selection_rate",
    "accuracy",
    "precision",
    "recall",
    "specificity",
    "false_positive_rate",
    "false_negative_rate",
)
"""The rates of which each group also has its ratio to the highest group's, as `selection_rate_ratio`."""
Combine = Callable[[Floats], Floats]
"""From rates (kinds of rate × draws × groups) to one number for each draw."""
SELECTED = "selection_rate"
COMPARED = (SELECTED, "recall", "false_positive_rate", "precision")


def between(groups: Sequence[Confusion]) -> Iterator[Figure]:
    """Differences and ratios over all groups: the largest rate minus the smallest, the smallest over the largest."""
    n = sum(g.decided or g.predicted for g in groups)
    if len(groups) < 2:
        for name in DIFFERENCES:
            yield undefined(name, n, "there are fewer than two groups")
        return
    rates = {name: [_rate(g, name) for g in groups] for name in COMPARED}
    for name, (of, combined) in DIFFERENCES.items():
        yield _combined(name, [rates[rate_name] for rate_name in of], combined, n, groups, of)


def _largest_gap(rates: Floats) -> Floats:
    return np.asarray((rates.max(axis=-1) - rates.min(axis=-1)).max(axis=0))


def _smallest_ratio(rates: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray((rates.min(axis=-1) / rates.max(axis=-1)).min(axis=0))


DIFFERENCES: dict[str, tuple[tuple[str, ...], Combine]] = {
    "demographic_parity_difference": ((SELECTED,), _largest_gap),
    "demographic_parity_ratio": ((SELECTED,), _smallest_ratio),
    "equal_opportunity_difference": (("recall",), _largest_gap),
    "equalized_odds_difference": (("recall", "false_positive_rate"), _largest_gap),
    "predictive_parity_difference": (("precision",), _largest_gap),
}
"""Fairlearn's demographic_parity_difference and _ratio, equal_opportunity_difference (recall) and
equalized_odds_difference (the larger of the gaps in recall and false positive rate); and the gap in precision."""


def ratios(groups: Mapping[int, Confusion]) -> dict[int, list[Figure]]:
    """Each group's rate over that of the group with the highest; its interval is the spread of resampled groups."""
    found: dict[int, list[Figure]] = {group: [] for group in groups}
    for name in RATIOS:
        rates = {group: _rate(of, name) for group, of in groups.items()}
        known = [group for group, figure in rates.items() if figure.value is not None]
        values = np.array([rates[group].value for group in known], dtype=np.float64)
        highest = float(values.max(initial=0.0))
        drawn = _drawn(values[None], np.array([[_size(groups[group], name) for group in known]]))[0]
        with np.errstate(divide="ignore", invalid="ignore"):
            spreads = dict(zip(known, (drawn / drawn.max(axis=-1, initial=0.0, keepdims=True)).T, strict=True))
        for group, figure in rates.items():
            found[group].append(_ratio(f"{name}_ratio", figure, highest, spreads.get(group)))
    return found


def _ratio(name: str, figure: Figure, highest: float, spread: Floats | None) -> Figure:
    if figure.value is None or spread is None:
        return undefined(name, figure.n, figure.reason or "the rate is undefined")
    if not highest:
        return undefined(name, figure.n, "the rate is 0 in every group")
    value = figure.value / highest
    low, high = centred(value, spread) or (None, None)
    return Figure(name=name, value=value, low=low, high=high, n=figure.n)


def _rate(of: Confusion, name: str) -> Figure:
    return selection_rate(of) if name == SELECTED else rate(of, name)


def _combined(
    name: str,
    rates: Sequence[Sequence[Figure]],
    combined: Combine,
    n: int,
    groups: Sequence[Confusion],
    of: Sequence[str],
) -> Figure:
    """One number over the groups whose rate is defined; its interval is the spread of resampled groups."""
    defined = [i for i in range(len(groups)) if all(r[i].value is not None for r in rates)]
    if len(defined) < 2:
        return undefined(name, n, "the rate is defined in fewer than two groups")
    values = np.array([[r[i].value for i in defined] for r in rates], dtype=np.float64)
    value = float(combined(values[:, None, :])[0])
    if math.isnan(value):
        return undefined(name, n, "the rate is 0 in every group")
    sizes = np.array([[_size(groups[i], rate_name) for i in defined] for rate_name in of])
    low, high = centred(value, combined(_drawn(values, sizes))) or (None, None)
    left_out = len(groups) - len(defined)
    note = f"without {left_out} group{'s' if left_out > 1 else ''} where the rate is undefined" if left_out else None
    return Figure(name=name, value=value, low=low, high=high, n=n, note=note)


def _drawn(rates: Floats, sizes: Floats) -> Floats:
    """Rates as they might have been in so many rows: from (kinds of rate, groups) to (kinds, draws, groups)."""
    rows = np.maximum(np.round(sizes), 1).astype(np.int64)
    draws = np.random.default_rng(SEED).binomial(rows, rates, size=(DRAWS, *rates.shape))
    return np.asarray(np.moveaxis(draws / rows, 0, 1), dtype=np.float64)


def _size(of: Confusion, name: str) -> float:
    return of.effective(RATES[name][1]) or float(of.predicted)
