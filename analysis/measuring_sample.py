"""What can only be told from rows, not from counts: measures of a bounded sample of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa

from analysis.binning import SLOTS, Binning, Codes, binned, one_array
from analysis.explanation import moved_score
from analysis.hotspots import FEWEST_ROWS_TO_HOLD_BACK, Hotspot, Mask, Side, expected_errors, hotspots
from analysis.importance import rests_on
from analysis.judgement.contrast import Z95
from analysis.material import Material
from analysis.measures import drift
from analysis.measures.bins import binned_numbers
from analysis.measures.curves import Curve, roc_auc
from analysis.measures.figures import Figure, Where, placed, undefined
from analysis.measures.intervals import about, wilson
from analysis.measures.quality import share
from analysis.multivariate import told_apart
from analysis.plan import Plan
from analysis.summaries.columns import kind_of, numbers, texts
from analysis.summaries.ids import Hashes, spread
from analysis.summaries.keys import Floats
from analysis.summaries.said import binary_rows, multiclass_rows, regression_rows
from analysis.summaries.sample import Sample, in_second_half
from analysis.summaries.scores import POSITIVE, UNKNOWN
from analysis.values import Basis, Measure

FEWEST_ROWS_TO_EXPLAIN, MOST_ROWS_TO_EXPLAIN = 200, 20_000
WORTH_EXPLAINING = 0.05
"""PSI of the score: half of what is called drift."""
MOST_EXPLAINED = 10
OF_NOTHING = np.uint64(0x5A5A_0F0F_3C3C_9696)
"""What stands for a missing whole number."""
MOST_BY_CHANCE = 10
"""Rows that are alike are told only where there are so many times more of them than chance makes."""
MOST_TWINS = 4
"""Where rows have more of them on average, features are too few or too coarse to tell rows apart."""
LEAST_FAITHFUL = 0.5
"""A surrogate that explains less of the score says little about the model."""


def of_sample(material: Material) -> Iterator[Measure]:
    """What the judged version's checks need of it."""
    sample = material.window.features.sample
    if sample is None or not len(sample):
        return
    wanted = set(material.plan.sampled_for)
    if "drift" in wanted and _drift_of_score(material) < WORTH_EXPLAINING:
        wanted.remove("drift")
    if not wanted:
        return
    if "duplicates" in wanted:
        yield from _duplicates(material, sample)
    features = features_of(material.plan, sample)
    if "hotspot" in wanted:
        yield from _hotspots(material, sample, features)
    if "leakage" in wanted:
        yield from _leaks(material, sample, features)
    if "conflicting_labels" in wanted:
        yield from _conflicts(material.plan, sample)
    there = material.reference.features.sample if material.reference is not None else None
    if there is not None and len(there):
        if "drift" in wanted:
            yield from _moved(material, sample, there, features)
        if "multivariate_drift" in wanted:
            yield from _apart(material.plan, sample, there, features)
    if "feature_importance" in wanted:
        yield from _importance(material.plan, sample, features, "realized")
        if there is not None:
            same = [f.of(there.columns[f.name]) for f in features]
            yield from _importance(material.plan, there, same, "reference")


def _hotspots(material: Material, sample: Sample, features: Sequence[Binning]) -> Iterator[Measure]:
    """The number in each hotspot, how far it is from other rows that are scored alike, and what the whole would be
    without that distance."""
    scores, errors = scored(material.plan, sample)
    known = np.flatnonzero(~np.isnan(errors))
    columns = [column.at(known) for column in features]
    expected = expected_errors(scores[known], errors[known])
    found = hotspots(
        columns,
        errors[known],
        expected,
        in_second_half(sample)[known],
        fewest=material.plan.smallest_hotspot,
    )
    for hotspot in found:
        if not _is_a_group(material.plan, hotspot):
            yield from _measures(material.plan, hotspot, held_back=len(known) >= FEWEST_ROWS_TO_HOLD_BACK)


def _leaks(material: Material, sample: Sample, features: Sequence[Binning]) -> Iterator[Measure]:
    """How well each feature alone tells the label: learned on one half of the sample, told on the other."""
    plan = material.plan
    if plan.task != "binary" or plan.label is None:
        return
    label = binary_rows(plan, plan.judged, arrays_of(sample), level=0).label
    known = np.flatnonzero(label != UNKNOWN)
    late = in_second_half(sample)[known]
    for feature in features:
        codes, truth = feature.codes[known], label[known] == POSITIVE
        rates = bin_rates(codes[~late], truth[~late])
        curve = curve_of(rates[codes[late]], truth[late])
        if curve.has_both:
            figure = replace(roc_auc(curve), name="label_auc", note="this feature alone, on a half of a sample")
            yield from placed([figure], Where(version=plan.judged.version, feature=feature.name))


