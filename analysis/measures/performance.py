"""All measures of performance, of whatever task, for every group of a view."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np

from analysis.measures import calibration, confusion, curves, multiclass, regression
from analysis.measures.curves import Curve
from analysis.measures.figures import Figure
from analysis.plan import Judged
from analysis.summaries.classes import Classes
from analysis.summaries.deviations import Deviations
from analysis.summaries.scores import View
from analysis.summaries.spoken import Seen

NO_CURVE = Curve(np.zeros(0), np.zeros(0), 0, 0.0, 0.0, False)


MAIN = (
    *("accuracy", "precision", "recall", "false_positive_rate", "positive_rate", "roc_auc", "log_loss", "mean_score"),
    *("f1", "mean_absolute_error", "root_mean_squared_error", "mean_error"),
)
"""What is followed of each group in each period."""
MOST_RESAMPLED = 500
"""Beyond so many groups, times classes, no curve is resampled: each takes about a millisecond."""


def by_group(seen: Seen, version: Judged, *, spread: bool = True) -> dict[int, list[Figure]]:
    """The figures of each group of the view; with ``spread`` also the intervals that need resampled curves, while there
    are few enough groups."""
    if isinstance(seen, Deviations):
        return regression.by_group(seen)
    spread = spread and len(rows_by_group(seen)) * max(len(version.scores), 1) <= MOST_RESAMPLED
    if isinstance(seen, Classes):
        names = [name or "" for name, _ in version.scores]
        return multiclass.by_group(seen, names, spread=spread)
    decisions, ordered = confusion.confusions(seen.confusion), curves.curves(seen.scores)
    return {
        group: list(_figures(seen, group, decided, ordered.get(group, NO_CURVE), spread))
        for group, decided in decisions.items()
    }


def main_by_group(seen: Seen, version: Judged, wanted: Collection[int]) -> dict[int, list[Figure]]:
    """The figures of MAIN for some groups of a view that has many."""
    if not isinstance(seen, View):
        every = by_group(seen, version, spread=False)
        return {g: [f for f in every[g] if f.name in MAIN and f.class_ is None] for g in wanted if g in every}
    decisions, ordered = confusion.confusions(seen.confusion), curves.curves(seen.scores)
    found = {}
    for group in wanted:
        decided = confusion.main_figures(decisions.get(group, confusion.NOTHING))
        losses = (f for f in calibration.losses(seen.losses, group) if f.name in MAIN)
        found[group] = [*decided, curves.roc_auc(ordered.get(group, NO_CURVE)), *losses]
    return found


def rows_by_group(seen: Seen) -> dict[int, int]:
    """How many rows each group has, with a label or without."""
    table = seen.rows if isinstance(seen, Deviations) else seen.decided if isinstance(seen, Classes) else seen.confusion
    lanes = table.lanes // 9 if isinstance(seen, View) else table.lanes
    found: dict[int, int] = {}
    for lane, count in zip(lanes, table.counts, strict=True):
        found[int(lane)] = found.get(int(lane), 0) + int(count)
    return found


def _figures(view: View, group: int, decided: confusion.Confusion, curve: Curve, spread: bool) -> Iterator[Figure]:
    yield from confusion.figures(decided)
    yield from curves.figures(curve, spread=spread)
    yield from calibration.losses(view.losses, group)
    yield calibration.expected_calibration_error(calibration.bins_of(view.calibration, group), spread=spread)
