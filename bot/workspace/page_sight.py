"""What the page shows a person: who and where, a channel, a thread, the form that is open."""

from __future__ import annotations

from .messages import shown
from .refusal import Refusal
from .socket_mode import Sockets
from .team import Team
from .values import Json
from .views import open_views, public

HOURS_EPHEMERALS_ARE_SHOWN = 1
PERSON = ("id", "name", "real_name", "is_bot", "is_restricted", "tz")


def team_sight(team: Team, user: str, sockets: Sockets) -> Json:
    people = [
        {name: person[name] for name in PERSON} | {"title": person["profile"].get("title", "")}
        for person in team.state.documents("person")
    ]
    channels = [
        _channel(team, user, channel) for channel in team.state.documents("channel") if _seen(team, user, channel)
    ]
    apps = [
        {
            "id": app.app_id,
            "name": app.name,
            "user": app.bot_user,
            "command": app.command,
            "connected": app.request_url is not None or bool(sockets.connections(app.app_id)),
        }
        for app in team.apps()
    ]
    return {"team": {"id": team.id, "name": team.name}, "people": people, "channels": channels, "apps": apps}


def channel_sight(team: Team, user: str, channel: str, limit: int) -> Json:
    """The latest messages with what only this person sees among them, oldest first."""
    place = _place(team, user, channel)
    everything = team.state.messages(channel)
    hidden = [message for message in _ephemerals(team, user, channel) if "thread_ts" not in message]
    latest = everything[-limit:]
    first = latest[0]["ts"] if latest else "0"
    merged = [*latest, *(message for message in hidden if message["ts"] > first or len(latest) == len(everything))]
    return {
        "channel": _channel(team, user, place),
        "messages": [
            shown(team, channel, message) for message in sorted(merged, key=lambda message: str(message["ts"]))
        ],
        "earlier": len(everything) > limit,
    }


def thread_sight(team: Team, user: str, channel: str, ts: str) -> Json:
    _place(team, user, channel)
    parent = team.state.message(channel, ts)
    if parent is None:
        raise Refusal("thread_not_found")
    hidden = [message for message in _ephemerals(team, user, channel) if message.get("thread_ts") == ts]
    replies = sorted([*team.state.replies(channel, ts), *hidden], key=lambda message: str(message["ts"]))
    return {"messages": [shown(team, channel, message) for message in [parent, *replies]]}


def open_view_of(team: Team, user: str) -> Json | None:
    views = open_views(team, user)
    return public(views[-1]) if views else None


def _place(team: Team, user: str, channel: str) -> Json:
    place = team.channel(channel)
    if not _seen(team, user, place):
        raise Refusal("channel_not_found")
    return place


def _seen(team: Team, user: str, channel: Json) -> bool:
    return not channel["is_private"] or team.state.is_member(channel["id"], user)


def _channel(team: Team, user: str, channel: Json) -> Json:
    members = team.state.members(channel["id"])
    other = next((member for member in members if member != user), "") if channel["is_im"] else ""
    return {
        "id": channel["id"],
        "name": channel["name"],
        "private": channel["is_private"],
        "direct": other,
        "topic": channel.get("topic", {}).get("value", ""),
        "member": user in members,
        "members": len(members),
        "latest": team.state.latest(channel["id"]),
    }


def _ephemerals(team: Team, user: str, channel: str) -> list[Json]:
    """At Slack they are gone with the next start of the client; here they stay for a while."""
    oldest = team.now().timestamp() - HOURS_EPHEMERALS_ARE_SHOWN * 3600
    return [message for message in team.state.ephemerals(channel, user) if float(message["ts"]) > oldest]
