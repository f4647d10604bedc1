"""Reactions: a name under a message, who set it, and the events of it."""

from __future__ import annotations

import re

from .messages import tell_page
from .refusal import Refusal
from .team import Team
from .values import Happening, Json

NAME = re.compile(r"[a-z0-9_+\-']+(?:::skin-tone-[2-6])?")


def react(team: Team, channel: Json, ts: str, user: str, name: str) -> list[Happening]:
    with team.state.lock:
        if not NAME.fullmatch(name):
            raise Refusal("invalid_name")
        message = team.state.message(channel["id"], ts)
        if message is None:
            raise Refusal("message_not_found")
        reactions = message.setdefault("reactions", [])
        row = next((reaction for reaction in reactions if reaction["name"] == name), None)
        if row is None:
            row = {"name": name, "users": [], "count": 0}
            reactions.append(row)
        if user in row["users"]:
            raise Refusal("already_reacted")
        row["users"].append(user)
        row["count"] += 1
        team.state.keep_message(channel["id"], message)
        tell_page(team, channel, message)
        event = {
            "type": "reaction_added",
            "user": user,
            "reaction": name,
            "item": {"type": "message", "channel": channel["id"], "ts": ts},
            "item_user": message["user"],
            "event_ts": team.new_ts(channel["id"]),
        }
        return [Happening(event, channel["id"], "reactions:read")]
