"""Which features moved the score: the difference of two mean scores as a sum over features.

An additive surrogate of the score, s(x) ≈ a + Σ_j f_j(bin of x_j), is fitted by ridge regression to rows of the
reference and the window together. The mean score then moved by Σ_j Σ_b f_j(b) (share of b in the window − in the
reference): each feature's part is what its own change of distribution does to the score (the compositional part of
Kitagawa, Journal of the American Statistical Association 50 (1955) 1168–1194, and of Oaxaca and Blinder). What the
surrogate does not explain, other weights or features that were not logged, is left over and said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from analysis.binning import SLOTS, Binning, Codes
from analysis.rounding import to_digits
from analysis.summaries.keys import Floats

RIDGE = 1.0
"""Rows that every bin is drawn towards the mean with."""


@dataclass(frozen=True, slots=True)
class Explained:
    """``parts`` of the difference of the mean scores by feature, in the score's unit; what is ``left`` over; and
    ``faithful``, the share of the scores' variance that the surrogate explains (R²)."""

    parts: tuple[tuple[str, float], ...]
    left: float
    faithful: float


def moved_score(window: Sequence[Binning], scores: Floats, reference: Sequence[Binning], before: Floats) -> Explained:
    """``window`` and ``reference`` are the same features of n and m rows in the same bins; ``scores`` (n,) and
    ``before`` (m,) are finite."""
    codes = [np.concatenate([a.codes, b.codes]) for a, b in zip(window, reference, strict=True)]
    both = np.concatenate([scores, before])
    middle = both.mean()
    effects = _effects(codes, both - middle)
    fitted = np.sum([effect[code] for effect, code in zip(effects, codes, strict=True)], axis=0)
    spread = float(np.square(both - middle).sum())
    faithful = 1 - float(np.square(both - middle - fitted).sum()) / spread if spread > 0 else 0.0
    moved = float(scores.mean() - before.mean())
    parts = [
        (a.name, to_digits(float(effect @ (_shares(a) - _shares(b)))))
        for a, b, effect in zip(window, reference, effects, strict=True)
    ]
    return Explained(tuple(parts), to_digits(moved - sum(part for _, part in parts)), max(to_digits(faithful), 0.0))


def _effects(codes: Sequence[Codes], scores: Floats) -> list[Floats]:
    """The additive surrogate's effect of each bin, centred for each feature."""
    size = len(codes) * SLOTS
    gram, target = np.zeros((size, size)), np.zeros(size)
    at = [slice(j * SLOTS, (j + 1) * SLOTS) for j in range(len(codes))]
    for j, code in enumerate(codes):
        gram[at[j], at[j]] = np.diag(np.bincount(code, minlength=SLOTS))
        target[at[j]] = np.bincount(code, weights=scores, minlength=SLOTS)
    for i, j in combinations(range(len(codes)), 2):
        cells = codes[i] * np.uint8(SLOTS) + codes[j]
        table = np.bincount(cells, minlength=SLOTS * SLOTS).reshape(SLOTS, SLOTS)
        gram[at[i], at[j]], gram[at[j], at[i]] = table, table.T
    solved: Floats = np.linalg.solve(gram + RIDGE * np.eye(size), target).astype(np.float64)
    return [solved[place] for place in at]


def _shares(column: Binning) -> Floats:
    return np.bincount(column.codes, minlength=SLOTS) / max(len(column.codes), 1)
