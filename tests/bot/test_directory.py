"""What Slack says of people and channels is believed unless an event told of a change while Slack was asked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from bot.slack.api import Slack, web_client
from bot.slack.directory import Directory
from bot.slack.pace import Pace
from storage import channels, people
from storage.busy import Busy
from storage.database import Transaction
from storage.requests import Who
from tests.bot.desk import Desk
from tests.stage import BOT_TOKEN


class ToldMeanwhile(Pace):
    """Something happens after Slack has answered, and before anybody knows what it said."""

    happens: Callable[[Transaction], None] | None = None

    def call(self, *arguments: Any, **named: Any) -> dict[str, Any]:
        answer = super().call(*arguments, **named)
        happens, self.happens = self.happens, None
        if happens is not None:
            with self._database.transaction() as tx:
                happens(tx)
        return answer


@pytest.fixture
def pace(desk: Desk) -> ToldMeanwhile:
    slack = Slack(web_client(BOT_TOKEN, desk.api_url))
    return ToldMeanwhile(slack, database=desk.database, now=desk.clock, seconds_between_messages=0.0)


def test_a_channel_that_was_shared_while_slack_was_asked_is_asked_for_again(desk: Desk, pace: ToldMeanwhile) -> None:
    directory = Directory(pace=pace, database=desk.database, now=desk.clock)
    for _ in range(2):
        found = directory.channel(desk.team, desk.channel, newest=timedelta(0))
        assert found is not None
        assert not found.shared
        desk.sleep(1)
        pace.happens = lambda tx: channels.doubt(tx, team=desk.team, id=desk.channel, now=desk.clock())
        with pytest.raises(Busy):
            directory.channel(desk.team, desk.channel, newest=timedelta(0))
        with desk.database.reading() as tx:
            kept = channels.get(tx, team=desk.team, id=desk.channel)
        assert kept is not None
        assert kept.shared


def test_somebody_who_became_a_guest_while_slack_was_asked_is_asked_for_again(desk: Desk, pace: ToldMeanwhile) -> None:
    who, directory = Who(desk.team, desk.mara), Directory(pace=pace, database=desk.database, now=desk.clock)
    assert directory.person(who).known
    pace.happens = lambda tx: people.forget(tx, who)
    with pytest.raises(Busy):
        directory.person(who, anew=True)
    with desk.database.reading() as tx:
        kept = people.get(tx, who)
    assert kept is not None
    assert kept.refreshed_at is None
    assert directory.person(who).known
