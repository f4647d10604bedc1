"""Labels that are too many for memory: joined from disk as from memory, with nothing left behind."""

import gc
import os
import pickle
import resource
import sys
import tempfile
import tracemalloc
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.errors import DataError
from analysis.log_hashes import hashes
from analysis.log_label_rows import SEED
from analysis.log_labels import LabelTable
from analysis.log_labels_on_disk import LabelsOnDisk
from analysis.log_limits import Limits
from analysis.log_reading import Log
from tests.analysis.logs import opened, read, refused, write

COLUMNS = "{score: s, label: y, id: i}"
LABELS = "labels: {source: l.parquet, by: i}"
FEW = Limits(piece_rows=5, label_bytes=400)
"""Some ten labels are a run, and a bucket."""
in_memory_and_on_disk = pytest.mark.parametrize("limits", [Limits(), FEW], ids=["memory", "disk"])
ALIKE = ("aaaagaknaacakgfangal", "lcjiaaaagfahaaaiaaoa")
"""Two texts of one hash."""


def write_parquet(path: Path, columns: dict[str, Any], group: int = 5) -> None:
    pq.write_table(pa.table(columns), path, row_group_size=group)


def many(root: Path, rows: int = 300, group: int = 5) -> None:
    """A log, and a label for each of its rows in another order."""
    order = np.random.default_rng(0).permutation(rows)
    write_parquet(root / "log.parquet", {"i": np.arange(rows), "s": np.zeros(rows)}, group)
    write_parquet(root / "l.parquet", {"i": order, "y": order * 2}, group)


def opened_on_disk(root: Path, limits: Limits = FEW, **parts: str) -> Log:
    parts = {"source": "log.parquet", "columns": COLUMNS, "log": LABELS, **parts}
    log = opened(root, limits=limits, **parts)
    assert isinstance(log.labels, LabelsOnDisk)
    return log


def outcome(root: Path, limits: Limits, **parts: str) -> object:
    """What is read of the log and of all labels, or what is said."""
    try:
        log = opened(root, limits=limits, source="log.parquet", **parts)
        every = log.all_labels()
        assert every is not None
        return read(log), every.to_pydict(), [str(t) for t in every.schema.types]
    except DataError as error:
        return str(error)


def test_labels_on_disk_find_their_rows_in_the_order_of_the_log(tmp_path: Path) -> None:
    many(tmp_path)
    log = opened_on_disk(tmp_path)
    assert read(log, ["y"])["y"] == list(range(0, 600, 2))


def test_labels_on_disk_are_told_in_the_order_of_their_source(tmp_path: Path) -> None:
    many(tmp_path)
    every = opened_on_disk(tmp_path).all_labels()
    assert every is not None
    source = pq.read_table(tmp_path / "l.parquet")
    assert every["i"].to_pylist() == [str(i) for i in source["i"].to_pylist()]
    assert every["y"].to_pylist() == source["y"].to_pylist()


def test_ids_that_only_the_log_or_only_the_labels_have_find_nothing(tmp_path: Path) -> None:
    write_parquet(tmp_path / "log.parquet", {"i": ["7", None, "x", "", "49"], "s": [0.0] * 5})
    write_parquet(tmp_path / "l.parquet", {"i": [str(n) for n in range(50)], "y": range(100, 150)})
    assert read(opened_on_disk(tmp_path), ["y"])["y"] == [107, None, None, None, 149]


def test_labels_of_several_files_of_csv_are_joined_from_disk(tmp_path: Path) -> None:
    write(tmp_path, "log.csv", "i,s\n" + "".join(f"{n},0\n" for n in range(60)))
    for part in range(3):
        lines = [f"{n},{'yes' if n % 2 else 'no'}\n" for n in range(part * 20, part * 20 + 20)]
        write(tmp_path, f"labels/{part}.csv", "i,y\n" + "".join(lines))
    log = opened_on_disk(tmp_path, source="log.csv", log="labels: {source: labels, by: i}")
    assert read(log, ["y"])["y"] == ["no", "yes"] * 30


@in_memory_and_on_disk
def test_text_that_repeats_in_one_file_and_not_in_the_next_is_joined(tmp_path: Path, limits: Limits) -> None:
    labels = ["yes", "no"] * 500 + [f"only {n}" for n in range(1000)]
    write_parquet(tmp_path / "log.parquet", {"i": range(2000), "s": [0.0] * 2000}, 500)
    (tmp_path / "labels").mkdir()
    for file in range(2):
        rows = slice(file * 1000, file * 1000 + 1000)
        columns = {"i": range(2000)[rows], "y": labels[rows]}
        write_parquet(tmp_path / "labels" / f"{file}.parquet", columns, 500)
    source = "labels: {source: labels, by: i}"
    log = opened(tmp_path, limits=limits, source="log.parquet", columns=COLUMNS, log=source)
    assert read(log, ["y"])["y"] == labels


ROWS = 40


