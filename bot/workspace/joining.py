"""How someone comes into a channel, and what everyone is told of it."""

from __future__ import annotations

from .messages import post
from .team import Team
from .values import Happening, Json


def join(team: Team, channel: Json, user: str, *, inviter: str | None) -> list[Happening]:
    """Let a person or a bot in; who is there already joins no second time."""
    with team.state.lock:
        if team.state.is_member(channel["id"], user):
            return []
        team.state.enter(channel["id"], user)
        note = {
            "type": "message",
            "subtype": "channel_join",
            "user": user,
            "text": f"<@{user}> has joined the channel",
            **({"inviter": inviter} if inviter else {}),
        }
        posted, happenings = post(team, channel, note)
        kind = team.kind_of(channel)
        event = {
            "type": "member_joined_channel",
            "user": user,
            "channel": channel["id"],
            "channel_type": "G" if kind == "group" else "C",
            "team": team.id,
            "event_ts": posted["ts"],
            **({"inviter": inviter} if inviter else {}),
        }
        scope = "groups:read" if kind == "group" else "channels:read"
        # Without the mention that the note's text would be: it names who came and calls nobody.
        told = [happening for happening in happenings if happening.event["type"] != "app_mention"]
        return [*told, Happening(event, channel["id"], scope)]
