"""The check ``group_gap``: how far apart are the protected groups?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from analysis.card import CheckSetting
from analysis.judgement import wording
from analysis.judgement.check import Check, Example, Question, above
from analysis.judgement.conditions import rounded
from analysis.judgement.contrast import Estimate, chance_beyond, combined, discoveries, estimate, more_rows
from analysis.judgement.meaning import meaning
from analysis.values import CheckResult, Measure, Slice, Subject, Verdict

RATES = ("false_positive_rate", "false_negative_rate", "selection_rate")
FEWEST_ROWS = 50
OTHERS = "(other)"
ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Two groups and how far the higher lies above the lower."""

    high: Measure
    low: Measure
    size: Estimate

    @property
    def disadvantaged(self) -> Measure:
        """The group on the measure's bad side; for a rate of selection, the one that is selected less."""
        return self.high if meaning(self.high.measure).better == "low" else self.low


def judge(question: Question) -> Iterable[CheckResult]:
    """Compares a rate between the groups of each protected column and judges the largest difference.

    It looks at the false positive rate, the false negative rate and the selection rate; `measure` chooses one other. It
    warns when two groups certainly differ by more than 0.05 and fails by more than 0.10; a bare `warn` or `fail` is the
    difference that is allowed. Chance is taken out: the difference's 95 % interval counts, and with many groups at most
    one in twenty of the pairs named may be a false alarm. Groups with fewer than 50 rows behind their rate
    (`min_size`) are named, not judged. Needs `protected:` in the model card.
    """
    if not question.card.protected:
        yield question.skipped("Groups were not compared: name the columns under protected: in the model card.")
        return
    named = question.text("measure")
    for columns in question.card.protected:
        if question.setting.feature in (None, " & ".join(columns)):
            for rate in (named,) if named is not None else RATES:
                yield _between_groups(question, rate, columns)


def _between_groups(question: Question, rate: str, columns: tuple[str, ...]) -> CheckResult:
    fewest = int(question.number("min_size", FEWEST_ROWS))
    groups = [m for m in question.table.groups(rate, columns) if (OTHERS not in dict(m.slice or ()).values())]
    judged = [m for m in groups if m.value is not None and m.n >= fewest]
    small = _too_small([m for m in groups if m not in judged], fewest)
    if len(judged) < 2:
        says = (
            f"{wording.sentence(wording.words(rate))} was not compared by {' & '.join(columns)}: "
            f"fewer than two groups have at least {fewest} rows that count for it."
        )
        return question.result(Subject(measure=rate, feature=" & ".join(columns)), "skipped", says, groups)
    gaps = sorted(_gaps(judged), key=lambda gap: -gap.size.value)
    warn, fail = question.bounds(warn=0.05, fail=0.10)
    verdict, gap, bound = _decided(gaps, warn, fail)
    says = _told(verdict, gap, bound) + (f" {small}" if small else "")
    subject = Subject(measure=rate, slice=gap.disadvantaged.slice)
    return question.result(subject, verdict, says, (gap.disadvantaged, gap.high, gap.low))


def _gaps(groups: Sequence[Measure]) -> Iterator[Gap]:
    for one, other in combinations(groups, 2):
        high, low = (one, other) if (one.value or 0.0) >= (other.value or 0.0) else (other, one)
        above_it, below_it = estimate(high), estimate(low)
        if above_it is not None and below_it is not None:
            yield Gap(high=high, low=low, size=combined(above_it, [(-1.0, below_it)]))


def _decided(gaps: Sequence[Gap], warn: float | None, fail: float | None) -> tuple[Verdict, Gap, float]:
    """The verdict, the gap that it rests on and the limit that decided; ``gaps`` has the largest first."""
    levels: list[tuple[Verdict, float]] = []
    levels += [("fail", fail)] if fail is not None else []
    levels += [("warn", warn)] if warn is not None else []
    for verdict, bound in levels:
        stands = discoveries([chance_beyond(gap.size, bound + ROUNDING, "high") for gap in gaps])
        certain = next((gap for gap, sure in zip(gaps, stands, strict=True) if sure and _lies_above(gap, bound)), None)
        if certain is not None:
            return verdict, certain, bound
    for _, bound in levels:
        if (gaps[0].size.high if gaps[0].size.high is not None else gaps[0].size.value) > bound + ROUNDING:
            return "unsure", gaps[0], bound
    return "pass", gaps[0], levels[-1][1]


