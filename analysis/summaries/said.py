"""What the rows of a batch say, in the codes and numbers that are counted: labels, predictions, scores, weights."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analysis.errors import DataError
from analysis.near_names import quoted
from analysis.plan import Judged, Plan
from analysis.summaries.classes import Chosen, losses_of, pairs_of
from analysis.summaries.columns import NUMBER_AS_TEXT, Mask, as_text, encoded_numbers, numbers, texts
from analysis.summaries.deviations import Predicted
from analysis.summaries.distinct import Ints
from analysis.summaries.keys import EXACT, Floats
from analysis.summaries.scores import NEGATIVE, POSITIVE, SCORES, UNKNOWN, Said, said
from analysis.summaries.table import Encoded

Columns = Mapping[str, pa.Array]

NUMBER, WHOLE_AS_TEXT = re.compile(NUMBER_AS_TEXT, re.ASCII), re.compile(r"\s*[-+]?[0-9]{1,40}\s*", re.ASCII)
POSITIVE_BY_DEFAULT = frozenset({"1", "true"})


def positives(positive: str | None) -> frozenset[str]:
    """The texts that count as the positive label: 1 and true by default; `1.0` and `1` are the same label."""
    if positive is None:
        return POSITIVE_BY_DEFAULT
    return frozenset({written(positive)})


def written(label: str) -> str:
    """A label in the form in which labels are compared: numbers without a needless fraction. Whole numbers keep all
    their digits, of which a float has 53 bits; `1_2` is no number, though Python reads it as one."""
    if WHOLE_AS_TEXT.fullmatch(label):
        return str(int(label))
    if NUMBER.fullmatch(label):
        number = float(label)
        return str(int(number)) if number.is_integer() else repr(number) if np.isfinite(number) else label
    return label.lower() if label.lower() in ("true", "false") else label


def binary_rows(plan: Plan, version: Judged, columns: Columns, *, level: int) -> Said:
    """The rows for a binary model; a row's prediction is its own, else whether its score reaches the threshold."""
    size = _size(columns)
    wanted = positives(plan.positive)
    label = _one_of(columns[plan.label], wanted) if plan.label is not None else np.full(size, UNKNOWN)
    scores = _scores(version.scores[0][1], columns) if version.scores else None
    if version.prediction is not None:
        predicted = _one_of(columns[version.prediction], wanted)
    elif scores is not None:
        predicted = reaches(scores, plan.threshold).astype(np.int64)  # the codes of POSITIVE and NEGATIVE are 1 and 0
        predicted[np.isnan(scores)] = UNKNOWN
    else:
        predicted = np.full(size, UNKNOWN)
    return said(
        label=label,
        predicted=predicted,
        weight=weights(plan, columns),
        scores=scores,
        encoded=None if scores is None else encoded_scores(scores, level),
    )


def reaches(scores: Floats, threshold: float) -> Mask:
    """Which scores are at least the threshold, in the precision in which they were written, as numpy and pandas compare
    them: the 32-bit float nearest to 0.7 is 0.69999999, and a score of just that is the threshold itself."""
    found = scores >= threshold
    with np.errstate(over="ignore"):  # a threshold beyond what the smaller floats hold
        for precision in (np.float32, np.float16):
            nearest = float(precision(threshold))
            if nearest < threshold:
                found |= scores == nearest
    return np.asarray(found, dtype=np.bool_)


