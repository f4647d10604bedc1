"""What people said, tied to what they said it about. Its three kinds of event may come in any order, and twice."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, and_, delete, func, select, update

from storage import anchors, messages, requests
from storage.anchors import Anchor
from storage.database import Transaction
from storage.forgetting import leave_messages
from storage.tables import annotation_rows, heard, revisions

HOURS_AN_EDIT_WAITS_FOR_ITS_MESSAGE = 1
"""Slack's last retry comes after five minutes; the texts of messages that are not ours must not stay."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """What a person said. A deleted one has no text; one without an anchor waits until its thread is known."""

    id: int
    team: str
    model: str | None
    text: str
    kind: str
    author: str
    persona: str | None
    anchor: Anchor | None
    channel: str | None
    ts: str | None
    thread: str | None
    permalink: str | None
    said_at: datetime
    edited_at: datetime | None
    deleted_at: datetime | None


def keep(
    tx: Transaction,
    *,
    team: str,
    author: str,
    persona: str | None,
    text: str,
    kind: str = "note",
    anchor: Anchor | None,
    channel: str | None,
    ts: str | None,
    thread: str | None,
    permalink: str | None,
    now: datetime,
) -> Annotation | None:
    """Keep what was said; None where that message is kept already, was deleted, or is a request.

    A reply has a thread. Without one a command says to keep it: that its message is a request does not matter.
    """
    asked = thread is None
    early = _heard(tx, team, channel, ts) if channel and ts else None
    if early is not None and (early.deleted_at is not None or (early.is_request and not asked)):
        return None
    if anchor is None and channel and thread:
        tx.lock("thread", team, channel, thread)
        ours = messages.place(tx, team=team, channel=channel, ts=thread)
        anchor = ours.anchor if ours else None
    edited_before = early is not None and early.text is not None and not asked
    row = {
        "team": team,
        **anchors.columns(anchor),
        "text": early.text if early is not None and edited_before else text,
        "kind": kind,
        "author": author,
        "persona": persona,
        "channel": channel,
        "ts": ts,
        "thread": thread,
        "permalink": permalink,
        "said_at": now,
        "edited": early.edited if early is not None and edited_before else None,
        "edited_at": now if edited_before else None,
    }
    insert = tx.insert(annotation_rows).values(row).on_conflict_do_nothing(index_elements=["team", "channel", "ts"])
    kept = tx.execute(insert.returning(*annotation_rows.c)).first()
    if kept is None:
        return None
    if edited_before:
        _revised(tx, kept.id, text, now)
    return _annotation(kept)


def revise(
    tx: Transaction, *, team: str, channel: str, ts: str, text: str, edited: str, now: datetime
) -> Annotation | None:
    """The message was edited; ``edited`` is Slack's own mark of when. None where that changes nothing, or where the
    message itself has not arrived: then the edit waits for it."""
    early = _heard(tx, team, channel, ts)
    row = _found(tx, team, channel, ts)
    if row is None:
        is_news = early is None or (early.deleted_at is None and not early.is_request)
        if is_news and (early is None or _later(edited, early.edited)):
            _hear(tx, team, channel, ts, now, edited=edited, text=text)
        _forget_edits_nobody_waits_for(tx, now)
        return None
    if row.deleted_at is not None or row.thread is None or not _later(edited, row.edited):
        return None
    tx.execute(update(annotation_rows).where(annotation_rows.c.id == row.id).values(edited=edited))
    if text == row.text:
        return None
    _revised(tx, row.id, row.text, now)
    leave_messages(tx, row.id, row.text, now_says=text, now=now)
    return _changed(tx, row.id, text=text, edited_at=now)


def erase(tx: Transaction, *, team: str, channel: str, ts: str, now: datetime) -> Annotation | None:
    """The message was deleted: its text leaves every table, and it is remembered that it did. The annotation that it
    was, or None."""
    _heard(tx, team, channel, ts)
    _hear(tx, team, channel, ts, now, deleted_at=now, text=None)
    requests.forget_words(tx, team=team, channel=channel, message=ts)
    row = _found(tx, team, channel, ts)
    if row is None or row.deleted_at is not None:
        return None
    leave_messages(tx, row.id, row.text, now_says=None, now=now)
    return _changed(tx, row.id, text="", deleted_at=now)


