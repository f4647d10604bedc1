"""Labels from a second source: joined by id as text, the newest of several, and ids that occur twice."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.errors import DataError
from analysis.log_hashes import hashes
from analysis.log_label_rows import Twice, each_once, hashes_of, label_rows
from analysis.log_labels import Bucket
from analysis.log_limits import Limits
from analysis.log_opening import open_log, open_with_reference
from analysis.windows import ALL
from tests.analysis.logs import NOW, a_card, opened, read, refused, write

COLUMNS = "{score: s, label: y, id: i}"
LABELS = "labels: {source: labels.csv, by: i}"


def test_labels_find_their_rows_by_id(tmp_path: Path) -> None:
    write(tmp_path, "log.csv", "i,s\n3,0\n1,0\n2,0\n,0\n")
    write(tmp_path, "labels.csv", "y,i\n1,1\n0,3\n1,99\n")
    log = opened(tmp_path, columns=COLUMNS, log=LABELS)
    assert read(log, ["y", "i"]) == {"#": [0, 1, 2, 3], "y": [0, 1, None, None], "i": ["3", "1", "2", None]}
    assert log.columns == ("i", "s", "y")


def test_ids_are_compared_as_text_across_kinds_of_file(tmp_path: Path) -> None:
    pq.write_table(pa.table({"i": [1, 2, 3], "s": [0.0, 0.0, 0.0]}), tmp_path / "log.parquet")
    write(tmp_path, "labels.csv", "y,i\n1,1\n0,02\n1,3\n")
    log = opened(tmp_path, source="log.parquet", columns=COLUMNS, log=LABELS)
    assert read(log, ["y"])["y"] == [1, None, 1]


def test_labels_may_be_joined_by_several_columns(tmp_path: Path) -> None:
    write(tmp_path, "log.csv", "u,v,s\na,b,0\nab,,0\na,c,0\n")
    write(tmp_path, "labels.csv", "u,v,y\na,b,yes\n,ab,no\na,c,no\n")
    log = opened(tmp_path, columns="{score: s, label: y}", log="labels: {source: labels.csv, by: [u, v]}")
    assert read(log, ["y"])["y"] == ["yes", None, "no"]


def test_labels_from_the_second_source_count_even_where_the_log_has_some(tmp_path: Path) -> None:
    write(tmp_path, "log.csv", "i,s,y\n1,0,5\n2,0,5\n")
    write(tmp_path, "labels.csv", "i,y\n1,7\n")
    assert read(opened(tmp_path, columns=COLUMNS, log=LABELS), ["y"])["y"] == [7, None]


def test_an_id_twice_in_the_labels_is_refused_with_its_row(tmp_path: Path) -> None:
    write(tmp_path, "log.csv", "i,s\n1,0\n")
    write(tmp_path, "labels.csv", "i,y\n1,0\nb,1\n1,0\n")
    said = refused(tmp_path, columns=COLUMNS, log=LABELS)
    assert said.startswith(
        "labels.csv has more than one label for an id: that of row 1 occurs again (1 labels too many"
    )


@pytest.mark.parametrize(
    ("ages", "newest"),
    [
        (["2026-03-01", "2026-03-03", "2026-03-02"], 1),
        (["10", "9", ""], 0),
        (["2026-03-01T00:00Z", "2026-03-01T00:30+01:00", "2026-02-28"], 0),
        (["1.5", "1.5", "1"], 1),
        (["", "", ""], 2),
    ],
)
def test_the_newest_of_several_labels_counts_and_of_equally_new_ones_the_last(
    tmp_path: Path, ages: list[str], newest: int
) -> None:
    write(tmp_path, "log.csv", "i,s\n1,0\n2,0\n")
    write(tmp_path, "labels.csv", "i,y,seen\n2,9,\n" + "".join(f"1,{n},{age}\n" for n, age in enumerate(ages)))
    log = opened(tmp_path, columns=COLUMNS, log="labels: {source: labels.csv, by: i, latest: seen}")
    assert read(log, ["y"])["y"] == [newest, 9]


def test_newness_that_is_no_time_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "log.csv", "i,s\n1,0\n")
    write(tmp_path, "labels.csv", "i,y,seen\n1,0,later\n")
    said = refused(tmp_path, columns=COLUMNS, log="labels: {source: labels.csv, by: i, latest: seen}")
    assert 'labels.csv: column "seen" holds a value that is no time, and no number' in said


def test_columns_that_the_labels_lack_are_named_with_the_near_ones(tmp_path: Path) -> None:
    write(tmp_path, "log.csv", "i,s\n1,0\n")
    write(tmp_path, "labels.csv", "I,yy\n1,0\n")
    assert 'the labels in labels.csv lack "i"; did you mean "I"?; "y"; did you mean "yy"?' in refused(
        tmp_path, columns=COLUMNS, log=LABELS
    )


def test_labels_that_the_log_lacks_are_still_there(tmp_path: Path) -> None:
    write(tmp_path, "log.csv", "u,v,s\na,b,0\n")
    write(tmp_path, "labels.csv", "u,v,y,seen\nz,q,3,1\na,b,1,1\na,b,2,2\n,b,2,2\n")
    source = "labels: {source: labels.csv, by: [u, v], latest: seen}"
    found = opened(tmp_path, columns="{score: s, label: y}", log=source).all_labels()
    assert found is not None
    assert found.to_pydict() == {"u": ["z", "a"], "v": ["q", "b"], "y": [3, 2]}
    assert opened(tmp_path).all_labels() is None


def test_no_labels_yet_are_no_labels(tmp_path: Path) -> None:
    write(tmp_path, "log.csv", "i,s\n1,0\n")
    write(tmp_path, "labels.csv", "i,y\n")
    assert read(opened(tmp_path, columns=COLUMNS, log=LABELS), ["y"])["y"] == [None]


def test_a_row_of_labels_without_an_id_counts_for_nothing(tmp_path: Path) -> None:
    write(tmp_path, "log.csv", "i,s\n1,0\n,0\n")
    write(tmp_path, "labels.csv", "i,y\n,0\n,1\n1,1\n")
    assert read(opened(tmp_path, columns=COLUMNS, log=LABELS), ["y"])["y"] == [1, None]


def test_a_reference_with_labels_of_its_own_keeps_them(tmp_path: Path) -> None:
    write(tmp_path, "log.csv", "i,s\n1,0\n")
    write(tmp_path, "labels.csv", "i,y\n1,1\n")
    write(tmp_path, "march.csv", "i,s,y\n1,0,5\n")
    write(tmp_path, "april.csv", "i,s\n1,0\n")
    for source, label in (("march.csv", 5), ("april.csv", 1)):
        card = a_card(tmp_path, columns=COLUMNS, log=LABELS, more=f"reference: {{source: {source}}}")
        log, reference = open_with_reference(card, window=ALL, now=NOW)
        assert reference is not None
        assert read(reference, ["y"])["y"] == [label]
        assert reference.labels is (None if source == "march.csv" else log.labels)


ids = st.text(alphabet=st.sampled_from("ab\0é1"), max_size=4)


@given(log=st.lists(ids, min_size=1, max_size=30), labels=st.dictionaries(ids, st.integers(0, 5), max_size=30))
@settings(max_examples=60, deadline=None)
def test_the_join_is_that_of_a_dictionary(
    tmp_path_factory: pytest.TempPathFactory, log: list[str], labels: dict[str, int]
) -> None:
    root = tmp_path_factory.mktemp("labels")
    pq.write_table(pa.table({"i": log, "s": [0.0] * len(log)}), root / "log.parquet", row_group_size=7)
    pq.write_table(
        pa.table({"i": pa.array(labels, pa.string()), "y": pa.array(labels.values(), pa.int64())}), root / "l.parquet"
    )
    card = a_card(root, source="log.parquet", columns=COLUMNS, log="labels: {source: l.parquet, by: i}")
    assert read(open_log(card, limits=Limits(piece_rows=7)), ["y"])["y"] == [labels.get(i) if i else None for i in log]


def test_many_labels_join_like_pandas(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"i": rng.permutation(300_000), "s": 0.0})
    labels = pd.DataFrame({"i": rng.permutation(400_000)[:300_000], "y": np.arange(300_000)})
    frame.to_parquet(tmp_path / "log.parquet", index=False)
    labels.to_parquet(tmp_path / "l.parquet", index=False)
    log = opened(tmp_path, source="log.parquet", columns=COLUMNS, log="labels: {source: l.parquet, by: i}")
    found = np.array(read(log, ["y"])["y"], dtype=float)
    np.testing.assert_array_equal(found, frame.merge(labels, on="i", how="left")["y"].to_numpy())


def test_an_id_that_is_not_there_finds_no_neighbour() -> None:
    texts = pa.array([f"{a}{b}" for a in "abcdefgh" for b in "abcdefgh"])
    assert len(set(hashes(texts, 0).tolist())) == 64
    table = Bucket.of(each_once(label_rows(texts, pa.array(range(64)), 0, None), Twice()))
    sought = pa.array(["ha", "zz", None])
    assert table.labels_of(sought, hashes_of(sought)).to_pylist() == [56, None, None]


def test_hashes_of_a_slice_are_those_of_the_whole() -> None:
    texts = pa.array(["", "a", None, "ab", "", "é"] * 3)
    whole = hashes(texts.fill_null(""), 1)
    np.testing.assert_array_equal(hashes(texts.fill_null("").slice(4, 9), 1), whole[4:13])


def test_labels_that_are_lists_are_refused(tmp_path: Path) -> None:
    write(tmp_path, "log.csv", "i,s\n1,0\n")
    pq.write_table(pa.table({"i": ["1"], "y": [[1]]}), tmp_path / "l.parquet")
    with pytest.raises(DataError, match="hold lists or mappings"):
        opened(tmp_path, columns=COLUMNS, log="labels: {source: l.parquet, by: i}")
