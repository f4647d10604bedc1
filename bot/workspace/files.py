"""Files of a team: announced, uploaded, completed, and shown once they were looked at, a little later."""

from __future__ import annotations

import mimetypes
import secrets
from typing import Any

from . import messages
from .messages import by_app, post, shown, tell_page
from .refusal import Refusal
from .team import Team
from .values import App, Happening, Json

PNG = b"\x89PNG\r\n\x1a\n"
SHOWN_PICTURES = {"image/png", "image/jpeg", "image/gif", "image/webp"}


def announce(team: Team, owner: str, *, name: str, length: int, alt_text: str) -> tuple[Json, str]:
    """A file that is to come, and the URL that takes its bytes."""
    file: Json = {
        "id": team.new_id("F"),
        "name": name,
        "title": name,
        "alt_txt": alt_text,
        "length": length,
        "user": owner,
        "created": int(team.now().timestamp()),
        "uploaded": False,
        "completed": False,
        "ready": False,
        "shares": [],
    }
    ticket = secrets.token_urlsafe(24)
    with team.state.lock:
        team.state.keep("file", file["id"], file)
        team.state.keep("upload", ticket, {"file": file["id"]})
    return file, f"{team.base_url}upload/v1/{ticket}"


def take_bytes(team: Team, ticket: str, content: bytes) -> str:
    """Keep what was uploaded; the length must be the one that was announced."""
    with team.state.lock:
        upload = team.state.document("upload", ticket)
        file = team.state.document("file", upload["file"]) if upload else None
        if file is None or file["completed"]:
            raise Refusal("upload_not_found")
        if len(content) != file["length"]:
            raise Refusal("length_mismatch", f"{file['length']} bytes were announced, {len(content)} came")
        team.state.keep_content(file["id"], content)
        team.state.keep("file", file["id"], file | {"uploaded": True} | _size_of_picture(content))
        return str(file["id"])


def complete(
    team: Team,
    app: App,
    titles: dict[str, str | None],
    *,
    channel: Json | None,
    thread: str | None,
    comment: str,
) -> list[Json]:
    """Finish the uploads and have them looked at; where they are shared shows only afterwards."""
    with team.state.lock:
        files = [_uploaded(team, app, file) for file in titles]
        for file in files:
            file |= {"title": titles[file["id"]] or file["title"], "completed": True}
            team.state.keep("file", file["id"], file)
        place = {"channel": channel["id"] if channel else None, "thread": thread}
        if any(share["files"] == list(titles) and share["place"] == place for share in team.state.documents("share")):
            return files  # a repeated completion shares nothing twice
        number = str(team.state.next_number())
        share = {"files": list(titles), "place": place, "comment": comment, "app": app.app_id, "done": False}
        team.state.keep("share", number, share)
    team.later(team.file_seconds, lambda: finish(team, number))
    return files


def finish(team: Team, number: str) -> list[Happening]:
    """The files were looked at: they get their type, and the message that shares them appears."""
    with team.state.lock:
        share = team.state.document("share", number)
        if share is None or share["done"]:
            return []
        team.state.keep("share", number, share | {"done": True})
        files = [file for file in (team.state.document("file", name) for name in share["files"]) if file is not None]
        for file in files:
            team.state.keep("file", file["id"], file | {"ready": True})
        if share["place"]["channel"] is None:
            return []
        app = next(app for app in team.apps() if app.app_id == share["app"])
        message = _by_bot(team, app, share["comment"]) | {"subtype": "file_share", "upload": False}
        return share_in(team, team.channel(share["place"]["channel"]), message, files, thread=share["place"]["thread"])


def _by_bot(team: Team, app: App, comment: str) -> Json:
    """What an app says with its files: Slack shares them as if the bot's user had, mostly without its `bot_id`."""
    message = by_app(team, app, {"text": comment})
    if team.shares_name_the_bot:
        return message
    return {name: value for name, value in message.items() if name not in {"bot_id", "app_id", "bot_profile"}}


def share_in(team: Team, channel: Json, message: Json, files: list[Json], *, thread: str | None) -> list[Happening]:
    """Post the message that carries the files, and note at each file where it is."""
    with team.state.lock:
        for file in files:
            file["ready"] = True
        posted, _ = post(team, channel, message | {"files": []}, thread=thread)
        for file in files:
            file["shares"].append({"channel": channel["id"], "ts": posted["ts"], "thread_ts": thread})
            team.state.keep("file", file["id"], file)
        message = team.state.message(channel["id"], posted["ts"]) or posted
        message["files"] = [described(team, file) for file in files]
        team.state.keep_message(channel["id"], message)
        tell_page(team, channel, message)
        event = shown(team, channel["id"], message)
        kind = team.kind_of(channel)
        event |= {"channel": channel["id"], "event_ts": message["ts"], "channel_type": kind}
        scope = {"channel": "channels:history", "group": "groups:history", "im": "im:history"}[kind]
        return [Happening(event, channel["id"], scope)]


