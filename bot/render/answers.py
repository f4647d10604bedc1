"""Short answers in words: what went wrong, what was done, what to do next."""

from __future__ import annotations

from collections.abc import Sequence

from bot.render.blocks import TEXT_MOST, context, cut, escape, section
from storage.messages import Content

NO_ANSWER = "no answer from Slack"
A_BUG = "logged with the reference"
"""Why a message was given up, beside Slack's own names for it."""
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


def not_shown_here() -> Content:
    """Told to the one who asked, where the answer may not be shown any more; it names no model."""
    return words_only(":lock: I have an answer for you that may not be shown here. Ask in the model's own channel.")


def not_shown_any_more() -> Content:
    """What stands where a message was whose readers may not see it any more."""
    return words_only(":lock: This message may not be shown here any more.")


def cannot_post(channel: str, why: str) -> Content:
    """Told to the one who asked when a message of ours can't be seen where they asked."""
    says, then = _cannot_post(channel, why)
    return words_only(f":warning: {says} {then} What was evaluated is kept: `show` finds it.")


def why_not_posted(channel: str, why: str) -> str:
    """The same in one sentence, for the owner of a schedule."""
    return _cannot_post(channel, why)[0]


def may_be_lost() -> Content:
    """Told after a silence of Slack's: an answer that one person sees can't be looked up."""
    return words_only(":warning: My last answer to you may not have arrived. If you don't see it, ask again.")


def _cannot_post(channel: str, why: str) -> tuple[str, str]:
    """What is wrong, and what to do."""
    if why in ("not_in_channel", "channel_not_found", "user_not_in_channel"):
        invite = "Type `/invite @Parley` in it, then ask again."
        return f"I'm not a member of <#{channel}>, so I can't post there.", invite
    if why == NO_ANSWER:
        return f"Slack didn't answer, so I couldn't post in <#{channel}>.", "Ask again."
    if why.startswith(A_BUG):
        return f"Something went wrong on our side, so I couldn't post in <#{channel}> ({why}).", "Ask again."
    if why == "is_archived":
        return f"<#{channel}> is archived, so I can't post there.", "Ask in another channel."
    return f"Slack doesn't let me post in <#{channel}> ({escape(why)}).", "Ask in another channel, or tell an admin."
