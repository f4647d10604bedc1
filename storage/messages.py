"""What Slack should show: messages that are wanted, each under a key of its own."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, bindparam, func, or_, select, update

from storage import anchors, contents, lines, tracing
from storage.anchors import Anchor
from storage.contents import TAKEN_BACK, Address, Content, Picture
from storage.database import Transaction
from storage.delivery import (
    Due,
    PictureState,
    begin,
    free_all,
    give_up,
    lease,
    look_further,
    lost,
    not_sent,
    picture_state,
    postpone,
    redirect,
    reduce,
    shown,
)
from storage.forgetting import unless_deleted, with_last_words
from storage.requests import Queue
from storage.tables import GIVEN_UP, UNSENT, messages, pictures, quotes

__all__ = [
    "TAKEN_BACK",
    "Address",
    "Anchor",
    "Content",
    "Dead",
    "Due",
    "Picture",
    "PictureState",
    "Place",
    "Stored",
    "any_due",
    "begin",
    "count_dead",
    "dead",
    "free_all",
    "get",
    "give_up",
    "lease",
    "look_further",
    "lost",
    "not_sent",
    "picture_state",
    "place",
    "postpone",
    "queue",
    "redirect",
    "reduce",
    "reword",
    "shown",
    "unsent",
    "want",
]


_DEAD = GIVEN_UP & (messages.c.failed != TAKEN_BACK)


@dataclass(frozen=True, slots=True)
class Place:
    """A message of ours, found by one of the ts that it has or had."""

    message_id: int
    key: str
    anchor: Anchor | None
    models: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stored:
    """A message as it is wanted, and how far it has come."""

    id: int
    key: str
    kind: str
    address: Address
    content: Content
    anchor: Anchor | None
    ts: str | None
    wanted: int
    shown: int
    failed: str | None
    is_emptied: bool
    """Its words were removed after a while, and Slack still shows them."""


@dataclass(frozen=True, slots=True)
class Dead:
    """A message that is not tried any more, and Slack's name for the reason, or ours."""

    id: int
    key: str
    kind: str
    team: str
    channel: str
    reason: str


def want(
    tx: Transaction,
    *,
    key: str,
    kind: str,
    address: Address,
    content: Content,
    anchor: Anchor | None = None,
    otherwise: Sequence[tuple[str, str]] | None = None,
    passing: timedelta | None = None,
    now: datetime,
) -> int:
    """Want a message (``message``, ``ephemeral``, ``response`` or ``view``), or other content in the one of that key.

    ``otherwise`` names, as kind and channel, where it goes when Slack refuses it there; what one person alone is to see
    goes to them directly. ``passing``: the content of a message that is there matters only where no other comes within
    that time, since Slack takes few edits a minute. Returns its id. The same content again changes nothing, but a
    message that was given up is tried anew. Raises Stale where it quotes what was deleted since it was read."""
    tx.announce(contents.WORK)
    content = unless_deleted(tx, content, team=address.team)
    content = with_last_words(tx, _with_its_models(content, anchor), team=address.team)
    sha = _keep_picture(tx, content.picture)
    if otherwise is None:
        otherwise = [("message", address.user)] if kind == "ephemeral" and address.user else []
    line = lines.line_of(tx, address) if kind == "message" else None
    placed = {"kind": kind, **_addressed(address), "line": line, "otherwise": list(otherwise)}
    row = {
        "key": key,
        **placed,
        **contents.words(content),
        "picture": sha,
        "file_completed": False,
        "file_ready": False,
        "anchor": anchors.stored(anchor),
        "wanted": 1,
        "shown": 0,
        "wanted_at": now,
        "next_at": now,
        "attempts": 0,
        "sending": False,
        "trace": tracing.current(),
    }
    insert = tx.insert(messages).on_conflict_do_nothing(index_elements=["key"])
    message: int | None = tx.execute(insert.returning(messages.c.id), row).scalar_one_or_none()
    if message is None:
        return _want_again(tx, key, placed, content, anchor, sha, passing, now)
    _keep_quotes(tx, message, content)
    return message


def reword(tx: Transaction, *, key: str, content: Content, now: datetime) -> None:
    """Other words in a message that is there; the picture that it shows stays, though its bytes may be gone here."""
    team = tx.execute(select(messages.c.team).where(messages.c.key == key)).scalar_one()
    content = with_last_words(tx, content, team=team)  # before the message is locked, as a deletion does
    row = tx.execute(select(messages).where(messages.c.key == key).with_for_update()).one()
    content = _with_its_models(content, anchors.restored(row.anchor))
    if _differs(row, content, row.picture):
        contents.replace_words(tx, row, content, now=now)
        _keep_quotes(tx, row.id, content)


def place(tx: Transaction, *, team: str, channel: str, ts: str) -> Place | None:
    """The message of ours that is, or once was, at this place."""
    found = lines.at_a_place(tx, team=team, channel=channel, ts=ts)
    if found is None:
        return None
    return Place(found.id, found.key, anchors.restored(found.anchor), contents.known_models(found.models))


def get(tx: Transaction, key: str) -> Stored | None:
    row = tx.execute(
        select(messages, pictures.c.png)
        .outerjoin(pictures, pictures.c.sha == messages.c.picture)
        .where(messages.c.key == key)
    ).first()
    if row is None:
        return None
    return Stored(
        id=row.id,
        key=row.key,
        kind=row.kind,
        address=contents.address(row),
        content=contents.restored(row, png=row.png),
        anchor=anchors.restored(row.anchor),
        ts=row.ts,
        wanted=row.wanted,
        shown=row.shown,
        failed=row.failed,
        is_emptied=row.emptied_at is not None,
    )


