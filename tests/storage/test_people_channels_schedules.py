"""Who there is, where, and what is done by the clock."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from storage import channels, people, schedules
from storage.channels import Channel
from storage.database import Database
from storage.people import Person
from storage.requests import Who
from storage.schedules import Schedule
from tests.threads import at_once

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ANA = Person(
    team="T1",
    user="UANA",
    name="Ana",
    zone="Europe/Madrid",
    persona=None,
    guest=False,
    bot=False,
    deleted=False,
    refreshed_at=NOON,
)


def add(database: Database, request_id: int, *, team: str = "T1") -> Schedule:
    with database.transaction() as tx:
        return schedules.add(
            tx,
            who=Who(team, "UANA"),
            channel="C1",
            when="every monday 09:00",
            zone="Europe/Madrid",
            command="digest",
            arguments={"models": ["a", "b"]},
            request_id=request_id,
            now=NOON,
        )


def test_a_chosen_persona_outlives_what_slack_says(database: Database) -> None:
    with database.transaction() as tx:
        people.remember(tx, ANA)
        people.set_persona(tx, Who("T1", "UANA"), "data scientist", now=NOON)
        people.remember(tx, replace(ANA, name="Ana B.", guest=True, refreshed_at=NOON + timedelta(hours=1)))
    with database.reading() as tx:
        found = people.get(tx, Who("T1", "UANA"))
        assert people.get(tx, Who("T2", "UANA")) is None
    assert found == replace(
        ANA, name="Ana B.", guest=True, persona="data scientist", refreshed_at=NOON + timedelta(hours=1)
    )


def test_who_chose_a_persona_before_slack_was_asked_is_known_by_id(database: Database) -> None:
    with database.transaction() as tx:
        people.set_persona(tx, Who("T1", "UBO"), "product manager", now=NOON)
        people.remember(tx, ANA)
        people.remember(tx, replace(ANA, team="T2"))
        found = people.listed(tx, team="T1")
    assert [(one.user, one.name, one.persona, one.refreshed_at) for one in found] == [
        ("UANA", "Ana", None, NOON),
        ("UBO", "UBO", "product manager", None),
    ]


def test_a_channel_is_what_slack_said_last(database: Database) -> None:
    channel = Channel(
        team="T1", id="C1", name="churn", private=False, shared=False, archived=False, member=True, refreshed_at=NOON
    )
    with database.transaction() as tx:
        channels.remember(tx, channel)
        channels.remember(tx, replace(channel, shared=True))
        assert channels.get(tx, team="T1", id="C1") == replace(channel, shared=True)
        assert channels.get(tx, team="T2", id="C1") is None


def test_a_request_makes_its_schedule_once(database: Database) -> None:
    made = at_once(4, lambda _: add(database, 7))
    assert len({one.id for one in made}) == 1
    assert made[0] == Schedule(
        id=made[0].id,
        team="T1",
        owner="UANA",
        channel="C1",
        when="every monday 09:00",
        zone="Europe/Madrid",
        command="digest",
        arguments={"models": ["a", "b"]},
        state="active",
        reason=None,
        created_at=NOON,
        last_slot=None,
    )
    with database.reading() as tx:
        assert schedules.get(tx, made[0].id) == made[0]
        assert schedules.get(tx, 99) is None


def test_a_schedule_is_paused_and_its_owner_told_once(database: Database) -> None:
    schedule = add(database, 1)

    def pause(_: int) -> bool:
        with database.transaction() as tx:
            return schedules.pause(tx, schedule.id, reason="its owner left", now=NOON)

    assert sorted(at_once(4, pause)) == [False, False, False, True]
    with database.reading() as tx:
        found = schedules.get(tx, schedule.id)
        assert schedules.active(tx) == []
    assert found is not None
    assert (found.state, found.reason) == ("paused", "its owner left")


def test_a_removed_schedule_is_not_listed(database: Database) -> None:
    first, second = add(database, 1), add(database, 2)
    add(database, 3, team="T2")
    with database.transaction() as tx:
        assert schedules.remove(tx, first.id, now=NOON)
        assert not schedules.remove(tx, first.id, now=NOON)
        assert not schedules.pause(tx, first.id, reason="x", now=NOON)
        assert [one.id for one in schedules.listed(tx, team="T1")] == [second.id]
        assert [one.state for one in schedules.listed(tx, team="T1", states=("removed",))] == ["removed"]
        assert [one.team for one in schedules.active(tx)] == ["T1", "T2"]


def test_a_slot_never_goes_back(database: Database) -> None:
    schedule = add(database, 1)
    with database.transaction() as tx:
        for hours in (1, 3, 2):
            schedules.fired(tx, schedule.id, slot=NOON + timedelta(hours=hours))
        found = schedules.get(tx, schedule.id)
    assert found is not None
    assert found.last_slot == NOON + timedelta(hours=3)
