"""reactions.*: add one, read those of a message."""

from __future__ import annotations

from ..arguments import Arguments
from ..reacting import react
from ..refusal import Refusal
from ..team import Team
from ..values import App
from .method import Answer, Method


def add(team: Team, app: App, arguments: Arguments) -> Answer:
    channel = team.readable_channel(app, arguments.needed("channel"))
    ts = arguments.needed("timestamp")
    return Answer({}, react(team, channel, ts, app.bot_user, arguments.needed("name").strip(":")))


def get(team: Team, app: App, arguments: Arguments) -> Answer:
    channel = team.readable_channel(app, arguments.needed("channel"))
    message = team.state.message(channel["id"], arguments.needed("timestamp"))
    if message is None:
        raise Refusal("message_not_found")
    return Answer({"type": "message", "channel": channel["id"], "message": message})


METHODS = {
    "reactions.add": Method(add, ("reactions:write",)),
    "reactions.get": Method(get, ("reactions:read",)),
}
