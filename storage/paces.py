"""How fast something may be done, shared by all replicas: one row for each channel and method, by the database's clock.

A row says when the next one would be free if none were spent ahead; ``burst`` of them may be spent ahead."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, delete, select, update

from storage.database import Transaction
from storage.tables import paces

EVERYTHING = "*"
"""The row that lets a whole team rest."""
POSTS, EDITS = "chat.postMessage", "chat.update"
"""The rows of the two methods that nearly all messages wait for."""


def take(
    tx: Transaction, *, team: str, what: str, seconds: float, now: datetime, burst: int = 1, wait: bool = True
) -> datetime | None:
    """Take one of those that come every so many seconds: None where it is ours, else the moment when one is free.

    Without ``wait`` one that another transaction is taking is not free."""
    row = {"team": team, "what": what, "free_at": now}
    tx.execute(tx.insert(paces).values(row).on_conflict_do_nothing(index_elements=["team", "what"]))
    locked = select(paces.c.free_at).where(_is(team, what)).with_for_update(skip_locked=not wait)
    free_at: datetime | None = tx.execute(locked).scalar_one_or_none()
    if free_at is None:
        return now
    ahead = timedelta(seconds=seconds * (burst - 1))
    if free_at - ahead > now:
        return free_at - ahead
    following = max(free_at, now) + timedelta(seconds=seconds)
    tx.execute(update(paces).where(_is(team, what)).values(free_at=following))
    return None


def give_back(tx: Transaction, *, team: str, what: str, until: datetime) -> None:
    """One that was taken, so that nothing else came before ``until``, and was not used."""
    tx.execute(delete(paces).where(_is(team, what), paces.c.free_at == until))


def hold(tx: Transaction, *, team: str, what: str, until: datetime) -> bool:
    """Nothing of it before then; False where it rests as long already."""
    row = {"team": team, "what": what, "free_at": until}
    insert = tx.insert(paces).values(row)
    longer = insert.on_conflict_do_update(
        index_elements=["team", "what"], set_={"free_at": until}, where=paces.c.free_at < until
    )
    return tx.execute(longer.returning(paces.c.what)).first() is not None


def held_until(tx: Transaction, *, team: str, what: str) -> datetime | None:
    free_at: datetime | None = tx.execute(select(paces.c.free_at).where(_is(team, what))).scalar_one_or_none()
    return free_at


def _is(team: str, what: str) -> ColumnElement[bool]:
    return and_(paces.c.team == team, paces.c.what == what)
