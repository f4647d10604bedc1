"""How long a person waits: the first card, the complete card, and the acknowledgement while evaluations are queued."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

from benchmarks.logs import write_wide_model
from tests.stage import Stage, staged, until

RUNS = 5
ACKNOWLEDGEMENTS = 300
QUEUED = 10


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        write_wide_model(home / "models")
        with staged(home) as stage:
            stage.type("evaluate wide rows 40000..41000")  # the first child makes the server import what it needs
            until(lambda: _complete(stage, 1))
            first, whole = zip(*(_one_card(stage, n + 2) for n in range(RUNS)), strict=True)
            print(f"first card after /parley evaluate on 100,000 × 30: median {_ms(first)} (promise: 1,000 ms)")
            print(f"complete card, with its picture: median {_ms(whole)} (promise: 4,000 ms)")
            _acknowledgements(stage)


def _one_card(stage: Stage, number: int) -> tuple[float, float]:
    stage.quiet()
    before = len(stage.cards())
    began = time.perf_counter()
    stage.type("evaluate wide")
    until(lambda: len(stage.cards()) > before)
    first = time.perf_counter() - began
    until(lambda: _complete(stage, number), seconds=60)
    return first, time.perf_counter() - began


def _acknowledgements(stage: Stage) -> None:
    stage.quiet()
    people = [stage.workspace.add_person(f"p{n}", real_name=f"P{n}") for n in range(QUEUED)]
    for number, person in enumerate(people):
        stage.workspace.invite(stage.channel, person, by=stage.mara)
        stage.type(f"evaluate wide rows {number}..100000", user=person)
    seconds = sorted(stage.type("models", user=stage.jonas).seconds for _ in range(ACKNOWLEDGEMENTS))
    waiting = stage.parley.health()["requests"]
    p99 = seconds[int(len(seconds) * 0.99) - 1]
    print(
        f"acknowledgement with {QUEUED} evaluations queued ({waiting} still waiting at the end): "
        f"median {statistics.median(seconds) * 1000:.1f} ms, p99 {p99 * 1000:.1f} ms (promise: 100 ms)"
    )
    stage.quiet()


def _complete(stage: Stage, number: int) -> bool:
    return len([c for c in stage.cards("wide") if any(b["type"] == "image" for b in c["blocks"])]) >= number


def _ms(seconds: tuple[float, ...]) -> str:
    return (
        f"{statistics.median(seconds) * 1000:,.0f} ms (from {min(seconds) * 1000:,.0f} to {max(seconds) * 1000:,.0f})"
    )
