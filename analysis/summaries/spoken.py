"""What one version said in its rows: the whole, by period, and by each grouping of the plan."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from analysis.plan import Judged, Plan
from analysis.summaries.classes import Chosen, Classes, classes
from analysis.summaries.deviations import Deviations, Predicted, deviations
from analysis.summaries.distinct import Ints
from analysis.summaries.groups import MOST_GROUPS, Groups, grouped, merged
from analysis.summaries.keys import EXACT
from analysis.summaries.said import Columns, Values, binary_rows, multiclass_rows, regression_rows, values_of
from analysis.summaries.scores import SCORES, SCORES_BY_PERIOD, SCORES_OF_GROUPS_BY_PERIOD, Said, View, view
from analysis.summaries.table import Limit, Renumber

MOST_GROUPS_BY_PERIOD = 200

OneKind = TypeVar("OneKind", View, Classes)
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
    by_group_and_period: tuple[Seen | None, ...]
    values: Values
    """What labels and predictions are called, where they are classes."""

    @classmethod
    def together(cls, parts: Sequence[Spoken]) -> Spoken:
        by_group = [_groups_together(parts, number) for number in range(len(parts[0].groups))]
        return cls(
            sum(part.rows for part in parts),
            seen_together([part.whole for part in parts]),
            _all_or_none([part.by_period for part in parts]),
            tuple(groups for groups, _, _ in by_group),
            tuple(seen for _, seen, _ in by_group),
            tuple(over_time for _, _, over_time in by_group),
            Values.together([part.values for part in parts]),
        )


def spoken(plan: Plan, version: Judged, columns: Columns, periods: Ints, *, like: Spoken | None) -> Spoken:
    """What a version said in a batch's rows that are its own; ``periods`` has each row's period."""
    see = _seeing(plan, version, columns, like)
    found = [
        grouped(grouping, columns, like=like.groups[i] if like is not None else None)
        for i, grouping in enumerate(plan.groupings)
    ]
    nothing: list[Seen | None] = [None] * len(found)
    # The finest views first: what the others count is added up from them.
    over_time = [
        see(periods * MOST_GROUPS + places, SCORES_OF_GROUPS_BY_PERIOD, None, known)
        if plan.periods is not None and len(groups) <= MOST_GROUPS_BY_PERIOD
        else None
        for (groups, places), known in zip(found, like.by_group_and_period if like else nothing, strict=True)
    ]
    by_group = [
        see(places, SCORES, (fine, lambda numbers: numbers % MOST_GROUPS) if fine is not None else None, known)
        for (_, places), fine, known in zip(found, over_time, like.by_group if like else nothing, strict=True)
    ]
    by_period = None
    if plan.periods is not None:
        fine = next((view for view in over_time if view is not None), None)
        known = like.by_period if like is not None else None
        finer = (fine, lambda numbers: numbers // MOST_GROUPS) if fine else None
        by_period = see(periods, SCORES_BY_PERIOD, finer, known)
    some = next((view for view in (*by_group, by_period) if view is not None), None)
    whole = see(None, SCORES, (some, np.zeros_like) if some is not None else None, None)
    groups = tuple(groups for groups, _ in found)
    values = values_of(plan, version, columns)
    return Spoken(len(periods), whole, by_period, groups, tuple(by_group), tuple(over_time), values)


def in_period(numbers: Ints, renumber: Renumber) -> Ints:
    """The numbers of groups in periods, with the groups numbered anew."""
    return np.asarray(numbers // MOST_GROUPS * MOST_GROUPS + renumber(numbers % MOST_GROUPS), dtype=np.int64)


def seen_together(views: Sequence[Seen]) -> Seen:
    """Views of one kind as one."""
    first = views[0]
    if isinstance(first, View):
        return View.together([view for view in views if isinstance(view, View)])
    if isinstance(first, Classes):
        return Classes.together([view for view in views if isinstance(view, Classes)])
    return Deviations.together([view for view in views if isinstance(view, Deviations)])


def _all_or_none(views: Sequence[Seen | None]) -> Seen | None:
    there = [view for view in views if view is not None]
    return seen_together(there) if len(there) == len(views) else None


def _groups_together(parts: Sequence[Spoken], number: int) -> tuple[Groups, Seen, Seen | None]:
    """One grouping's views as one, whose groups are the groups of all; the same by period, where all have it."""
    groups, numbers = merged([part.groups[number] for part in parts])
    views = [part.by_group[number] for part in parts]
    if groups.too_many:
        return groups, seen_together([view.one_group() for view in views]), None
    whole = seen_together([_numbered_anew(view, new) for view, new in zip(views, numbers, strict=True)])
    if len(groups) > MOST_GROUPS_BY_PERIOD:
        return groups, whole, None
    over_time = zip((part.by_group_and_period[number] for part in parts), numbers, strict=True)
    return groups, whole, _all_or_none([view and _numbered_anew(view, new, by_period=True) for view, new in over_time])


def _numbered_anew(view: Seen, numbers: Ints, *, by_period: bool = False) -> Seen:
    """A view with these numbers for its groups."""
    if bool((numbers == np.arange(len(numbers))).all()):
        return view
    new: Renumber = numbers.__getitem__
    return view.regrouped((lambda of: in_period(of, new)) if by_period else new)


See = Callable[[Ints | None, Limit, "tuple[Seen, Renumber] | None", Seen | None], Seen]
"""Counts rows, encoded once, by groups, their scores as finely as a limit allows; a finer view of them, with the new
numbers of its groups, saves work, and so does the same view of other rows."""


def _seeing(plan: Plan, version: Judged, columns: Columns, like: Spoken | None) -> See:
    if plan.task == "regression":
        predicted: Predicted = regression_rows(plan, version, columns)
        # From the rows each time: means of groups' means would lose digits of labels that lie far from 0.
        return lambda groups, *_: deviations(predicted, groups)
    if plan.task == "multiclass":
        before = like.whole if like is not None else None
        levels = [v.scores.level for v in before.against_rest] if isinstance(before, Classes) else []
        chosen: Chosen = multiclass_rows(plan, version, columns, levels=levels)
        return lambda groups, limit, finer, known: classes(
            chosen, groups, limit=limit, finer=_of(Classes, finer), like=known if isinstance(known, Classes) else None
        )
    level = like.whole.scores.level if like is not None and isinstance(like.whole, View) else EXACT
    said: Said = binary_rows(plan, version, columns, level=level)
    return lambda groups, limit, finer, known: view(
        said, groups, limit=limit, finer=_of(View, finer), like=known if isinstance(known, View) else None
    )


def _of(kind: type[OneKind], finer: tuple[Seen, Renumber] | None) -> tuple[OneKind, Renumber] | None:
    """All views of one plan are of one kind."""
    return (finer[0], finer[1]) if finer is not None and isinstance(finer[0], kind) else None
