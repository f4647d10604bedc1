"""What was asked, once each, until it is answered."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Row,
    Select,
    and_,
    bindparam,
    func,
    or_,
    select,
    tuple_,
    update,
)

from storage.database import Json, Transaction
from storage.tables import DEAD, heard, requests

MENTION = "mention"
"""The source of what messages ask, by naming us or by being for us alone."""


@dataclass(frozen=True, slots=True)
class Who:
    """A person, keyed by the installation's own team, also where the person comes from another one."""

    team: str
    user: str


@dataclass(frozen=True, slots=True)
class Where:
    """Where an answer belongs. ``message`` is the ts of the message that made the request, ``schedule`` the number of
    the schedule that did; ``outsider`` and ``shared`` are Slack's word that the asker, or others in the channel, belong
    to another organisation."""

    channel: str | None = None
    thread: str | None = None
    message: str | None = None
    response_url: str | None = field(default=None, repr=False)  # a secret: it must not reach a log
    schedule: int | None = None
    outsider: bool = False
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """Everything asked is one of these, whether it was typed, clicked, due or called."""

    command: str
    arguments: Mapping[str, Json]
    who: Who
    where: Where = Where()

    def __post_init__(self) -> None:
        object.__setattr__(self, "arguments", dict(self.arguments))


@dataclass(frozen=True, slots=True)
class Leased:
    """A request that is ours to answer until ``until``; ``attempts`` counts this try too."""

    id: int
    request: Request
    source: str
    attempts: int
    received_at: datetime
    until: datetime
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dead:
    """A request that was tried too often: its asker was told, and somebody should look why."""

    id: int
    command: str
    source: str
    attempts: int
    died_at: datetime


class LeaseLost(Exception):  # noqa: N818  # read as a sentence: except LeaseLost
    """Somebody else has taken this over, or it is finished: what was done here must not be written."""


def work_in(lane: str) -> str:
    """The name of the bell that rings when a request is taken in this lane."""
    return f"requests in {lane}"


def take(tx: Transaction, request: Request, *, key: str, source: str, lane: str, now: datetime) -> int | None:
    """The new request's id, or None where that key was taken before."""
    row = {
        "key": key,
        "source": source,
        "lane": lane,
        "command": request.command,
        "arguments": request.arguments,
        "team": request.who.team,
        "user": request.who.user,
        "channel": request.where.channel,
        "thread": request.where.thread,
        "message": request.where.message,
        "response_url": request.where.response_url,
        "schedule": request.where.schedule,
        "outsider": request.where.outsider,
        "shared": request.where.shared,
        "received_at": now,
        "next_at": now,
        "attempts": 0,
        "forgotten": False,
    }
    insert = tx.insert(requests).on_conflict_do_nothing(index_elements=["key"])
    taken: int | None = tx.execute(insert.returning(requests.c.id), row).scalar_one_or_none()
    if taken is not None:
        tx.announce(work_in(lane))
    return taken


def is_taken(tx: Transaction, *, key: str) -> bool:
    return tx.execute(select(requests.c.id).where(requests.c.key == key)).first() is not None


def is_taken_of_message(tx: Transaction, where: Where, *, team: str, source: str) -> bool:
    """Whether a message made a request of this source that did not fail."""
    made = and_(_made_by(where, team, source), requests.c.failed.is_(None))
    return tx.execute(select(requests.c.id).where(made).limit(1)).first() is not None


def has_failed_of_message(tx: Transaction, where: Where, *, team: str, source: str) -> bool:
    """Whether a message made a request of this source that failed."""
    made = and_(_made_by(where, team, source), requests.c.failed.is_not(None))
    return tx.execute(select(requests.c.id).where(made).limit(1)).first() is not None


def is_answered_of_message(tx: Transaction, where: Where, *, team: str, source: str) -> bool:
    """Whether no request of this source that a message made still waits for its answer."""
    waits = select(requests.c.id).where(_made_by(where, team, source), requests.c.finished_at.is_(None))
    return tx.execute(waits.limit(1)).first() is None


