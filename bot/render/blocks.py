"""Block Kit's pieces, each within Slack's limits; text that we did not write is escaped before it comes here."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from storage.database import Json

Block = dict[str, Any]

HEADER_MOST = 150
SECTION_MOST = 3000
CONTEXT_MOST = 2000
BUTTON_MOST = 75
BUTTON_VALUE_MOST = 2000
TITLE_MOST = 2000
TEXT_MOST = 3500
PICTURE = "picture"


def escape(text: str) -> str:
    """Slack's three control signs, so that no word of a stranger becomes a link, a mention or a format."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def cut(text: str, most: int) -> str:
    """The text, or its start and an ellipsis, never in the middle of an escape."""
    if len(text) <= most:
        return text
    start = text[: most - 1]
    escape_begins = start.rfind("&", len(start) - 4)
    if escape_begins >= 0 and ";" not in start[escape_begins:]:
        start = start[:escape_begins]
    return start.rstrip() + "…"


def header(text: str) -> Block:
    return {"type": "header", "text": {"type": "plain_text", "text": cut(text, HEADER_MOST), "emoji": True}}


def section(text: str, *, block_id: str | None = None) -> Block:
    block: Block = {"type": "section", "text": {"type": "mrkdwn", "text": cut(text, SECTION_MOST)}}
    return block if block_id is None else block | {"block_id": block_id}


def context(*texts: str) -> Block:
    elements = [{"type": "mrkdwn", "text": cut(t, CONTEXT_MOST)} for t in texts[:10]]
    return {"type": "context", "elements": elements}


def divider() -> Block:
    return {"type": "divider"}


def picture(alt: str) -> Block:
    """Where the message's picture goes; until there is a file the gateway leaves the block out.

    It has no title of its own: the chart has one."""
    return {
        "type": "image",
        "block_id": PICTURE,
        "slack_file": {"id": ""},
        "alt_text": cut(alt, TITLE_MOST),
    }


def button(
    text: str, command: str, arguments: Mapping[str, Json], *, style: str | None = None, label: str | None = None
) -> Block:
    """A button that is a command: its value carries the request, and rights are checked on every click."""
    value = json.dumps({"command": command, "arguments": arguments}, ensure_ascii=False, separators=(",", ":"))
    if len(value) > BUTTON_VALUE_MOST:
        raise ValueError(f"the button {text!r} would carry {len(value)} characters")
    block: Block = {
        "type": "button",
        "text": {"type": "plain_text", "text": cut(text, BUTTON_MOST), "emoji": True},
        "action_id": f"ask:{command}",
        "value": value,
    }
    if style is not None:
        block["style"] = style
    if label is not None:
        block["accessibility_label"] = cut(label, BUTTON_MOST)
    return block


def actions(*buttons: Block) -> Block:
    return {"type": "actions", "elements": list(buttons)}


def with_picture(blocks: Sequence[Json], file_id: str | None) -> list[Any]:
    """The blocks with the picture's file in its place, or without that place where there is no file yet."""
    if file_id is None:
        return without_pictures(blocks)
    return [b | {"slack_file": {"id": file_id}} if _is_picture(b) and isinstance(b, dict) else b for b in blocks]


def without_pictures(blocks: Sequence[Json]) -> list[Any]:
    return [b for b in blocks if not _is_picture(b)]


def _is_picture(block: Json) -> bool:
    return isinstance(block, dict) and block.get("block_id") == PICTURE
