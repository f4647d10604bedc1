"""Commands on a clock: they fire once a slot, in the person's zone, and end when their owner or channel does."""

import signal
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.clock import Clock
from bot.slack.directory import stranger
from storage import evaluations, people, schedules
from storage.requests import Who
from tests.bot.holding import hold_the_next
from tests.models import write_small_model
from tests.stage import Stage, staged, until


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    write_small_model(tmp_path / "models")
    with staged(tmp_path) as found:
        yield found


def tick_at(stage: Stage, now: datetime) -> int:
    stage.clock.jump(now)
    return stage.parley.clock.tick()


def another_replica(stage: Stage) -> Clock:
    parley = stage.parley
    return Clock(
        database=parley.database,
        commands=parley.commands,
        now=parley.now,
        keep=timedelta(days=30),
    )


def next_monday_at_nine_in_berlin() -> datetime:
    from zoneinfo import ZoneInfo

    day = datetime.now(ZoneInfo("Europe/Berlin")).replace(hour=9, minute=0, second=0, microsecond=0) + timedelta(days=1)
    while day.weekday() != 0:
        day += timedelta(days=1)
    return day.astimezone(UTC)


def test_a_schedule_says_when_it_fires_first_in_the_persons_zone(stage: Stage) -> None:
    stage.type("every monday 09:00 digest")
    told = stage.told("S-1")["text"]
    assert "09:00 (Europe/Berlin)" in told
    assert "`every monday 09:00 digest`" in told


def test_a_slot_fires_once_however_many_clocks_tick(stage: Stage) -> None:
    stage.type("every monday 09:00 digest")
    stage.told("S-1")
    at = next_monday_at_nine_in_berlin() + timedelta(seconds=7)
    fired = [tick_at(stage, at + timedelta(seconds=n)) for n in range(3)]
    assert fired == [1, 0, 0]
    stage.quiet()
    assert len(stage.cards("Models on")) == 1


def test_the_clock_of_another_replica_does_not_fire_the_same_slot(stage: Stage) -> None:
    stage.type("every 1 hour findings")
    stage.told("S-1")
    at = datetime.now(UTC).replace(minute=0, second=5, microsecond=0) + timedelta(hours=4)
    assert tick_at(stage, at) == 1
    assert another_replica(stage).tick() == 0


def test_what_writes_cannot_be_put_on_a_clock(stage: Stage) -> None:
    stage.type("every day 09:00 note small again and again")
    assert "can't be put on a clock" in stage.told("clock")["text"]


def test_a_schedule_can_be_listed_and_taken_off(stage: Stage) -> None:
    stage.type("every weekday 09:00 evaluate small last 7 days")
    stage.told("S-1")
    stage.type("schedules")
    assert "evaluate small last 7 days" in stage.told("next")["text"]
    stage.type("unschedule S-1")
    assert "every weekday 09:00 evaluate small last 7 days` won't run again" in stage.told("Removed S-1.")["text"]
    with stage.parley.database.reading() as tx:
        assert schedules.active(tx) == []


def test_a_schedule_that_is_removed_twice_says_so(stage: Stage) -> None:
    stage.type("every weekday 09:00 digest")
    stage.told("S-1")
    stage.type("unschedule S-1")
    stage.told("Removed S-1.")
    stage.type("unschedule S-1", user=stage.jonas)
    stage.told("S-1 was removed before", user=stage.jonas)


def test_a_slot_that_waits_for_its_turn_does_not_run_after_its_schedule_was_removed(stage: Stage) -> None:
    stage.type("every 1 hour digest")
    stage.told("S-1")
    fault = stage.workspace.fault("conversations.info", hang="before")
    at = datetime.now(UTC).replace(minute=0, second=5, microsecond=0) + timedelta(hours=4)
    assert tick_at(stage, at) == 1
    assert fault.reached.wait(20)
    stage.type("unschedule S-1")
    stage.told("Removed S-1.")
    fault.release()
    stage.quiet()
    assert stage.cards("Models on") == []


