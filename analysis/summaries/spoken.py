"""What one version said in its rows: the whole, by period, and by each grouping of the plan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from analysis.plan import Judged, Plan
from analysis.summaries.classes import Chosen, Classes, classes
from analysis.summaries.deviations import Deviations, Predicted, deviations
from analysis.summaries.distinct import Ints
from analysis.summaries.groups import MOST_GROUPS, Groups, grouped, merged
from analysis.summaries.keys import EXACT
from analysis.summaries.said import Columns, binary_rows, multiclass_rows, regression_rows
from analysis.summaries.scores import SCORES, SCORES_OF_GROUPS_BY_PERIOD, Said, View, view
from analysis.summaries.table import Limit, Renumber

MOST_GROUPS_BY_PERIOD = 200

Seen = View | Classes | Deviations
"""One view of the rows, of the kind that the task needs. Views add up, and their groups can be numbered anew."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """``rows`` are the version's rows. ``by_period`` is None without periods; ``by_group`` has a view for each
    grouping, whose groups are in ``groups``; ``by_group_and_period`` has one where there are periods and few groups, by
    numbers that ``in_period`` tells."""

    rows: int
    whole: Seen
    by_period: Seen | None
    groups: tuple[Groups, ...]
    by_group: tuple[Seen, ...]
    by_group_and_period: tuple[Seen | None, ...] = ()

    def __add__(self, other: Spoken) -> Spoken:
        joined = [
            joined_groups(*parts)
            for parts in zip(
                *(self.groups, self.by_group, self.by_group_and_period or _none(self)),
                *(other.groups, other.by_group, other.by_group_and_period or _none(other)),
                strict=True,
            )
        ]
        by_period = None
        if self.by_period is not None and other.by_period is not None:
            by_period = added(self.by_period, other.by_period)
        return Spoken(
            self.rows + other.rows,
            added(self.whole, other.whole),
            by_period,
            tuple(groups for groups, _, _ in joined),
            tuple(seen for _, seen, _ in joined),
            tuple(over_time for _, _, over_time in joined),
        )


def spoken(plan: Plan, version: Judged, columns: Columns, periods: Ints, *, like: Spoken | None) -> Spoken:
    """What a version said in a batch's rows that are its own; ``periods`` has each row's period."""
    see = _seeing(plan, version, columns, like)
    found = [
        grouped(grouping, columns, like=like.groups[i] if like is not None else None)
        for i, grouping in enumerate(plan.groupings)
    ]
    has_periods = plan.periods is not None
    return Spoken(
        len(periods),
        see(None, SCORES),
        see(periods, SCORES) if has_periods else None,
        tuple(groups for groups, _ in found),
        tuple(see(places, SCORES) for _, places in found),
        tuple(
            see(periods * MOST_GROUPS + places, SCORES_OF_GROUPS_BY_PERIOD)
            if has_periods and len(groups) <= MOST_GROUPS_BY_PERIOD
            else None
            for groups, places in found
        ),
    )


def in_period(numbers: Ints, renumber: Renumber) -> Ints:
    """The numbers of groups in periods, with the groups numbered anew."""
    return np.asarray(numbers // MOST_GROUPS * MOST_GROUPS + renumber(numbers % MOST_GROUPS), dtype=np.int64)


def added(one: Seen, two: Seen) -> Seen:
    """Two views of one kind as one."""
    if isinstance(one, View) and isinstance(two, View):
        return one + two
    if isinstance(one, Classes) and isinstance(two, Classes):
        return one + two
    if isinstance(one, Deviations) and isinstance(two, Deviations):
        return one + two
    raise TypeError(f"a {type(one).__name__} and a {type(two).__name__} do not add up")


def joined_groups(
    one: Groups, first: Seen, early: Seen | None, two: Groups, second: Seen, late: Seen | None
) -> tuple[Groups, Seen, Seen | None]:
    """Two grouped views as one, whose groups are the groups of both; the same views by period, where both have them."""
    if one.parts == two.parts and one.levels == two.levels and not one.too_many:
        return one, added(first, second), added(early, late) if early is not None and late is not None else None
    groups, from_first, from_second = merged(one, two)
    if groups.too_many:
        return groups, added(first.one_group(), second.one_group()), None
    whole = added(first.regrouped(from_first.__getitem__), second.regrouped(from_second.__getitem__))
    if early is None or late is None or len(groups) > MOST_GROUPS_BY_PERIOD:
        return groups, whole, None
    return groups, whole, added(_moved(early, from_first), _moved(late, from_second))


def _moved(over_time: Seen, mapping: Ints) -> Seen:
    return over_time.regrouped(lambda numbers: in_period(numbers, mapping.__getitem__))


def _none(spoken: Spoken) -> tuple[None, ...]:
    return (None,) * len(spoken.groups)


def _seeing(plan: Plan, version: Judged, columns: Columns, like: Spoken | None) -> Callable[[Ints | None, Limit], Seen]:
    """The rows, encoded once, as a function that counts them by groups, their scores as finely as a limit allows."""
    if plan.task == "regression":
        predicted: Predicted = regression_rows(plan, version, columns)
        return lambda groups, _: deviations(predicted, groups)
    if plan.task == "multiclass":
        before = like.whole if like is not None else None
        levels = [v.scores.level for v in before.against_rest] if isinstance(before, Classes) else []
        chosen: Chosen = multiclass_rows(plan, version, columns, levels=levels)
        return lambda groups, limit: classes(chosen, groups, limit=limit)
    level = like.whole.scores.level if like is not None and isinstance(like.whole, View) else EXACT
    said: Said = binary_rows(plan, version, columns, level=level)
    return lambda groups, limit: view(said, groups, limit=limit)
