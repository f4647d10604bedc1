"""Times are never guessed silently: what a number means is told by its form, or by the model card."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analysis.card_reading import parse_card
from analysis.evaluate import evaluate
from analysis.log_times import NotATimeError, as_times
from analysis.periods import period_label
from analysis.windows import parse_window
from tests.analysis.evaluating import NOW, card, evaluated
from tests.analysis.logs import opened, read, refused, write

TIMES = "{score: s, timestamp: t}"
MOMENT = datetime(2026, 1, 15, 2, 18, 7, tzinfo=UTC)
SECONDS = int(MOMENT.timestamp())


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (20260115, MOMENT.replace(hour=0, minute=0, second=0)),
        (2026011502, MOMENT.replace(minute=0, second=0)),
        (202601150218, MOMENT.replace(second=0)),
        (20260115021807, MOMENT),
        (SECONDS, MOMENT),
        (SECONDS * 10**3, MOMENT),
        (SECONDS * 10**6, MOMENT),
        (SECONDS * 10**9, MOMENT),
        (631_152_000, datetime(1990, 1, 1, tzinfo=UTC)),
    ],
)
@pytest.mark.parametrize("as_text", [False, True], ids=["number", "text"])
def test_a_number_is_a_date_key_or_a_time_since_1970(written: int, expected: datetime, as_text: bool) -> None:
    values = pa.array([str(written) if as_text else written, None])
    assert as_times(values).to_pylist() == [expected, None]


@pytest.mark.parametrize(
    "written",
    [
        0,
        5,
        -SECONDS,
        631_151_999,
        4_133_980_800,
        20261301,
        20260231,
        2026011524,
        202601150260,
        20260115021860,
        45_678,
        10**19,
    ],
)
@pytest.mark.parametrize("type_", [pa.int64(), pa.float64()], ids=["whole", "fraction"])
def test_any_other_number_is_refused(written: int, type_: pa.DataType) -> None:
    if written >= 2**63 and type_ == pa.int64():
        return
    with pytest.raises(NotATimeError) as caught:
        as_times(pa.array([SECONDS, float(written) if type_ == pa.float64() else written], type_))
    assert caught.value.place == 1


def test_a_time_that_cannot_be_told_is_an_error_that_names_row_and_column_but_no_value(tmp_path: Path) -> None:
    write(tmp_path, "log.csv", "s,t\n1,2026-01-01\n2,01/02/2026\n")
    said = refused(tmp_path, columns=TIMES)
    assert said.startswith('log.csv, row 2: column "t" holds a value that is no time; write times like 2026-03-01')
    assert "log.time" in said
    assert "01/02" not in said


@pytest.mark.parametrize(
    ("format_", "values", "expected"),
    [
        ("%d.%m.%Y %H:%M", ["15.01.2026 02:18", ""], MOMENT.replace(second=0)),
        ("%Y%m%d%H", ["2026011502", ""], MOMENT.replace(minute=0, second=0)),
        ("%d%m%Y", ["05012026", ""], datetime(2026, 1, 5, tzinfo=UTC)),
        ("seconds", ["100", ""], datetime(1970, 1, 1, 0, 1, 40, tzinfo=UTC)),
        ("milliseconds", ["-1000", ""], datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("%Y-%m-%dT%H:%M:%S%z", ["2026-01-15T03:18:07+0100", ""], MOMENT),
    ],
)
def test_the_model_card_says_how_times_are_written(
    tmp_path: Path, format_: str, values: list[str], expected: datetime
) -> None:
    write(tmp_path, "log.csv", "s,t\n" + "".join(f"1,{v}\n" for v in values))
    found = read(opened(tmp_path, columns=TIMES, log=f'time: {{format: "{format_}"}}'))
    assert found["t"] == [expected, None]


def test_a_value_that_the_format_does_not_fit_is_told_by_its_row(tmp_path: Path) -> None:
    write(tmp_path, "log.csv", "s,t\n1,01.02.2026\n1,2026-02-01\n")
    said = refused(tmp_path, columns=TIMES, log='time: {format: "%d.%m.%Y"}')
    assert said.startswith('log.csv, row 2: column "t" holds a value that log.time.format doesn\'t fit')


def in_berlin(folder: Path, times: list[Any], *, window: str = "all", periods: str = "day") -> Any:
    rows = {"y": [0, 1] * (len(times) // 2), "s": [0.2, 0.8] * (len(times) // 2), "t": times}
    described = card(log="label: y, score: s, timestamp: t", more=[f"periods: {periods}"])
    described = described.replace("log: {", "log: {time: {zone: Europe/Berlin}, ")
    return evaluated(folder, rows, described, window=window)


def test_periods_and_windows_follow_the_zone(tmp_path: Path) -> None:
    naive = [datetime(2026, 3, 1, 0, 30), datetime(2026, 2, 28, 23, 30)]  # noqa: DTZ001  # what a clock in Berlin shows
    zoned = [datetime(2026, 2, 28, 23, 30, tzinfo=UTC), datetime(2026, 2, 28, 22, 30, tzinfo=UTC)]  # the same moments
    for times in (naive, zoned, ["2026-03-01T00:30", "2026-02-28T23:30"], [str(t) for t in zoned]):
        result = in_berlin(tmp_path, times)
        days = [m.period for m in result.measures if m.measure == "volume" and m.period]
        assert days == ["2026-02-28", "2026-03-01"]
        result = in_berlin(tmp_path, times, window="2026-03")
        assert (result.window.rows, result.window.start) == (1, "2026-02-28T23:00:00Z")


def test_the_hour_that_is_there_twice_is_the_first_and_the_one_that_is_skipped_the_next(tmp_path: Path) -> None:
    written = ["2026-10-25T02:30", "2026-03-29T02:30"]
    found = read(opened_in_berlin(tmp_path, written))["t"]
    assert found == [datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 3, 29, 1, 0, tzinfo=UTC)]


def opened_in_berlin(folder: Path, times: list[str]) -> Any:
    write(folder, "log.csv", "s,t\n" + "".join(f"1,{t}\n" for t in times))
    return opened(folder, columns=TIMES, log="time: {zone: Europe/Berlin}")


def test_a_window_of_a_zone_begins_at_its_midnight() -> None:
    window = parse_window("2026-03-01..2026-03-31", now=NOW, zone="Europe/Berlin")
    assert (window.start, window.end) == (
        datetime(2026, 2, 28, 23, tzinfo=UTC),
        datetime(2026, 3, 31, 22, tzinfo=UTC),
    )


@pytest.mark.parametrize("statistics", [True, False])
def test_a_time_after_the_year_9999_is_a_row_as_any_other(tmp_path: Path, statistics: bool) -> None:
    start = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp() * 1000)
    times = pa.array([start + n * 86_400_000 for n in range(59)] + [start * 5_000], pa.timestamp("ms"))
    table = pa.table({"y": [0, 1] * 30, "s": [0.2, 0.8] * 30, "t": times})
    pq.write_table(table, tmp_path / "log.parquet", write_statistics=statistics)
    for periods in ("week", "month", "year"):
        text = card(log="label: y, score: s, timestamp: t", more=[f"periods: {periods}"])
        described = parse_card(text.replace("SOURCE", "log.parquet"), root=tmp_path, name="card.yaml")
        assert evaluate(described, now=NOW).window.rows == 60
        assert evaluate(described, now=NOW, window="2026").window.rows == 59


def test_a_time_too_far_away_for_any_clock_is_told_by_its_row(tmp_path: Path) -> None:
    pq.write_table(pa.table({"s": [1, 2], "t": pa.array([0, 2**60], pa.timestamp("ms"))}), tmp_path / "log.parquet")
    said = refused(tmp_path, source="log.parquet", columns=TIMES)
    assert said.startswith('log.parquet, row 2: column "t" holds a time beyond the year 292,000')


def test_weeks_have_names_after_the_year_9999() -> None:
    monday = (datetime(2026, 3, 2, tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)).days
    week = (monday + 3) // 7
    assert period_label(week, "week") == "2026-W10"
    weeks_of_400_years = 146_097 // 7
    assert period_label(week + 25 * weeks_of_400_years, "week") == "12026-W10"


def test_a_time_that_is_a_feature_has_drift(tmp_path: Path) -> None:
    first = datetime(2026, 1, 1, tzinfo=UTC)
    rows = {
        "y": [0, 1] * 200,
        "s": [0.2, 0.8] * 200,
        "ordered": [first + timedelta(days=n % 100 + (50 if n >= 200 else 0)) for n in range(400)],
        "steady": [first + timedelta(hours=n % 10) for n in range(400)],
    }
    described = card(log="label: y, score: s", more=["reference: {window: rows 0..200}"])
    result = evaluated(tmp_path, rows, described)
    found = {(m.feature, m.measure): m.value for m in result.measures if m.basis == "difference" and not m.period}
    assert found["ordered", "ks"] == pytest.approx(0.5)
    assert found["ordered", "wasserstein"] == pytest.approx(50.0)  # days
    assert found["steady", "psi"] == pytest.approx(0.0, abs=1e-12)
    outside = next(m.value for m in result.measures if m.measure == "out_of_range_rate" and m.feature == "ordered")
    assert outside == pytest.approx(0.5)
    bins = {
        dict(m.slice)["ordered"]
        for m in result.measures
        if m.measure == "share" and m.slice and m.slice[0][0] == "ordered"
    }
    assert "[-inf, 2026-01-11)" in bins or any(b.startswith("[2026-") for b in bins)