def _conflicts(plan: Plan, sample: Sample) -> Iterator[Measure]:
    """Rows with a label that are alike in every feature to a row with another label."""
    columns = arrays_of(sample)
    if plan.label is None or not plan.features:
        return
    labels = texts(columns[plan.label]).codes
    known = np.flatnonzero(labels >= 0)
    alike = _alike((of_values(columns[name]) for name in plan.features), len(sample))
    _, twins = np.unique(alike[known], return_inverse=True)
    pairs, pair = np.unique(np.stack([twins, labels[known]]), axis=1, return_inverse=True)
    kinds = int(pairs[0].max(initial=-1)) + 1
    if kinds * MOST_TWINS < len(known):
        why = f"the features tell only {kinds:,} kinds of rows apart, so that nearly every row has many twins"
        yield from placed([undefined("conflicting_label_rate", len(known), why)], Where(version=plan.judged.version))
        return
    several = np.bincount(pairs[0]) > 1 if len(known) else np.zeros(0, dtype=bool)
    rows = int(several[pairs[0]][pair.ravel()].sum()) if len(known) else 0
    note = "of a sample: twins of rows that were not drawn are not seen" if sample.halvings else None
    figure = share("conflicting_label_rate", rows, len(known), note=note)
    yield from placed([figure], Where(version=plan.judged.version))


def _duplicates(material: Material, sample: Sample) -> Iterator[Measure]:
    """Rows that are alike in every column to a row before them, where no id tells rows apart."""
    here, rows = Where(version=material.plan.judged.version), len(sample)
    if sample.halvings:
        why = "the log is too long for its rows to be compared as a whole; name the column id"
        yield from placed([undefined("duplicate_rate", material.window.rows, why)], here)
        return
    columns = arrays_of(sample)
    if any(array.null_count > _missing(material, name) for name, array in columns.items()):
        why = "the log holds texts too long for its rows to be compared as a whole; name the column id"
        yield from placed([undefined("duplicate_rate", rows, why)], here)
        return
    values = {name: of_values(array) for name, array in columns.items()}
    found = np.unique(_alike(values.values(), rows), return_index=True)[1]
    again = rows - len(found)
    few = len(found) * MOST_TWINS < rows
    if few or (again and _meet_by_chance([hashes[found] for hashes in values.values()]) * MOST_BY_CHANCE > again):
        why = "the columns tell so few rows apart that some are equal by chance; name the column id"
        yield from placed([undefined("duplicate_rate", rows, why)], here)
        return
    yield from placed([share("duplicate_rate", again, rows, note="whole rows, as no column is the id")], here)


def _missing(material: Material, name: str) -> int:
    """How many rows have no value in a column; of texts that are long, a sample has none."""
    feature = material.window.features.by_name.get(name)
    return feature.missing.rows if feature is not None else material.window.rows - 1


def _alike(values: Iterable[Hashes], rows: int) -> Hashes:
    """A number for each row, the same for those that are alike in all columns."""
    alike = np.zeros(rows, dtype=np.uint64)
    for hashes in values:
        alike = spread(alike ^ hashes)
    return alike


def _meet_by_chance(columns: Sequence[Hashes]) -> float:
    """How many of some different rows would be expected to meet another, were their columns independent."""
    rows = len(columns[0]) if columns else 0
    chance = 1.0
    for hashes in columns:
        counts = np.unique(hashes, return_counts=True)[1]
        chance *= float((counts * (counts - 1)).sum()) / max(rows * (rows - 1), 1)
    return rows * (rows - 1) / 2 * chance


def of_values(array: pa.Array) -> Hashes:
    """A number for each value, the same for equal ones of one column."""
    if pa.types.is_integer(array.type):  # exactly: a float has 53 bits
        whole = array.cast(pa.int64(), safe=False).fill_null(0).to_numpy(zero_copy_only=False).view(np.uint64)
        gone = np.asarray(array.is_null()) if array.null_count else np.zeros(len(array), dtype=bool)
        return np.where(gone, OF_NOTHING, spread(whole))
    if kind_of(array.type) == "number":
        return spread((numbers(array) + 0.0).view(np.uint64))
    if kind_of(array.type) == "time":
        return spread(array.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False).view(np.uint64))
    coded = array if pa.types.is_dictionary(array.type) else array.dictionary_encode()
    return spread(coded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64).view(np.uint64))


def _moved(material: Material, sample: Sample, there: Sample, features: Sequence[Binning]) -> Iterator[Measure]:
    """Which features moved the mean score between the reference and the window, most first."""
    plan, sides = material.plan, []
    for part in (sample, there):
        scores = numbers(one_array(part.columns[plan.judged.scores[0][1]]))
        known = np.flatnonzero(np.isfinite(scores))[:MOST_ROWS_TO_EXPLAIN]
        sides.append((scores[known], [f.of(part.columns[f.name]).at(known) for f in features]))
    (scores, window), (before, reference) = sides
    if not features or min(len(scores), len(before)) < FEWEST_ROWS_TO_EXPLAIN:
        return
    found = moved_score(window, scores, reference, before)
    note = f"an additive surrogate of the score, which explains {found.faithful:.0%} of it; {found.left:.2g} is left"
    for name, moved in sorted(found.parts, key=lambda pair: (-abs(pair[1]), pair[0]))[:MOST_EXPLAINED]:
        figure = Figure(name="score_shift", value=moved, n=len(scores), note=note)
        yield from placed([figure], Where(version=plan.judged.version, feature=name, basis="difference"))


