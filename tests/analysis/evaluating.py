"""Evaluates rows that a test has made: writes them to a file, describes them in a model card, runs the real thing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from analysis.card_reading import parse_card
from analysis.evaluate import evaluate
from analysis.values import Basis, Measure, Result, Slice

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)


def evaluated(folder: Path, rows: Mapping[str, Any], card: str, **asked: Any) -> Result:
    """``rows`` are columns; ``card`` is the model card without `log.source`."""
    path = write(folder / "log.parquet", rows)
    described = parse_card(card.replace("SOURCE", path.name), root=folder, name="card.yaml")
    return evaluate(described, **{"now": NOW, **asked})


def write(path: Path, rows: Mapping[str, Any]) -> Path:
    pq.write_table(pa.table({name: pa.array(values) for name, values in rows.items()}), path)
    return path


def card(*, log: str, more: Sequence[str] = (), task: str = "binary") -> str:
    """A model card; ``log`` is what stands under log.columns, ``more`` are further lines."""
    lines = ["model: churn", f"task: {task}", f"log: {{source: SOURCE, columns: {{{log}}}}}", "defaults: off", *more]
    return "\n".join(lines)


def the(
    result: Result,
    name: str,
    *,
    basis: Basis = "realized",
    feature: str | None = None,
    class_: str | None = None,
    where: Slice | None = None,
    period: str | None = None,
    version: str | None = None,
) -> Measure:
    """The one measure of this name about these rows."""
    found = [
        m
        for m in result.measures
        if (m.measure, m.basis, m.feature, m.class_, m.slice, m.period) == (name, basis, feature, class_, where, period)
        and m.version == (version or result.version)
    ]
    assert len(found) == 1, f"{len(found)} measures {name} for {basis} {feature} {class_} {where} {period}"
    return found[0]


def value(result: Result, name: str, **about: Any) -> float:
    found = the(result, name, **about).value
    assert found is not None, the(result, name, **about).reason
    return found
