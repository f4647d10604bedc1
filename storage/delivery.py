"""Bringing messages to Slack: who sends which one now, and what is remembered of each try."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BindParameter, Row, Select, and_, bindparam, case, delete, or_, select, tuple_, update

from storage import anchors, contents, deciding, lines, paces
from storage.busy import Stale
from storage.contents import Address, Content
from storage.database import Transaction
from storage.requests import LeaseLost, Where, Who
from storage.tables import UNSENT, WHAT_GOES_FIRST, annotation_rows, messages, pictures, places, quotes
from storage.tables import paces as paces_table

CHANNELS_TRIED = 20
"""So many channels that others were faster to take are passed over in one look."""
NOT_AHEAD: Mapping[str, timedelta] = {paces.POSTS: timedelta(0), paces.EDITS: timedelta(0)}


@dataclass(frozen=True, slots=True)
class PictureState:
    """A picture and how far its upload has come: ``completed`` when shared, ``ready`` when a block may show it;
    ``since`` is when its first step was made."""

    sha: str
    name: str
    title: str
    alt: str
    png: bytes = field(repr=False)
    file_id: str | None
    completed: bool
    ready: bool
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A message that is ours to bring to Slack until the lease is over.

    ``thread_ts`` is the thread it goes into, ``orphaned`` why there will be none; ``sending`` says that an earlier try
    began and never said how it ended; ``look_cursor`` is where the look-up for it goes on, and ``repeated`` says that
    it may be there twice. ``worded`` is the revision whose words are shown, and ``must_go`` says that they hold what
    somebody took back; ``reduced`` counts what was left out after Slack refused it. Nothing else is said in its channel
    until ``channel_until``. ``brings_picture``: it is there, and its picture is on the way."""

    id: int
    key: str
    kind: str
    address: Address
    otherwise: tuple[tuple[str, str], ...]
    thread_ts: str | None
    orphaned: str | None
    ts: str | None
    content: Content
    picture: PictureState | None
    wanted: int
    shown: int
    worded: int
    reduced: int
    attempts: int
    sending: bool
    first_sent_at: datetime | None
    look_cursor: str | None
    repeated: bool
    must_go: bool
    token: str
    channel_until: datetime | None
    brings_picture: bool
    trace: str | None = None


def lease(
    tx: Transaction, *, now: datetime, seconds: float, gap: float = 0.0, ahead: Mapping[str, timedelta] = NOT_AHEAD
) -> Due | None:
    """A message to show now; nobody else gets it for so long. What shows words that were taken back goes first,
    then the oldest wish.

    In a channel ``gap`` seconds lie between two messages, whoever sends them: the channel is taken together with the
    lease. Steps of a picture say nothing in the channel, and what one person alone sees does not count. Posts and edits
    wait while their methods are further ``ahead`` of their pace than that."""
    moments = {"now": now, "posts_by": now + ahead[paces.POSTS], "edits_by": now + ahead[paces.EDITS]}
    passed: list[tuple[str, str]] = []
    while len(passed) < CHANNELS_TRIED:
        row = tx.execute(_not_among(passed), moments).first()
        if row is None:
            return None
        place = (row.team, row.channel)
        channel_until = None
        if gap and row.kind == "message" and not row.brings_picture:
            # Not waiting: two that wait for each other's channels would stand still.
            taken = paces.take(tx, team=row.team, what=row.channel, seconds=gap, now=now, wait=False)
            if taken is not None:
                passed.append(place)
                continue
            channel_until = now + timedelta(seconds=gap)
        return _leased(tx, row.id, now + timedelta(seconds=seconds), channel_until)
    return None


def begin(tx: Transaction, due: Due, *, now: datetime, seconds: float, repeated: bool = False) -> None:
    """Remember, before Slack is called, that a try begins; the lease lasts for so long from here, longer than the call.
    ``repeated``: an earlier try may have arrived unseen.

    Raises LeaseLost where another has the message, and Stale where an answer for one person has other words since it
    was leased: it is sent once, so they must be the last ones."""
    row = _locked(tx, due)
    if row.token != due.token:
        raise LeaseLost(f"message {due.id} is no longer ours")
    if row.kind != "message" and row.wanted != due.wanted:
        raise Stale(f"message {due.id} was changed since it was read")
    _set(
        tx,
        due,
        sending=True,
        first_sent_at=row.first_sent_at or now,
        look_cursor=None,
        repeated=row.repeated or repeated,
        leased_until=now + timedelta(seconds=seconds),
    )


