"""Rates of bad rows for each feature against limits: what the checks of data quality share."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from analysis.judgement import wording
from analysis.judgement.check import Question, above, subject_of
from analysis.judgement.conditions import Ruling, rule, told
from analysis.judgement.default_limits import ABOVE
from analysis.judgement.history import settled, since
from analysis.values import CheckResult, Measure

More = Callable[[Question, Measure], str]
Doubt = Callable[[Question, Measure], str | None]


def judged_rates(
    question: Question,
    measure: str,
    *,
    needs: str,
    next_step: More,
    doubt: Doubt = lambda *_: None,
    left_out: Doubt = lambda *_: None,
) -> Iterable[CheckResult]:
    """One verdict for each feature that has this rate. ``needs`` says what is missing when none has it; ``next_step``
    ends the sentence of a warning; ``doubt`` says why one beyond its limit may mean nothing, ``left_out`` why it is not
    judged.

    The rate is taken without its interval: it counts these very rows and estimates nothing beyond them.
    """
    usual = ABOVE[measure]
    warning, failing = question.conditions(warn=(above(usual.warn),), fail=(above(usual.fail),), bad="above")
    rates = question.features(question.table.whole(measure))
    for rate in rates:
        ruling = rule(question.table.contrasted(rate), warn=warning, fail=failing, exact=True)
        wrong = ruling.verdict in ("warn", "fail")
        not_judged = left_out(question, rate) if wrong else None
        why = doubt(question, rate) if wrong else None
        if not_judged is not None:
            yield question.skipped(not_judged, subject_of(rate))
        elif why is not None:
            yield question.result(subject_of(rate), "unsure", f"{told(ruling)} {why}", (rate,))
        else:
            yield ruled(question, rate, ruling, next_step)
    if not rates and question.setting.feature is not None:
        yield question.skipped(f"There is no {wording.words(measure)} of {question.setting.feature}: {needs}.")
    elif not rates:
        yield question.skipped(f"There is no {wording.words(measure)}: {needs}.")


def ruled(question: Question, measure: Measure, ruling: Ruling, next_step: More) -> CheckResult:
    """The ruling as a result, with since when and what to look at next where something is wrong."""
    wrong = ruling.verdict in ("warn", "fail") and ruling.trial is not None
    when = since(settled(question.table, measure), ruling.trial.beyond) if wrong and ruling.trial else ""
    says = told(ruling, since=when)
    if wrong:
        says = f"{says} {next_step(question, measure)}".rstrip()
    return question.result(subject_of(measure), ruling.verdict, says, (measure, *ruling.measures))
