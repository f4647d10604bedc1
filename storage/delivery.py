"""Bringing messages to Slack: who sends which one now, and what is remembered of each try."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, and_, func, or_, select, tuple_, update

from storage import anchors, contents
from storage.contents import Address, Content
from storage.database import Transaction
from storage.requests import LeaseLost
from storage.tables import UNSENT, annotation_rows, messages, pictures, places


@dataclass(frozen=True, slots=True)
class PictureState:
    """A picture and how far its upload has come: ``completed`` when shared, ``ready`` when a block may show it."""

    sha: str
    name: str
    title: str
    alt: str
    png: bytes = field(repr=False)
    file_id: str | None
    completed: bool
    ready: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A message that is ours to bring to Slack until the lease is over.

    ``thread_ts`` is the thread it goes into; ``sending`` says that an earlier try began and never said how it ended.
    """

    id: int
    key: str
    kind: str
    address: Address
    thread_ts: str | None
    ts: str | None
    content: Content
    picture: PictureState | None
    wanted: int
    shown: int
    attempts: int
    sending: bool
    first_sent_at: datetime | None
    token: str
    trace: str | None = None


def lease(
    tx: Transaction, *, now: datetime, seconds: float, limit: int, avoid: Collection[tuple[str, str]] = ()
) -> list[Due]:
    """Messages to show now, the oldest wish first and at most one in a channel; nobody else gets them for so long.

    ``avoid`` names (team, channel) that must be left alone for the moment."""
    ids = tx.execute(_due(now, limit, tuple(avoid))).scalars().all()
    if not ids:
        return []
    token = uuid.uuid4().hex
    tx.execute(
        update(messages)
        .where(messages.c.id.in_(ids))
        .values(token=token, leased_until=now + timedelta(seconds=seconds), attempts=messages.c.attempts + 1)
    )
    parent = messages.alias("parent")
    rows = tx.execute(
        select(messages, pictures.c.png, parent.c.ts.label("parent_ts"))
        .outerjoin(pictures, pictures.c.sha == messages.c.picture)
        .outerjoin(parent, parent.c.key == messages.c.parent)
        .where(messages.c.id.in_(ids))
        .order_by(messages.c.wanted_at, messages.c.id)
    )
    return [_as_due(row, token) for row in rows]


def begin(tx: Transaction, due: Due, *, now: datetime) -> None:
    """Remember, before Slack is called, that a try begins. Raises LeaseLost where another has the message."""
    row = _locked(tx, due)
    if row.token != due.token:
        raise LeaseLost(f"message {due.id} is no longer ours")
    _set(tx, due, sending=True, first_sent_at=row.first_sent_at or now)


def shown(tx: Transaction, due: Due, *, ts: str | None, revision: int, now: datetime) -> None:
    """Slack shows this revision, at this ts: the place is remembered, replies of ours that waited for it are free, and
    annotations of its thread that came before are linked. ``revision`` 0: it is there, but not yet whole.

    It is written even where the lease was lost meanwhile: what Slack shows is a fact."""
    row = _locked(tx, due)
    values: dict[str, Any] = {
        "ts": ts if ts is not None else row.ts,
        "shown": max(min(revision, row.wanted), row.shown),
        "attempts": 0,
        "sending": False,
        "first_sent_at": None,
        "reason": None,
        "failed": None,
    }
    if row.token == due.token:
        values |= {"token": None, "leased_until": None, "next_at": now}
    if due.kind == "ephemeral" or due.kind == "response":
        values["response_url"] = None if values["shown"] >= row.wanted else row.response_url
    _set(tx, due, **values)
    if ts is not None:
        _remember_place(tx, row, ts)


def picture_state(
    tx: Transaction, due: Due, *, file_id: str | None = None, completed: bool | None = None, ready: bool | None = None
) -> None:
    """Remember a step of the upload; what is None stays as it was, an empty ``file_id`` forgets the file."""
    if due.picture is None:
        return
    given = {
        "file_id": file_id,
        "file_completed": completed,
        "file_ready": ready,
    }
    values: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if file_id == "":
        values["file_id"] = None
    same_picture = and_(messages.c.id == due.id, messages.c.picture == due.picture.sha)
    if values:
        tx.execute(update(messages).where(same_picture).values(**values))


def postpone(tx: Transaction, due: Due, *, at: datetime, reason: str, unknown: bool = False) -> None:
    """Give the lease back; the message is due again then. ``unknown``: nobody knows how the try ended."""
    values: dict[str, Any] = {"next_at": at, "reason": reason, "token": None, "leased_until": None}
    if not unknown:
        values |= {"sending": False, "first_sent_at": None}
    _set_if_ours(tx, due, **values)


