"""A log of thirty days of which one is new; one and two Dask workers; the command on few rows."""

from __future__ import annotations

import shutil
import subprocess
import sys
import warnings
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from analysis.card import ModelCard
from analysis.card_reading import parse_card
from analysis.dask_machine import Dask
from analysis.evaluate import evaluate
from benchmarks.logs import broad, write_pair
from benchmarks.pairs import FOLDER, NOW, counting, seconds
from storage.summaries import SummaryFiles

DAYS, ROWS_A_DAY = 30, 333_334
"""Ten million rows in all."""
LOG = FOLDER / f"daily-{ROWS_A_DAY}"
CARD = """\
model: daily
task: binary
log: {source: "days/*.parquet", columns: {label: label, score: score, timestamp: at}}
periods: day
protected: [group]
"""


def daily() -> ModelCard:
    """A log of thirty files, a day each."""
    days = LOG / "days"
    days.mkdir(parents=True, exist_ok=True)
    for day in range(1, DAYS + 1):
        path = days / f"{day:02}.parquet"
        if not path.exists():
            at = np.datetime64("2026-09-01", "us") + np.timedelta64(day - 1, "D")
            times = at + np.random.default_rng(day).integers(0, 86_400_000_000, ROWS_A_DAY)
            table = broad(ROWS_A_DAY, np.random.default_rng(day), 0.0)
            pq.write_table(table.append_column("at", pa.array(times, pa.timestamp("us"))), path.with_suffix(".part"))
            path.with_suffix(".part").rename(path)
    return counting(parse_card(CARD, root=LOG, name="daily.yaml"))


def one_new_day() -> None:
    card, days = daily(), LOG / "days"
    evaluate(card, now=NOW)
    pairs = []
    for _ in range(5):
        shutil.rmtree(LOG / "kept", ignore_errors=True)
        kept = SummaryFiles(LOG / "kept")
        newest = days / f"{DAYS:02}.parquet"
        newest.rename(newest.with_suffix(".away"))
        evaluate(card, now=NOW, kept=kept)
        newest.with_suffix(".away").rename(newest)
        warm = seconds(lambda kept=kept: evaluate(card, now=NOW, kept=kept))  # type: ignore[misc]  # mypy infers no lambda with a default
        pairs.append((warm, seconds(lambda: evaluate(card, now=NOW))))
    ratios = sorted(warm / cold for warm, cold in pairs)
    cold, warm = (median(of) for of in zip(*((c, w) for w, c in pairs), strict=True))
    print(
        f"{DAYS} days of {ROWS_A_DAY:,} rows × 54 columns: {cold:.2f} s; with {DAYS - 1} of them kept {warm:.2f} s, "
        f"ratio {median(ratios):.3f} ({ratios[0]:.3f} to {ratios[-1]:.3f}; promise: 0.1)"
    )


def two_workers() -> None:
    from distributed import LocalCluster

    card = daily()
    with warnings.catch_warnings(), ExitStack() as clusters:
        warnings.simplefilter("ignore")  # distributed's own
        machines = []
        for workers in (1, 2):
            cluster: Any = LocalCluster(  # type: ignore[no-untyped-call]  # distributed is typed in parts
                n_workers=workers, threads_per_worker=1, dashboard_address=None, host="127.0.0.1"
            )
            machines.append(Dask(clusters.enter_context(cluster).scheduler_address))
        for machine in machines:
            evaluate(card, now=NOW, machine=machine)
        pairs = [[seconds(lambda m=m: evaluate(card, now=NOW, machine=m)) for m in machines] for _ in range(3)]  # type: ignore[misc]  # mypy infers no lambda with a default
    ratios = sorted(one / two for one, two in pairs)
    one, two = (median(of) for of in zip(*pairs, strict=True))
    print(
        f"Dask on this machine's cores, {DAYS * ROWS_A_DAY:,} rows: one worker {one:.2f} s, two {two:.2f} s, "
        f"{median(ratios):.2f} times as fast ({ratios[0]:.2f} to {ratios[-1]:.2f}; promise: 1.6)"
    )


def few_rows() -> None:
    folder = FOLDER / "few"
    card = write_pair(folder, rows=1_000)
    command = [str(Path(sys.executable).with_name("parley")), "evaluate", str(card)]
    runs = [seconds(lambda: subprocess.run(command, capture_output=True, check=False)) for _ in range(5)]
    print(f"the command on 1,000 rows: median {median(runs):.2f} s (promise: 1.5)")


def main() -> None:
    one_new_day()
    two_workers()
    few_rows()
