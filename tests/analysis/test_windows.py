"""Windows as people write them."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.errors import UserError
from analysis.windows import ALL, Window, parse_window, window_before

NOW = datetime(2026, 3, 9, 12, 30, tzinfo=UTC)


def day(year: int, month: int, day_: int, hour: int = 0) -> datetime:
    return datetime(year, month, day_, hour, tzinfo=UTC)


@pytest.mark.parametrize(
    ("words", "start", "end"),
    [
        ("last 7 days", day(2026, 3, 2) + timedelta(hours=12.5), NOW),
        ("last day", NOW - timedelta(days=1), NOW),
        ("last 2 weeks", NOW - timedelta(days=14), NOW),
        ("last 36 hours", NOW - timedelta(hours=36), NOW),
        ("2026", day(2026, 1, 1), day(2027, 1, 1)),
        ("2026-03", day(2026, 3, 1), day(2026, 4, 1)),
        ("2025-12", day(2025, 12, 1), day(2026, 1, 1)),
        ("2026-W10", day(2026, 3, 2), day(2026, 3, 9)),
        ("2020-W53", day(2020, 12, 28), day(2021, 1, 4)),
        ("2026-03-02", day(2026, 3, 2), day(2026, 3, 3)),
        ("2026-03-02T14", day(2026, 3, 2, 14), day(2026, 3, 2, 15)),
        ("2026-03-01..2026-03-31", day(2026, 3, 1), day(2026, 4, 1)),
        ("2026-01..2026-03", day(2026, 1, 1), day(2026, 4, 1)),
        ("2024-02-29 .. 2024-02-29", day(2024, 2, 29), day(2024, 3, 1)),
        ("2026-03-01..", day(2026, 3, 1), None),
        ("..2026-03-31", None, day(2026, 4, 1)),
        (
            "2026-03-01T10:00Z..2026-03-01T13:30:00+02:00",
            day(2026, 3, 1, 10),
            day(2026, 3, 1, 11) + timedelta(minutes=30),
        ),
    ],
)
def test_a_window_of_time_begins_and_ends_where_it_says(
    words: str, start: datetime | None, end: datetime | None
) -> None:
    assert parse_window(words, now=NOW) == Window(start=start, end=end)


def test_both_days_of_a_range_are_in() -> None:
    window = parse_window("2026-03-01..2026-03-31", now=NOW)
    assert window.end == day(2026, 4, 1)


def test_rows_count_from_0_and_exclude_the_end() -> None:
    assert parse_window("rows 0..50000", now=NOW) == Window(first_row=0, last_row=50000)
    assert parse_window("rows 5000..", now=NOW) == Window(first_row=5000)


def test_all_is_all_whatever_the_case_and_the_spaces() -> None:
    assert parse_window("  ALL ", now=NOW) == ALL
    assert parse_window("Last  7   Days", now=NOW) == parse_window("last 7 days", now=NOW)


def test_the_last_days_end_at_the_moment_that_is_given_in_any_zone() -> None:
    berlin = timezone(timedelta(hours=1))
    assert parse_window("last 7 days", now=NOW.astimezone(berlin)) == parse_window("last 7 days", now=NOW)


@pytest.mark.parametrize(
    "words",
    ["", "..", "yesterday", "2026-13", "2026-02-30", "2026-W54", "9999", "0000", "last 999999 weeks", "last -7 days",
     "rows 1", "rows -1..5", "rows a..b", "2026-03-01..later", "last 7 moons"],
)  # fmt: skip
def test_words_that_mean_nothing_are_refused_with_examples(words: str) -> None:
    with pytest.raises(UserError, match=r"write one of: all · last 7 days · 2026-03 ·"):
        parse_window(words, now=NOW)


@pytest.mark.parametrize("words", ["rows 5..5", "rows 9..3", "2026-03-31..2026-03-01", "last 0 days"])
def test_a_window_that_ends_before_it_begins_is_refused(words: str) -> None:
    with pytest.raises(UserError, match="holds no row"):
        parse_window(words, now=NOW)


def test_before_a_day_is_everything_until_its_first_moment() -> None:
    assert window_before("2026-03-01") == Window(end=day(2026, 3, 1))
    assert window_before("2026-03-01T12:00:00Z") == Window(end=day(2026, 3, 1, 12))
    with pytest.raises(UserError, match="write it like 2026-03-01"):
        window_before("soon")


@pytest.mark.parametrize(
    ("words", "written"),
    [
        ("all", "all"),
        ("2026-01-01..2026-12-31", "2026"),
        ("2026-03-01..2026-03-31", "2026-03"),
        ("2026-03-02T14:00Z..2026-03-02T15:00Z", "2026-03-02T14"),
        ("2026-w10", "2026-03-02..2026-03-08"),
        ("last 7 days", "2026-03-02T12:30:00Z..2026-03-09T12:30:00Z"),
        ("rows 0..50000", "rows 0..50000"),
    ],
)
def test_a_window_is_written_in_its_shortest_form(words: str, written: str) -> None:
    assert str(parse_window(words, now=NOW)) == written


moments = st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001 -- hypothesis wants them naive and adds the zone
whole_days = moments.map(lambda m: m.replace(hour=0, minute=0, second=0, microsecond=0))


@given(st.tuples(moments | whole_days | st.none(), moments | whole_days | st.none()))
@settings(deadline=None)
def test_a_window_of_time_that_is_written_reads_back_the_same(ends: tuple[datetime | None, datetime | None]) -> None:
    start, end = ends
    if start is not None and end is not None and start > end:
        start, end = end, start
    if start == end and start is not None and end is not None:
        end = end + timedelta(microseconds=1)
    window = Window(start=start, end=end)
    assert parse_window(str(window), now=NOW) == window


@given(st.integers(0, 10**17), st.integers(1, 10**9))
@settings(deadline=None)
def test_a_window_of_rows_that_is_written_reads_back_the_same(first: int, length: int) -> None:
    window = Window(first_row=first, last_row=first + length)
    assert parse_window(str(window), now=NOW) == window


@given(st.text(max_size=30))
@settings(deadline=None)
def test_no_words_break_the_parser(words: str) -> None:
    with suppress(UserError):
        assert isinstance(parse_window(words, now=NOW), Window)
