"""The check ``stability``: is the last period unlike the others?"""

from __future__ import annotations

from collections.abc import Iterable

from analysis.judgement import wording
from analysis.judgement.check import Check, Example, Question, subject_of
from analysis.judgement.comparison import as_drops, beside, main_measure
from analysis.judgement.conditions import rule, told
from analysis.judgement.history import settled, since, told_periods
from analysis.values import CheckResult, Measure

FEWEST_ROWS = 50
FEWEST_OTHER_PERIODS = 2


def judge(question: Question) -> Iterable[CheckResult]:
    """Compares the model's main number in the last period with the other periods together.

    It warns when the last period is worse by more than 0.02 and fails by more than 0.05 (errors: 10 % and 20 %).
    `measure` chooses another number, `min_size` the fewest rows with a label that a period needs (50). While labels are
    still on their way, the last period is judged that has at least half of the usual share of them. Needs `periods:`
    in the model card.
    """
    measure = main_measure(question)
    whole = question.table.find(measure) if measure is not None else None
    if measure is None or whole is None:
        yield question.skipped("There is no measure of performance to follow over time.")
        return
    fewest = int(question.number("min_size", FEWEST_ROWS))
    over_time = settled(question.table, whole)
    periods = told_periods(over_time, fewest=fewest)
    if len(periods) <= FEWEST_OTHER_PERIODS:
        says = (
            f"{wording.sentence(wording.words(measure))} was not followed over time: it needs three periods with at "
            f"least {fewest} rows each; set periods: in the model card, or take a longer window."
        )
        yield question.skipped(says, subject_of(whole))
        return
    last, others = periods[-1], periods[:-1]
    contrasted = beside(last, others, "the periods before")
    assert contrasted is not None  # noqa: S101 - told periods have values and rows
    warn, fail = as_drops(question, measure)
    ruling = rule(contrasted, warn=warn, fail=fail)
    says = f"In {last.period}: {told(ruling)}"
    if ruling.verdict in ("warn", "fail") and ruling.trial is not None:
        began = since(over_time, ruling.trial.beyond)
        says += f" It is so{began}." if began.startswith(" since") else ""
        says += " Look next at what changed then: features, sources, versions."
    # The finding outlives the period in which it was seen, so its subject names none.
    yield question.result(subject_of(whole), ruling.verdict, says, (last, *others))


def _weeks(*values: float, n: int = 1000, half: float = 0.02) -> tuple[Measure, ...]:
    def auc(value: float, period: str | None) -> Measure:
        return Measure(
            measure="roc_auc", value=value, low=value - half, high=value + half, n=n, version="1", period=period
        )

    return (auc(0.7, None), *(auc(value, f"2026-W{week:02d}") for week, value in enumerate(values, start=1)))


def _late_week(value: float, *, n: int) -> Measure:
    return Measure(
        measure="roc_auc", value=value, low=value - 0.05, high=value + 0.05, n=n, version="1", period="2026-W05"
    )


def _rows(weeks: int) -> tuple[Measure, ...]:
    periods = [f"2026-W{week:02d}" for week in range(1, weeks + 1)]
    return tuple(Measure(measure="volume", value=1000.0, n=1000, version="1", period=period) for period in periods)


check = Check(
    name="stability",
    judge=judge,
    options=("measure", "min_size"),
    examples=(
        Example(
            # The mean of the three before is 0.68; −0.10 ± √(0.02² + 3·(0.02/3)²) = ± 0.0231, so below −0.05.
            title="the last two weeks fell",
            measures=_weeks(0.72, 0.72, 0.60, 0.58),
            verdicts=("fail",),
            says=("In 2026-W04: ROC AUC is 0.580", "below the periods before (0.680)", "It is so since 2026-W03."),
        ),
        Example(title="weeks like each other", measures=_weeks(0.71, 0.72, 0.73, 0.72, half=0.005), verdicts=("pass",)),
        Example(title="too few rows to tell", measures=_weeks(0.72, 0.72, 0.69, n=60, half=0.1), verdicts=("unsure",)),
        Example(
            # Of the last week's 1,000 rows 100 have a label, where 1,000 are usual: the week before is judged.
            title="labels of the last week still on their way",
            measures=(*_weeks(0.71, 0.72, 0.73, 0.72, half=0.005), _late_week(0.30, n=100), *_rows(5)),
            verdicts=("pass",),
            says=("In 2026-W04: ",),
        ),
        Example(title="one period", measures=_weeks(0.72), verdicts=("skipped",)),
    ),
)