def remove(team: Team, app: App, name: str) -> list[Happening]:
    """Delete the app's own file: its bytes go, and its messages go too, unless they say something beside it."""
    with team.state.lock:
        file = readable(team, app, name)
        if file["user"] != app.bot_user:
            raise Refusal("cant_delete_file")
        team.state.keep("file", name, file | {"deleted": True, "title": "", "alt_txt": ""})
        team.state.drop_content(name)
        happenings = []
        for share in file["shares"]:
            message = team.state.message(share["channel"], share["ts"])
            if message is None:
                continue
            channel = team.channel(share["channel"])
            others = [one for one in message.get("files", []) if one["id"] != name]
            if not others and not message["text"]:
                happenings += messages.delete(team, channel, message)
                continue
            message["files"] = [*others, {"id": name, "mode": "tombstone"}]
            team.state.keep_message(channel["id"], message)
            tell_page(team, channel, message)
        return happenings


def unfinished(team: Team) -> list[str]:
    """Shares that a stop came between."""
    return [number for number, share in team.state.numbered("share") if not share["done"]]


def described(team: Team, file: Json) -> Json:
    """The file as the Web API describes it; its type is empty until it was looked at."""
    kind = mimetypes.guess_type(file["name"])[0] or "application/octet-stream"
    extension = file["name"].rpartition(".")[2].lower() if "." in file["name"] else "binary"
    address = f"{team.base_url}files-pri/{team.id}-{file['id']}/{file['name']}"
    body: Json = {
        "id": file["id"],
        "created": file["created"],
        "timestamp": file["created"],
        "name": file["name"],
        "title": file["title"],
        "mimetype": kind if file["ready"] else "",
        "filetype": extension if file["ready"] else "",
        "pretty_type": extension.upper() if file["ready"] else "",
        "user": file["user"],
        "user_team": team.id,
        "editable": False,
        "size": file["length"],
        "mode": "hosted",
        "is_external": False,
        "is_public": False,
        "url_private": address,
        "url_private_download": f"{address}?download=1",
        "permalink": f"{team.base_url}files/{file['user']}/{file['id']}/{file['name']}",
        "file_access": "visible",
    }
    if file["alt_txt"]:
        body["alt_txt"] = file["alt_txt"]
    if file["ready"] and "width" in file:
        body |= {"original_w": file["width"], "original_h": file["height"]}
    return body | _shares(team, file)


def readable(team: Team, app: App, file: str) -> Json:
    """The file, if it is the app's own or shared where the app is."""
    found = team.state.document("file", file)
    if found is None:
        raise Refusal("file_not_found")
    if found.get("deleted"):
        raise Refusal("file_deleted")
    shared_with = any(team.state.is_member(share["channel"], app.bot_user) for share in found["shares"])
    if found["user"] != app.bot_user and not shared_with:
        raise Refusal("file_not_found")
    return found


def why_not_shown(team: Team, app: App, reference: Json) -> str | None:
    """Why a block's `slack_file` can't be a picture now."""
    name = reference.get("id") or _id_in(reference.get("url", ""))
    try:
        file = readable(team, app, name)
    except Refusal:
        return "invalid slack file"
    kind = mimetypes.guess_type(file["name"])[0]
    return None if file["ready"] and kind in SHOWN_PICTURES else "invalid slack file"


def _id_in(address: str) -> str:
    return next((part.rpartition("-")[2] for part in address.split("/") if "-F0" in part), "")


def _uploaded(team: Team, app: App, name: str) -> Json:
    file = team.state.document("file", name)
    if file is None or file.get("deleted") or file["user"] != app.bot_user or not file["uploaded"]:
        raise Refusal("file_not_found")
    return file


def _shares(team: Team, file: Json) -> Json:
    groups: dict[str, dict[str, list[Json]]] = {"public": {}, "private": {}}
    for share in file["shares"]:
        channel = team.channel(share["channel"])
        row: dict[str, Any] = {"ts": share["ts"], "channel_name": channel["name"], "team_id": team.id}
        if share["thread_ts"]:
            row["thread_ts"] = share["thread_ts"]
        group = groups["private" if channel["is_private"] else "public"]
        group.setdefault(channel["id"], []).append(row)
    named = {name: group for name, group in groups.items() if group}
    channels = [share["channel"] for share in file["shares"]]
    return {"shares": named, "channels": [name for name in dict.fromkeys(channels) if name in groups["public"]]}


def _size_of_picture(content: bytes) -> Json:
    if not content.startswith(PNG) or len(content) < 24:
        return {}
    return {"width": int.from_bytes(content[16:20]), "height": int.from_bytes(content[20:24])}
