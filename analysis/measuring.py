"""From summaries to the tidy table of measures: which figures are taken of which rows, in the order of the result."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC
from zoneinfo import ZoneInfo

import numpy as np

from analysis.material import Material, rows_by_period
from analysis.measures import calibration, comparison, fairness, performance, quality
from analysis.measures.confusion import CELLS, NOTHING, confusions
from analysis.measures.figures import Figure, Where, placed
from analysis.measures.multiclass import matrix_of
from analysis.measuring_columns import of_column
from analysis.measuring_sample import of_sample
from analysis.periods import period_numbers
from analysis.plan import Judged
from analysis.summaries.classes import Classes
from analysis.summaries.groups import MOST_GROUPS
from analysis.summaries.scores import View
from analysis.summaries.slicing import Counted, Slicing, is_a_group, sliced
from analysis.summaries.spoken import Seen, Spoken, in_period
from analysis.summaries.summary import OUT_OF_TIME
from analysis.values import Measure

MOST_GROUPS_OVER_TIME = 10


def measured(material: Material) -> Iterator[Measure]:
    """Every measure: performance, fairness, volume, quality and drift."""
    plan, window = material.plan, material.window
    there = material.reference.judged if material.reference is not None else None
    yield from _performance(material, plan.judged, window.judged, there)
    if window.against is not None and plan.against is not None:
        yield from _performance(material, plan.against, window.against, None)
    if window.sides is not None:
        of_both = Where(version=plan.judged.version, basis="difference")
        yield from placed(comparison.figures(window.sides, plan), of_both)
    yield from of_sample(material)
    yield from _rows(material)
    for name in window.features.by_name:
        yield from of_column(material, name, plan.judged.version)


def _performance(material: Material, version: Judged, said: Spoken, there: Spoken | None) -> Iterator[Measure]:
    """The whole, its bins, the groups, then the periods; ``there`` is what the version said in the reference."""
    here = Where(version=version.version)
    of_reference = replace(here, basis="reference")
    for where, spoken in ((here, said), (of_reference, there)):
        if spoken is not None:
            whole = performance.by_group(spoken.whole, version)
            yield from placed((f for figures in whole.values() for f in figures), where)
            yield from _confusion(material, spoken.whole, where)
            yield from _calibration(version, spoken.whole, where)
    for number in range(len(material.plan.groupings)):
        yield from _groups(material, number, version, said, there)
    if said.by_period is not None:
        for period, figures in performance.by_group(said.by_period, version).items():
            if period != OUT_OF_TIME:
                yield from placed(figures, replace(here, period=material.period(period)))


def _groups(material: Material, number: int, version: Judged, said: Spoken, there: Spoken | None) -> Iterator[Measure]:
    plan = material.plan
    grouping, here = plan.groupings[number], Where(version=version.version)
    if said.groups[number].too_many:
        why = f"{' & '.join(grouping)} has more groups than are kept; slice by something coarser"
        figure = Figure(name="volume", value=None, n=said.rows, reason=why)
        yield from placed([figure], replace(here, feature=" & ".join(grouping)))
        return
    if there is not None and there.groups[number].too_many:
        there = None
    slicing = sliced(_counted(said, number), _counted(there, number) if there is not None else None)
    seen = said.by_group[number].regrouped(slicing.of_window.__getitem__)
    yield from _of_groups(seen, version, slicing, here)
    if grouping in plan.protected:
        yield from _fairness(grouping, slicing, seen, here)
    yield from _groups_over_time(material, number, version, said, slicing)
    if there is not None and slicing.of_reference is not None:
        of_reference, seen = (
            replace(here, basis="reference"),
            there.by_group[number].regrouped(slicing.of_reference.__getitem__),
        )
        yield from _of_groups(seen, version, slicing, of_reference)
        if grouping in plan.protected:
            yield from _fairness(grouping, slicing, seen, of_reference)


def _groups_over_time(
    material: Material, number: int, version: Judged, said: Spoken, slicing: Slicing
) -> Iterator[Measure]:
    """The main numbers of the largest groups for each period."""
    over_time = said.by_group_and_period[number] if said.by_group_and_period else None
    if over_time is None:
        return
    seen = over_time.regrouped(lambda numbers: in_period(numbers, slicing.of_window.__getitem__))
    rows = performance.rows_by_group(seen)
    by_group: dict[int, int] = {}
    for cell, count in rows.items():
        by_group[cell % MOST_GROUPS] = by_group.get(cell % MOST_GROUPS, 0) + count
    named = [g for g, shown in enumerate(slicing.shown) if is_a_group(shown)]
    largest = sorted(named, key=lambda g: (-by_group.get(g, 0), g))[:MOST_GROUPS_OVER_TIME]
    wanted = [c for c in sorted(rows) if c // MOST_GROUPS != OUT_OF_TIME and c % MOST_GROUPS in largest]
    found = performance.main_by_group(seen, version, wanted)
    for cell in wanted:
        period, group = divmod(cell, MOST_GROUPS)
        here = Where(version=version.version, slice=slicing.shown[group], period=material.period(period))
        yield from placed([quality.volume(rows[cell]), *found.get(cell, [])], here)


def _of_groups(seen: Seen, version: Judged, slicing: Slicing, where: Where) -> Iterator[Measure]:
    rows, figures = performance.rows_by_group(seen), performance.by_group(seen, version)
    for group, shown in enumerate(slicing.shown):
        volume = quality.volume(rows.get(group, 0))
        yield from placed([volume, *figures.get(group, [])], replace(where, slice=shown))


def _counted(said: Spoken, number: int) -> Counted:
    rows = performance.rows_by_group(said.by_group[number])
    return Counted(said.groups[number], np.array([rows.get(g, 0) for g in range(len(said.groups[number]))], np.int64))


def _fairness(grouping: tuple[str, ...], slicing: Slicing, seen: Seen, where: Where) -> Iterator[Measure]:
    """Differences and ratios between the groups of a protected column, of a binary model."""
    if not isinstance(seen, View):
        return
    found = confusions(seen.confusion)
    groups = {g: found.get(g, NOTHING) for g, shown in enumerate(slicing.shown) if is_a_group(shown)}
    yield from placed(fairness.between(list(groups.values())), replace(where, feature=" & ".join(grouping)))
    for group, figures in fairness.ratios(groups).items():
        yield from placed(figures, replace(where, slice=slicing.shown[group]))


def _confusion(material: Material, seen: Seen, where: Where) -> Iterator[Measure]:
    """How many rows have each label and each prediction."""
    if isinstance(seen, View):
        decided = confusions(seen.confusion).get(0, NOTHING)
        classes = material.classes
        cells = {(classes[a], classes[b]): decided.weight((c,)) for c, (a, b) in CELLS.items()}
        yield from _counts(cells, decided.decided, where)
    elif isinstance(seen, Classes):
        matrix = matrix_of(seen, 0)
        weights = matrix.weights
        names = list(enumerate(matrix.names))
        yield from _counts({(a, b): float(weights[i, j]) for i, a in names for j, b in names}, matrix.decided, where)


def _counts(cells: Mapping[tuple[str, str], float], n: int, where: Where) -> Iterator[Measure]:
    for (label, prediction), count in cells.items() if n else ():
        there = replace(where, slice=(("label", label), ("prediction", prediction)))
        yield from placed([Figure(name="count", value=count, n=n)], there)


def _calibration(version: Judged, seen: Seen, where: Where) -> Iterator[Measure]:
    """The calibration curve of each score."""
    views = [seen] if isinstance(seen, View) else list(seen.against_rest) if isinstance(seen, Classes) else []
    for (class_, column), view in zip(version.scores, views, strict=False):
        for name, mean, share in calibration.curve(calibration.bins_of(view.calibration, 0)):
            yield from placed([mean, share], replace(where, class_=class_, slice=((column, name),)))


def _rows(material: Material) -> Iterator[Measure]:
    """Volume, duplicates, and rows from the future."""
    window, reference, plan = material.window, material.reference, material.plan
    here = Where(version=plan.judged.version)
    of_reference = replace(here, basis="reference")
    yield from placed([quality.volume(window.rows)], here)
    if reference is not None:
        yield from placed([quality.volume(reference.rows)], of_reference)
    if plan.periods is not None:
        for period, rows in rows_by_period(window.periods).items():
            yield from placed([quality.volume(rows)], replace(here, period=material.period(period)))
        yield from placed(_of_the_future(material), here)
    yield from _of_no_version(material, here)
    for where, summary in ((here, window), (of_reference, reference)):
        if summary is not None and summary.ids is not None:
            figure = quality.duplicate_rate(summary.ids, summary.rows)
            yield from placed([figure], replace(where, feature=plan.id))


def _of_no_version(material: Material, here: Where) -> Iterator[Measure]:
    """The share of all rows that name no version, and so count for none."""
    plan, column = material.plan, material.plan.version_column
    if column is None:
        return
    sides = ((here, material.window), (replace(here, basis="reference"), material.reference))
    for where, summary in sides:
        if summary is not None and summary.everyone.rows:
            figure = quality.share("missing_rate", summary.unversioned.rows, summary.everyone.rows)
            yield from placed([figure], replace(where, feature=column))
    if plan.periods is not None:
        missing = rows_by_period(material.window.unversioned)
        for period, rows in rows_by_period(material.window.everyone).items():
            figure = quality.share("missing_rate", missing.get(period, 0), rows)
            yield from placed([figure], replace(here, feature=column, period=material.period(period)))


def _of_the_future(material: Material) -> Iterator[Figure]:
    """Only where there are such rows: else a result would hang on the hour in which it was made."""
    kind = material.plan.periods
    if not isinstance(kind, str) or material.now is None:
        return
    zone = ZoneInfo(material.plan.zone) if material.plan.zone is not None else UTC
    now = np.datetime64(material.now.astimezone(zone).replace(tzinfo=None), "us")
    current = int(period_numbers(np.array([now]), kind)[0])
    after = sum(rows for period, rows in rows_by_period(material.window.periods).items() if period > current)
    if after:
        yield quality.future_rate(after, material.window.rows)
