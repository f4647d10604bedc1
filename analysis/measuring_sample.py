"""What can only be told from rows, not from counts: measures of a bounded sample of them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from analysis.binning import Binning, binned, one_array
from analysis.hotspots import Hotspot, Side, expected_errors, hotspots
from analysis.judgement.contrast import Z95
from analysis.material import Material
from analysis.measures.intervals import wilson
from analysis.plan import Plan
from analysis.summaries.columns import numbers
from analysis.summaries.keys import Floats
from analysis.summaries.said import binary_rows, multiclass_rows, regression_rows
from analysis.summaries.sample import Sample, in_second_half
from analysis.summaries.scores import UNKNOWN
from analysis.values import Basis, Measure


def of_sample(material: Material) -> Iterator[Measure]:
    """The hotspots of the judged version: the number in each, how far it is from other rows that are scored alike, and
    what the whole would be without that distance."""
    sample = material.window.features.sample
    if sample is None or not len(sample):
        return
    scores, errors = scored(material.plan, sample)
    known = np.flatnonzero(~np.isnan(errors))
    columns = [column.at(known) for column in features_of(material.plan, sample)]
    found = hotspots(
        columns, errors[known], expected_errors(scores[known], errors[known]), in_second_half(sample)[known]
    )
    for hotspot in found:
        if not _is_a_group(material.plan, hotspot):
            yield from _measures(material.plan, hotspot)


def scored(plan: Plan, sample: Sample) -> tuple[Floats, Floats]:
    """What the model said of each row, as a number by which rows are alike (the score, the highest of several, the
    prediction; 0 where there is none), and what the row adds to the model's error: 1 for a wrong class, the size of a
    regression's error; NaN where the label or the prediction is not known."""
    columns = {name: one_array(column) for name, column in sample.columns.items()}
    if plan.task == "regression":
        predicted = regression_rows(plan, plan.judged, columns)
        return predicted.prediction, np.abs(predicted.prediction - predicted.label)
    scores = np.stack([numbers(columns[c]) for _, c in plan.judged.scores] or [np.zeros(len(sample))]).max(axis=0)
    scores = np.nan_to_num(scores)
    if plan.task == "multiclass":
        rows = multiclass_rows(plan, plan.judged, columns, levels=())
        wrong = [np.nan if label is None or said is None else float(label != said) for label, said in rows.pairs.parts]
        return scores, np.array([*wrong, np.nan])[rows.pair]
    said = binary_rows(plan, plan.judged, columns, level=0)
    known = (said.label != UNKNOWN) & (said.predicted != UNKNOWN)
    return scores, np.where(known, (said.label != said.predicted).astype(np.float64), np.nan)


def features_of(plan: Plan, sample: Sample) -> list[Binning]:
    """The features that rows can be told apart by."""
    found = [binned(name, sample.columns[name]) for name in plan.features if name in sample.columns]
    return [column for column in found if column is not None]


def _is_a_group(plan: Plan, hotspot: Hotspot) -> bool:
    """Whether the model card asks for just these groups, which are measured over all rows and judged as such."""
    columns = {column for column, _ in hotspot.slice}
    return any(columns == set(grouping) for grouping in plan.groupings)


def _measures(plan: Plan, hotspot: Hotspot) -> Iterator[Measure]:
    """Of held-back rows alone. An accuracy is 1 less the mean error, so its distance has the other sign."""
    inside, rest = hotspot.inside, hotspot.rest
    rows = inside.rows + rest.rows
    whole = (inside.error * inside.rows + rest.error * rest.rows) / rows
    mended = whole - hotspot.above * inside.rows / rows
    reach = Z95 * hotspot.standard_error
    name, sign, start = ("mean_absolute_error", 1, 0) if plan.task == "regression" else ("accuracy", -1, 1)
    note = f"hotspot, on {rows:,} rows that were held back when it was found"

    def measure(value: float, interval: tuple[float, float] | None, n: int, basis: Basis) -> Measure:
        low, high = sorted(interval) if interval is not None else (None, None)
        return Measure(
            measure=name,
            value=start + sign * value if basis != "difference" else sign * value,
            low=low,
            high=high,
            n=n,
            version=plan.judged.version,
            slice=hotspot.slice,
            basis=basis,
            note=note,
        )

    yield measure(inside.error, _interval(plan, inside), inside.rows, "realized")
    apart = (sign * (hotspot.above - reach), sign * (hotspot.above + reach))
    yield measure(hotspot.above, apart, inside.rows, "difference")
    yield measure(mended, None, rows, "what_if")


def _interval(plan: Plan, side: Side) -> tuple[float, float]:
    if plan.task != "regression":
        return wilson(1 - side.error, side.rows)
    reach = Z95 * float(np.sqrt(side.error_variance / side.rows))
    return max(side.error - reach, 0.0), side.error + reach
