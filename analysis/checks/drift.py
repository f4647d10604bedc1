"""The check ``drift``: do features, score or label look unlike the reference, and does it do harm?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from analysis.judgement import wording
from analysis.judgement.by_chance import has_nothing_in_common, identifier, may_be_chance
from analysis.judgement.check import Check, Example, Question, above, subject_of
from analysis.judgement.comparison import default_drops, main_measure
from analysis.judgement.conditions import Ruling, rule, told
from analysis.judgement.default_limits import DRIFT
from analysis.judgement.histogram import most_moved
from analysis.judgement.history import first_bad, since, told_periods
from analysis.values import Basis, CheckResult, Measure, Subject

DISTANCES = ("psi", "jensen_shannon")
SHARE_WORTH_NAMING = 0.1


def judge(question: Question) -> Iterable[CheckResult]:
    """Measures how far each feature, the score and the label have moved from the reference.

    It takes the population stability index, or the Jensen–Shannon distance where there is none (`measure` chooses).
    It warns above 0.10 and fails above 0.25, which is convention and no law; a bare `warn` or `fail` is the distance
    that is allowed. A distance beyond a limit that chance may have made, or whose interval reaches below it, is *cannot
    tell*; one within the limits passes. Drift that does no harm warns at most: when the performance is certainly no
    worse than on the reference, a failure becomes a warning and says so. A category without a single value in common
    with the reference fails all the same. Needs a `reference:` in the model card.
    """
    measures = question.features(_distances(question))
    harmless = _performance_that_held(question)
    for measure in measures:
        yield _judged(question, measure, harmless)
    if not measures:
        subject = Subject(feature=question.setting.feature)
        yield question.skipped("Drift was not measured: name a reference: in the model card.", subject)


def _distances(question: Question) -> list[Measure]:
    named = question.text("measure")
    found: dict[str | None, Measure] = {}
    for name in (named,) if named is not None else DISTANCES:
        for m in question.table.whole(name):
            known = found.get(m.feature)
            if known is None or known.value is None:
                found[m.feature] = m
    return list(found.values())


def _judged(question: Question, measure: Measure, harmless: str | None) -> CheckResult:
    warn, fail = question.conditions(warn=(above(DRIFT.warn),), fail=(above(DRIFT.fail),), bad="above")
    contrasted = question.table.contrasted(measure)
    # A distance within its limits is no alarm, however few the rows: of few, any might be beyond them.
    within = rule(contrasted, warn=warn, fail=fail, exact=True)
    ruling = within if within.verdict == "pass" else rule(contrasted, warn=warn, fail=fail)
    over_time = told_periods(question.table.over_time(measure))
    if ruling.verdict == "pass":
        return _late(question, measure, ruling, over_time)
    looks = identifier(question, measure)
    if looks is not None and not has_nothing_in_common(question, measure):
        return question.skipped(f"{looks} Its values were not compared.", subject_of(measure))
    if ruling.verdict not in ("warn", "fail") or ruling.trial is None:
        return question.result(subject_of(measure), ruling.verdict, told(ruling), (measure,))
    if may_be_chance(question, measure):
        doubt = f"{told(replace(ruling, open_fail=None))} With so few rows chance may have made it; more would tell."
        return question.result(subject_of(measure), "unsure", doubt, (measure,))
    says = f"{told(ruling, since=since(over_time, ruling.trial.beyond))} {_what_moved(question, measure)}".rstrip()
    if ruling.verdict == "fail" and harmless is not None and not has_nothing_in_common(question, measure):
        return question.result(subject_of(measure), "warn", f"{says} It does no harm so far: {harmless}.", (measure,))
    next_step = looks or "Look next at its source."
    return question.result(subject_of(measure), ruling.verdict, f"{says} {next_step}", (measure,))


def _late(question: Question, measure: Measure, ruling: Ruling, over_time: list[Measure]) -> CheckResult:
    """A window that passes as a whole still warns when its last periods, two at least, do not."""
    begun = first_bad(over_time, ruling.trial.beyond) if ruling.trial is not None else None
    if begun is None or begun is over_time[-1]:
        return question.result(subject_of(measure), "pass", told(ruling), (measure,))
    last = over_time[-1]
    says = (
        f"{wording.sentence(wording.named(measure))} is only {wording.figure(measure.value or 0.0)} over the window, "
        f"but {wording.figure(last.value or 0.0)} in {last.period} and too high since {begun.period}. "
        f"{_what_moved(question, measure)}"
    ).rstrip()
    says += " Look next at what changed then."
    return question.result(subject_of(measure), "warn", says, (measure, last))


def _what_moved(question: Question, measure: Measure) -> str:
    if has_nothing_in_common(question, measure):
        return "Not one of its values was in the reference."
    moved = most_moved(question.table, measure.feature or "")
    if moved is None or measure.feature is None:
        return _what_moved_the_score(question, measure)
    then, now = wording.percent(round(moved.then or 0.0, 3)), wording.percent(round(moved.now, 3))
    where = wording.group(((measure.feature, moved.name),))
    return f"Most of it: {where} was {then} of the reference and is {now} of the window." + (
        _what_moved_the_score(question, measure)
    )


def _what_moved_the_score(question: Question, measure: Measure) -> str:
    """The features whose own drift explains the score's, where that was asked and they explain some of it."""
    if measure.feature != question.card.columns.score:
        return ""
    shifts = sorted(question.table.all("score_shift"), key=lambda m: -abs(m.value or 0.0))
    whole = question.table.find("mean_difference", feature=measure.feature)
    if not shifts or whole is None or not whole.value:
        return ""
    main = [m for m in shifts if abs(m.value or 0.0) >= SHARE_WORTH_NAMING * abs(whole.value)][:3]
    if not main:
        return " No feature's drift explains the score's: look at the model, or at features that are not logged."
    parts = ", ".join(f"{m.feature} ({m.value or 0.0:+.2g})" for m in main)
    return f" The mean score moved by {whole.value:+.2g}; what moved it: {parts}."


