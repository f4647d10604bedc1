"""All measures of performance of one class against the rest, for every group of a view."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from analysis.measures import calibration, confusion, curves
from analysis.measures.confusion import NOTHING
from analysis.measures.curves import Curve
from analysis.measures.figures import Figure
from analysis.summaries.scores import View

NO_CURVE = Curve(np.zeros(0), np.zeros(0), 0, 0.0, 0.0, False)


def by_group(view: View, *, spread: bool) -> dict[int, list[Figure]]:
    """The figures of each group of the view. ``spread``: also the intervals that need resampled curves."""
    decisions, ordered = confusion.confusions(view.confusion), curves.curves(view.scores)
    return {
        group: list(_figures(view, group, decided, ordered.get(group, NO_CURVE), spread))
        for group, decided in decisions.items()
    }


def whole(view: View) -> list[Figure]:
    """The figures of all rows; they are there, undefined, when there is no row."""
    return by_group(view, spread=True).get(0) or list(_figures(view, 0, NOTHING, NO_CURVE, False))


def _figures(view: View, group: int, decided: confusion.Confusion, curve: Curve, spread: bool) -> Iterator[Figure]:
    yield from confusion.figures(decided)
    yield from curves.figures(curve, spread=spread)
    yield from calibration.losses(view.losses, group)
    yield calibration.expected_calibration_error(calibration.bins_of(view.calibration, group), spread=spread)
