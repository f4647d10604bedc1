"""What Slack sends to an app: events in their envelope, slash commands, clicks, forms."""

from __future__ import annotations

import hashlib
from typing import Any

from .connect import domain_of, home_of
from .messages import TOMBSTONE_USER
from .team import Team
from .values import App, Happening, Json


def verification_token(app: App) -> str:
    """The old token that every payload still carries."""
    return hashlib.sha256(f"verification {app.app_id}".encode()).hexdigest()[:24]


def event_envelope(team: Team, app: App, happening: Happening) -> Json:
    return {
        "token": verification_token(app),
        "team_id": home_of(team, _actor(happening.event)),
        "context_team_id": team.id,
        "context_enterprise_id": None,
        "api_app_id": app.app_id,
        "event": happening.event,
        "type": "event_callback",
        "event_id": team.new_id("Ev"),
        "event_time": int(float(happening.event["event_ts"])),
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": team.id,
                "user_id": app.bot_user,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": _is_shared(team, happening.channel),
        "event_context": f"4-{app.app_id}-{happening.event['event_ts']}",
    }


def _actor(event: Json) -> str | None:
    """Who did what an event tells of: of a change who made it, of a deletion the author."""
    for part in (event.get("message", {}).get("edited", {}), event.get("message", {}), event, _before(event)):
        user = part.get("user")
        if isinstance(user, str) and user != TOMBSTONE_USER:
            return user
    return None


def _before(event: Json) -> Json:
    before: Json = event.get("previous_message", {})
    return before


def _is_shared(team: Team, channel: str | None) -> bool:
    return channel is not None and bool(team.channel(channel).get("is_ext_shared"))


def interested(team: Team, app: App, happening: Happening) -> bool:
    """Whether the app hears of it: it is in the channel, it was given the scope, and its tokens have not ended."""
    if happening.only is not None and happening.only != app.app_id:
        return False
    if app.refused_as is not None and happening.scope is not None:
        return False
    if happening.scope is not None and happening.scope not in app.scopes:
        return False
    return happening.channel is None or team.state.is_member(happening.channel, app.bot_user)


def command_fields(team: Team, app: App, channel: Json, user: str, *, command: str, text: str) -> Json:
    names = {"group": "privategroup", "im": "directmessage"}
    home = home_of(team, user)
    return {
        "token": verification_token(app),
        "team_id": home,
        "team_domain": domain_of(team, home),
        "channel_id": channel["id"],
        "channel_name": names.get(team.kind_of(channel), channel["name"]),
        "user_id": user,
        "user_name": team.person(user)["name"],
        "command": command,
        "text": text,
        "api_app_id": app.app_id,
        "is_enterprise_install": "false",
        "response_url": team.new_response_url(app, channel["id"], user),
        "trigger_id": team.new_trigger(app, user),
    }


def _interaction(team: Team, app: App, user: str, kind: str, **about: str) -> Json:
    name = team.person(user)["name"]
    return {
        "type": kind,
        "user": {"id": user, "username": name, "name": name, "team_id": home_of(team, user)},
        "api_app_id": app.app_id,
        "token": verification_token(app),
        "trigger_id": team.new_trigger(app, user, **about),
        "team": {"id": team.id, "domain": team.domain},
        "enterprise": None,
        "is_enterprise_install": False,
    }


def _place(team: Team, channel: Json, message: Json) -> Json:
    """Where the message is that someone touched; Slack leaves the message itself out when only they can see it."""
    hidden = bool(message.get("is_ephemeral"))
    container: Json = {
        "type": "message",
        "message_ts": message["ts"],
        "channel_id": channel["id"],
        "is_ephemeral": hidden,
    }
    if "thread_ts" in message:
        container["thread_ts"] = message["thread_ts"]
    names = {"group": "privategroup", "im": "directmessage"}
    body: Json = {
        "container": container,
        "channel": {"id": channel["id"], "name": names.get(team.kind_of(channel), channel["name"])},
    }
    return body if hidden else body | {"message": message}


def message_click(team: Team, app: App, user: str, channel: Json, message: Json, action: Json, state: Json) -> Json:
    original = "ephemeral" if message.get("is_ephemeral") else "message"
    address = team.new_response_url(
        app, channel["id"], user, original=original, ts=message["ts"], thread=message.get("thread_ts")
    )
    body = _interaction(team, app, user, "block_actions") | _place(team, channel, message)
    return body | {"state": {"values": state}, "response_url": address, "actions": [action]}


def view_click(team: Team, app: App, user: str, view: Json, action: Json) -> Json:
    body = _interaction(team, app, user, "block_actions", view=view["id"])
    return body | {"container": {"type": "view", "view_id": view["id"]}, "view": view, "actions": [action]}


def submission(team: Team, app: App, user: str, view: Json) -> Json:
    body = _interaction(team, app, user, "view_submission", view=view["id"])
    return body | {"view": view, "response_urls": []}


def closing(team: Team, app: App, user: str, view: Json, *, cleared: bool) -> Json:
    body = _interaction(team, app, user, "view_closed")
    del body["trigger_id"]
    return body | {"view": view, "is_cleared": cleared}


def suggestion(team: Team, app: App, user: str, *, action_id: str, block_id: str, query: str, where: Json) -> Json:
    body = _interaction(team, app, user, "block_suggestion")
    del body["trigger_id"]
    return body | {"action_id": action_id, "block_id": block_id, "value": query} | where


def suggestion_in_message(team: Team, channel: Json, message: Json) -> Json:
    return _place(team, channel, message)


def suggestion_in_view(view: Json) -> Json:
    return {"container": {"type": "view", "view_id": view["id"]}, "view": view}


def shortcut(team: Team, app: App, user: str, channel: Json, message: Json, callback_id: str) -> Json:
    body: dict[str, Any] = _interaction(team, app, user, "message_action")
    return body | {
        "callback_id": callback_id,
        "action_ts": team.new_ts(channel["id"]),
        "message_ts": message["ts"],
        "channel": {"id": channel["id"], "name": channel["name"]},
        "message": message,
        "response_url": team.new_response_url(app, channel["id"], user),
    }
