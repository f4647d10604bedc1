"""Rate limits: per method, per channel, with the time to wait told in seconds or as a date."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest
from slack_sdk.errors import SlackApiError

from bot.workspace.troubles import Tiers

from .stage import Stage


class Seconds:
    """A stopwatch that a test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_without_the_knob_nothing_is_limited(stage: Stage) -> None:
    for _ in range(10):
        stage.post()
    assert stage.workspace.tiers.refused == {}


def test_a_channel_takes_a_small_burst_and_then_one_message_a_second(stage: Stage) -> None:
    other = stage.workspace.add_channel("other", members=[stage.ann])
    stage.workspace.tiers.on = True
    for _ in range(4):
        stage.post()
    with pytest.raises(SlackApiError) as refused:
        stage.post()
    assert refused.value.response.status_code == 429
    assert refused.value.response["error"] == "ratelimited"
    assert refused.value.response.headers["retry-after"] == "1"
    stage.client.chat_postMessage(channel=other, text="elsewhere it goes on")
    assert stage.workspace.tiers.refused == {"chat.postMessage": 1}
    assert len(stage.workspace.messages(stage.channel)) == 4


def test_each_method_has_a_tier_of_its_own() -> None:
    seconds = Seconds()
    tiers = Tiers(seconds)
    tiers.on = True
    assert [tiers.ask("chat.update", "C1") for _ in range(50)] == [None] * 50
    assert tiers.ask("chat.update", "C2") == 2  # 50 a minute: the next one is free after 1.2 s
    assert tiers.ask("files.info", None) is None
    seconds.now = 1.3
    assert tiers.ask("chat.update", "C2") is None
    assert tiers.ask("chat.update", "C2") == 2


def test_a_message_a_second_is_never_too_fast() -> None:
    seconds = Seconds()
    tiers = Tiers(seconds)
    tiers.on = True
    for second in range(300):
        seconds.now = float(second)
        assert tiers.ask("chat.postMessage", "C1") is None


def test_the_time_to_wait_may_be_a_date(stage: Stage) -> None:
    stage.workspace.tiers.on = stage.workspace.tiers.as_date = True
    for _ in range(4):
        stage.post()
    with pytest.raises(SlackApiError) as refused:
        stage.post()
    until = parsedate_to_datetime(str(refused.value.response.headers["retry-after"]))
    assert timedelta(0) < until - datetime.now(UTC) <= timedelta(seconds=3)
