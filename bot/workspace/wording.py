"""Slack's written forms: what typed text becomes on the wire, and the rich text that goes with it."""

from __future__ import annotations

import re
from collections.abc import Callable

from .values import Json

MARK = re.compile(r"<(?:@[UW][A-Z0-9]+|#C[A-Z0-9]+|![a-z]+|https?://|mailto:)[^<>]*>")
MENTION = re.compile(r"<@([UW][A-Z0-9]+)(?:\|[^<>]*)?>")
CHANNEL = re.compile(r"<#(C[A-Z0-9]+)(?:\|[^<>]*)?>")
BARE_LINK = re.compile(r"(?<![\w<|])https?://[^\s<>|]*[^\s<>|.,;:!?)\]'\"]")
ESCAPED = re.compile(r"&(?!(?:amp|lt|gt);)")


def on_the_wire(text: str) -> str:
    """Typed text as Slack sends it: `&`, `<` and `>` escaped, bare addresses made links, marks left whole."""
    text = BARE_LINK.sub(lambda found: found[0] if _inside_mark(text, found.start()) else f"<{found[0]}>", text)
    pieces = []
    end = 0
    for mark in MARK.finditer(text):
        pieces += [_escaped(text[end : mark.start()]), ESCAPED.sub("&amp;", mark.group())]
        end = mark.end()
    return "".join([*pieces, _escaped(text[end:])])


def command_text(text: str, name_of: Callable[[str], str], channel_of: Callable[[str], str]) -> str:
    """The text of a slash command, where Slack writes mentions with the name behind a bar."""
    text = MENTION.sub(lambda found: f"<@{found[1]}|{name_of(found[1])}>", on_the_wire(text))
    return CHANNEL.sub(lambda found: f"<#{found[1]}|{channel_of(found[1])}>", text)


def mentioned(text: str) -> list[str]:
    return list(dict.fromkeys(MENTION.findall(text)))


def plain(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def rich_text(text: str, block_id: str) -> Json:
    """The rich_text block that Slack's client sends beside what a person typed."""
    elements: list[Json] = []
    end = 0
    for mark in MARK.finditer(text):
        if mark.start() > end:
            elements.append({"type": "text", "text": plain(text[end : mark.start()])})
        elements.append(_element(mark.group()))
        end = mark.end()
    if end < len(text):
        elements.append({"type": "text", "text": plain(text[end:])})
    section = {"type": "rich_text_section", "elements": elements}
    return {"type": "rich_text", "block_id": block_id, "elements": [section]}


def _inside_mark(text: str, place: int) -> bool:
    return any(mark.start() < place < mark.end() for mark in MARK.finditer(text))


def _escaped(text: str) -> str:
    return ESCAPED.sub("&amp;", text).replace("<", "&lt;").replace(">", "&gt;")


def _element(mark: str) -> Json:
    inside, _, label = mark[1:-1].partition("|")
    if inside[0] == "@":
        return {"type": "user", "user_id": inside[1:]}
    if inside[0] == "#":
        return {"type": "channel", "channel_id": inside[1:]}
    if inside[0] == "!":
        return {"type": "broadcast", "range": inside[1:]}
    return {"type": "link", "url": inside, "text": label or inside}
