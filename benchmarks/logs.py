"""Logs of any size for benchmarks, made in a moment with numpy."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

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


PAIR = """\
model: broad
task: binary
log:
  source: window.parquet
  columns: {label: label, score: score}
reference: {source: reference.parquet}
protected: [group]
"""


def write_pair(folder: Path, *, rows: int = 1_000_000, row_group: int = 2**20, seed: int = 5) -> Path:
    """A model card with a window and a reference in Parquet, each of 40 numbers, 10 categories, label, score, group."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, number, moved in (("window", 0, 0.05), ("reference", 1, 0.0)):
        path = folder / f"{name}.parquet"
        if not path.exists():
            part = path.with_suffix(".part")
            _write_broad(part, rows=rows, row_group=row_group, seed=seed + number, moved=moved)
            part.rename(path)
    path = folder / "broad.yaml"
    path.write_text(PAIR, encoding="utf-8")
    return path


def _write_broad(path: Path, *, rows: int, row_group: int, seed: int, moved: float) -> None:
    """In pieces of a million rows, so that any number of rows can be written."""
    chance = np.random.default_rng(seed)
    writer: pq.ParquetWriter | None = None
    for start in range(0, rows, 2**20):
        table = broad(min(2**20, rows - start), chance, moved)
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table, row_group_size=row_group)
    if writer is not None:
        writer.close()


def broad(rows: int, chance: np.random.Generator, moved: float) -> pa.Table:
    label = chance.random(rows) < 0.3
    score = 1 / (1 + np.exp(-chance.normal(np.where(label, 0.4, -1.2), 1.0)))
    found: dict[str, object] = {"label": label.astype(np.int64), "score": score}
    found["group"] = chance.choice(np.array(["a", "b", "c", "d"]), rows)
    for number in range(40):
        draw = chance.normal(moved, 1.0, rows) if number % 2 else chance.lognormal(moved, 0.7, rows)
        found[f"number_{number}"] = draw + label * (number % 5 == 0)
    names = np.array([f"value {i}" for i in range(20)])
    for number in range(10):
        found[f"category_{number}"] = names[chance.integers(0, len(names), rows)]
    return pa.table(found)
