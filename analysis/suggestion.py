"""A check set for a model, proposed from what an evaluation saw, with what it would have said over the past periods.

A limit lies as far below the reference as the number swings by chance from period to period (two half-widths of a
period's interval), so that it is quiet while nothing happens. Without a reference the window itself is the base, and
what a dummy model reaches that always says the same is the line not to be crossed (scikit-learn's DummyClassifier with
the most frequent class or the base rate, DummyRegressor with the mean).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from analysis.card import Condition, ModelCard
from analysis.judgement import wording
from analysis.judgement.conditions import rule
from analysis.judgement.history import FEWEST_ROWS_OF_A_PERIOD
from analysis.judgement.meaning import meaning
from analysis.measure_table import Contrasted, MeasureTable
from analysis.rounding import to_digits
from analysis.values import FROM_WORST, Measure, Result, Verdict

PERFORMANCE = {
    "binary": ("roc_auc", "log_loss"),
    "multiclass": ("accuracy", "f1"),
    "regression": ("mean_absolute_error", "r2"),
    "ranking": (),
}
LEAST_SWING = 0.01
"""Of the number itself: limits nearer than that to it would be noise."""
SURELY_DRIFT = 0.25
"""A population stability index above has always been called a drift: what is beyond is not how the model usually is."""
LEAST_DRIFT, LEAST_GAP, STEP_OF_GAP = 0.10, 0.05, 0.05
ROOM = 1.5


@dataclass(frozen=True, slots=True)
class Suggested:
    """One entry of ``checks:``. ``limits`` are its words in the model card; ``says`` tells why these, and what the
    check would have said."""

    check: str
    limits: str
    says: str


def suggested(card: ModelCard, result: Result) -> tuple[Suggested, ...]:
    """The proposal for a model whose evaluation over all its rows is given."""
    table = MeasureTable(result.measures, version=result.version)
    found = [*_performance(card, table), *_drift(table), *_fairness(card, table), *_importance(result)]
    return tuple(found)


def as_yaml(suggestions: Sequence[Suggested]) -> str:
    """The ``checks:`` of a model card."""
    if not suggestions:
        return "# There is nothing to suggest a limit from: it needs labels, or a reference.\nchecks: {}\n"
    lines = ["checks:"]
    for one in suggestions:
        lines += [f"  # {sentence.rstrip('.')}." for sentence in one.says.split(". ")]
        lines.append(f"  {one.check}: {one.limits}")
    return "\n".join(lines) + "\n"


def _performance(card: ModelCard, table: MeasureTable) -> Iterator[Suggested]:
    for name in PERFORMANCE[card.task]:
        whole, before = table.find(name, basis="realized"), table.find(name, basis="reference")
        base = before if before is not None and before.value is not None else whole
        if whole is None or base is None or base.value is None:
            continue
        periods = [m for m in table.over_time(whole) if m.value is not None and m.n >= FEWEST_ROWS_OF_A_PERIOD]
        bad = "above" if meaning(name).better == "low" else "below"
        swing = _swing(base, periods)
        sign = 1 if bad == "above" else -1
        dummy = _dummy(name, table)
        last = base.value + sign * 2 * swing
        # Whatever it swings, a model must be better than one that always says the same.
        if dummy is not None:
            last = min(last, dummy) if bad == "above" else max(last, dummy)
        fail = Condition(kind=bad, bound=(_rounded(last),))
        by_reference = base is before
        warn = _warning(base.value, last, swing, bad=bad, by_reference=by_reference)
        warned = f", warn: {{{warn.kind}: {warn.bound[0]:g}}}" if warn is not None else ""
        limits = f"{{fail: {{{bad}: {fail.bound[0]:g}}}{warned}}}"
        says = f"{_base(base, by_reference=by_reference)} {_would_have_said(periods, base, warn, fail)}"
        yield Suggested(name, limits, says)


def _warning(base: float, last: float, swing: float, *, bad: str, by_reference: bool) -> Condition | None:
    """A usual swing away, or halfway to the failure where that is nearer; None where there is no room before it."""
    sign = 1 if bad == "above" else -1
    step = min(swing, sign * (last - base) / 2)
    if step <= 0:
        return None
    if by_reference:
        return Condition(kind=f"{bad}_reference_by", bound=(_rounded(step),))
    return Condition(kind=bad, bound=(_rounded(base + sign * step),))


def _swing(base: Measure, periods: Sequence[Measure]) -> float:
    """Two half-widths of a usual period's interval, or of the base's own."""
    widths = [(m.high - m.low) / 2 for m in (periods or [base]) if m.low is not None and m.high is not None]
    usual = median(widths) if widths else 0.0
    return max(2 * usual, LEAST_SWING * abs(base.value or 0.0))


def _dummy(name: str, table: MeasureTable) -> float | None:
    """What a model reaches that always says the same; None where that is not known."""
    rate = table.find("positive_rate", basis="realized")
    share = rate.value if rate is not None else None
    if name == "roc_auc":
        return 0.5
    if name == "r2":
        return 0.0
    if name == "log_loss" and share is not None and 0 < share < 1:
        return -(share * math.log(share) + (1 - share) * math.log(1 - share))
    return None


def _would_have_said(periods: Sequence[Measure], base: Measure, warn: Condition | None, fail: Condition) -> str:
    if not periods:
        return "There are no past periods to try it on."
    verdicts = [
        rule(Contrasted(judged=m, reference=base), warn=(warn,) if warn else (), fail=(fail,)).verdict
        for m in periods
    ]  # fmt: skip
    return f"Over {wording.plural(len(periods), 'past period')} it would have said: {_counted(verdicts)}."


def _counted(verdicts: Sequence[Verdict]) -> str:
    names: dict[Verdict, str] = {"unsure": "cannot tell"}
    there = [(v, verdicts.count(v)) for v in FROM_WORST if v in verdicts]
    return ", ".join(f"{count} {names.get(v, v)}" for v, count in there)


def _base(base: Measure, *, by_reference: bool) -> str:
    value = wording.shown(base.measure, base.value or 0.0)
    ends = wording.interval(base.measure, base)
    where = "On the reference" if by_reference else "Over the window"
    return f"{where} {wording.words(base.measure)} is {value}{f' ({ends})' if ends else ''}."


def _drift(table: MeasureTable) -> Iterator[Suggested]:
    """Room above what the features' distance has been in the past periods."""
    whole = [m for m in table.whole("psi", basis="difference") if m.value is not None]
    if not whole:
        return
    past = [m.value for one in whole for m in table.over_time(one) if m.value is not None and m.n >= 200]
    calm = sorted(value for value in past or [m.value or 0.0 for m in whole] if value <= SURELY_DRIFT)
    usual = calm[int(0.95 * (len(calm) - 1))] if calm else 0.0
    warn = _rounded(max(LEAST_DRIFT, ROOM * usual))
    says = f"PSI of features stays below {usual:.2g} in 95 of 100 past periods." if past and calm else ""
    if past and len(calm) < len(past):
        says += f" Left out are {len(past) - len(calm)} periods of features above {SURELY_DRIFT:g}, which had drifted."
    if past:
        over = sum(value > warn for value in past)
        says += f" {over} of {len(past)} periods of features would have been above the warning."
    says = says.strip() or "There are no past periods to try it on."
    yield Suggested("drift", f"{{warn: {warn:g}, fail: {_rounded(2.5 * warn):g}}}", says)


def _fairness(card: ModelCard, table: MeasureTable) -> Iterator[Suggested]:
    if not card.protected:
        return
    gaps = [m for m in table.all("demographic_parity_difference") if m.value is not None and m.period is None]
    largest = max(gaps, key=lambda m: m.value or 0.0, default=None)
    if largest is None or largest.value is None:
        return
    warn = _rounded(max(LEAST_GAP, math.ceil(largest.value / STEP_OF_GAP) * STEP_OF_GAP))
    apart = wording.distance("accuracy", largest.value)
    says = f"Selection rates of {largest.feature} lie {apart} apart at most; a person must say what is fair."
    yield Suggested("group_gap", f"{{warn: {warn:g}, fail: {warn + STEP_OF_GAP:g}}}", says)


def _importance(result: Result) -> Iterator[Suggested]:
    features = {m.feature for m in result.measures if m.measure == "missing_rate" and m.basis == "realized"}
    if len(features) > 2:
        yield Suggested(
            "feature_importance", "{warn: 0.5}", "No feature should carry more than half of what the score rests on."
        )


def _rounded(number: float) -> float:
    return to_digits(number, 2)
