"""NDJSON logs: keys that come and go, values of several types, lines that are no objects."""

import gzip
import json
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from analysis.log_limits import Limits
from analysis.log_values import Kind
from tests.analysis.logs import opened, read, refused, type_of, write

SOURCE = "log.jsonl"
SMALL_BLOCKS = Limits(block_bytes=64, piece_bytes=64)


def put(root: Path, *rows: object, name: str = SOURCE) -> None:
    write(root, name, "".join(json.dumps(row) + "\n" for row in rows))


def test_objects_are_rows_and_keys_are_columns(tmp_path: Path) -> None:
    put(tmp_path, {"s": 1, "a": "x", "ok": True}, {"s": 2.5, "b": 3}, {"a": None, "s": 3})
    log = opened(tmp_path, source=SOURCE)
    assert read(log) == {
        "#": [0, 1, 2],
        "s": [1, 2.5, 3],
        "a": ["x", None, None],
        "ok": [True, None, None],
        "b": [None, 3, None],
    }
    assert [type_of(log, c) for c in log.columns] == [pa.float64(), pa.string(), pa.bool_(), pa.int64()]


def test_text_that_looks_like_a_time_is_text(tmp_path: Path) -> None:
    put(tmp_path, {"s": 1, "day": "2026-03-01"})
    assert read(opened(tmp_path, source=SOURCE), ["day"])["day"] == ["2026-03-01"]


@pytest.mark.parametrize("place", [0, 40, 79])
def test_a_column_of_several_types_is_text_wherever_the_odd_one_stands(tmp_path: Path, place: int) -> None:
    values: list[object] = list(range(80))
    values[place] = "x"
    put(tmp_path, *({"s": 1, "a": v, "b": 0.5 if v == "x" else v} for v in values))
    log = opened(tmp_path, limits=SMALL_BLOCKS, source=SOURCE)
    found = read(log, ["a", "b"])
    assert found["a"] == [str(v) for v in values]
    assert found["b"] == [0.5 if v == "x" else float(str(v)) for v in values]
    assert log.kinds["b"] is Kind.FRACTION


def test_true_beside_numbers_is_text(tmp_path: Path) -> None:
    put(tmp_path, {"s": 1, "a": True}, {"s": 1, "a": 1}, {"s": 1, "a": 2.0}, {"s": 1})
    assert read(opened(tmp_path, source=SOURCE), ["a"])["a"] == ["true", "1", "2", None]


def test_ids_are_text_however_long_they_are(tmp_path: Path) -> None:
    put(tmp_path, {"s": 1, "i": 7}, {"s": 1, "i": "007"}, {"s": 1, "i": 98765432109876543210})
    log = opened(tmp_path, source=SOURCE, columns="{score: s, id: i}")
    assert read(log, ["i"])["i"] == ["7", "007", "98765432109876543210"]
    put(tmp_path, {"s": 1, "i": 7}, {"s": 1, "i": 98765432109876543210})
    log = opened(tmp_path, source=SOURCE, columns="{score: s, id: i}")
    assert read(log, ["i"])["i"] == ["7", "98765432109876543210"]


def test_lists_and_mappings_are_left_out(tmp_path: Path) -> None:
    put(tmp_path, {"s": 1, "l": [1], "m": {"a": 1}}, {"s": 1, "l": 5})
    assert opened(tmp_path, source=SOURCE).columns == ("s",)


def test_windows_line_ends_empty_lines_and_a_byte_order_mark_do_no_harm(tmp_path: Path) -> None:
    write(tmp_path, SOURCE, b'\xef\xbb\xbf{"s": 1}\r\n\r\n\n{"s": 2}')
    assert read(opened(tmp_path, source=SOURCE))["s"] == [1, 2]


def test_packed_files_are_unpacked(tmp_path: Path) -> None:
    write(tmp_path, "log.ndjson.gz", gzip.compress(b"".join(b'{"s": %d}\n' % i for i in range(100))))
    log = opened(tmp_path, limits=SMALL_BLOCKS, source="log.ndjson.gz")
    assert (len(log.partitions), read(log)["s"]) == (1, list(range(100)))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b'{"s": 1}\n{"s": 1\n', "log.jsonl, row 2: is not JSON"),
        (b'{"s": 1}\n\n[1]\n', "log.jsonl, row 2: is no JSON object; each line"),
        (b'{"s": 1}\n{"s": 2, "a": "caf\xe9"}\n', "log.jsonl, row 2: holds bytes that are not UTF-8"),
        (b"s,a\n1,2\n", "log.jsonl, row 1: is not JSON"),
        (b"", 'log.jsonl lacks a column that the model card names: "s" (log.columns.score). It is empty.'),
        (b'{"S": 1}\n', 'log.jsonl lacks a column that the model card names: "s" (log.columns.score)'),
    ],
)  # fmt: skip
def test_lines_that_are_no_objects_are_refused_with_their_row(tmp_path: Path, content: bytes, says: str) -> None:
    write(tmp_path, SOURCE, content)
    assert says in refused(tmp_path, source=SOURCE)


def test_a_wrong_line_far_down_is_found(tmp_path: Path) -> None:
    rows = [b'{"s": %d}\n' % i for i in range(1000)]
    rows[777] = b"oops\n"
    write(tmp_path, SOURCE, b"".join(rows))
    assert "log.jsonl, row 778: is not JSON" in refused(tmp_path, limits=SMALL_BLOCKS, source=SOURCE)


values = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
words = st.text(max_size=5)


objects = st.fixed_dictionaries({"s": st.just(1)}, optional={"a": values | words, "b": words})


@given(st.lists(objects, min_size=1, max_size=20))
@example([{"s": 1, "b": "", "a": False}, {"s": 1, "a": 1.0000000000000002e16}, {"s": 1, "a": 10_000_000_000}])
@settings(max_examples=60, deadline=None)
def test_large_and_small_blocks_read_the_same(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, object]]
) -> None:
    root = tmp_path_factory.mktemp("ndjson")
    put(root, *rows)
    large, small = opened(root, source=SOURCE), opened(root, limits=SMALL_BLOCKS, source=SOURCE)
    assert dict(large.kinds) == dict(small.kinds)
    assert read(large) == read(small)
    if "b" in large.columns:
        assert read(large, ["b"])["b"] == [row.get("b") if row.get("b") != "" else None for row in rows]
