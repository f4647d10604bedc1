"""Short answers in words: what went wrong, what was done, what to do next."""

from __future__ import annotations

from collections.abc import Sequence

from bot.render.blocks import TEXT_MOST, context, cut, escape, section
from storage.messages import Content

GIVEN_BACK_AT_ONCE = 1500
MOST_GIVEN_BACK = 6
"""So much that the whole message stays within Slack's 12,000 characters."""


def words_only(text: str, *, notes: Sequence[str] = ()) -> Content:
    """A message of mrkdwn that is already escaped, with small lines below it."""
    blocks = [section(text)]
    if notes:
        blocks.append(context(*notes))
    return Content(text=cut("\n".join([text, *notes]), TEXT_MOST), blocks=tuple(blocks))


def refused(says: str, *, written: str = "") -> Content:
    """A request that was not taken: what is wrong, and what to type. ``written`` was too long, and is given back."""
    content = words_only(f":warning: {escape(says)}")
    if not written:
        return content
    pieces = [written[start : start + GIVEN_BACK_AT_ONCE] for start in range(0, len(written), GIVEN_BACK_AT_ONCE)]
    back = [section(escape(piece)) for piece in pieces[:MOST_GIVEN_BACK]]
    return Content(text=content.text, blocks=(*content.blocks, *back))


def went_wrong(says: str) -> Content:
    """A request that was taken and could not be done."""
    return words_only(f":warning: {escape(says)}")


def cannot_post(channel: str, why: str) -> Content:
    """Told to the one who asked when a message of ours can't be seen where they asked."""
    if why in ("not_in_channel", "channel_not_found", "user_not_in_channel"):
        says = f"I'm not a member of <#{channel}>, so I can't post there. Type `/invite @Parley` in it, then ask again."
    elif why == "is_archived":
        says = f"<#{channel}> is archived, so I can't post there. Ask in another channel."
    else:
        says = f"Slack doesn't let me post in <#{channel}> ({escape(why)}). Ask in another channel, or tell an admin."
    return words_only(f":warning: {says} What was evaluated is kept: `show` finds it.")
