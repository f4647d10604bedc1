"""Two versions on the same cases: the judged one's number minus the other's, with the interval of the pairs."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from analysis.errors import DataError
from analysis.measures import calibration, confusion, curves, regression
from analysis.measures.comparison_spread import MOST_CASES, Resampled, Statistic, by_key, mean_of, resampled_cases
from analysis.measures.confusion import RATES
from analysis.measures.curves import Curve, average_precisions, dot, placements, separations
from analysis.measures.figures import Figure, undefined
from analysis.measures.intervals import about, effective, percentiles, resampled, scaled, why_no_weight
from analysis.near_names import quoted
from analysis.plan import Plan
from analysis.summaries.columns import Mask
from analysis.summaries.deviations import Predicted, deviations
from analysis.summaries.distinct import distinct
from analysis.summaries.keys import EXACT, Floats, keys_of
from analysis.summaries.pairs import LABEL, LOSS, PREDICTED, RIGHT, SCORE, SQUARE, WEIGHT, Sides, paired
from analysis.summaries.scores import CALIBRATION_BINS, UNKNOWN, View, said, view
from analysis.summaries.table import Encoded

Side = Mapping[str, Floats]
COUNTED = (*RATES, "balanced_accuracy", "f1", "matthews_corrcoef")


def figures(both: Sides, plan: Plan) -> Iterator[Figure]:
    """Every measure's difference, judged minus against, over the cases that both versions have."""
    ours, theirs = paired(both, plan)
    if not len(ours[WEIGHT]) and plan.against is not None:
        raise DataError(
            f"no case has a row of both {quoted(plan.judged.version)} and {quoted(plan.against.version)}, so they "
            f"cannot be compared; look at the ids in {quoted(plan.id or '')}"
        )
    note = None if both.complete else f"from a sample of {len(ours[WEIGHT]):,} cases drawn by their hashes"
    found = {"regression": _of_errors, "multiclass": _of_classes}.get(plan.task, _of_decisions)
    yield from (replace(f, note=f.note or note) for f in found(ours, theirs))


def _of_decisions(ours: Side, theirs: Side) -> Iterator[Figure]:
    label = np.where(np.isnan(ours[LABEL]), theirs[LABEL], ours[LABEL])
    decided = _there(label, ours[PREDICTED], theirs[PREDICTED])
    scored = _there(label, ours[SCORE], theirs[SCORE])
    cells = _joint_cells(label[decided], ours[PREDICTED][decided], theirs[PREDICTED][decided], ours[WEIGHT][decided])
    drawn = resampled(cells) if cells.sum() else None
    views = [_view(label, side, decided, scored, ours[WEIGHT]) for side in (ours, theirs)]
    of_counts = [{f.name: f for f in confusion.figures(_confusion(v))} for v in views]
    for name in COUNTED:
        one, two = of_counts[0][name], of_counts[1][name]
        spread = percentiles(_statistic(name, drawn, 0) - _statistic(name, drawn, 1)) if drawn is not None else None
        yield _difference(one, two, spread)
    truth, weight = label[scored], ours[WEIGHT][scored]
    scores = (ours[SCORE][scored], theirs[SCORE][scored])
    yield roc_auc(truth, *scores, weight)
    both = [curves.curves(v.scores).get(0) for v in views]
    redrawn = resampled_cases(weight)
    for name, statistic in (("average_precision", average_precisions), ("ks_separation", separations)):
        found = [getattr(curves, name)(c) if c is not None else undefined(name, 0, NO_CASE) for c in both]
        yield _redrawn(found, redrawn, [_of_scores(statistic, truth, s) for s in scores])
    yield from _losses(views, truth, *scores, weight)
    errors = [
        calibration.expected_calibration_error(calibration.bins_of(v.calibration, 0), spread=False) for v in views
    ]
    yield _redrawn(errors, redrawn, [_of_bins(truth, s) for s in scores])


def _redrawn(found: Sequence[Figure], redrawn: Resampled | None, of: Sequence[Statistic]) -> Figure:
    """The difference of two figures of a measure from 0 to 1, with the spread of resampled cases."""
    one, two = found
    if redrawn is None or one.value is None or two.value is None:
        return _difference(one, two, None)
    return _difference(one, two, redrawn.interval(one.value - two.value, *of, most=1.0))


def _of_scores(statistic: curves.Statistic, label: Floats, scores: Floats) -> Statistic:
    """A number of the curve of resampled cases."""
    positive = label[:MOST_CASES]
    added_up = by_key(scores[:MOST_CASES])
    return lambda weights: statistic(added_up(weights * positive), added_up(weights * (1 - positive)))


