"""How a text that was deleted or edited leaves the messages that quote it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from sqlalchemy import and_, select, update

from storage import contents, people
from storage.busy import Stale
from storage.contents import Content
from storage.database import Json, Transaction
from storage.quoting import DELETED, FEWEST_LETTERS, corrected, escaped, is_quoted, requoted, shortened
from storage.tables import annotation_rows, heard, messages, quotes, requests

EDITED = "(edited)"
ANSWERED_WHAT_WAS_DELETED = "The message that I answered here was deleted."
ANSWERED_WHAT_WAS_EDITED = "The message that I answered here was edited."
HERE = "\0"  # no stored text holds it
MENTION = re.compile(r"(?:<|\\&lt;)@[UW][A-Z0-9]+(?:>|\\&gt;)")
"""A mention as it is kept, in an escaped pattern. Messages show the person's name, which may have changed since."""
ANY_NAME = "@.{1,80}?"
TELLING_RUN = 16
"""So many letters in a row that a string shares with a deleted text are a piece of it, not a chance."""
MACHINES = ("type", "block_id", "action_id", "id")
"""Only what people read is changed, never these of a block's fields."""


def leave_messages(
    tx: Transaction, annotation: int, said: str, *, team: str, now_says: str | None, now: datetime
) -> None:
    """Take what an annotation said out of every message that quotes it; those messages are wanted anew."""
    quoting = select(quotes.c.message_id).where(quotes.c.annotation_id == annotation)
    rows = tx.execute(select(messages).where(messages.c.id.in_(quoting)).order_by(messages.c.id).with_for_update())
    shows = people.with_names(tx, team, now_says) if now_says is not None else None
    for row in rows.all():
        before = contents.restored(row, png=b"")
        is_shown_only = annotation not in before.quotes  # by the words that Slack shows still
        after = before if is_shown_only else without(before, annotation, said, now_says=shows)
        if now_says is None:
            after = replace(after, quotes=tuple(quoted for quoted in before.quotes if quoted != annotation))
        if after != before or is_shown_only:
            contents.replace_words(tx, row, after, now=now)
            tx.execute(update(messages).where(messages.c.id == row.id).values(must_go=True))


def leave_answers(tx: Transaction, *, team: str, channel: str, ts: str, instead: str, now: datetime) -> None:
    """Answers that may repeat what this message said, such as why it could not be read, say this instead."""
    t = requests.c
    refused = and_(t.team == team, t.channel == channel, t.message == ts, t.failed.is_not(None))
    tx.execute(update(requests).where(refused).values(failed=instead))
    place = and_(messages.c.team == team, messages.c.repeats == contents.place_of(channel, ts))
    for row in tx.execute(select(messages).where(place).order_by(messages.c.id).with_for_update()).all():
        contents.replace_words(tx, row, _emptied(contents.restored(row, png=b""), instead), now=now)
        tx.execute(update(messages).where(messages.c.id == row.id).values(must_go=True))


def unless_deleted(tx: Transaction, content: Content, *, team: str) -> Content:
    """The content, or that what it answers was deleted meanwhile: a deletion finds it, or is found by it."""
    if content.repeats is None:
        return content
    channel, _, ts = content.repeats.partition(":")
    tx.lock("message", team, channel, ts)
    here = and_(heard.c.team == team, heard.c.channel == channel, heard.c.ts == ts, heard.c.deleted_at.is_not(None))
    is_gone = tx.execute(select(heard.c.ts).where(here)).first() is not None
    return _emptied(content, ANSWERED_WHAT_WAS_DELETED) if is_gone else content


def _emptied(content: Content, instead: str) -> Content:
    return replace(content, text=instead, blocks=(), quotes=(), repeats=None)


