"""Messages of a team: posted, edited, deleted, and the events that tell of it."""

from __future__ import annotations

import copy
import secrets
import uuid
from typing import Any

from .connect import home_of, marks
from .refusal import Refusal
from .team import Team
from .values import App, Happening, Json
from .wording import mentioned, rich_text

HISTORY_SCOPE = {"channel": "channels:history", "group": "groups:history", "im": "im:history"}
TOMBSTONE_USER = "USLACKBOT"
IN_A_MENTION = (
    "user",
    "text",
    "ts",
    "team",
    "user_team",
    "source_team",
    "client_msg_id",
    "thread_ts",
    "parent_user_id",
    "blocks",
    "files",
    "edited",
)


def by_person(team: Team, user: str, text: str) -> Json:
    """What a person typed, as a message that has no place yet."""
    return {
        "type": "message",
        "user": user,
        "client_msg_id": str(uuid.uuid4()),
        "text": text,
        "team": home_of(team, user),
        "blocks": [rich_text(text, secrets.token_urlsafe(4))],
    }


def by_app(team: Team, app: App, sent: Json) -> Json:
    """What an app posted, as a message that has no place yet."""
    message: Json = {
        "type": "message",
        "user": app.bot_user,
        "bot_id": app.bot_id,
        "app_id": app.app_id,
        "text": sent.get("text") or "",
        "team": team.id,
        "bot_profile": {
            "id": app.bot_id,
            "app_id": app.app_id,
            "name": app.name,
            "deleted": False,
            "updated": 0,
            "team_id": team.id,
        },
    }
    if sent.get("blocks"):
        message["blocks"] = as_kept(sent["blocks"])
    if sent.get("metadata"):
        message["metadata"] = sent["metadata"]
    return message


def as_kept(blocks: list[Json]) -> list[Json]:
    """Blocks as Slack gives them back: with ids where none were given and the defaults of text spelt out."""
    kept = copy.deepcopy(blocks)
    for block in kept:
        block.setdefault("block_id", secrets.token_urlsafe(4))
        _name_actions(block)
        _spell_out_text(block)
    return kept


def _name_actions(block: Json) -> None:
    candidates = [block.get("accessory"), block.get("element"), *(block.get("elements") or [])]
    for element in candidates:
        interactive = isinstance(element, dict) and element.get("type", "").endswith(
            ("button", "select", "overflow", "picker", "checkboxes", "buttons", "input")
        )
        if interactive:
            element.setdefault("action_id", secrets.token_urlsafe(4))


def _spell_out_text(value: Any) -> None:
    if isinstance(value, list):
        for item in value:
            _spell_out_text(item)
    elif isinstance(value, dict):
        if isinstance(value.get("text"), str) and value.get("type") == "plain_text":
            value.setdefault("emoji", True)
        elif isinstance(value.get("text"), str) and value.get("type") == "mrkdwn":
            value.setdefault("verbatim", False)
        for item in value.values():
            _spell_out_text(item)


def post(
    team: Team, channel: Json, message: Json, *, thread: str | None = None, broadcast: bool = False
) -> tuple[Json, list[Happening]]:
    """Give the message its place and time; a thread must exist."""
    with team.state.lock:
        message = copy.deepcopy(message) | marks(team, channel, message["user"])
        if thread is not None:
            parent = team.state.message(channel["id"], thread)
            if parent is None or parent.get("thread_ts", thread) != thread:
                raise Refusal("thread_not_found")
            message["thread_ts"] = thread
            message["parent_user_id"] = parent["user"]
            if broadcast:
                message["subtype"] = "thread_broadcast"
        message["ts"] = team.new_ts(channel["id"])
        team.state.keep_message(channel["id"], message)
        happenings = [_message_event(team, channel, message), *_mentions(team, channel, message, before="")]
        tell_page(team, channel, message)
        return shown(team, channel["id"], message), happenings


def edit(team: Team, channel: Json, message: Json, changes: Json, *, editor: str) -> tuple[Json, list[Happening]]:
    """Change a message in place; None as a value takes the field away."""
    with team.state.lock:
        before = shown(team, channel["id"], message)
        ts = team.new_ts(channel["id"])
        after = {key: value for key, value in {**message, **changes}.items() if value is not None}
        after["edited"] = {"user": editor, "ts": f"{ts.partition('.')[0]}.000000"}
        team.state.keep_message(channel["id"], after)
        changed = shown(team, channel["id"], after)
        happening = change_event(team, channel, ts, "message_changed", message=changed, previous_message=before)
        tell_page(team, channel, after)
        return changed, [happening, *_mentions(team, channel, after, before=message.get("text", ""))]