def _of_bins(label: Floats, scores: Floats) -> Statistic:
    """The expected calibration error of resampled cases."""
    scores = scores[:MOST_CASES]
    apart = scores - label[:MOST_CASES]
    added_up = by_key(np.minimum((scores * CALIBRATION_BINS).astype(np.int64), CALIBRATION_BINS - 1))
    return lambda weights: np.abs(added_up(weights * apart)).sum(axis=1) / weights.sum(axis=1)


NO_CASE = "no case has a label and a score of both versions"


def roc_auc(label: Floats, ours: Floats, theirs: Floats, weight: Floats) -> Figure:
    """The difference of the areas under two ROC curves on the same cases, with the interval of DeLong, DeLong and
    Clarke-Pearson (1988): the variance of the differences of each case's placement."""
    positive = label == 1
    if not positive.any() or positive.all():
        why = NO_CASE if not len(label) else "no case is positive" if not positive.any() else "no case is negative"
        return undefined("roc_auc", len(label), why)
    weight = scaled(weight)
    if not (weight[positive].any() and weight[~positive].any()):
        return undefined("roc_auc", len(label), "the weights of all positives, or of all negatives, are 0")
    value = variance = 0.0
    placed = [_placements(label, scores, weight) for scores in (ours, theirs)]
    for here, sign in ((positive, 1), (~positive, 0)):
        w = weight[here] / weight[here].sum()
        apart = (placed[0] - placed[1])[here]
        mean = dot(w, apart)
        value = mean if sign else value
        size = 1 / dot(w, w)
        variance += dot(w, np.square(apart - mean)) / (size - 1) if size > 1 else 0.0
    low, high = about(value, math.sqrt(variance), least=-1.0, most=1.0) if variance > 0 else (None, None)
    return Figure(name="roc_auc", value=value, low=low, high=high, n=len(label))


def _placements(label: Floats, scores: Floats, weight: Floats) -> Floats:
    """For a positive the share of negatives below it, for a negative the share of positives above it; ties half."""
    axis, places = distinct(keys_of(scores))
    positive: Floats = np.bincount(places, weights=weight * label, minlength=len(axis)).astype(np.float64)
    negative: Floats = np.bincount(places, weights=weight * (1 - label), minlength=len(axis)).astype(np.float64)
    of_positives, of_negatives = placements(Curve(positive, negative, 0, 0.0, 0.0, False))
    return np.where(label == 1, of_positives[places], of_negatives[places])


def _losses(views: list[View], label: Floats, ours: Floats, theirs: Floats, weight: Floats) -> Iterator[Figure]:
    """log_loss, brier and mean_score: means of differences on each case."""
    found = [{f.name: f for f in calibration.losses(v.losses, 0)} for v in views]
    eps = float(np.finfo(np.float64).eps)

    def truth(scores: Floats) -> Floats:
        return np.where(label == 1, scores, 1 - scores)

    each: dict[str, Callable[[Floats], Floats]] = {
        "log_loss": lambda s: -np.log(np.clip(truth(s), eps, 1 - eps)),
        "brier": lambda s: np.square(1 - truth(s)),
        "mean_score": lambda s: s,
    }
    for name, of in each.items():
        one, two = (side.get(name) or undefined(name, 0, NO_CASE) for side in found)
        if one.value is None or two.value is None:
            yield _difference(one, two, None)
        else:
            yield _mean(name, of(ours) - of(theirs), weight)


def _of_errors(ours: Side, theirs: Side) -> Iterator[Figure]:
    label = np.where(np.isnan(ours[LABEL]), theirs[LABEL], ours[LABEL])
    both = _there(label, ours[SCORE], theirs[SCORE])
    label, weight = label[both], ours[WEIGHT][both]
    errors = [side[SCORE][both] - label for side in (ours, theirs)]
    found = [_regression(label, side[SCORE][both], weight) for side in (ours, theirs)]
    each: dict[str, Callable[[Floats], Floats]] = {
        "mean_absolute_error": np.abs,
        "mean_squared_error": np.square,
        "mean_absolute_percentage_error": lambda e: np.abs(np.divide(e, label, out=np.zeros_like(e), where=label != 0)),
        "mean_squared_log_error": lambda e: np.square(np.log1p(label + e) - np.log1p(label)),
        "mean_error": lambda e: e,
    }
    redrawn = resampled_cases(weight)
    for name in regression.NAMES:
        one, two = found[0][name], found[1][name]
        if one.value is None or two.value is None:
            yield _difference(one, two, None)
        elif name in each:
            yield _mean(name, each[name](errors[0]) - each[name](errors[1]), weight)
        elif redrawn is not None:
            statistics = [_of_squares(name, label[redrawn.cases], e[redrawn.cases]) for e in errors]
            yield _difference(one, two, redrawn.interval(one.value - two.value, *statistics))


