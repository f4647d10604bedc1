"""The limits that a model card sets to a number, on the number's own scale: the lines on its chart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from analysis.card import CheckSetting, Condition, ModelCard
from analysis.judgement.check import Question, bad_side
from analysis.judgement.comparison import as_drops
from analysis.judgement.conditions import held
from analysis.judgement.default_limits import ABOVE, MISSING_VERSIONS, MISSING_WITHOUT_REFERENCE, RISE_OF_MISSING
from analysis.judgement.meaning import main_measures
from analysis.measure_table import MeasureTable, same_slice
from analysis.values import Measure

DROP = "performance_drop"

Level = Literal["warn", "fail"]
Side = Literal["below", "above"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """``side`` is where it gets bad: ``below`` or ``above`` the value."""

    level: Level
    value: float
    side: Side

    def beyond(self, value: float) -> bool:
        return value < self.value if self.side == "below" else value > self.value

    def certainly_beyond(self, measure: Measure) -> bool:
        """Whether the whole interval lies beyond, or the value where no interval is known."""
        end = measure.high if self.side == "below" else measure.low
        nearest = end if end is not None else measure.value
        return nearest is not None and self.beyond(nearest)


def limits(card: ModelCard, table: MeasureTable, measure: Measure) -> list[Limit]:
    """The limits of the model card's checks on this measure, else those of the default check on it; fail first."""
    settings = [s for s in card.checks if s.on and _speaks_of(card, s, measure)]
    if not settings and card.defaults and measure.slice is None:
        found = set(_of_default(card, table, measure))
    else:
        found = {limit for s in settings for limit in _of_setting(card, table, s, measure)}
    return sorted(found, key=lambda limit: (limit.level != "fail", limit.value))


def _of_default(card: ModelCard, table: MeasureTable, measure: Measure) -> Iterator[Limit]:
    if measure.measure == _main(card):
        yield from _of_setting(card, table, CheckSetting(check=DROP), measure)
    elif measure.measure in ABOVE:
        usual = ABOVE[measure.measure]
        yield Limit(level="fail", value=usual.fail, side="above")
        yield Limit(level="warn", value=usual.warn, side="above")
    elif measure.measure == "missing_rate" and measure.feature == card.columns.label:
        return  # labels arrive late, so no check judges them
    elif measure.measure == "missing_rate" and measure.feature == card.columns.version:
        yield Limit(level="fail", value=MISSING_VERSIONS.fail, side="above")
        yield Limit(level="warn", value=MISSING_VERSIONS.warn, side="above")
    elif measure.measure == "missing_rate":
        reference = table.contrasted(measure).reference
        base = reference.value if reference is not None and reference.value is not None else None
        usual = MISSING_WITHOUT_REFERENCE if base is None else RISE_OF_MISSING
        yield Limit(level="fail", value=(base or 0.0) + usual.fail, side="above")
        yield Limit(level="warn", value=(base or 0.0) + usual.warn, side="above")


def _main(card: ModelCard) -> str:
    return main_measures(card.task, card.k)[0]


def _speaks_of(card: ModelCard, setting: CheckSetting, measure: Measure) -> bool:
    named = setting.options.get("measure", _main(card) if setting.check == DROP else setting.check)
    return (
        named == measure.measure
        and same_slice(setting.slice, measure.slice)
        and setting.feature in (None, measure.feature)
        and setting.class_ == measure.class_
    )


def _of_setting(card: ModelCard, table: MeasureTable, setting: CheckSetting, measure: Measure) -> Iterator[Limit]:
    if measure.value is None:
        return
    question = Question(check=setting.check, card=card, table=table, setting=setting)
    if setting.check == DROP:
        warn, fail = as_drops(question, measure.measure)
    else:
        warn, fail = question.conditions(warn=(), fail=(), bad=bad_side(measure.measure))
    levels: tuple[tuple[Level, tuple[Condition, ...]], ...] = (("fail", fail), ("warn", warn))
    for level, conditions in levels:
        for condition in conditions:
            trial = held(table.contrasted(measure), condition)
            if trial.limits:
                yield from _of_trial(level, condition.kind, trial.limits)


def _of_trial(level: Level, kind: str, at: Sequence[float]) -> Iterator[Limit]:
    if kind == "outside":
        yield Limit(level=level, value=min(at), side="below")
        yield Limit(level=level, value=max(at), side="above")
    elif kind != "within":  # bad between two lines: the sentence of the check tells that
        yield Limit(level=level, value=at[0], side="below" if kind.startswith("below") else "above")
