"""A window without a row says why, in the words it was asked in."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from analysis.errors import DataError, NoRowsError
from tests.analysis.evaluating import card, evaluated

SCORED = "label: label, score: score"
TIMES = [datetime(2026, 3, 1, 8, tzinfo=UTC), datetime(2026, 3, 2, 9, 30, tzinfo=UTC)]
ROWS = {"label": [0, 1], "score": [0.1, 0.9], "at": TIMES}
TIMED = SCORED + ", timestamp: at"


def why(folder: Path, described: str, window: str) -> str:
    with pytest.raises(NoRowsError) as error:
        evaluated(folder, ROWS, described, window=window)
    return str(error.value)


def test_rows_beyond_the_end_are_told_how_many_there_are(tmp_path: Path) -> None:
    says = why(tmp_path, card(log=SCORED), "rows 10..20")
    assert says == "the window rows 10..20 holds no row: the log of churn has 2 rows, 0 to 1"


def test_a_window_of_time_is_told_what_the_log_covers(tmp_path: Path) -> None:
    says = why(tmp_path, card(log=TIMED), "2026-01")
    assert says == (
        "the window 2026-01 holds no row: the log of churn has 2 rows, from 2026-03-01 08:00 to 2026-03-02 09:30 UTC"
    )


def test_last_days_are_echoed_as_they_were_written(tmp_path: Path) -> None:
    assert why(tmp_path, card(log=TIMED), "last 7 days").startswith(
        "the window last 7 days (2026-03-24 12:00 to 2026-03-31 12:00 UTC) holds no row"
    )


def test_a_window_that_lies_in_the_reference_says_so(tmp_path: Path) -> None:
    described = card(log=TIMED, more=["reference: {before: 2026-03-02}"])
    assert why(tmp_path, described, "2026-03-01") == (
        "the window 2026-03-01 holds no row of churn beside those of the reference, which are not part of it; "
        "outside the reference it has 1 row, of 2026-03-02 09:30 UTC"
    )
    everything = card(log=TIMED, more=["reference: {before: 2026-04-01}"])
    assert why(tmp_path, everything, "all") == (
        "the log holds no row of churn beside those of the reference, which are not part of it"
    )


def test_a_log_without_any_row_is_no_fault_of_the_window(tmp_path: Path) -> None:
    empty: dict[str, list[float]] = {"label": [], "score": []}
    with pytest.raises(DataError, match=r"holds no row: log\.parquet names its columns and ends there") as error:
        evaluated(tmp_path, empty, card(log=SCORED))
    assert not isinstance(error.value, NoRowsError)
