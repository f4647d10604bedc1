"""What people said, tied to what they said it about. Its three kinds of event may come in any order, and twice.

Only text of threads that are ours ever comes here: whoever calls ``keep`` has looked at the thread."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, bindparam, delete, func, select, update

from storage import anchors, messages, requests
from storage.anchors import Anchor
from storage.database import Transaction
from storage.forgetting import ANSWERED_WHAT_WAS_DELETED, leave_answers, leave_messages
from storage.tables import UNLINKED, annotation_rows, heard, revisions

BY_COMMAND = "request:"
"""How the place of a note begins that no message says; the number of its request follows."""
HOURS_A_REPLY_WAITS_FOR_ITS_THREAD = 1
"""Slack's last retry comes after five minutes. What belongs to no thread of ours by then never will."""


@dataclass(frozen=True, slots=True)
class Edit:
    """Which edit of a message it is: Slack's mark of when, which may be in whole seconds, and that of the event."""

    ts: str
    event: str | None = None

    def __lt__(self, other: Edit) -> bool:
        return self._order < other._order

    @property
    def _order(self) -> tuple[tuple[int, int], tuple[int, int]]:
        return _instant(self.ts), _instant(self.event or "0")


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

    @property
    def is_a_message(self) -> bool:
        """Whether a message in Slack says it: a reply or a mention. What was typed as a command stands nowhere."""
        return self.ts is not None and not self.ts.startswith(BY_COMMAND)


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
    edit: Edit | None = None,
) -> Annotation | None:
    """Keep what was said; None where that message is kept already, was deleted, or is a request.

    A reply has a thread. Without one a command says to keep it: that its message is a request does not matter.
    ``edit``: the text is that of an edit which came before its message.
    """
    asked = thread is None
    early = _heard(tx, team, channel, ts) if channel and ts else None
    if early is not None and (early.deleted_at is not None or (early.is_request and not asked)):
        return None
    if anchor is None and channel and thread:
        tx.lock("thread", team, channel, thread)
        ours = messages.place(tx, team=team, channel=channel, ts=thread)
        anchor = ours.anchor if ours else None
    if anchor is None:
        _forget_what_is_in_no_thread_of_ours(tx, now)
    row = {
        "team": team,
        **anchors.columns(anchor),
        "text": text,
        "kind": kind,
        "author": author,
        "persona": persona,
        "channel": channel,
        "ts": ts,
        "thread": thread,
        "permalink": permalink,
        "said_at": now,
        "edited": edit.ts if edit else None,
        "edited_event": edit.event if edit else None,
        "edited_at": now if edit else None,
    }
    insert = tx.insert(annotation_rows).on_conflict_do_nothing(index_elements=["team", "channel", "ts"])
    kept = tx.execute(insert.returning(*annotation_rows.c), row).first()
    return None if kept is None else _annotation(kept)


def one_at_a_time(tx: Transaction, *, team: str, channel: str, ts: str) -> None:
    """Whoever else has an event of this message waits until we are done."""
    tx.lock("message", team, channel, ts)


def of_message(tx: Transaction, *, team: str, channel: str, ts: str) -> Annotation | None:
    """The annotation that a message is, also one that was deleted."""
    row = tx.execute(select(annotation_rows).where(_here(team, channel, ts))).first()
    return None if row is None else _annotation(row)


def is_undecided(tx: Transaction, *, team: str, channel: str, ts: str, text: str, edit: Edit) -> bool:
    """Whether nobody can tell from its marks if this edit comes after the one that is kept: only Slack knows which text
    stands there now."""
    row = _found(tx, team, channel, ts)
    if row is None or row.deleted_at is not None or row.thread is None or row.edited is None:
        return False
    before = Edit(row.edited, row.edited_event)
    return text != row.text and not before < edit and not edit < before


