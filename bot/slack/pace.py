"""How fast Slack may be spoken to. All processes share the pace, by way of the database.

A channel takes about one message a second. A method takes so many calls a minute in a workspace; what a 429 asked for
holds for that method and workspace alone."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog

from bot.slack.api import Refused, Slack, TooFast
from storage import paces
from storage.database import Database, Transaction

log = structlog.get_logger()

CALLS_A_MINUTE = {
    paces.POSTS: 300,
    "chat.postEphemeral": 100,
    paces.EDITS: 50,
    "chat.delete": 50,
    "views.update": 100,
    "conversations.history": 50,
    "conversations.replies": 50,
    "conversations.info": 50,
    "users.info": 100,
    "files.getUploadURLExternal": 100,
    "files.completeUploadExternal": 100,
    "files.info": 100,
}
"""Slack's tiers 3 and 4, and `several hundred` for posting. What is not named here waits for a 429 alone."""
SHARE_SPENT_AHEAD, SHARE_OF_EDITS_SPENT_AHEAD = 0.2, 0.1
"""So much of a minute's calls may come at once; the rest are spread, so that no minute has more than its number. Many
edits wait at a time, and what is kept for a moment with few is lost to them."""
TOKEN_REFUSED = ("invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive")
SECONDS_OF_REST = 60.0
MOST_SECONDS_OF_REST = 3600.0


class OutOfTurn(TooFast):
    """Our own pace says that it is too early: Slack was not called."""


class Pace:
    """Calls Slack in its turn. Safe to use from several threads.

    ``seconds_between_messages`` lie between two in one channel; 0 paces nothing, apart from what Slack asks for."""

    def __init__(
        self,
        slack: Slack,
        *,
        database: Database,
        now: Callable[[], datetime],
        seconds_between_messages: float = 1.0,
    ) -> None:
        self.slack = slack
        self.seconds_between_messages = seconds_between_messages
        self._database = database
        self._now = now
        self._lock = threading.Lock()
        self._rests: dict[str, int] = {}

    def call(
        self,
        team: str,
        method: str,
        arguments: Mapping[str, Any],
        *,
        first: Callable[[Transaction], None] | None = None,
    ) -> dict[str, Any]:
        """The answer of a method. ``first`` is written together with taking the turn, before Slack is called.

        Raises OutOfTurn where it is too early, else what ``Slack.call`` raises."""
        answer: dict[str, Any] = self._in_turn(team, method, lambda: self.slack.call(method, **arguments), first)
        return answer

    def respond(
        self, team: str, response_url: str, *, text: str, blocks: list[Any], first: Callable[[Transaction], None]
    ) -> None:
        self._in_turn(team, "response_url", lambda: self.slack.respond(response_url, text=text, blocks=blocks), first)

    def _in_turn(
        self,
        team: str,
        method: str,
        act: Callable[[], Any],
        first: Callable[[Transaction], None] | None,
    ) -> Any:
        self._take_turn(team, method, first)
        try:
            answer = act()
        except TooFast as error:
            log.warning("Slack asks for patience", method=method, seconds=error.seconds)
            self._hold(team, method, error.seconds)
            raise
        except Refused as error:
            if error.error in TOKEN_REFUSED:
                raise TooFast(self._rest(team, error.error)) from None
            raise
        with self._lock:
            self._rests.pop(team, None)
        return answer

    def _take_turn(self, team: str, method: str, first: Callable[[Transaction], None] | None) -> None:
        now = self._now()
        with self._database.transaction() as tx:
            free_at = self._free_at(tx, team, method, now)
            if free_at is None and first is not None:
                first(tx)
        if free_at is not None:
            raise OutOfTurn((free_at - now).total_seconds())

    def _free_at(self, tx: Transaction, team: str, method: str, now: datetime) -> datetime | None:
        """None where it is our turn, which then is taken; else when it will be."""
        seconds, burst = _rate(method)
        if self.seconds_between_messages and seconds:
            return paces.take(tx, team=team, what=method, seconds=seconds, burst=burst, now=now)
        held_until = paces.held_until(tx, team=team, what=method)
        return None if held_until is None or held_until - ahead(method) <= now else held_until - ahead(method)

    def _hold(self, team: str, method: str, seconds: float) -> None:
        until = self._now() + timedelta(seconds=seconds) + ahead(method)
        with self._database.transaction() as tx:
            paces.hold(tx, team=team, what=method, until=until)

    def _rest(self, team: str, error: str) -> float:
        """A token that is refused is refused for every message: all wait, and the log says so once a rest."""
        now = self._now()
        with self._lock, self._database.transaction() as tx:
            resting_until = paces.held_until(tx, team=team, what=paces.EVERYTHING)
            if resting_until is not None and resting_until > now:
                return (resting_until - now).total_seconds()
            rests = self._rests.get(team, 0)
            seconds = min(SECONDS_OF_REST * 2.0**rests, MOST_SECONDS_OF_REST)
            paces.hold(tx, team=team, what=paces.EVERYTHING, until=now + timedelta(seconds=seconds))
            self._rests[team] = rests + 1
        log.error("Slack refuses the bot's token; all messages wait", team=team, error=error, seconds=seconds)
        return seconds


def ahead(method: str) -> timedelta:
    """How far ahead of its pace a method may be: what comes at once when none did for a while."""
    seconds, burst = _rate(method)
    return timedelta(seconds=seconds * (burst - 1))


def _rate(method: str) -> tuple[float, int]:
    """The seconds between two calls when many wait, and how many may come at once when none did."""
    calls = CALLS_A_MINUTE.get(method)
    if calls is None:
        return 0.0, 1
    burst = int(calls * (SHARE_OF_EDITS_SPENT_AHEAD if method == paces.EDITS else SHARE_SPENT_AHEAD))
    return 60.0 / (calls - burst), burst
