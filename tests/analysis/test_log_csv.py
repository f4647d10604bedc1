"""CSV logs: kinds of columns, missing values, quotes, and what is wrong with a row."""

import gzip
import io
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.card_reading import parse_card
from analysis.evaluate import evaluate
from analysis.log_blocks import cut_quoted_rows
from analysis.log_limits import Limits
from analysis.log_values import Kind
from tests.analysis.logs import opened, read, refused, type_of, write


def test_a_column_is_a_number_where_every_value_is_one(tmp_path: Path) -> None:
    write(tmp_path, "log.csv", "s,whole,word,mixed,day,truth\n0.5,1,a,1,2026-03-01,true\n1,-2,b,x,2026-03-02,false\n")
    log = opened(tmp_path)
    assert [type_of(log, c) for c in log.columns] == [pa.float64(), pa.int64(), *[pa.string()] * 4]
    assert read(log) == {
        "#": [0, 1],
        "s": [0.5, 1.0],
        "whole": [1, -2],
        "word": ["a", "b"],
        "mixed": ["1", "x"],
        "day": ["2026-03-01", "2026-03-02"],
        "truth": ["true", "false"],
    }


def test_an_empty_value_is_missing_in_every_column(tmp_path: Path) -> None:
    write(tmp_path, "log.csv", 's,word,quoted,nothing\n1,,"",\n,b,x,\n')
    found = read(opened(tmp_path))
    assert found == {"#": [0, 1], "s": [1, None], "word": [None, "b"], "quoted": [None, "x"], "nothing": [None, None]}


def test_na_is_missing_among_numbers_and_text_among_words(tmp_path: Path) -> None:
    write(tmp_path, "log.csv", "s,country,only\nNA,NA,NA\n1.5,DE,null\n")
    found = read(opened(tmp_path))
    assert (found["s"], found["country"], found["only"]) == ([None, 1.5], ["NA", "DE"], ["NA", "null"])


def test_nan_and_infinity_are_numbers(tmp_path: Path) -> None:
    write(tmp_path, "log.csv", "s\nnan\ninf\n-Infinity\n2\n")
    found = read(opened(tmp_path))["s"]
    np.testing.assert_array_equal(found, [float("nan"), float("inf"), float("-inf"), 2.0])


def test_ids_versions_queries_and_items_stay_as_they_are_written(tmp_path: Path) -> None:
    write(tmp_path, "log.csv", "i,v,q,t,s\n007,1.10,1e3,0x1,1\n8,2,3,4,2\n")
    log = opened(tmp_path, columns="{id: i, version: v, query: q, item: t, score: s}")
    found = read(log)
    assert (found["i"], found["v"], found["q"], found["t"]) == (["007", "8"], ["1.10", "2"], ["1e3", "3"], ["0x1", "4"])


def test_what_a_column_is_does_not_depend_on_where_the_odd_value_stands(
    tmp_path: Path,
) -> None:
    numbers = [str(n) for n in range(200)]
    for place in (0, 100, 199):
        for odd, kind in (("x", Kind.TEXT), ("1.5", Kind.FRACTION), ("", Kind.WHOLE), ("NA", Kind.WHOLE)):
            values = [*numbers[:place], odd, *numbers[place:]]
            write(tmp_path, "log.csv", "s,a\n" + "".join(f"1,{v}\n" for v in values))
            log = opened(tmp_path, limits=Limits(block_bytes=64))
            assert log.kinds["a"] is kind
            found = read(log, ["a"])["a"]
            expected = {
                Kind.TEXT: values,
                Kind.FRACTION: [float(v) for v in values if kind is Kind.FRACTION],
                Kind.WHOLE: [int(v) if v.isdigit() else None for v in values],
            }
            assert found == expected[kind]


def test_hexadecimal_is_text_in_every_block(tmp_path: Path) -> None:
    write(tmp_path, "log.csv", "s,a,b\n1,0x1f,1\n2,7,2\n3,1.5,3\n")
    for size in (8, 1000):
        log = opened(tmp_path, limits=Limits(block_bytes=size, kept_bytes=0))
        assert read(log, ["a", "b"]) == {"#": [0, 1, 2], "a": ["0x1f", "7", "1.5"], "b": [1, 2, 3]}


def test_files_of_one_log_agree_on_what_a_column_is(tmp_path: Path) -> None:
    write(tmp_path, "logs/1.csv", "s,a,b\n1,1,1\n")
    write(tmp_path, "logs/2.csv", "a,s,b\n2.5,2,\n")
    write(tmp_path, "logs/3.csv", "s,a,b\n3,,NA\n4,4,x\n")
    found = read(opened(tmp_path, source="logs"))
    assert found == {"#": [0, 1, 2, 3], "s": [1, 2, 3, 4], "a": [1, 2.5, None, 4], "b": ["1", None, None, "x"]}


