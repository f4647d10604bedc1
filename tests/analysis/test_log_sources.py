"""Which files a source means, and files that are missing, mixed, or changed while they are read."""

import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analysis.errors import DataError, UserError
from analysis.log_files import files_of
from tests.analysis.logs import opened, read, refused, write


def test_a_directory_means_its_files_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name in ("b.csv", "a/2.csv", "a/10.csv", "c.CSV"):
        write(tmp_path, f"logs/{name}", f"s,n\n1,{name}\n")
    for stray in ("README.md", ".hidden.csv", "_temporary/x.csv", "_SUCCESS"):
        write(tmp_path, f"logs/{stray}", "not,a,log\n")
    found = read(opened(tmp_path, source="logs"))
    assert found["n"] == ["a/10.csv", "a/2.csv", "b.csv", "c.CSV"]
    assert found["#"] == [0, 1, 2, 3]


def test_a_glob_means_the_files_that_match(tmp_path: Path) -> None:
    for name in ("2026-01.csv", "2026-02.csv", "2025-12.csv", "deep/2026-03.csv"):
        write(tmp_path, name, f"s,n\n1,{name}\n")
    assert read(opened(tmp_path, source='"2026-*.csv"'))["n"] == ["2026-01.csv", "2026-02.csv"]
    assert read(opened(tmp_path, source='"**/2026-*.csv"'))["n"] == ["2026-01.csv", "2026-02.csv", "deep/2026-03.csv"]
    assert read(opened(tmp_path, source=f'"{tmp_path}/2025-*.csv"'))["n"] == ["2025-12.csv"]


def test_a_path_with_the_signs_of_a_glob_is_a_path_when_there_is_such_a_file(tmp_path: Path) -> None:
    write(tmp_path, "log[1].csv", "s\n1\n")
    write(tmp_path, "log1.csv", "s\n2\n")
    assert read(opened(tmp_path, source='"log[1].csv"'))["s"] == [1]


def test_a_path_may_be_absolute_or_lead_out_of_the_folder(tmp_path: Path) -> None:
    path = write(tmp_path, "data/log.csv", "s\n1\n")
    (tmp_path / "cards").mkdir()
    assert read(opened(tmp_path / "cards", source="../data/log.csv"))["s"] == [1]
    assert read(opened(tmp_path / "cards", source=str(path)))["s"] == [1]


def test_a_file_with_an_unknown_ending_is_told_by_its_first_bytes(tmp_path: Path) -> None:
    write(tmp_path, "a.log", "s,n\n1,x\n")
    write(tmp_path, "b.log", '\n{"s": 2}\n')
    pq.write_table(pa.table({"s": [3]}), tmp_path / "c.log")
    assert [read(opened(tmp_path, source=f"{n}.log"))["s"] for n in "abc"] == [[1], [2], [3]]


def test_a_file_that_is_not_there_is_named_with_the_near_ones(tmp_path: Path) -> None:
    write(tmp_path, "churn.csv", "s\n1\n")
    assert refused(tmp_path, source="chrun.csv") == 'there is no file chrun.csv; did you mean "churn.csv"?'
    assert "no file matches 2026-*.csv" in refused(tmp_path, source='"2026-*.csv"')


def test_a_directory_without_a_log_says_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    assert "the directory logs holds no log; it is empty" in refused(tmp_path, source="logs")
    write(tmp_path, "logs/notes.txt", "x")
    assert 'it holds "notes.txt"; files must end in .csv' in refused(tmp_path, source="logs")


def test_files_of_several_kinds_are_not_one_log(tmp_path: Path) -> None:
    write(tmp_path, "logs/a.csv", "s\n1\n")
    write(tmp_path, "logs/b.jsonl", '{"s": 1}\n')
    assert 'logs mixes files of several kinds ("a.csv", "b.jsonl")' in refused(tmp_path, source="logs").replace(
        "logs/", ""
    )


def test_sources_that_cannot_be_read_say_so(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is no source that I know; name a path, a glob or a directory"):
        opened(tmp_path, source="ftp://host/log.csv")


def test_files_are_known_before_they_are_read(tmp_path: Path) -> None:
    path = write(tmp_path, "logs/a.csv", "s\n1\n")
    (file,) = files_of("logs", tmp_path)
    assert (Path(file.place.address), file.name, file.kind) == (path.resolve(), "logs/a.csv", "csv")


@pytest.mark.parametrize("name", ["log.csv", "log.jsonl", "log.parquet"])
@pytest.mark.parametrize("change", ["longer", "replaced", "gone"])
def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path, name: str, change: str) -> None:
    contents = {"log.csv": b"s,a\n1,2\n", "log.jsonl": b'{"s": 1, "a": 2}\n'}
    path = tmp_path / name
    if name == "log.parquet":
        pq.write_table(pa.table({"s": [1], "a": [2]}), path)
    else:
        path.write_bytes(contents[name])
    log = opened(tmp_path, source=name)
    content = path.read_bytes()
    if change == "longer":
        path.write_bytes(content + content)
    elif change == "replaced":
        (tmp_path / "new").write_bytes(content)
        (tmp_path / "new").replace(path)
    else:
        path.unlink()
    with pytest.raises(DataError, match=r"changed while it was read|was there a moment ago and is gone"):
        read(log)


def test_a_file_that_changes_between_its_first_and_its_last_row_is_refused(tmp_path: Path) -> None:
    table = pa.table({"s": range(300_000)})
    pq.write_table(table, tmp_path / "log.parquet")
    log = opened(tmp_path, source="log.parquet")
    batches = log.read(log.partitions[0], ["s"])
    next(batches)
    os.utime(tmp_path / "log.parquet", (1, 1))
    with pytest.raises(DataError, match=r"log\.parquet changed while it was read"):
        list(batches)


@pytest.mark.parametrize("source", ['"a\\0b.csv"', "x" * 5000 + ".csv", '"**x/*.csv"'])
def test_a_name_that_no_file_can_have_is_refused(tmp_path: Path, source: str) -> None:
    assert "cannot be used as a path" in refused(tmp_path, source=source)


def test_what_is_no_regular_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "log.csv")
    assert refused(tmp_path) == "log.csv is no regular file; name a file, a glob or a directory"


def test_a_file_that_may_not_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "log.csv").symlink_to(tmp_path / "log.csv")
    assert "log.csv cannot be read" in refused(tmp_path)
