"""Slack Connect: partner teams, the channels that are shared with them, and what an app is told of their people."""

from __future__ import annotations

from .refusal import Refusal
from .team import Team
from .values import App, Happening, Json


def add_partner(team: Team, name: str) -> str:
    """Another organisation's team; one that is there already stays as it is."""
    known = next((partner for partner in team.state.documents("partner") if partner["name"] == name), None)
    if known is not None:
        return str(known["id"])
    partner = {"id": team.new_id("T"), "name": name, "domain": "-".join(name.lower().split())}
    team.state.keep("partner", partner["id"], partner)
    return str(partner["id"])


def share(team: Team, channel: Json, partner: str) -> list[Happening]:
    """Share a channel with a partner; who is in it decides nothing here."""
    if team.state.document("partner", partner) is None:
        raise Refusal("team_not_found", f"no partner {partner}")
    with team.state.lock:
        _connect(team, channel, [*(name for name in connected(channel) if name != partner), partner])
        return [_told(team, channel, {"type": "channel_shared", "connected_team_id": partner})]


def unshare(team: Team, channel: Json, partner: str) -> list[Happening]:
    """End a partner's part in a channel; its people leave."""
    with team.state.lock:
        left = [name for name in connected(channel) if name != partner]
        _connect(team, channel, left)
        for person in team.state.members(channel["id"]):
            if home_of(team, person) == partner:
                team.state.leave(channel["id"], person)
        about = {"type": "channel_unshared", "previously_connected_team_id": partner, "is_ext_shared": bool(left)}
        return [_told(team, channel, about)]


def connected(channel: Json) -> list[str]:
    """The partners of a channel."""
    return list(channel.get("connected_team_ids", []))


def home_of(team: Team, user: str | None) -> str:
    """The team that a person belongs to; whoever is not known belongs to this one."""
    person = team.state.document("person", user) if user else None
    return str(person["team_id"]) if person else team.id


def domain_of(team: Team, home: str) -> str:
    partner = team.state.document("partner", home)
    return str(partner["domain"]) if partner else team.domain


def marks(team: Team, channel: Json, user: str) -> Json:
    """What Slack adds to a message in a shared channel: the team that its author comes from."""
    if not channel.get("is_ext_shared"):
        return {}
    home = home_of(team, user)
    return {"team": home, "user_team": home, "source_team": home}


def seen_by(team: Team, app: App, person: Json) -> Json:
    """A person as an app is told of them: an outsider without a channel in common with it is a stranger."""
    if person["team_id"] == team.id:
        return person
    shared = [channel for channel in team.state.documents("channel") if channel.get("is_ext_shared")]
    together = any(
        team.state.is_member(channel["id"], person["id"]) and team.state.is_member(channel["id"], app.bot_user)
        for channel in shared
    )
    return person | {"is_stranger": not together}


def _connect(team: Team, channel: Json, partners: list[str]) -> None:
    channel |= {
        "is_shared": bool(partners),
        "is_ext_shared": bool(partners),
        "connected_team_ids": partners,
        "shared_team_ids": [team.id, *partners],
        "internal_team_ids": [team.id],
        "conversation_host_id": team.id,
    }
    team.state.keep("channel", channel["id"], channel)
    team.changed({"kind": "channels"})


def _told(team: Team, channel: Json, about: Json) -> Happening:
    event = about | {"channel": channel["id"], "event_ts": team.new_ts(channel["id"])}
    return Happening(event, channel["id"], "groups:read" if channel["is_private"] else "channels:read")
