"""What grows with traffic is removed after a while, in small pieces; what a thread or a card lives by stays.

Gone are answered requests, answers that one person saw, and the words and pictures of messages that Slack shows. A
message's ts, place, key, anchor and file stay: a reply in an old thread is still ours, and an old card can be edited.
Notes, evaluations and findings are no traffic: they live as long as their model.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Executable, and_, delete, func, or_, select, tuple_, update

from storage.database import Database, Transaction
from storage.tables import (
    SEEN_AGAIN,
    WITH_WORDS,
    annotation_rows,
    chores,
    finding_events,
    heard,
    messages,
    pictures,
    places,
    quotes,
    requests,
    revisions,
)

ROWS_AT_ONCE = 500
PICTURES_AT_ONCE = 50
MOST_PIECES = 400
"""Of one kind in one sweep: what is left then waits for the next."""
PAGES_AT_ONCE = 500

Step = Callable[[Transaction, datetime, datetime], int]


def take_turn(tx: Transaction, *, now: datetime, every: timedelta) -> bool:
    """Whether it is our turn to sweep: of all processes one, once in so long."""
    first = tx.insert(chores).values(name="sweep", next_at=now)
    tx.execute(first.on_conflict_do_nothing(index_elements=["name"]))
    due = update(chores).where(chores.c.name == "sweep", chores.c.next_at <= now).values(next_at=now + every)
    return tx.execute(due.returning(chores.c.name)).first() is not None


def sweep(
    database: Database, *, now: datetime, keep: timedelta, stopping: Callable[[], bool] = lambda: False
) -> dict[str, int]:
    """Remove what is older than ``keep``; how many rows of each kind. It may end at any time: the next goes on."""
    swept = {name: _swept(database, step, now - keep, now, stopping) for name, step in STEPS.items()}
    for _ in range(MOST_PIECES):
        if stopping() or not database.shrink(pages=PAGES_AT_ONCE):
            break
    return {name: count for name, count in swept.items() if count}


def _swept(database: Database, step: Step, before: datetime, now: datetime, stopping: Callable[[], bool]) -> int:
    total = 0
    for _ in range(MOST_PIECES):
        if stopping():
            break
        with database.transaction() as tx:
            count = step(tx, before, now)
        total += count
        if count == 0:
            break
    return total


def _answered_requests(tx: Transaction, before: datetime, _: datetime) -> int:
    """With their keys: Slack delivers again for a day at most, and no slot of a schedule comes back."""
    old = select(requests.c.id).where(requests.c.finished_at < before).limit(ROWS_AT_ONCE)
    return _count(tx, delete(requests).where(requests.c.id.in_(old)).returning(requests.c.id))


def _answers(tx: Transaction, before: datetime, _: datetime) -> int:
    """What one person saw, and what was never posted: neither can be edited, and nobody can reply to it."""
    m = messages.c
    nowhere = or_(m.kind != "message", and_(m.ts.is_(None), m.failed.is_not(None)))
    never_there = ~select(places.c.ts).where(places.c.message_id == m.id).exists()
    old = select(m.id).where(_at_rest(before), nowhere, never_there, WITH_WORDS).limit(ROWS_AT_ONCE)
    found = tx.execute(old.with_for_update(skip_locked=True)).scalars().all()
    tx.execute(delete(quotes).where(quotes.c.message_id.in_(found)))
    return _count(tx, delete(messages).where(m.id.in_(found)).returning(m.id)) if found else 0


def _words(tx: Transaction, before: datetime, now: datetime) -> int:
    """A message that quotes a note keeps its words: when the note is deleted, they are what is edited."""
    m = messages.c
    quotes_nothing = ~select(quotes.c.message_id).where(quotes.c.message_id == m.id).exists()
    old = select(m.id).where(_at_rest(before), m.ts.is_not(None), quotes_nothing, WITH_WORDS).limit(ROWS_AT_ONCE)
    found = tx.execute(old.with_for_update(skip_locked=True)).scalars().all()
    emptied = update(messages).where(m.id.in_(found)).values(text="", blocks=[], emptied_at=now)
    return _count(tx, emptied.returning(m.id)) if found else 0


def _picture_bytes(tx: Transaction, before: datetime, _: datetime) -> int:
    """Slack has the file. One that never became ready there leaves its message."""
    m, p = messages.c, pictures.c
    needed = select(m.id).where(m.picture == p.sha, ~_at_rest(before)).exists()
    unneeded = and_(func.length(p.png) > 0, ~needed)
    found = tx.execute(select(p.sha).where(unneeded).order_by(p.sha).limit(PICTURES_AT_ONCE)).scalars().all()
    for sha in found:
        tx.lock("picture", sha)  # whoever wants it meanwhile has said so, or waits and brings the bytes again
    none = {"picture": None, "picture_name": None, "picture_title": None, "picture_alt": None}
    without_bytes = update(pictures).where(p.sha.in_(found), unneeded).values(png=b"").returning(p.sha)
    gone = tx.execute(without_bytes).scalars().all() if found else []
    tx.execute(update(messages).where(m.picture.in_(gone), m.file_ready.is_(False)).values(**none))
    return len(gone)


def _heard(tx: Transaction, before: datetime, _: datetime) -> int:
    """What was known of messages whose events came in another order."""
    h = heard.c
    key = tuple_(h.team, h.channel, h.ts)
    old = select(h.team, h.channel, h.ts).where(h.at < before).limit(ROWS_AT_ONCE)
    return _count(tx, delete(heard).where(key.in_(old)).returning(h.ts))


def _sightings(tx: Transaction, before: datetime, _: datetime) -> int:
    """That a finding was there again, as often as it was evaluated; the finding itself has counted it."""
    e = finding_events.c
    old = select(e.id).where(SEEN_AGAIN, e.at < before).limit(ROWS_AT_ONCE)
    return _count(tx, delete(finding_events).where(e.id.in_(old)).returning(e.id))


def _unlinked_notes(tx: Transaction, before: datetime, _: datetime) -> int:
    """What waited for a message of ours that never came."""
    a = annotation_rows.c
    old = select(a.id).where(a.anchor.is_(None), a.said_at < before).limit(ROWS_AT_ONCE)
    found = tx.execute(old.with_for_update(skip_locked=True)).scalars().all()
    tx.execute(delete(revisions).where(revisions.c.annotation_id.in_(found)))
    return _count(tx, delete(annotation_rows).where(a.id.in_(found)).returning(a.id)) if found else 0


def _at_rest(before: datetime) -> ColumnElement[bool]:
    """Slack shows the message as it was wanted, or it was given up; and that was some time ago."""
    m = messages.c
    return and_(m.wanted_at < before, or_(m.shown >= m.wanted, m.failed.is_not(None)), m.leased_until.is_(None))


def _count(tx: Transaction, changing: Executable) -> int:
    return len(tx.execute(changing).all())


STEPS: Mapping[str, Step] = {
    "requests": _answered_requests,
    "answers": _answers,
    "words": _words,
    "pictures": _picture_bytes,
    "heard": _heard,
    "sightings": _sightings,
    "unlinked": _unlinked_notes,
}
