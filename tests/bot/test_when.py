"""Schedules: what people write, and which slot is due at which moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.asking.when import due, following, parse_when

BERLIN = "Europe/Berlin"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("monday", "monday 09:00"),
        ("Mon at 8:30", "monday 08:30"),
        ("monday at 9am", "monday 09:00"),
        ("day at 9", "day 09:00"),
        ("weekday 5:30 pm", "weekday 17:30"),
        ("day 12am", "day 00:00"),
        ("weekday 09:00", "weekday 09:00"),
        ("month 1st 08:00", "month 1st 08:00"),
        ("month on the 22nd", "month 22nd 09:00"),
        ("120 minutes", "2 hours"),
        ("hour", "1 hour"),
    ],
)
def test_a_phrase_has_one_canonical_form(written: str, canonical: str) -> None:
    assert str(parse_when(written)) == canonical
    assert str(parse_when(canonical)) == canonical


def test_a_weekday_slot_is_named_by_its_local_date_and_wall_time() -> None:
    slot = due(parse_when("weekday 09:00"), BERLIN, since=LONG_AGO, now=at("2026-11-23T08:00:05"))
    assert slot is not None
    assert slot.name == "2026-11-23T09:00"
    assert slot.instant == at("2026-11-23T08:00:00")


def test_the_same_slot_is_not_due_twice() -> None:
    when = parse_when("weekday 09:00")
    assert due(when, BERLIN, since=at("2026-11-23T08:00:00"), now=at("2026-11-23T08:00:20")) is None


def test_a_schedule_made_after_todays_time_waits_for_the_next_day() -> None:
    assert due(parse_when("day 09:00"), BERLIN, since=at("2026-11-23T10:00:00"), now=at("2026-11-23T10:00:15")) is None


def test_after_a_stop_only_the_latest_missed_slot_is_due() -> None:
    slot = due(parse_when("day 09:00"), BERLIN, since=at("2026-11-10T08:00:00"), now=at("2026-11-23T12:00:00"))
    assert slot is not None
    assert slot.name == "2026-11-23T09:00"


def test_a_slot_more_than_twelve_hours_old_is_not_sent_any_more() -> None:
    when = parse_when("monday 09:00")
    assert due(when, BERLIN, since=LONG_AGO, now=at("2026-11-23T20:01:00")) is None
    assert due(when, BERLIN, since=LONG_AGO, now=at("2026-11-23T19:59:00")) is not None


def test_an_interval_slot_is_sent_only_within_half_its_interval() -> None:
    when = parse_when("2 hours")
    slot = due(when, BERLIN, since=LONG_AGO, now=at("2026-11-23T10:59:00"))
    assert slot is not None
    assert slot.name == "2026-11-23T10:00Z"
    assert due(when, BERLIN, since=LONG_AGO, now=at("2026-11-23T11:01:00")) is None


def test_in_the_autumn_fold_a_slot_fires_once() -> None:
    """On 25 October 2026 it is 02:30 twice in Berlin, at 00:30 and at 01:30 UTC."""
    when, midnight = parse_when("day 02:30"), at("2026-10-25T00:30:00")
    names = {
        slot.name
        for minutes in range(0, 180, 5)
        if (
            slot := due(
                when,
                BERLIN,
                since=at("2026-10-24T12:00:00"),
                now=midnight + timedelta(minutes=minutes),
            )
        )
    }
    assert names == {"2026-10-25T02:30"}


def test_in_the_spring_gap_a_slot_fires_late_and_once() -> None:
    """On 29 March 2026 there is no 02:30 in Berlin; the clock goes from 02:00 to 03:00 at 01:00 UTC."""
    when = parse_when("day 02:30")
    assert due(when, BERLIN, since=at("2026-03-28T12:00:00"), now=at("2026-03-29T01:10:00")) is None
    slot = due(when, BERLIN, since=at("2026-03-28T12:00:00"), now=at("2026-03-29T01:30:00"))
    assert slot is not None
    assert slot.name == "2026-03-29T02:30"


def test_the_31st_of_a_short_month_is_its_last_day() -> None:
    assert following(parse_when("month 31st 08:00"), "UTC", now=at("2026-02-10T00:00:00")) == at("2026-02-28T08:00:00")


def test_the_next_time_is_the_first_after_now() -> None:
    assert following(parse_when("monday 09:00"), BERLIN, now=at("2026-11-23T08:00:00")) == at("2026-11-30T08:00:00")
    assert following(parse_when("15 minutes"), BERLIN, now=at("2026-11-23T08:01:00")) == at("2026-11-23T08:15:00")