def revise(
    tx: Transaction, *, team: str, channel: str, ts: str, text: str, edit: Edit | None, now: datetime
) -> Annotation | None:
    """The message was edited. None where that changes nothing, or where it is not kept. ``edit`` is None where the text
    was read from Slack just now: then it is the last one, whatever the marks say."""
    _heard(tx, team, channel, ts)
    row = _found(tx, team, channel, ts)
    if row is None or row.deleted_at is not None:
        return None
    if edit is not None:
        if row.edited is not None and not Edit(row.edited, row.edited_event) < edit:
            return None
        marks = {"edited": edit.ts, "edited_event": edit.event}
        tx.execute(update(annotation_rows).where(annotation_rows.c.id == row.id).values(**marks))
    if text == row.text:
        return None
    _revised(tx, row.id, row.text, now)
    leave_messages(tx, row.id, row.text, team=row.team, now_says=text, now=now)
    return _changed(tx, row.id, text=text, edited_at=now)


def erase(tx: Transaction, *, team: str, channel: str, ts: str, now: datetime) -> Annotation | None:
    """The message was deleted: its text leaves every table, and it is remembered that it did. The annotation that it
    was, or None."""
    _heard(tx, team, channel, ts)
    _hear(tx, team, channel, ts, now, deleted_at=now)
    requests.forget_words(tx, team=team, channel=channel, message=ts)
    leave_answers(tx, team=team, channel=channel, ts=ts, instead=ANSWERED_WHAT_WAS_DELETED, now=now)
    row = _found(tx, team, channel, ts)
    if row is None or row.deleted_at is not None:
        return None
    leave_messages(tx, row.id, row.text, team=row.team, now_says=None, now=now)
    return _changed(tx, row.id, text="", deleted_at=now, **_without_words(row))


def not_a_note(tx: Transaction, *, team: str, channel: str, ts: str, now: datetime) -> None:
    """The message is a request: it is no annotation, whichever of its events comes first. What a command kept stays."""
    _heard(tx, team, channel, ts)
    _hear(tx, team, channel, ts, now, is_request=True)
    row = _found(tx, team, channel, ts)
    if row is not None and row.thread is not None and row.deleted_at is None:
        leave_messages(tx, row.id, row.text, team=row.team, now_says=None, now=now)
        tx.execute(delete(revisions).where(revisions.c.annotation_id == row.id))
        tx.execute(delete(annotation_rows).where(annotation_rows.c.id == row.id))


def withdraw(
    tx: Transaction, annotation: int, *, instead: str = ANSWERED_WHAT_WAS_DELETED, now: datetime
) -> Annotation | None:
    """Its author takes back what they said: the text leaves every table, and answers to it say this ``instead``. None
    where it was gone already."""
    row = tx.execute(select(annotation_rows).where(annotation_rows.c.id == annotation).with_for_update()).first()
    if row is None or row.deleted_at is not None:
        return None
    if row.channel and row.ts:
        requests.forget_words(tx, team=row.team, channel=row.channel, message=row.ts)
        leave_answers(tx, team=row.team, channel=row.channel, ts=row.ts, instead=instead, now=now)
    leave_messages(tx, row.id, row.text, team=row.team, now_says=None, now=now)
    return _changed(tx, row.id, text="", deleted_at=now, **_without_words(row))


def link(tx: Transaction, annotation: int, anchor: Anchor) -> None:
    """What an annotation that waited is about."""
    waits = and_(annotation_rows.c.id == annotation, annotation_rows.c.anchor.is_(None))
    tx.execute(update(annotation_rows).where(waits).values(**anchors.columns(anchor)))