def a_column(one: st.SearchStrategy[Any], type_: pa.DataType) -> st.SearchStrategy[pa.Array]:
    return st.lists(st.none() | one, min_size=ROWS, max_size=ROWS).map(lambda found: pa.array(found, type_))


NUMBERS = [a_column(st.integers(-5, 5), pa.int64()), a_column(st.floats(-2, 2), pa.float64())]
TIMES = a_column(st.datetimes(), pa.timestamp("us"))
LABELS_OF_ALL_KINDS = st.one_of(
    *NUMBERS, TIMES, a_column(st.booleans(), pa.bool_()), a_column(st.text(max_size=3), pa.string())
)
NEWNESS = st.one_of(*NUMBERS, TIMES, st.just(pa.nulls(ROWS, pa.string())))
IDS = a_column(st.sampled_from(["a", "b", "", "é", "a\0", *ALIKE]) | st.integers(0, 99).map(str), pa.string())


@given(
    ids=st.tuples(IDS, IDS),
    labels=LABELS_OF_ALL_KINDS,
    seen=NEWNESS,
    by=st.sampled_from(["i", "[i, k]"]),
    latest=st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_what_is_joined_and_what_is_said_is_the_same_from_disk_and_from_memory(
    tmp_path_factory: pytest.TempPathFactory,
    ids: tuple[pa.Array, pa.Array],
    labels: pa.Array,
    seen: pa.Array,
    by: str,
    latest: bool,
) -> None:
    root = tmp_path_factory.mktemp("labels")
    write_parquet(root / "log.parquet", {"i": ids[0][::-1], "k": ids[1][::-1], "s": np.zeros(ROWS)}, 7)
    write_parquet(root / "l.parquet", {"i": ids[0], "k": ids[1], "y": labels, "seen": seen})
    source = f"labels: {{source: l.parquet, by: {by}{', latest: seen' if latest else ''}}}"
    parts = {"columns": "{score: s, label: y}", "log": source}
    assert outcome(root, FEW, **parts) == outcome(root, Limits(), **parts)


def test_labels_that_are_too_many_are_counted_over_all_of_them(tmp_path: Path) -> None:
    write_parquet(tmp_path / "log.parquet", {"i": [1], "s": [0.0]})
    ids = [*range(100, 200), *range(100, 150), *range(120, 130)]
    write_parquet(tmp_path / "l.parquet", {"i": ids, "y": np.zeros(160)})
    said = refused(tmp_path, limits=FEW, source="log.parquet", columns=COLUMNS, log=LABELS)
    assert said.startswith(
        "l.parquet has more than one label for an id: that of row 1 occurs again (60 labels too many in all); keep"
    )


@in_memory_and_on_disk
def test_the_newest_label_counts_wherever_it_stands(tmp_path: Path, limits: Limits) -> None:
    write_parquet(tmp_path / "log.parquet", {"i": np.arange(20), "s": np.zeros(20)})
    seen = np.random.default_rng(0).permutation(2**60 + np.arange(400))
    write_parquet(tmp_path / "l.parquet", {"i": np.arange(400) % 20, "y": np.arange(400), "seen": seen})
    source = "labels: {source: l.parquet, by: i, latest: seen}"
    log = opened(tmp_path, limits=limits, source="log.parquet", columns=COLUMNS, log=source)
    assert read(log, ["y"])["y"] == [int(np.argmax(np.where(np.arange(400) % 20 == i, seen, 0))) for i in range(20)]


@in_memory_and_on_disk
def test_ids_of_one_hash_are_told_apart_by_their_text(tmp_path: Path, limits: Limits) -> None:
    assert len(set(hashes(pa.array(ALIKE), SEED).tolist())) == 1
    ids = [f"{n}" for n in range(30)]
    write_parquet(tmp_path / "log.parquet", {"i": [*ALIKE, "3"], "s": np.zeros(3)})
    labels = {"i": [*ALIKE, *ids, *ALIKE], "y": range(34), "seen": [1, 2, *range(30), 2, 1]}
    write_parquet(tmp_path / "l.parquet", labels)
    source = "labels: {source: l.parquet, by: i, latest: seen}"
    log = opened(tmp_path, limits=limits, source="log.parquet", columns=COLUMNS, log=source)
    assert read(log, ["y"])["y"] == [32, 1, 5]
    said = refused(tmp_path, limits=limits, source="log.parquet", columns=COLUMNS, log=LABELS)
    assert "that of row 1 occurs again (2 labels too many in all)" in said


def test_labels_on_disk_travel_as_the_way_to_read_them_again(tmp_path: Path) -> None:
    many(tmp_path, rows=20_000, group=1_000)
    labels = opened_on_disk(tmp_path, Limits(piece_rows=1_000, label_bytes=50_000)).labels
    assert labels is not None
    sent = pickle.dumps(labels)
    assert len(sent) < 10_000
    there = pickle.loads(sent)  # noqa: S301  # this test has just pickled it
    ids = pa.array(["0", "19999", "20000", None])
    assert there.labels_of(ids).to_pylist() == [0, 39_998, None, None]
    assert there.identity == labels.identity
    assert there.in_order() == labels.in_order()
    assert len(pickle.dumps(there)) < 10_000


def test_few_labels_travel_themselves(tmp_path: Path) -> None:
    many(tmp_path)
    log = opened(tmp_path, source="log.parquet", columns=COLUMNS, log=LABELS)
    assert isinstance(log.labels, LabelTable)
    sent = pickle.dumps(log.labels)
    (tmp_path / "l.parquet").unlink()
    assert pickle.loads(sent).labels_of(pa.array(["7", "x"])).to_pylist() == [14, None]  # noqa: S301  # this test has just pickled it


def test_labels_that_changed_before_they_are_read_again_are_refused(tmp_path: Path) -> None:
    many(tmp_path)
    sent = pickle.dumps(opened_on_disk(tmp_path).labels)
    many(tmp_path, rows=301)
    there = pickle.loads(sent)  # noqa: S301  # this test has just pickled it
    with pytest.raises(DataError, match="the labels changed while they were read"):
        there.labels_of(pa.array(["7"]))


def test_several_threads_look_up_at_once(tmp_path: Path) -> None:
    many(tmp_path, rows=5_000, group=100)
    log = opened_on_disk(tmp_path, Limits(piece_rows=100, label_bytes=5_000))
    there: Any = pickle.loads(pickle.dumps(log.labels))  # noqa: S301  # this test has just pickled it
    ids = np.random.default_rng(1).integers(0, 5_000, (16, 2_000))
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda some: np.asarray(there.labels_of(pa.array(some).cast(pa.string()))), ids))
    np.testing.assert_array_equal(np.array(found), ids * 2)


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def held(folder: Path) -> int:
    """How many files of the folder this process holds, with or without a name."""
    gc.collect()
    mapped = [line for line in Path("/proc/self/maps").read_text().splitlines() if f" {folder}/" in line]
    opened_ = [
        link for link in Path("/proc/self/fd").iterdir() if link.is_symlink() and folder in link.readlink().parents
    ]
    return len(mapped) + len(opened_)


