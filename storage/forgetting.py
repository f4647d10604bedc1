"""How a text that was deleted or edited leaves the messages that quote it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import delete, select

from storage import contents
from storage.contents import Content
from storage.database import Json, Transaction
from storage.tables import messages, quotes

DELETED = "(deleted)"
EDITED = "(edited)"
HERE = "\0"  # no stored text holds it
MENTION = re.compile(r"(?:<|\\&lt;)@[UW][A-Z0-9]+(?:>|\\&gt;)")
"""A mention as it is kept, in an escaped pattern. Messages show the person's name, which may have changed since."""
ANY_NAME = "@.{1,80}?"
TELLING_RUN = 16
"""So many letters in a row that a string shares with a deleted text are a piece of it, not a chance."""


def leave_messages(tx: Transaction, annotation: int, said: str, *, now_says: str | None, now: datetime) -> None:
    """Take what an annotation said out of every message that quotes it; those messages are wanted anew."""
    quoting = select(quotes.c.message_id).where(quotes.c.annotation_id == annotation)
    rows = tx.execute(select(messages).where(messages.c.id.in_(quoting)).order_by(messages.c.id).with_for_update())
    for row in rows.all():
        before = contents.restored(row, png=b"")
        after = without(before, said, now_says=now_says)
        if now_says is None:
            after = replace(after, quotes=tuple(quoted for quoted in before.quotes if quoted != annotation))
        if after != before:
            contents.replace_words(tx, row, after, now=now)
    if now_says is None:
        tx.execute(delete(quotes).where(quotes.c.annotation_id == annotation))


def without(content: Content, said: str, *, now_says: str | None = None) -> Content:
    """The content without a text that was deleted, or with what now stands in its place.

    The text is looked for as it was written and as Slack wants it escaped, whole and line by line; a line that holds a
    piece of it, because it was shortened or broken otherwise, is replaced whole.
    """
    swap = _swap(said, now_says)
    picture = content.picture
    if picture is not None:
        picture = replace(picture, title=swap(picture.title), alt=swap(picture.alt))
    blocks = tuple(_in_leaves(block, swap) for block in content.blocks)
    return replace(content, text=swap(content.text), blocks=blocks, picture=picture)


def escaped(text: str) -> str:
    """As Slack's markup wants it."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _swap(said: str, now_says: str | None) -> Callable[[str], str]:
    said = said.strip()
    whole, lines = _forms([said]), _forms(said.splitlines())
    instead = DELETED if now_says is None else _no_longer(escaped(now_says.strip()), than=max(len(said), 80))
    piece_instead = DELETED if now_says is None else EDITED
    runs = _runs(said)

    def is_piece(text: str) -> bool:
        return not runs.isdisjoint(_runs(text))

    def swap_line(line: str) -> str:
        return line[: len(line) - len(line.lstrip("> "))] + piece_instead if is_piece(line) else line

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


def _no_longer(text: str, *, than: int) -> str:
    """A quotation must not outgrow the block that holds it; an escaped sign is not cut in two."""
    return text if len(text) <= than else re.sub(r"&\w*$", "", text[: than - 1]) + "…"


def _runs(text: str) -> set[str]:
    letters = "".join(re.findall(r"\w", _unescaped(text))).lower()
    return {letters[i : i + TELLING_RUN] for i in range(len(letters) - TELLING_RUN + 1)}


def _unescaped(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _in_leaves(value: Json, swap: Callable[[str], str], key: str = "") -> Json:
    """Only what people read is changed: a block's type and ids are the machine's."""
    if isinstance(value, str):
        return value if key in ("type", "block_id", "action_id", "id") else swap(value)
    if isinstance(value, list):
        return [_in_leaves(part, swap, key) for part in value]
    if isinstance(value, dict):
        return {name: _in_leaves(part, swap, name) for name, part in value.items()}
    return value
