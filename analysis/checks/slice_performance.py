"""The check ``slice_performance``: is the model clearly worse for some group than for the rest?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from analysis.card import Condition
from analysis.judgement import wording
from analysis.judgement.check import Check, Example, Question, subject_of
from analysis.judgement.comparison import as_drops, beside, main_measure
from analysis.judgement.conditions import Ruling, Trial, rule, told
from analysis.judgement.contrast import Side, chance_beyond, discoveries
from analysis.judgement.history import settled, since
from analysis.measure_table import columns_of
from analysis.values import CheckResult, Measure, Slice, Subject, Verdict

FEWEST_ROWS = 50
OTHERS = "(other)"
WARN, FAIL = 0.03, 0.10


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """A group's number beside the rest of its column, ruled by warn and by fail alone."""

    group: Measure
    warn: Ruling | None
    fail: Ruling | None


def judge(question: Question) -> Iterable[CheckResult]:
    """Compares each group of the columns under `slices:` and `protected:` with the other groups of its column.

    It warns when the model's main number (`measure` chooses another) is certainly worse in a group by more than 0.03
    and fails by more than 0.10; a bare `warn` or `fail` is how much worse a group may be. Groups with fewer than 50
    rows behind the number (`min_size`) are left out. Because many groups are looked at, at most one in twenty of those
    named may be a false alarm (Benjamini–Hochberg); a group that looks worse but might be chance is *cannot tell*.
    """
    measure = main_measure(question)
    columns = tuple(dict.fromkeys((*question.card.slices, *question.card.protected)))
    if not columns or measure is None:
        yield question.skipped("No groups were compared: name columns under slices: in the model card.")
        return
    groups = [beside for names in columns for beside in _column(question, measure, names)]
    if not groups:
        says = f"No group's {wording.words(measure)} was compared: none has a neighbour and {FEWEST_ROWS} rows."
        yield question.skipped(says, Subject(measure=measure))
        return
    warned, failed = _stand([g.warn for g in groups]), _stand([g.fail for g in groups])
    for group, warns, fails in zip(groups, warned, failed, strict=True):
        yield _result(question, group, "fail" if fails else "warn" if warns else _doubt(group))


def _column(question: Question, measure: str, columns: tuple[str, ...]) -> Iterator[Beside]:
    fewest = int(question.number("min_size", FEWEST_ROWS))
    there = [m for m in question.table.groups(measure, columns) if m.value is not None]
    warn, fail = _limits(question, measure)
    for group in there:
        if group.n < fewest or OTHERS in dict(group.slice or ()).values():
            continue
        contrasted = beside(group, [m for m in there if m is not group], f"the other groups of {' & '.join(columns)}")
        if contrasted is not None:
            yield Beside(
                group=group,
                warn=rule(contrasted, warn=warn, fail=()) if warn else None,
                fail=rule(contrasted, warn=(), fail=fail) if fail else None,
            )


def _limits(question: Question, measure: str) -> tuple[tuple[Condition, ...], tuple[Condition, ...]]:
    """Groups differ more than times do, so the default limits are wider than those of a drop."""
    warn, fail = as_drops(question, measure)
    if question.setting.warn or question.setting.fail or warn[0].relative:
        return warn, fail
    return (replace(warn[0], bound=(WARN,)),), (replace(fail[0], bound=(FAIL,)),)


def _stand(rulings: list[Ruling | None]) -> list[bool]:
    return discoveries([_chance(r.trial) if r is not None else 1.0 for r in rulings])


def _chance(trial: Trial | None) -> float:
    if trial is None or trial.number is None or not trial.edges:
        return 1.0
    side: Side = "low" if trial.condition.kind.startswith("below") else "high"
    return chance_beyond(trial.number, trial.edges[0], side)


def _doubt(group: Beside) -> Verdict:
    """*Cannot tell* only where the group looks worse: of many small groups some interval always holds a limit."""
    looks = [r.trial.beyond(group.group.value) for r in (group.warn, group.fail) if r and r.trial and group.group.value]
    return "unsure" if any(looks) else "pass"


def _result(question: Question, beside: Beside, verdict: Verdict) -> CheckResult:
    ruling = beside.fail if verdict == "fail" or beside.warn is None else beside.warn
    assert ruling is not None  # noqa: S101 - the conditions are never both empty
    ruling = replace(ruling, verdict=verdict)
    when = ""
    if verdict in ("warn", "fail") and ruling.trial is not None:
        when = since(settled(question.table, beside.group), ruling.trial.beyond)
    says = told(ruling, since=when)
    if verdict in ("warn", "fail"):
        column = " & ".join(columns_of(beside.group.slice))
        says += f" Look next at what is different there: its features, its source, its labels ({column})."
    return question.result(subject_of(beside.group), verdict, says, (beside.group,))


def _auc(value: float, half: float, n: int, state: str, period: str | None = None) -> Measure:
    where: Slice = (("state", state),)
    return Measure(
        measure="roc_auc",
        value=value,
        low=value - half,
        high=value + half,
        n=n,
        version="1",
        slice=where,
        period=period,
    )


WHOLE = Measure(measure="roc_auc", value=0.70, low=0.69, high=0.71, n=5000, version="1")
BY_STATE = {"slices": (("state",),)}

check = Check(
    name="slice_performance",
    judge=judge,
    options=("measure", "min_size"),
    examples=(
        Example(
            # The rest, weighted by rows: 0.72. 0.55 − 0.72 = −0.17 ± √(0.04² + 0.014²) = ± 0.043, below −0.10.
            title="the model fails in one state",
            card=BY_STATE,
            measures=(
                WHOLE,
                _auc(0.72, 0.02, 2000, "CA"),
                _auc(0.72, 0.02, 2000, "NY"),
                _auc(0.55, 0.04, 600, "TX"),
                _auc(0.71, 0.08, 200, "TX", "2026-02"),
                _auc(0.50, 0.06, 400, "TX", "2026-03"),
            ),
            verdicts=("pass", "pass", "fail"),
            says=("ROC AUC for state = TX is 0.550", "below the other groups of state (0.720) since 2026-03."),
        ),
        Example(
            title="a small group that looks worse",
            card=BY_STATE,
            measures=(WHOLE, _auc(0.72, 0.02, 2000, "CA"), _auc(0.66, 0.12, 70, "TX")),
            verdicts=("pass", "unsure"),
        ),
        Example(
            title="a tiny group is left out",
            card=BY_STATE,
            measures=(WHOLE, _auc(0.72, 0.02, 2000, "CA"), _auc(0.2, 0.2, 12, "TX")),
            verdicts=("pass",),
        ),
        Example(title="no slices", measures=(WHOLE,), verdicts=("skipped",)),
    ),
)