@pytest.mark.skipif(sys.platform != "linux", reason="looks at the process through /proc")
def test_nothing_is_left_on_disk_when_the_labels_are_no_longer_used(tmp_path: Path, temporary: Path) -> None:
    many(tmp_path)
    log = opened_on_disk(tmp_path)
    assert held(temporary)
    assert list(temporary.iterdir()) == []
    narrowed = log.narrowed(window=log.window)
    del log
    assert read(narrowed, ["y"])["y"][7] == 14
    del narrowed
    assert held(temporary) == 0


@pytest.mark.skipif(sys.platform != "linux", reason="as above")
def test_nothing_is_left_on_disk_when_reading_fails_half_way(tmp_path: Path, temporary: Path) -> None:
    many(tmp_path)
    with (tmp_path / "l.parquet").open("r+b") as file:
        file.seek(file.seek(0, os.SEEK_END) // 2)
        file.write(b"\xff" * 500)
    assert "damaged" in refused(tmp_path, limits=FEW, source="log.parquet", columns=COLUMNS, log=LABELS)
    assert list(temporary.iterdir()) == []
    assert held(temporary) == 0


@pytest.fixture
def full_disk() -> Iterator[None]:
    """No file of this process may be larger than a few thousand bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5_000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_is_one_clear_sentence(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    many(tmp_path, rows=1_000)
    request.getfixturevalue("full_disk")
    said = refused(tmp_path, limits=FEW, source="log.parquet", columns=COLUMNS, log=LABELS)
    assert said == (
        "the labels in l.parquet are too many for memory and cannot be written to disk (File too large); make room "
        "where temporary files lie, or set TMPDIR to a folder that has room"
    )


def most_bytes(work: Callable[[], object]) -> int:
    """The most that Arrow and Python hold at once while something is done."""
    pool = pa.proxy_memory_pool(pa.default_memory_pool())
    before = pa.default_memory_pool()
    pa.set_memory_pool(pool)
    tracemalloc.start()
    try:
        work()
        return int(pool.max_memory()) + tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        pa.set_memory_pool(before)


def test_the_memory_that_the_join_takes_does_not_grow_with_the_labels(tmp_path: Path) -> None:
    def joined(rows: int, label_bytes: int) -> int:
        write_parquet(tmp_path / "log.parquet", {"i": np.arange(20_000), "s": np.zeros(20_000)}, 10_000)
        write_parquet(tmp_path / "l.parquet", {"i": np.arange(rows), "y": np.arange(rows)}, 10_000)

        def work() -> None:
            limits = Limits(piece_rows=10_000, label_bytes=label_bytes)
            log = opened(tmp_path, limits=limits, source="log.parquet", columns=COLUMNS, log=LABELS)
            assert read(log, ["y"])["y"] == list(range(20_000))

        return most_bytes(work)

    on_disk = joined(200_000, 2**20)
    assert joined(600_000, 2**20) < 1.1 * on_disk
    assert joined(600_000, 2**30) > 4 * on_disk
