"""Fairness: how far the groups of a protected column are apart, in Fairlearn's names and conventions."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

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
Apart = Callable[[Floats], Floats]
"""How far groups are apart: from the rates of some draws (draws × groups) to one number for each draw."""
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
    for name, (of, apart) in DIFFERENCES.items():
        yield _between(name, {rate_name: rates[rate_name] for rate_name in of}, apart, n, groups)


def _gap(rates: Floats) -> Floats:
    return np.asarray(rates.max(axis=-1) - rates.min(axis=-1))


def _ratio_of_ends(rates: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(rates.min(axis=-1) / rates.max(axis=-1))


DIFFERENCES: dict[str, tuple[tuple[str, ...], Apart]] = {
    "demographic_parity_difference": ((SELECTED,), _gap),
    "demographic_parity_ratio": ((SELECTED,), _ratio_of_ends),
    "equal_opportunity_difference": (("recall",), _gap),
    "equalized_odds_difference": (("recall", "false_positive_rate"), _gap),
    "predictive_parity_difference": (("precision",), _gap),
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


def _between(
    name: str, rates: Mapping[str, Sequence[Figure]], apart: Apart, n: int, groups: Sequence[Confusion]
) -> Figure:
    """The largest distance that one of the rates has between the groups where that rate is defined: a group without a
    negative row has no false positive rate, yet its recall counts. The interval is the spread of resampled groups.

    Where one of two rates has no distance at all, the other's is only the least that it can be: the interval then
    reaches up to 1, so that no limit is passed by it."""
    parts = {of: [i for i, figure in enumerate(found) if figure.value is not None] for of, found in rates.items()}
    known = {of: there for of, there in parts.items() if len(there) >= 2}
    if not known:
        return undefined(name, n, f"{_in_words(rates)} is defined in fewer than two groups")
    values = np.array([[figure.value or 0.0 for figure in found] for found in rates.values()], dtype=np.float64)
    drawn = _drawn(values, np.array([[_size(group, of) for group in groups] for of in rates]))
    distances, spreads = [], []
    for place, of in enumerate(rates):
        if of in known:
            distances.append(float(apart(values[place, known[of]])))
            spreads.append(apart(drawn[place][:, known[of]]))
    value = max(distances)
    if math.isnan(value):
        return undefined(name, n, "the rate is 0 in every group")
    low, high = centred(value, np.max(spreads, axis=0)) or (None, None)
    notes = [_without(of, len(groups) - len(there)) for of, there in known.items() if len(there) < len(groups)]
    if missing := [of for of in rates if of not in known]:
        notes.append(f"{_in_words(missing)} is defined in fewer than two groups, so this is the least it can be")
        high = 1.0
    return Figure(name=name, value=value, low=low, high=high, n=n, note="; ".join(notes) or None)


def _without(rate_name: str, groups: int) -> str:
    return f"without {groups} group{'s' if groups > 1 else ''} where {_in_words([rate_name])} is undefined"


def _in_words(rate_names: Iterable[str]) -> str:
    return " or ".join(f"the {name.replace('_', ' ')}" for name in rate_names)


def _drawn(rates: Floats, sizes: Floats) -> Floats:
    """Rates as they might have been in so many rows: from (kinds of rate, groups) to (kinds, draws, groups)."""
    rows = np.maximum(np.round(sizes), 1).astype(np.int64)
    draws = np.random.default_rng(SEED).binomial(rows, rates, size=(DRAWS, *rates.shape))
    return np.asarray(np.moveaxis(draws / rows, 0, 1), dtype=np.float64)


def _size(of: Confusion, name: str) -> float:
    return of.effective(RATES[name][1]) or float(of.predicted)
