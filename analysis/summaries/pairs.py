"""Rows of two versions side by side, for comparisons on the same cases: all of them while they fit, else a fair sample.

A case is a row in which both versions speak, or an id that both have a row of. Kept are the cases with the smallest
hashes, so that samples merge in any order to the same one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from analysis.errors import DataError
from analysis.near_names import quoted
from analysis.plan import Judged, Plan
from analysis.summaries.distinct import Ints
from analysis.summaries.ids import Hashes, hashed, spread
from analysis.summaries.keys import EXACT, Floats
from analysis.summaries.said import Columns, binary_rows, multiclass_rows, regression_rows
from analysis.summaries.scores import POSITIVE, UNKNOWN

MOST_CASES = 2**20
LABEL, SCORE, PREDICTED, WEIGHT, RIGHT, LOSS, SQUARE = (
    *("label", "score", "predicted", "weight"),
    *("right", "loss", "square"),
)


@dataclass(frozen=True, slots=True)
class Cases:
    """``values`` are columns of numbers, NaN where missing, in the order of the sorted ``hashes``."""

    hashes: Hashes
    values: Mapping[str, Floats]
    complete: bool = True

    def __len__(self) -> int:
        return len(self.hashes)

    @classmethod
    def together(cls, parts: Sequence[Cases]) -> Cases:
        hashes = np.concatenate([part.hashes for part in parts])
        values = {name: np.concatenate([part.values[name] for part in parts]) for name in parts[0].values}
        return _smallest(hashes, values, all(part.complete for part in parts))

    def at(self, rows: Ints) -> dict[str, Floats]:
        return {name: column[rows] for name, column in self.values.items()}


@dataclass(frozen=True, slots=True)
class Sides:
    """The cases of the judged version and of the other one."""

    judged: Cases
    against: Cases

    @classmethod
    def together(cls, parts: Sequence[Sides]) -> Sides:
        return cls(Cases.together([part.judged for part in parts]), Cases.together([part.against for part in parts]))

    @property
    def complete(self) -> bool:
        return self.judged.complete and self.against.complete


def sides(plan: Plan, columns: tuple[Columns, Columns], positions: tuple[Ints, Ints]) -> Sides | None:
    """What both versions say in a batch: their own rows' columns and places in the log; None for one version."""
    if plan.against is None:
        return None
    found = [
        _cases(plan, version, own, where)
        for version, own, where in zip((plan.judged, plan.against), columns, positions, strict=True)
    ]
    return Sides(found[0], found[1])


def paired(both: Sides, plan: Plan) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """The columns of either side for the cases that both have. Raises DataError where an id occurs twice on a side."""
    for cases, version in ((both.judged, plan.judged), (both.against, plan.against)):
        again = len(cases) - len(np.unique(cases.hashes))
        if again and version is not None:
            raise DataError(
                f"to pair the versions each id may occur once for each of them, but the ids of {again:,} "
                f"{'row' if again == 1 else 'rows'} of version {quoted(version.version)} repeat one in the column "
                f"{quoted(plan.id or '')}; take the repeated rows out of the log, or choose a shorter window"
            )
    _, first, second = np.intersect1d(both.judged.hashes, both.against.hashes, assume_unique=True, return_indices=True)
    return both.judged.at(first), both.against.at(second)


def _cases(plan: Plan, version: Judged, columns: Columns, positions: Ints) -> Cases:
    values = _values(plan, version, columns)
    if plan.same_rows:
        return _smallest(spread(positions.astype(np.uint64)), values, True)
    ids = columns[plan.id or ""]
    if ids.null_count:
        there = np.asarray(ids.is_valid())
        values = {name: column[there] for name, column in values.items()}
        ids = ids.drop_null()
    return _smallest(hashed(ids), values, True)


def _values(plan: Plan, version: Judged, columns: Columns) -> dict[str, Floats]:
    if plan.task == "regression":
        predicted = regression_rows(plan, version, columns)
        return _with_weight({LABEL: predicted.label, SCORE: predicted.prediction}, predicted.weight)
    if plan.task == "multiclass":
        return _of_classes(plan, version, columns)
    rows = binary_rows(plan, version, columns, level=EXACT)
    values = {LABEL: _code(rows.label), PREDICTED: _code(rows.predicted), SCORE: np.full(len(rows.label), np.nan)}
    if rows.scored is not None and rows.numbers is not None:
        values[SCORE][rows.scored] = rows.numbers
    return _with_weight(values, rows.weight)


def _of_classes(plan: Plan, version: Judged, columns: Columns) -> dict[str, Floats]:
    rows = multiclass_rows(plan, version, columns, levels=())
    known = [a is not None and b is not None for a, b in rows.pairs.parts]
    right = np.array(
        [float(a == b) if there else np.nan for there, (a, b) in zip(known, rows.pairs.parts, strict=True)]
    )
    size = len(rows.pair)
    values = {RIGHT: right[rows.pair], LOSS: np.full(size, np.nan), SQUARE: np.full(size, np.nan)}
    loss, _, square, _, outside, weight, _ = rows.sums
    usable = (outside == 0) & (weight > 0)
    values[LOSS][rows.scored[usable]] = (loss[usable]) / weight[usable]
    values[SQUARE][rows.scored[usable]] = (square[usable]) / weight[usable]
    return _with_weight(values, rows.weight)


def _with_weight(values: dict[str, Floats], weight: Floats | None) -> dict[str, Floats]:
    size = len(next(iter(values.values())))
    return {**values, WEIGHT: np.ones(size) if weight is None else weight}


def _code(codes: Ints) -> Floats:
    return np.where(codes == UNKNOWN, np.nan, (codes == POSITIVE).astype(np.float64))


def _smallest(hashes: Hashes, values: Mapping[str, Floats], complete: bool) -> Cases:
    order = np.argsort(hashes, kind="stable")
    if len(order) > MOST_CASES:
        order, complete = order[:MOST_CASES], False
    return Cases(hashes[order], {name: column[order] for name, column in values.items()}, complete)
