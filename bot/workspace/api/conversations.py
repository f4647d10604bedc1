"""conversations.*: which channels there are, who is in them, what was said."""

from __future__ import annotations

from ..arguments import Arguments
from ..joining import join
from ..messages import HISTORY_SCOPE, shown
from ..refusal import Refusal
from ..team import Team
from ..values import App, Json
from .method import Answer, Method, need_scope, page_of

READ_SCOPE = {"channel": "channels:read", "group": "groups:read", "im": "im:read"}
KIND_NAMES = {"public_channel": "channel", "private_channel": "group", "im": "im", "mpim": "mpim"}


def described(team: Team, app: App, channel: Json) -> Json:
    body = {name: value for name, value in channel.items() if name != "with_app"}
    body["is_member"] = team.state.is_member(channel["id"], app.bot_user)
    if channel["is_im"]:
        del body["name"]
    return body


def info(team: Team, app: App, arguments: Arguments) -> Answer:
    channel = team.visible_channel(app, arguments.needed("channel"))
    need_scope(app, READ_SCOPE[team.kind_of(channel)])
    body = described(team, app, channel)
    if arguments.flag("include_num_members"):
        body["num_members"] = len(team.state.members(channel["id"]))
    return Answer({"channel": body})


def list_channels(team: Team, app: App, arguments: Arguments) -> Answer:
    names = (arguments.word("types") or "public_channel").replace(" ", "").split(",")
    unknown = [name for name in names if name not in KIND_NAMES]
    if unknown:
        raise Refusal("invalid_types")
    kinds = {KIND_NAMES[name] for name in names}
    for kind in sorted(kinds & READ_SCOPE.keys()):
        need_scope(app, READ_SCOPE[kind])
    channels = [
        described(team, app, channel) | {"num_members": len(team.state.members(channel["id"]))}
        for channel in team.state.documents("channel")
        if team.kind_of(channel) in kinds
        and (not channel["is_private"] or team.state.is_member(channel["id"], app.bot_user))
        and not (channel["is_archived"] and arguments.flag("exclude_archived"))
    ]
    page, cursor = page_of(channels, arguments, default=100, most=1000)
    return Answer({"channels": page, "response_metadata": {"next_cursor": cursor}})


def history(team: Team, app: App, arguments: Arguments) -> Answer:
    """What stands in the channel, newest first."""
    channel = _readable(team, app, arguments)
    between = [m for m in team.state.messages(channel["id"]) if _is_between(m["ts"], arguments)]
    page, cursor = page_of(between[::-1], arguments, default=100, most=999)
    metadata = arguments.flag("include_all_metadata")
    body = {
        "messages": [shown(team, channel["id"], message, metadata=metadata) for message in page],
        "has_more": bool(cursor),
        "pin_count": 0,
        "response_metadata": {"next_cursor": cursor},
    }
    return Answer(body)


def replies(team: Team, app: App, arguments: Arguments) -> Answer:
    """A thread with its parent, oldest first; asked for a reply, that reply alone."""
    channel = _readable(team, app, arguments)
    root = team.state.message(channel["id"], arguments.needed("ts"))
    if root is None:
        raise Refusal("thread_not_found")
    following = [] if root.get("thread_ts", root["ts"]) != root["ts"] else team.state.replies(channel["id"], root["ts"])
    wanted = [reply for reply in following if _is_between(reply["ts"], arguments)]
    page, cursor = page_of([root, *wanted], arguments, default=1000, most=1000)
    metadata = arguments.flag("include_all_metadata")
    body = {
        "messages": [shown(team, channel["id"], message, metadata=metadata) for message in page],
        "has_more": bool(cursor),
        "response_metadata": {"next_cursor": cursor},
    }
    return Answer(body)


def join_channel(team: Team, app: App, arguments: Arguments) -> Answer:
    channel = team.visible_channel(app, arguments.needed("channel"))
    if channel["is_private"]:
        raise Refusal("method_not_supported_for_channel_type")
    if channel["is_archived"]:
        raise Refusal("is_archived")
    happenings = join(team, channel, app.bot_user, inviter=None)
    return Answer({"channel": described(team, app, channel)}, happenings)


def members(team: Team, app: App, arguments: Arguments) -> Answer:
    channel = team.visible_channel(app, arguments.needed("channel"))
    need_scope(app, READ_SCOPE[team.kind_of(channel)])
    everyone: list[Json] = [{"id": person} for person in team.state.members(channel["id"])]
    page, cursor = page_of(everyone, arguments, default=100, most=1000)
    return Answer({"members": [person["id"] for person in page], "response_metadata": {"next_cursor": cursor}})


def open_conversation(team: Team, app: App, arguments: Arguments) -> Answer:
    users = [user for user in (arguments.word("users") or "").split(",") if user]
    if not users:
        raise Refusal("no_user" if arguments.has("users") else "users_list_not_supplied")
    if len(users) > 1:
        raise Refusal("method_not_supported_for_channel_type")
    channel = team.direct(app, users[0])
    return Answer({"channel": described(team, app, channel) if arguments.flag("return_im") else {"id": channel["id"]}})


def _readable(team: Team, app: App, arguments: Arguments) -> Json:
    channel = team.visible_channel(app, arguments.needed("channel"))
    need_scope(app, HISTORY_SCOPE[team.kind_of(channel)])
    return team.readable_channel(app, channel["id"])


def _is_between(ts: str, arguments: Arguments) -> bool:
    oldest = float(arguments.word("oldest") or 0)
    latest = float(arguments.word("latest") or "inf")
    moment = float(ts)
    if arguments.flag("inclusive"):
        return oldest <= moment <= latest
    return (oldest < moment or oldest == 0) and moment < latest


METHODS = {
    "conversations.info": Method(info, ("channels:read", "groups:read", "im:read")),
    "conversations.list": Method(list_channels, ("channels:read", "groups:read", "im:read")),
    "conversations.history": Method(history, ("channels:history", "groups:history", "im:history")),
    "conversations.replies": Method(replies, ("channels:history", "groups:history", "im:history")),
    "conversations.join": Method(join_channel, ("channels:join",)),
    "conversations.members": Method(members, ("channels:read", "groups:read", "im:read")),
    "conversations.open": Method(open_conversation, ("im:write",)),
}
