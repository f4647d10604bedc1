"""Makes Slack show what the messages table wants, and nothing twice as far as Slack lets us see."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import structlog

from bot.bell import Bell
from bot.evaluating.children import reference
from bot.render.answers import cannot_post
from bot.render.blocks import with_picture, without_pictures
from bot.slack.api import HTTP_TIMEOUT_SECONDS, Refused, Slack, TooFast, Unknown
from bot.slack.pace import Pace
from bot.slack.pictures import Pictures
from storage import messages
from storage.database import Busy, Database
from storage.messages import Due
from storage.tracing import tracing

log = structlog.get_logger()

LEASE_SECONDS = HTTP_TIMEOUT_SECONDS * 3
SECONDS_BETWEEN_LOOKS = 1.0
LONGEST_SECONDS_UNTIL_AGAIN = 300
MOST_ATTEMPTS = 12
OBJECTS_LOOKED_THROUGH = 15
EVENT_TYPE = "parley_message"

CANNOT_POST = [
    "not_in_channel",
    "channel_not_found",
    "is_archived",
    "restricted_action",
    "no_permission",
    "not_allowed_token_type",
    "account_inactive",
    "token_revoked",
    "invalid_auth",
    "missing_scope",
    "message_limit_exceeded",
    "user_not_in_channel",
    "thread_not_found",
    "cannot_reply_to_message",
    "ekm_access_denied",
    "restricted_action_read_only_channel",
]
CANNOT_EDIT = ("cant_update_message", "edit_window_closed")
TOO_MUCH = ("msg_too_long", "msg_blocks_too_long", "invalid_blocks", "invalid_blocks_format", "metadata_too_large")
CANNOT_LOOK = ("missing_scope", "not_in_channel", "channel_not_found")


class Gateway:
    """The only caller of Slack. Any number of threads may run ``work``."""

    def __init__(
        self,
        *,
        slack: Slack,
        database: Database,
        now: Callable[[], datetime],
        wanted: Bell,
        pace: Pace,
        pictures: Pictures,
    ) -> None:
        self._slack = slack
        self._database = database
        self._now = now
        self._wanted = wanted
        self._pace = pace
        self._pictures = pictures

    def work(self, stop: threading.Event) -> None:
        """Show messages until told to stop."""
        heard = self._wanted.heard()
        while not stop.is_set():
            try:
                if self.show_one():
                    continue
            except Exception:  # the edge of one look at the table: the next look must come
                log.exception("looking for messages failed")
            wait = min(self._pace.next_free() or SECONDS_BETWEEN_LOOKS, SECONDS_BETWEEN_LOOKS)
            heard = self._wanted.wait(heard, wait)

    def show_one(self) -> bool:
        """Bring one message a step nearer to what is wanted; False when none is due."""
        with self._database.reading() as tx:
            if not messages.any_due(tx, now=self._now()):
                return False
        with self._database.transaction() as tx:
            leased = messages.lease(tx, now=self._now(), seconds=LEASE_SECONDS, limit=1, avoid=tuple(self._pace.busy()))
        for due in leased:
            self._show_traced(due)
        return bool(leased)

    def _show_traced(self, due: Due) -> None:
        with tracing(due.trace):
            log.info("a message is being sent", message=due.id, kind=due.kind, attempts=due.attempts)
            try:
                self._show(due)
            except Exception:  # the edge of one message: others must be shown
                log.exception("a message could not be shown", message=due.id, reference=reference())
                self._later(due, "a bug", unknown=due.ts is None)

    def _show(self, due: Due) -> None:
        try:
            if due.kind == "ephemeral":
                self._tell(due)
            elif due.kind == "view":
                self._fill_view(due)
            elif due.content.is_withdrawn:
                self._take_back(due)
            elif due.ts is None:
                self._post(due)
            else:
                self._edit(due, due.ts)
        except TooFast as error:
            log.warning("Slack asks for patience", seconds=error.seconds)
            self._later(due, "ratelimited", seconds=error.seconds)
        except Unknown as error:
            self._later(due, str(error), unknown=due.ts is None)
        except Refused as error:
            self._refused(due, error)

    def _post(self, due: Due) -> None:
        if due.sending:
            found = self._look_up(due)
            if found is not None:
                self._write(lambda tx: messages.shown(tx, due, ts=found, revision=0, now=self._now()))
                self._wanted.ring()
                return
        self._wait_for("chat.postMessage", due)
        self._write(lambda tx: messages.begin(tx, due, now=self._now()))
        answer = self._slack.call("chat.postMessage", **self._message(due, thread_ts=due.thread_ts))
        self._pace.spoke(due.address.team, due.address.channel)
        whole = due.picture is None or due.picture.ready
        revision = due.wanted if whole else 0
        self._write(lambda tx: messages.shown(tx, due, ts=str(answer["ts"]), revision=revision, now=self._now()))
        self._wanted.ring()

    def _edit(self, due: Due, ts: str) -> None:
        if due.picture is not None and not due.picture.ready:
            due = self._pictures.bring(due, thread=due.thread_ts or ts, keep=self._keep_picture)
        self._wait_for("chat.update", due)
        try:
            self._slack.call("chat.update", ts=ts, **self._message(due))
        except Refused as error:
            if error.error in CANNOT_EDIT:
                self._reply_instead(due, ts)
            elif error.error == "message_not_found":
                log.info("a message was deleted in Slack and is posted anew", message=due.id)
                self._write(lambda tx: messages.lost(tx, due, now=self._now()))
                self._wanted.ring()
                return
            else:
                raise
        self._pace.spoke(due.address.team, due.address.channel)
        self._write(lambda tx: messages.shown(tx, due, ts=ts, revision=due.wanted, now=self._now()))

    def _take_back(self, due: Due) -> None:
        """A message that is not wanted any more is deleted; one whose first try may have arrived is looked for."""
        ts = due.ts or (self._look_up(due) if due.sending else None)
        if ts is not None:
            try:
                self._slack.call("chat.delete", channel=due.address.channel, ts=ts)
            except Refused as error:
                if error.error != "message_not_found":
                    raise
        self._write(lambda tx: messages.give_up(tx, due, reason="taken back", now=self._now()))

    def _reply_instead(self, due: Due, ts: str) -> None:
        """An edit that Slack refuses becomes a reply in the thread."""
        self._slack.call("chat.postMessage", **self._message(due, thread_ts=due.thread_ts or ts))

    def _tell(self, due: Due) -> None:
        """An answer for one person alone: tried once, by response_url where there is one."""
        if due.sending:
            self._write(lambda tx: messages.give_up(tx, due, reason="tried once", now=self._now()))
            return
        self._write(lambda tx: messages.begin(tx, due, now=self._now()))
        blocks = without_pictures(list(due.content.blocks))
        if due.address.response_url:
            self._slack.respond(due.address.response_url, text=due.content.text, blocks=blocks)
        else:
            self._slack.call(
                "chat.postEphemeral",
                channel=due.address.channel,
                user=due.address.user,
                thread_ts=due.thread_ts,
                text=due.content.text,
                blocks=blocks or None,
            )
        self._write(lambda tx: messages.shown(tx, due, ts=None, revision=due.wanted, now=self._now()))

    def _fill_view(self, due: Due) -> None:
        blocks: list[Any] = list(due.content.blocks)
        view = blocks[0] if blocks else {}
        self._slack.call("views.update", view=view, external_id=due.key)
        self._write(lambda tx: messages.shown(tx, due, ts=None, revision=due.wanted, now=self._now()))

    def _look_up(self, due: Due) -> str | None:
        """The ts of an earlier try that arrived although its answer did not."""
        arguments: dict[str, Any] = {"channel": due.address.channel, "include_all_metadata": True}
        if due.first_sent_at is not None:
            arguments["oldest"] = f"{due.first_sent_at.timestamp() - 60:.6f}"
        method = "conversations.replies" if due.thread_ts else "conversations.history"
        if due.thread_ts:
            arguments |= {"ts": due.thread_ts, "limit": 200}
        else:
            arguments["limit"] = OBJECTS_LOOKED_THROUGH
        try:
            answer = self._slack.call(method, **arguments)
        except Refused as error:
            if error.error in CANNOT_LOOK:
                log.warning(
                    "posting again without knowing whether the first try arrived", message=due.id, why=error.error
                )
                return None
            raise
        for message in answer.get("messages", []):
            metadata = message.get("metadata") or {}
            if metadata.get("event_type") == EVENT_TYPE and metadata.get("event_payload", {}).get("message") == due.id:
                return str(message["ts"])
        return None

    def _message(self, due: Due, *, thread_ts: str | None = None) -> dict[str, Any]:
        ready = due.picture.file_id if due.picture is not None and due.picture.ready else None
        return {
            "channel": due.address.channel,
            "thread_ts": thread_ts,
            "text": due.content.text,
            "blocks": with_picture(list(due.content.blocks), ready),
            "metadata": {"event_type": EVENT_TYPE, "event_payload": {"message": due.id}},
            "unfurl_links": False,
            "unfurl_media": False,
        }

    def _refused(self, due: Due, error: Refused) -> None:
        if error.error in TOO_MUCH and due.content.blocks:
            mark = reference()
            log.error("Slack refused our blocks", message=due.id, answer=error.answer, reference=mark)
            self._write(lambda tx: messages.in_words_only(tx, due, now=self._now()))
            return
        permanent = error.error in CANNOT_POST or due.kind != "message" or due.attempts >= MOST_ATTEMPTS
        if not permanent:
            log.warning("Slack refused a message", message=due.id, error=error.error)
            self._later(due, error.error)
            return
        log.warning("a message can't be shown", message=due.id, channel=due.address.channel, error=error.error)
        self._write(lambda tx: self._give_up(tx, due, error.error))
        self._wanted.ring()

    def _give_up(self, tx: Any, due: Due, why: str) -> None:
        """Never half-said: whoever asked is told why nothing is to be seen."""
        now = self._now()
        messages.give_up(tx, due, reason=why, now=now)
        if due.kind == "message" and due.address.user:
            notice = cannot_post(due.address.channel, why)
            messages.want(tx, key=f"notice:{due.id}", kind="ephemeral", address=due.address, content=notice, now=now)

    def _wait_for(self, method: str, due: Due) -> None:
        held = self._pace.held(due.address.team, method)
        if held > 0:
            raise TooFast(held)

    def _later(self, due: Due, reason: str, *, seconds: float | None = None, unknown: bool = False) -> None:
        if seconds is not None:
            for method in ("chat.postMessage", "chat.update"):
                self._pace.hold(due.address.team, method, seconds)
        wait = seconds if seconds is not None else min(2.0**due.attempts, LONGEST_SECONDS_UNTIL_AGAIN)
        if unknown:
            wait = max(wait, HTTP_TIMEOUT_SECONDS)  # until then the call may still arrive, and a look-up would miss it
        at = self._now() + timedelta(seconds=wait)
        self._write(lambda tx: messages.postpone(tx, due, at=at, reason=reason, unknown=unknown))

    def _keep_picture(self, due: Due, **state: Any) -> None:
        self._write(lambda tx: messages.picture_state(tx, due, **state))

    def _write(self, change: Callable[[Any], None]) -> None:
        """One small transaction around a call to Slack; a lock that is held is waited for."""
        for _ in range(3):
            try:
                with self._database.transaction() as tx:
                    change(tx)
            except Busy:
                continue
            return
        log.error("the database was locked for too long; the lease will end and the message is looked up")