def with_last_words(tx: Transaction, content: Content, *, team: str) -> Content:
    """The content with what the annotations that it quotes say now: one may have been edited since it was read.

    Their rows stay locked until the message is there, so that an edit or a deletion finds it. Raises Stale where one
    was deleted."""
    if not content.quotes:
        return content
    a = annotation_rows.c
    quoted = select(a.id, a.text, a.edited_at, a.deleted_at).where(a.id.in_(content.quotes)).order_by(a.id)
    rows = tx.execute(quoted.with_for_update(read=True)).all()
    gone = [row.id for row in rows if row.deleted_at is not None]
    if gone:
        raise Stale(f"annotation {gone[0]} was deleted since it was read")
    for row in rows:
        if row.edited_at is not None:
            says = people.with_names(tx, team, row.text)
            content = _changed(content, partial(corrected, note=row.id, says=says))
    return content


def without(content: Content, annotation: int, said: str, *, now_says: str | None = None) -> Content:
    """The content without what an annotation said, or with what it says now."""
    if any(is_quoted(text, annotation) for text in _leaves([content.text, *content.blocks])):
        return _changed(content, lambda text: requoted(text, annotation, now_says))
    return _searched(content, annotation, said, now_says)


def _searched(content: Content, annotation: int, said: str, now_says: str | None) -> Content:
    """Messages from before quotations had their form: the text is looked for as it was written and as Slack wants it
    escaped, whole and line by line. A line that holds a piece of it, because it was shortened or broken otherwise, is
    replaced whole, and so is one that bears the annotation's id. Where nothing is found, nothing of it all can stay."""
    after = _changed(content, _swap(annotation, said, now_says))
    return after if after != content else replace(content, text=_piece_instead(now_says), blocks=())


def _changed(content: Content, swap: Callable[[str], str]) -> Content:
    picture = content.picture
    if picture is not None:
        picture = replace(picture, title=swap(picture.title), alt=swap(picture.alt))
    blocks = tuple(_in_leaves(block, swap) for block in content.blocks)
    return replace(content, text=swap(content.text), blocks=blocks, picture=picture)


def _piece_instead(now_says: str | None) -> str:
    return DELETED if now_says is None else EDITED


def _swap(annotation: int, said: str, now_says: str | None) -> Callable[[str], str]:
    said = said.strip()
    whole, lines = _forms([said]), _forms(said.splitlines())
    new = escaped(now_says.strip()) if now_says is not None else DELETED
    instead, piece_instead = shortened(new, max(len(said), FEWEST_LETTERS)), _piece_instead(now_says)
    runs, id_ = _runs(said), re.compile(rf"(?<![\w-])A-{annotation}(?!\d)")

    def is_piece(text: str) -> bool:
        return not runs.isdisjoint(_runs(text))

    def is_left(line: str) -> bool:
        return id_.search(line) is not None and HERE not in line and piece_instead not in line

    def swap_line(line: str) -> str:
        indent = line[: len(line) - len(line.lstrip("> "))]
        return indent + piece_instead if is_piece(line) or is_left(line) else line

    def swap(text: str) -> str:
        for form in whole:
            text = form.sub(HERE, text)  # not yet the new text, which may well hold pieces of the old one
        for form in lines:
            text = form.sub(piece_instead, text)
        text = "\n".join(swap_line(line) for line in text.split("\n"))
        return (piece_instead if is_piece(text) else text).replace(HERE, instead)

    return swap


def _forms(texts: Sequence[str]) -> list[re.Pattern[str]]:
    """Each text by itself, not inside a word: escaped as Slack wants it, and as it was written."""
    stripped = [text.strip() for text in sorted(texts, key=len, reverse=True)]
    forms = dict.fromkeys(form for text in stripped for form in (escaped(text), text) if form)
    return [re.compile(rf"(?<!\w){MENTION.sub(ANY_NAME, re.escape(form))}(?!\w)") for form in forms]


def _runs(text: str) -> set[str]:
    letters = "".join(re.findall(r"\w", _unescaped(text))).lower()
    return {letters[i : i + TELLING_RUN] for i in range(len(letters) - TELLING_RUN + 1)}


def _unescaped(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _in_leaves(value: Json, swap: Callable[[str], str], key: str = "") -> Json:
    if isinstance(value, str):
        return value if key in MACHINES else swap(value)
    if isinstance(value, list):
        return [_in_leaves(part, swap, key) for part in value]
    if isinstance(value, dict):
        return {name: _in_leaves(part, swap, name) for name, part in value.items()}
    return value


def _leaves(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _leaves(part)
