"""Slack's escaped text into plain words, as they are kept: `<@U1>` becomes @U1, `&amp;` becomes &."""

from __future__ import annotations

import html
import re

_MARK = re.compile(r"<(?P<sign>[@#!]?)(?P<target>[^<>|]*)(?:\|(?P<shown>[^<>]*))?>")


def plain(text: str) -> str:
    """What the person meant to say, without Slack's marks; never a mark that pings anyone again."""
    return html.unescape(_MARK.sub(_spoken, text)).strip()


def without_mention(text: str, user: str) -> str:
    """The text after the bot's own name at its start or end."""
    return re.sub(rf"<@{re.escape(user)}(?:\|[^<>]*)?>[:,]?", " ", text, count=1).strip()


def mentions(text: str, user: str) -> bool:
    return re.search(rf"<@{re.escape(user)}(?:\|[^<>]*)?>", text) is not None


def _spoken(mark: re.Match[str]) -> str:
    sign, target, shown = mark["sign"], mark["target"], mark["shown"]
    if sign == "!":
        return f"@{target.split('^')[0]}" if not shown else shown.lstrip("@") and f"@{shown.lstrip('@')}"
    if sign:
        return f"{sign}{shown.lstrip(sign) if shown else target}"
    return shown or target.removeprefix("mailto:")
