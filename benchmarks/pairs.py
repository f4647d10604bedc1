"""The evaluation of a broad log against bare reading of it: the promise of issue and README, as ratios of one run."""

from __future__ import annotations

import gc
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import pyarrow.parquet as pq

from analysis.card import CheckSetting, ModelCard
from analysis.card_reading import read_card
from analysis.evaluate import evaluate
from benchmarks.logs import write_pair

NOW = datetime(2026, 11, 1, tzinfo=UTC)
PAIRS = 7
FOLDER = Path("build/bench")


def counting(card: ModelCard) -> ModelCard:
    """Performance with intervals, quality, drift of all features, fairness and calibration: all that counts tell."""
    off = tuple(CheckSetting(check=name, on=False) for name in ("hotspot", "leakage", "conflicting_labels"))
    return replace(card, checks=off)


def seconds(work: Callable[[], object]) -> float:
    gc.collect()
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def read_bare(folder: Path) -> None:
    for name in ("window", "reference"):
        pq.read_table(folder / f"{name}.parquet")


def against_reading(rows: int, *, row_group: int) -> None:
    folder = FOLDER / f"{rows}-{row_group}"
    card = read_card(write_pair(folder, rows=rows, row_group=row_group))
    plain = counting(card)
    evaluate(plain, now=NOW)  # imports, and the files into the page cache
    read_bare(folder)
    pairs = [(seconds(lambda: evaluate(plain, now=NOW)), seconds(lambda: read_bare(folder))) for _ in range(PAIRS)]
    ratios = sorted(ours / bare for ours, bare in pairs)
    print(
        f"evaluate {rows:,} rows × 53 columns twice, row groups of {row_group:,}: "
        f"median {median(o for o, _ in pairs):.2f} s, read_table of both {median(b for _, b in pairs):.2f} s, "
        f"ratio {median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f}; promise: 2)"
    )
    more = [seconds(lambda: evaluate(card, now=NOW)) for _ in range(3)]
    print(f"  with hotspots, leakage, conflicts and what moved the score: {median(more):.2f} s (promise: 1 s more)")


def memory(rows: int, *, row_group: int) -> None:
    """The most memory that a process of its own takes for one evaluation, hotspots included."""
    folder = FOLDER / f"{rows}-{row_group}"
    write_pair(folder, rows=rows, row_group=row_group)
    said = subprocess.run(
        [sys.executable, "-m", "benchmarks.pairs", str(folder)], capture_output=True, text=True, check=True
    ).stdout.split()
    print(f"peak memory at {rows:,} rows, row groups of {row_group:,}: {said[0]} MB in {said[1]} s (promise: 700 MB)")


def one(folder: Path) -> None:
    card = read_card(folder / "broad.yaml")
    took = seconds(lambda: evaluate(card, now=NOW))
    print(f"{peak_megabytes():.0f} {took:.2f}")


def peak_megabytes() -> float:
    """Of this process since it was started. What `getrusage` says counts the parent that it was forked from."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text(encoding="utf-8").splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def main(sizes: Sequence[int] = (1_000_000,)) -> None:
    for rows in sizes:
        against_reading(rows, row_group=2**20)
        against_reading(rows, row_group=2**17)
        memory(rows, row_group=2**20)


def large() -> None:
    memory(10_000_000, row_group=2**20)


if __name__ == "__main__":
    one(Path(sys.argv[1]))
