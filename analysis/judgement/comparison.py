"""A number beside the ones it should resemble: the groups of its column, or the other periods."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.card import Condition
from analysis.judgement.check import Question
from analysis.judgement.contrast import estimate, pooled
from analysis.judgement.meaning import main_measures, meaning
from analysis.measure_table import Contrasted
from analysis.values import Measure

RISE_OF_ERROR = {"warn": 0.10, "fail": 0.20}
DROP_OF_SCORE = {"warn": 0.02, "fail": 0.05}


def main_measure(question: Question) -> str | None:
    """The measure that the setting names, else the first of the task's that has a value (or is there at all)."""
    named = question.text("measure")
    if named is not None:
        return named
    choices = main_measures(question.card.task, question.card.k)
    valued = [n for n in choices if (m := question.table.find(n)) is not None and m.value is not None]
    there = [n for n in choices if question.table.find(n) is not None]
    return next(iter(valued or there), None)


def worse_by(measure: str, bound: float, *, relative: bool = False) -> Condition:
    """By more than ``bound`` on the bad side of what stands in the reference's place."""
    side = "above" if meaning(measure).better == "low" else "below"
    return Condition(kind=f"{side}_reference_by", bound=(bound,), relative=relative)


def default_drops(measure: str) -> tuple[Condition, Condition]:
    """Warn and fail: errors may rise by 10 and 20 %, scores fall by 0.02 and 0.05."""
    errors = meaning(measure).better == "low" and meaning(measure).unit == "number"
    size = RISE_OF_ERROR if errors else DROP_OF_SCORE
    return tuple(worse_by(measure, size[level], relative=errors) for level in ("warn", "fail"))  # type: ignore[return-value]  # two levels


def as_drops(question: Question, measure: str) -> tuple[tuple[Condition, ...], tuple[Condition, ...]]:
    """The question's conditions read as distances on the bad side: a bare number, or ``above``, is how much worse."""
    warn, fail = default_drops(measure)
    bad = warn.kind
    warning, failing = question.conditions(warn=(warn,), fail=(fail,), bad=bad)

    def distances(conditions: Sequence[Condition]) -> tuple[Condition, ...]:
        return tuple(
            Condition(kind=bad, bound=c.bound, relative=c.relative) if c.kind == "above" else c for c in conditions
        )

    return distances(warning), distances(failing)


def beside(judged: Measure, others: Sequence[Measure], named: str) -> Contrasted | None:
    """The number with the mean of the others (weighted by rows) in the reference's place; None where they have none."""
    mean = pooled([e for m in others if (e := estimate(m)) is not None])
    if mean is None:
        return None
    reference = Measure(
        measure=judged.measure, value=mean.value, low=mean.low, high=mean.high, n=mean.n, basis="reference"
    )
    return Contrasted(judged=judged, reference=reference, reference_is=named)