def test_values_may_hold_delimiters_newlines_and_quotes(tmp_path: Path) -> None:
    write(tmp_path, "log.csv", 's,"a\nb",c\n1,"x, ""y""\nz",5" pipe\n2,"",w\n')
    found = read(opened(tmp_path))
    assert found == {"#": [0, 1], "s": [1, 2], "a\nb": ['x, "y"\nz', None], "c": ['5" pipe', "w"]}


awkward = st.text(alphabet=st.sampled_from('ab",\n ;é'), max_size=12)


@given(st.lists(st.tuples(awkward, awkward), min_size=1, max_size=30))
@settings(max_examples=60, deadline=None)
def test_whatever_pandas_writes_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]
) -> None:
    root = tmp_path_factory.mktemp("csv")
    frame = pd.DataFrame({"s": range(len(rows)), "a": [r[0] for r in rows], "b": [r[1] for r in rows]})
    frame.to_csv(root / "log.csv", index=False)
    found = read(opened(root, limits=Limits(block_bytes=16), columns="{score: s, id: a, query: b}"))
    expected = pd.read_csv(root / "log.csv", dtype=str, keep_default_na=False)
    assert found["a"] == [v or None for v in expected["a"]]
    assert found["b"] == [v or None for v in expected["b"]]


@given(st.lists(st.sampled_from(['"', ",", "\n", "x", '""', ',"', '",', '\n"']), max_size=40).map("".join))
@settings(deadline=None)
def test_rows_are_cut_where_a_reader_of_one_sign_at_a_time_cuts_them(text: str) -> None:
    data = text.encode()
    assert cut_quoted_rows(",")(data) == _cut_slowly(data)


def _cut_slowly(data: bytes) -> tuple[int, bool]:
    """An own little machine: a value is quoted when it begins with a quote; a doubled quote inside is a sign."""
    end, quoted, fresh, place = 0, False, True, 0
    while place < len(data):
        sign = data[place : place + 1]
        if quoted and sign == b'"':
            if data[place + 1 : place + 2] == b'"':
                place += 1
            else:
                quoted = False
        elif not quoted and sign == b'"' and fresh:
            quoted = True
        elif not quoted and sign == b"\n":
            end = place + 1
        fresh = not quoted and sign in (b",", b"\n")
        place += 1
    return end, quoted


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(tmp_path: Path) -> None:
    write(tmp_path, "log.csv", b"\xef\xbb\xbfs,a\r\n1,x\r\n2,y\r\n")
    assert read(opened(tmp_path)) == {"#": [0, 1], "s": [1, 2], "a": ["x", "y"]}


def test_the_last_line_needs_no_end(tmp_path: Path) -> None:
    write(tmp_path, "log.csv", "\n\ns,a\n1,x\n\n2,y")
    assert read(opened(tmp_path))["a"] == ["x", "y"]


def test_a_delimiter_and_names_can_be_given(tmp_path: Path) -> None:
    write(tmp_path, "log.csv", "1;x\n2;y\n")
    found = read(opened(tmp_path, log='format: {delimiter: ";", columns: [s, a]}'))
    assert found == {"#": [0, 1], "s": [1, 2], "a": ["x", "y"]}


def test_tsv_is_separated_by_tabs(tmp_path: Path) -> None:
    write(tmp_path, "log.tsv", "s\ta\n1\tx,y\n")
    assert read(opened(tmp_path, source="log.tsv"))["a"] == ["x,y"]


def test_columns_without_a_name_are_named_as_pandas_does(tmp_path: Path) -> None:
    write(tmp_path, "log.csv", ",s,\n0,1,x\n")
    assert opened(tmp_path).columns == ("Unnamed: 0", "s", "Unnamed: 2")


def test_gzip_is_unpacked_whatever_the_name_says(tmp_path: Path) -> None:
    packed = gzip.compress(b"s,a\n1,x\n2,y\n")
    write(tmp_path, "log.csv.gz", packed)
    assert read(opened(tmp_path, source="log.csv.gz"))["a"] == ["x", "y"]
    write(tmp_path, "log.csv", packed)
    assert read(opened(tmp_path))["a"] == ["x", "y"]


def test_a_large_log_is_not_kept_in_memory_and_reads_the_same(tmp_path: Path) -> None:
    body = "s,n,a,gone\n" + "".join(f'{i},{i / 2 if i > 900 else i},"t{i}\n",\n' for i in range(1000))
    limits = Limits(kept_bytes=0, block_bytes=1000, piece_bytes=3000)
    for name, content in (("log.csv", body.encode()), ("log.csv.gz", gzip.compress(body.encode()))):
        write(tmp_path, name, content)
        small, large = opened(tmp_path, source=name), opened(tmp_path, limits=limits, source=name)
        assert (len(large.partitions) == 1) is name.endswith("gz")
        assert read(large) == read(small)
        assert read(large, ["n"])["n"][-1] == 499.5
        by_itself = large.read(large.partitions[-1], ["s"])
        assert [b.columns["s"][-1].as_py() for b in by_itself][-1] == 999


