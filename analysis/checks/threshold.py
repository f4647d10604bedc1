"""The check ``threshold``: any measure against limits of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from analysis.card import CheckSetting, Condition
from analysis.judgement import wording
from analysis.judgement.check import Check, Example, Question, above, bad_side, below, subject_of
from analysis.judgement.conditions import rule, told
from analysis.judgement.history import settled, since
from analysis.measure_table import OF_THE_WINDOW, same_slice
from analysis.near_names import did_you_mean
from analysis.values import CheckResult, Measure, Subject


def judge(question: Question) -> Iterable[CheckResult]:
    """Holds one measure against limits.

    Write the measure's name under `checks:` with `warn` and `fail`. A limit is `below`, `above`, `within` or `outside`
    (`[a, b]`: `within` fails between the two, `outside` beyond them), or a distance: `below_reference_by`,
    `above_reference_by`, `below_version_by`, `above_version_by` (a number, or a percentage such as `2%`). A bare number
    means the measure's bad direction. `slice`, `feature` and `class` narrow it; without them it is the whole window,
    or every feature for a measure of features.

    When the 95 % interval holds the limit the answer is *cannot tell*, with roughly how many more rows would decide.
    A number exactly on the limit is not beyond it.
    """
    name = question.text("measure") or question.setting.check
    targets = list(_targets(question, name))
    if not targets:
        yield question.skipped(_not_there(question, name), Subject(measure=name, slice=question.setting.slice))
    for measure in targets:
        yield _judged(question, measure)


def _targets(question: Question, name: str) -> Iterator[Measure]:
    setting = question.setting
    there = [m for m in question.table.all(name) if m.period is None and m.class_ == setting.class_]
    if any(m.basis in OF_THE_WINDOW for m in there):
        there = [m for m in there if m.basis in OF_THE_WINDOW]
    if setting.slice is not None:
        there = [m for m in there if m.slice is not None and same_slice(m.slice, setting.slice)]
    elif any(m.slice is None for m in there):
        there = [m for m in there if m.slice is None]
    if setting.feature is not None:
        there = [m for m in there if m.feature == setting.feature]
    elif any(m.feature is None for m in there):
        there = [m for m in there if m.feature is None]
    seen = set()
    for m in there:
        key = (m.feature, m.slice)
        if key not in seen:
            seen.add(key)
            # A number that is undefined as realized may be estimated: look it up again among all bases.
            found = question.table.find(name, feature=m.feature, class_=m.class_, where=m.slice)
            yield found if found is not None else m


def _judged(question: Question, measure: Measure) -> CheckResult:
    warn, fail = question.conditions(warn=(), fail=(), bad=bad_side(measure.measure))
    ruling = rule(question.table.contrasted(measure), warn=warn, fail=fail)
    when = ""
    if ruling.trial is not None and ruling.verdict in ("warn", "fail"):
        when = since(settled(question.table, measure), ruling.trial.beyond)
    return question.result(subject_of(measure), ruling.verdict, told(ruling, since=when), ruling.measures)


def _not_there(question: Question, name: str) -> str:
    setting, table = question.setting, question.table
    if name not in table.names:
        return f"This evaluation has no measure {name}{did_you_mean(name, table.names) or '.'}"
    if setting.slice is not None:
        known = {wording.group(m.slice) for m in table.all(name) if m.slice is not None}
        return (
            f"{wording.sentence(wording.words(name))} has no group {wording.group(setting.slice)}"
            f"{did_you_mean(wording.group(setting.slice), known) or '.'} "
            "A group's column must stand under slices: or protected: in the model card."
        )
    narrowed = f" of {setting.feature}" if setting.feature else f" for class {setting.class_}" if setting.class_ else ""
    return f"This evaluation has no {wording.words(name)}{narrowed}; look at the model card's features and labels."


AUC = Measure(measure="roc_auc", value=0.66, low=0.64, high=0.68, n=3000, version="1")
TEXAS = (("state", "TX"),)


def _setting(name: str, *, warn: tuple[Condition, ...] = (), fail: tuple[Condition, ...] = ()) -> CheckSetting:
    return CheckSetting(check=name, warn=warn, fail=fail)


check = Check(
    name="threshold",
    judge=judge,
    options=("measure",),
    by_default=False,
    examples=(
        Example(
            title="the whole interval lies below the limit",
            measures=(AUC,),
            setting=_setting("roc_auc", fail=(below(0.70),)),
            verdicts=("fail",),
            says=("ROC AUC is 0.660 (95% interval 0.640 to 0.680, n = 3,000), below the limit of 0.700.",),
        ),
        Example(
            # 3,000 rows reach 0.02 up; 0.01 needs (0.02 / 0.01)² = 4 times the rows: 9,000 more.
            title="the interval holds the limit",
            measures=(AUC,),
            setting=_setting("roc_auc", fail=(below(0.67),)),
            verdicts=("unsure",),
            says=("about 9,000 more rows like these would decide it",),
        ),
        Example(
            title="the interval lies above the limit",
            measures=(AUC,),
            setting=_setting("roc_auc", fail=(below(0.60),)),
            verdicts=("pass",),
        ),
        Example(
            title="exactly four fifths is not below four fifths",
            measures=(
                Measure(measure="selection_rate_ratio", value=0.24 / 0.30, n=100, version="1", slice=(("race", "a"),)),
            ),
            setting=_setting("selection_rate_ratio", fail=(below(0.8),)),
            verdicts=("pass",),
        ),
        Example(
            title="a limit relative to the reference: 0.66 is 12% below 0.75, 2% are allowed",
            measures=(
                AUC,
                Measure(measure="roc_auc", value=0.75, low=0.74, high=0.76, n=9000, version="1", basis="reference"),
            ),
            setting=_setting("roc_auc", warn=(Condition(kind="below_reference_by", bound=(0.02,), relative=True),)),
            verdicts=("warn",),
            says=("more than 2% below the reference (0.750)",),
        ),
        Example(
            title="within fails between the two numbers",
            measures=(Measure(measure="mean_error", value=0.05, n=10, version="1"),),
            setting=_setting("mean_error", fail=(Condition(kind="within", bound=(0.0, 0.1)),)),
            verdicts=("fail",),
        ),
        Example(
            title="outside passes between the two numbers",
            measures=(Measure(measure="mean_error", value=0.05, n=10, version="1"),),
            setting=_setting("mean_error", fail=(Condition(kind="outside", bound=(0.0, 0.1)),)),
            verdicts=("pass",),
        ),
        Example(
            title="one group alone",
            measures=(
                Measure(measure="recall", value=0.9, low=0.88, high=0.92, n=800, version="1"),
                Measure(measure="recall", value=0.5, low=0.44, high=0.56, n=260, version="1", slice=TEXAS),
            ),
            setting=CheckSetting(check="recall", slice=TEXAS, fail=(below(0.6),)),
            verdicts=("fail",),
            says=("Recall for state = TX is 50% (95% interval 44% to 56%, n = 260), below the limit of 60%.",),
        ),
        Example(
            title="an undefined number is not judged, and says why",
            measures=(Measure(measure="recall", value=None, n=0, version="1", reason="no row is positive"),),
            setting=_setting("recall", fail=(below(0.6),)),
            verdicts=("skipped",),
            says=("Recall was not judged: no row is positive.",),
        ),
        Example(
            title="a measure of features is judged for each of them",
            measures=(
                Measure(measure="psi", value=0.02, n=500, version="1", feature="age", basis="difference"),
                Measure(measure="psi", value=0.31, n=500, version="1", feature="price", basis="difference"),
            ),
            setting=_setting("psi", fail=(above(0.25),)),
            verdicts=("pass", "fail"),
        ),
    ),
)
