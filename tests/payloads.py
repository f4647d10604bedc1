"""Payloads as Slack sends them, and what can be done to them."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

COMMAND: dict[str, Any] = {
    "team_id": "T1",
    "enterprise_id": "E1",
    "channel_id": "C1",
    "user_id": "U1",
    "command": "/parley",
    "text": "help",
    "response_url": "http://127.0.0.1:9/commands/1",
    "trigger_id": "13345224609.738474920.8088930838d88f008e0",
}
CLICK: dict[str, Any] = {
    "type": "block_actions",
    "user": {"id": "U1", "team_id": "T1"},
    "team": {"id": "T1", "domain": "ours"},
    "enterprise": None,
    "trigger_id": "1.2.3",
    "response_url": "http://127.0.0.1:9/actions/1",
    "container": {"type": "message", "message_ts": "1700000000.000100", "channel_id": "C1", "thread_ts": "1699.1"},
    "channel": {"id": "C1", "name": "models"},
    "actions": [
        {
            "action_id": "again",
            "action_ts": "1700000001.5",
            "type": "button",
            "value": '{"command": "evaluate", "arguments": {"model": "churn"}}',
        }
    ],
}
SAID: dict[str, Any] = {
    "type": "event_callback",
    "team_id": "T1",
    "event_id": "Ev1",
    "is_ext_shared_channel": False,
    "authorizations": [{"team_id": "T1", "enterprise_id": None, "user_id": "UBOT"}],
    "event": {
        "type": "message",
        "user": "U1",
        "team": "T1",
        "text": "it is the feed",
        "ts": "1700000002.000200",
        "thread_ts": "1700000000.000100",
        "parent_user_id": "UBOT",
        "channel": "C1",
        "channel_type": "channel",
        "event_ts": "1700000002.000200",
        "blocks": [{"type": "rich_text"}],
        "files": [{}, {}],
    },
}
CHANGED: dict[str, Any] = SAID | {
    "event": {
        "type": "message",
        "subtype": "message_changed",
        "channel": "C1",
        "ts": "1700000009.1",
        "event_ts": "1700000009.1",
        "message": {
            "type": "message",
            "user": "U1",
            "text": "new",
            "ts": "1700000002.000200",
            "thread_ts": "1700000000.000100",
            "edited": {"user": "U1", "ts": "1700000009.000000"},
        },
        "previous_message": {"type": "message", "user": "U1", "text": "old", "ts": "1700000002.000200"},
    }
}
DELETED: dict[str, Any] = SAID | {
    "event": {
        "type": "message",
        "subtype": "message_deleted",
        "channel": "C1",
        "ts": "1700000009.1",
        "deleted_ts": "1700000002.000200",
        "previous_message": {"type": "message", "user": "U1", "text": "old", "ts": "1700000002.000200"},
    }
}
ALL = {"command": COMMAND, "click": CLICK, "said": SAID, "changed": CHANGED, "deleted": DELETED}
WRONG: tuple[Any, ...] = (None, 0, -1.5, True, "", "\ud800", "a b", [], [1], {}, {"id": 1}, [[[]]], "9" * 400)
VIEW: dict[str, Any] = {
    "type": "modal",
    "id": "V1",
    "callback_id": "form",
    "state": {"values": {}},
    "private_metadata": "",
}
INTERACTION: dict[str, Any] = {"team": {"id": "T1"}, "user": {"id": "U1"}, "trigger_id": "1.2.3"}
OTHERS: tuple[dict[str, Any], ...] = (
    {"ssl_check": "1", "token": "x"},
    {"type": "app_rate_limited", "team_id": "T1", "minute_rate_limited": 1518467820},
    {"type": "view_closed", "team": None, "user": {"id": "U1", "team_id": "T1"}, "view": {"id": "V1"}},
    {"type": "something_new", "team": {"id": "T1"}, "user": {"id": "U1"}},
    INTERACTION | {"type": "view_submission", "view": VIEW},
    INTERACTION | {"type": "shortcut", "callback_id": "ask", "action_ts": "1.1"},
    INTERACTION | {"type": "message_action", "callback_id": "ask", "message": {"ts": "1.1"}, "channel": {"id": "C1"}},
    INTERACTION | {"type": "block_suggestion", "action_id": "model", "block_id": "b", "value": "ch"},
    CLICK | {"team": None, "enterprise": {"id": "E1", "name": "org"}},
    SAID | {"team_id": None, "event": {"type": "reaction_added", "user": "U1", "item": {"channel": "C1"}}},
)


def mutated(payload: dict[str, Any]) -> Iterator[Any]:
    """The payload with every place missing once, and once holding each wrong value."""
    for path in paths(payload):
        for value in WRONG:
            yield replaced(payload, path, value)
        yield replaced(payload, path, value=None, away=True)


def paths(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inner: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in inner:
        yield (*above, key)
        yield from paths(part, (*above, key))


def replaced(payload: Any, path: tuple[Any, ...], value: Any, *, away: bool = False) -> Any:
    whole = copy.deepcopy(payload)
    parent = whole
    for key in path[:-1]:
        parent = parent[key]
    if away:
        del parent[path[-1]]
    else:
        parent[path[-1]] = value
    return whole