def lost(tx: Transaction, due: Due, *, now: datetime) -> None:
    """The message was deleted in Slack: it is posted anew. The former place still leads to it."""
    row = _locked(tx, due)
    values: dict[str, Any] = {"sending": False, "first_sent_at": None, "next_at": now}
    if row.ts == due.ts:
        values |= {"ts": None, "shown": 0}
    if row.token == due.token:
        values |= {"token": None, "leased_until": None}
    _set(tx, due, **values)


def give_up(tx: Transaction, due: Due, *, reason: str, now: datetime) -> None:
    """Not tried any more, unless it is wanted again."""
    _set_if_ours(
        tx,
        due,
        failed=reason,
        reason=reason,
        next_at=now,
        sending=False,
        first_sent_at=None,
        response_url=None,
        token=None,
        leased_until=None,
    )


def in_words_only(tx: Transaction, due: Due, *, now: datetime) -> None:
    """Slack refused the blocks: the text says the whole result by itself, so it is sent alone."""
    _set_if_ours(
        tx,
        due,
        blocks=[],
        picture=None,
        picture_name=None,
        picture_title=None,
        picture_alt=None,
        next_at=now,
        sending=False,
        first_sent_at=None,
        token=None,
        leased_until=None,
    )


def free_all(tx: Transaction, *, now: datetime, arrived_at: datetime) -> None:
    """End every lease: right only where no other process sends from this database.

    What was being sent is due at ``arrived_at``, when a look-up will see it if it arrived; the rest is due now."""
    m = messages.c
    leased = m.leased_until.is_not(None)
    free = {"token": None, "leased_until": None}
    tx.execute(update(messages).where(leased, m.sending.is_(True)).values(**free, next_at=arrived_at))
    tx.execute(update(messages).where(leased, m.sending.is_(False)).values(**free, next_at=now))


def _due(now: datetime, limit: int, avoid: tuple[tuple[str, str], ...]) -> Any:
    m, parent = messages.c, messages.alias("parent")
    parent_is_there = select(parent.c.id).where(parent.c.key == m.parent, parent.c.ts.is_not(None)).exists()
    ready = and_(
        UNSENT,
        m.next_at <= now,
        or_(m.leased_until.is_(None), m.leased_until <= now),
        or_(m.parent.is_(None), m.thread.is_not(None), m.ts.is_not(None), parent_is_there),
    )
    if avoid:
        ready = and_(ready, tuple_(m.team, m.channel).not_in(avoid))
    turn = func.row_number().over(partition_by=(m.team, m.channel), order_by=(m.wanted_at, m.id)).label("turn")
    first = select(m.id, turn).where(ready).subquery()
    return (
        select(m.id)
        .where(ready, m.id.in_(select(first.c.id).where(first.c.turn == 1)))
        .order_by(m.wanted_at, m.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )


def _as_due(row: Row[Any], token: str) -> Due:
    picture = None
    if row.picture is not None:
        picture = PictureState(
            sha=row.picture,
            name=row.picture_name,
            title=row.picture_title,
            alt=row.picture_alt,
            png=row.png,
            file_id=row.file_id,
            completed=row.file_completed,
            ready=row.file_ready,
        )
    return Due(
        id=row.id,
        key=row.key,
        kind=row.kind,
        address=contents.address(row),
        thread_ts=row.thread or row.parent_ts,
        ts=row.ts,
        content=contents.restored(row, png=row.png),
        picture=picture,
        wanted=row.wanted,
        shown=row.shown,
        attempts=row.attempts,
        sending=row.sending,
        first_sent_at=row.first_sent_at,
        token=token,
        trace=row.trace,
    )


def _remember_place(tx: Transaction, row: Row[Any], ts: str) -> None:
    tx.lock("thread", row.team, row.channel, ts)
    place = {"team": row.team, "channel": row.channel, "ts": ts, "message_id": row.id}
    tx.execute(tx.insert(places).values(place).on_conflict_do_nothing(index_elements=["team", "channel", "ts"]))
    anchor = anchors.restored(row.anchor)
    if anchor is None:
        return
    a = annotation_rows.c
    waits = and_(a.team == row.team, a.channel == row.channel, a.thread == ts, a.anchor.is_(None))
    tx.execute(update(annotation_rows).where(waits).values(**anchors.columns(anchor)))


def _locked(tx: Transaction, due: Due) -> Row[Any]:
    return tx.execute(select(messages).where(messages.c.id == due.id).with_for_update()).one()


def _set(tx: Transaction, due: Due, **values: Any) -> None:
    tx.execute(update(messages).where(messages.c.id == due.id).values(**values))


def _set_if_ours(tx: Transaction, due: Due, **values: Any) -> None:
    tx.execute(update(messages).where(messages.c.id == due.id, messages.c.token == due.token).values(**values))
