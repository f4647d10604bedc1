"""Slack's deliveries, through both of its modes and the real stack: taken once, answered once."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from storage import annotations, messages, requests
from tests.stage import Mode, Stage, staged, until


@pytest.fixture(params=["http", "socket"])
def mode(request: pytest.FixtureRequest) -> Mode:
    found: Mode = request.param
    return found


@pytest.fixture
def stage(tmp_path: Path, mode: Mode) -> Iterator[Stage]:
    with staged(tmp_path, mode=mode) as found:
        yield found


def test_help_is_answered_to_the_one_who_asked(stage: Stage) -> None:
    delivery = stage.type("help")
    assert delivery.status == 200
    assert "`evaluate MODEL" in stage.told("evaluate MODEL")["text"]
    assert stage.workspace.ephemerals(stage.channel, stage.jonas) == []


def test_a_command_that_is_delivered_three_times_counts_once(stage: Stage) -> None:
    delivery = stage.type("help")
    delivery.redeliver()
    delivery.redeliver()
    stage.quiet()
    assert len(stage.workspace.ephemerals(stage.channel, stage.mara)) == 1


def test_an_unknown_command_is_answered_with_the_nearest_one(stage: Stage) -> None:
    stage.type("evalute churn")
    assert "did you mean `evaluate`?" in stage.told("evalute")["text"]


def test_a_mention_is_one_request_although_two_events_tell_of_it(stage: Stage) -> None:
    ts = stage.workspace.say(stage.mara, stage.channel, f"{stage.mention} models")
    until(lambda: stage.workspace.replies(stage.channel, ts), why="an answer in the mention's thread")
    stage.quiet()
    replies = [m for m in stage.workspace.replies(stage.channel, ts) if m.get("bot_id")]
    assert len(replies) == 1
    assert "no models that you can see" in replies[0]["text"]


def test_a_misspelt_mention_in_the_channel_is_answered_there_and_not_in_a_thread_that_nobody_sees(stage: Stage) -> None:
    stage.workspace.say(stage.mara, stage.channel, f"{stage.mention} modles")
    told = stage.told("did you mean `models`?")
    assert told.get("thread_ts") is None


def test_a_misspelt_mention_in_a_thread_is_answered_in_that_thread(stage: Stage) -> None:
    ts = stage.workspace.say(stage.jonas, stage.channel, "shall we look?")
    stage.workspace.say(stage.mara, stage.channel, f"{stage.mention} modles", thread=ts)
    assert stage.told("did you mean `models`?")["thread_ts"] == ts


def test_people_talking_among_themselves_get_no_answer(stage: Stage) -> None:
    ts = stage.workspace.say(stage.mara, stage.channel, "shall we look at churn?")
    stage.workspace.say(stage.jonas, stage.channel, "yes", thread=ts)
    stage.type("help")
    stage.told("evaluate MODEL")
    stage.quiet()
    assert stage.cards() == []
    with stage.parley.database.reading() as tx:
        assert annotations.listed(tx, team=stage.workspace.team, model="churn") == []


def test_a_command_in_a_channel_without_the_bot_is_still_answered(stage: Stage) -> None:
    stage.type("models", channel=stage.elsewhere)
    assert "no models that you can see" in stage.told("no models that you can see", channel=stage.elsewhere)["text"]


def test_while_the_database_is_locked_nothing_is_acknowledged_and_nothing_is_kept(stage: Stage) -> None:
    with stage.parley.database.transaction():
        delivery: Any = stage.type("help")
    assert delivery.status != 200
    stage.quiet()
    with stage.parley.database.reading() as tx:
        assert requests.queue_depth(tx) == {}
        assert messages.unsent(tx) == 0
    assert not any("evaluate MODEL" in m["text"] for m in stage.workspace.ephemerals(stage.channel, stage.mara))
