"""What goes into a child process and what comes back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from analysis.drawing.chart import Chart, Marker
from analysis.log_limits import DEFAULT_LIMITS, Limits
from analysis.values import Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One evaluation for a child process."""

    card: str
    card_root: str
    card_name: str
    window: str
    version: str | None
    against: str | None
    now: datetime
    markers: tuple[Marker, ...] = ()
    summaries: str | None = None
    """The folder in which summaries of partitions are kept for the next evaluation."""
    dask: str | None = None
    places: tuple[str, ...] | None = None
    """What a model card made in Slack may read: folders and prefixes of object stores. None for one in a file."""
    limits: Limits = DEFAULT_LIMITS


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What a child gives back. ``not_drawn`` says which charts could not be drawn."""

    result: Result
    chart: Chart | None
    not_drawn: tuple[str, ...] = ()


class ChildDied(Exception):  # noqa: N818  # read as a sentence: except ChildDied
    """The child process ended without an answer: somebody killed it, most often the kernel for want of memory."""


class Stopped(Exception):  # noqa: N818  # not an error: somebody pressed Stop
    """The evaluation was stopped by a person."""
