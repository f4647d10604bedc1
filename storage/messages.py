"""What Slack should show: messages that are wanted, each under a key of its own."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, bindparam, delete, func, or_, select, update

from storage import anchors, contents, tracing
from storage.anchors import Anchor
from storage.contents import Address, Content, Picture
from storage.database import Stale, Transaction
from storage.delivery import (
    Due,
    PictureState,
    begin,
    free_all,
    give_up,
    in_words_only,
    lease,
    lost,
    picture_state,
    postpone,
    shown,
)
from storage.requests import Queue
from storage.tables import UNSENT, annotation_rows, messages, pictures, places, quotes

__all__ = [
    "Address",
    "Anchor",
    "Content",
    "Due",
    "Picture",
    "PictureState",
    "Place",
    "Stored",
    "any_due",
    "begin",
    "free_all",
    "get",
    "give_up",
    "given_up",
    "in_words_only",
    "lease",
    "lost",
    "picture_state",
    "place",
    "postpone",
    "queue",
    "shown",
    "unsent",
    "want",
]


@dataclass(frozen=True, slots=True)
class Place:
    """A message of ours, found by one of the ts that it has or had."""

    message_id: int
    key: str
    anchor: Anchor | None


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


def want(
    tx: Transaction,
    *,
    key: str,
    kind: str,
    address: Address,
    content: Content,
    anchor: Anchor | None = None,
    now: datetime,
) -> int:
    """Want a message (``message``, ``ephemeral``, ``response`` or ``view``), or other content in the one of that key.

    Returns its id. The same content again changes nothing, but a message that was given up is tried anew. Raises Stale
    where it quotes what was deleted since it was read."""
    _all_still_said(tx, content)
    sha = _keep_picture(tx, content.picture)
    row = {
        "key": key,
        "kind": kind,
        **_addressed(address),
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
    insert = tx.insert(messages).values(row).on_conflict_do_nothing(index_elements=["key"])
    message: int | None = tx.execute(insert.returning(messages.c.id)).scalar_one_or_none()
    if message is None:
        return _want_again(tx, key, address, content, anchor, sha, now)
    _keep_quotes(tx, message, content)
    return message


def place(tx: Transaction, *, team: str, channel: str, ts: str) -> Place | None:
    """The message of ours that is, or once was, at this place."""
    found = tx.execute(
        select(messages.c.id, messages.c.key, messages.c.anchor)
        .join(places, places.c.message_id == messages.c.id)
        .where(places.c.team == team, places.c.channel == channel, places.c.ts == ts)
    ).first()
    return None if found is None else Place(found.id, found.key, anchors.restored(found.anchor))


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


def given_up(tx: Transaction) -> int:
    """How many messages Slack was asked to show in vain; ephemeral answers are tried once and not counted."""
    m = messages.c
    dead = and_(m.failed.is_not(None), m.kind == "message", m.shown < m.wanted, m.failed != "taken back")
    return int(tx.execute(select(func.count()).select_from(messages).where(dead)).scalar_one())


def _all_still_said(tx: Transaction, content: Content) -> None:
    """The rows stay locked until the message is there, so that a deletion finds it."""
    if not content.quotes:
        return
    a = annotation_rows.c
    quoted = select(a.id, a.deleted_at).where(a.id.in_(content.quotes)).order_by(a.id).with_for_update(read=True)
    gone = [row.id for row in tx.execute(quoted) if row.deleted_at is not None]
    if gone:
        raise Stale(f"annotation {gone[0]} was deleted since it was read")


def _want_again(
    tx: Transaction,
    key: str,
    address: Address,
    content: Content,
    anchor: Anchor | None,
    sha: str | None,
    now: datetime,
) -> int:
    row = tx.execute(select(messages).where(messages.c.key == key).with_for_update()).one()
    values: dict[str, Any] = {
        "failed": None,
        "response_url": address.response_url or row.response_url,
        "trace": tracing.current() or row.trace,
    }
    if row.ts is None:
        values |= {name: value for name, value in _addressed(address).items() if name != "response_url"}
    if anchor is not None:
        values["anchor"] = anchors.stored(anchor)
    if row.failed is not None:
        values |= {"next_at": now, "attempts": 0, "wanted_at": now}
    if _differs(row, content, sha):
        values |= contents.words(content) | contents.wanted_anew(row, now=now) | {"picture": sha}
        if sha != row.picture:
            values |= {"file_id": None, "file_completed": False, "file_ready": False}
        _keep_quotes(tx, row.id, content)
    tx.execute(update(messages).where(messages.c.id == row.id).values(**values))
    return int(row.id)


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
    }


def _keep_picture(tx: Transaction, picture: Picture | None) -> str | None:
    if picture is None:
        return None
    sha = hashlib.sha256(picture.png).hexdigest()
    known = tx.execute(select(pictures.c.sha).where(pictures.c.sha == sha)).first()
    if known is None:
        tx.execute(tx.insert(pictures).values(sha=sha, png=picture.png).on_conflict_do_nothing(index_elements=["sha"]))
    return sha


def _keep_quotes(tx: Transaction, message: int, content: Content) -> None:
    tx.execute(delete(quotes).where(quotes.c.message_id == message))
    rows = [{"annotation_id": annotation, "message_id": message} for annotation in dict.fromkeys(content.quotes)]
    if rows:
        tx.execute(tx.insert(quotes), rows)
