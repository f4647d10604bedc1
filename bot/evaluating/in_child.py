"""What runs in the child process: evaluate a model card and draw its headline. It never touches the database."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd  # noqa: F401  # imported here so that the server the children come from has it ready

from analysis import charts
from analysis.card_reading import parse_card
from analysis.engine import Machine, Progress
from analysis.evaluate import evaluate
from analysis.log_allowed import restricted
from bot.evaluating.values import Evaluated, Job
from storage.summaries import SummaryFiles


def evaluate_job(job: Job, phase: Callable[[str], None]) -> Evaluated:
    """The result and the headline chart of one job."""
    phase("Reading the log")
    card = parse_card(job.card, root=Path(job.card_root), name=job.card_name)
    if job.places is not None:
        card = restricted(card, job.places)
    kept = SummaryFiles(Path(job.summaries)) if job.summaries is not None else None
    result = evaluate(
        card,
        window=job.window,
        version=job.version,
        against=job.against,
        now=job.now,
        progress=_Phases(phase),
        machine=_machine(job.dask),
        kept=kept,
        limits=job.limits,
    )
    if kept is not None:
        kept.trim()
    phase("Drawing the chart")
    gallery = charts.gallery(result, card=card, markers=job.markers)
    return Evaluated(result, next(iter(gallery.charts), None), gallery.left_out)


def _machine(dask: str | None) -> Machine | None:
    if not dask:
        return None
    from analysis.dask_machine import Dask

    return Dask(dask)


class _Phases:
    """Progress in rows becomes a few phases, so that the card is edited a few times and not a thousand."""

    def __init__(self, phase: Callable[[str], None]) -> None:
        self._phase = phase
        self._told = 0

    def __call__(self, progress: Progress) -> None:
        tenth = int(progress.done * 10 // progress.total) if progress.total else 0
        if tenth > self._told:
            self._told = tenth
            self._phase(f"Read {tenth * 10}% of the log")
