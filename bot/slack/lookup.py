"""Looks for an earlier try of a message: after an unknown outcome it may stand in the channel or thread already."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import structlog

from bot.slack.api import Refused, TooFast
from bot.slack.pace import Pace
from storage.messages import Due

log = structlog.get_logger()

EVENT_TYPE = "parley_message"
OBJECTS_A_PAGE = 15  # Slack gives some distributed apps no more
PAGES_A_STEP = 5
SECONDS_BEFORE_THE_TRY = 60  # so far may Slack's clock be from ours


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look-up saw: the ``ts`` of the earlier try and the ``revision`` that it shows, or ``further`` where it is
    not at its end (empty: it begins anew), or ``blind`` where Slack does not let us look. None of the three: the
    earlier try did not arrive."""

    ts: str | None = None
    revision: int = 0
    further: str | None = None
    blind: bool = False


def metadata_of(due: Due) -> dict[str, Any]:
    """What a message carries so that a look-up knows it; anybody can read it."""
    return {"event_type": EVENT_TYPE, "event_payload": {"message": due.id, "revision": due.wanted}}


def look_up(pace: Pace, due: Due) -> Seen:
    """Some pages of the channel or thread, back to the time of the first try. Raises TooFast and Unknown."""
    cursor = due.look_cursor
    for page in range(PAGES_A_STEP):
        try:
            answer = _page(pace, due, cursor)
        except Refused as error:
            if error.error == "invalid_cursor" and cursor:
                return Seen(further="")
            log.warning("Slack doesn't let us see whether a message arrived", message=due.id, why=error.error)
            return Seen(blind=True)
        except TooFast:
            if page == 0:
                raise
            return Seen(further=cursor)
        for message in answer.get("messages", []):
            payload = _payload(message)
            if payload.get("message") == due.id:
                return Seen(ts=str(message["ts"]), revision=payload.get("revision", 0))
        cursor = (answer.get("response_metadata") or {}).get("next_cursor")
        if not cursor:
            return Seen()
    return Seen(further=cursor)


def _page(pace: Pace, due: Due, cursor: str | None) -> dict[str, Any]:
    since = due.first_sent_at.timestamp() - SECONDS_BEFORE_THE_TRY if due.first_sent_at is not None else None
    arguments: dict[str, Any] = {
        "channel": due.address.channel,
        "include_all_metadata": True,
        "oldest": f"{since:.6f}" if since is not None else None,
        "limit": OBJECTS_A_PAGE,
        "cursor": cursor or None,
    }
    if due.thread_ts is None:
        return pace.call(due.address.team, "conversations.history", arguments)
    return pace.call(due.address.team, "conversations.replies", arguments | {"ts": due.thread_ts})


def _payload(message: dict[str, Any]) -> dict[str, Any]:
    """What a message of ours carries; empty for all others."""
    metadata = message.get("metadata") or {}
    if metadata.get("event_type") != EVENT_TYPE:
        return {}
    return metadata.get("event_payload") or {}
