"""From summaries to the tidy table of measures: which figures are taken of which rows, in the order of the result."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from analysis.labels import names_of_classes
from analysis.measures import calibration, drift, fairness, performance, quality
from analysis.measures.bins import Binned, binned_numbers, binned_texts, is_number
from analysis.measures.confusion import CELLS, NOTHING, Confusion, confusions
from analysis.measures.figures import Figure, Where, placed
from analysis.periods import period_label
from analysis.plan import Plan
from analysis.summaries.features import Feature
from analysis.summaries.slicing import Counted, Slicing, is_a_group, sliced
from analysis.summaries.summary import OUT_OF_TIME, Spoken, Summary
from analysis.summaries.table import Table
from analysis.values import Basis, Measure, Slice


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What measures are made of."""

    plan: Plan
    window: Summary
    reference: Summary | None

    @property
    def classes(self) -> tuple[str, str]:
        """What a negative and a positive row are called, at the places of their codes."""
        positive, negative = names_of_classes(self.plan, self.window, self.reference)
        return negative, positive

    def period(self, number: int) -> str:
        return period_label(number, self.plan.periods or "day", rows=self.window.last_row)


def measured(material: Material) -> Iterator[Measure]:
    """Every measure: performance, fairness, volume, quality and drift."""
    version = material.plan.judged.version
    yield from _performance(material, material.window.judged, version)
    if material.window.against is not None and material.plan.against is not None:
        yield from _performance(material, material.window.against, material.plan.against.version)
    yield from _rows(material, version)
    for name in material.window.features:
        yield from _column(material, name, version)


def _performance(material: Material, said: Spoken, version: str) -> Iterator[Measure]:
    plan, judged = material.plan, version == material.plan.judged.version
    there = material.reference.judged if material.reference is not None and judged else None
    yield from placed(performance.whole(said.whole), Where(version=version))
    if there is not None:
        yield from placed(performance.whole(there.whole), Where(version=version, basis="reference"))
    yield from _bins(material, said, version, "realized")
    if there is not None:
        yield from _bins(material, there, version, "reference")
    for number in range(len(plan.groupings)):
        yield from _groups(plan, number, said, there, version)
    if said.by_period is not None:
        for period, figures in performance.by_group(said.by_period, spread=False).items():
            if period != OUT_OF_TIME:
                yield from placed(figures, Where(version=version, period=material.period(period)))


def _groups(plan: Plan, number: int, said: Spoken, there: Spoken | None, version: str) -> Iterator[Measure]:
    grouping = plan.groupings[number]
    if said.groups[number].too_many:
        why = f"{' & '.join(grouping)} has more groups than are kept; slice by something coarser"
        figure = Figure(name="volume", value=None, n=said.rows, reason=why)
        yield from placed([figure], Where(version=version, feature=" & ".join(grouping)))
        return
    if there is not None and there.groups[number].too_many:
        there = None
    slicing = sliced(_counted(said, number), _counted(there, number) if there is not None else None)
    view = said.by_group[number].regrouped(slicing.of_window)
    by_group = performance.by_group(view, spread=True)
    for group, shown in enumerate(slicing.shown):
        yield from placed(
            [quality.volume(_rows_of(confusions(view.confusion), group))], Where(version=version, slice=shown)
        )
        yield from placed(by_group.get(group, []), Where(version=version, slice=shown))
    if grouping in plan.protected:
        yield from _fairness(grouping, slicing, confusions(view.confusion), Where(version=version))
    if there is None or slicing.of_reference is None:
        return
    reference = there.by_group[number].regrouped(slicing.of_reference)
    of_reference = performance.by_group(reference, spread=False)
    for group, shown in enumerate(slicing.shown):
        yield from placed(of_reference.get(group, []), Where(version=version, slice=shown, basis="reference"))
    if grouping in plan.protected:
        where = Where(version=version, basis="reference")
        yield from _fairness(grouping, slicing, confusions(reference.confusion), where)