def _performance_that_held(question: Question) -> str | None:
    """What held, in words, when performance is certainly not worse than on the reference; None otherwise."""
    name = main_measure(replace(question, setting=replace(question.setting, options={})))
    judged = question.table.find(name, basis="realized") if name is not None else None
    if name is None or judged is None:
        return None
    contrasted = question.table.contrasted(judged)
    ruling = rule(contrasted, warn=default_drops(name)[:1], fail=default_drops(name)[1:])
    if ruling.verdict != "pass" or contrasted.reference is None:
        return None
    then = wording.shown(name, contrasted.reference.value or 0.0)
    return f"{wording.words(name)} is {wording.shown(name, judged.value or 0.0)} and was {then} on the reference"


def _psi(value: float, feature: str = "price", period: str | None = None, n: int = 3000) -> Measure:
    return Measure(measure="psi", value=value, n=n, version="1", feature=feature, basis="difference", period=period)


def _psi_within(value: float, low: float, high: float) -> Measure:
    return replace(_psi(value), low=low, high=high)


def _auc(value: float, half: float, basis: Basis) -> Measure:
    return Measure(
        measure="roc_auc", value=value, low=value - half, high=value + half, n=9000, version="1", basis=basis
    )


def _share(value: float, where: str, basis: Basis) -> Measure:
    return Measure(
        measure="share", value=value, n=3000, version="1", feature="price", slice=(("price", where),), basis=basis
    )


check = Check(
    name="drift",
    judge=judge,
    options=("measure",),
    covers=("psi", "jensen_shannon"),
    examples=(
        Example(
            title="a price that moved, and what moved",
            measures=(
                _psi(0.31),
                _psi(0.02, period="2026-01"),
                _psi(0.40, period="2026-02"),
                _share(0.3, "[0, 20)", "realized"),
                _share(0.7, "[20, 50)", "realized"),
                _share(0.6, "[0, 20)", "reference"),
                _share(0.4, "[20, 50)", "reference"),
            ),
            verdicts=("fail",),
            says=(
                "PSI of price is 0.310 (n = 3,000), above the limit of 0.250 since 2026-02.",
                "Most of it: price 0 to 20 was 60% of the reference and is 30% of the window.",
            ),
        ),
        Example(
            title="drift that does no harm only warns",
            measures=(_psi(0.31), _auc(0.72, 0.01, "realized"), _auc(0.71, 0.01, "reference")),
            verdicts=("warn",),
            says=("It does no harm so far: ROC AUC is 0.720 and was 0.710 on the reference.",),
        ),
        Example(
            title="drift beside a performance that may have dropped",
            measures=(_psi(0.31), _auc(0.69, 0.02, "realized"), _auc(0.71, 0.01, "reference")),
            verdicts=("fail",),
        ),
        Example(
            title="a histogram of few rows",
            measures=(
                _psi(0.31, n=40),
                Measure(measure="ks_p", value=0.2, n=40, version="1", feature="price", basis="difference"),
            ),
            verdicts=("unsure",),
        ),
        Example(
            title="a small drift over the window, a large one in its last weeks",
            measures=(
                _psi(0.06),
                _psi(0.01, period="2026-W07"),
                _psi(0.18, period="2026-W08"),
                _psi(0.19, period="2026-W09"),
            ),
            verdicts=("warn",),
            says=("but 0.190 in 2026-W09 and too high since 2026-W08.",),
        ),
        Example(
            title="too large, but its interval reaches below both limits",
            measures=(_psi_within(0.31, 0.08, 0.54),),
            verdicts=("unsure",),
        ),
        Example(
            title="within the limits, whatever its interval reaches",
            measures=(_psi_within(0.08, 0.0, 0.26),),
            verdicts=("pass",),
        ),
        Example(
            title="exactly on the convention's limit",
            measures=(_psi(0.10),),
            verdicts=("pass",),
        ),
        Example(title="no reference", measures=(), verdicts=("skipped",)),
    ),
)
