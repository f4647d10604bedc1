"""What a message shows and where it belongs, as values and as columns."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row, update

from storage.database import Json, Transaction
from storage.tables import messages

TAKEN_BACK = "taken back"
"""Why a message that is not wanted any more was given up: Slack shows nothing of it."""

WORK = "messages"
"""The name of the bell that rings when a message may be due."""

UNKNOWN_MODEL = ""
"""Stands for the models of a message from before they were kept. No model bears this name, so nobody may see it."""


@dataclass(frozen=True, slots=True)
class Picture:
    name: str
    title: str
    alt: str
    png: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Content:
    """Text and blocks of a message. ``quotes`` names the annotations whose text is shown in it, ``models`` the models
    that it tells about: None where whoever asks for the message is to say. ``repeats`` is the place (``place_of``) of
    the message whose words an answer may repeat."""

    text: str
    blocks: tuple[Json, ...] = ()
    picture: Picture | None = None
    quotes: tuple[int, ...] = ()
    models: tuple[str, ...] | None = None
    repeats: str | None = None

    @property
    def is_withdrawn(self) -> bool:
        """Whether the message is not to be seen any more."""
        return not self.text and not self.blocks


@dataclass(frozen=True, slots=True)
class Address:
    """Where a message belongs: ``thread`` is a ts, ``parent`` the key of the message of ours whose thread it is in;
    ``user`` alone sees an ephemeral one, or is told where it can't be posted; ``schedule`` is what it was made by."""

    team: str
    channel: str
    thread: str | None = None
    parent: str | None = None
    user: str | None = None
    response_url: str | None = field(default=None, repr=False)  # a secret: it must not reach a log
    schedule: int | None = None


def address(row: Row[Any]) -> Address:
    return Address(
        team=row.team,
        channel=row.channel,
        thread=row.thread,
        parent=row.parent,
        user=row.user,
        response_url=row.response_url,
        schedule=row.schedule,
    )


def words(content: Content) -> dict[str, Any]:
    """The columns that hold the content, apart from the picture's bytes."""
    picture = content.picture
    return {
        "text": content.text,
        "blocks": list(content.blocks),
        "quotes": list(content.quotes),
        "models": sorted(set(content.models or ())),
        "repeats": content.repeats,
        "picture_name": picture.name if picture else None,
        "picture_title": picture.title if picture else None,
        "picture_alt": picture.alt if picture else None,
    }


def place_of(channel: str, ts: str) -> str:
    """The place of a message in one word."""
    return f"{channel}:{ts}"


def known_models(models: Iterable[str]) -> tuple[str, ...]:
    return tuple(model for model in models if model != UNKNOWN_MODEL)


def restored(row: Row[Any], *, png: bytes | None) -> Content:
    has_picture = row.picture is not None and png is not None
    return Content(
        text=row.text,
        blocks=tuple(row.blocks),
        picture=Picture(row.picture_name, row.picture_title, row.picture_alt, png or b"") if has_picture else None,
        quotes=tuple(row.quotes),
        models=tuple(row.models) or None,
        repeats=row.repeats,
    )


def replace_words(tx: Transaction, row: Row[Any], content: Content, *, now: datetime) -> None:
    """Other words in a message that is there; its picture stays. It is wanted anew where Slack shows the old words and
    can show others, though an edit of it was given up once: an answer that one person saw is gone."""
    is_pending = row.shown < row.wanted
    is_there = row.ts is not None and row.failed != TAKEN_BACK
    can_change = (row.failed is None or is_there) and (is_pending or row.kind == "message")
    values = words(content) | {"emptied_at": None} | (wanted_anew(row, now=now) if can_change else {})
    tx.announce(WORK)
    tx.execute(update(messages).where(messages.c.id == row.id).values(**values))


def wanted_anew(row: Row[Any], *, now: datetime) -> dict[str, Any]:
    """The columns that say: one revision more. A message that waits already keeps its place in the queue, and a pause
    that Slack asked for stays."""
    settled = row.shown >= row.wanted or row.failed is not None
    return {
        "wanted": row.wanted + 1,
        "wanted_at": now if settled else row.wanted_at,
        "next_at": now if settled else row.next_at,
        "attempts": 0 if settled else row.attempts,
        "failed": None,
    }
