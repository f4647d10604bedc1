"""Parts of a log that were summarised before are not read again, and nobody can tell from the result."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analysis.card_reading import parse_card
from analysis.engine import Reading, Task, Work
from analysis.evaluate import Progress, evaluate
from analysis.log_opening import open_log
from analysis.plan import plan_for
from analysis.summaries.packing import packed, unpacked
from analysis.values import Result
from storage.summaries import SummaryFiles

NOW = datetime(2026, 4, 1, tzinfo=UTC)
CARD = """\
model: churn
task: {task}
log: {{source: "days/*.parquet", columns: {{id: id, timestamp: at, label: y, score: s, weight: w}}}}
periods: {periods}
slices: [city]
{more}
"""


def write_day(folder: Path, day: int, *, task: str = "binary") -> Path:
    """A file of one day, whose bytes depend on the day alone."""
    (folder / "days").mkdir(exist_ok=True)
    chance = np.random.default_rng(day)
    rows = 500
    label = chance.integers(0, 2, rows)
    columns: dict[str, Any] = {
        "id": [f"{day}-{i}" for i in range(rows)],
        "at": pa.array(np.datetime64(f"2026-03-{day:02}T00:00:00", "us") + chance.integers(0, 86_399_000_000, rows)),
        "y": label if task == "binary" else chance.normal(size=rows),
        "s": np.clip(chance.normal(0.3 + 0.4 * label, 0.2), 0, 1),
        "w": chance.random(rows),
        "city": pa.array(chance.choice(["Bonn", "Köln"], rows), mask=chance.random(rows) < 0.2),
        "age": pa.array(chance.integers(18, 90, rows), mask=chance.random(rows) < 0.1),
        "sum": chance.lognormal(size=rows),
    }
    path = folder / "days" / f"{day:02}.parquet"
    pq.write_table(pa.table(columns), path)
    return path


DEFAULTS = {"task": "binary", "periods": "week", "more": ""}


class Counting:
    """Keeps parts in memory and counts how many were asked for in vain."""

    def __init__(self) -> None:
        self.data: dict[str, bytes] = {}
        self.put_in = 0

    def has(self, key: str) -> bool:
        return key in self.data

    def get(self, key: str) -> bytes | None:
        return self.data.get(key)

    def put(self, key: str, data: bytes) -> None:
        self.data[key] = data
        self.put_in += 1


def run(folder: Path, kept: Any = None, **asked: Any) -> Result:
    text = CARD.format(
        task=asked.pop("task", "binary"), periods=asked.pop("periods", "week"), more=asked.pop("more", "")
    )
    return evaluate(parse_card(text, root=folder, name="card.yaml"), now=NOW, kept=kept, **asked)


@pytest.mark.parametrize("task", ["binary", "regression"])
def test_a_new_day_is_the_only_one_that_is_read_and_the_result_is_that_of_all_days(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, task: str
) -> None:
    for day in range(1, 6):
        write_day(tmp_path, day, task=task)
    kept = Counting()
    read = counted_days(monkeypatch)
    run(tmp_path, kept, task=task)
    assert read == {0, 1, 2, 3, 4}
    write_day(tmp_path, 6, task=task)
    read.clear()
    found = run(tmp_path, kept, task=task)
    assert read == {5}
    assert found == run(tmp_path, task=task)


def counted_days(monkeypatch: pytest.MonkeyPatch) -> set[int]:
    """The numbers of the partitions that are read from now on."""
    read: set[int] = set()
    part = Work.part

    def counting(self: Work, task: Task, *told: Any) -> Any:
        read.add(task.partition.number)
        return part(self, task, *told)

    monkeypatch.setattr(Work, "part", counting)
    return read


def work_on(folder: Path) -> Work:
    described = parse_card(CARD.format(**DEFAULTS), root=folder, name="card.yaml")
    log = open_log(described)
    return Work((Reading.of(log, plan_for(described, log.columns, version=None, against=None)),))


def stretches_of(folder: Path) -> list[list[int]]:
    """The days of each stretch that is closed."""
    return [
        [int(Path(task.partition.identity.split("|")[0]).stem) for task in stretch.tasks]
        for stretch in work_on(folder).stretches()
        if stretch.closed and stretch.tasks[0].block == 0
    ]


def test_stretches_in_the_middle_are_the_same_when_days_come_and_go(tmp_path: Path) -> None:
    for day in range(1, 31):
        write_day(tmp_path, day)
    month = stretches_of(tmp_path)
    assert 4 <= len(month) <= 15
    (tmp_path / "days" / "01.parquet").unlink()
    write_day(tmp_path, 31)
    assert stretches_of(tmp_path)[1 : len(month)] == month[1:]


def test_a_stretch_of_days_is_kept_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for day in range(1, 13):
        write_day(tmp_path, day)
    kept = Counting()
    expected = run(tmp_path, kept)
    several = [stretch for stretch in stretches_of(tmp_path) if len(stretch) > 1]
    assert several
    of_days: set[str | None] = set()
    key_of = Work.key

    def noting(self: Work, task: Task) -> str | None:
        of_days.add(key := key_of(self, task))
        return key

    monkeypatch.setattr(Work, "key", noting)
    assert run(tmp_path, kept) == expected
    kept.data = {key: data for key, data in kept.data.items() if key not in of_days}
    assert kept.data
    read = counted_days(monkeypatch)
    assert run(tmp_path, kept) == expected
    assert {number + 1 for number in read} == set(range(1, 13)) - {day for stretch in several for day in stretch}


def test_days_that_left_the_log_make_no_difference(tmp_path: Path) -> None:
    kept = Counting()
    for day in range(1, 5):
        write_day(tmp_path, day)
    run(tmp_path, kept)
    before = kept.put_in
    (tmp_path / "days" / "01.parquet").unlink()
    assert run(tmp_path, kept) == run(tmp_path)
    assert kept.put_in == before


def test_periods_of_rows_are_counted_anew_where_rows_have_moved(tmp_path: Path) -> None:
    kept = Counting()
    for day in range(1, 5):
        write_day(tmp_path, day)
    run(tmp_path, kept, periods="{rows: 700}")
    (tmp_path / "days" / "01.parquet").unlink()
    assert run(tmp_path, kept, periods="{rows: 700}") == run(tmp_path, periods="{rows: 700}")


def test_a_file_that_was_written_again_is_read_again(tmp_path: Path) -> None:
    kept = Counting()
    path = write_day(tmp_path, 1)
    first = run(tmp_path, kept)
    write_day(tmp_path, 2).replace(path)
    assert run(tmp_path, kept) == run(tmp_path) != first


def test_a_window_keeps_only_what_lies_in_it_wholly(tmp_path: Path) -> None:
    for day in range(1, 5):
        write_day(tmp_path, day)
    kept = Counting()
    window = "2026-03-02..2026-03-03"
    found = run(tmp_path, kept, window=window)
    assert kept.put_in > 0
    assert found == run(tmp_path, window=window)
    assert run(tmp_path, kept) == run(tmp_path)


def test_another_threshold_is_another_summary(tmp_path: Path) -> None:
    write_day(tmp_path, 1)
    kept = Counting()
    run(tmp_path, kept)
    assert run(tmp_path, kept, more="threshold: 0.7") == run(tmp_path, more="threshold: 0.7")


def test_damaged_bytes_are_made_anew(tmp_path: Path) -> None:
    write_day(tmp_path, 1)
    kept = Counting()
    expected = run(tmp_path, kept)
    kept.data = {key: data[:-7] + b"damaged" for key, data in kept.data.items()}
    assert run(tmp_path, kept) == expected
    assert all(unpacked(data) is not None for data in kept.data.values())


def test_the_bar_is_full_at_the_end_with_all_rows_counted(tmp_path: Path) -> None:
    for day in range(1, 4):
        write_day(tmp_path, day)
    kept, told = Counting(), list[Progress]()
    run(tmp_path, kept)
    run(tmp_path, kept, progress=told.append)
    assert (told[-1].done, told[-1].rows) == (told[-1].total, 1500)


def test_every_part_is_equal_after_being_bytes(tmp_path: Path) -> None:
    write_day(tmp_path, 1)
    described = parse_card(CARD.format(task="binary", periods="week", more=""), root=tmp_path, name="card.yaml")
    log = open_log(described)
    work = Work((Reading.of(log, plan_for(described, log.columns, version=None, against=None)),))
    for task in (task for stretch in work.stretches() for task in stretch.tasks):
        part = work.part(task)
        assert part is not None
        back = unpacked(packed(part))
        assert back is not None
        assert packed(back) == packed(part)


def test_files_of_summaries_are_written_whole_and_the_longest_unused_go(tmp_path: Path) -> None:
    files = SummaryFiles(tmp_path, most_bytes=250)
    keys = [f"{n:064x}" for n in range(3)]
    for age, key in enumerate(keys):
        files.put(key, b"x" * 100)
        os.utime(tmp_path / key[:2] / key[2:], (1000 + age, 1000 + age))
    assert files.get(keys[0]) == b"x" * 100  # used: it goes last
    files.trim(now=2000.0)
    assert [files.get(key) is not None for key in keys] == [True, False, True]
    assert files.get("0" * 63 + "9") is None


def test_a_folder_that_cannot_be_written_keeps_nothing_and_fails_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    files = SummaryFiles(tmp_path / "file")
    files.put("ab" * 32, b"x")
    assert files.get("ab" * 32) is None
