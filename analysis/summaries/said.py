"""What the rows of a batch say, in the codes and numbers that are counted: labels, predictions, scores, weights."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analysis.errors import DataError
from analysis.near_names import quoted
from analysis.plan import Judged, Plan
from analysis.summaries.classes import Chosen, losses_of, pairs_of
from analysis.summaries.columns import Mask, encoded_numbers, kind_of, numbers, texts
from analysis.summaries.deviations import Predicted
from analysis.summaries.distinct import Ints
from analysis.summaries.keys import EXACT, Floats
from analysis.summaries.scores import NEGATIVE, POSITIVE, SCORES, UNKNOWN, Said, said
from analysis.summaries.table import Encoded

Columns = Mapping[str, pa.Array]

_WHOLE_WITH_FRACTION = re.compile(r"(-?(?:0|[1-9][0-9]*))\.0*", re.ASCII)
_SWITCHES = {"true": "1", "false": "0"}
POSITIVE_BY_DEFAULT = "1"
DECIMAL_COMMA = r"^\s*[-+]?\d*,\d+\s*$"


def written(label: str) -> str:
    """A label without a needless fraction: `1.0` is `1`, but `1E2` is not `100`, `01` not `1` and `1.10` not `1.1`."""
    whole = _WHOLE_WITH_FRACTION.fullmatch(label)
    if whole is not None:
        return whole[1]
    return label.lower() if label.lower() in _SWITCHES else label


def binary_value(label: str) -> str:
    """A label of a binary model as it is compared: `1`, `1.0` and `true` are one value, as are `0`, `0.0` and
    `false`."""
    as_written = written(label)
    return _SWITCHES.get(as_written, as_written)


def class_of(label: str, names: Sequence[str]) -> str:
    """The class that a label or a prediction means: the one of its name, else the only one that differs by no more
    than a needless fraction. What is none of ``names`` stays as it is."""
    if label in names:
        return label
    like = [name for name in names if binary_value(name) == binary_value(label)]
    return like[0] if len(like) == 1 else label


@dataclass(frozen=True, slots=True)
class Values:
    """The different labels and predictions of some rows, as they are written; sorted."""

    labels: tuple[str, ...] = ()
    predictions: tuple[str, ...] = ()

    @classmethod
    def together(cls, parts: Sequence[Values]) -> Values:
        return cls(
            tuple(sorted({label for part in parts for label in part.labels})),
            tuple(sorted({prediction for part in parts for prediction in part.predictions})),
        )


def values_of(plan: Plan, version: Judged, columns: Columns) -> Values:
    """The labels and predictions of rows for a model of classes; none for a regression."""
    if plan.task not in ("binary", "multiclass"):
        return Values()
    return Values(_different(plan.label, columns), _different(version.prediction, columns))


def _different(column: str | None, columns: Columns) -> tuple[str, ...]:
    if column is None:
        return ()
    values, codes = _texts_of_classes(column, columns)
    found = np.bincount(codes + 1, minlength=len(values) + 1)[1:]  # -1 is what is missing
    return tuple(sorted(values[code] for code in np.flatnonzero(found)))


def binary_rows(plan: Plan, version: Judged, columns: Columns, *, level: int) -> Said:
    """The rows for a binary model; a row's prediction is its own, else whether its score reaches the threshold."""
    size = _size(columns)
    wanted = binary_value(plan.positive or POSITIVE_BY_DEFAULT)
    label = _is_positive(plan.label, columns, wanted) if plan.label is not None else np.full(size, UNKNOWN)
    scores = _scores(version.scores[0][1], columns) if version.scores else None
    if version.prediction is not None:
        predicted = _is_positive(version.prediction, columns, wanted)
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
    size, names = _size(columns), [name or "" for name, _ in version.scores]
    label = _classes(plan.label, columns, names) if plan.label is not None else pa.nulls(size, pa.string())
    by_class = np.stack([_scores(c, columns) for _, c in version.scores]) if names else np.zeros((0, size))
    scores = by_class.T  # each column lies in one run
    complete = ~np.isnan(scores).any(axis=1) if names else np.zeros(size, dtype=bool)
    if version.prediction is not None:
        predicted = _classes(version.prediction, columns, names)
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
        raise DataError(
            f"the weight column {quoted(plan.weight)} holds a negative, infinite or missing value; "
            "weights must be numbers of at least 0"
        )
    return found


def _one_against_rest(scores: Floats, label: Ints, weight: Floats | None, level: int) -> Said:
    nothing = np.full(len(label), UNKNOWN)
    encoded = encoded_scores(scores, level)
    return said(label=label, predicted=nothing, weight=weight, scores=scores, encoded=encoded)


def _classes(column: str, columns: Columns, names: Sequence[str]) -> pa.Array:
    """The values of a column as the classes that they mean."""
    values, codes = _texts_of_classes(column, columns)
    if not values:
        return pa.nulls(len(codes), pa.string())
    meant = pa.array([class_of(value, names) for value in values], pa.string())
    return meant.take(pa.array(np.maximum(codes, 0), mask=codes < 0))


def _scores(column: str, columns: Columns, *, role: str = "score") -> Floats:
    array = columns[column]
    found = numbers(array)
    if not pa.types.is_floating(array.type) and np.isnan(found).sum() > array.null_count:
        if _has_decimal_comma(array):
            raise DataError(
                f"the {role} column {quoted(column)} holds numbers with a decimal comma; say so in the model card: "
                "log.format.decimal: ','"
            )
        raise DataError(
            f"the {role} column {quoted(column)} holds a value that is no number; put it right, declare it under "
            f"log.format.missing, or name another column as log.columns.{role}"
        )
    return found


def _has_decimal_comma(array: pa.Array) -> bool:
    values = array.dictionary if pa.types.is_dictionary(array.type) else array
    is_text = pa.types.is_string(values.type) or pa.types.is_large_string(values.type)
    return is_text and bool(pc.any(pc.match_substring_regex(values, DECIMAL_COMMA)).as_py())


def _is_positive(column: str, columns: Columns, wanted: str) -> Ints:
    """For each row whether its value is the positive one, or is missing."""
    values, codes = _texts_of_classes(column, columns)
    of_value = [POSITIVE if binary_value(value) == wanted else NEGATIVE for value in values]
    return np.array([*of_value, UNKNOWN], dtype=np.int64)[codes]


def _texts_of_classes(column: str, columns: Columns) -> tuple[tuple[str, ...], Ints]:
    """The values of a column of labels or predictions, and which of them each row has; -1 is missing."""
    array = columns[column]
    if kind_of(array.type) in ("time", "other"):
        what = "times" if kind_of(array.type) == "time" else "lists or mappings"
        raise DataError(f"the column {quoted(column)} holds {what}, and a label or a prediction is a class")
    read = texts(array)
    if read.values is None:
        raise DataError(f"the column {quoted(column)} holds thousands of different values; it is no class")
    return read.values, read.codes


def _size(columns: Columns) -> int:
    return len(next(iter(columns.values())))
