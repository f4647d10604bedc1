"""The Slack app's manifest: what Parley needs of a workspace, ready to be pasted."""

from __future__ import annotations

import json
from typing import Any

CORE_SCOPES = (
    "app_mentions:read",
    "channels:history",
    "channels:read",
    "chat:write",
    "commands",
    "files:read",
    "files:write",
    "groups:history",
    "groups:read",
    "users:read",
)
OPTIONAL_SCOPES = ("im:history",)
EVENTS = (
    "app_mention",
    "app_uninstalled",
    "channel_shared",
    "channel_unshared",
    "message.channels",
    "message.groups",
    "message.im",
    "tokens_revoked",
    "user_change",
)

LOST_WITHOUT = {
    "app_mentions:read": "no requests by mention",
    "channels:history": "no annotations from replies in public channels, and no look-up before a second try",
    "groups:history": "no annotations from replies in private channels, and no look-up before a second try",
    "channels:read": "no scheduled posts in public channels",
    "groups:read": "no scheduled posts in private channels",
    "chat:write": "no messages at all",
    "commands": "no /parley",
    "files:read": "the picture stays in the thread instead of the card",
    "files:write": "no pictures",
    "users:read": "the workspace's zone, and no runs by people who can't be told from guests",
}


def manifest_json(url: str | None) -> str:
    """The manifest for HTTP at ``url``, or for Socket Mode."""
    return json.dumps(_manifest(url.rstrip("/") if url else None), indent=2)


def _manifest(url: str | None) -> dict[str, Any]:
    command: dict[str, Any] = {
        "command": "/parley",
        "description": "Evaluate a model and talk about it",
        "usage_hint": "evaluate MODEL | notes MODEL | help",
        "should_escape": True,
    }
    events: dict[str, Any] = {"bot_events": list(EVENTS)}
    interactivity: dict[str, Any] = {"is_enabled": True}
    if url is not None:
        door = f"{url}/slack/events"
        command["url"] = events["request_url"] = interactivity["request_url"] = door
    return {
        "display_information": {
            "name": "Parley",
            "description": "Model evaluations where the people who share a model talk",
        },
        "features": {
            "app_home": {
                "home_tab_enabled": False,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": False,
            },
            "bot_user": {"display_name": "Parley", "always_online": True},
            "slash_commands": [command],
        },
        "oauth_config": {"scopes": {"bot": [*CORE_SCOPES, *OPTIONAL_SCOPES], "bot_optional": list(OPTIONAL_SCOPES)}},
        "settings": {
            "event_subscriptions": events,
            "interactivity": interactivity,
            "org_deploy_enabled": False,
            "socket_mode_enabled": url is None,
            "token_rotation_enabled": False,
        },
    }