def _lies_above(gap: Gap, bound: float) -> bool:
    return (gap.size.low if gap.size.low is not None else gap.size.value) > bound + ROUNDING


def _told(verdict: Verdict, gap: Gap, bound: float) -> str:
    rate = gap.high.measure
    worse = gap.disadvantaged
    other = gap.low if worse is gap.high else gap.high
    apart = wording.span(rate, gap.size)
    ends = f" (95% interval {apart})" if apart else ""
    pair = (
        f"{wording.sentence(wording.words(rate))} is {_of(worse)} and {_of(other)}: "
        f"{wording.distance(rate, gap.size.value)} apart{ends}"
    )
    allowed = wording.distance(rate, bound)
    if verdict == "pass":
        return f"{pair}, the largest difference; {allowed} are allowed."
    if verdict == "unsure":
        more = more_rows(gap.size, bound)
        rows = (
            f"about {rounded(more)} more rows of each would decide it" if more else "more rows would hardly decide it"
        )
        return f"{pair}; it cannot be told whether that is more than the {allowed} allowed, and {rows}."
    return f"{pair}, more than the {allowed} allowed. Look next at the scores and the labels of these two groups."


def _of(group: Measure) -> str:
    value = wording.shown(group.measure, group.value or 0.0)
    return f"{value} for {wording.group(group.slice)} (n = {wording.count(group.n)})"


def _too_small(groups: Sequence[Measure], fewest: int) -> str:
    named = [wording.group(m.slice) for m in groups]
    return f"Too small to judge (fewer than {fewest} rows): {wording.listed(named)}." if named else ""


def _rate(value: float, half: float, n: int, group: str, measure: str = "false_positive_rate") -> Measure:
    where: Slice = (("race", group),)
    return Measure(measure=measure, value=value, low=value - half, high=value + half, n=n, version="1", slice=where)


ONE_RATE = CheckSetting(check="group_gap", options={"measure": "false_positive_rate"})
BY_RACE = {"protected": (("race",),)}

check = Check(
    name="group_gap",
    judge=judge,
    options=("measure", "min_size"),
    covers=(),
    tasks=("binary",),
    examples=(
        Example(
            # 0.45 − 0.23 = 0.22; half-width √(0.02² + 0.03²) = 0.036; 0.184 > 0.10.
            title="one group is wrongly flagged almost twice as often",
            card=BY_RACE,
            setting=ONE_RATE,
            measures=(_rate(0.45, 0.02, 1800, "a"), _rate(0.23, 0.03, 1500, "b"), _rate(0.9, 0.2, 8, "c")),
            verdicts=("fail",),
            says=(
                "False positive rate is 45% for race = a (n = 1,800) and 23% for race = b (n = 1,500)",
                "22 points apart (95% interval 18.4 to 25.6 points), more than the 10 points allowed.",
                "Too small to judge (fewer than 50 rows): race = c.",
            ),
        ),
        Example(
            title="a small difference between large groups",
            card=BY_RACE,
            setting=ONE_RATE,
            measures=(_rate(0.30, 0.01, 9000, "a"), _rate(0.29, 0.01, 9000, "b")),
            verdicts=("pass",),
        ),
        Example(
            # 0.12 ± √(0.06² + 0.08²) = 0.12 ± 0.10.
            title="a difference that may be chance",
            card=BY_RACE,
            setting=ONE_RATE,
            measures=(_rate(0.42, 0.06, 260, "a"), _rate(0.30, 0.08, 130, "b")),
            verdicts=("unsure",),
        ),
        Example(
            title="a limit of its own",
            card=BY_RACE,
            setting=CheckSetting(check="group_gap", warn=(above(0.01),), options={"measure": "false_positive_rate"}),
            measures=(_rate(0.33, 0.005, 9000, "a"), _rate(0.30, 0.005, 9000, "b")),
            verdicts=("warn",),
        ),
        Example(title="no protected column", measures=(), verdicts=("skipped",)),
    ),
)
