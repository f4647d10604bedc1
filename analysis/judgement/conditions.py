"""Whether a number meets a warn or fail condition: certainly, certainly not, or the interval cannot tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from analysis.card import Condition
from analysis.judgement import wording
from analysis.judgement.contrast import Estimate, beside_fixed, combined, estimate, more_rows
from analysis.measure_table import Contrasted
from analysis.values import Measure, Verdict

Outcome = Literal["met", "unmet", "open", "missing"]

ROUNDING = 1e-9
"""Numbers this close to a limit lie on it: 0.24 / 0.30 is four fifths, whatever its last bit says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One condition held against one number. ``number`` is what was tested: the measure, or its distance from the
    reference or the other version; ``edges`` are on its scale, ``limits`` on the measure's own."""

    condition: Condition
    outcome: Outcome
    number: Estimate | None = None
    edges: tuple[float, ...] = ()
    limits: tuple[float, ...] = ()
    missing: str | None = None

    @property
    def more(self) -> int | None:
        """Roughly how many more rows would decide it."""
        if self.number is None:
            return None
        number = self.number
        needs = [more_rows(number, edge) for edge in self.edges if _straddles(number, edge)]
        return None if not needs or None in needs else max(n for n in needs if n is not None)

    def beyond(self, value: float) -> bool:
        """Whether a value of the same measure, taken as it stands, meets the condition."""
        return _outcome(self.condition.kind, Estimate(value=value, low=None, high=None, n=0), self.limits) == "met"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """The verdict and the trial that decided it. ``open_fail`` is set when it warns and the interval can't rule out a
    failure."""

    verdict: Verdict
    judged: Contrasted
    trial: Trial | None = None
    open_fail: Trial | None = None
    unanswered: tuple[str, ...] = ()

    @property
    def measures(self) -> tuple[Measure | None, ...]:
        """The numbers that were looked at, the judged one first."""
        kind = self.trial.condition.kind if self.trial is not None else ""
        beside = {"reference": self.judged.reference, "version": self.judged.against}
        other = next((m for word, m in beside.items() if word in kind), None)
        return (self.judged.judged, other, self.judged.paired if "version" in kind else None)


def rule(judged: Contrasted, *, warn: Sequence[Condition], fail: Sequence[Condition], exact: bool = False) -> Ruling:
    """Judge one number. ``exact`` takes it without its interval: for facts about these very rows."""
    if judged.judged.value is None:
        why = judged.judged.reason or "it is undefined here"
        return Ruling(verdict="skipped", judged=judged, unanswered=(why,))
    if exact:
        judged = replace(judged, judged=replace(judged.judged, low=None, high=None))
    failing = [held(judged, c) for c in fail]
    warning = [held(judged, c) for c in warn]
    unanswered = tuple(dict.fromkeys(t.missing for t in (*failing, *warning) if t.missing))

    def first(trials: Sequence[Trial], outcome: Outcome) -> Trial | None:
        return next((t for t in trials if t.outcome == outcome), None)

    if (trial := first(failing, "met")) is not None:
        return Ruling(verdict="fail", judged=judged, trial=trial, unanswered=unanswered)
    undecided = first(failing, "open")
    if (trial := first(warning, "met")) is not None:
        return Ruling(verdict="warn", judged=judged, trial=trial, open_fail=undecided, unanswered=unanswered)
    if (trial := undecided or first(warning, "open")) is not None:
        return Ruling(verdict="unsure", judged=judged, trial=trial, unanswered=unanswered)
    # The tighter limit is the one worth naming when nothing is wrong, and that is the warning's.
    if (trial := first(warning, "unmet") or first(failing, "unmet")) is not None:
        # A limit that nothing could be held against is not kept, even where another one is.
        return Ruling(verdict="skipped" if unanswered else "pass", judged=judged, trial=trial, unanswered=unanswered)
    return Ruling(verdict="skipped", judged=judged, unanswered=unanswered or ("it has no condition",))


def held(judged: Contrasted, condition: Condition) -> Trial:
    """One condition against one number that has a value."""
    number = estimate(judged.judged)
    assert number is not None  # noqa: S101 - rule() has turned undefined numbers away
    if judged.reference_rows is not None:
        number = beside_fixed(number, judged.reference_rows)
    kind, bound = condition.kind, condition.bound
    if kind in ("below", "above", "within", "outside"):
        return Trial(
            condition=condition, outcome=_outcome(kind, number, bound), number=number, edges=bound, limits=bound
        )
    other = judged.reference if "reference" in kind else judged.against
    beside = estimate(other) if other is not None else None
    if beside is None:
        return Trial(condition=condition, outcome="missing", missing=_what_is_missing(kind, other))
    sign = -1.0 if kind.startswith("below") else 1.0
    allowed = sign * (bound[0] * abs(beside.value) if condition.relative else bound[0])
    paired = judged.paired if "version" in kind else None
    number = _distance(number, paired, beside, allowed if condition.relative else 0.0)
    edge = 0.0 if condition.relative else allowed
    return Trial(
        condition=condition,
        outcome=_outcome(kind, number, (edge,)),
        number=number,
        edges=(edge,),
        limits=(beside.value + allowed,),
    )


