"""The values of a picture: a chart, a marker on it, and what a kind of chart draws from. Without matplotlib."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from analysis.card import ModelCard
from analysis.measure_table import MeasureTable
from analysis.values import CheckResult, Result, Slice

if TYPE_CHECKING:
    from analysis.drawing.canvas import Canvas

MOST_CHARACTERS_OF_ALT = 1000


@dataclass(frozen=True, slots=True)
class Marker:
    """A note about a period: shown as a number on a trend, named below it by its label, such as A-9.

    Never its words: a picture that was uploaded can't be edited when its author edits or deletes the note."""

    period: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A finished picture. ``alt`` states the finding with its numbers for those who don't see it."""

    name: str
    title: str
    alt: str
    png: bytes


@dataclass(frozen=True, slots=True)
class Gallery:
    """The charts of one evaluation, the one that tells its story first; ``left_out`` says in a sentence each which ones
    could not be drawn."""

    charts: tuple[Chart, ...]
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """All that a kind of chart may draw from. What is None is chosen from the result."""

    result: Result
    table: MeasureTable
    card: ModelCard | None = None
    markers: tuple[Marker, ...] = ()
    finding: CheckResult | None = None
    measure: str | None = None
    feature: str | None = None
    class_: str | None = None
    where: Slice | None = None
    columns: tuple[str, ...] | None = None

    @property
    def model(self) -> str:
        return f"{self.result.model} · version {self.result.version}"


@dataclass(frozen=True, slots=True)
class Words:
    """What a picture says: its title, and the longer text for those who don't see it."""

    title: str
    alt: str


Paint = Callable[["Canvas", Scene], Words]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartKind:
    """A kind of chart. ``paint`` draws it and raises UserError where the result has nothing to draw; its docstring says
    what the chart shows."""

    name: str
    paint: Paint
