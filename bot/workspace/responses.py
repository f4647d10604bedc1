"""What an app answers to a command or a click, at once or through its response URL."""

from __future__ import annotations

import json

from . import messages
from .api.chat import whisper
from .arguments import Arguments
from .blockkit import check_blocks
from .files import why_not_shown
from .refusal import Refusal
from .team import Team
from .values import App, Happening, Json


def at_once(team: Team, app: App, payload: Json, body: str) -> list[Happening]:
    """The body of the acknowledgement of a command: plain text or JSON; nothing means that nothing is shown."""
    text = body.strip()
    if not text:
        return []
    try:
        given = json.loads(text)
    except json.JSONDecodeError:
        given = {"text": text}
    if not isinstance(given, dict):
        given = {"text": text}
    if not given.get("text") and not given.get("blocks"):
        return []
    known = {"channel": payload["channel_id"], "user": payload["user_id"]}
    return _show(team, app, known, given)[1]


def by_url(team: Team, token: str, given: Json) -> list[Happening]:
    """A use of a response URL: one more message, or a change of the one that it came from."""
    known = team.use_response_url(token)
    app = next(app for app in team.apps() if app.app_id == known["app"])
    fields = Arguments(given)
    if fields.flag("delete_original"):
        return _delete(team, known)
    if fields.flag("replace_original") and known.get("ts"):
        return _replace(team, app, known, fields.given)
    ts, happenings = _show(team, app, known, fields.given)
    if not known.get("ts"):
        kind = "message" if given.get("response_type") == "in_channel" else "ephemeral"
        team.state.keep("response_url", token, known | {"ts": ts, "original": kind})
    return happenings


def _judged(team: Team, app: App, given: Json) -> Json:
    sent = {name: given[name] for name in ("text", "blocks", "metadata") if given.get(name)}
    if "blocks" in sent:
        check_blocks(sent["blocks"], lambda reference: why_not_shown(team, app, reference))
    if not sent:
        raise Refusal("no_text")
    return sent


def _show(team: Team, app: App, known: Json, given: Json) -> tuple[str, list[Happening]]:
    sent = _judged(team, app, given)
    thread = given.get("thread_ts") or known.get("thread")
    if given.get("response_type") != "in_channel":
        return whisper(team, app, known["channel"], known["user"], sent, thread=thread), []
    channel = team.channel(known["channel"])
    message, happenings = messages.post(team, channel, messages.by_app(team, app, sent), thread=thread)
    team.payloads.keep_message("message", sent)
    return message["ts"], happenings


def _replace(team: Team, app: App, known: Json, given: Json) -> list[Happening]:
    sent = _judged(team, app, given)
    channel = team.channel(known["channel"])
    if known["original"] == "ephemeral":
        for before in team.state.ephemerals(channel["id"], known["user"]):
            if before["ts"] == known["ts"]:
                kept = {name: before[name] for name in ("ts", "is_ephemeral", "thread_ts") if name in before}
                team.state.keep_ephemeral(channel["id"], known["user"], messages.by_app(team, app, sent) | kept)
                team.payloads.keep_message("ephemeral", sent)
                team.changed({"kind": "ephemeral", "channel": channel["id"], "user": known["user"], "ts": known["ts"]})
        return []
    message = messages.own_message(team, channel["id"], known["ts"], app.bot_user, refusal="cant_update_message")
    changes = {"text": sent.get("text", ""), "blocks": messages.as_kept(sent.get("blocks") or []) or None}
    team.payloads.keep_message("message", sent)
    return messages.edit(team, channel, message, changes, editor=app.bot_user)[1]


def _delete(team: Team, known: Json) -> list[Happening]:
    channel = team.channel(known["channel"])
    if not known.get("ts"):
        raise Refusal("message_not_found")
    if known["original"] == "ephemeral":
        team.state.drop_ephemeral(channel["id"], known["ts"])
        team.changed({"kind": "ephemeral", "channel": channel["id"], "user": known["user"], "ts": known["ts"]})
        return []
    message = team.state.message(channel["id"], known["ts"])
    if message is None:
        raise Refusal("message_not_found")
    return messages.delete(team, channel, message)
