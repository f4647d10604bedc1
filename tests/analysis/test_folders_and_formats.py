"""A folder is read as what it is, and a file that is no log is called by its name."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import sqlite3
import sys
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.orc as orc
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, write_deltalake

from analysis.errors import UserError
from tests.analysis.logs import opened, read, refused, type_of, write


def parquet(path: Path, **columns: list[object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path)


@pytest.mark.parametrize("source", ["log", "log/*/*/*.parquet", "log/**/*.parquet"])
def test_columns_in_the_names_of_folders_are_columns(tmp_path: Path, source: str) -> None:
    parquet(tmp_path / "log" / "region=north%20west" / "year=2025" / "a.parquet", s=[1, 2])
    parquet(tmp_path / "log" / "region=__HIVE_DEFAULT_PARTITION__" / "year=2026" / "a.parquet", s=[3])
    log = opened(tmp_path, source=source)
    found = read(log)
    by_row = sorted(zip(found["s"], found["region"], found["year"], strict=True))
    assert by_row == [(1, "north west", 2025), (2, "north west", 2025), (3, None, 2026)]
    assert type_of(log, "year") == pa.int64()


def test_a_folders_column_keeps_its_text_where_it_is_no_plain_number(tmp_path: Path) -> None:
    for month in ("01", "02"):
        write(tmp_path, f"log/month={month}/a.csv", "s\n1\n")
    assert read(opened(tmp_path, source="log"))["month"] == ["01", "02"]


def test_a_folders_column_is_a_timestamp_or_a_slice_as_any_other(tmp_path: Path) -> None:
    for day in ("2026-03-01", "2026-03-02"):
        write(tmp_path, f"log/day={day}/a.jsonl", '{"s": 1}\n')
    found = read(
        opened(tmp_path, "2026-03-02", source="log", columns="{score: s, timestamp: day}", more="slices: [day]")
    )
    assert len(found["s"]) == 1


def test_a_column_in_the_file_counts_more_than_the_folders_name(tmp_path: Path) -> None:
    parquet(tmp_path / "log" / "g=a" / "a.parquet", s=[1], g=["from the file"])
    assert read(opened(tmp_path, source="log"))["g"] == ["from the file"]


def test_a_delta_table_is_read_at_its_current_version(tmp_path: Path) -> None:
    table = tmp_path / "log"
    write_deltalake(table, pa.table({"s": [1, 2, 3], "g": ["a b", "b", None]}), partition_by=["g"])
    write_deltalake(table, pa.table({"s": [4], "g": ["b"]}), mode="append")
    DeltaTable(table).delete("s = 2")
    assert len(list(table.rglob("*.parquet"))) == 4
    found = read(opened(tmp_path, source="log"))
    assert sorted(zip(found["s"], map(str, found["g"]), strict=True)) == [(1, "a b"), (3, "None"), (4, "b")]


def test_the_files_of_a_delta_table_are_not_read_one_by_one(tmp_path: Path) -> None:
    write_deltalake(tmp_path / "logs" / "log", pa.table({"s": [1]}))
    for source in ("logs", "logs/log/*.parquet", "logs/**/*.parquet"):
        assert "holds files of the Delta table log; name its folder alone" in refused(tmp_path, source=source)


def test_a_delta_table_without_deltalake_is_refused_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_deltalake(tmp_path / "log", pa.table({"s": [1]}))
    monkeypatch.setitem(sys.modules, "deltalake", None)
    with pytest.raises(UserError, match=r"log is a Delta table: install parley\[delta\]"):
        opened(tmp_path, source="log")


def test_a_delta_table_that_cannot_be_read_is_refused_by_name(tmp_path: Path) -> None:
    write(tmp_path, "log/_delta_log/00000000000000000000.json", '{"protocol":{"minReaderVersion":1}}\n')
    parquet(tmp_path / "log" / "a.parquet", s=[1])
    assert refused(tmp_path, source="log").startswith("log is a Delta table that can't be read")


@pytest.mark.parametrize(("marker", "name"), [("metadata/v1.metadata.json", "an Iceberg"), (".hoodie/x", "a Hudi")])
def test_other_tables_are_refused_by_name(tmp_path: Path, marker: str, name: str) -> None:
    write(tmp_path, f"log/{marker}", "{}")
    parquet(tmp_path / "log" / "data" / "a.parquet", s=[1])
    assert refused(tmp_path, source="log").startswith(f"log is {name} table, which I can't read")


def a_zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("log.csv", "s\n1\n")


def a_database(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("create table log (s)")


FOREIGN = {
    "log.csv.zip": (a_zip, "a zip archive"),
    "log.xlsx": (a_zip, "an Excel workbook"),
    "log.csv": (a_zip, "a zip archive"),
    "log.feather": (lambda path: feather.write_feather(pa.table({"s": [1]}), str(path)), "a Feather (Arrow) file"),
    "log.csv.bz2": (lambda path: path.write_bytes(bz2.compress(b"s\n1\n")), "packed with bzip2"),
    "log.csv.xz": (lambda path: path.write_bytes(lzma.compress(b"s\n1\n")), "packed with xz"),
    "log.csv.zst": (
        lambda path: path.write_bytes(pa.compress(b"s\n1\n", "zstd", asbytes=True)),
        "packed with Zstandard",
    ),
    "log.orc": (lambda path: orc.write_table(pa.table({"s": [1]}), str(path)), "an ORC file"),
    "log.db": (a_database, "an SQLite database"),
    "log.json": (lambda path: path.write_text(json.dumps([{"s": 1}])), "a JSON array"),
    "log.jsonl": (lambda path: path.write_text('\n [\n{"s": 1}]'), "a JSON array"),
    "log.json.gz": (lambda path: path.write_bytes(gzip.compress(b'[{"s": 1}]')), "a JSON array"),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_a_file_that_is_no_log_is_called_by_its_name(tmp_path: Path, name: str) -> None:
    make, what = FOREIGN[name]
    make(tmp_path / name)
    said = refused(tmp_path, source=name)
    assert said.startswith(f"{name} is {what}")
    assert "; " in said  # what to do


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-16", "utf-16-le", "utf-8-sig", "shift_jis"])
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_text_of_another_encoding_is_read(tmp_path: Path, encoding: str, packed: bool) -> None:
    letter = "表" if encoding == "shift_jis" else "ü"
    content = f"name,s\n{letter}ber,1\n".encode(encoding)
    write(tmp_path, "log.csv", gzip.compress(content) if packed else content)
    assert read(opened(tmp_path, log=f"format: {{encoding: {encoding}}}"))["name"] == [f"{letter}ber"]


def test_a_wrong_encoding_is_an_error_without_a_line_of_the_file(tmp_path: Path) -> None:
    write(tmp_path, "log.csv", "geheim,s\nMüller,1\n".encode("latin-1"))
    assert "log.format.encoding" in refused(tmp_path)
    assert "M" not in refused(tmp_path).replace("MB", "").split("log.csv")[1].split(";")[0].replace("UTF", "")
    said = refused(tmp_path, log="format: {encoding: shift_jis}")
    assert said == "log.csv is not shift_jis; look at log.format.encoding in the model card"


def test_numbers_are_read_as_a_country_writes_them(tmp_path: Path) -> None:
    write(tmp_path, "log.csv", "s;n;w;t\n1.234,5;1.000;7;a.b\n-0,25;12;1.234.567;1.2\n;;;\n")
    found = read(opened(tmp_path, log='format: {delimiter: ";", decimal: ",", thousands: "."}'))
    assert found["s"] == [1234.5, -0.25, None]
    assert found["n"] == [1000, 12, None]
    assert found["w"] == [7, 1234567, None]
    assert found["t"] == ["a.b", "1.2", None]
    write(tmp_path, "log.csv", "s;t\n1,5;x\n2;y\n")
    assert read(opened(tmp_path, log='format: {delimiter: ";", decimal: ","}'))["s"] == [1.5, 2.0]
    write(tmp_path, "log.csv", 's,t\n"1,234.5",x\n2,y\n')
    assert read(opened(tmp_path, log='format: {thousands: ","}'))["s"] == [1234.5, 2.0]


def test_na_in_a_column_of_text_is_missing_but_not_among_codes_of_two_letters(tmp_path: Path) -> None:
    write(tmp_path, "log.csv", "s,sex,country,code\n1,MALE,NA,XY1\n2,NA,DE,NULL\nNA,FEMALE,FR,n/a\n")
    found = read(opened(tmp_path))
    assert found["sex"] == ["MALE", None, "FEMALE"]
    assert found["country"] == ["NA", "DE", "FR"]
    assert found["code"] == ["XY1", None, None]
    assert found["s"] == [1, 2, None]


def test_declared_words_are_missing_in_every_column_and_an_empty_list_leaves_words_alone(tmp_path: Path) -> None:
    write(tmp_path, "log.csv", "s,country,n\n1,NA,-999\n2,?,5\n?,FR,6\n")
    found = read(opened(tmp_path, log='format: {missing: [NA, "?", -999]}'))
    assert (found["country"], found["n"], found["s"]) == ([None, None, "FR"], [None, 5, 6], [1, 2, None])
    write(tmp_path, "log.csv", "s,sex\n1,MALE\n2,NA\n")
    assert read(opened(tmp_path, log="format: {missing: []}"))["sex"] == ["MALE", "NA"]
    parquet(tmp_path / "log.parquet", s=[1, 2], sex=["MALE", "NA"], n=[-999, 4])
    found = read(opened(tmp_path, source="log.parquet", log="format: {missing: [NA, -999]}"))
    assert (found["sex"], found["n"]) == (["MALE", None], [None, 4])


def test_half_a_sign_in_json_is_read_as_the_replacement_sign(tmp_path: Path) -> None:
    write(
        tmp_path, "log.jsonl", '{"s": 1, "g": "\\ud83d"}\n{"s": 2, "g": "\\ud83d\\ude00"}\n{"s": 3, "g": "x\\udc00y"}\n'
    )
    assert read(opened(tmp_path, source="log.jsonl"))["g"] == ["\ufffd", "😀", "x\ufffdy"]
