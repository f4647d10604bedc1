"""Which chart tells an evaluation's story: by what its worst finding is about."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from analysis.drawing.chart import Scene
from analysis.judgement.importance import by_importance
from analysis.judgement.meaning import DISTANCES
from analysis.measure_table import columns_of
from analysis.values import CheckResult, Subject

Story = tuple[str, Scene]

BEHIND_A_DIFFERENCE = {
    "demographic_parity_difference": ("selection_rate",),
    "demographic_parity_ratio": ("selection_rate",),
    "equal_opportunity_difference": ("recall",),
    "equalized_odds_difference": ("false_positive_rate", "recall"),
    "predictive_parity_difference": ("precision",),
}
WITHOUT_A_CHART = ("importance", "domain_classifier_auc", "pca_reconstruction_error", "label_auc")
FEWEST_PERIODS_OF_A_TREND = 3


def stories(scene: Scene) -> Iterator[Story]:
    """Kinds of chart with what they show, the most telling first; the first that can be drawn is the story."""
    for finding in by_importance(scene.result.checks):
        if finding.verdict in ("fail", "warn"):
            yield from of_finding(scene, finding)
    if len(scene.table.periods()) < 2:  # a trend would be a single dot
        yield from ((kind, scene) for kind in ("slices", "calibration", "confusion"))
    yield "trend", scene
    if scene.card is not None and isinstance(scene.card.columns.score, str):
        yield "feature", replace(scene, feature=scene.card.columns.score)
    yield "drift", scene
    yield "trend", replace(scene, measure="volume")


def of_finding(scene: Scene, finding: CheckResult) -> Iterator[Story]:
    """The charts that show one finding, the most telling first."""
    subject = finding.subject
    told = replace(
        scene,
        finding=finding,
        measure=subject.measure,
        feature=subject.feature,
        class_=subject.class_,
        where=subject.slice,
    )
    if subject.measure is None or subject.measure in WITHOUT_A_CHART:
        return
    if subject.measure in DISTANCES and subject.feature is not None:
        yield "feature", told
        yield "drift", replace(told, feature=None)
    elif subject.measure == "expected_calibration_error":
        yield "calibration", told
        yield "trend", told
    elif subject.measure in BEHIND_A_DIFFERENCE and subject.feature is not None:
        columns = tuple(subject.feature.split(" & "))
        rates = BEHIND_A_DIFFERENCE[subject.measure]
        furthest = max(rates, key=lambda rate: _apart(scene, rate, columns))
        yield "slices", replace(scene, measure=furthest, columns=columns)
    elif subject.slice is not None:
        if finding.check != "group_gap" and _periods(scene, subject) >= FEWEST_PERIODS_OF_A_TREND:
            yield "trend", told
        yield "slices", replace(told, columns=columns_of(subject.slice))
    elif subject.feature is not None:
        if _periods(scene, subject) >= FEWEST_PERIODS_OF_A_TREND:
            yield "trend", told
        yield "feature", told
        yield "drift", replace(told, feature=None)
    else:
        yield "trend", told


def _apart(scene: Scene, rate: str, columns: tuple[str, ...]) -> float:
    """How far the groups of these columns are apart."""
    values = [m.value for m in scene.table.groups(rate, columns) if m.value is not None]
    return max(values, default=0.0) - min(values, default=0.0)


def _periods(scene: Scene, subject: Subject) -> int:
    """For how many periods the subject's number is known."""
    found = scene.table.find(subject.measure or "", feature=subject.feature, class_=subject.class_, where=subject.slice)
    return 0 if found is None else sum(m.value is not None for m in scene.table.over_time(found))