def test_a_header_alone_is_a_log_without_rows(tmp_path: Path) -> None:
    write(tmp_path, "log.csv", "s,a\n")
    log = opened(tmp_path)
    assert (log.columns, log.rows, read(log)) == (("s", "a"), 0, {"#": [], "s": [], "a": []})


def test_one_row_of_ten_thousand_columns_is_read(tmp_path: Path) -> None:
    names = ["s", *(f"c{i}" for i in range(9_999))]
    write(tmp_path, "log.csv", ",".join(names) + "\n" + ",".join(str(i) for i in range(10_000)) + "\n")
    log = opened(tmp_path)
    assert len(log.columns) == 10_000
    assert read(log, ["c9998", "s"]) == {"#": [0], "c9998": [9_999], "s": [0]}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "log.csv is empty: it has not even a header"),
        (b"\n\n", "log.csv is empty: it has not even a header"),
        (b"s,a\n1,2\n3\n", "log.csv, row 2: there is 1 value for 2 columns"),
        (b"s,a\n1,2,3\n", "log.csv, row 1: there are 3 values for 2 columns"),
        (b's,a\n1,2\n3,"4\n5,6\n', "ends inside a quoted value"),
        (b"s,a\n1,x\n2,caf\xe9\n", 'log.csv, row 2: column "a" holds bytes that are not UTF-8; save'),
        (b"s,caf\xe9\n1,x\n", "the header of log.csv is not UTF-8"),
        ("s,a\n1,2\n".encode("utf-16"), "looks like UTF-16"),
        ("s,a\n1,2\n".encode("utf-16-le"), "looks like UTF-16"),
        (b"s,a,a,s\n1,2,3,4\n", 'the header of log.csv names "a", "s" more than once'),
        (b"t;s\n1;2\n", "header reads as one column, so set log.format.delimiter, perhaps to ';'"),
        (b"S,scor\n1,2\n", 'log.csv lacks a column that the model card names: "s" (log.columns.score)'),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_used_is_refused_with_the_place(tmp_path: Path, content: bytes, says: str) -> None:
    write(tmp_path, "log.csv", content)
    assert says in refused(tmp_path)


def test_a_wrong_row_far_down_is_found(tmp_path: Path) -> None:
    limits = Limits(block_bytes=512)
    rows = [f'{i},"a\n{i}"\n' for i in range(5000)]
    rows[4321] = "1,2,3\n"
    write(tmp_path, "log.csv", "s,a\n" + "".join(rows))
    assert "log.csv, row 4,322: there are 3 values for 2 columns" in refused(tmp_path, limits=limits)
    rows[4321] = "1,\xe9\n"
    write(tmp_path, "log.csv", ("s,a\n" + "".join(rows)).encode("latin-1"))
    assert 'log.csv, row 4,322: column "a" holds bytes that are not UTF-8' in refused(tmp_path, limits=limits)


def test_a_row_without_end_is_refused_before_it_fills_the_memory(tmp_path: Path) -> None:
    limits = Limits(block_bytes=2**16, row_bytes=2**20)
    write(tmp_path, "log.csv", b"s,a\n1," + b"x" * 2**22)
    assert "log.csv has a row of more than 1 MB" in refused(tmp_path, limits=limits)


def test_a_gzip_bomb_is_refused(tmp_path: Path) -> None:
    limits = Limits(unpacked_bytes=2**20)
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=9) as stream:
        stream.write(b"s\n")
        for _ in range(20):
            stream.write(b"1\n" * 2**19)
    write(tmp_path, "log.csv.gz", packed.getvalue())
    assert "unpacks to more than 100 times its size" in refused(tmp_path, limits=limits, source="log.csv.gz")


def test_gzip_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    packed = gzip.compress(b"s,a\n" + b"".join(b"%d,%d\n" % (i, i * 7919 % 1000) for i in range(10_000)))
    write(tmp_path, "log.csv.gz", packed[: len(packed) // 2])
    assert "log.csv.gz cannot be unpacked: it is cut off or damaged" in refused(tmp_path, source="log.csv.gz")


def test_words_among_numbers_with_decimal_commas_are_of_the_wrong_type(tmp_path: Path) -> None:
    amounts = ["?", *(f"1.{n:03},5" for n in range(99))]
    rows = "".join(f"{n % 2};0,{n:02};{amount}\n" for n, amount in enumerate(amounts))
    (tmp_path / "log.csv").write_text(f"y;s;amount\n{rows}", encoding="utf-8")
    text = (
        'model: m\ntask: binary\nlog: {source: log.csv, format: {delimiter: ";", decimal: ",", thousands: "."}, '
        "columns: {label: y, score: s}}\n"
    )
    result = evaluate(parse_card(text, root=tmp_path, name="card.yaml"), now=datetime(2026, 3, 1, tzinfo=UTC))
    [rate] = [m.value for m in result.measures if m.measure == "type_error_rate" and m.feature == "amount"]
    assert rate == pytest.approx(1 / 100)
