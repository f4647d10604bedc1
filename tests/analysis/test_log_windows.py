"""Rows of a window: by time and by place, with the reference left out."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.errors import UserError
from analysis.log_limits import Limits
from analysis.log_opening import open_log, open_with_reference
from analysis.log_values import ARROW_TYPE, Kind
from analysis.windows import ALL, Window, parse_window
from tests.analysis.logs import NOW, a_card, opened, read, refused, type_of, write

TIMES = "{score: s, timestamp: at}"
DAYS = [date(2026, 2, 27) + timedelta(days=n) for n in range(10)]


def daily(root: Path, name: str = "log.csv") -> None:
    """Row 0 is of 27 February, row 2 of 1 March, row 9 of 8 March."""
    if name.endswith("csv"):
        write(root, name, "s,at\n" + "".join(f"{n},{d}\n" for n, d in enumerate(DAYS)))
    else:
        pq.write_table(pa.table({"s": range(10), "at": DAYS}), root / name, row_group_size=2)


@pytest.mark.parametrize("name", ["log.csv", "log.parquet"])
@pytest.mark.parametrize(
    ("window", "rows"),
    [
        ("all", range(10)),
        ("2026-03", range(2, 10)),
        ("2026-02", range(2)),
        ("2026-03-01..2026-03-03", range(2, 5)),
        ("last 7 days", range(3, 10)),
        ("2026-W10", range(3, 10)),
        ("2026-03-05", range(6, 7)),
        ("2030", range(0)),
        ("rows 0..3", range(3)),
        ("rows 8..50000", range(8, 10)),
        ("rows 5..", range(5, 10)),
        ("rows 10..20", range(0)),
    ],
)
def test_a_window_holds_its_rows_and_no_other(tmp_path: Path, name: str, window: str, rows: range) -> None:
    daily(tmp_path, name)
    log = opened(tmp_path, window, Limits(piece_rows=2), source=name, columns=TIMES)
    assert read(log, ["s"]) == {"#": list(rows), "s": list(rows)}


def test_row_groups_outside_the_window_are_not_even_opened(tmp_path: Path) -> None:
    daily(tmp_path, "log.parquet")
    log = opened(tmp_path, "2026-03-05", Limits(piece_rows=2), source="log.parquet", columns=TIMES)
    assert [p.first_row for p in log.partitions] == [6]
    log = opened(tmp_path, "rows 3..5", Limits(piece_rows=2), source="log.parquet", columns=TIMES)
    assert [p.first_row for p in log.partitions] == [2, 4]


def test_row_groups_of_the_reference_are_not_even_opened_for_the_window(tmp_path: Path) -> None:
    daily(tmp_path, "log.parquet")
    for reference, columns in (("{before: 2026-03-02}", TIMES), ("{window: rows 0..3}", "{score: s}")):
        card = a_card(tmp_path, source="log.parquet", columns=columns, more=f"reference: {reference}")
        log, _ = open_with_reference(card, window=ALL, now=NOW, limits=Limits(piece_rows=2))
        assert [p.first_row for p in log.partitions] == [2, 4, 6, 8]
        assert read(log, ["s"])["s"] == list(range(3, 10))


def test_rows_without_a_time_stay_beside_a_reference_of_days(tmp_path: Path) -> None:
    pq.write_table(pa.table({"s": range(4), "at": [*DAYS[:2], None, None]}), tmp_path / "log.parquet")
    card = a_card(tmp_path, source="log.parquet", columns=TIMES, more="reference: {before: 2026-03-02}")
    log, _ = open_with_reference(card, window=ALL, now=NOW)
    assert read(log, ["s"])["s"] == [2, 3]


def test_a_window_runs_over_files_as_if_they_were_one(tmp_path: Path) -> None:
    for name in "abc":
        write(tmp_path, f"logs/{name}.csv", "s,n\n" + "".join(f"{i},{name}\n" for i in range(3)))
    assert read(opened(tmp_path, "rows 2..7", source="logs"), ["n"]) == {"#": [2, 3, 4, 5, 6], "n": list("abbbc")}


def test_a_row_without_a_time_lies_in_no_window_of_time(tmp_path: Path) -> None:
    write(tmp_path, "log.csv", "s,at\n0,2026-03-01\n1,\n2,2026-03-02\n")
    assert read(opened(tmp_path, "2026", columns=TIMES), ["s"])["#"] == [0, 2]
    assert read(opened(tmp_path, "all", columns=TIMES), ["s"])["#"] == [0, 1, 2]


def test_a_window_of_time_needs_a_timestamp(tmp_path: Path) -> None:
    daily(tmp_path)
    with pytest.raises(UserError, match=r"names no timestamp column.*use rows, as in `rows 0\.\.50000`"):
        opened(tmp_path, "2026-03")
    with pytest.raises(UserError, match="names no timestamp column"):
        opened(tmp_path).narrowed(window=parse_window("2026-03", now=NOW))


NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "written",
    ["2026-03-01T12:00:00Z", "2026-03-01 12:00:00", "2026-03-01 13:00+01:00", "2026-03-01T12:00:00.000000000",
     "1772366400", "1772366400000", "1772366400000000", "1772366400000000000", "1772366400.0", " 2026-03-01 12:00 "],
)  # fmt: skip
def test_a_moment_is_the_same_however_it_is_written(tmp_path: Path, written: str) -> None:
    write(tmp_path, "log.csv", f"s,at\n0,{written}\n1,\n")
    write(tmp_path, "log.jsonl", f'{{"s": 0, "at": "{written}"}}\n{{"s": 1}}\n')
    for source in ("log.csv", "log.jsonl"):
        log = opened(tmp_path, source=source, columns=TIMES)
        assert type_of(log, "at") == ARROW_TYPE[Kind.TIME]
        assert read(log, ["at"])["at"] == [NOON, None]


@pytest.mark.parametrize(
    "values",
    [
        pa.array([NOON], pa.timestamp("ns", "Europe/Berlin")),
        pa.array([NOON.replace(tzinfo=None)], pa.timestamp("s")),
        pa.array([1772366400], pa.int32()),
        pa.array(["2026-03-01T12:00:00Z"]).dictionary_encode(),
    ],
)
def test_a_moment_is_the_same_in_every_type_of_parquet(tmp_path: Path, values: pa.Array) -> None:
    pq.write_table(pa.table({"s": [1], "at": values}), tmp_path / "log.parquet")
    log = opened(tmp_path, "2026-03-01T12", source="log.parquet", columns=TIMES)
    assert read(log, ["at"])["at"] == [NOON]


def test_days_may_be_written_as_numbers(tmp_path: Path) -> None:
    write(tmp_path, "log.csv", "s,at\n0,20260228\n1,20240229\n")
    assert read(opened(tmp_path, columns=TIMES), ["at"])["at"] == [
        datetime(2026, 2, 28, tzinfo=UTC),
        datetime(2024, 2, 29, tzinfo=UTC),
    ]


@pytest.mark.parametrize("value", ["13/08/2014", "soon", "17", "20260230", "20261301", "2026", "true", "inf"])
def test_what_is_no_time_is_refused_with_its_row(tmp_path: Path, value: str) -> None:
    write(tmp_path, "log.csv", f"s,at\n0,\n1,{value}\n")
    said = refused(tmp_path, columns=TIMES)
    assert said.startswith('log.csv, row 2: column "at" holds ')
    assert "; write times like 2026-03-01" in said
    assert value not in said.split("; write")[0].replace("row 2", "")


def test_what_a_time_means_does_not_depend_on_its_neighbours(tmp_path: Path) -> None:
    forms = ["2026-03-01 12:00", "2026-03-01T12:00:00Z", "1772366400", "2026-03-01T13:00:00+01:00"]
    write(tmp_path, "log.csv", "s,at\n" + "".join(f"0,{f}\n" for f in forms))
    assert read(opened(tmp_path, columns=TIMES), ["at"])["at"] == [NOON] * 4


def test_the_rows_of_the_reference_are_not_part_of_the_window(tmp_path: Path) -> None:
    daily(tmp_path)
    card = a_card(tmp_path, columns=TIMES, more="reference: {before: 2026-03-01}")
    log, reference = open_with_reference(card, window=ALL, now=NOW)
    assert reference is not None
    assert (read(log, ["s"])["s"], read(reference, ["s"])["s"]) == (list(range(2, 10)), [0, 1])
    card = a_card(tmp_path, more="reference: {window: rows 3..5}")
    log, reference = open_with_reference(card, window=ALL, now=NOW)
    assert reference is not None
    assert (read(log, ["s"])["s"], read(reference, ["s"])["s"]) == ([0, 1, 2, 5, 6, 7, 8, 9], [3, 4])


def test_a_reference_may_have_a_source_of_its_own(tmp_path: Path) -> None:
    daily(tmp_path)
    write(tmp_path, "march.csv", "s,at\n7,2026-03-01\n")
    card = a_card(tmp_path, columns=TIMES, more="reference: {source: march.csv}")
    log, reference = open_with_reference(card, window=parse_window("rows 0..1", now=NOW), now=NOW)
    assert reference is not None
    assert (read(log, ["s"])["s"], read(reference, ["s"])["s"]) == ([0], [7])
    assert open_with_reference(a_card(tmp_path), window=ALL, now=NOW)[1] is None


rows_and_windows = st.tuples(st.integers(0, 12), st.integers(1, 12))


@given(
    times=st.lists(st.none() | st.integers(0, 20), min_size=1, max_size=20),
    window=st.sampled_from(["all", "time", "rows"]),
    exclude=st.sampled_from([None, "time", "rows"]),
    ends=st.tuples(rows_and_windows, rows_and_windows),
    block=st.integers(8, 200),
)
@settings(max_examples=60, deadline=None)
def test_any_window_without_any_other_holds_what_a_loop_would_find(
    tmp_path_factory: pytest.TempPathFactory,
    times: list[int | None],
    window: str,
    exclude: str | None,
    ends: tuple[tuple[int, int], tuple[int, int]],
    block: int,
) -> None:
    root = tmp_path_factory.mktemp("windows")
    start = datetime(2026, 3, 1, tzinfo=UTC)
    moments = [None if t is None else start + timedelta(hours=t) for t in times]
    write(root, "log.csv", "s,at\n" + "".join(f"1,{m.isoformat() if m else ''}\n" for m in moments))
    inside, outside = (_window(kind, e, start) for kind, e in zip((window, exclude), ends, strict=True))
    log = open_log(
        a_card(root, columns=TIMES),
        window=inside or ALL,
        exclude=outside,
        limits=Limits(block_bytes=block, piece_bytes=block),
    )
    expected = [i for i, m in enumerate(moments) if _in(inside, i, m) and not (outside and _in(outside, i, m))]
    assert read(log, ["s"])["#"] == expected


def _window(kind: str | None, ends: tuple[int, int], start: datetime) -> Window | None:
    first, length = ends
    if kind == "time":
        return Window(start=start + timedelta(hours=first), end=start + timedelta(hours=first + length))
    return Window(first_row=first, last_row=first + length) if kind == "rows" else None


def _in(window: Window | None, row: int, moment: Any) -> bool:
    if window is None:
        return True
    if window.start is not None and window.end is not None:
        return moment is not None and window.start <= moment < window.end
    return window.first_row is not None and window.last_row is not None and window.first_row <= row < window.last_row
