"""A result, its measures and subjects as rows and JSON, and back again without a difference."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Row, type_coerce

from analysis.values import CheckResult, Measure, Result, Rows, Slice, Subject
from storage.anchors import restored_slice, stored_slice
from storage.columns import Words
from storage.database import Json
from storage.tables import measures

_m = measures.c
MEASURE_COLUMNS = (
    _m.measure,
    _m.value,
    _m.n,
    _m.version,
    _m.feature,
    _m.class_name,
    type_coerce(_m.slice, Words).label("slice"),  # the same few slices stand in many rows: each is read once
    _m.period,
    _m.basis,
    _m.low,
    _m.high,
    _m.reason,
    _m.note,
)


def measure_row(evaluation: int, position: int, measure: Measure) -> dict[str, Any]:
    return {
        "evaluation_id": evaluation,
        "position": position,
        "measure": measure.measure,
        "version": measure.version,
        "feature": measure.feature,
        "class_name": measure.class_,
        "slice": stored_slice(measure.slice),
        "period": measure.period,
        "basis": measure.basis,
        "value": _number(measure.value, measure),
        "low": _number(measure.low, measure),
        "high": _number(measure.high, measure),
        "n": int(measure.n),
        "reason": measure.reason,
        "note": measure.note,
    }


def measure(row: Row[Any]) -> Measure:
    """The row's first columns are MEASURE_COLUMNS. By position: a result may have tens of thousands of them."""
    told: tuple[Any, ...] = tuple(row)
    name, value, n, version, feature, class_, condition, period, basis, low, high, reason, note = told[:13]
    return Measure(
        measure=name,
        value=value,
        n=n,
        version=version,
        feature=feature,
        class_=class_,
        slice=None if condition is None else _slice(condition),
        period=period,
        basis=basis,
        low=low,
        high=high,
        reason=reason,
        note=note,
    )


def same_slice(condition: Slice | None) -> ColumnElement[bool]:
    return _m.slice.is_(None) if condition is None else _m.slice == stored_slice(condition)


def stored(result: Result) -> dict[str, Json]:
    """All of the result but its measures."""
    return {
        "model": result.model,
        "version": result.version,
        "against": result.against,
        "window": _stored_rows(result.window),
        "reference": _stored_rows(result.reference),
        "checks": [
            {
                "check": check.check,
                "subject": stored_subject(check.subject),
                "verdict": check.verdict,
                "says": check.says,
                "measures": [int(position) for position in check.measures],
                "asked": check.asked,
            }
            for check in result.checks
        ],
        "negative_zeros": _negative_zeros(result.measures),
    }


def restored(told: dict[str, Any], measured: tuple[Measure, ...]) -> Result:
    return Result(
        model=told["model"],
        version=told["version"],
        against=told["against"],
        window=judged(told),
        reference=_restored_rows(told["reference"]),
        measures=_with_negative_zeros(measured, told["negative_zeros"]),
        checks=tuple(
            CheckResult(
                check=check["check"],
                subject=restored_subject(check["subject"]),
                verdict=check["verdict"],
                says=check["says"],
                measures=tuple(check["measures"]),
                asked=check.get("asked", False),
            )
            for check in told["checks"]
        ),
    )


def judged(told: dict[str, Any]) -> Rows:
    """The rows that the stored result judged."""
    window = _restored_rows(told["window"])
    if window is None:
        raise ValueError("a stored result has no window")
    return window


def stored_subject(subject: Subject) -> dict[str, Json]:
    """Those parts of the subject that say something, always in the same order."""
    said: dict[str, Json] = {
        "measure": subject.measure,
        "version": subject.version,
        "feature": subject.feature,
        "class_": subject.class_,
        "slice": stored_slice(subject.slice),
        "period": subject.period,
    }
    return {name: value for name, value in said.items() if value is not None}


def restored_subject(said: dict[str, Any]) -> Subject:
    return Subject(**{**said, "slice": restored_slice(said.get("slice"))})


@lru_cache(maxsize=4096)
def _slice(written: str) -> Slice | None:
    return restored_slice(json.loads(written))


def _number(value: float | None, measure: Measure) -> float | None:
    if value is None:
        return None
    if math.isnan(value):
        raise ValueError(f"{measure.measure} is NaN; an undefined number is None with a reason")
    return float(value)


def _negative_zeros(measured: tuple[Measure, ...]) -> list[Json]:
    """SQLite keeps -0.0 as 0.0, which would give the result another fingerprint."""
    return [
        [position, name]
        for position, one in enumerate(measured)
        for name, value in (("value", one.value), ("low", one.low), ("high", one.high))
        if value == 0 and math.copysign(1, value) < 0
    ]


def _with_negative_zeros(measured: tuple[Measure, ...], places: list[tuple[int, str]]) -> tuple[Measure, ...]:
    if not places:
        return measured
    changed = list(measured)
    for position, name in places:
        changed[position] = replace(changed[position], **{name: -0.0})  # type: ignore[arg-type]  # one of three floats
    return tuple(changed)


def _stored_rows(rows: Rows | None) -> Json:
    return None if rows is None else [rows.start, rows.end, int(rows.rows)]


def _restored_rows(told: Any) -> Rows | None:
    return None if told is None else Rows(start=told[0], end=told[1], rows=told[2])