def shown(
    tx: Transaction,
    due: Due,
    *,
    ts: str | None,
    revision: int,
    now: datetime,
    worded: int | None = None,
    channel: str | None = None,
) -> None:
    """Slack shows this revision, at this ts: the place is remembered, replies of ours that waited for it are free, and
    annotations of its thread that came before are linked. ``revision`` 0: it is there, but not yet whole.
    ``worded`` is the revision whose words stand there, where it is another one: what it no longer quotes is forgotten.
    ``channel`` is where it stands: what was sent to a person stands in the conversation with them.

    It is written even where the lease was lost meanwhile: what Slack shows is a fact. The address that it was asked
    from is a secret and not needed any more."""
    row = _locked(tx, due)
    if row.kind != "message":
        revision = row.wanted  # what one person saw can't be changed, and is not sent again
    words = revision if worded is None else worded
    values: dict[str, Any] = {
        "ts": ts if ts is not None else row.ts,
        "channel": channel or row.channel,
        "shown": max(min(revision, row.wanted), row.shown),
        "worded": max(min(words, row.wanted), row.worded),
        "attempts": 0,
        "reason": None,
        "failed": None,
        **_NOTHING_UNKNOWN,
    }
    if values["worded"] >= row.wanted:
        values["must_go"] = False
        tx.execute(delete(quotes).where(quotes.c.message_id == row.id, quotes.c.annotation_id.not_in(row.quotes)))
    if row.token == due.token:
        values |= {"token": None, "leased_until": None, "next_at": now}
    if values["ts"] is not None or values["shown"] >= row.wanted:
        values["response_url"] = None
    _set(tx, due, **values)
    if ts is not None:
        _remember_place(tx, row, channel or row.channel, ts, now)
        tx.announce(contents.WORK)