def _counted(said: Spoken, number: int) -> Counted:
    groups, table = said.groups[number], said.by_group[number].confusion
    rows = np.bincount(table.lanes // 9, weights=table.counts, minlength=len(groups)).astype(np.int64)
    return Counted(groups, rows)


def _rows_of(found: dict[int, Confusion], group: int) -> int:
    return int(found.get(group, NOTHING).rows.sum())


def _fairness(
    grouping: tuple[str, ...], slicing: Slicing, found: dict[int, Confusion], where: Where
) -> Iterator[Measure]:
    groups = {g: found.get(g, NOTHING) for g, shown in enumerate(slicing.shown) if is_a_group(shown)}
    yield from placed(
        fairness.between(list(groups.values())),
        Where(version=where.version, basis=where.basis, feature=" & ".join(grouping)),
    )
    for group, figures in fairness.ratios(groups).items():
        yield from placed(figures, Where(version=where.version, basis=where.basis, slice=slicing.shown[group]))


def _bins(material: Material, said: Spoken, version: str, basis: Basis) -> Iterator[Measure]:
    """The confusion matrix and the calibration curve."""
    decided = confusions(said.whole.confusion).get(0, NOTHING)
    if decided.decided:
        for cell, (label, prediction) in CELLS.items():
            slice_: Slice = (("label", material.classes[label]), ("prediction", material.classes[prediction]))
            figure = Figure(name="count", value=decided.weight((cell,)), n=decided.decided)
            yield from placed([figure], Where(version=version, basis=basis, slice=slice_))
    if not said.whole.scores.rows or not material.plan.judged.scores:
        return
    column = material.plan.judged.scores[0][1]
    for name, mean, share in calibration.curve(calibration.bins_of(said.whole.calibration, 0)):
        yield from placed([mean, share], Where(version=version, basis=basis, slice=((column, name),)))


def _rows(material: Material, version: str) -> Iterator[Measure]:
    """Volume and duplicates."""
    window, reference = material.window, material.reference
    yield from placed([quality.volume(window.rows)], Where(version=version))
    if reference is not None:
        yield from placed([quality.volume(reference.rows)], Where(version=version, basis="reference"))
    if material.plan.periods is not None:
        for period, rows in _by_period(window.periods).items():
            yield from placed([quality.volume(rows)], Where(version=version, period=material.period(period)))
    for basis, summary in (("realized", window), ("reference", reference)):
        if summary is not None and summary.ids is not None:
            figure = quality.duplicate_rate(summary.ids, summary.rows)
            where = Where(version=version, feature=material.plan.id, basis=basis)  # type: ignore[arg-type] # one of two
            yield from placed([figure], where)


def _column(material: Material, name: str, version: str) -> Iterator[Measure]:
    """Quality and drift of one column, for the whole, then by period."""
    feature = material.window.features[name]
    reference = material.reference.features[name] if material.reference is not None else None
    if reference is not None and not reference.rows:
        reference = None
    as_category = name == material.plan.label and material.plan.task in ("binary", "multiclass")
    here = Where(version=version, feature=name)
    yield from placed(_quality(feature, reference), here)
    new = quality.unseen(feature, reference) if reference is not None and not as_category else None
    if new is not None:
        yield from placed([new[0]], here)
        for value, figure in new[1]:
            yield from placed([figure], Where(version=version, feature=name, slice=((name, value),)))
    if reference is not None:
        there = Where(version=version, feature=name, basis="reference")
        yield from placed([quality.missing_rate(reference)], there)
    number = is_number(feature, reference) and not as_category
    binned = binned_numbers(feature, reference) if number else binned_texts(feature, reference)
    named = {value for value, _ in new[1]} if new is not None else set()
    yield from _histogram(binned, feature, reference, here, named)
    if reference is not None:
        figures = drift.figures(feature, reference, as_category=as_category)
        yield from placed(figures, Where(version=version, feature=name, basis="difference"))
    if material.plan.periods is not None:
        yield from _column_over_time(material, feature, binned, here)


def _quality(feature: Feature, reference: Feature | None) -> Iterator[Figure]:
    yield quality.missing_rate(feature)
    wrong = quality.type_error_rate(feature, reference)
    if wrong is not None:
        yield wrong
    outside = quality.out_of_range_rate(feature, reference) if reference is not None else None
    if outside is not None:
        yield outside


def _histogram(
    binned: Binned | None, feature: Feature, reference: Feature | None, here: Where, named: set[str]
) -> Iterator[Measure]:
    """The shares of the window and of the reference; new values are named already."""
    if binned is None or here.feature is None:
        return
    for value, figure in quality.shares(binned, feature.rows):
        if value not in named:
            slice_: Slice = ((here.feature, value),)
            yield from placed([figure], Where(version=here.version, feature=here.feature, slice=slice_))
    if reference is not None:
        for value, figure in quality.shares(binned, reference.rows, of_reference=True):
            slice_ = ((here.feature, value),)
            where = Where(version=here.version, feature=here.feature, slice=slice_, basis="reference")
            yield from placed([figure], where)


def _column_over_time(material: Material, feature: Feature, binned: Binned | None, here: Where) -> Iterator[Measure]:
    rows, missing = _by_period(material.window.periods), _by_period(feature.missing)
    for period, count in rows.items():
        where = Where(version=here.version, feature=here.feature, period=material.period(period))
        yield from placed([quality.share("missing_rate", missing.get(period, 0), count)], where)
    if binned is None or binned.reference is None:
        return
    for period, figure in drift.over_time(binned):
        if period != OUT_OF_TIME:
            where = Where(
                version=here.version, feature=here.feature, period=material.period(period), basis="difference"
            )
            yield from placed([figure], where)
    yield from _unseen_over_time(material, binned, here, rows)


def _unseen_over_time(material: Material, binned: Binned, here: Where, rows: dict[int, int]) -> Iterator[Measure]:
    """The rate of unseen values in each period, and the share of each frequent one, where there are any."""
    if binned.reference is None or "[" in binned.names[0]:
        return
    new = np.flatnonzero((binned.reference == 0) & (binned.window > 0))
    if not len(new):
        return
    for period, counts in zip(binned.periods, binned.by_period, strict=True):
        if int(period) == OUT_OF_TIME or int(period) not in rows:
            continue
        label, count = material.period(int(period)), rows[int(period)]
        where = Where(version=here.version, feature=here.feature, period=label)
        yield from placed([quality.share("unseen_rate", int(counts[new].sum()), count)], where)
        for value in new:
            if binned.window[value] >= quality.FEWEST_TO_BE_SHOWN and here.feature is not None:
                name = binned.names[value][: quality.LONGEST_SHOWN]
                of = Where(version=here.version, feature=here.feature, slice=((here.feature, name),), period=label)
                yield from placed([quality.share("share", int(counts[value]), count, note="unseen")], of)


def _by_period(table: Table) -> dict[int, int]:
    return {int(p): int(n) for p, n in zip(table.lanes, table.counts, strict=True) if int(p) != OUT_OF_TIME}