def _drift_of_score(material: Material) -> float:
    column = material.plan.judged.scores[0][1]
    window, reference = material.window.features[column], material.reference_of(column)
    if reference is None or not len(window.numbers) or not len(reference.numbers):
        return 0.0
    found = drift.figures(window, reference, binned_numbers(window, reference), number=False)
    return next((f.value or 0.0 for f in found if f.name == "psi"), 0.0)


def _apart(plan: Plan, sample: Sample, there: Sample, features: Sequence[Binning]) -> Iterator[Measure]:
    """How well the window's rows can be told from the reference's, and how well either are rebuilt."""
    same = [f.of(there.columns[f.name]) for f in features]
    found = told_apart(features, same, (in_second_half(sample), in_second_half(there)))
    if found is None:
        return
    here = Where(version=plan.judged.version, basis="difference")
    figure = roc_auc(curve_of(found.scores, found.is_window))
    yield from placed([replace(figure, name="domain_classifier_auc")], here)
    bases: tuple[tuple[Basis, tuple[float, float]], ...] = (("realized", found.rebuilt), ("reference", found.before))
    for basis, (mean, error) in bases:
        low, high = about(mean, error, least=0.0)
        rebuilt = Figure(name="pca_reconstruction_error", value=mean, low=low, high=high, n=found.rows)
        yield from placed([rebuilt], replace(here, basis=basis))


def _importance(plan: Plan, sample: Sample, features: Sequence[Binning], basis: Basis) -> Iterator[Measure]:
    """What the score rests on, as shares of a surrogate's permutation importance."""
    scores = np.stack([numbers(one_array(sample.columns[c])) for _, c in plan.judged.scores]).max(axis=0)
    known = np.flatnonzero(np.isfinite(scores))
    found = rests_on([f.at(known) for f in features], scores[known], in_second_half(sample)[known])
    if found is None:
        return
    if found.faithful < LEAST_FAITHFUL:
        why = f"a surrogate explains only {max(found.faithful, 0):.0%} of the score by the features that are logged"
        yield from placed([undefined("importance", found.rows, why)], Where(version=plan.judged.version, basis=basis))
        return
    note = f"permutation importance of a surrogate, which explains {found.faithful:.0%} of the score"
    for one in found.importances:
        low, high = about(one.share, one.spread, least=0.0, most=1.0)
        figure = Figure(name="importance", value=one.share, low=low, high=high, n=found.rows, note=note)
        yield from placed([figure], Where(version=plan.judged.version, feature=one.feature, basis=basis))


def curve_of(scores: Floats, truth: Mask) -> Curve:
    """The curve of rows that all count once."""
    axis, places = np.unique(scores, return_inverse=True)
    positive = np.bincount(places[truth], minlength=len(axis)).astype(np.float64)
    negative = np.bincount(places[~truth], minlength=len(axis)).astype(np.float64)
    return Curve(positive, negative, len(scores), float(positive.sum()), float(negative.sum()), False)


def bin_rates(codes: Codes, truth: Mask) -> Floats:
    """The share of positives of each slot, one row of each class added to all."""
    rows = np.bincount(codes, minlength=SLOTS)
    return np.asarray((np.bincount(codes, weights=truth, minlength=SLOTS) + 1) / (rows + 2), dtype=np.float64)


def arrays_of(sample: Sample) -> dict[str, pa.Array]:
    return {name: one_array(column) for name, column in sample.columns.items()}


def scored(plan: Plan, sample: Sample) -> tuple[Floats, Floats]:
    """What the model said of each row, as a number by which rows are alike (the score, the highest of several, the
    prediction; 0 where there is none), and what the row adds to the model's error: 1 for a wrong class, the size of a
    regression's error; NaN where the label or the prediction is not known."""
    columns = arrays_of(sample)
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


def _measures(plan: Plan, hotspot: Hotspot, *, held_back: bool) -> Iterator[Measure]:
    """Of held-back rows alone, or of all where they are few. An accuracy is 1 less the mean error, so its distance has
    the other sign."""
    inside, rest = hotspot.inside, hotspot.rest
    rows = inside.rows + rest.rows
    whole = (inside.error * inside.rows + rest.error * rest.rows) / rows
    mended = whole - hotspot.above * inside.rows / rows
    reach = Z95 * hotspot.standard_error
    name, sign, start = ("mean_absolute_error", 1, 0) if plan.task == "regression" else ("accuracy", -1, 1)
    note = f"hotspot, on {rows:,} rows that were held back when it was found"
    if not held_back:
        note = f"hotspot, on all {rows:,} rows: one like it by chance is found in less than 1 of 20 logs"

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
