"""What people do in the workspace; each act reaches the app as Slack would send it."""

from __future__ import annotations

import json
from typing import Any

from . import controls, envelopes, files, responses, views
from .api.chat import whisper
from .courier import Courier
from .forms import Forms
from .messages import by_person, delete, edit, own_message, post
from .reacting import react
from .refusal import Refusal
from .team import Team
from .unfurling import links, unfurl_later
from .values import App, Delivery, Json
from .wording import command_text, on_the_wire, rich_text


class People(Forms):
    """Acts of people; each returns when the app acknowledged what it was sent, or didn't in time."""

    def __init__(self, team: Team, courier: Courier) -> None:
        super().__init__(team, courier)
        self._team = team
        self._courier = courier

    def say(self, user: str, channel: str, text: str, *, thread: str | None = None) -> str:
        """Write a message; mentions are written `<@U…>`. Returns its ts."""
        place = self._member(user, channel)
        message, happenings = post(self._team, place, by_person(self._team, user, on_the_wire(text)), thread=thread)
        self._courier.tell(happenings)
        unfurl_later(self._team, place, message)
        return str(message["ts"])

    def share(
        self,
        user: str,
        channel: str,
        name: str,
        content: bytes,
        *,
        comment: str = "",
        alt_text: str = "",
        thread: str | None = None,
    ) -> str:
        """Put a file into a channel or a thread. Returns the ts of its message."""
        place = self._member(user, channel)
        file, address = files.announce(self._team, user, name=name, length=len(content), alt_text=alt_text)
        files.take_bytes(self._team, address.rpartition("/")[2], content)
        file = self._team.state.document("file", file["id"]) or file
        message = by_person(self._team, user, on_the_wire(comment)) | {"subtype": "file_share", "upload": False}
        happenings = files.share_in(self._team, place, message, [file], thread=thread)
        self._courier.tell(happenings)
        return str(happenings[0].event["ts"])

    def edit(self, user: str, channel: str, ts: str, text: str) -> None:
        """Change one's own message; writing the same again changes nothing."""
        place = self._member(user, channel)
        message = own_message(self._team, channel, ts, user, refusal="cant_update_message")
        text = on_the_wire(text)
        if text == message["text"]:
            return
        changes: Json = {"text": text, "blocks": [rich_text(text, message["blocks"][0]["block_id"])]}
        kept = [preview for preview in message.get("attachments", []) if preview["from_url"] in links(text)]
        changes["attachments"] = kept or None
        self._courier.tell(edit(self._team, place, message, changes, editor=user)[1])

    def delete(self, user: str, channel: str, ts: str, *, as_admin: bool = False) -> None:
        """Take one's own message away; an admin may take anyone's, the app's too."""
        place = self._member(user, channel)
        owner = user
        if as_admin:
            owner = (self._team.state.message(channel, ts) or {"user": user})["user"]
        message = own_message(self._team, channel, ts, owner, refusal="cant_delete_message")
        self._courier.tell(delete(self._team, place, message))

    def react(self, user: str, channel: str, ts: str, name: str) -> None:
        self._courier.tell(react(self._team, self._member(user, channel), ts, user, name.strip(":")))

    def command(
        self,
        user: str,
        channel: str,
        text: str,
        *,
        command: str = "/parley",
        thread: str | None = None,
    ) -> Delivery:
        """Type a slash command; what the app answers at once is shown to its person."""
        place = self._member(user, channel)
        app = next((app for app in self._team.apps() if app.command == command), None)
        if app is None:
            whisper(self._team, None, channel, user, {"text": f"{command} is not a valid command."}, thread=thread)
            raise LookupError(f"no installed app has the command {command}")
        names = (lambda name: self._team.person(name)["name"], lambda name: self._team.channel(name)["name"])
        typed = command_text(text, *names)
        payload = envelopes.command_fields(self._team, app, place, user, command=command, text=typed)
        if thread is not None:
            says = f"{command} is not supported in threads. Sorry!"
            whisper(self._team, None, channel, user, {"text": says}, thread=thread)
            return self._courier.refused(app, "command", payload, says)
        delivery = self._courier.hand_over(app, "command", payload)
        if delivery.acknowledged:
            self._answered(app, delivery)
        else:
            says = f"{command} failed with the error “{_outcome(delivery)}”"
            whisper(self._team, None, channel, user, {"text": says})
        return delivery

    def click(
        self,
        user: str,
        channel: str,
        ts: str,
        action_id: str,
        *,
        block_id: str | None = None,
        value: Any = None,
    ) -> Delivery:
        """Press a button, or choose an option by its value, in a message or in what only this person sees."""
        place = self._member(user, channel)
        message = self._touched(place, user, ts)
        app = self._app_behind(message)
        block, element = controls.find(message.get("blocks") or [], action_id, block_id, value)
        action = controls.action(element, block, value, self._team.new_ts(channel))
        state = controls.message_state(message["blocks"])
        if element["type"] not in {"button", "overflow"}:
            state[block][element["action_id"]] = controls.state_of(element, value)
        payload = envelopes.message_click(self._team, app, user, place, message, action, state)
        delivery = self._courier.hand_over(app, "interaction", payload)
        if not delivery.acknowledged:
            says = f"This did not work: {app.name} failed with the error “{_outcome(delivery)}”"
            whisper(self._team, None, channel, user, {"text": says}, thread=message.get("thread_ts"))
        return delivery

    def forget_ephemeral(self, user: str, channel: str, ts: str) -> None:
        """Put away something that only this person sees."""
        if any(message["ts"] == ts for message in self._team.state.ephemerals(channel, user)):
            self._team.state.drop_ephemeral(channel, ts)
            self._team.changed({"kind": "ephemeral", "channel": channel, "user": user, "ts": ts})

    def shortcut(self, user: str, channel: str, ts: str, callback_id: str) -> Delivery:
        """Use a message shortcut of the (first) app."""
        place = self._member(user, channel)
        message = self._touched(place, user, ts)
        app = self._team.apps()[0]
        payload = envelopes.shortcut(self._team, app, user, place, message, callback_id)
        return self._courier.hand_over(app, "interaction", payload)

    def options(
        self,
        user: str,
        action_id: str,
        query: str,
        *,
        view_id: str | None = None,
        channel: str | None = None,
        ts: str | None = None,
        block_id: str | None = None,
    ) -> Delivery:
        """Type into a select whose options the app supplies, in a view or in a message."""
        if view_id is not None:
            view = views.open_view(self._team, view_id)
            app, blocks = self._app_behind(view), view["blocks"]
            where = envelopes.suggestion_in_view(views.public(view))
        else:
            place = self._member(user, channel or "")
            message = self._touched(place, user, ts or "")
            app, blocks = self._app_behind(message), message.get("blocks") or []
            where = envelopes.suggestion_in_message(self._team, place, message)
        block, element = controls.find(blocks, action_id, block_id, None)
        payload = envelopes.suggestion(
            self._team, app, user, action_id=element["action_id"], block_id=block, query=query, where=where
        )
        return self._courier.hand_over(app, "options", payload)

    def _member(self, user: str, channel: str) -> Json:
        place = self._team.channel(channel)
        self._team.person(user)
        if not self._team.state.is_member(channel, user):
            raise Refusal("not_in_channel", f"{user} is not in {place['name']}")
        return place

    def _touched(self, channel: Json, user: str, ts: str) -> Json:
        hidden = [m for m in self._team.state.ephemerals(channel["id"], user) if m["ts"] == ts]
        message = hidden[0] if hidden else self._team.state.message(channel["id"], ts)
        if message is None:
            raise Refusal("message_not_found")
        return {name: value for name, value in message.items() if name != "metadata"}

    def _app_behind(self, made: Json) -> App:
        for app in self._team.apps():
            if app.app_id == made.get("app_id"):
                return app
        raise LookupError("no app made this")

    def _answered(self, app: App, delivery: Delivery) -> None:
        try:
            self._courier.tell_later(responses.at_once(self._team, app, delivery.payload, delivery.body))
        except Refusal as refusal:
            says = f"{app.command} failed with the error “{refusal.error}”"
            place = (delivery.payload["channel_id"], delivery.payload["user_id"])
            whisper(self._team, None, *place, {"text": says})


def _outcome(delivery: Delivery) -> str:
    """Slack's word to the person for what went wrong."""
    problem = delivery.attempts[-1].problem if delivery.attempts else None
    return "operation_timeout" if problem in {"http_timeout", "timeout"} else "dispatch_failed"


def answered_options(delivery: Delivery) -> list[Json]:
    """The options in an app's answer to `options`."""
    body = json.loads(delivery.body or "{}")
    options: list[Json] = body.get("options") or [
        o for group in body.get("option_groups", []) for o in group["options"]
    ]
    return options
