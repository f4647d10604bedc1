"""Makes Slack show what the messages table wants, and nothing twice as far as Slack lets us see."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from bot.ahead import Ahead
from bot.alarm import Alarm
from bot.asking.visible import Reading
from bot.edges import work_until
from bot.evaluating.children import reference
from bot.render.answers import (
    A_BUG,
    NO_ANSWER,
    cannot_post,
    may_be_lost,
    not_shown_any_more,
    not_shown_here,
    why_not_posted,
)
from bot.render.as_sent import NO_PICTURE, as_sent, for_one_person, next_level
from bot.render.blocks import without_pictures
from bot.scheduled import pause_and_tell
from bot.slack.api import HTTP_TIMEOUT_SECONDS, Refused, TooFast, Unknown
from bot.slack.lookup import Seen, look_up, metadata_of
from bot.slack.pace import OutOfTurn, Pace, ahead
from bot.slack.pictures import Pictures, TooSlow
from storage import contents, messages, paces, response_urls
from storage.busy import Busy
from storage.database import Database, Transaction
from storage.messages import Content, Due, PictureState
from storage.requests import LeaseLost
from storage.tracing import tracing

log = structlog.get_logger()

AHEAD = {method: ahead(method) for method in (paces.POSTS, paces.EDITS)}
LEASE_SECONDS = HTTP_TIMEOUT_SECONDS * 3
SECONDS_BETWEEN_LOOKS = 1.0
SECONDS_BETWEEN_FORGETTING = 60.0
SECONDS_UNTIL_WORDS_ALONE = 3.0
LONGEST_SECONDS_UNTIL_AGAIN = 300
MOST_ATTEMPTS = 50
"""With the pauses between them some four hours of silence, after which a message is given up."""
MOST_ATTEMPTS_WITHOUT_A_CARD = 8
"""Some ten minutes: an editor or a deployment may be in the middle of writing it."""
WITHHELD = "withheld"
MOST_ATTEMPTS_WITH_A_BUG = 5

CANNOT_EDIT = ("cant_update_message", "edit_window_closed")
BLOCKS_REFUSED = (
    "msg_too_long",
    "msg_blocks_too_long",
    "invalid_blocks",
    "invalid_blocks_format",
    "invalid_slack_file",
)
NOTICES = ("notice:", "lost:", "paused:")
"""Keys of what we say about other messages: nothing is said about these."""


class Gateway:
    """The only caller of Slack. Any number of threads may run ``work``."""

    def __init__(
        self,
        *,
        pace: Pace,
        database: Database,
        now: Callable[[], datetime],
        may_be_read: Callable[[Due], Reading],
    ) -> None:
        self._pace = pace
        self._pictures = Pictures(pace)
        self._database = database
        self._now = now
        self._may_be_read = may_be_read
        self._ahead = Ahead[Due]()
        self._alarm = Alarm()
        self._forgetting = Alarm()
        self._forgetting.set(0.0)

    def work(self, stop: threading.Event) -> None:
        """Show messages until told to stop."""
        with self._ahead.working(stop, lease=self._lease, give_back=self._give_back):
            work_until(
                stop,
                self._database.bells.named(contents.WORK),
                work="messages",
                step=self._look,
                pause=lambda: self._alarm.seconds(at_most=SECONDS_BETWEEN_LOOKS),
            )

    def _look(self) -> bool:
        self._forget_old_addresses()
        return self.show_one()

    def show_one(self) -> bool:
        """Bring one message a step nearer to what is wanted; False when none is due."""
        due = self._ahead.taken() or self._first()
        if due is None:
            return False
        if gap := self._pace.seconds_between_messages:
            self._alarm.set(gap)
        with tracing(due.trace):
            log.info("a message is being sent", message=due.id, kind=due.kind, attempts=due.attempts)
            self._show_safely(due)
        return True

    def _first(self) -> Due | None:
        with self._database.reading() as tx:
            if not messages.any_due(tx, now=self._now()):
                return None
        with self._database.transaction() as tx:
            return self._lease(tx)

    def _lease(self, tx: Transaction) -> Due | None:
        gap = self._pace.seconds_between_messages
        return messages.lease(tx, now=self._now(), seconds=LEASE_SECONDS, gap=gap, ahead=AHEAD)

    def _give_back(self, due: Due) -> None:
        self._write(lambda tx: messages.postpone(tx, due, at=self._now(), reason="Parley ended", counts=False))

    def _show_safely(self, due: Due) -> None:
        try:
            self._show_or_withhold(due)
        except Busy as busy:
            log.warning("a message waits for its lease to end", message=due.id, why=str(busy))
        except Exception:  # the edge of one message: others must be shown
            mark = reference()
            log.exception("a message could not be shown", message=due.id, reference=mark)
            if due.attempts < MOST_ATTEMPTS_WITH_A_BUG:
                self._later(due, "a bug")
            else:
                self._end(lambda tx: self._give_up(tx, due, f"{A_BUG} {mark}", for_good=False))

    def _show_or_withhold(self, due: Due) -> None:
        """A message that its readers may not see any more is not sent, and not edited either. While a model card can't
        be read nobody knows, so the message waits."""
        try:
            may_be_read = "yes" if due.content.is_withdrawn else self._may_be_read(due)
        except Busy as busy:
            self._later(due, "who would read it is not known yet", seconds=busy.seconds or SECONDS_BETWEEN_LOOKS)
            return
        if may_be_read == "yes":
            self._show(due)
        elif may_be_read == "unknown" and due.attempts < MOST_ATTEMPTS_WITHOUT_A_CARD:
            self._later(due, "a model card can't be read")
        else:
            log.warning("a message is withheld: its readers may not see its models", message=due.id)
            self._taken(due, lambda: self._cover(due))

    def _cover(self, due: Due) -> None:
        """What was posted while its readers might still see it is covered, words that were deleted meanwhile too, and
        also where it only may have arrived."""
        ts = due.ts
        if ts is None and due.kind == "message" and due.sending:
            seen = self._looked_up(due)
            if seen is None:
                return
            ts = seen.ts
        if ts is not None:
            self._cover_at(due, ts)
        self._end(lambda tx: self._withhold(tx, due))

    def _cover_at(self, due: Due, ts: str) -> None:
        covered = not_shown_any_more()
        place = {"channel": due.address.channel, "ts": ts}
        words = {"text": covered.text, "blocks": list(covered.blocks)}
        try:
            self._pace.call(due.address.team, "chat.update", place | words)
        except Refused as error:
            if error.error not in CANNOT_EDIT or not self._is_deleted(due, ts):
                raise

    def _withhold(self, tx: Transaction, due: Due) -> None:
        """Whoever asked hears that there is something, not what it is about."""
        now, to = self._now(), replace(due.address, response_url=None)
        messages.give_up(tx, due, reason=WITHHELD, now=now)
        if due.ts is None and to.user and not due.key.startswith(NOTICES):
            messages.want(tx, key=f"notice:{due.id}", kind="ephemeral", address=to, content=not_shown_here(), now=now)

    def _show(self, due: Due) -> None:
        self._taken(due, lambda: self._step(due))

    def _step(self, due: Due) -> None:
        if due.orphaned is not None:
            self._end(lambda tx: messages.give_up(tx, due, reason=due.orphaned or "", now=self._now()))
        elif due.kind == "ephemeral":
            self._tell(due)
        elif due.kind == "view":
            self._fill_view(due)
        elif due.content.is_withdrawn:
            self._take_back(due)
        elif due.ts is None:
            self._post(due)
        else:
            self._edit(due, due.ts)

    def _taken(self, due: Due, step: Callable[[], None]) -> None:
        """A step towards Slack, and what follows from Slack's answer where that is no success."""
        try:
            step()
        except LeaseLost:
            log.info("another gateway has this message", message=due.id)
        except Busy:
            self._later(due, "the database was busy", seconds=SECONDS_BETWEEN_LOOKS)
        except TooFast as error:
            self._later(due, "ratelimited", seconds=error.seconds)
        except Unknown as error:
            self._later(due, str(error))
        except Refused as error:
            self._refused(due, error)

    def _post(self, due: Due) -> None:
        if due.sending:
            seen = self._looked_up(due)
            if seen is None:
                return
            if seen.ts is not None:
                self._is_there(due, seen.ts, words=0 if due.repeated else seen.revision)
                return
            due = replace(due, repeated=due.repeated or seen.blind)
        answer = self._posted(due)
        self._is_there(due, str(answer["ts"]), words=due.wanted, channel=answer.get("channel"))

    def _looked_up(self, due: Due) -> Seen | None:
        """What a look-up for the earlier try saw; None where it goes on later."""
        seen = look_up(self._pace, due)
        if seen.further is None:
            return seen
        self._end(lambda tx: messages.look_further(tx, due, cursor=seen.further or "", at=self._now()))
        return None

    def _is_there(self, due: Due, ts: str, *, words: int, channel: str | None = None) -> None:
        """Slack shows the message with the words of this revision; it is whole once its picture is ready."""
        whole = due.picture is None or due.picture.ready or due.reduced > 0
        revision = words if whole else 0
        self._end(
            lambda tx: messages.shown(tx, due, ts=ts, revision=revision, worded=words, channel=channel, now=self._now())
        )

    def _posted(self, due: Due) -> dict[str, Any]:
        """Slack's answer to the message, begun together with taking its turn. What Slack refused is not unknown."""
        arguments = self._message(due) | {"thread_ts": due.thread_ts}
        try:
            return self._pace.call(due.address.team, "chat.postMessage", arguments, first=self._begin(due))
        except OutOfTurn:
            raise
        except (TooFast, Refused):
            self._write(lambda tx: messages.not_sent(tx, due))
            raise

    def _edit(self, due: Due, ts: str) -> None:
        """Words that waited for their picture go alone, if it is their turn; else the picture comes nearer meanwhile,
        so that one edit is enough for both."""
        if due.picture is None or not due.brings_picture:
            self._update(due, ts)
            return
        words_wait = due.worded < due.wanted
        if words_wait and self._waited_for(due.picture) > SECONDS_UNTIL_WORDS_ALONE:
            with suppress(OutOfTurn):
                self._update(due, ts)
                return
        arrived = self._bring_picture(due, due.picture, ts, words_wait=words_wait)
        if arrived is not None:
            self._update(replace(due, picture=arrived), ts)

    def _update(self, due: Due, ts: str) -> None:
        try:
            self._pace.call(due.address.team, "chat.update", self._message(due) | {"ts": ts})
        except Refused as error:
            if error.error in CANNOT_EDIT and not due.must_go:
                self._end(lambda tx: self._reply_instead(tx, due, ts))
            elif error.error in CANNOT_EDIT and not self._is_deleted(due, ts):
                log.error("Slack shows what was taken back, and lets nobody change it", message=due.id)
                self._later(due, error.error)
            elif error.error in CANNOT_EDIT or error.error == "message_not_found":
                self._post_anew(due)
            else:
                self._refused(due, error)
            return
        self._is_there(due, ts, words=due.wanted)

    def _is_deleted(self, due: Due, ts: str) -> bool:
        """Whether Slack has taken the message away, since it shows what somebody took back."""
        try:
            self._pace.call(due.address.team, "chat.delete", {"channel": due.address.channel, "ts": ts})
        except Refused as error:
            return error.error == "message_not_found"
        return True

    def _post_anew(self, due: Due) -> None:
        log.info("a message was deleted in Slack and is posted anew", message=due.id)
        self._end(lambda tx: messages.lost(tx, due, now=self._now()))

    def _bring_picture(self, due: Due, picture: PictureState, ts: str, *, words_wait: bool) -> PictureState | None:
        """One step of the picture, or the picture as it can be shown. The words wait for it no longer than a moment."""
        thread = due.thread_ts or ts
        try:
            pause = self._pictures.step(due, picture, thread=thread, now=self._now(), keep=self._keep_picture)
        except (Refused, TooSlow) as error:
            if str(error) == "thread_not_found" and thread == ts:  # the card itself is gone, not the picture refused
                self._post_anew(due)
                return None
            log.warning("the picture can't be in the message", message=due.id, error=str(error) or "too slow")
            self._end(lambda tx: messages.reduce(tx, due, to=NO_PICTURE, now=self._now()))
            return None
        except (TooFast, Unknown) as error:
            if not words_wait:
                raise
            seconds = error.seconds if isinstance(error, TooFast) else SECONDS_UNTIL_WORDS_ALONE
            pause = min(seconds, SECONDS_UNTIL_WORDS_ALONE)
        if pause is None:
            return replace(picture, ready=True)
        self._later(due, "its picture is on the way", seconds=pause)
        return None

    def _waited_for(self, picture: PictureState) -> float:
        return (self._now() - picture.since).total_seconds() if picture.since is not None else 0.0

    def _take_back(self, due: Due) -> None:
        """A message that is not wanted any more is deleted; one whose first try may have arrived is looked for."""
        ts = due.ts
        if ts is None and due.sending:
            seen = self._looked_up(due)
            if seen is None:
                return
            ts = seen.ts
        if ts is not None:
            try:
                self._pace.call(due.address.team, "chat.delete", {"channel": due.address.channel, "ts": ts})
            except Refused as error:
                if error.error != "message_not_found":
                    raise
        self._end(lambda tx: messages.give_up(tx, due, reason=messages.TAKEN_BACK, now=self._now()))

    def _reply_instead(self, tx: Transaction, due: Due, ts: str) -> None:
        """An edit that Slack refuses becomes a reply in the thread, which is a message like any other."""
        now = self._now()
        messages.shown(tx, due, ts=ts, revision=due.wanted, worded=due.worded, now=now)
        content = replace(due.content, picture=None, blocks=tuple(without_pictures(due.content.blocks)))
        thread = {"thread": due.thread_ts} if due.thread_ts else {"parent": due.key, "thread": None}
        address = replace(due.address, **thread)
        messages.want(
            tx, key=f"edit:{due.id}:{due.wanted}", kind="message", address=address, content=content, now=now
        )  # fmt: skip

    def _message(self, due: Due) -> dict[str, Any]:
        text, blocks = as_sent(due)
        return {
            "channel": due.address.channel,
            "text": text,
            "blocks": blocks,
            "metadata": metadata_of(due),
            "unfurl_links": False,
            "unfurl_media": False,
        }

    def _tell(self, due: Due) -> None:
        """An answer for one person alone: tried once, by response_url where there is one. Nobody can look it up, so
        after a silence they are told that it may be lost."""
        if due.sending:
            self._end(lambda tx: self._lost(tx, due))
            return
        try:
            self._whisper(due)
        except Unknown:
            self._end(lambda tx: self._lost(tx, due))
            return
        except OutOfTurn:
            raise
        except (TooFast, Refused):
            self._write(lambda tx: messages.not_sent(tx, due))
            raise
        self._end(lambda tx: messages.shown(tx, due, ts=None, revision=due.wanted, now=self._now()))

    def _whisper(self, due: Due) -> None:
        address = due.address
        text, blocks = for_one_person(due)
        if address.response_url:
            self._pace.respond(
                address.team, address.response_url, text=text, blocks=blocks, first=self._begin(due)
            )  # fmt: skip
            return
        arguments = {
            "channel": address.channel,
            "user": address.user,
            "thread_ts": due.thread_ts,
            "text": text,
            "blocks": blocks or None,
        }
        self._pace.call(address.team, "chat.postEphemeral", arguments, first=self._begin(due))

    def _lost(self, tx: Transaction, due: Due) -> None:
        now = self._now()
        messages.give_up(tx, due, reason=NO_ANSWER, now=now)
        if due.address.user and not due.key.startswith(NOTICES):
            address = replace(due.address, response_url=None)
            messages.want(
                tx, key=f"lost:{due.id}", kind="ephemeral", address=address, content=may_be_lost(), now=now
            )  # fmt: skip

    def _fill_view(self, due: Due) -> None:
        blocks: list[Any] = list(due.content.blocks)
        view = blocks[0] if blocks else {}
        self._pace.call(due.address.team, "views.update", {"view": view, "external_id": due.key})
        self._end(lambda tx: messages.shown(tx, due, ts=None, revision=due.wanted, now=self._now()))

    def _refused(self, due: Due, error: Refused) -> None:
        """What is refused is refused again, so it is tried without the part in question, then elsewhere, then never."""
        less = next_level(due) if error.error in BLOCKS_REFUSED else None
        if less is not None:
            log.error("Slack refused our blocks", message=due.id, answer=error.answer, reference=reference())
            self._end(lambda tx: messages.reduce(tx, due, to=less, now=self._now()))
            return
        log.warning("a message can't be shown", message=due.id, channel=due.address.channel, error=error.error)
        place = _next_place(due)
        if due.must_go and due.ts is not None:
            self._later(due, error.error)  # what was taken back is still to be seen: the place may get well again
        elif place is None:
            self._end(lambda tx: self._give_up(tx, due, error.error, for_good=True))
        else:
            kind, channel = place
            self._end(lambda tx: messages.redirect(tx, due, kind=kind, channel=channel, now=self._now()))

    def _give_up(self, tx: Transaction, due: Due, why: str, *, for_good: bool) -> None:
        """Never half-said: whoever asked is told why nothing is to be seen. ``for_good``: Slack would refuse the next
        one as well, so the schedule that made it stops."""
        now, address = self._now(), due.address
        messages.give_up(tx, due, reason=why, now=now)
        if due.kind != "message" or due.key.startswith(NOTICES) or due.content.is_withdrawn:
            return
        if address.schedule is not None and for_good:
            says = why_not_posted(address.channel, why)
            pause_and_tell(tx, address.schedule, says, now=now)
        elif address.user and address.user != address.channel:
            notice: Content = cannot_post(address.channel, why)
            messages.want(tx, key=f"notice:{due.id}", kind="ephemeral", address=address, content=notice, now=now)

    def _later(self, due: Due, reason: str, *, seconds: float | None = None) -> None:
        """Try again: after so many seconds where only our turn has not come, else after ever longer pauses, and not
        without an end."""
        if seconds is None and due.attempts >= MOST_ATTEMPTS:
            log.error("a message is given up", message=due.id, attempts=due.attempts, reason=reason)
            self._end(lambda tx: self._give_up(tx, due, NO_ANSWER, for_good=False))
            return
        wait = min(2.0**due.attempts, LONGEST_SECONDS_UNTIL_AGAIN) if seconds is None else seconds
        if seconds is None and due.ts is None:
            wait = max(wait, HTTP_TIMEOUT_SECONDS)  # until then the call may still arrive, and a look-up would miss it
        at = self._now() + timedelta(seconds=wait)
        self._end(lambda tx: messages.postpone(tx, due, at=at, reason=reason, counts=seconds is None))
        self._alarm.set(wait)

    def _begin(self, due: Due) -> Callable[[Transaction], None]:
        return lambda tx: messages.begin(
            tx, due, now=self._now(), seconds=LEASE_SECONDS, repeated=due.repeated
        )  # fmt: skip

    def _keep_picture(self, due: Due, **state: Any) -> None:
        self._write(lambda tx: messages.picture_state(tx, due, **state))

    def _forget_old_addresses(self) -> None:
        if self._forgetting.rang():
            self._forgetting.set(SECONDS_BETWEEN_FORGETTING)
            self._write(lambda tx: response_urls.forget_old(tx, now=self._now()))

    def _end(self, change: Callable[[Transaction], None]) -> None:
        """The write after which a message is no longer ours, or not for now."""
        self._ahead.ended_by(change, self._write)

    def _write(self, change: Callable[[Transaction], None]) -> bool:
        """One small transaction around a call to Slack; a lock that is held is waited for. False where it failed."""
        for _ in range(3):
            try:
                with self._database.transaction() as tx:
                    change(tx)
            except Busy:
                continue
            return True
        log.error("the database was locked for too long; the lease will end and the message is looked up")
        return False


def _next_place(due: Due) -> tuple[str, str] | None:
    """Where a message goes that Slack refuses where it was to go: an answer without the address that it was asked from,
    then to the places that were named for it. What is there already stays where it is."""
    if due.ts is not None or due.kind == "view":
        return None
    if due.kind == "ephemeral" and due.address.response_url:
        return due.kind, due.address.channel
    return due.otherwise[0] if due.otherwise else None
