"""A message as it is sent: with its picture, without what Slack refused, and with a word about either.

Each level leaves out more than the one before, so that one part that Slack refuses does not take the rest with it."""

from __future__ import annotations

from typing import Any

from bot.render.blocks import context, with_picture, without_pictures
from storage.messages import Due

WHOLE, NO_PICTURE, PLAIN_BLOCKS, TEXT_ALONE = range(4)
BLOCKS_MOST = 50
PLAIN = ("header", "section", "context", "divider", "actions")
"""The kinds of block that every workspace has; Slack refuses newer ones in some."""

MAY_BE_HERE_TWICE = "I couldn't check whether this was posted before, so it may be here twice."
CHART_IN_THREAD = "Slack didn't show the chart here. It's a file in this thread."
NO_CHART = "Slack didn't take the chart, so it's missing here."
PARTS_LEFT_OUT = "Slack didn't accept some parts of this message, so they're left out."
IN_WORDS = "Slack didn't accept the layout of this message, so it's in words only."


def as_sent(due: Due) -> tuple[str, list[Any]]:
    """The text and the blocks of a message that everybody sees."""
    notes = [note for note in (_left_out(due), MAY_BE_HERE_TWICE if due.repeated else None) if note is not None]
    text = "\n".join([due.content.text, *notes])
    blocks = _blocks(due)
    if blocks and notes:
        blocks = [*blocks[: BLOCKS_MOST - 1], context(*notes)]
    return text, blocks


def for_one_person(due: Due) -> tuple[str, list[Any]]:
    """The text and the blocks of an answer for one person alone, which never has a picture."""
    if due.reduced == TEXT_ALONE:
        return due.content.text, []
    blocks = without_pictures(due.content.blocks)
    return due.content.text, _plain(blocks) if due.reduced == PLAIN_BLOCKS else blocks


def next_level(due: Due) -> int | None:
    """What to leave out after Slack refused the blocks as they are, or None where nothing is left to be left out."""
    has_picture = due.kind == "message" and due.picture is not None and due.picture.ready
    blocks = without_pictures(due.content.blocks)
    if due.reduced < NO_PICTURE and has_picture:
        return NO_PICTURE
    if due.reduced < PLAIN_BLOCKS and len(_plain(blocks)) < len(blocks):
        return PLAIN_BLOCKS
    return TEXT_ALONE if due.reduced < TEXT_ALONE and blocks else None


def _left_out(due: Due) -> str | None:
    if due.reduced == WHOLE:
        return None
    if due.reduced == NO_PICTURE:
        return CHART_IN_THREAD if due.picture is not None and due.picture.completed else NO_CHART
    return PARTS_LEFT_OUT if due.reduced == PLAIN_BLOCKS else IN_WORDS


def _blocks(due: Due) -> list[Any]:
    if due.reduced == TEXT_ALONE:
        return []
    ready = due.picture.file_id if due.picture is not None and due.picture.ready else None
    blocks = with_picture(due.content.blocks, ready if due.reduced == WHOLE else None)
    return _plain(blocks) if due.reduced == PLAIN_BLOCKS else blocks


def _plain(blocks: list[Any]) -> list[Any]:
    return [block for block in blocks if isinstance(block, dict) and block.get("type") in PLAIN]
