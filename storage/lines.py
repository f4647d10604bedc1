"""Threads as lines: a message that is new to a thread waits until the earlier ones of it are there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, bindparam, or_, select

from storage.contents import Address
from storage.database import Transaction
from storage.tables import messages, places

CLOCKS_APART = timedelta(minutes=1)
"""Slack's clock and ours differ by no more."""


def line_of(tx: Transaction, address: Address) -> str | None:
    """The thread whose messages wait for one another, under one name however it is addressed: the key of the message of
    ours that it is under, else its ts."""
    if address.parent is not None or address.thread is None:
        return address.parent
    ours = at_a_place(tx, team=address.team, channel=address.channel, ts=address.thread)
    return ours.key if ours is not None else _perhaps_under(tx, address, address.thread) or address.thread


def at_a_place(tx: Transaction, *, team: str, channel: str, ts: str) -> Row[Any] | None:
    """The message of ours that is, or once was, there: its id, key, anchor and models."""
    return tx.execute(_AT_A_PLACE, {"team": team, "channel": channel, "ts": ts}).first()


def earlier_in_line() -> ColumnElement[bool]:
    """Whether messages of the same line, or of the same thread under another name, were wanted before and are not there
    yet, leased and postponed ones too.

    Those that were given up hold nobody up, and an edit waits for nobody."""
    m, e = messages.c, messages.alias("earlier").c
    waits = select(e.id).where(
        e.team == m.team,
        e.channel == m.channel,
        e.id < m.id,
        e.shown < e.wanted,
        e.failed.is_(None),
        e.ts.is_(None),
        e.line.is_not(None),
    )
    return or_(waits.where(e.line == m.line).exists(), waits.where(e.thread == m.thread).exists())


def _perhaps_under(tx: Transaction, address: Address, thread: str) -> str | None:
    """Somebody may answer to a message of ours before Slack has told us where it stands: the last one that was on its
    way when the thread began, by our clock if it can be. After a wrong guess it waits a little for others too."""
    began = _moment(thread)
    if began is None:
        return None
    given = {"team": address.team, "channel": address.channel, "began": began, "until": began + CLOCKS_APART}
    return tx.execute(_ON_ITS_WAY, given).scalar_one_or_none()


def _moment(ts: str) -> datetime | None:
    try:
        return datetime.fromtimestamp(float(ts), UTC)
    except (ValueError, OverflowError, OSError):
        return None


_AT_A_PLACE = (
    select(messages.c.id, messages.c.key, messages.c.anchor, messages.c.models)
    .join(places, places.c.message_id == messages.c.id)
    .where(*(column == bindparam(column.name) for column in (places.c.team, places.c.channel, places.c.ts)))
)
_ON_ITS_WAY = (
    select(messages.c.key)
    .where(
        messages.c.team == bindparam("team"),
        messages.c.channel == bindparam("channel"),
        messages.c.kind == "message",
        messages.c.thread.is_(None),
        messages.c.parent.is_(None),
        messages.c.shown < messages.c.wanted,
        messages.c.failed.is_(None),
        messages.c.sending.is_(True),
        messages.c.ts.is_(None),
        messages.c.first_sent_at <= bindparam("until"),
    )
    .order_by((messages.c.first_sent_at <= bindparam("began")).desc(), messages.c.first_sent_at.desc())
    .limit(1)
)
