"""The only file with Bolt listeners: each is one short transaction, and returning from it is the acknowledgement."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from slack_bolt import Ack, App, BoltResponse

from analysis.errors import UserError
from bot.asking.command import Command
from bot.asking.grammar import Asked, parse
from bot.asking.kinds import TooLong
from bot.asking.plain import mentions, plain, without_mention
from bot.bell import Bell
from bot.render.answers import refused
from bot.slack import payloads
from storage import annotations, messages, people, requests
from storage.database import Busy, Database, Transaction
from storage.messages import Address
from storage.requests import Request, Where, Who
from storage.tracing import of_request

log = structlog.get_logger()

SECONDS_TO_ACKNOWLEDGE = 2.0
NEW_MESSAGES = (None, "file_share", "thread_broadcast", "me_message")

ANYTHING = re.compile("")

Payload = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Delivery:
    """One thing that a person did: the key that makes it count once, how it came, who did it and where."""

    key: str
    source: str
    who: Who
    where: Where


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """Takes what Slack delivers, and writes rows for others to act on."""

    database: Database
    commands: Mapping[str, Command]
    now: Callable[[], datetime]
    asked: Bell
    wanted: Bell
    bot_user: str
    workspace_url: str

    def listen(self, app: App) -> None:
        """Register every listener. The last one acknowledges whatever the others leave."""
        app.command(ANYTHING)(self.on_command)
        app.action(ANYTHING)(self.on_click)
        app.event("app_mention")(self.on_mention)
        app.event("message")(self.on_message)
        for rest in (app.event, app.shortcut, app.view, app.options):
            rest(ANYTHING)(self.on_anything_else)
        app.error(self.on_error)

    # --- what Slack delivers -------------------------------------------------------------------------------------

    def on_command(self, ack: Ack, body: Payload) -> None:
        who = Who(team=body["team_id"], user=body["user_id"])
        where = Where(channel=body["channel_id"], response_url=body.get("response_url"))
        key = f"command:{who.team}:{body['trigger_id']}"
        with self._transaction() as tx:
            self._take_words(tx, body.get("text", ""), _Delivery(key, "command", who, where))
        self._ring()
        ack()

    def on_click(self, ack: Ack, body: Payload) -> None:
        click = payloads.click(body)
        who = Who(team=click.team, user=click.user)
        where = Where(
            channel=click.channel,
            thread=click.thread or click.message,
            message=click.message,
            response_url=click.response_url,
        )
        with self._transaction() as tx:
            for action in click.actions:
                if action.asked is not None:
                    key = f"button:{who.team}:{who.user}:{click.message}:{action.action_id}:{action.action_ts}"
                    self._take(tx, action.asked, _Delivery(key, "button", who, where))
        self._ring()
        ack()

    def on_mention(self, body: Payload, event: Payload) -> None:
        if not event.get("bot_id") and not event.get("edited"):
            self._take_mention(body, event)

    def on_message(self, body: Payload, event: Payload) -> None:
        subtype = event.get("subtype")
        if subtype == "message_changed":
            self._revise(body, event)
        elif subtype == "message_deleted":
            self._erase(body, event)
        elif subtype in NEW_MESSAGES and not event.get("bot_id"):
            if mentions(event.get("text", ""), self.bot_user):
                self._take_mention(body, event)
            elif event.get("thread_ts"):
                self._keep(body, event)

    def on_anything_else(self, ack: Ack) -> None:
        """Whatever is not for us is acknowledged: an unmatched payload would be a failed delivery."""
        ack()

    def on_error(self, error: Exception, body: Payload) -> BoltResponse:
        """No commit, no acknowledgement: events come again, and a person sees that it failed."""
        if isinstance(error, payloads.Malformed):
            log.warning("a delivery can't be read", why=str(error))
            return BoltResponse(status=400, body="")
        if isinstance(error, Busy):
            log.warning("the database was busy for too long; not acknowledged", kind=body.get("type"))
            return BoltResponse(status=503, body="")
        log.error("a listener failed; not acknowledged", kind=body.get("type"), exc_info=error)
        return BoltResponse(status=500, body="")

    # --- requests ------------------------------------------------------------------------------------------------

    def _take_mention(self, body: Payload, event: Payload) -> None:
        """One mention arrives as two events; whichever is first makes the request, and it is no annotation."""
        who = Who(team=_team(body), user=event["user"])
        channel, ts = event["channel"], event["ts"]
        where = Where(channel=channel, thread=event.get("thread_ts", ts), message=ts)
        text = without_mention(event.get("text", ""), self.bot_user)
        delivery = _Delivery(f"message:{who.team}:{channel}:{ts}", "mention", who, where)
        with self._transaction() as tx:
            annotations.not_a_note(tx, team=who.team, channel=channel, ts=ts, now=self.now())
            self._take_words(tx, text, delivery)
        self._ring()

    def _take_words(self, tx: Transaction, text: str, delivery: _Delivery) -> None:
        try:
            asked = parse(plain(text), self.commands)
        except TooLong as error:
            # Of a mention the message itself is still there; a command's words are gone when they are refused.
            self._refuse(tx, str(error), delivery, written=error.written if delivery.source == "command" else "")
        except UserError as error:
            self._refuse(tx, str(error), delivery)
        else:
            self._take(tx, asked, delivery)

    def _take(self, tx: Transaction, asked: Asked, delivery: _Delivery) -> None:
        command = self.commands.get(asked[0])
        if command is None:
            self._refuse(tx, f"There is no command `{asked[0]}` any more; `help` lists them all.", delivery)
            return
        request = Request(*asked, who=delivery.who, where=delivery.where)
        key, source = delivery.key, delivery.source
        taken = requests.take(tx, request, key=key, source=source, lane=command.lane, now=self.now())
        if taken is not None:
            log.info("a request is taken", trace=of_request(taken), command=request.command, source=source)

    def _refuse(self, tx: Transaction, says: str, delivery: _Delivery, *, written: str = "") -> None:
        """The same delivery twice gives one refusal: its key is the delivery's.

        A mention that stands in the channel is answered there: its thread has no reply yet, so nobody has it open."""
        where, who = delivery.where, delivery.who
        address = Address(
            team=who.team,
            channel=where.channel or "",
            thread=where.thread if delivery.source == "mention" and where.thread != where.message else None,
            user=who.user,
            response_url=where.response_url,
        )
        key = f"refused:{delivery.key}"
        content = refused(says, written=written)
        messages.want(tx, key=key, kind="ephemeral", address=address, content=content, now=self.now())

    def _ring(self) -> None:
        self.asked.ring()
        self.wanted.ring()

    # --- what people say -----------------------------------------------------------------------------------------

    def _keep(self, body: Payload, event: Payload) -> None:
        """A reply in a thread of ours is an annotation, also before its thread is known where its parent is ours."""
        if event.get("parent_user_id") not in (None, self.bot_user):
            return  # most threads are not ours, and Slack says so
        team, channel, thread = _team(body), event["channel"], event["thread_ts"]
        with self._transaction() as tx:
            place = messages.place(tx, team=team, channel=channel, ts=thread)
            anchor = place.anchor if place is not None else None
            if anchor is None and (place is not None or event.get("parent_user_id") != self.bot_user):
                return
            person = people.get(tx, Who(team=team, user=event["user"]))
            annotations.keep(
                tx,
                team=team,
                author=event["user"],
                persona=person.persona if person else None,
                text=plain(event.get("text", "")),
                anchor=anchor,
                channel=channel,
                ts=event["ts"],
                thread=thread,
                permalink=self._permalink(channel, event["ts"], thread),
                now=self.now(),
            )

    def _revise(self, body: Payload, event: Payload) -> None:
        """An edit; Slack's unfurls arrive as changes too, and have the same ``edited.ts`` as before, or none."""
        message, before = event.get("message", {}), event.get("previous_message", {})
        edited = message.get("edited", {}).get("ts")
        if (
            message.get("bot_id")
            or not message.get("thread_ts")
            or not edited
            or edited == before.get("edited", {}).get("ts")
        ):
            return
        with self._transaction() as tx:
            annotations.revise(
                tx,
                team=_team(body),
                channel=event["channel"],
                ts=message["ts"],
                text=plain(message.get("text", "")),
                edited=edited,
                now=self.now(),
            )
        self.wanted.ring()

    def _erase(self, body: Payload, event: Payload) -> None:
        with self._transaction() as tx:
            team, channel, ts = _team(body), event["channel"], event["deleted_ts"]
            annotations.erase(tx, team=team, channel=channel, ts=ts, now=self.now())
        self.wanted.ring()

    def _permalink(self, channel: str, ts: str, thread: str) -> str:
        where = f"{self.workspace_url}archives/{channel}/p{ts.replace('.', '')}"
        return f"{where}?thread_ts={thread}&cid={channel}"

    def _transaction(self) -> Any:
        return self.database.transaction(wait=SECONDS_TO_ACKNOWLEDGE)


def _team(body: Payload) -> str:
    return payloads.message(body).team
