"""All checks: run those of a model card and the default ones, and explain each.

A check is one file here with one public value ``check``; being here registers it.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache

from analysis import faults
from analysis.card import CheckSetting, ModelCard
from analysis.errors import ParleyError, UserError
from analysis.judgement.check import Check, Question
from analysis.measure_table import MeasureTable
from analysis.near_names import did_you_mean
from analysis.registry import registered
from analysis.values import CheckResult, Measure, Rows

log = logging.getLogger("parley.checks")


@cache
def known() -> dict[str, Check]:
    """Every check by its name."""
    return {check.name: check for check in registered(sys.modules[__name__], "check", Check).values()}


def names() -> tuple[str, ...]:
    return tuple(known())


def explain(name: str) -> str:
    """The help text of a check; UserError names the nearest for an unknown one."""
    if name not in known():
        hint = did_you_mean(name, names()) or f"; the checks are {', '.join(names())}."
        raise UserError(f"There is no check {name}{hint}")
    return known()[name].help


def judge(
    card: ModelCard,
    measures: Sequence[Measure],
    *,
    version: str,
    against: str | None = None,
    window: Rows | None = None,
) -> tuple[CheckResult, ...]:
    """The verdicts on one evaluation's measures: the model card's checks in its order, then the default ones by name.

    ``window`` tells which periods at its ends are whole; without it a low volume there is not held against them.
    ``CheckResult.measures`` are positions in ``measures``.
    """
    table = MeasureTable(measures, version=version, against=against)
    return tuple(
        result
        for check, setting, asked, left_out in _to_be_asked(card)
        for result in _answers(
            check,
            Question(
                check=check.name,
                card=card,
                table=table,
                setting=setting,
                asked=asked,
                left_out=left_out,
                window=window,
            ),
        )
    )


def will_ask(card: ModelCard, name: str) -> bool:
    """Whether an evaluation of this model card will come to a check of that name."""
    return any(check.name == name for check, *_ in _to_be_asked(card))


def _to_be_asked(card: ModelCard) -> Iterator[tuple[Check, CheckSetting, bool, frozenset[str]]]:
    threshold = known()["threshold"]
    for setting in card.checks:
        if setting.on:
            check = known().get(setting.check, threshold)
            yield check, setting, True, _with_own_settings(card, check) if setting.feature is None else frozenset()
    for check in known().values() if card.defaults else ():
        if check.by_default and card.task in check.tasks and not _replaced(card, check):
            yield check, CheckSetting(check=check.name), False, _with_own_settings(card, check)


def _settings_of(card: ModelCard, check: Check) -> list[CheckSetting]:
    return [s for s in card.checks if s.check == check.name or s.check in check.covers]


def _replaced(card: ModelCard, check: Check) -> bool:
    """Whether the model card turns the default off or asks the same of the whole window itself."""
    return any(
        not s.on or (s.feature is None and s.slice is None and s.class_ is None) for s in _settings_of(card, check)
    )


def _with_own_settings(card: ModelCard, check: Check) -> frozenset[str]:
    return frozenset(s.feature for s in _settings_of(card, check) if s.feature is not None)


def _answers(check: Check, question: Question) -> Sequence[CheckResult]:
    """A check's results. A broken one is skipped with a reference and takes no other with it; one that the model card
    asks for never ends without a word, and never passes by an estimate."""
    try:
        found = list(check.judge(question))
        if not question.asked:
            return found
        return [_without_labels(question, r) for r in found] or [question.skipped(_speaks_of_nothing(question))]
    except ParleyError as error:
        return [question.skipped(str(error))]
    except Exception as error:  # the edge of one check
        reference = faults.reference(error)
        log.exception("check %s broke, reference %s", check.name, reference)
        says = f"The check {check.name} broke and was left out; the log has the details under {reference}."
        return [question.skipped(says)]


def _without_labels(question: Question, result: CheckResult) -> CheckResult:
    """What is only estimated, for want of labels, can warn. It can't fail, and it is no reason to pass."""
    if not any(question.table.at(place).basis == "estimated" for place in result.measures[:1]):
        return result
    if result.verdict in ("fail", "warn"):
        return replace(result, verdict="warn", says=f"{result.says} Labels would settle it: this is an estimate.")
    says = f"Not judged without labels, which an estimate doesn't replace. {result.says}"
    return replace(result, verdict="skipped", says=says)


def _speaks_of_nothing(question: Question) -> str:
    setting = question.setting
    about = f" of {setting.feature}" if setting.feature is not None else ""
    return f"{question.name} was not judged: this evaluation measures nothing{about} that it speaks of."