def picture_state(
    tx: Transaction,
    due: Due,
    *,
    since: datetime | None = None,
    file_id: str | None = None,
    completed: bool | None = None,
    ready: bool | None = None,
) -> None:
    """Remember a step of the upload; what is None stays as it was, an empty ``file_id`` forgets the file."""
    if due.picture is None:
        return
    given = {
        "file_since": since,
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


def postpone(tx: Transaction, due: Due, *, at: datetime, reason: str, counts: bool = True) -> None:
    """Give the lease back; the message is due again then. Whether an earlier try arrived stays as unknown as it was.
    What does not count is no attempt: Slack, or our own pace, only asked for patience. Nothing was said then, so the
    channel is free for others."""
    if not counts and due.channel_until is not None:
        team, channel = due.address.team, due.address.channel
        paces.give_back(tx, team=team, what=channel, until=due.channel_until)
    attempts = messages.c.attempts if counts else messages.c.attempts - 1
    _set_if_ours(tx, due, next_at=at, reason=reason, attempts=attempts, token=None, leased_until=None)


def not_sent(tx: Transaction, due: Due) -> None:
    """Slack said that it did not take the last try, or a look-up did: nothing is unknown any more."""
    _set_if_ours(tx, due, **_NOTHING_UNKNOWN)


def look_further(tx: Transaction, due: Due, *, cursor: str | None, at: datetime) -> None:
    """The look-up for an earlier try has not come to its end; it goes on from there."""
    _set_if_ours(tx, due, look_cursor=cursor, next_at=at, attempts=messages.c.attempts - 1, **_FREE)


def lost(tx: Transaction, due: Due, *, now: datetime) -> None:
    """The message was deleted in Slack: it is posted anew. The former place still leads to it."""
    row = _locked(tx, due)
    values: dict[str, Any] = {"next_at": now, **_NOTHING_UNKNOWN}
    if row.ts == due.ts:
        values |= {"ts": None, "shown": 0, "worded": 0, "must_go": False, "wanted_at": now}
    if row.token == due.token:
        values |= _FREE
    _set(tx, due, **values)
    tx.announce(contents.WORK)


def give_up(tx: Transaction, due: Due, *, reason: str, now: datetime) -> None:
    """Not tried any more, unless it is wanted again."""
    _set_if_ours(
        tx, due, failed=reason, reason=reason, next_at=now, response_url=None, **_NOTHING_UNKNOWN, **_FREE
    )  # fmt: skip
    tx.announce(contents.WORK)  # those behind it in its thread


def redirect(tx: Transaction, due: Due, *, kind: str, channel: str, now: datetime) -> None:
    """Slack refused it where it was to go: it goes to the next place instead, outside of any thread."""
    elsewhere = channel != due.address.channel
    values: dict[str, Any] = {"kind": kind, "channel": channel, "response_url": None, "reduced": 0, "next_at": now}
    if elsewhere:
        values |= {"thread": None, "parent": None, "line": None}
    if due.address.response_url is None:
        values["otherwise"] = list(due.otherwise[1:])
    _set_if_ours(tx, due, **values, **_NOTHING_UNKNOWN, **_FREE)
    tx.announce(contents.WORK)


def reduce(tx: Transaction, due: Due, *, to: int, now: datetime) -> None:
    """Slack refused a part of it: the rest is sent without, as the level says that whoever sends it knows."""
    _set_if_ours(tx, due, reduced=to, next_at=now, **_FREE)
    tx.announce(contents.WORK)


def free_all(tx: Transaction, *, now: datetime, arrived_at: datetime) -> None:
    """End every lease: right only where no other process sends from this database.

    What was being sent is due at ``arrived_at``, when a look-up will see it if it arrived; the rest is due now."""
    m = messages.c
    leased = m.leased_until.is_not(None)
    tx.execute(update(messages).where(leased, m.sending.is_(True)).values(**_FREE, next_at=arrived_at))
    tx.execute(update(messages).where(leased, m.sending.is_(False)).values(**_FREE, next_at=now))


_FREE: dict[str, Any] = {"token": None, "leased_until": None}
_NOTHING_UNKNOWN: dict[str, Any] = {"sending": False, "first_sent_at": None, "look_cursor": None}
_BRINGS_PICTURE = and_(
    messages.c.kind == "message",
    messages.c.ts.is_not(None),
    messages.c.picture.is_not(None),
    messages.c.file_ready.is_(False),
    messages.c.reduced == 0,
)


def _not_among(passed: list[tuple[str, str]]) -> Select[Any]:
    """What goes first now, apart from the channels that were passed over."""
    return _FIRST_DUE.where(tuple_(messages.c.team, messages.c.channel).not_in(passed)) if passed else _FIRST_DUE


def _first_due() -> Select[Any]:
    m, p = messages.c, paces_table.c
    now: BindParameter[datetime] = bindparam("now")
    parent = messages.alias("parent")
    parent_is_settled = (
        select(parent.c.id)
        .where(parent.c.key == m.parent, or_(parent.c.ts.is_not(None), parent.c.failed.is_not(None)))
        .exists()
    )
    speaks_in = case((m.kind == "message", m.channel), else_=paces.EVERYTHING)
    rests = select(p.what).where(p.team == m.team, p.what.in_([paces.EVERYTHING, speaks_in]), p.free_at > now).exists()
    ready = [
        UNSENT,
        m.next_at <= now,
        or_(m.leased_until.is_(None), m.leased_until <= now),
        or_(m.parent.is_(None), m.thread.is_not(None), m.ts.is_not(None), parent_is_settled),
        or_(m.ts.is_not(None), m.line.is_(None), ~lines.earlier_in_line()),
        ~rests,
        ~_method_rests().exists(),
    ]
    columns = (m.id, m.team, m.channel, m.kind, _BRINGS_PICTURE.label("brings_picture"))
    first = select(*columns).where(*ready).order_by(*WHAT_GOES_FIRST).limit(1)
    return first.with_for_update(skip_locked=True, of=messages)


def _method_rests() -> Select[Any]:
    """A post or an edit whose method is not to be called yet. A message that may be there already is looked for first,
    one whose picture is on the way brings that, and one that is to go is deleted."""
    m, p = messages.c, paces_table.c
    posts: BindParameter[datetime] = bindparam("posts_by")
    edits: BindParameter[datetime] = bindparam("edits_by")
    is_post = and_(m.ts.is_(None), m.sending.is_(False), p.what == paces.POSTS, p.free_at > posts)
    is_edit = and_(m.ts.is_not(None), ~_BRINGS_PICTURE, m.text != "", p.what == paces.EDITS, p.free_at > edits)
    return select(p.what).where(m.kind == "message", p.team == m.team, or_(is_post, is_edit)).correlate(messages)


def _whole() -> Select[Any]:
    parent = messages.alias("parent")
    return (
        select(
            messages,
            _BRINGS_PICTURE.label("brings_picture"),
            pictures.c.png,
            parent.c.ts.label("parent_ts"),
            parent.c.failed.label("parent_failed"),
        )
        .outerjoin(pictures, pictures.c.sha == messages.c.picture)
        .outerjoin(parent, parent.c.key == messages.c.parent)
        .where(messages.c.id == bindparam("message"))
    )


_FIRST_DUE, _WHOLE = _first_due(), _whole()
"""Made once: what they are made of takes longer to put together than to ask for."""


def _leased(tx: Transaction, message: int, until: datetime, channel_until: datetime | None) -> Due:
    token = uuid.uuid4().hex
    ours = update(messages).where(messages.c.id == message)
    tx.execute(ours.values(token=token, leased_until=until, attempts=messages.c.attempts + 1))
    return _as_due(tx.execute(_WHOLE, {"message": message}).one(), token, channel_until)


def _as_due(row: Row[Any], token: str, channel_until: datetime | None) -> Due:
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
            since=row.file_since,
        )
    thread_ts = row.thread or row.parent_ts
    return Due(
        id=row.id,
        key=row.key,
        kind=row.kind,
        address=contents.address(row),
        otherwise=tuple((kind, channel) for kind, channel in row.otherwise or ()),
        thread_ts=thread_ts,
        orphaned=row.parent_failed if thread_ts is None else None,
        ts=row.ts,
        content=contents.restored(row, png=row.png),
        picture=picture,
        wanted=row.wanted,
        shown=row.shown,
        worded=row.worded,
        reduced=row.reduced,
        attempts=row.attempts,
        sending=row.sending,
        first_sent_at=row.first_sent_at,
        look_cursor=row.look_cursor,
        repeated=row.repeated,
        must_go=row.must_go,
        token=token,
        channel_until=channel_until,
        brings_picture=bool(row.brings_picture),
        trace=row.trace,
    )


