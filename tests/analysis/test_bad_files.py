"""Files that are broken, hostile or strange: one sentence and exit status 2, in bounded time and memory, and no file
left behind."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bot.evaluate_cli import evaluate_in_terminal
from tests.analysis.evaluating import card

MOST_MEGABYTES = 700
LOG = "label: label, score: score"
GOOD = b"label,score,x\n1,0.9,a\n0,0.2,b\n1,0.7,a\n0,0.4,b\n"


class Folder:
    """A folder with a model card and its log; what an evaluation in it said."""

    def __init__(self, path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.path, self._capsys = path, capsys

    def put(self, name: str, content: bytes) -> None:
        (self.path / name).parent.mkdir(parents=True, exist_ok=True)
        (self.path / name).write_bytes(content)

    def describe(self, source: str, *more: str, log: str = LOG) -> Path:
        path = self.path / "card.yaml"
        path.write_text(card(log=log, more=more).replace("SOURCE", f'"{source}"'))
        return path

    def evaluate(self, source: str, *more: str, log: str = LOG) -> tuple[int, str]:
        """The exit status and what stood on stderr."""
        described = self.describe(source, *more, log=log)
        out, page = self.path / "out.json", self.path / "out.html"
        out.unlink(missing_ok=True)
        page.unlink(missing_ok=True)
        status = evaluate_in_terminal(described, "all", None, None, str(out), str(page))
        said = self._capsys.readouterr().err
        if status != 0:
            self.must_have_left_nothing()
        return status, said

    def must_have_left_nothing(self) -> None:
        left = [p.name for p in self.path.iterdir() if "out." in p.name]
        assert left == []

    def refused(self, source: str, *more: str, log: str = LOG) -> str:
        status, said = self.evaluate(source, *more, log=log)
        assert status == 2, said
        lines = said.splitlines()
        assert len(lines) == 1, said
        assert said.startswith("parley: ")
        return lines[0].removeprefix("parley: ")


@pytest.fixture
def folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Folder:
    return Folder(tmp_path, capsys)


def parquet_bytes(path: Path, table: pa.Table | None = None, **options: Any) -> bytes:
    if table is None:
        n = 5_000
        table = pa.table(
            {"label": np.arange(n) % 2, "score": np.linspace(0, 1, n), "x": [f"text {i}" for i in range(n)]}
        )
    pq.write_table(table, path, **options)
    return path.read_bytes()


@pytest.mark.parametrize("share", [0.001, 0.1, 0.5, 0.9, 0.999])
def test_parquet_that_is_cut_off_anywhere_is_named(folder: Folder, share: float) -> None:
    whole = parquet_bytes(folder.path / "log.parquet", row_group_size=500)
    folder.put("log.parquet", whole[: int(len(whole) * share)])
    assert folder.refused("log.parquet").startswith("log.parquet cannot be read as Parquet: it is cut off or damaged")


@pytest.mark.parametrize("place", [4, 2_000, -2_000, -9])
def test_parquet_with_other_bytes_in_it_is_named(folder: Folder, place: int) -> None:
    whole = bytearray(parquet_bytes(folder.path / "log.parquet", row_group_size=500, write_page_checksum=True))
    start = place % len(whole)
    whole[start : start + 40] = b"\xa5" * len(whole[start : start + 40])
    folder.put("log.parquet", bytes(whole))
    assert "log.parquet" in folder.refused("log.parquet")


@pytest.mark.parametrize("end", ["parquet", "csv"])
def test_damage_in_one_file_of_many_names_that_file(folder: Folder, end: str) -> None:
    folder.put("logs/0.csv", GOOD)
    content = GOOD if end == "csv" else parquet_bytes(folder.path / "logs" / "0.csv")
    (folder.path / "logs" / "0.csv").unlink()
    for day in range(3):
        folder.put(f"logs/{day}.{end}", content)
    broken = folder.path / f"logs/1.{end}"
    broken.write_bytes(content[: len(content) // 2] if end == "parquet" else content + b"1,0.5\n")
    said = folder.refused("logs")
    assert said.startswith(f"logs/1.{end}")
    assert end == "parquet" or "row 5: there are 2 values for 3 columns" in said


BROKEN_TEXT = {
    "the wrong delimiter": (GOOD.replace(b",", b";"), ["log.csv", "delimiter", "';'"]),
    "tabs": (GOOD.replace(b",", b"\t"), ["log.csv", "delimiter"]),
    "several encodings": (GOOD + "1,0.5,ü\n".encode() + b"0,0.5,\xfc\n", ["log.csv, row 6", '"x"', "UTF-8"]),
    "too many values": (GOOD + b"1,0.5,a,b\n", ["log.csv, row 5", "4 values for 3 columns"]),
    "too few values": (GOOD + b"1\n", ["log.csv, row 5", "1 value for 3 columns"]),
    "a quote that never ends": (GOOD + b'1,0.5,"a\n' + b"1,0.5,a\n" * 50, ["log.csv", "never closed"]),
    "nothing": (b"", ["log.csv is empty"]),
    "UTF-16": (GOOD.decode().encode("utf-16"), ["log.csv", "UTF-16"]),
    "a word among the scores": (GOOD + b"1,high,a\n", ["score", "no number"]),
    "columns of one name": (GOOD.replace(b"x", b"score", 1), ["log.csv", '"score"', "more than once"]),
    "a zip archive": (b"PK\x03\x04" + bytes(range(256)) * 20, ["log.csv"]),
    "a header of one endless name": (b"x" * 5_000_000, ["log.csv"]),
}


@pytest.mark.parametrize("what", BROKEN_TEXT)
def test_text_that_is_no_log_is_refused_with_the_place(folder: Folder, what: str) -> None:
    content, says = BROKEN_TEXT[what]
    folder.put("log.csv", content)
    said = folder.refused("log.csv")
    assert [part for part in says if part not in said] == [], said
    assert len(said) < 1_000


def test_a_byte_order_mark_is_no_part_of_the_first_name(folder: Folder) -> None:
    folder.put("log.csv", b"\xef\xbb\xbf" + GOOD)
    assert folder.evaluate("log.csv") == (0, "")


def test_nul_bytes_are_read_as_text_or_refused_by_name(folder: Folder) -> None:
    folder.put("log.csv", GOOD + b"1,0.5,a\0b\n")
    assert "log.csv" in folder.refused("log.csv")
    folder.put("late.csv", GOOD + b"1,0.5,a\n" * 2_000 + b"1,0.5,a\0b\n")
    status, said = folder.evaluate("late.csv")
    assert status in (0, 2)
    assert status == 0 or "late.csv" in said


@pytest.mark.parametrize("content", [b"", b"label,score\n"], ids=["nothing", "a header"])
def test_gzip_of_nothing_is_a_log_without_rows(folder: Folder, content: bytes) -> None:
    folder.put("log.csv.gz", gzip.compress(content))
    said = folder.refused("log.csv.gz")
    assert "log.csv.gz is empty" in said if not content else "the log of churn holds no row" in said


def test_gzip_with_rubbish_behind_it_or_without_its_end_is_refused(folder: Folder) -> None:
    packed = gzip.compress(GOOD * 1000)
    for broken in (packed[:-4], packed[:15], packed[:40] + b"\0" * 40 + packed[80:], packed + b"rubbish"):
        folder.put("log.csv.gz", broken)
        assert "log.csv.gz" in folder.refused("log.csv.gz")


def test_a_directory_with_the_name_of_a_file_is_a_directory(folder: Folder) -> None:
    (folder.path / "log.csv").mkdir()
    assert "the directory log.csv holds no log; it is empty" in folder.refused("log.csv")
    folder.put("log.csv/part.csv", GOOD)
    assert folder.evaluate("log.csv") == (0, "")


def test_a_link_that_leads_to_itself_is_named(folder: Folder) -> None:
    (folder.path / "log.csv").symlink_to(folder.path / "log.csv")
    assert "log.csv" in folder.refused("log.csv")
    (folder.path / "logs").mkdir()
    (folder.path / "logs" / "again").symlink_to(folder.path / "logs", target_is_directory=True)
    folder.put("logs/part.csv", GOOD)
    assert folder.evaluate("logs") == (0, "")


def test_what_is_no_regular_file_is_refused_without_waiting_for_it(folder: Folder) -> None:
    os.mkfifo(folder.path / "log.csv")
    assert "log.csv is no regular file" in folder.refused("log.csv")


def test_a_file_that_may_not_be_read_is_named(folder: Folder) -> None:
    folder.put("log.csv", GOOD)
    (folder.path / "log.csv").chmod(0)
    if not os.access(folder.path / "log.csv", os.R_OK):
        assert "log.csv cannot be read: Permission denied" in folder.refused("log.csv")
    # Whoever may read everything meets a file that the system itself refuses to read.
    kept_back = Path("/proc/self/mem")
    if kept_back.exists():
        (folder.path / "memory.csv").symlink_to(kept_back)
        assert "cannot be read" in folder.refused("memory.csv")


def test_a_column_that_changes_its_kind_between_files_is_one_of_text(folder: Folder) -> None:
    folder.put("logs/1.csv", GOOD)
    folder.put("logs/2.csv", b"label,score,x\n1,0.5,7\n0,0.5,8\n")
    assert folder.evaluate("logs") == (0, "")
    folder.put("logs/3.csv", b"label,score,x\n1,unknown,7\n")
    said = folder.refused("logs")
    assert 'the score column "score" holds' in said


def test_files_whose_columns_differ_name_the_file_that_lacks_one(folder: Folder) -> None:
    folder.put("logs/1.csv", GOOD)
    folder.put("logs/2.csv", GOOD.replace(b"score", b"scor"))
    said = folder.refused("logs")
    assert "logs/2.csv" in said
    assert '"score"' in said


STRANGE: dict[str, tuple[pa.Table, str | None]] = {
    "no columns": (pa.table({}), "log.parquet"),
    "no rows": (pa.table({"label": pa.array([], pa.int64()), "score": pa.array([], pa.float64())}), "holds no row"),
    "twice the same name": (
        pa.Table.from_arrays([pa.array([1]), pa.array([0.5]), pa.array([0.5])], names=["label", "score", "score"]),
        'more than one column named "score"',
    ),
    "a nested label": (pa.table({"label": [[1], [0]], "score": [0.5, 0.6]}), "label"),
    "a nested score": (pa.table({"label": [1, 0], "score": [{"a": 0.5}, {"a": 0.6}]}), "score"),
    "nested features": (pa.table({"label": [1, 0], "score": [0.5, 0.6], "x": [[1], [2]], "y": [{"a": 1}] * 2}), None),
    "a struct with the name of a path": (
        pa.table({"label": [1, 0], "score": [0.5, 0.6], "a": [{"b": 1}] * 2, "a.b": [3, 4]}), None,
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", STRANGE)
def test_parquet_of_a_strange_shape_is_read_or_refused_by_name(folder: Folder, what: str) -> None:
    table, says = STRANGE[what]
    parquet_bytes(folder.path / "log.parquet", table)
    if says is None:
        assert folder.evaluate("log.parquet") == (0, "")
    else:
        assert says in folder.refused("log.parquet")


def test_thousands_of_row_groups_are_read_in_few_pieces(folder: Folder) -> None:
    n = 5_000
    table = pa.table({"label": np.arange(n) % 2, "score": np.linspace(0, 1, n)})
    parquet_bytes(folder.path / "log.parquet", table, row_group_size=1)
    start = time.monotonic()
    assert folder.evaluate("log.parquet") == (0, "")
    assert time.monotonic() - start < 20


@pytest.mark.parametrize("end", ["parquet", "csv"])
def test_a_file_that_is_replaced_while_it_is_read_is_never_half_of_each(folder: Folder, end: str) -> None:
    n = 20_000
    good = pa.table({"label": np.arange(n) % 2, "score": np.linspace(0, 1, n)})
    contents = []
    for turn in range(2):
        if end == "parquet":
            contents.append(parquet_bytes(folder.path / f"part{turn}", good.slice(turn), row_group_size=1_000))
        else:
            rows = zip(*good.slice(turn).to_pydict().values(), strict=True)
            contents.append(b"label,score\n" + b"".join(b"%d,%f\n" % row for row in rows))
    folder.put(f"log.{end}", contents[0])
    seen: list[int] = []
    with replaced_again_and_again(folder.path / f"log.{end}", contents):
        for _ in range(10):
            status, said = folder.evaluate(f"log.{end}")
            assert status == 0 or (status == 2 and f"log.{end}" in said), said
            seen.append(status)
    assert set(seen) <= {0, 2}
    assert folder.evaluate(f"log.{end}") == (0, "")


class replaced_again_and_again:  # noqa: N801 -- reads as what happens in its block
    """Another file takes the place of this one every few milliseconds, as a job that writes it anew would do."""

    def __init__(self, path: Path, contents: list[bytes]) -> None:
        self._path, self._contents, self._over = path, contents, threading.Event()
        self._thread = threading.Thread(target=self._replace)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _replace(self) -> None:
        turn = 0
        while not self._over.wait(0.004):
            turn += 1
            aside = self._path.with_name("new")
            aside.write_bytes(self._contents[turn % 2])
            aside.replace(self._path)


# --- what must end in bounded time and memory, in a process of its own --------------------------------------------


LAUNCHER = """
import os, subprocess, sys
child = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(child.pid, 0)
child.returncode = os.waitstatus_to_exitcode(status)
print(child.returncode, usage.ru_maxrss)
"""
"""A small process in between: until it becomes another program, a child counts the memory of whoever started it."""


def in_its_own_process(folder: Path, source: str) -> tuple[int, str, float, float]:
    """Exit status, stderr, megabytes at most, seconds."""
    described = Folder.describe(Folder(folder, None), source)  # type: ignore[arg-type]
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "PYTHONPATH") if name in os.environ}
    said = folder / "stderr"
    start = time.monotonic()
    command = [sys.executable, "-m", "bot.cli", "evaluate", str(described), "--json", "out.json", "--html", "out.html"]
    with said.open("w") as stderr:
        ended = subprocess.run(
            [sys.executable, "-c", LAUNCHER, *command],
            cwd=folder,
            env=kept | {"PYTHONPATH": str(Path(__file__).parents[2])},
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            check=True,
        )
    status, peak = map(int, ended.stdout.split())
    kilobytes = peak if sys.platform != "darwin" else peak / 1024
    return status, said.read_text(), kilobytes / 1024, time.monotonic() - start


@pytest.fixture
def large(tmp_path: Path) -> Iterator[Path]:
    """A file that does not outlive its test."""
    path = tmp_path / "log.csv"
    yield path
    path.unlink(missing_ok=True)


def must_be_refused_cheaply(path: Path, says: str) -> None:
    status, said, megabytes, seconds = in_its_own_process(path.parent, path.name)
    assert status == 2, said
    assert path.name in said
    assert says in said
    assert "Traceback" not in said
    assert megabytes < MOST_MEGABYTES
    assert seconds < 60
    assert [p.name for p in path.parent.iterdir() if "out." in p.name] == []


@pytest.mark.parametrize("start", [b"label,score,x\n1,0.5,", b'label,score,x\n1,0.5,"', b"", b'"'])
def test_a_value_of_200_megabytes_is_refused_before_it_fills_the_memory(large: Path, start: bytes) -> None:
    with large.open("wb") as file:
        file.write(start)
        for _ in range(200):
            file.write(b"x" * 2**20)
    must_be_refused_cheaply(large, "row of more than 16 MB" if start.startswith(b"label") else "header")


def test_gigabytes_in_a_small_gzip_are_refused_before_they_fill_the_memory(large: Path) -> None:
    packed = gzip.compress((b"1,0.5," + b"x" * 10_000 + b"\n") * 3_600, 9)
    path = large.with_name("log.csv.gz")
    path.write_bytes(gzip.compress(b"label,score,x\n") + packed * 31)  # 1.1 GB
    must_be_refused_cheaply(path, "unpacks to more than 100 times its size")


def test_thousands_of_columns_are_evaluated_in_bounded_time(large: Path) -> None:
    names = [f"c{i}" for i in range(3_000)]
    line = ",".join(str(i) for i in range(3_000))
    large.write_text(",".join(["label", "score", *names]) + "\n" + f"1,0.9,{line}\n0,0.2,{line}\n" * 2)
    status, said, megabytes, seconds = in_its_own_process(large.parent, large.name)
    assert (status, said) == (0, "")
    assert (large.parent / "out.json").is_file()
    assert megabytes < MOST_MEGABYTES * 2
    assert seconds < 90
