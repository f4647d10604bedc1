"""What Slack delivers, read once into typed values. Whatever isn't shaped as Slack shapes it is Malformed."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn, cast

from storage.database import Json

ID = re.compile(r"[\x21-\x7e]{1,255}")
ADDRESS = re.compile(r"https?://[\x21-\x7e]{1,2000}")
TS = re.compile(r"\d{1,15}(\.\d{1,9})?")
NAMED_BY = {
    "view_submission": "callback_id",
    "shortcut": "callback_id",
    "message_action": "callback_id",
    "block_suggestion": "action_id",
}
"""What a listener is chosen by, for each kind of interaction that has listeners but is not read further."""

SAID_BY_A_PERSON = (None, "file_share", "thread_broadcast", "me_message")


class Malformed(ValueError):  # noqa: N818  # read as a sentence: except Malformed
    """A payload that Slack would not send. The message names the field, never what stands in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandPayload:
    """A slash command. People can only give one in their own workspace, so ``team`` is also theirs."""

    team: str
    enterprise: str | None
    user: str
    channel: str
    text: str
    trigger_id: str
    response_url: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One element that was used. ``asked`` is the command and its arguments, where its value carries one."""

    action_id: str
    action_ts: str | None
    type: str | None
    value: str | None
    asked: tuple[str, dict[str, Json]] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClickPayload:
    """Elements used in a message or a view. ``message`` is the ts of that message, None in a view."""

    team: str
    enterprise: str | None
    user: str
    user_team: str | None
    channel: str | None
    message: str | None
    thread: str | None
    view: str | None
    trigger_id: str | None
    response_url: str | None = field(repr=False)
    actions: tuple[Action, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One message as an event tells of it. ``user_team`` is the author's workspace or organisation, where it is told;
    ``edited`` is Slack's mark of the last edit."""

    ts: str
    user: str | None
    user_team: str | None
    bot_id: str | None
    subtype: str | None
    text: str
    thread_ts: str | None
    parent_user_id: str | None
    edited: str | None
    blocks: int
    files: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagePayload:
    """A ``message`` or ``app_mention`` event.

    ``message`` is what stands there now: the new message, or what an edited one became; None after a deletion.
    ``previous`` is what stood there before an edit or a deletion. ``team`` is the workspace we are installed in, which
    in a shared channel may be another than the one that the event comes from."""

    team: str
    enterprise: str | None
    event: str
    event_id: str | None
    event_ts: str | None
    channel: str
    channel_type: str | None
    is_ext_shared_channel: bool
    subtype: str | None
    message: Said | None
    previous: Said | None
    deleted_ts: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedPerson:
    """What a ``user_change`` event says of somebody's rights."""

    user: str
    guest: bool
    admin: bool
    deleted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherPayload:
    """Anything else that Slack sends: acknowledged, whether or not somebody listens to it.

    ``kind`` is the payload's type, ``event`` the type of its event."""

    kind: str
    event: str | None
    team: str | None


Payload = CommandPayload | ClickPayload | MessagePayload | OtherPayload


def read(body: object) -> Payload:
    """The payload as a value. Raises Malformed."""
    if not isinstance(body, dict):
        raise Malformed("the payload is no object")
    if body.get("type") is None:
        return command(body) if "command" in body else _untyped(body)
    kind = _id(body, "type")
    if kind == "event_callback":
        name = _id(_object(body, "event"), "type")
        return message(body) if name in ("message", "app_mention") else _other(body, kind, event=name)
    return click(body) if kind == "block_actions" else _other(body, kind)


def command(body: Mapping[str, Any]) -> CommandPayload:
    """A slash command's fields. Raises Malformed."""
    return CommandPayload(
        team=_id(body, "team_id"),
        enterprise=_id_or_none(body, "enterprise_id"),
        user=_id(body, "user_id"),
        channel=_id(body, "channel_id"),
        text=_words(body, "text"),
        trigger_id=_id(body, "trigger_id"),
        response_url=_url_or_none(body, "response_url"),
    )