def _remember_place(tx: Transaction, row: Row[Any], channel: str, ts: str, now: datetime) -> None:
    """Replies that came before their thread was known are about what it is about, or have it decided which model of
    several they are about."""
    tx.lock("thread", row.team, channel, ts)
    place = {"team": row.team, "channel": channel, "ts": ts, "message_id": row.id}
    tx.execute(tx.insert(places).values(place).on_conflict_do_nothing(index_elements=["team", "channel", "ts"]))
    anchor = anchors.restored(row.anchor)
    a = annotation_rows.c
    waits = and_(a.team == row.team, a.channel == channel, a.thread == ts, a.anchor.is_(None))
    if anchor is not None:
        tx.execute(update(annotation_rows).where(waits).values(**anchors.columns(anchor)))
    elif contents.known_models(row.models):
        for reply in tx.execute(select(a.author, a.ts).where(waits, a.deleted_at.is_(None))).all():
            where = Where(channel=channel, thread=ts, message=reply.ts)
            deciding.take(tx, who=Who(row.team, reply.author), where=where, now=now)


def _locked(tx: Transaction, due: Due) -> Row[Any]:
    return tx.execute(select(messages).where(messages.c.id == due.id).with_for_update()).one()


def _set(tx: Transaction, due: Due, **values: Any) -> None:
    tx.execute(update(messages).where(messages.c.id == due.id).values(**values))


def _set_if_ours(tx: Transaction, due: Due, **values: Any) -> None:
    tx.execute(update(messages).where(messages.c.id == due.id, messages.c.token == due.token).values(**values))
