"""Logs of any size for benchmarks, made in a moment with numpy."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv

CARD = """\
model: wide
task: binary
log:
  source: wide.csv
  columns: {id: id, timestamp: at, label: label, score: score}
slices: [group]
periods: week
reference: {window: rows 0..30000}
"""


def write_wide_model(folder: Path, *, rows: int = 100_000, columns: int = 30, seed: int = 3) -> Path:
    """A model card and a CSV log of so many rows and columns, four of which are id, time, label and score."""
    folder.mkdir(parents=True, exist_ok=True)
    chance = np.random.default_rng(seed)
    label = chance.random(rows) < 0.3
    start = np.datetime64(datetime(2026, 8, 1, tzinfo=UTC).replace(tzinfo=None), "s")
    table: dict[str, object] = {
        "id": np.arange(rows),
        "at": start + np.linspace(0, 80 * 86_400, rows).astype("timedelta64[s]"),
        "label": label.astype(int),
        "score": np.clip(chance.normal(np.where(label, 0.6, 0.4), 0.2), 0.001, 0.999).round(4),
        "group": chance.choice(["north", "south", "west", "east"], rows),
    }
    for number in range(columns - len(table)):
        if number % 5 == 0:
            table[f"category_{number}"] = chance.choice([f"c{i}" for i in range(12)], rows)
        else:
            table[f"number_{number}"] = chance.lognormal(1, 0.6, rows).round(3)
    pyarrow.csv.write_csv(pa.table(table), folder / "wide.csv")
    path = folder / "wide.yaml"
    path.write_text(CARD, encoding="utf-8")
    return path
