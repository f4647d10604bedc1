"""What people said, as later cards and charts bring it back: a line in a message, a mark on a trend."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from analysis.card import ModelCard
from analysis.drawing.chart import Marker
from analysis.measure_table import period_order
from analysis.periods import period_of
from bot.names import name_of, with_names
from bot.render.blocks import escape
from storage import annotations
from storage.annotations import Annotation
from storage.database import Transaction
from storage.quoting import quoted
from storage.requests import Who

MOST_MARKERS = 8
MOST_OF_A_NOTE = 160


@dataclass(frozen=True, slots=True)
class MarkedNote:
    """A note with its mark on a chart. The words stand beside the picture, never in it."""

    marker: Marker
    annotation: int
    text: str


@dataclass(frozen=True, slots=True)
class Remembered:
    """A line that quotes an annotation, escaped; the id lets a deletion find it."""

    annotation: int
    line: str


def remember(tx: Transaction, note: Annotation) -> Remembered:
    """`A-9 “the supplier changed its names” Said before by Jonas, data engineer, 3 Nov 2026`, escaped."""
    name = name_of(tx, Who(team=note.team, user=note.author))
    role = f", {note.persona}" if note.persona else ""
    line = quoted(
        note.id,
        with_names(tx, note.team, note.text),
        most=MOST_OF_A_NOTE,
        lead=":speech_balloon: ",
        link=note.permalink,
        rest=f" Said before by {escape(name)}{escape(role)}, {note.said_at:%-d %b %Y}",
    )
    return Remembered(note.id, line)


def marked_notes(tx: Transaction, *, team: str, card: ModelCard) -> tuple[MarkedNote, ...]:
    """The newest annotations of a model as marks on the axis of a trend, by period; only where those are of time."""
    if not isinstance(card.periods, str):
        return ()
    said = annotations.listed(tx, team=team, model=card.model, limit=MOST_MARKERS)
    marks = []
    for note in said:
        period = (
            note.anchor.period
            if note.anchor is not None and note.anchor.period
            else _period(note.said_at, card.periods)
        )
        text = with_names(tx, team, note.text)
        marks.append((period, note.id, MarkedNote(Marker(period, f"A-{note.id}"), note.id, text)))
    return tuple(marked for _, _, marked in sorted(marks, key=lambda mark: (period_order(mark[0]), mark[1])))


def _period(at: datetime, kind: str) -> str:
    moment = np.array([at.replace(tzinfo=None)], dtype="datetime64[us]")
    return str(period_of(moment, kind)[0])
