"""Small models for tests: a log that anyone can read, and its model card."""

from __future__ import annotations

import csv
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

SMALL = """\
model: small
task: binary
description: Will the order come back
log:
  source: small.csv
  columns: {id: id, timestamp: at, label: returned, score: score}
slices: [region]
periods: week
checks:
  roc_auc: {fail: {below: 0.99}}
"""


def write_small_model(folder: Path, *, rows: int = 600, seed: int = 1, name: str = "small", card: str = SMALL) -> Path:
    """A model card and its log: scores that say something, one region where they say nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    chance = random.Random(seed)  # noqa: S311  # a simulation, not a secret
    start = datetime(2026, 9, 1, tzinfo=UTC)
    with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "at", "region", "price", "score", "returned"])
        for number in range(rows):
            region = chance.choice(["north", "south", "west"])
            returned = chance.random() < 0.3
            score = (
                chance.random()
                if region == "south"
                else min(0.999, max(0.001, chance.gauss(0.65 if returned else 0.35, 0.2)))
            )
            at = start + timedelta(minutes=number * 40_000 // rows)
            writer.writerow(
                [
                    number,
                    at.isoformat(),
                    region,
                    round(chance.lognormvariate(3, 0.5), 2),
                    round(score, 4),
                    int(returned),
                ]
            )
    path = folder / f"{name}.yaml"
    path.write_text(card.replace("small", name), encoding="utf-8")
    return path
