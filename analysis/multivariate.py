"""Drift that no feature shows alone: how well a window can be told from the reference, and how well it is rebuilt.

``domain classifier``: a gradient-boosted classifier learns on half of both samples which rows are the window's; its ROC
AUC on the other half is 0.5 where nothing tells them apart (Lopez-Paz and Oquab, International Conference on Learning
Representations, 2017). ``PCA``: principal components that hold 65 % of the reference's variance are fitted to the
reference; rows that keep to its correlations are rebuilt well from them, others are not. The mean Euclidean distance of
rebuilt from true rows is told beside the reference's own (the data reconstruction of NannyML).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis.binning import SLOTS, Binning
from analysis.hotspots import Mask
from analysis.rounding import DIGITS_OF_A_FIT, to_digits
from analysis.summaries.keys import Floats

MOST_ROWS = 20_000
FEWEST_ROWS = 200
VARIANCE_KEPT = 0.65


@dataclass(frozen=True, slots=True)
class Apart:
    """``auc`` of the domain classifier with the rows it was told on; the mean ``rebuilt`` distances of the window and
    of the reference's held-back half, each with the standard error of the mean."""

    auc: float
    scores: Floats
    is_window: Mask
    rebuilt: tuple[float, float]
    before: tuple[float, float]
    rows: int


def told_apart(
    window: Sequence[Binning], reference: Sequence[Binning], halves: tuple[Mask, Mask], *, seed: int = 0
) -> Apart | None:
    """``window`` and ``reference`` are the same features of n and m rows in the same bins; ``halves`` tell either's
    held-back rows. None where rows or features are too few."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.metrics import roc_auc_score
    from threadpoolctl import threadpool_limits

    here, there = (np.stack([c.codes for c in side], axis=1).astype(np.float64) for side in (window, reference))
    parts = [[np.flatnonzero(half == late)[: MOST_ROWS // 2] for late in (False, True)] for half in halves]
    if not window or min(len(part) for side in parts for part in side) < FEWEST_ROWS:
        return None
    (learn_here, test_here), (learn_there, test_there) = parts
    classifier = HistGradientBoostingClassifier(
        categorical_features=np.array([c.unordered for c in window]),
        max_bins=SLOTS + 1,
        random_state=seed,
        early_stopping=False,
    )
    learn = np.concatenate([here[learn_here], there[learn_there]])
    test = np.concatenate([here[test_here], there[test_there]])
    is_window = np.arange(len(test)) < len(test_here)
    with threadpool_limits(1):  # on cores that others use, too, threads that wait for each other take 50 times as long
        classifier.fit(learn, np.arange(len(learn)) < len(learn_here))
        scores = classifier.predict_proba(test)[:, 1].round(DIGITS_OF_A_FIT)
        components = Components.of(there[learn_there])
    return Apart(
        float(roc_auc_score(is_window, scores)),
        scores,
        is_window,
        _mean(components.distances(here[test_here])),
        _mean(components.distances(there[test_there])),
        len(test_here),
    )


@dataclass(frozen=True, slots=True)
class Components:
    """The reference's principal components, by which rows are rebuilt."""

    middle: Floats
    spread: Floats
    directions: Floats

    @classmethod
    def of(cls, rows: Floats) -> Components:
        from sklearn.decomposition import PCA

        middle, spread = rows.mean(axis=0), rows.std(axis=0)
        spread = np.where(spread > 0, spread, 1.0)
        fitted = PCA(n_components=VARIANCE_KEPT, svd_solver="full").fit((rows - middle) / spread)
        return cls(middle, spread, fitted.components_)

    def distances(self, rows: Floats) -> Floats:
        """How far each row is from what it is rebuilt to."""
        scaled = (rows - self.middle) / self.spread
        apart = scaled - scaled @ self.directions.T @ self.directions
        return np.asarray(np.sqrt(np.square(apart).sum(axis=1)), dtype=np.float64)


def _mean(distances: Floats) -> tuple[float, float]:
    error = float(distances.std(ddof=1)) / len(distances) ** 0.5
    return to_digits(float(distances.mean())), to_digits(error)