def click(body: Mapping[str, Any]) -> ClickPayload:
    """The fields of a ``block_actions`` payload. Raises Malformed."""
    user = _object(body, "user")
    container = _object_or_empty(body, "container")
    view = _object_or_empty(body, "view")
    channel = _id_or_none(container, "channel_id") or _id_or_none(_object_or_empty(body, "channel"), "id")
    actions = body.get("actions")
    if not isinstance(actions, list):
        raise Malformed("actions is no list")
    return ClickPayload(
        team=_team_of_an_interaction(body, user, view),
        enterprise=_id_or_none(_object_or_empty(body, "enterprise"), "id"),
        user=_id(user, "id"),
        user_team=_id_or_none(user, "team_id"),
        channel=channel,
        message=_ts_or_none(container, "message_ts"),
        thread=_ts_or_none(container, "thread_ts"),
        view=_id_or_none(view, "id"),
        trigger_id=_id_or_none(body, "trigger_id"),
        response_url=_url_or_none(body, "response_url"),
        actions=tuple(_action(action) for action in actions),
    )


def message(body: Mapping[str, Any]) -> MessagePayload:
    """The fields of an event that tells of a message. Raises Malformed."""
    event = _object(body, "event")
    subtype = _id_or_none(event, "subtype")
    now, before, deleted = None, None, None
    if subtype == "message_changed":
        now = _said(_object(event, "message"))
        before = _said_or_none(event, "previous_message")
    elif subtype == "message_deleted":
        deleted = _ts(event, "deleted_ts")
        before = _said_or_none(event, "previous_message")
    else:
        now = _said(event)
        if subtype in SAID_BY_A_PERSON and not now.bot_id and now.user is None:
            _missing("user")
    return MessagePayload(
        team=_team_of_an_event(body),
        enterprise=_id_or_none(_authorization(body), "enterprise_id") or _id_or_none(body, "enterprise_id"),
        event=_id(event, "type"),
        event_id=_id_or_none(body, "event_id"),
        event_ts=_ts_or_none(event, "event_ts"),
        channel=_id(event, "channel"),
        channel_type=_id_or_none(event, "channel_type"),
        is_ext_shared_channel=_flag(body, "is_ext_shared_channel"),
        subtype=subtype,
        message=now,
        previous=before,
        deleted_ts=deleted,
    )


def channel_of(body: Mapping[str, Any]) -> str:
    """The channel that an event tells of. Raises Malformed."""
    return _id(_object(body, "event"), "channel")


def changed_person(body: Mapping[str, Any]) -> ChangedPerson:
    """The fields of a ``user_change`` event. Raises Malformed."""
    user = _object(_object(body, "event"), "user")
    return ChangedPerson(
        user=_id(user, "id"),
        guest=_flag(user, "is_restricted") or _flag(user, "is_ultra_restricted"),
        admin=_flag(user, "is_admin") or _flag(user, "is_owner"),
        deleted=_flag(user, "deleted"),
    )


def _untyped(body: Mapping[str, Any]) -> OtherPayload:
    if "ssl_check" not in body:
        _missing("type")
    return OtherPayload(kind="ssl_check", event=None, team=None)


def _other(body: Mapping[str, Any], kind: str, *, event: str | None = None) -> OtherPayload:
    view = _object_or_empty(body, "view")
    if kind in NAMED_BY and not _words(view if kind == "view_submission" else body, NAMED_BY[kind]):
        _missing(NAMED_BY[kind])
    team = body.get("team")
    named = _id_or_none(team, "id") if isinstance(team, dict) else None
    return OtherPayload(kind=kind, event=event, team=named or _installed_in(body))


def _said(event: Mapping[str, Any]) -> Said:
    return Said(
        ts=_ts(event, "ts"),
        user=_id_or_none(event, "user"),
        user_team=next((t for name in ("user_team", "source_team", "team") if (t := _id_or_none(event, name))), None),
        bot_id=_id_or_none(event, "bot_id"),
        subtype=_id_or_none(event, "subtype"),
        text=_words(event, "text"),
        thread_ts=_ts_or_none(event, "thread_ts"),
        parent_user_id=_id_or_none(event, "parent_user_id"),
        edited=_ts_or_none(_object_or_empty(event, "edited"), "ts"),
        blocks=_count(event, "blocks"),
        files=_count(event, "files"),
    )


def _said_or_none(event: Mapping[str, Any], name: str) -> Said | None:
    return _said(_object(event, name)) if event.get(name) is not None else None


