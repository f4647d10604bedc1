"""Parquet logs: types, schemas that differ, damaged files, and pieces read in threads."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analysis.errors import DataError
from analysis.log_limits import Limits
from analysis.log_values import ARROW_TYPE, Kind
from tests.analysis.logs import opened, read, refused, type_of, write

SOURCE = "log.parquet"


def put(root: Path, name: str = SOURCE, **columns: object) -> None:
    pq.write_table(pa.table({"s": pa.array([1.0, 2.0]), **columns}), root / name)


@pytest.mark.parametrize(
    ("values", "type_", "read_"),
    [
        (pa.array([1, None], pa.int8()), pa.int64(), [1, None]),
        (pa.array([1, 2], pa.uint64()), pa.float64(), [1.0, 2.0]),
        (pa.array([0.5, float("nan")], pa.float32()), pa.float64(), None),
        (pa.array([0.5, None], pa.float16()), pa.float64(), [0.5, None]),
        (pa.array([Decimal("1.25"), None]), pa.float64(), [1.25, None]),
        (pa.array([True, None]), pa.bool_(), [True, None]),
        (pa.array(["x", None], pa.large_string()), pa.string(), ["x", None]),
        (pa.array([b"x", None]), pa.string(), ["x", None]),
        (pa.array([b"ab", None], pa.binary(2)), pa.string(), ["ab", None]),
        (pa.array(["x", None], pa.string_view()), pa.string(), ["x", None]),
        (pa.array([bytes(range(16)), None], pa.uuid()), pa.string(), ["00010203-0405-0607-0809-0a0b0c0d0e0f", None]),
        (pa.array([None, None]), pa.null(), [None, None]),
        (
            pa.array([date(2026, 3, 1), None]),
            ARROW_TYPE[Kind.TIME],
            [datetime(2026, 3, 1, tzinfo=UTC), None],
        ),
    ],
)
def test_types_are_those_of_the_file_in_few_forms(
    tmp_path: Path, values: pa.Array, type_: pa.DataType, read_: list[object] | None
) -> None:
    put(tmp_path, a=values)
    log = opened(tmp_path, source=SOURCE)
    assert type_of(log, "a") == type_
    found = read(log, ["a"])["a"]
    assert found == read_ if read_ is not None else str(found) == "[0.5, nan]"


def test_ids_are_text_whatever_their_type(tmp_path: Path) -> None:
    put(tmp_path, i=pa.array([7, None]), v=pa.array([1.5, 2.0]), q=pa.array(["a", "b"]).dictionary_encode())
    log = opened(tmp_path, source=SOURCE, columns="{score: s, id: i, version: v, query: q}")
    assert read(log) == {"#": [0, 1], "s": [1, 2], "i": ["7", None], "v": ["1.5", "2"], "q": ["a", "b"]}


def test_lists_are_left_out_unless_they_are_asked_for(tmp_path: Path) -> None:
    put(tmp_path, emb=pa.array([[1.0], [2.0]]), a=pa.array([1, 2]))
    log = opened(tmp_path, source=SOURCE)
    assert log.columns == ("s", "a")
    with pytest.raises(DataError, match='column "emb" holds lists or mappings'):
        read(log, ["emb"])
    with pytest.raises(DataError, match='column "emb" holds lists or mappings'):
        read(opened(tmp_path, source=SOURCE, columns="{score: s, id: emb}"), ["emb"])


def test_a_column_that_changes_its_type_between_files_is_one_column(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    put(tmp_path, "logs/1.parquet", a=pa.array([1, 2]), b=pa.array([1, 2]), t=pa.array([1, 2]))
    put(tmp_path, "logs/2.parquet", a=pa.array([0.5, 1]), b=pa.array(["x", "2"]))
    log = opened(tmp_path, source="logs")
    assert read(log, ["a", "b", "t"]) == {
        "#": [0, 1, 2, 3],
        "a": [1.0, 2.0, 0.5, 1.0],
        "b": ["1", "2", "x", "2"],
        "t": [1, 2, None, None],
    }


def test_a_label_that_is_absent_is_missing_everywhere(tmp_path: Path) -> None:
    put(tmp_path, left_=pa.array([1, 2]))
    log = opened(tmp_path, source=SOURCE, columns="{score: s, label: left}", log="labels: later")
    assert read(log, ["left", "s"])["left"] == [None, None]


def test_pieces_can_be_read_in_threads_in_any_order(tmp_path: Path) -> None:
    pq.write_table(
        pa.table({"s": range(10_000), "a": [f"t{i}" for i in range(10_000)]}), tmp_path / SOURCE, row_group_size=500
    )
    log = opened(tmp_path, limits=Limits(piece_rows=1000), source=SOURCE)
    assert len(log.partitions) == 10
    with ThreadPoolExecutor(4) as pool:
        sums = list(
            pool.map(lambda p: sum(int(b.positions.sum()) for b in log.read(p, ["a"])), reversed(log.partitions))
        )
    assert sum(sums) == 10_000 * 9_999 // 2


def test_text_that_repeats_comes_as_dictionary_and_reads_the_same(tmp_path: Path) -> None:
    colours = ["red", "green", None, "blue", "", "red"] * 500
    texts = [f"text {i}" for i in range(3000)]
    table = pa.table({"s": range(3000), "colour": colours, "text": texts})
    pq.write_table(table, tmp_path / SOURCE, row_group_size=700)
    log = opened(tmp_path, "rows 100..2900", source=SOURCE)
    assert type_of(log, "colour") == pa.dictionary(pa.int32(), pa.string())
    assert type_of(log, "text") == pa.string()
    assert read(log, ["colour", "text"]) == {
        "#": list(range(100, 2900)),
        "colour": [colour or None for colour in colours[100:2900]],
        "text": texts[100:2900],
    }


def test_names_with_dots_are_names(tmp_path: Path) -> None:
    put(tmp_path, **{"a.b": pa.array([3, 4])})
    assert read(opened(tmp_path, source=SOURCE), ["a.b"])["a.b"] == [3, 4]


def test_a_file_without_rows_is_a_log_without_rows(tmp_path: Path) -> None:
    pq.write_table(pa.table({"s": pa.array([], pa.float64())}), tmp_path / SOURCE)
    assert read(opened(tmp_path, source=SOURCE)) == {"#": [], "s": []}


def test_damaged_files_are_refused_by_name(tmp_path: Path) -> None:
    put(tmp_path)
    whole = (tmp_path / SOURCE).read_bytes()
    for content in (whole[: len(whole) // 2], whole[:-1], b"PAR1", whole[:4] + b"\0" * (len(whole) - 4)):
        write(tmp_path, SOURCE, content)
        assert "log.parquet cannot be read as Parquet: it is cut off or damaged" in refused(tmp_path, source=SOURCE)
    write(tmp_path, SOURCE, b"")
    assert "log.parquet is empty" in refused(tmp_path, source=SOURCE)
    write(tmp_path, SOURCE, b"s,a\n1,2\n")
    assert "log.parquet cannot be read as Parquet" in refused(tmp_path, source=SOURCE)


def test_damage_that_a_checksum_tells_is_refused_when_it_is_read(tmp_path: Path) -> None:
    table = pa.table({"s": [float(i) for i in range(50_000)]})
    pq.write_table(table, tmp_path / SOURCE, use_dictionary=False, write_page_checksum=True)
    whole = bytearray((tmp_path / SOURCE).read_bytes())
    whole[1000:3000] = b"\xff" * 2000
    write(tmp_path, SOURCE, bytes(whole))
    assert "log.parquet cannot be read as Parquet" in refused(tmp_path, source=SOURCE)


def test_bytes_that_are_no_text_are_refused_with_their_place(tmp_path: Path) -> None:
    put(tmp_path, a=pa.array([b"ok", b"caf\xe9"]))
    says = 'log.parquet, rows 1 to 2: column "a" holds bytes that are not UTF-8 text'
    assert says in refused(tmp_path, source=SOURCE)
    invalid = pa.Array.from_buffers(pa.string(), 2, pa.array([b"ok", b"caf\xe9"]).buffers())
    put(tmp_path, a=invalid)
    assert says in refused(tmp_path, source=SOURCE)


def test_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    twice = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["s", "s"])
    pq.write_table(twice, tmp_path / SOURCE)
    assert 'more than one column named "s"' in refused(tmp_path, source=SOURCE)
