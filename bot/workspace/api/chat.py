"""chat.*: post, update, delete, say to one person only, link."""

from __future__ import annotations

import json
from typing import Any

from .. import messages
from ..arguments import Arguments
from ..blockkit import check_blocks
from ..files import why_not_shown
from ..refusal import Refusal
from ..team import Team
from ..values import App, Json
from .method import Answer, Method

CHARACTERS_POSTED = 40_000
CHARACTERS_UPDATED = 4_000
BYTES_OF_METADATA = 1024
PERSON = frozenset("UW")


def content(team: Team, app: App, arguments: Arguments, *, longest: int) -> Json:
    """What a call wants to be shown, judged by Slack's limits."""
    text = arguments.word("text") or ""
    blocks = arguments.structure("blocks")
    if len(text) > longest:
        raise Refusal("msg_too_long")
    if blocks is not None:
        check_blocks(blocks, lambda reference: why_not_shown(team, app, reference))
    if not text and not blocks and not arguments.structure("attachments"):
        raise Refusal("no_text")
    metadata = arguments.structure("metadata")
    if metadata is not None:
        _check_metadata(metadata)
    sent = {"text": text, "blocks": blocks, "attachments": arguments.structure("attachments"), "metadata": metadata}
    return {name: value for name, value in sent.items() if value}


def _check_metadata(metadata: Any) -> None:
    complete = isinstance(metadata, dict) and isinstance(metadata.get("event_type"), str)
    if not complete or not isinstance(metadata.get("event_payload"), dict):
        raise Refusal("invalid_metadata_format")
    if len(json.dumps(metadata).encode()) > BYTES_OF_METADATA:
        raise Refusal("metadata_too_large")
    # A nested structure is refused in Slack's schema for metadata; lists of plain values are fine.
    for value in metadata["event_payload"].values():
        if isinstance(value, dict) or (
            isinstance(value, list) and any(isinstance(item, dict | list) for item in value)
        ):
            raise Refusal("invalid_metadata_schema")


def post_message(team: Team, app: App, arguments: Arguments) -> Answer:
    channel = team.writable_channel(app, arguments.needed("channel"))
    sent = content(team, app, arguments, longest=CHARACTERS_POSTED)
    thread = arguments.word("thread_ts") or None
    message, happenings = messages.post(
        team, channel, messages.by_app(team, app, sent), thread=thread, broadcast=arguments.flag("reply_broadcast")
    )
    team.payloads.keep_message("message", sent)
    return Answer({"channel": channel["id"], "ts": message["ts"], "message": message}, happenings)


def update(team: Team, app: App, arguments: Arguments) -> Answer:
    if arguments.needed("channel")[:1] in PERSON:  # one can post to a person, and edit in the conversation with them
        raise Refusal("channel_not_found")
    channel = team.writable_channel(app, arguments.needed("channel"))
    ts = arguments.needed("ts")
    with team.state.lock:
        message = messages.own_message(team, channel["id"], ts, app.bot_user, refusal="cant_update_message")
        sent = content(team, app, arguments, longest=CHARACTERS_UPDATED)
        # Text alone takes the blocks away, as at Slack.
        changes = {"text": sent.get("text", ""), "blocks": messages.as_kept(sent.get("blocks") or []) or None}
        if "metadata" in sent:
            changes["metadata"] = sent["metadata"]
        changed, happenings = messages.edit(team, channel, message, changes, editor=app.bot_user)
    team.payloads.keep_message("message", sent)
    body = {"channel": channel["id"], "ts": ts, "text": changed["text"], "message": changed}
    return Answer(body, happenings)


def delete(team: Team, app: App, arguments: Arguments) -> Answer:
    channel = team.writable_channel(app, arguments.needed("channel"))
    ts = arguments.needed("ts")
    with team.state.lock:
        message = messages.own_message(team, channel["id"], ts, app.bot_user, refusal="cant_delete_message")
        return Answer({"channel": channel["id"], "ts": ts}, messages.delete(team, channel, message))


def post_ephemeral(team: Team, app: App, arguments: Arguments) -> Answer:
    channel = team.writable_channel(app, arguments.needed("channel"))
    user = arguments.needed("user")
    if not team.state.is_member(channel["id"], user):
        raise Refusal("user_not_in_channel")
    sent = content(team, app, arguments, longest=CHARACTERS_POSTED)
    ts = whisper(team, app, channel["id"], user, sent, thread=arguments.word("thread_ts"))
    return Answer({"message_ts": ts})


def whisper(team: Team, app: App | None, channel: str, user: str, sent: Json, *, thread: str | None = None) -> str:
    """Show something to one person only; without an app it is Slack itself that speaks."""
    if app is None:
        message: Json = {"type": "message", "user": messages.TOMBSTONE_USER, "text": sent["text"], "team": team.id}
    else:
        message = messages.by_app(team, app, sent)
        team.payloads.keep_message("ephemeral", sent)
    message |= {"ts": team.new_ts(channel), "is_ephemeral": True}
    if thread:
        message["thread_ts"] = thread
    team.state.keep_ephemeral(channel, user, message)
    team.changed({"kind": "ephemeral", "channel": channel, "user": user, "ts": message["ts"]})
    return str(message["ts"])


def permalink(team: Team, app: App, arguments: Arguments) -> Answer:
    channel = team.visible_channel(app, arguments.needed("channel"))
    ts = arguments.needed("message_ts")
    message = team.state.message(channel["id"], ts)
    if message is None:
        raise Refusal("message_not_found")
    link = f"{team.base_url}archives/{channel['id']}/p{ts.replace('.', '')}"
    if "thread_ts" in message:
        link += f"?thread_ts={message['thread_ts']}&cid={channel['id']}"
    return Answer({"channel": channel["id"], "permalink": link})


METHODS = {
    "chat.postMessage": Method(post_message, ("chat:write",)),
    "chat.update": Method(update, ("chat:write",)),
    "chat.delete": Method(delete, ("chat:write",)),
    "chat.postEphemeral": Method(post_ephemeral, ("chat:write",)),
    "chat.getPermalink": Method(permalink),
}