def _action(action: object) -> Action:
    if not isinstance(action, dict):
        raise Malformed("an action is no object")
    value = _words_or_none(action, "value") or _words_or_none(_object_or_empty(action, "selected_option"), "value")
    return Action(
        action_id=_words(action, "action_id") or _missing("action_id"),
        action_ts=_ts_or_none(action, "action_ts"),
        type=_id_or_none(action, "type"),
        value=value,
        asked=_asked(value),
    )


def _asked(value: str | None) -> tuple[str, dict[str, Json]] | None:
    """The command that a button's value carries; a link's button carries none."""
    try:
        asked = json.loads(value, parse_constant=_no_number) if value else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(asked, dict) or not isinstance(asked.get("command"), str):
        return None
    arguments = asked.get("arguments", {})
    return (asked["command"], arguments) if isinstance(arguments, dict) else None


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no JSON")


# --- which workspace -------------------------------------------------------------------------------------------------


def _team_of_an_event(body: Mapping[str, Any]) -> str:
    return _installed_in(body) or _missing("team_id")


def _installed_in(body: Mapping[str, Any]) -> str | None:
    """The workspace that we are installed in; an event from a shared channel may name a partner's outside of this."""
    return _id_or_none(_authorization(body), "team_id") or _id_or_none(body, "team_id")


def _authorization(body: Mapping[str, Any]) -> Mapping[str, Any]:
    listed = body.get("authorizations")
    if listed is None or listed == []:
        return {}
    if not isinstance(listed, list) or not isinstance(listed[0], dict):
        raise Malformed("authorizations is no list of objects")
    return cast("Mapping[str, Any]", listed[0])


def _team_of_an_interaction(body: Mapping[str, Any], user: Mapping[str, Any], view: Mapping[str, Any]) -> str:
    """Where an organisation installed us, ``team`` is null and the person's own workspace is meant."""
    return (
        _id_or_none(view, "app_installed_team_id")
        or _id_or_none(_object_or_empty(body, "team"), "id")
        or _id_or_none(user, "team_id")
        or _missing("team")
    )


# --- one field -------------------------------------------------------------------------------------------------------


def _object(parent: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = parent.get(name)
    if not isinstance(value, dict):
        raise Malformed(f"{name} is no object")
    return value


def _object_or_empty(parent: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    return _object(parent, name) if parent.get(name) is not None else {}


def _id(parent: Mapping[str, Any], name: str) -> str:
    return _id_or_none(parent, name) or _missing(name)


def _id_or_none(parent: Mapping[str, Any], name: str) -> str | None:
    return _matching(parent, name, ID)


def _ts(parent: Mapping[str, Any], name: str) -> str:
    return _ts_or_none(parent, name) or _missing(name)


def _ts_or_none(parent: Mapping[str, Any], name: str) -> str | None:
    return _matching(parent, name, TS)


def _matching(parent: Mapping[str, Any], name: str, pattern: re.Pattern[str]) -> str | None:
    """None where the field is null, empty or missing, all of which Slack uses for nothing."""
    value = _words_or_none(parent, name)
    if not value:
        return None
    if not value.isascii() or pattern.fullmatch(value) is None:
        raise Malformed(f"{name} can't be read")
    return value


def _words(parent: Mapping[str, Any], name: str) -> str:
    return _words_or_none(parent, name) or ""


def _words_or_none(parent: Mapping[str, Any], name: str) -> str | None:
    value = parent.get(name)
    if value is not None and not isinstance(value, str):
        raise Malformed(f"{name} is no text")
    return value


def _url_or_none(parent: Mapping[str, Any], name: str) -> str | None:
    return _matching(parent, name, ADDRESS)


def _flag(parent: Mapping[str, Any], name: str) -> bool:
    value = parent.get(name)
    if value is not None and not isinstance(value, bool):
        raise Malformed(f"{name} is neither true nor false")
    return bool(value)


def _count(parent: Mapping[str, Any], name: str) -> int:
    value = parent.get(name)
    if value is not None and not isinstance(value, list):
        raise Malformed(f"{name} is no list")
    return len(value or ())


def _missing(name: str) -> NoReturn:
    raise Malformed(f"{name} is missing")
