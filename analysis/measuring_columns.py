"""Quality and drift of one column as measures: for the whole, the reference, and by period."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from analysis.material import Material, rows_by_period
from analysis.measures import drift, many_values, quality
from analysis.measures.bins import Binned, binned_numbers, binned_texts, is_number
from analysis.measures.figures import Figure, Where, placed, placed_by_slice
from analysis.measures.many_values import Sample
from analysis.summaries.features import Feature
from analysis.summaries.summary import OUT_OF_TIME
from analysis.values import Measure


def of_column(material: Material, name: str, version: str) -> Iterator[Measure]:
    """Everything that is measured of a feature, a score or a label."""
    feature, reference = material.window.features[name], material.reference_of(name)
    is_a_class = material.is_a_class(name)
    here = Where(version=version, feature=name)
    yield from placed(_quality(feature, reference, is_a_class=is_a_class), here)
    if reference is not None:
        yield from placed(_quality_of_reference(reference, is_a_class=is_a_class), replace(here, basis="reference"))
    yield from _missing_over_time(material, feature, here)
    if not _is_counted(feature) and (reference is None or not _is_counted(reference)):
        return
    new = quality.unseen(feature, reference) if reference is not None and not is_a_class else None
    if new is not None:
        yield from placed([new.rate], here)
        for value, figure in new.values:
            yield from placed([figure], replace(here, slice=((name, value),)))
    number = is_number(feature, reference) and not is_a_class
    binned = binned_numbers(feature, reference) if number else binned_texts(feature, reference)
    if binned is not None:
        named = {value for value, _ in new.values} if new is not None else set()
        yield from _histogram(binned, feature.rows, reference, here, named)
    sample = many_values.beside(feature, reference) if binned is None and reference is not None else None
    if sample is not None:
        yield from _of_many_values(material, sample, here, is_a_class=is_a_class)
    elif reference is not None:
        figures = drift.figures(feature, reference, binned, number=number)
        yield from placed(figures, replace(here, basis="difference"))
    if binned is not None and reference is not None:
        if new is not None:  # by definition
            yield from placed([quality.share("unseen_rate", 0, reference.rows)], replace(here, basis="reference"))
        yield from _over_time(material, binned, here, number=number, has_unseen=new is not None)


def _of_many_values(material: Material, sample: Sample, here: Where, *, is_a_class: bool) -> Iterator[Measure]:
    name = here.feature or ""
    feature, reference = material.window.features[name], material.reference_of(name)
    if reference is None:
        return
    yield from placed(sample.figures(), replace(here, basis="difference"))
    if not is_a_class:
        yield from placed([sample.unseen_rate(feature.rows)], here)
        yield from placed([quality.share("unseen_rate", 0, reference.rows)], replace(here, basis="reference"))
    if material.plan.periods is None:
        return
    rows, missing = rows_by_period(material.window.periods), rows_by_period(feature.missing)
    known = {period: count - missing.get(period, 0) for period, count in rows.items()}
    for period, of_period in many_values.over_time(feature, reference, known):
        there = replace(here, period=material.period(period))
        yield from placed([*of_period.distances(spread=False), of_period.chi2()], replace(there, basis="difference"))
        if not is_a_class:
            yield from placed([of_period.unseen_rate(rows[period])], there)


def _quality(feature: Feature, reference: Feature | None, *, is_a_class: bool) -> Iterator[Figure]:
    yield quality.missing_rate(feature)
    if is_a_class:
        return
    different = quality.unique_values(feature) if _is_counted(feature) else None
    if different is not None:
        yield different
    wrong = quality.type_error_rate(feature, reference)
    if wrong is not None:
        yield wrong
    outside = quality.out_of_range_rate(feature, reference) if reference is not None else None
    if outside is not None:
        yield outside


def _quality_of_reference(reference: Feature, *, is_a_class: bool) -> Iterator[Figure]:
    yield quality.missing_rate(reference)
    different = quality.unique_values(reference) if _is_counted(reference) and not is_a_class else None
    if different is not None:
        yield different


def _histogram(binned: Binned, rows: int, reference: Feature | None, here: Where, named: set[str]) -> Iterator[Measure]:
    """The shares of the window and of the reference; new values are named already."""
    name = here.feature or ""
    of_window = ((((name, value),), f) for value, f in quality.shares(binned, rows) if value not in named)
    yield from placed_by_slice(of_window, here)
    if reference is not None:
        of_reference = quality.shares(binned, reference.rows, of_reference=True)
        yield from placed_by_slice(((((name, v),), f) for v, f in of_reference), replace(here, basis="reference"))


def _is_counted(feature: Feature) -> bool:
    """Whether its values are counted; of a column without any value only what is missing is."""
    return bool(feature.kinds & {"number", "text", "time"})


def _missing_over_time(material: Material, feature: Feature, here: Where) -> Iterator[Measure]:
    if material.plan.periods is None:
        return
    rows, missing = rows_by_period(material.window.periods), rows_by_period(feature.missing)
    for period, count in rows.items():
        figure = quality.share("missing_rate", missing.get(period, 0), count)
        yield from placed([figure], replace(here, period=material.period(period)))


def _over_time(material: Material, binned: Binned, here: Where, *, number: bool, has_unseen: bool) -> Iterator[Measure]:
    name = here.feature or ""
    feature, reference = material.window.features[name], material.reference_of(name)
    if material.plan.periods is None or reference is None:
        return
    for period, figure in drift.over_time(feature, reference, binned, number=number):
        if period != OUT_OF_TIME:
            yield from placed([figure], replace(here, period=material.period(period), basis="difference"))
    if has_unseen:
        yield from _unseen_over_time(material, binned, here, rows_by_period(material.window.periods))


def _unseen_over_time(material: Material, binned: Binned, here: Where, rows: dict[int, int]) -> Iterator[Measure]:
    """The rate of unseen values in each period, 0 where there are none, and the share of each frequent one."""
    of_reference = binned.reference if binned.reference is not None else binned.window
    new = np.flatnonzero((of_reference == 0) & (binned.window > 0))
    frequent = [v for v in new if binned.window[v] >= quality.FEWEST_TO_BE_SHOWN][: quality.MOST_SHARES]
    place = {int(period): i for i, period in enumerate(binned.periods)}
    if not place:
        return
    none = np.zeros(len(binned.names), np.int64)
    for period, count in rows.items():
        counts = binned.by_period[place[period]] if period in place else none
        there = replace(here, period=material.period(period))
        yield from placed([quality.share("unseen_rate", int(counts[new].sum()), count)], there)
        for value in frequent:
            name = binned.names[value][: quality.LONGEST_SHOWN]
            figure = quality.share("share", int(counts[value]), count, note="unseen")
            yield from placed([figure], replace(there, slice=((here.feature or "", name),)))