def multiclass_rows(plan: Plan, version: Judged, columns: Columns, *, levels: Sequence[int]) -> Chosen:
    """The rows for a model of several classes; a row's prediction is its own, else the class with the highest score
    (of equal ones the first in the model card)."""
    size, names = _size(columns), [written(name or "") for name, _ in version.scores]
    label = _texts(columns[plan.label]) if plan.label is not None else pa.nulls(size, pa.string())
    by_class = np.stack([_scores(c, columns) for _, c in version.scores]) if names else np.zeros((0, size))
    scores = by_class.T  # each column lies in one run
    complete = ~np.isnan(scores).any(axis=1) if names else np.zeros(size, dtype=bool)
    if version.prediction is not None:
        predicted = _texts(columns[version.prediction])
    elif names:
        best = np.where(complete, np.argmax(np.where(np.isnan(scores), -np.inf, scores), axis=1), 0)
        predicted = pa.array(names, pa.string()).take(pa.array(best, mask=~complete))
    else:
        predicted = pa.nulls(size, pa.string())
    truth = pc.index_in(label, pa.array(names, pa.string())).fill_null(-1).to_numpy(zero_copy_only=False)
    truth, known = truth.astype(np.int64), np.asarray(label.is_valid())
    weight = weights(plan, columns)
    scored = np.flatnonzero(complete & known)
    pairs, pair = pairs_of(label, predicted)
    return Chosen(
        tuple(
            _one_against_rest(scores[:, i], np.where(known, (truth == i) * POSITIVE, UNKNOWN), weight, level)
            for i, level in enumerate([*levels, *([EXACT] * (len(names) - len(levels)))])
        ),
        pairs,
        pair,
        weight,
        scored,
        losses_of(scores[scored], truth[scored], None if weight is None else weight[scored]),
    )


def regression_rows(plan: Plan, version: Judged, columns: Columns) -> Predicted:
    """The rows for a regression; the score is the prediction."""
    nothing = np.full(_size(columns), np.nan)
    return Predicted(
        label=_scores(plan.label, columns, role="label") if plan.label is not None else nothing,
        prediction=_scores(version.scores[0][1], columns) if version.scores else nothing,
        weight=weights(plan, columns),
    )


def encoded_scores(scores: Floats, level: int) -> Encoded:
    there = ~np.isnan(scores)
    return encoded_numbers(scores if there.all() else scores[there], limit=SCORES, level=level)


def weights(plan: Plan, columns: Columns) -> Floats | None:
    if plan.weight is None:
        return None
    found = numbers(columns[plan.weight])
    bad = ~(np.isfinite(found) & (found >= 0))
    if bad.any():
        value = columns[plan.weight][int(np.flatnonzero(bad)[0])].as_py()
        raise DataError(
            f"the weight column {quoted(plan.weight)} holds {as_text(value) or 'an empty value'}; "
            "weights must be numbers of at least 0"
        )
    return found


def _one_against_rest(scores: Floats, label: Ints, weight: Floats | None, level: int) -> Said:
    nothing = np.full(len(label), UNKNOWN)
    encoded = encoded_scores(scores, level)
    return said(label=label, predicted=nothing, weight=weight, scores=scores, encoded=encoded)


def _texts(array: pa.Array) -> pa.Array:
    """The values as texts, in the form in which labels are compared."""
    read = texts(array)
    if read.values is None:
        raise DataError("the label or prediction column holds thousands of different values; it is no class")
    values = pa.array([written(v) for v in read.values], pa.string())
    return (
        values.take(pa.array(np.maximum(read.codes, 0), mask=read.codes < 0))
        if len(values)
        else pa.nulls(len(array), pa.string())
    )


def _scores(column: str, columns: Columns, *, role: str = "score") -> Floats:
    array = columns[column]
    found = numbers(array)
    if not pa.types.is_floating(array.type) and np.isnan(found).sum() > array.null_count:
        place = int(np.flatnonzero(np.isnan(found) & np.asarray(array.is_valid()))[0])
        raise DataError(
            f"the {role} column {quoted(column)} holds {quoted(str(array[place].as_py())[:40])}, which is no number; "
            f"put it right, or name another column as log.columns.{role}"
        )
    return found


def _one_of(array: pa.Array, wanted: frozenset[str]) -> Ints:
    """For each row whether its value is one of these texts, or is missing."""
    read = texts(array)
    if read.values is None:
        raise DataError("the label or prediction column holds thousands of different values; it is no class")
    of_value = [POSITIVE if written(v) in wanted else NEGATIVE for v in read.values]
    return np.array([*of_value, UNKNOWN], dtype=np.int64)[read.codes]


def _size(columns: Columns) -> int:
    return len(next(iter(columns.values())))