def delete(team: Team, channel: Json, message: Json) -> list[Happening]:
    """Take a message away; one with replies leaves a tombstone that keeps the thread together."""
    with team.state.lock:
        before = shown(team, channel["id"], message)
        ts = team.new_ts(channel["id"])
        if team.state.replies(channel["id"], message["ts"]):
            stone = {
                "type": "message",
                "subtype": "tombstone",
                "text": "This message was deleted.",
                "user": TOMBSTONE_USER,
                "hidden": True,
                "ts": message["ts"],
            }
            team.state.keep_message(channel["id"], stone)
            changed = shown(team, channel["id"], stone)
            tell_page(team, channel, stone)
            return [change_event(team, channel, ts, "message_changed", message=changed, previous_message=before)]
        team.state.drop_message(channel["id"], message["ts"])
        team.changed(
            {"kind": "deleted", "channel": channel["id"], "ts": message["ts"], "thread": message.get("thread_ts")}
        )
        gone = [change_event(team, channel, ts, "message_deleted", deleted_ts=message["ts"], previous_message=before)]
        return gone + _fallen_stone(team, channel, message)


def _fallen_stone(team: Team, channel: Json, reply: Json) -> list[Happening]:
    """A tombstone goes with the last reply under it."""
    parent = team.state.message(channel["id"], reply.get("thread_ts") or "")
    if parent is None:
        return []
    if parent.get("subtype") == "tombstone" and not team.state.replies(channel["id"], parent["ts"]):
        return delete(team, channel, parent)
    tell_page(team, channel, parent)
    return []


def shown(team: Team, channel: str, message: Json, *, metadata: bool = False) -> Json:
    """The message as the Web API and events show it: a parent with a summary of its thread."""
    body = {key: value for key, value in message.items() if metadata or key != "metadata"}
    replies = [] if "thread_ts" in message else team.state.replies(channel, message["ts"])
    if replies:
        users = list(dict.fromkeys(reply["user"] for reply in replies))
        body |= {
            "thread_ts": message["ts"],
            "reply_count": len(replies),
            "reply_users_count": len(users),
            "latest_reply": replies[-1]["ts"],
            "reply_users": users[:5],
            "is_locked": False,
            "subscribed": False,
        }
    return body


def own_message(team: Team, channel: str, ts: str, user: str, *, refusal: str) -> Json:
    """The message, if it is there and that user's own."""
    message = team.state.message(channel, ts)
    if message is None or message.get("subtype") == "tombstone":
        raise Refusal("message_not_found")
    if message["user"] != user:
        raise Refusal(refusal)
    return message


def tell_page(team: Team, channel: Json, message: Json) -> None:
    team.changed({"kind": "message", "channel": channel["id"], "ts": message["ts"], "thread": message.get("thread_ts")})


def _message_event(team: Team, channel: Json, message: Json) -> Happening:
    kind = team.kind_of(channel)
    event = shown(team, channel["id"], message)
    event |= {"channel": channel["id"], "event_ts": message["ts"], "channel_type": kind}
    return Happening(event, channel["id"], HISTORY_SCOPE[kind])


def change_event(team: Team, channel: Json, ts: str, subtype: str, **about: Any) -> Happening:
    kind = team.kind_of(channel)
    event = {
        "type": "message",
        "subtype": subtype,
        "channel": channel["id"],
        "hidden": True,
        "ts": ts,
        "event_ts": ts,
        "channel_type": kind,
        **about,
    }
    return Happening(event, channel["id"], HISTORY_SCOPE[kind])


def _mentions(team: Team, channel: Json, message: Json, *, before: str) -> list[Happening]:
    """One app_mention for every app that the text newly names; none in a direct conversation."""
    if channel["is_im"] or message.get("subtype") not in {None, "file_share", "thread_broadcast"}:
        return []
    new = set(mentioned(message.get("text", ""))) - set(mentioned(before))
    event = {"type": "app_mention", **{key: message[key] for key in IN_A_MENTION if key in message}}
    event |= {"channel": channel["id"], "event_ts": message["ts"]}
    apps = [app for app in team.apps() if app.bot_user in new and app.bot_user != message["user"]]
    return [Happening(event, channel["id"], "app_mentions:read", only=app.app_id) for app in apps]
