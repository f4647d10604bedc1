"""Permutation importance of a surrogate: how much worse the score is guessed when one feature's values are shuffled.

The model itself is not at hand, only what it said; so a gradient-boosted surrogate learns the score from the features
on one half of a sample, and the other half tells how faithful it is (R²) and what it rests on (Breiman, Machine
Learning 45 (2001) 5–32; scikit-learn's permutation_importance).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis.binning import SLOTS, Binning
from analysis.hotspots import Mask
from analysis.rounding import to_digits
from analysis.summaries.keys import Floats

MOST_ROWS = 20_000
REPEATS = 5
FEWEST_ROWS = 200


@dataclass(frozen=True, slots=True)
class Importance:
    """A feature's ``share`` of all importance, and its spread over the repeats (one standard deviation)."""

    feature: str
    share: float
    spread: float


@dataclass(frozen=True, slots=True)
class Rests:
    """What the score rests on, and how faithful the surrogate is: the share of held-back variance explained."""

    importances: tuple[Importance, ...]
    faithful: float
    rows: int


def rests_on(columns: Sequence[Binning], scores: Floats, held_back: Mask, *, seed: int = 0) -> Rests | None:
    """``columns`` are binned features of n rows, ``scores`` (n,) finite. None where rows or features are too few, or
    all scores are the same."""
    from sklearn.ensemble import HistGradientBoostingRegressor
    from sklearn.inspection import permutation_importance
    from threadpoolctl import threadpool_limits

    learn, test = (np.flatnonzero(half)[: MOST_ROWS // 2] for half in (~held_back, held_back))
    if not columns or min(len(learn), len(test)) < FEWEST_ROWS or np.ptp(scores[learn]) == 0:
        return None
    table = np.stack([column.codes for column in columns], axis=1).astype(np.float64)
    unordered = [column.unordered for column in columns]
    surrogate = HistGradientBoostingRegressor(
        categorical_features=np.array(unordered), max_bins=SLOTS + 1, random_state=seed, early_stopping=False
    )
    with threadpool_limits(1):  # on cores that others use, too, threads that wait for each other take 50 times as long
        surrogate.fit(table[learn], scores[learn])
        faithful = float(surrogate.score(table[test], scores[test]))
        found = permutation_importance(
            surrogate, table[test], scores[test], n_repeats=REPEATS, random_state=seed, scoring="neg_mean_squared_error"
        )
    worse = np.maximum(found.importances_mean, 0)
    total = float(worse.sum())
    if total <= 0:
        return None
    importances = (
        Importance(column.name, to_digits(worse[i] / total), to_digits(found.importances_std[i] / total))
        for i, column in enumerate(columns)
    )
    return Rests(tuple(importances), to_digits(faithful), len(test))
