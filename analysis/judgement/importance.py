"""Which verdict to tell first: the order of findings on a card, and the one that its chart shows."""

from __future__ import annotations

from collections.abc import Iterable

from analysis.values import FROM_WORST, CheckResult

FIRST_TOLD = (
    "threshold",
    "performance_drop",
    "group_gap",
    "slice_performance",
    "hotspot",
    "unseen_values",
    "missing_values",
    "type_errors",
    "out_of_range",
    "duplicates",
    "leakage",
    "conflicting_labels",
    "future_timestamps",
    "constant_columns",
    "volume",
    "stability",
    "calibration",
    "feature_importance",
    "multivariate_drift",
    "drift",
)
"""What a model does to people comes before what its data look like; drift alone comes last. A check with a name of its
own, as a policy's, was asked for and comes first."""


def by_importance(results: Iterable[CheckResult]) -> list[CheckResult]:
    """Worst verdict first; within one verdict by what it means to people; then in the order given."""

    def rank(result: CheckResult) -> tuple[int, int]:
        told = FIRST_TOLD.index(result.check) if result.check in FIRST_TOLD else -1
        return FROM_WORST.index(result.verdict), told

    return sorted(results, key=rank)
