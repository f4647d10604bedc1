"""The only file with Bolt listeners: each is one short transaction, and returning from it is the acknowledgement."""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import structlog
from slack_bolt import Ack, App, BoltResponse

from analysis.errors import UserError
from bot.asking.command import Command
from bot.asking.edited import of_message, words_of_note
from bot.asking.grammar import Asked, parse
from bot.asking.kinds import TooLong
from bot.asking.plain import mentions, plain, without_mention
from bot.asking.rights import OUTSIDER
from bot.render.answers import refused
from bot.render.notes import no_longer_kept
from bot.slack import payloads
from bot.slack.payloads import MessagePayload, Said
from storage import annotations, channels, deciding, messages, people, requests, schedules
from storage.annotations import Annotation, Edit
from storage.busy import Busy
from storage.contents import place_of
from storage.database import Database, Json, Transaction
from storage.forgetting import ANSWERED_WHAT_WAS_EDITED, leave_answers
from storage.messages import Address
from storage.requests import MENTION, Request, Where, Who
from storage.tracing import of_request

log = structlog.get_logger()

SECONDS_TO_ACKNOWLEDGE = 2.0
NEW_MESSAGES = payloads.SAID_BY_A_PERSON
REREAD = "reread"
FILE_ALONE = "(a file without a comment)"
SLACKBOT = "USLACKBOT"
"""Who has written a message that was deleted while it had replies."""

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
    """Takes what Slack delivers, and writes rows for others to act on.

    ``team`` is the workspace we are installed in: everything is kept under it, also what a partner does in a shared
    channel. ``bot_user`` and ``bot_name`` are ours."""

    database: Database
    commands: Mapping[str, Command]
    now: Callable[[], datetime]
    team: str
    bot_user: str
    bot_name: str
    workspace_url: str
    shared_channels: Collection[str]

    def listen(self, app: App) -> None:
        """Register every listener, what comes most often first, since Bolt asks one after the other. The last one
        acknowledges whatever the others leave."""
        app.event("message")(self.on_message)
        app.command(ANYTHING)(self.on_command)
        app.event("app_mention")(self.on_mention)
        app.action(ANYTHING)(self.on_click)
        app.event("app_uninstalled")(self.on_removal)
        app.event("tokens_revoked")(self.on_removal)
        app.event("channel_shared")(self.on_sharing)
        app.event("channel_unshared")(self.on_sharing)
        app.event("user_change")(self.on_change_of_a_person)
        for rest in (app.event, app.shortcut, app.view, app.options):
            rest(ANYTHING)(self.on_anything_else)
        app.error(self.on_error)

    # --- what Slack delivers -------------------------------------------------------------------------------------

    def on_command(self, ack: Ack, body: Payload) -> None:
        typed = payloads.command(body)
        outsider = self._is_outsider(typed.team, typed.enterprise)
        where = Where(channel=typed.channel, response_url=typed.response_url, outsider=outsider)
        delivery = _Delivery(f"command:{self.team}:{typed.trigger_id}", "command", self._who(typed.user), where)
        with self._transaction() as tx:
            self._take_words(tx, typed.text, delivery)
        ack()

    def on_click(self, ack: Ack, body: Payload) -> None:
        click = payloads.click(body)
        who = self._who(click.user)
        where = Where(
            channel=click.channel,
            thread=click.thread or click.message,
            message=click.message,
            response_url=click.response_url,
            outsider=self._is_outsider(click.user_team, click.enterprise),
        )
        with self._transaction() as tx:
            for action in click.actions:
                if action.asked is not None:
                    key = f"button:{who.team}:{who.user}:{click.message}:{action.action_id}:{action.action_ts}"
                    self._take(tx, action.asked, _Delivery(key, "button", who, where))
        ack()

    def on_mention(self, body: Payload) -> None:
        event = payloads.message(body)
        said = event.message
        if said is not None and not said.bot_id and not said.edited:
            self._take_mention(event, said)

    def on_message(self, body: Payload) -> None:
        event = payloads.message(body)
        said = event.message
        if event.deleted_ts is not None:
            self._erase(event.channel, event.deleted_ts)
        elif said is None:
            return
        elif said.subtype == "tombstone":
            self._erase(event.channel, said.ts)
        elif event.subtype == "message_changed":
            self._revise(event, said)
        elif event.subtype in NEW_MESSAGES and self._is_by_a_person(said):
            if self._is_a_request(event, said):
                self._take_mention(event, said)
            elif said.thread_ts:
                self._keep(event, said)

    def on_removal(self) -> None:
        """The app was removed from the workspace, or its tokens were: nothing can be posted any more."""
        with self._transaction() as tx:
            schedules.pause_all(tx, self.team, reason="the app was removed from the workspace", now=self.now())

    def on_sharing(self, body: Payload) -> None:
        """Who reads a channel has changed."""
        with self._transaction() as tx:
            channels.doubt(tx, team=self.team, id=payloads.channel_of(body), now=self.now())

    def on_change_of_a_person(self, body: Payload) -> None:
        """Somebody became a guest, say, or an admin. Most changes are of a picture or a status, and change no right."""
        told = payloads.changed_person(body)
        who = self._who(told.user)
        with self._transaction() as tx:
            known = people.get(tx, who)
            if known is not None and (known.guest, known.admin, known.deleted) != (
                told.guest,
                told.admin,
                told.deleted,
            ):
                people.forget(tx, who)

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

    # --- who -----------------------------------------------------------------------------------------------------

    def _who(self, user: str) -> Who:
        return Who(team=self.team, user=user)

    def _is_outsider(self, team: str | None, enterprise: str | None) -> bool:
        """Whether Slack says that somebody's home is another organization. In an Enterprise organization people of its
        other workspaces are no outsiders; the directory tells them apart."""
        return bool(self.team) and team not in (None, self.team) and enterprise is None

    def _is_by_an_outsider(self, event: MessagePayload, said: Said) -> bool:
        """In a channel that is shared everybody's home must be our team; elsewhere the event's own word is enough."""
        at_home = event.team == said.user_team and not event.is_ext_shared_channel
        return not at_home and self._is_outsider(said.user_team, event.enterprise)

    def _is_by_a_person(self, said: Said) -> bool:
        """Our own files arrive as messages of our user, and not always with a bot's id."""
        return not said.bot_id and said.user != self.bot_user

    def _is_a_request(self, event: MessagePayload, said: Said) -> bool:
        return mentions(said.text, self.bot_user, self.bot_name) or self._is_said_to_us_alone(event, said)

    def _is_said_to_us_alone(self, event: MessagePayload, said: Said) -> bool:
        """A direct message is for us without a mention; in the thread of a card it is a note as anywhere."""
        if event.channel_type != "im":
            return False
        if not said.thread_ts:
            return True
        with self.database.reading() as tx:
            place = messages.place(tx, team=self.team, channel=event.channel, ts=said.thread_ts)
        return place is None or (place.anchor is None and not place.models)

    def _may_speak(self, where: Where) -> bool:
        return not where.outsider or where.channel in self.shared_channels

    # --- requests ------------------------------------------------------------------------------------------------

    def _take_mention(self, event: MessagePayload, said: Said) -> None:
        """One mention arrives as two events; whichever is first makes the request, and it is no annotation."""
        delivery = self._mention(event, said)
        with self._transaction() as tx:
            annotations.not_a_note(tx, team=self.team, channel=event.channel, ts=said.ts, now=self.now())
            self._take_words(tx, self._words_to_us(said), delivery)
            if requests.is_taken_of_message(tx, delivery.where, team=self.team, source=REREAD):
                self._read_again(tx, event, said, mark="late")

    def _words_to_us(self, said: Said) -> str:
        return without_mention(said.text, self.bot_user, self.bot_name)

    def _mention(self, event: MessagePayload, said: Said) -> _Delivery:
        where = Where(
            channel=event.channel,
            thread=said.thread_ts or said.ts,
            message=said.ts,
            outsider=self._is_by_an_outsider(event, said),
            shared=event.is_ext_shared_channel,
        )
        return _Delivery(of_message(self.team, event.channel, said.ts), MENTION, self._who(said.user or ""), where)

    def _take_words(self, tx: Transaction, text: str, delivery: _Delivery) -> None:
        if not self._may_speak(delivery.where):
            self._refuse(tx, OUTSIDER, delivery)
            return
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
        """The same delivery twice gives one refusal: its key is the delivery's. What an edit took back stays away.

        A mention that stands in the channel is answered there: its thread has no reply yet, so nobody has it open."""
        where, who = delivery.where, delivery.who
        address = Address(
            team=who.team,
            channel=where.channel or "",
            thread=where.thread if delivery.source == MENTION and where.thread != where.message else None,
            user=who.user,
            response_url=where.response_url,
        )
        key = f"refused:{delivery.key}"
        if messages.get(tx, key) is not None:
            return
        content = refused(says, written=written)
        if delivery.source == MENTION:
            content = replace(content, repeats=place_of(where.channel or "", where.message or ""))
        messages.want(tx, key=key, kind="ephemeral", address=address, content=content, now=self.now())

    # --- what people say -----------------------------------------------------------------------------------------

    def _keep(self, event: MessagePayload, said: Said) -> None:
        if said.parent_user_id not in (None, self.bot_user, SLACKBOT):
            return  # most threads are not ours, and Slack says so
        with self._transaction() as tx:
            self._keep_reply(tx, event, said)

    def _keep_reply(self, tx: Transaction, event: MessagePayload, said: Said, edit: Edit | None = None) -> None:
        """A reply in a thread of ours is an annotation, also before its thread is known where its parent is ours. Text
        of any other thread goes no further."""
        channel, thread = event.channel, said.thread_ts or ""
        place = messages.place(tx, team=self.team, channel=channel, ts=thread)
        if place is None and said.parent_user_id != self.bot_user:
            return
        text = plain(said.text) or (FILE_ALONE if said.files else "")
        if not text:
            return
        anchor = place.anchor if place is not None else None
        if place is not None and anchor is None and not place.models:
            return
        author = self._who(said.user or "")
        person = people.get(tx, author)
        note = annotations.keep(
            tx,
            team=self.team,
            author=author.user,
            persona=person.persona if person and not person.guest else None,
            text=text,
            anchor=anchor,
            channel=channel,
            ts=said.ts,
            thread=thread,
            permalink=self._permalink(channel, said.ts, thread),
            now=self.now(),
            edit=edit,
        )
        if place is not None and anchor is None:
            is_decided = not self._find_its_model(tx, event, said)
            if is_decided and note is not None:
                annotations.drop(tx, note)  # it was about none of them, and its event comes again
        elif person is None or person.refreshed_at is None:
            self._look_up(tx, author)

    def _look_up(self, tx: Transaction, who: Who) -> None:
        """Who only replies is known by name, too: whoever asks for anything is looked up, so this asks for nothing."""
        request = Request("meet", {}, who=who)
        key = f"meet:{who.team}:{who.user}:{self.now():%Y-%m-%d}"
        requests.take(tx, request, key=key, source="reply", lane="quick", now=self.now())

    def _find_its_model(self, tx: Transaction, event: MessagePayload, said: Said) -> bool:
        """A reply under a message about several models: which of them it may be about depends on who wrote it. False
        where that was to be found before."""
        where = Where(
            channel=event.channel,
            thread=said.thread_ts,
            message=said.ts,
            outsider=self._is_by_an_outsider(event, said),
            shared=event.is_ext_shared_channel,
        )
        return deciding.take(tx, who=self._who(said.user or ""), where=where, edited=said.edited, now=self.now())

    def _revise(self, event: MessagePayload, said: Said) -> None:
        """An edit; Slack's unfurls arrive as changes too, and have the same ``edited.ts`` as before, or none."""
        before = event.previous.edited if event.previous is not None else None
        if not self._is_by_a_person(said) or not said.edited:
            return
        is_unfurl = said.edited == before and (event.previous is None or event.previous.text == said.text)
        if is_unfurl:
            return
        edit, place = Edit(said.edited, event.event_ts), {"team": self.team, "channel": event.channel, "ts": said.ts}
        text = plain(said.text)
        with self._transaction() as tx:
            annotations.one_at_a_time(tx, **place)
            note = annotations.of_message(tx, **place)
            is_or_may_be_a_reply = note is None or note.thread is not None
            if is_or_may_be_a_reply and self._asks_only_now(tx, event, said):
                delivery = self._mention(event, said)
                annotations.not_a_note(tx, **place, now=self.now())
                leave_answers(tx, **place, instead=ANSWERED_WHAT_WAS_EDITED, now=self.now())
                self._take_words(tx, self._words_to_us(said), replace(delivery, key=f"{delivery.key}:{said.edited}"))
            elif note is None and self._was_a_request(tx, event, said):
                self._read_again(tx, event, said)
            elif note is None:
                if said.thread_ts:
                    self._keep_reply(tx, event, said, edit)
            elif note.thread is None:
                self._revise_what_was_asked(tx, note, said, edit)
            elif annotations.is_undecided(tx, **place, text=text, edit=edit):
                self._read_again(tx, event, said)
            else:
                annotations.revise(tx, **place, text=text, edit=edit, now=self.now())
                if note.anchor is None:
                    self._find_its_model(tx, event, said)

    def _asks_only_now(self, tx: Transaction, event: MessagePayload, said: Said) -> bool:
        """Whether the edit made a request of it: it was refused or failed before, for a slip say, or nothing for us."""
        if not self._is_a_request(event, said):
            return False
        before, delivery = event.previous, self._mention(event, said)
        made = {"team": self.team, "source": delivery.source}
        was_refused = messages.get(tx, f"refused:{delivery.key}") is not None
        was_refused = was_refused or requests.has_failed_of_message(tx, delivery.where, **made)
        was_not_for_us = before is not None and not self._is_a_request(event, before)
        is_taken = requests.is_taken_of_message(tx, delivery.where, **made)
        return (was_refused or was_not_for_us) and not is_taken

    def _was_a_request(self, tx: Transaction, event: MessagePayload, said: Said) -> bool:
        """Also one that we have not heard of yet: its own event may come later."""
        before = event.previous
        if self._is_a_request(event, said) or (before is not None and self._is_a_request(event, before)):
            return True
        return requests.is_taken(tx, key=of_message(self.team, event.channel, said.ts))

    def _revise_what_was_asked(self, tx: Transaction, note: Annotation, said: Said, edit: Edit) -> None:
        text = words_of_note(note, self._words_to_us(said), self.commands)
        if text is not None:
            place = {"team": self.team, "channel": note.channel or "", "ts": said.ts}
            annotations.revise(tx, **place, text=text, edit=edit, now=self.now())
        else:
            annotations.withdraw(tx, note.id, instead=ANSWERED_WHAT_WAS_EDITED, now=self.now())
            address = Address(
                team=self.team, channel=note.channel or "", thread=said.thread_ts, user=note.author
            )  # fmt: skip
            content, key = no_longer_kept(note), f"withdrawn:A-{note.id}"
            messages.want(tx, key=key, kind="ephemeral", address=address, content=content, now=self.now())

    def _read_again(self, tx: Transaction, event: MessagePayload, said: Said, *, mark: str | None = None) -> None:
        """Slack itself is asked, once, what stands there now: where two edits have the same marks, and where a request
        was edited before it became a note."""
        where = Where(channel=event.channel, thread=said.thread_ts, message=said.ts)
        us: dict[str, Json] = {"user": self.bot_user, "name": self.bot_name}
        request = Request(REREAD, us, who=self._who(said.user or ""), where=where)
        key = f"{REREAD}:{self.team}:{event.channel}:{said.ts}:{mark or said.edited}"
        requests.take(tx, request, key=key, source=REREAD, lane="quick", now=self.now())

    def _erase(self, channel: str, ts: str) -> None:
        """A message was deleted; one that has replies leaves a tombstone in Slack, and nothing here either."""
        with self._transaction() as tx:
            annotations.erase(tx, team=self.team, channel=channel, ts=ts, now=self.now())

    def _permalink(self, channel: str, ts: str, thread: str) -> str:
        where = f"{self.workspace_url}archives/{channel}/p{ts.replace('.', '')}"
        return f"{where}?thread_ts={thread}&cid={channel}"

    def _transaction(self) -> Any:
        return self.database.transaction(wait=SECONDS_TO_ACKNOWLEDGE)