def _distance(number: Estimate, paired: Measure | None, beside: Estimate, allowed: float) -> Estimate:
    """judged − other, less what a relative condition allows, with the pair's interval where both saw the same rows."""
    pair = estimate(paired) if paired is not None else None
    if pair is not None and number.low is not None:
        ends = [None if end is None else end - allowed for end in (pair.low, pair.high)]
        return Estimate(value=number.value - beside.value - allowed, low=ends[0], high=ends[1], n=pair.n)
    share = allowed / beside.value if beside.value else 0.0
    return combined(number, [(-(1.0 + share), beside)])


def _what_is_missing(kind: str, other: Measure | None) -> str:
    if "reference" in kind:
        return "the reference has no such number" if other is None else f"the reference's number: {other.reason}"
    return "there is no other version to compare with" if other is None else f"the other version's: {other.reason}"


def _outcome(kind: str, number: Estimate, bound: Sequence[float]) -> Outcome:
    low = number.value if number.low is None else min(number.low, number.value)
    high = number.value if number.high is None else max(number.high, number.value)
    if kind in ("within", "outside"):
        inside = _outside(low, high, bound)
        if inside == "open":
            return "open"
        return "met" if (inside == "unmet") == (kind == "within") else "unmet"
    edge = bound[0]
    slack = ROUNDING * max(1.0, abs(edge))
    if kind.startswith("below"):
        return "met" if high < edge - slack else "unmet" if low >= edge - slack else "open"
    return "met" if low > edge + slack else "unmet" if high <= edge + slack else "open"


def _outside(low: float, high: float, bound: Sequence[float]) -> Outcome:
    first, last = min(bound), max(bound)
    slack = ROUNDING * max(1.0, abs(first), abs(last))
    if high < first - slack or low > last + slack:
        return "met"
    return "unmet" if low >= first - slack and high <= last + slack else "open"


def _straddles(number: Estimate, edge: float) -> bool:
    return number.low is not None and number.high is not None and number.low <= edge <= number.high


def told(ruling: Ruling, *, since: str = "") -> str:
    """The ruling's sentence: the number, its interval, the limit, since when, and what is not known."""
    measure = ruling.judged.judged
    subject = wording.sentence(wording.named(measure))
    if ruling.trial is None:
        return f"{subject} was not judged: {wording.listed(list(ruling.unanswered))}."
    value = wording.shown(measure.measure, measure.value or 0.0)
    ends = wording.interval(measure.measure, measure)
    about = f"{subject} is {value} ({ends + ', ' if ends else ''}n = {wording.count(measure.n)})"
    limit = _limit(ruling.trial, ruling.judged)
    if ruling.verdict == "unsure":
        return f"{about}; {_undecided(ruling.trial, limit)}."
    text = f"{about}, {'' if ruling.verdict in ('warn', 'fail') else 'not '}{limit}{since}."
    if ruling.open_fail is not None:
        text += f" It may even be {_limit(ruling.open_fail, ruling.judged)}; {_how_many(ruling.open_fail)}."
    if ruling.unanswered:
        text += f" Not judged: {wording.listed(list(ruling.unanswered))}."
    return text


def _undecided(trial: Trial, limit: str) -> str:
    return f"that is too close to tell whether it is {limit}; {_how_many(trial)}"


def _how_many(trial: Trial) -> str:
    more = trial.more
    if more is None:
        return "more rows would hardly decide it"
    return f"about {rounded(more)} more rows like these would decide it"


def rounded(rows: int) -> str:
    """Two figures are enough for a number that is itself a guess."""
    digits = len(str(rows))
    return wording.count(round(rows, 2 - digits) if digits > 2 else rows)


def _limit(trial: Trial, judged: Contrasted) -> str:
    name, condition = judged.judged.measure, trial.condition
    side = "below" if condition.kind.startswith("below") else "above"
    if condition.kind in ("within", "outside"):
        low, high = (wording.shown(name, b) for b in sorted(trial.limits))
        return f"{condition.kind} {low} to {high}"
    if condition.kind in ("below", "above"):
        return f"{side} the limit of {wording.shown(name, trial.limits[0])}"
    by_reference = "reference" in condition.kind
    beside = judged.reference if by_reference else judged.against
    other = wording.shown(name, beside.value or 0.0) if beside is not None else ""
    whose = judged.reference_is if by_reference else f"version {beside.version if beside is not None else ''}"
    by = wording.percent(condition.bound[0]) if condition.relative else wording.distance(name, condition.bound[0])
    return f"more than {by} {side} {whose} ({other})"