def unsent(tx: Transaction) -> int:
    """How many messages Slack does not show as they are wanted, apart from those that were given up."""
    return int(tx.execute(select(func.count()).select_from(messages).where(UNSENT)).scalar_one())


def queue(tx: Transaction) -> Queue:
    """What ``unsent`` counts, and since when the oldest of them is wanted."""
    row = tx.execute(
        select(func.count().label("depth"), func.min(messages.c.wanted_at).label("since")).where(UNSENT)
    ).one()
    return Queue(row.depth, row.since)


def _with_its_models(content: Content, anchor: Anchor | None) -> Content:
    """What is anchored to a model tells about it, whatever else it tells about."""
    return replace(content, models=(*(content.models or ()), anchor.model)) if anchor is not None else content


def dead(tx: Transaction, *, limit: int = 20) -> list[Dead]:
    """The messages that were given up last, the newest first; what was taken back on purpose is not among them."""
    m = messages.c
    newest = select(m.id, m.key, m.kind, m.team, m.channel, m.failed).where(_DEAD).order_by(m.id.desc()).limit(limit)
    return [Dead(r.id, r.key, r.kind, r.team, r.channel, r.failed) for r in tx.execute(newest)]


def count_dead(tx: Transaction) -> int:
    return int(tx.execute(select(func.count()).select_from(messages).where(_DEAD)).scalar_one())


_ANY_DUE = (
    select(messages.c.id)
    .where(
        UNSENT,
        messages.c.next_at <= bindparam("now"),
        or_(messages.c.leased_until.is_(None), messages.c.leased_until <= bindparam("now")),
    )
    .limit(1)
)


def any_due(tx: Transaction, *, now: datetime) -> bool:
    """Whether ``lease`` could find something. Only a read, for all those whom a bell wakes in vain."""
    return tx.execute(_ANY_DUE, {"now": now}).first() is not None


def _want_again(
    tx: Transaction,
    key: str,
    placed: dict[str, Any],
    content: Content,
    anchor: Anchor | None,
    sha: str | None,
    passing: timedelta | None,
    now: datetime,
) -> int:
    row = tx.execute(select(messages).where(messages.c.key == key).with_for_update()).one()
    differs = _differs(row, content, sha)
    values: dict[str, Any] = {"failed": None, "trace": tracing.current() or row.trace}
    if row.ts is None and (differs or row.failed is not None or row.shown < row.wanted):
        values |= placed | {"response_url": placed["response_url"] or row.response_url}
    if anchor is not None:
        values["anchor"] = anchors.stored(anchor)
    if not differs and row.failed is not None and row.kind == "ephemeral":
        return int(row.id)  # it may have been seen, and nobody can look
    if row.failed is not None:
        values |= {"next_at": now, "attempts": 0, "wanted_at": now}
    if differs:
        values |= contents.words(content) | contents.wanted_anew(row, now=now)
        values |= {"picture": sha, "emptied_at": None, "reduced": 0, "next_at": _due_at(row, passing, now)}
        if sha != row.picture:
            values |= {"file_id": None, "file_completed": False, "file_ready": False, "file_since": None}
        _keep_quotes(tx, row.id, content)
    tx.execute(update(messages).where(messages.c.id == row.id).values(**values))
    return int(row.id)


def _due_at(row: Row[Any], passing: timedelta | None, now: datetime) -> datetime:
    """A pause that Slack asked for stays; one that passing content has ends with other content."""
    was_tried = row.sending or row.attempts > 0 or row.reason is not None
    if row.shown >= row.wanted or row.failed is not None:
        due: datetime = now + passing if passing is not None and row.ts is not None else now
    else:
        due = row.next_at if passing is not None or row.ts is None or was_tried else min(row.next_at, now)
    return due


def _differs(row: Row[Any], content: Content, sha: str | None) -> bool:
    stored = contents.words(contents.restored(row, png=b""))
    return bool(stored != contents.words(content) or row.picture != sha)


def _addressed(address: Address) -> dict[str, Any]:
    return {
        "team": address.team,
        "channel": address.channel,
        "thread": address.thread,
        "parent": address.parent,
        "user": address.user,
        "response_url": address.response_url,
        "schedule": address.schedule,
    }


def _keep_picture(tx: Transaction, picture: Picture | None) -> str | None:
    if picture is None:
        return None
    sha = hashlib.sha256(picture.png).hexdigest()
    tx.lock("picture", sha)
    known = tx.execute(select(func.length(pictures.c.png)).where(pictures.c.sha == sha)).scalar_one_or_none()
    if not known:  # a new one, or one whose bytes were removed after a while
        insert = tx.insert(pictures).values(sha=sha, png=picture.png)
        tx.execute(insert.on_conflict_do_update(index_elements=["sha"], set_={"png": picture.png}))
    return sha


def _keep_quotes(tx: Transaction, message: int, content: Content) -> None:
    """Those of the words that Slack still shows stay until the new ones are there."""
    rows = [{"annotation_id": annotation, "message_id": message} for annotation in dict.fromkeys(content.quotes)]
    if rows:
        tx.execute(tx.insert(quotes).on_conflict_do_nothing(), rows)
