"""Channels as Slack tells of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update

from storage.database import Transaction
from storage.tables import channels

LONG_BEFORE = timedelta(days=3650)


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """``shared`` with another workspace; ``member``: the bot is in it."""

    team: str
    id: str
    name: str
    private: bool
    shared: bool
    archived: bool
    member: bool
    refreshed_at: datetime


def get(tx: Transaction, *, team: str, id: str) -> Channel | None:  # noqa: A002  # as in Channel
    row = tx.execute(select(channels).where(channels.c.team == team, channels.c.channel == id)).first()
    if row is None:
        return None
    return Channel(
        team=row.team,
        id=row.channel,
        name=row.name,
        private=row.private,
        shared=row.shared,
        archived=row.archived,
        member=row.member,
        refreshed_at=row.refreshed_at,
    )


def remember(tx: Transaction, channel: Channel) -> None:
    """What Slack says of a channel now."""
    told = {
        "name": channel.name,
        "private": channel.private,
        "shared": channel.shared,
        "archived": channel.archived,
        "member": channel.member,
        "refreshed_at": channel.refreshed_at,
    }
    insert = tx.insert(channels).values({"team": channel.team, "channel": channel.id, **told})
    tx.execute(insert.on_conflict_do_update(index_elements=["team", "channel"], set_=told))


def doubt(tx: Transaction, *, team: str, id: str, now: datetime) -> None:  # noqa: A002  # as in Channel
    """Others may read a channel now, or no longer: it counts as shared until Slack, which is asked again, says more.
    The moment of what was known is another one, so that an answer that is on its way sees that it is outdated."""
    here = (channels.c.team == team, channels.c.channel == id)
    tx.execute(update(channels).where(*here).values(shared=True, refreshed_at=now - LONG_BEFORE))
