"""All charts: draw one by its kind, or the one that tells an evaluation's story.

A chart is one file here with one public value ``chart``; being here registers it. matplotlib is imported when the first
chart is drawn.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pkgutil import iter_modules

from analysis import faults
from analysis.card import ModelCard
from analysis.drawing.chart import MOST_CHARACTERS_OF_ALT, Chart, ChartKind, Gallery, Marker, Scene
from analysis.drawing.story import stories
from analysis.errors import NotDrawnError, ParleyError, UserError
from analysis.measure_table import MeasureTable
from analysis.near_names import did_you_mean
from analysis.registry import registered
from analysis.values import CheckResult, Result, Slice

__all__ = ["Chart", "Gallery", "Marker", "draw", "gallery", "headline", "known", "names"]

log = logging.getLogger("parley.charts")

NOTHING = "This evaluation has no number to draw: look at the log's labels, score and features."


@cache
def known() -> dict[str, ChartKind]:
    """Every kind of chart by its name."""
    return {kind.name: kind for kind in registered(sys.modules[__name__], "chart", ChartKind).values()}


def names() -> tuple[str, ...]:
    """Their names alone, which costs no import of matplotlib."""
    return tuple(sorted(module.name for module in iter_modules(__path__)))


def draw(
    kind: str,
    result: Result,
    *,
    card: ModelCard | None = None,
    markers: Sequence[Marker] = (),
    finding: CheckResult | None = None,
    measure: str | None = None,
    feature: str | None = None,
    class_: str | None = None,
    where: Slice | None = None,
    columns: tuple[str, ...] | None = None,
) -> Chart:
    """One chart of this kind, of the number that is named or else the one that matters most.

    ``card`` adds the limits that the model card sets. UserError when there is no such kind, or nothing to draw.
    """
    if kind not in names():
        hint = did_you_mean(kind, names()) or f"; the charts are {', '.join(names())}."
        raise UserError(f"There is no chart {kind}{hint}")
    scene = replace(
        _scene(result, card, markers),
        finding=finding,
        measure=measure,
        feature=feature,
        class_=class_,
        where=where,
        columns=columns,
    )
    return _drawn(kind, scene)


def headline(result: Result, *, card: ModelCard | None = None, markers: Sequence[Marker] = ()) -> Chart:
    """The chart that tells the evaluation's story: of its worst finding, else of its main number.

    UserError when there is nothing at all to draw.
    """
    found = gallery(result, card=card, markers=markers)
    if not found.charts:
        raise UserError(" ".join(found.left_out) or NOTHING)
    return found.charts[0]


def gallery(
    result: Result, *, card: ModelCard | None = None, markers: Sequence[Marker] = (), more: Sequence[str] = ()
) -> Gallery:
    """The chart that tells the evaluation's story, and those of the kinds ``more`` that there is something to draw of.
    A chart that breaks is left out with a word, and takes no other with it."""
    scene, found, broken = _scene(result, card, markers), dict[str, Chart](), dict[str, str]()
    wanted = [(kind, chosen, True) for kind, chosen in stories(scene)] + [(kind, scene, False) for kind in more]
    for kind, chosen, is_story in wanted:
        if kind in found or kind in broken or (is_story and found):
            continue
        try:
            found[kind] = _drawn(kind, chosen)
        except NotDrawnError as error:
            broken[kind] = str(error)
        except UserError:
            continue  # this result has nothing of the kind to draw
    return Gallery(tuple(found.values()), tuple(broken.values()))


def _scene(result: Result, card: ModelCard | None, markers: Sequence[Marker]) -> Scene:
    table = MeasureTable(result.measures, version=result.version, against=result.against)
    return Scene(result=result, table=table, card=card, markers=tuple(markers))


def _drawn(kind: str, scene: Scene) -> Chart:
    from analysis.drawing.canvas import Canvas

    try:
        canvas = Canvas()
        words = known()[kind].paint(canvas, scene)
        png = canvas.png()
    except ParleyError:
        raise
    except Exception as error:  # the edge of one chart
        reference = faults.reference(error)
        log.exception("chart %s broke, reference %s", kind, reference)
        raise NotDrawnError(
            f"The chart {kind} could not be drawn and is left out; the log has the details under {reference}."
        ) from error
    alt = words.alt if len(words.alt) <= MOST_CHARACTERS_OF_ALT else words.alt[: MOST_CHARACTERS_OF_ALT - 1] + "…"
    return Chart(name=kind, title=words.title, alt=alt, png=png)
