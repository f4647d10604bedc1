"""Slack's marked-up text into the words that are kept: `&amp;` becomes &, a link keeps its address, and a mention stays
an id such as <@U1>, which is rendered as a name wherever it is shown."""

from __future__ import annotations

import html
import re

_MARK = re.compile(r"<(?P<sign>[@#!]?)(?P<target>[^<>|]*)(?:\|(?P<shown>[^<>]*))?>")


def plain(text: str) -> str:
    """What the person wrote, without Slack's marks; never a mark that pings anyone again."""
    return html.unescape(_MARK.sub(_spoken, text)).strip()


def without_mention(text: str, user: str, name: str) -> str:
    """The text after the bot's own name at its start or end."""
    return _mention_of(user, name).sub(" ", text, count=1).strip()


def mentions(text: str, user: str, name: str) -> bool:
    """Whether the bot is mentioned, by its id or by its name as somebody typed it, in any case."""
    return _mention_of(user, name).search(text) is not None


def _mention_of(user: str, name: str) -> re.Pattern[str]:
    typed = rf"|(?<![\w@.<])@{re.escape(name)}(?![\w.-]*\w)[:,]?" if name else ""
    return re.compile(rf"<@{re.escape(user)}(?:\|[^<>]*)?>[:,]?{typed}", re.IGNORECASE)


def _spoken(mark: re.Match[str]) -> str:
    sign, target, shown = mark["sign"], mark["target"], mark["shown"]
    if sign == "!":
        return f"@{target.split('^')[0]}" if not shown else shown.lstrip("@") and f"@{shown.lstrip('@')}"
    if sign == "@":
        return f"<@{target}>"
    if sign == "#":
        return f"#{shown.lstrip('#') if shown else target}"
    return _link(target.removeprefix("mailto:"), shown)


def _link(address: str, shown: str | None) -> str:
    """`shown (https://…)`, or the address alone where that is what is shown."""
    if not shown or _bare(shown) == _bare(address):
        return shown or address
    return f"{shown} ({address})"


def _bare(address: str) -> str:
    return address.removeprefix("https://").removeprefix("http://").rstrip("/")