def not_a_note(tx: Transaction, *, team: str, channel: str, ts: str, now: datetime) -> None:
    """The message is a request: it is no annotation, whichever of its events comes first. What a command kept stays."""
    _heard(tx, team, channel, ts)
    _hear(tx, team, channel, ts, now, is_request=True, text=None)
    row = _found(tx, team, channel, ts)
    if row is not None and row.thread is not None and row.deleted_at is None:
        leave_messages(tx, row.id, row.text, now_says=None, now=now)
        tx.execute(delete(revisions).where(revisions.c.annotation_id == row.id))
        tx.execute(delete(annotation_rows).where(annotation_rows.c.id == row.id))


def get(tx: Transaction, annotation: int) -> Annotation | None:
    row = tx.execute(select(annotation_rows).where(annotation_rows.c.id == annotation)).first()
    return None if row is None else _annotation(row)


def several(tx: Transaction, numbers: Collection[int]) -> list[Annotation]:
    """Those of these numbers that there are, newest first."""
    a = annotation_rows.c
    rows = tx.execute(select(annotation_rows).where(a.id.in_(numbers)).order_by(a.said_at.desc(), a.id.desc()))
    return [_annotation(row) for row in rows]


def listed(
    tx: Transaction,
    *,
    team: str,
    model: str | None,
    limit: int = 20,
    kinds: Collection[str] = (),
    evaluation: int | None = None,
    finding: int | None = None,
    measure: str | None = None,
) -> list[Annotation]:
    """What was said about a model, newest first, without what was deleted."""
    a = annotation_rows.c
    wanted = and_(a.team == team, a.deleted_at.is_(None))
    if kinds:
        wanted = and_(wanted, a.kind.in_(tuple(kinds)))
    for column, value in ((a.model, model), (a.evaluation, evaluation), (a.finding, finding), (a.measure, measure)):
        if value is not None:
            wanted = and_(wanted, column == value)
    rows = tx.execute(select(annotation_rows).where(wanted).order_by(a.said_at.desc(), a.id.desc()).limit(limit))
    return [_annotation(row) for row in rows]


def count(tx: Transaction, *, team: str, model: str) -> int:
    a = annotation_rows.c
    kept = and_(a.team == team, a.model == model, a.deleted_at.is_(None))
    return int(tx.execute(select(func.count()).select_from(annotation_rows).where(kept)).scalar_one())


def _later(edited: str, than: str | None) -> bool:
    return than is None or _instant(edited) > _instant(than)


def _instant(ts: str) -> tuple[int, int]:
    seconds, _, fraction = ts.partition(".")
    return int(seconds), int(fraction.ljust(6, "0"))


def _heard(tx: Transaction, team: str, channel: str, ts: str) -> Row[Any] | None:
    """What is known of the message already; whoever else has an event of it waits until we are done."""
    tx.lock("message", team, channel, ts)
    h = heard.c
    return tx.execute(select(heard).where(h.team == team, h.channel == channel, h.ts == ts)).first()


def _hear(tx: Transaction, team: str, channel: str, ts: str, now: datetime, **known: Any) -> None:
    row = {"team": team, "channel": channel, "ts": ts, "at": now, "is_request": False, **known}
    insert = tx.insert(heard).values(row)
    tx.execute(insert.on_conflict_do_update(index_elements=["team", "channel", "ts"], set_={"at": now, **known}))


def _forget_edits_nobody_waits_for(tx: Transaction, now: datetime) -> None:
    long_ago = now - timedelta(hours=HOURS_AN_EDIT_WAITS_FOR_ITS_MESSAGE)
    tx.execute(delete(heard).where(heard.c.at < long_ago, heard.c.text.is_not(None)))


def _found(tx: Transaction, team: str, channel: str, ts: str) -> Row[Any] | None:
    a = annotation_rows.c
    here = and_(a.team == team, a.channel == channel, a.ts == ts)
    return tx.execute(select(annotation_rows).where(here).with_for_update()).first()


def _revised(tx: Transaction, annotation: int, old_text: str, now: datetime) -> None:
    tx.execute(tx.insert(revisions).values(annotation_id=annotation, at=now, length=len(old_text)))


def _changed(tx: Transaction, annotation: int, **values: Any) -> Annotation:
    a = annotation_rows
    return _annotation(tx.execute(update(a).where(a.c.id == annotation).values(**values).returning(*a.c)).one())


def _annotation(row: Row[Any]) -> Annotation:
    return Annotation(
        id=row.id,
        team=row.team,
        model=row.model,
        text=row.text,
        kind=row.kind,
        author=row.author,
        persona=row.persona,
        anchor=anchors.restored(row.anchor),
        channel=row.channel,
        ts=row.ts,
        thread=row.thread,
        permalink=row.permalink,
        said_at=row.said_at,
        edited_at=row.edited_at,
        deleted_at=row.deleted_at,
    )
