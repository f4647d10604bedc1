"""files.*: announce an upload, complete it, ask how a file is, take it away."""

from __future__ import annotations

from .. import files
from ..arguments import Arguments
from ..refusal import Refusal
from ..team import Team
from ..values import App
from .method import Answer, Method

ALT_TEXT = 1000


def upload_url(team: Team, app: App, arguments: Arguments) -> Answer:
    name = arguments.needed("filename")
    length = arguments.given.get("length")
    if not str(length).isdigit() or int(str(length)) < 1:
        raise Refusal("invalid_arguments", "must be greater than 0 [json-pointer:/length]")
    alt_text = arguments.word("alt_txt") or ""
    if len(alt_text) > ALT_TEXT:
        raise Refusal("alt_txt_too_large")
    file, address = files.announce(team, app.bot_user, name=name, length=int(str(length)), alt_text=alt_text)
    return Answer({"upload_url": address, "file_id": file["id"]})


def complete(team: Team, app: App, arguments: Arguments) -> Answer:
    given = arguments.structure("files")
    if not isinstance(given, list) or not given or not all(isinstance(item, dict) and item.get("id") for item in given):
        raise Refusal("invalid_arguments", "missing required field: files")
    channel = team.writable_channel(app, arguments.needed("channel_id")) if arguments.has("channel_id") else None
    thread = arguments.word("thread_ts") or None
    if thread and channel is None:
        raise Refusal("invalid_arguments", "thread_ts needs channel_id")
    if thread and channel and team.state.message(channel["id"], thread) is None:
        raise Refusal("thread_not_found")
    titles = {item["id"]: item.get("title") for item in given}
    comment = arguments.word("initial_comment") or ""
    done = files.complete(team, app, titles, channel=channel, thread=thread, comment=comment)
    return Answer({"files": [files.described(team, file) for file in done]})


def info(team: Team, app: App, arguments: Arguments) -> Answer:
    file = files.readable(team, app, arguments.needed("file"))
    return Answer({"file": files.described(team, file), "comments": [], "response_metadata": {"next_cursor": ""}})


def delete(team: Team, app: App, arguments: Arguments) -> Answer:
    return Answer({}, files.remove(team, app, arguments.needed("file")))


METHODS = {
    "files.getUploadURLExternal": Method(upload_url, ("files:write",)),
    "files.completeUploadExternal": Method(complete, ("files:write",)),
    "files.delete": Method(delete, ("files:write",)),
    "files.info": Method(info, ("files:read",)),
}
