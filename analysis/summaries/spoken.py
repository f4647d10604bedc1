"""What one version said in its rows: the whole, by period, and by each grouping of the plan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from analysis.plan import Judged, Plan
from analysis.summaries.classes import Chosen, Classes, classes
from analysis.summaries.deviations import Deviations, Predicted, deviations
from analysis.summaries.distinct import Ints
from analysis.summaries.groups import Groups, grouped, merged
from analysis.summaries.keys import EXACT
from analysis.summaries.said import Columns, binary_rows, multiclass_rows, regression_rows
from analysis.summaries.scores import Said, View, view

Seen = View | Classes | Deviations
"""One view of the rows, of the kind that the task needs. Views add up, and their groups can be numbered anew."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """``rows`` are the version's rows. ``by_period`` is None without periods; ``by_group`` has a view for each
    grouping, whose groups are in ``groups``."""

    rows: int
    whole: Seen
    by_period: Seen | None
    groups: tuple[Groups, ...]
    by_group: tuple[Seen, ...]

    def __add__(self, other: Spoken) -> Spoken:
        joined = [
            joined_groups(*parts)
            for parts in zip(self.groups, self.by_group, other.groups, other.by_group, strict=True)
        ]
        by_period = None
        if self.by_period is not None and other.by_period is not None:
            by_period = added(self.by_period, other.by_period)
        return Spoken(
            self.rows + other.rows,
            added(self.whole, other.whole),
            by_period,
            tuple(groups for groups, _ in joined),
            tuple(seen for _, seen in joined),
        )


def spoken(plan: Plan, version: Judged, columns: Columns, periods: Ints, *, like: Spoken | None) -> Spoken:
    """What a version said in a batch's rows that are its own; ``periods`` has each row's period."""
    see = _seeing(plan, version, columns, like)
    found = [
        grouped(grouping, columns, like=like.groups[i] if like is not None else None)
        for i, grouping in enumerate(plan.groupings)
    ]
    return Spoken(
        len(periods),
        see(None),
        see(periods) if plan.periods is not None else None,
        tuple(groups for groups, _ in found),
        tuple(see(places) for _, places in found),
    )


def added(one: Seen, two: Seen) -> Seen:
    """Two views of one kind as one."""
    if isinstance(one, View) and isinstance(two, View):
        return one + two
    if isinstance(one, Classes) and isinstance(two, Classes):
        return one + two
    if isinstance(one, Deviations) and isinstance(two, Deviations):
        return one + two
    raise TypeError(f"a {type(one).__name__} and a {type(two).__name__} do not add up")


def joined_groups(one: Groups, first: Seen, two: Groups, second: Seen) -> tuple[Groups, Seen]:
    """Two grouped views as one, whose groups are the groups of both."""
    if one.parts == two.parts and one.levels == two.levels and not one.too_many:
        return one, added(first, second)
    groups, from_first, from_second = merged(one, two)
    if groups.too_many:
        return groups, added(first.one_group(), second.one_group())
    return groups, added(first.regrouped(from_first), second.regrouped(from_second))


def _seeing(plan: Plan, version: Judged, columns: Columns, like: Spoken | None) -> Callable[[Ints | None], Seen]:
    """The rows, encoded once, as a function that counts them by groups."""
    if plan.task == "regression":
        predicted: Predicted = regression_rows(plan, version, columns)
        return lambda groups: deviations(predicted, groups)
    if plan.task == "multiclass":
        before = like.whole if like is not None else None
        levels = [v.scores.level for v in before.against_rest] if isinstance(before, Classes) else []
        chosen: Chosen = multiclass_rows(plan, version, columns, levels=levels)
        return lambda groups: classes(chosen, groups)
    level = like.whole.scores.level if like is not None and isinstance(like.whole, View) else EXACT
    said: Said = binary_rows(plan, version, columns, level=level)
    return lambda groups: view(said, groups)
