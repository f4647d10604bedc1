"""Commands with a clock, and the last slot that each was sent for."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Row, and_, or_, select, update

from storage.database import Json, Transaction
from storage.requests import Who
from storage.tables import schedules

State = Literal["active", "paused", "removed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """``when`` in the words it was made with, in ``zone``; ``reason`` is why it is paused."""

    id: int
    team: str
    owner: str
    channel: str
    when: str
    zone: str
    command: str
    arguments: Mapping[str, Json]
    state: State
    reason: str | None
    created_at: datetime
    last_slot: datetime | None


def add(
    tx: Transaction,
    *,
    who: Who,
    channel: str,
    when: str,
    zone: str,
    command: str,
    arguments: Mapping[str, Json],
    request_id: int,
    now: datetime,
) -> Schedule:
    """A new schedule; the same request again gives the one that it made."""
    row = {
        "team": who.team,
        "owner": who.user,
        "channel": channel,
        "when": when,
        "zone": zone,
        "command": command,
        "arguments": arguments,
        "request_id": request_id,
        "state": "active",
        "created_at": now,
        "changed_at": now,
    }
    tx.execute(tx.insert(schedules).values(row).on_conflict_do_nothing(index_elements=["request_id"]))
    return _read(tx, schedules.c.request_id == request_id)[0]


def get(tx: Transaction, schedule: int) -> Schedule | None:
    found = _read(tx, schedules.c.id == schedule)
    return found[0] if found else None


def listed(tx: Transaction, *, team: str, states: Collection[str] = ("active", "paused")) -> list[Schedule]:
    return _read(tx, and_(schedules.c.team == team, schedules.c.state.in_(tuple(states))))


def active(tx: Transaction) -> list[Schedule]:
    """The active schedules of all teams."""
    return _read(tx, schedules.c.state == "active")


def pause(tx: Transaction, schedule: int, *, reason: str, now: datetime) -> bool:
    """False where it was not active: then somebody else has told the owner."""
    return _become(tx, schedule, "paused", ("active",), reason=reason, changed_at=now)


def pause_all(tx: Transaction, team: str, *, reason: str, now: datetime) -> int:
    """Pause every active schedule of a team, which may have removed the app; how many there were."""
    s = schedules.c
    active_ones = update(schedules).where(s.team == team, s.state == "active")
    change = active_ones.values(state="paused", reason=reason, changed_at=now)
    return len(tx.execute(change.returning(s.id)).all())


def remove(tx: Transaction, schedule: int, *, now: datetime) -> bool:
    """False where it was removed before, or never was."""
    return _become(tx, schedule, "removed", ("active", "paused"), changed_at=now)


def fired(tx: Transaction, schedule: int, *, slot: datetime) -> None:
    """It was sent for this slot; a slot before the last one changes nothing."""
    s = schedules.c
    earlier = or_(s.last_slot.is_(None), s.last_slot < slot)
    tx.execute(update(schedules).where(s.id == schedule, earlier).values(last_slot=slot))


def _become(tx: Transaction, schedule: int, state: State, before: tuple[State, ...], **values: Any) -> bool:
    s = schedules.c
    change = update(schedules).where(s.id == schedule, s.state.in_(before)).values(state=state, **values)
    return tx.execute(change.returning(s.id)).first() is not None


def _read(tx: Transaction, wanted: ColumnElement[bool]) -> list[Schedule]:
    return [_schedule(row) for row in tx.execute(select(schedules).where(wanted).order_by(schedules.c.id))]


def _schedule(row: Row[Any]) -> Schedule:
    return Schedule(
        id=row.id,
        team=row.team,
        owner=row.owner,
        channel=row.channel,
        when=row.when,
        zone=row.zone,
        command=row.command,
        arguments=row.arguments,
        state=row.state,
        reason=row.reason,
        created_at=row.created_at,
        last_slot=row.last_slot,
    )
