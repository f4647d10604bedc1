"""Evaluates a model: opens its log, reads it once, measures it and judges the measures."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from analysis.card import ModelCard, Sql
from analysis.checks import judge, will_ask
from analysis.empty_window import no_rows
from analysis.engine import Kept, Machine, Progress, Reading, Tally, Threads, summaries_of
from analysis.errors import DataError
from analysis.hotspots import fewest_rows
from analysis.judgement.wording import plural
from analysis.known_checks import must_name_known_checks
from analysis.labels import must_be_classes
from analysis.log_limits import DEFAULT_LIMITS, Limits
from analysis.log_opening import open_with_reference
from analysis.log_reading import Log
from analysis.log_values import Kind
from analysis.material import Material
from analysis.measuring import measured
from analysis.near_names import quoted
from analysis.plan import Plan, comparing_rows, must_be_supported, plan_for, version_of
from analysis.summaries.summary import Summary
from analysis.values import Result, Rows
from analysis.windows import Window, parse_window, window_before

__all__ = ["Progress", "evaluate"]

MOST_COLUMNS_PER_COLUMN_READ = 2
"""A log with more columns that nothing is read of is not read whole to find the same rows again."""
NEED_THE_REFERENCE = {"drift", "feature_importance", "multivariate_drift"}
"""The checks that need rows of the reference, too."""


def evaluate(
    card: ModelCard,
    *,
    window: str = "all",
    version: str | None = None,
    against: str | None = None,
    now: datetime,
    threads: int = 2,
    progress: Callable[[Progress], None] | None = None,
    machine: Machine | None = None,
    kept: Kept | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Result:
    """What the window's rows say about a version of the model.

    ``window`` is what people write (`last 7 days`), counted back from ``now``; without a ``version`` the champion is
    judged. Equal model cards and bytes give equal results, on any number of ``threads`` or another ``machine``, and
    whether parts of them were ``kept`` from an evaluation before. ``limits`` bound what it may cost. Raises UserError
    where what was asked cannot be done, DataError where the log cannot be used.
    """
    must_be_supported(card)
    for name in (version, against):
        if name is not None:
            version_of(card, name)
    must_name_known_checks(card)
    limits = limits.started(time.monotonic())
    rows = parse_window(window, now=now, zone=card.zone)
    log, reference_log = open_with_reference(card, window=rows, now=now, limits=limits)
    card = log.card  # its groupings name columns of the log
    plan = plan_for(card, log.columns, version=version, against=against)
    plan = replace(plan, sampled_for=_sampled_for(card, plan, log, has_reference=reference_log is not None))
    plan = replace(plan, samples=bool(plan.sampled_for), texts=log.texts, smallest_hotspot=fewest_rows(card))
    readings = _readings(plan, log, reference_log)
    with np.errstate(over="ignore", invalid="ignore"):  # a sum that no float holds is told as undefined
        found, *others = summaries_of(
            readings, machine=machine or Threads(threads), tally=Tally(progress, limits), kept=kept
        )
    summary = _with_rows(card, plan, found, rows, asked=window, now=now)
    reference = others[0] if others else None
    if reference_log is not None and reference is None:
        raise DataError(f"the reference of {card.model} holds no row; look at reference: in the model card")
    must_be_classes(plan, summary, reference, limits)
    compared = reference if reference is not None and reference.rows else None
    with np.errstate(over="ignore", invalid="ignore"):
        measures = tuple(measured(Material(plan=plan, window=summary, reference=compared, now=now)))
    of_window = _rows(rows, summary.rows)
    checks = judge(card, measures, version=plan.judged.version, against=against, window=of_window)
    return Result(
        model=card.model,
        version=plan.judged.version,
        against=against,
        window=of_window,
        reference=_rows(_reference_window(card, now), compared.rows) if compared is not None else None,
        measures=measures,
        checks=checks,
    )


def _readings(plan: Plan, log: Log, reference: Log | None) -> list[Reading]:
    """Of the window, and of the reference, where nobody is compared and the sample may not be needed."""
    whole = comparing_rows(plan, log.columns) if "duplicates" in plan.sampled_for else plan
    found = [Reading.of(log.with_joined_rows(whole.columns_as_they_are), whole)]
    if reference is not None:
        samples = bool(NEED_THE_REFERENCE & set(plan.sampled_for))
        joined = reference.with_joined_rows(plan.columns_as_they_are)
        kept = tuple(name for name in plan.sampled_for if name != "duplicates")
        found.append(Reading.of(joined, replace(plan, against=None, samples=samples, sampled_for=kept)))
    return found


def _sampled_for(card: ModelCard, plan: Plan, log: Log, *, has_reference: bool) -> tuple[str, ...]:
    """The checks that this evaluation will come to and that need rows, not counts."""
    needs = {
        "hotspot": plan.label is not None,
        "leakage": plan.label is not None,
        "conflicting_labels": plan.label is not None and plan.task != "regression",
        "drift": has_reference and bool(plan.judged.scores) and plan.task in ("binary", "regression"),
        "feature_importance": bool(plan.judged.scores),
        "multivariate_drift": has_reference,
        "duplicates": plan.id is None and _can_compare_rows(card, plan, log),
    }
    wanted = tuple(name for name, met in needs.items() if met and will_ask(card, name))
    # What moved the score is worth a look at a sample, but a sample of its own only where the model card asks.
    asked = any(setting.check == "drift" for setting in card.checks)
    return wanted if asked or set(wanted) - {"drift", "duplicates"} else tuple(n for n in wanted if n != "drift")


def _can_compare_rows(card: ModelCard, plan: Plan, log: Log) -> bool:
    """Whether rows can be told apart by all of their columns, at little more than what is read anyway. A database gives
    alike rows as one."""
    few = len(log.columns) <= MOST_COLUMNS_PER_COLUMN_READ * len(plan.columns)
    return few and not isinstance(card.source, Sql) and Kind.NESTED not in log.kinds.values()


def _with_rows(
    card: ModelCard, plan: Plan, found: Summary | None, window: Window, *, asked: str, now: datetime
) -> Summary:
    """The summary, when it has rows of every version that was asked for."""
    if found is None:
        raise no_rows(card, window, asked, now=now)
    sides = [(plan.judged, found.judged), (plan.against, found.against)]
    for judged, said in sides:
        if judged is not None and said is not None and not said.rows:
            others = plural(len(found.versions), "other version")
            there = f"its rows name {others}" if found.versions else "no row names a version"
            raise DataError(
                f"the window {asked} holds no row of version {quoted(judged.version)}; {there} in the column "
                f"{quoted(plan.version_column or '')}. Name the versions under versions: as they are written there."
            )
    return found


def _reference_window(card: ModelCard, now: datetime) -> Window:
    reference = card.reference
    if reference is not None and reference.before is not None:
        return window_before(reference.before, zone=card.zone)
    words = reference.window if reference is not None and reference.window is not None else "all"
    return parse_window(words, now=now, zone=card.zone)


def _rows(window: Window, rows: int) -> Rows:
    return Rows(start=_instant(window.start), end=_instant(window.end), rows=rows)


def _instant(moment: datetime | None) -> str | None:
    """RFC 3339 in UTC."""
    return None if moment is None else moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"
