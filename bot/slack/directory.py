"""Who people are and what channels are, as Slack tells it; remembered for a while, so that it is rarely asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog

from bot.slack.api import Refused, TooFast, Unknown
from bot.slack.pace import Pace
from storage import channels, people
from storage.channels import Channel
from storage.database import Database
from storage.people import Person
from storage.requests import Who

log = structlog.get_logger()

HOURS_A_PERSON_IS_REMEMBERED = 24
SECONDS_OF_PATIENCE = 10.0
"""So long somebody's answer waits for our turn to ask: then it is given as if Slack had not said."""
TERMINAL = "local"


@dataclass(frozen=True, slots=True)
class Known:
    """A person, and whether Slack told us who they are: without that nobody can tell members from guests."""

    person: Person
    known: bool


class Directory:
    """Looks people and channels up."""

    def __init__(self, *, pace: Pace, database: Database, now: Callable[[], datetime]) -> None:
        self._pace = pace
        self._database = database
        self._now = now

    def person(self, who: Who) -> Known:
        with self._database.reading() as tx:
            kept = people.get(tx, who)
        now = self._now()
        told_at = kept.refreshed_at if kept is not None else None
        if kept is not None and told_at is not None and now - told_at < timedelta(hours=HOURS_A_PERSON_IS_REMEMBERED):
            return Known(kept, known=True)
        try:
            answer = self._pace.call(who.team, "users.info", {"user": who.user}, patience=SECONDS_OF_PATIENCE)
        except (Refused, TooFast, Unknown) as error:
            log.warning("Slack did not say who somebody is", error=str(error))
            return Known(kept or stranger(who), known=told_at is not None)
        person = _person(who, answer.get("user", {}), now)
        with self._database.transaction() as tx:
            people.remember(tx, person)
            kept = people.get(tx, who)
        return Known(kept or person, known=True)

    def refresh_channel(self, team: str, channel: str) -> None:
        """Ask Slack about a channel before a scheduled post: it may have been archived, or shared with others."""
        try:
            answer = self._pace.call(team, "conversations.info", {"channel": channel}, patience=SECONDS_OF_PATIENCE)
        except (Refused, TooFast, Unknown) as error:
            log.warning("Slack did not say what a channel is", error=str(error))
            return
        with self._database.transaction() as tx:
            channels.remember(tx, _channel(team, answer.get("channel", {}), self._now()))


def stranger(who: Who) -> Person:
    """Somebody of whom only the id is known."""
    return Person(
        team=who.team, user=who.user, name=who.user, zone=None, persona=None,
        guest=False, bot=False, deleted=False, refreshed_at=None,
    )  # fmt: skip


def _person(who: Who, user: dict[str, Any], now: datetime) -> Person:
    profile = user.get("profile", {})
    name = profile.get("display_name") or user.get("real_name") or profile.get("real_name") or user.get("name")
    return Person(
        team=who.team,
        user=who.user,
        name=str(name or who.user),
        zone=user.get("tz"),
        persona=None,
        guest=bool(user.get("is_restricted") or user.get("is_ultra_restricted") or user.get("is_stranger")),
        bot=bool(user.get("is_bot")),
        deleted=bool(user.get("deleted")),
        refreshed_at=now,
    )


def _channel(team: str, channel: dict[str, Any], now: datetime) -> Channel:
    return Channel(
        team=team,
        id=str(channel.get("id", "")),
        name=str(channel.get("name", "")),
        private=bool(channel.get("is_private")),
        shared=bool(channel.get("is_ext_shared") or channel.get("is_pending_ext_shared")),
        archived=bool(channel.get("is_archived")),
        member=bool(channel.get("is_member", True)),
        refreshed_at=now,
    )
