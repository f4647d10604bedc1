"""The result as JSON, in the order of its contract, with the fingerprint that a signature is bound to."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from analysis.values import CheckResult, Measure, Result, Rows, Slice, Subject

SCHEMA = 1
WORDING = frozenset({"title", "says", "next"})
"""Keys of a check that only word what the numbers say: better wording must not void a signature."""


def to_json(result: Result) -> dict[str, Any]:
    """The result as JSON values. Every number of a measure is a float, also a count; ``n`` and ``rows`` are whole."""
    body = _body(result)
    return {**body, "fingerprint": _fingerprint(body)}


def fingerprint(result: Result) -> str:
    """`sha256:` and the SHA-256 of the result without its fingerprint and its checks' wording, as JSON with sorted
    keys, no spaces, UTF-8."""
    return _fingerprint(_body(result))


def measure_to_json(m: Measure) -> dict[str, Any]:
    return {
        "measure": m.measure,
        "version": m.version,
        "feature": m.feature,
        "class": m.class_,
        "slice": _slice(m.slice),
        "period": m.period,
        "basis": m.basis,
        "value": m.value,
        "low": m.low,
        "high": m.high,
        "n": m.n,
        "reason": m.reason,
        "note": m.note,
    }


def check_to_json(c: CheckResult) -> dict[str, Any]:
    return {
        "check": c.check,
        "subject": subject_to_json(c.subject),
        "verdict": c.verdict,
        "says": c.says,
        "measures": list(c.measures),
    }


def subject_to_json(s: Subject) -> dict[str, Any]:
    """Only those parts that say something."""
    parts = {
        "measure": s.measure,
        "version": s.version,
        "feature": s.feature,
        "class": s.class_,
        "slice": _slice(s.slice),
        "period": s.period,
    }
    return {name: part for name, part in parts.items() if part is not None}


def _body(result: Result) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "model": result.model,
        "version": result.version,
        "against": result.against,
        "window": _rows_to_json(result.window),
        "reference": None if result.reference is None else _rows_to_json(result.reference),
        "verdict": result.verdict,
        "measures": [measure_to_json(m) for m in result.measures],
        "checks": [check_to_json(c) for c in result.checks],
    }


def _fingerprint(body: Mapping[str, Any]) -> str:
    checks = [{key: part for key, part in check.items() if key not in WORDING} for check in body["checks"]]
    text = json.dumps(
        {**body, "checks": checks}, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return "sha256:" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _slice(where: Slice | None) -> dict[str, str] | None:
    return None if where is None else dict(where)


def _rows_to_json(rows: Rows) -> dict[str, Any]:
    return {"from": rows.start, "to": rows.end, "rows": rows.rows}