def _made_by(where: Where, team: str, source: str) -> ColumnElement[bool]:
    t = requests.c
    return and_(t.team == team, t.channel == where.channel, t.message == where.message, t.source == source)


def _due() -> ColumnElement[bool]:
    t = requests.c
    now: BindParameter[datetime] = bindparam("now")
    free = or_(t.leased_until.is_(None), t.leased_until <= now)
    return and_(t.finished_at.is_(None), t.lane == bindparam("lane"), t.next_at <= now, free)


def _oldest() -> Select[Any]:
    found = select(requests).where(_due()).order_by(requests.c.id).limit(bindparam("limit"))
    return found.with_for_update(of=requests, skip_locked=True)


def _of_people_who_are_not_being_answered() -> ColumnElement[bool]:
    t, other = requests.c, requests.alias("other").c
    answered = and_(
        other.finished_at.is_(None), other.lane == bindparam("lane"), other.leased_until > bindparam("now")
    )  # fmt: skip
    return tuple_(t.team, t.user).not_in(select(other.team, other.user).where(answered))


_ANY_DUE = select(requests.c.id).where(_due()).limit(1)
_OLDEST = _oldest()
_OLDEST_OF_OTHERS = _OLDEST.where(_of_people_who_are_not_being_answered())
"""Made once: what they are made of takes longer to put together than to ask for."""


def any_due(tx: Transaction, *, lane: str, now: datetime) -> bool:
    """Whether ``lease`` would find something. Only a read, for all those whom a bell wakes in vain."""
    return tx.execute(_ANY_DUE, {"lane": lane, "now": now}).first() is not None


def lease(tx: Transaction, *, lane: str, now: datetime, seconds: float, limit: int = 1) -> list[Leased]:
    """The oldest requests that wait, or whose lease is over; nobody else gets them for so many seconds. Those of people
    who are being answered in this lane come after those of others."""
    t, given = requests.c, {"lane": lane, "now": now, "limit": limit}
    rows = tx.execute(_OLDEST_OF_OTHERS, given).all() or tx.execute(_OLDEST, given).all()
    if not rows:
        return []
    token, until = uuid.uuid4().hex, now + timedelta(seconds=seconds)
    tx.execute(
        update(requests)
        .where(t.id.in_([row.id for row in rows]))
        .values(token=token, leased_until=until, attempts=t.attempts + 1)
    )
    return [
        Leased(
            id=row.id,
            request=_request(row),
            source=row.source,
            attempts=row.attempts + 1,
            received_at=row.received_at,
            until=until,
            token=token,
        )
        for row in rows
    ]


def renew(tx: Transaction, leased: Leased, *, now: datetime, seconds: float) -> Leased:
    """The same lease, longer. Raises LeaseLost where another has it."""
    until = now + timedelta(seconds=seconds)
    _change(tx, leased, leased_until=until)
    return replace(leased, until=until)


def finish(tx: Transaction, leased: Leased, *, now: datetime, failed: str | None = None, is_dead: bool = False) -> None:
    """Answered, or failed for good; ``is_dead``: tried too often to be tried again. Raises LeaseLost where another has
    it.

    What a refused request asked is kept nowhere else, so nobody could delete it: it is forgotten at once."""
    dead_at = now if is_dead else None
    over = {"finished_at": now, "failed": failed, "dead_at": dead_at}
    _change(tx, leased, **over, response_url=None, token=None, leased_until=None)
    if failed is not None:
        tx.execute(update(requests).where(requests.c.id == leased.id).values(arguments={}))
        return
    where = leased.request.where
    deleted = select(heard.c.ts).where(
        heard.c.team == leased.request.who.team,
        heard.c.channel == where.channel,
        heard.c.ts == where.message,
        heard.c.deleted_at.is_not(None),
    )
    forgotten = or_(requests.c.forgotten, deleted.exists()) if where.message is not None else requests.c.forgotten
    tx.execute(update(requests).where(requests.c.id == leased.id, forgotten).values(arguments={}))


