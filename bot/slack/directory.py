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
from storage.busy import Busy
from storage.channels import Channel
from storage.database import Database
from storage.people import Person
from storage.requests import Who

log = structlog.get_logger()

A_PERSON_IS_REMEMBERED = timedelta(hours=1)
A_CHANNEL_IS_REMEMBERED = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Known:
    """A person, and whether Slack told us who they are: without that nobody can tell members from guests."""

    person: Person
    known: bool


class Directory:
    """Looks people and channels up. Nobody waits in here for a turn to ask: others could be answered meanwhile."""

    def __init__(self, *, pace: Pace, database: Database, now: Callable[[], datetime]) -> None:
        self._pace = pace
        self._database = database
        self._now = now

    def person(self, who: Who, *, anew: bool = False) -> Known:
        """Who somebody is. ``anew``: asked now, because they may have become a guest. Raises Busy where Slack can't say
        it just now, and didn't say it lately."""
        with self._database.reading() as tx:
            kept = people.get(tx, who)
        now = self._now()
        told_at = kept.refreshed_at if kept is not None else None
        if kept is not None and told_at is not None and not anew and now - told_at < A_PERSON_IS_REMEMBERED:
            return Known(kept, known=True)
        try:
            answer = self._pace.call(who.team, "users.info", {"user": who.user})
        except Refused as error:
            log.warning("Slack did not say who somebody is", error=str(error))
            return Known(kept or stranger(who), known=told_at is not None)
        except (TooFast, Unknown) as error:
            if kept is None or told_at is None or anew:
                raise Busy("Slack does not say who somebody is", seconds=_asked_for(error)) from error
            return Known(kept, known=True)
        person = _person(who, answer.get("user", {}), now)
        with self._database.transaction() as tx:
            _check_unchanged(told_at, people.get(tx, who))
            people.remember(tx, person)
            kept = people.get(tx, who)
        return Known(kept or person, known=True)

    def channel(self, team: str, channel: str, *, newest: timedelta | None = None) -> Channel | None:
        """What a channel is; None where Slack doesn't say. ``newest``: what was said longer ago doesn't count, because
        it may have been archived or shared since, and Busy is raised where Slack can't say it just now; else what was
        said some minutes ago is good enough, and Busy is raised only where it was never said and soon will be."""
        with self._database.reading() as tx:
            kept = channels.get(tx, team=team, id=channel)
        fresh_since = self._now() - (newest if newest is not None else A_CHANNEL_IS_REMEMBERED)
        if kept is not None and kept.refreshed_at > fresh_since:
            return kept
        try:
            answer = self._pace.call(team, "conversations.info", {"channel": channel})
        except Refused as error:
            log.warning("Slack did not say what a channel is", error=str(error))
            return None if newest is not None else kept
        except (TooFast, Unknown) as error:
            comes_soon = kept is None and isinstance(error, TooFast)
            if newest is not None or comes_soon:
                raise Busy("Slack does not say what a channel is", seconds=_asked_for(error)) from error
            return kept
        told = _channel(team, channel, answer.get("channel", {}), self._now())
        with self._database.transaction() as tx:
            _check_unchanged(kept.refreshed_at if kept is not None else None, channels.get(tx, team=team, id=channel))
            channels.remember(tx, told)
        return told

    def message(self, team: str, channel: str, ts: str) -> str | None:
        """The text of a message, as Slack marks it up; None where it is gone or may not be read. Raises Busy where
        Slack can't say it just now."""
        try:
            place = {"channel": channel, "ts": ts, "limit": 1}
            answer = self._pace.call(team, "conversations.replies", place)
        except Refused as error:
            log.warning("Slack did not give a message again", error=str(error))
            return None
        except (TooFast, Unknown) as error:
            raise Busy("Slack does not give a message", seconds=_asked_for(error)) from error
        found = [m for m in answer.get("messages", []) if m.get("ts") == ts and m.get("subtype") != "tombstone"]
        return str(found[0].get("text", "")) if found else None


def _check_unchanged(told_at: datetime | None, kept: Person | Channel | None) -> None:
    """Raises Busy where an event told of a change while Slack was asked: its answer may be from before."""
    told_now = kept.refreshed_at if kept is not None else None
    is_newer = told_now is not None and (told_at is None or told_now > told_at)
    if told_now != told_at and not is_newer:
        raise Busy("what Slack said has changed meanwhile", seconds=0.0)


def _asked_for(error: TooFast | Unknown) -> float | None:
    return error.seconds if isinstance(error, TooFast) else None


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
        guest=bool(user.get("is_restricted") or user.get("is_ultra_restricted")),
        bot=bool(user.get("is_bot")),
        deleted=bool(user.get("deleted")),
        outsider=_is_outsider(who.team, user),
        admin=bool(user.get("is_admin") or user.get("is_owner")),
        refreshed_at=now,
    )


def _is_outsider(team: str, user: dict[str, Any]) -> bool:
    """Whether somebody belongs to another organization. In an Enterprise organization a person's own team may be
    another one, while ours is among their teams."""
    teams = {user.get("team_id"), *user.get("enterprise_user", {}).get("teams", ())} - {None}
    return bool(user.get("is_stranger")) or (bool(teams) and team not in teams)


def _channel(team: str, id_: str, channel: dict[str, Any], now: datetime) -> Channel:
    return Channel(
        team=team,
        id=id_,
        name=str(channel.get("name", "")),
        private=bool(channel.get("is_private")),
        shared=bool(channel.get("is_ext_shared") or channel.get("is_pending_ext_shared")),
        archived=bool(channel.get("is_archived")),
        member=bool(channel.get("is_member", True)),
        refreshed_at=now,
    )