def test_a_schedule_in_an_archived_channel_is_paused_and_its_owner_is_told_once(stage: Stage) -> None:
    stage.type("every monday 09:00 digest")
    stage.told("S-1")
    stage.quiet()
    stage.workspace.archive(stage.channel)
    monday = next_monday_at_nine_in_berlin()
    assert tick_at(stage, monday + timedelta(seconds=5)) == 1
    until(lambda: _state(stage) == "paused", why="the schedule to pause")
    assert tick_at(stage, monday + timedelta(days=7)) == 0


@pytest.mark.parametrize("command", ["digest", "evaluate small"])
def test_a_schedule_whose_channel_takes_no_message_is_paused_at_once(stage: Stage, command: str) -> None:
    stage.type(f"every monday 09:00 {command}")
    stage.told("S-1")
    stage.quiet()
    stage.workspace.fault("chat.postMessage", error="restricted_action_thread_only_channel")
    assert tick_at(stage, next_monday_at_nine_in_berlin() + timedelta(seconds=5)) == 1
    until(lambda: _state(stage) == "paused", why="the schedule to pause")
    direct = stage.workspace.records.direct(stage.app, stage.mara)["id"]
    assert f"in <#{stage.channel}> (restricted" in stage.card("is paused", channel=direct)["text"]


def test_a_schedule_in_a_zone_that_this_machine_does_not_know_stops_no_other(stage: Stage) -> None:
    with stage.parley.database.transaction() as tx:
        schedules.add(
            tx,
            who=Who(stage.workspace.team, stage.mara),
            channel=stage.channel,
            when="day 06:00",
            zone="America/Nowhere",
            command="models",
            arguments={},
            request_id=9_000,
            now=stage.parley.now(),
        )
    stage.type("every monday 09:00 digest")
    stage.told("S-2")
    assert tick_at(stage, next_monday_at_nine_in_berlin() + timedelta(seconds=5)) == 1
    assert _state(stage) == "paused"
    direct = stage.workspace.records.direct(stage.app, stage.mara)["id"]
    says = stage.card("is paused", channel=direct)["text"]
    assert "this machine doesn't know the time zone America/Nowhere" in says


def test_whoever_lives_in_a_zone_that_this_machine_does_not_know_is_answered_in_utc(stage: Stage) -> None:
    mara = replace(stranger(Who(stage.workspace.team, stage.mara)), zone="America/Nowhere")
    with stage.parley.database.transaction() as tx:
        people.remember(tx, replace(mara, refreshed_at=stage.parley.now()))
    stage.type("every day 07:00 digest")
    assert "07:00 (UTC)" in stage.told("S-1")["text"]


def test_a_slot_is_not_lost_while_slack_asks_for_a_minutes_patience(stage: Stage) -> None:
    stage.type("every monday 09:00 digest")
    stage.told("S-1")
    stage.quiet()
    stage.workspace.fault("conversations.info", status=429, retry_after=60, times=1)
    asked = len(stage.workspace.calls_of("users.info"))
    assert tick_at(stage, next_monday_at_nine_in_berlin() + timedelta(seconds=5)) == 1
    until(lambda: stage.cards() or not stage.later(), why="a message")
    stage.card("Models on")
    assert len(stage.workspace.calls_of("users.info")) == asked + 1, "once, not each time that the channel is asked for"


def test_what_a_schedule_began_ends_though_the_schedule_is_removed_while_it_waits(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.type("every 1 hour evaluate small rows 0..100")
    stage.told("S-1")
    held = hold_the_next(stage, "Reading the log", monkeypatch)
    stage.type("evaluate small")
    child = held()
    at = datetime.now(UTC).replace(minute=0, second=5, microsecond=0) + timedelta(hours=4)
    assert tick_at(stage, at) == 1
    stage.card("Waiting for its turn … E-2")
    stage.type("unschedule S-1")
    stage.told("Removed S-1.")
    child.send_signal(signal.SIGCONT)
    stage.quiet()
    with stage.parley.database.reading() as tx:
        assert [one.status for one in evaluations.several(tx, [1, 2]).values()] == ["done", "done"]


def _state(stage: Stage) -> str | None:
    with stage.parley.database.reading() as tx:
        schedule = schedules.get(tx, 1)
    return schedule.state if schedule is not None else None