def _of_squares(name: str, label: Floats, error: Floats) -> Statistic:
    """The root of a mean of squares, or R², of resampled cases."""
    logs = name == "root_mean_squared_log_error"
    squares = mean_of(np.square(np.log1p(label + error) - np.log1p(label)) if logs else np.square(error))
    if name != "r2":
        return lambda weights: np.sqrt(squares(weights))
    centre = label - label.mean()
    mean, mean2 = mean_of(centre), mean_of(np.square(centre))
    return lambda weights: 1 - squares(weights) / (mean2(weights) - np.square(mean(weights)))


def _of_classes(ours: Side, theirs: Side) -> Iterator[Figure]:
    for name, column in (("accuracy", RIGHT), ("log_loss", LOSS), ("brier", SQUARE)):
        both = _there(ours[column], theirs[column])
        if not both.any():
            yield undefined(name, 0, NO_CASE)
        else:
            yield _mean(name, (ours[column] - theirs[column])[both], ours[WEIGHT][both])


def _mean(name: str, apart: Floats, weight: Floats) -> Figure:
    """The (weighted) mean of differences with its normal interval."""
    if not weight.any():
        return undefined(name, len(apart), why_no_weight(0.0))
    weight = scaled(weight)
    value = float(np.average(apart, weights=weight))
    size = effective(float(weight.sum()), float(np.square(weight).sum()), len(apart))
    variance = float(np.average(np.square(apart - value), weights=weight))
    low, high = about(value, math.sqrt(variance / max(size - 1, 1)))
    return Figure(name=name, value=value, low=low, high=high, n=len(apart))


def _difference(one: Figure, two: Figure, spread: tuple[float, float] | None) -> Figure:
    if one.value is None or two.value is None:
        return undefined(one.name, min(one.n, two.n), one.reason or two.reason or "")
    value = one.value - two.value
    low, high = (min(spread[0], value), max(spread[1], value)) if spread is not None else (None, None)
    return Figure(name=one.name, value=value, low=low, high=high, n=min(one.n, two.n))


def _joint_cells(label: Floats, ours: Floats, theirs: Floats, weight: Floats) -> Floats:
    """Expected counts by label and both predictions, 2 × 2 × 2, of a sample of the effective size."""
    cells = (label * 4 + ours * 2 + theirs).astype(np.int64)
    weight = scaled(weight)
    weights = np.bincount(cells, weights=weight, minlength=8)
    total = weights.sum()
    size = effective(float(total), float(np.square(weight).sum()), len(weight))
    return np.asarray(weights * (size / total if total else 1.0), dtype=np.float64).reshape(2, 2, 2)


def _statistic(name: str, drawn: Floats, side: int) -> Floats:
    """A measure of decisions for each draw, of the judged version (0) or of the other (1)."""
    cells = drawn.sum(axis=3 - side)
    tn, fp, fn, tp = cells[:, 0, 0], cells[:, 0, 1], cells[:, 1, 0], cells[:, 1, 1]
    four = {"tp": tp, "fp": fp, "fn": fn, "tn": tn}
    with np.errstate(divide="ignore", invalid="ignore"):
        if name in RATES:
            part, whole, _ = RATES[name]
            return np.asarray(sum(four[c] for c in part) / sum(four[c] for c in whole), dtype=np.float64)
        if name == "f1":
            return np.asarray(2 * tp / (2 * tp + fp + fn), dtype=np.float64)
        if name == "balanced_accuracy":
            return np.asarray((tp / (tp + fn) + tn / (tn + fp)) / 2, dtype=np.float64)
        return confusion.correlation(np.stack([tp, fp, fn, tn], axis=1))


def _view(label: Floats, side: Side, decided: Mask, scored: Mask, weight: Floats) -> View:
    """The cases as a view, so that they are measured as all rows are."""
    codes = np.where(np.isnan(label), UNKNOWN, label).astype(np.int64)
    predicted = np.where(decided, side[PREDICTED], UNKNOWN)
    scores = np.where(scored, side[SCORE], np.nan)
    axis, places = distinct(keys_of(scores[~np.isnan(scores)]))
    rows = said(
        label=codes,
        predicted=np.where(np.isnan(predicted), UNKNOWN, predicted).astype(np.int64),
        weight=weight,
        scores=scores,
        encoded=Encoded(axis, places, EXACT),
    )
    return view(rows, None)


def _confusion(seen: View) -> confusion.Confusion:
    return confusion.confusions(seen.confusion).get(0, confusion.NOTHING)


def _regression(label: Floats, prediction: Floats, weight: Floats) -> dict[str, Figure]:
    found = regression.by_group(deviations(Predicted(label, prediction, weight), None))
    return {f.name: f for f in found.get(0, regression.undefined_figures())}


def _there(*columns: Floats) -> Mask:
    return np.asarray(~np.isnan(np.stack(columns)).any(axis=0), dtype=np.bool_)