def drop(tx: Transaction, note: Annotation) -> bool:
    """Forget what waited in vain, and whether it still did, with these words."""
    a = annotation_rows.c
    waits = select(a.id).where(a.id == note.id, a.text == note.text, a.anchor.is_(None), a.deleted_at.is_(None))
    return _dropped(tx, waits)


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
    before: int | None = None,
) -> list[Annotation]:
    """What was said about a model, newest first, without what was deleted; ``before`` the annotation of this number."""
    a = annotation_rows.c
    wanted = _kept(team, kinds, before)
    for column, value in ((a.model, model), (a.evaluation, evaluation), (a.finding, finding), (a.measure, measure)):
        if value is not None:
            wanted = and_(wanted, column == value)
    rows = tx.execute(select(annotation_rows).where(wanted).order_by(a.said_at.desc(), a.id.desc()).limit(limit))
    return [_annotation(row) for row in rows]


def count(tx: Transaction, *, team: str, model: str, kinds: Collection[str] = (), before: int | None = None) -> int:
    """How many ``listed`` would list without a limit."""
    a = annotation_rows.c
    wanted = and_(_kept(team, kinds, before), a.model == model)
    return int(tx.execute(select(func.count()).select_from(annotation_rows).where(wanted)).scalar_one())


def _kept(team: str, kinds: Collection[str], before: int | None) -> ColumnElement[bool]:
    a = annotation_rows.c
    kept = and_(a.team == team, a.deleted_at.is_(None))
    if kinds:
        kept = and_(kept, a.kind.in_(tuple(kinds)))
    return kept if before is None else and_(kept, a.id < before)


def _instant(ts: str) -> tuple[int, int]:
    seconds, _, fraction = ts.partition(".")
    return int(seconds), int(fraction.ljust(6, "0"))


_HEARD = select(heard).where(
    *(column == bindparam(column.name) for column in (heard.c.team, heard.c.channel, heard.c.ts))
)


def _heard(tx: Transaction, team: str, channel: str, ts: str) -> Row[Any] | None:
    """What is known of the message already."""
    one_at_a_time(tx, team=team, channel=channel, ts=ts)
    return tx.execute(_HEARD, {"team": team, "channel": channel, "ts": ts}).first()


def _hear(tx: Transaction, team: str, channel: str, ts: str, now: datetime, **known: Any) -> None:
    row = {"team": team, "channel": channel, "ts": ts, "at": now, "is_request": False, **known}
    insert = tx.insert(heard).values(row)
    tx.execute(insert.on_conflict_do_update(index_elements=["team", "channel", "ts"], set_={"at": now, **known}))


def _forget_what_is_in_no_thread_of_ours(tx: Transaction, now: datetime) -> None:
    a = annotation_rows.c
    long_ago = now - timedelta(hours=HOURS_A_REPLY_WAITS_FOR_ITS_THREAD)
    waits_in_vain = select(a.id).where(UNLINKED, a.deleted_at.is_(None), a.said_at < long_ago)
    _dropped(tx, waits_in_vain)


def _dropped(tx: Transaction, which: Select[tuple[int]]) -> bool:
    tx.execute(delete(revisions).where(revisions.c.annotation_id.in_(which)))
    gone = tx.execute(delete(annotation_rows).where(annotation_rows.c.id.in_(which)).returning(annotation_rows.c.id))
    return gone.first() is not None


def _found(tx: Transaction, team: str, channel: str, ts: str) -> Row[Any] | None:
    return tx.execute(select(annotation_rows).where(_here(team, channel, ts)).with_for_update()).first()


def _here(team: str, channel: str, ts: str) -> ColumnElement[bool]:
    a = annotation_rows.c
    return and_(a.team == team, a.channel == channel, a.ts == ts)


def _revised(tx: Transaction, annotation: int, old_text: str, now: datetime) -> None:
    tx.execute(tx.insert(revisions).values(annotation_id=annotation, at=now, length=len(old_text)))


def _without_words(row: Row[Any]) -> dict[str, Any]:
    """What a command said a note is about was typed as well: a model and numbers stay, words go."""
    anchor = anchors.restored(row.anchor)
    if anchor is None or row.thread is not None:
        return {}
    return anchors.columns(replace(anchor, measure=None, slice=None, period=None))


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
