"""Which number a chart shows when it was not told."""

from __future__ import annotations

from dataclasses import replace

from analysis.drawing.chart import Scene
from analysis.errors import UserError
from analysis.judgement import wording
from analysis.judgement.meaning import MAIN_MEASURES, main_measures
from analysis.measure_table import same_slice
from analysis.near_names import did_you_mean
from analysis.values import Measure


def shown_measure(scene: Scene) -> Measure:
    """The scene's measure, else the first of the model's main ones that has a value, in the window or in a period."""
    names = (scene.measure,) if scene.measure is not None else _main(scene)
    found = [m for name in names if (m := _whole(scene, name)) is not None]
    if not found:
        raise UserError(_nothing(scene))
    return next((m for m in found if m.value is not None or _in_some_period(scene, m)), found[0])


def _whole(scene: Scene, name: str) -> Measure | None:
    """The number over the window; where only its periods are there (a trend across evaluations), one without a value
    that stands for them."""
    found = scene.table.find(name, feature=scene.feature, class_=scene.class_, where=scene.where)
    if found is not None:
        return found
    parts = (
        m
        for m in scene.table.all(name)
        if (m.feature, m.class_) == (scene.feature, scene.class_) and same_slice(m.slice, scene.where)
    )
    part = next((m for m in parts if m.period is not None), None)
    return None if part is None else replace(part, period=None, value=None, low=None, high=None, n=0)


def _main(scene: Scene) -> tuple[str, ...]:
    if scene.card is not None:
        return main_measures(scene.card.task, scene.card.k)
    cut = sorted(name for name in scene.table.names if name.startswith("ndcg@"))
    return (*cut, *(name for names in MAIN_MEASURES.values() for name in names))


def _in_some_period(scene: Scene, measure: Measure) -> bool:
    return any(m.value is not None for m in scene.table.over_time(measure))


def _nothing(scene: Scene) -> str:
    if scene.measure is None:
        return "This evaluation has no measure of performance to draw: it has no labels yet, or no rows."
    where = f" of {scene.feature}" if scene.feature else f" for {wording.group(scene.where)}" if scene.where else ""
    if scene.measure in scene.table.names:
        return (
            f"This evaluation has no {scene.measure}{where} to draw; look at slices: and features: in the model card."
        )
    return f"This evaluation has no measure {scene.measure}{did_you_mean(scene.measure, scene.table.names) or '.'}"
