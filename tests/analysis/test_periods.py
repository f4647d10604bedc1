"""Periods against pandas and the standard library's calendar."""

from datetime import datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from analysis.periods import KINDS, NO_PERIOD, Kind, Places, kind_of_label, period_label, period_numbers, period_of

_FORMATS = {"hour": "%Y-%m-%dT%H", "day": "%Y-%m-%d", "month": "%Y-%m", "year": "%Y", "week": "%G-W%V"}

some_times = st.lists(st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2200, 1, 1)), max_size=50)  # noqa: DTZ001 -- datetime64 has no zone


@given(some_times, st.sampled_from(KINDS))
@settings(deadline=None)
def test_labels_are_those_of_pandas(times: list[datetime], kind: str) -> None:
    expected = pd.DatetimeIndex(times).strftime(_FORMATS[kind]).tolist() if times else []
    assert period_of(np.array(times, dtype="datetime64[us]"), kind).tolist() == expected


@pytest.mark.parametrize(
    ("kind", "label"),
    [("hour", "2026-03-02T14"), ("day", "2026-03-02"), ("week", "2026-W10"), ("month", "2026-03"), ("year", "2026")],
)
@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_the_unit_of_the_times_does_not_matter(kind: str, label: str, unit: str) -> None:
    times = np.array(["2026-03-02T14:59:59"], dtype=f"datetime64[{unit}]")
    assert period_of(times, kind).tolist() == [label]


def test_weeks_start_on_monday_and_belong_to_the_year_of_their_thursday() -> None:
    times = np.array(["2020-12-31", "2021-01-03", "2021-01-04", "1969-12-29"], dtype="datetime64[us]")
    assert period_of(times, "week").tolist() == ["2020-W53", "2020-W53", "2021-W01", "1970-W01"]


def test_a_row_without_a_time_has_no_period() -> None:
    times = np.array(["2026-03-02", "NaT"], dtype="datetime64[us]")
    for kind in KINDS:
        assert period_numbers(times, kind)[1] == NO_PERIOD
        assert period_of(times, kind)[1] is None
    assert period_of(times[1:], "month").tolist() == [None]


def test_rows_are_counted_from_0_and_a_short_last_piece_stays() -> None:
    rows = np.array([0, 4999, 5000, 7213])
    assert period_of(rows, 5000).tolist() == ["rows 0..5000", "rows 0..5000", "rows 5000..10000", "rows 5000..10000"]
    assert period_of(rows, 5000, rows=7214).tolist()[-1] == "rows 5000..7214"


@pytest.mark.parametrize("kind", [*KINDS, 5000])
def test_no_rows_have_no_periods(kind: Kind) -> None:
    empty = np.array([], dtype="int64" if isinstance(kind, int) else "datetime64[us]")
    assert period_of(empty, kind).tolist() == []


@given(hnp.arrays(np.int64, st.integers(1, 30), elements=st.integers(-(10**16), 10**16)), st.sampled_from(KINDS))
@settings(deadline=None)
def test_numbers_grow_with_time_and_name_the_same_period_in_every_batch(micros: Places, kind: str) -> None:
    times = np.sort(micros).view("datetime64[us]")
    numbers = period_numbers(times, kind)
    assert (np.diff(numbers) >= 0).all()
    one_by_one = [int(period_numbers(times[i : i + 1], kind)[0]) for i in range(len(times))]
    assert numbers.tolist() == one_by_one
    assert [period_label(n, kind) for n in one_by_one] == period_of(times, kind).tolist()


def test_times_a_million_days_apart_still_have_their_months() -> None:
    times = np.array(["-4000-06-15", "2026-03-02"], dtype="datetime64[us]")
    assert period_of(times, "month").tolist() == ["-4000-06", "2026-03"]


@pytest.mark.parametrize(
    ("label", "kind"),
    [
        ("2026-03-02T14", "hour"),
        ("2026-03-02", "day"),
        ("2026-W10", "week"),
        ("2020-W53", "week"),
        ("2026-03", "month"),
        ("2026", "year"),
        ("rows 5000..10000", 5000),
        *(
            (label, None)
            for label in ("2021-W53", "2026-W00", "2026-13", "2026-02-30", "2026-3", "W10", "rows 5..5", "")
        ),
    ],
)
def test_a_label_says_which_kind_of_period_it_names(label: str, kind: Kind | None) -> None:
    assert kind_of_label(label) == kind