def again(tx: Transaction, leased: Leased, *, at: datetime, counts: bool = True) -> None:
    """Give the lease back; the request is due again then. ``counts``: this was one of its attempts. Raises LeaseLost
    where another has it."""
    attempts = requests.c.attempts if counts else requests.c.attempts - 1
    _change(tx, leased, next_at=at, token=None, leased_until=None, attempts=attempts)


def free_all(tx: Transaction, *, now: datetime) -> int:
    """End every lease, and how many there were: right only where no other process works on this database."""
    t = requests.c
    leased = and_(t.finished_at.is_(None), t.leased_until.is_not(None))
    freed = tx.execute(
        update(requests).where(leased).values(token=None, leased_until=None, next_at=now).returning(t.id)
    )
    return len(freed.all())


def waiting(tx: Transaction, who: Who, *, lane: str) -> int:
    """How many requests of this person were taken and are not finished."""
    t = requests.c
    mine = and_(t.team == who.team, t.user == who.user, t.lane == lane, t.finished_at.is_(None))
    return int(tx.execute(select(func.count()).select_from(requests).where(mine)).scalar_one())


def queue_depth(tx: Transaction) -> dict[str, int]:
    """Lane by lane, how many requests are not finished."""
    t = requests.c
    by_lane = select(t.lane, func.count().label("depth")).where(t.finished_at.is_(None)).group_by(t.lane)
    return {row.lane: int(row.depth) for row in tx.execute(by_lane)}


@dataclass(frozen=True, slots=True)
class Queue:
    """How many wait, and since when the oldest does."""

    depth: int
    since: datetime | None


def queues(tx: Transaction) -> dict[str, Queue]:
    """Lane by lane, what is not finished."""
    t = requests.c
    depth, since = func.count().label("depth"), func.min(t.received_at).label("since")
    by_lane = select(t.lane, depth, since).where(t.finished_at.is_(None)).group_by(t.lane)
    return {row.lane: Queue(row.depth, row.since) for row in tx.execute(by_lane)}


def forget_when_done(tx: Transaction, request: int) -> None:
    """What was asked is kept somewhere else from now on, so that it can be deleted there."""
    tx.execute(update(requests).where(requests.c.id == request).values(forgotten=True))


def dead(tx: Transaction, *, limit: int = 20) -> list[Dead]:
    """The newest of those that were tried too often."""
    t = requests.c
    rows = tx.execute(select(requests).where(DEAD).order_by(t.dead_at.desc(), t.id.desc()).limit(limit))
    return [
        Dead(id=row.id, command=row.command, source=row.source, attempts=row.attempts, died_at=row.dead_at)
        for row in rows
    ]


def count_dead(tx: Transaction) -> int:
    return int(tx.execute(select(func.count()).select_from(requests).where(DEAD)).scalar_one())


def forget_words(tx: Transaction, *, team: str, channel: str, message: str) -> None:
    """A deleted message leaves no text: what it asked is blanked, as soon as it is answered."""
    t = requests.c
    made_by_it = and_(t.team == team, t.channel == channel, t.message == message)
    tx.execute(update(requests).where(made_by_it).values(forgotten=True))
    tx.execute(update(requests).where(made_by_it, t.finished_at.is_not(None)).values(arguments={}))


def _change(tx: Transaction, leased: Leased, **values: Any) -> None:
    mine = and_(requests.c.id == leased.id, requests.c.token == leased.token, requests.c.finished_at.is_(None))
    changed = tx.execute(update(requests).where(mine).values(**values).returning(requests.c.id))
    if changed.first() is None:
        raise LeaseLost(f"request {leased.id} is no longer ours")


def _request(row: Row[Any]) -> Request:
    return Request(
        command=row.command,
        arguments=row.arguments,
        who=Who(row.team, row.user),
        where=Where(
            channel=row.channel,
            thread=row.thread,
            message=row.message,
            response_url=row.response_url,
            schedule=row.schedule,
            outsider=row.outsider,
            shared=row.shared,
        ),
    )
