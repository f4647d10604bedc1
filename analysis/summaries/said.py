"""What the rows of a batch say, in the codes and numbers that are counted: labels, predictions, scores, weights."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from analysis.errors import DataError
from analysis.near_names import quoted
from analysis.plan import Judged, Plan
from analysis.summaries.columns import as_text, encoded_numbers, number_as_text, numbers, texts
from analysis.summaries.distinct import Ints
from analysis.summaries.keys import Floats
from analysis.summaries.scores import NEGATIVE, POSITIVE, SCORES, UNKNOWN, Said, said
from analysis.summaries.table import Encoded

Columns = Mapping[str, pa.Array]

POSITIVE_BY_DEFAULT = frozenset({"1", "true"})


def positives(positive: str | None) -> frozenset[str]:
    """The texts that count as the positive label: 1 and true by default; `1.0` and `1` are the same label."""
    if positive is None:
        return POSITIVE_BY_DEFAULT
    return frozenset({written(positive)})


def written(label: str) -> str:
    """A label in the form in which labels are compared: numbers without a needless fraction."""
    try:
        number = float(label)
    except ValueError:
        return label.lower() if label.lower() in ("true", "false") else label
    return number_as_text(number) if np.isfinite(number) else label


def binary_rows(plan: Plan, version: Judged, columns: Columns, *, level: int) -> Said:
    """The rows for a binary model; a row's prediction is its own, else whether its score reaches the threshold."""
    size = _size(columns)
    wanted = positives(plan.positive)
    label = _one_of(columns[plan.label], wanted) if plan.label is not None else np.full(size, UNKNOWN)
    scores = _scores(version.scores[0][1], columns) if version.scores else None
    if version.prediction is not None:
        predicted = _one_of(columns[version.prediction], wanted)
    elif scores is not None:
        predicted = np.where(np.isnan(scores), UNKNOWN, np.where(scores >= plan.threshold, POSITIVE, NEGATIVE))
    else:
        predicted = np.full(size, UNKNOWN)
    return said(
        label=label,
        predicted=predicted,
        weight=weights(plan, columns),
        scores=scores,
        encoded=None if scores is None else encoded_scores(scores, level),
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


def _scores(column: str, columns: Columns) -> Floats:
    array = columns[column]
    found = numbers(array)
    if not pa.types.is_floating(array.type) and np.isnan(found).sum() > array.null_count:
        place = int(np.flatnonzero(np.isnan(found) & np.asarray(array.is_valid()))[0])
        raise DataError(
            f"the score column {quoted(column)} holds {quoted(str(array[place].as_py())[:40])}, which is no number; "
            "put it right, or name another column as log.columns.score"
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
