"""Link previews: Slack adds them a moment after a message was written, as a change that is no edit."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from .messages import change_event, shown, tell_page
from .team import Team
from .values import Happening, Json

LINK = re.compile(r"<(https?://[^|>\s]+)(?:\|[^>]*)?>")


def links(text: str) -> list[str]:
    return list(dict.fromkeys(LINK.findall(text)))


def unfurl_later(team: Team, channel: Json, message: Json) -> None:
    """Preview the links of a message, unless it has none or previews are off."""
    if team.unfurl_seconds is not None and links(message["text"]):
        team.later(team.unfurl_seconds, lambda: unfurl(team, channel, message["ts"]))


def unfurl(team: Team, channel: Json, ts: str) -> list[Happening]:
    """Add previews of the links that stand in a message now; `edited` stays as it is."""
    with team.state.lock:
        message = team.state.message(channel["id"], ts)
        found = links(message["text"]) if message else []
        if message is None or not found:
            return []
        before = shown(team, channel["id"], message)
        message["attachments"] = [_preview(number, address) for number, address in enumerate(found, 1)]
        team.state.keep_message(channel["id"], message)
        after = shown(team, channel["id"], message)
        moment = team.new_ts(channel["id"])
        tell_page(team, channel, message)
        return [change_event(team, channel, moment, "message_changed", message=after, previous_message=before)]


def _preview(number: int, address: str) -> Json:
    host = urlsplit(address).hostname or address
    return {
        "id": number,
        "from_url": address,
        "original_url": address,
        "service_name": host,
        "title": host,
        "title_link": address,
        "text": f"What stands at {host}",
        "fallback": host,
    }
