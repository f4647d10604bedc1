"""What one evaluation may cost is limited; each limit says what it is and what to do."""

from __future__ import annotations

import gzip
import pickle
import time
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analysis.card_reading import parse_card
from analysis.errors import DataError, ParleyError, UserError
from analysis.evaluate import evaluate
from analysis.log_limits import DEFAULT_LIMITS, Limits
from tests.analysis.evaluating import NOW

TABLE = pa.table({"y": [0, 1] * 500, "s": [0.25, 0.75] * 500, "g": [f"class {n % 7}" for n in range(1000)]})


def said(
    folder: Path, name: str, limits: Limits, *, window: str = "all", task: str = "binary", label: str = "y"
) -> str:
    text = f"model: m\ntask: {task}\nlog: {{source: {name}, columns: {{label: {label}, prediction: {label}}}}}\n"
    with pytest.raises(ParleyError) as caught:
        evaluate(parse_card(text, root=folder, name="card.yaml"), now=NOW, window=window, limits=limits)
    assert isinstance(caught.value, DataError | UserError)
    return str(caught.value)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    pq.write_table(TABLE, tmp_path / "log.parquet", row_group_size=100)
    frame = TABLE.to_pandas()
    frame.to_csv(tmp_path / "log.csv", index=False)
    frame.to_csv(tmp_path / "log.csv.gz", index=False)
    frame.to_json(tmp_path / "log.jsonl", orient="records", lines=True)
    return tmp_path


@pytest.mark.parametrize("name", ["log.parquet", "log.csv", "log.csv.gz", "log.jsonl"])
@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        (
            Limits(rows=999),
            "more than 999 rows, which is the limit: take a shorter window or a sample, or raise `rows`",
        ),
        (Limits(columns=2), "more than 2 columns, which is the limit: keep the columns that the model card needs"),
        (Limits(read_bytes=100), "more than 100 bytes to read, which is the limit: take fewer files"),
        (Limits(seconds=0.0), "ended after 0 seconds, which is its limit. Take a shorter window"),
    ],
    ids=["rows", "columns", "bytes", "time"],
)
def test_a_limit_is_said_with_what_to_do(folder: Path, name: str, limits: Limits, expected: str) -> None:
    assert expected in said(folder, name, limits)


def test_a_window_that_is_short_enough_is_read(folder: Path) -> None:
    text = "model: m\ntask: binary\nlog: {source: log.parquet, columns: {label: y, score: s}}\ndefaults: off\n"
    card = parse_card(text, root=folder, name="card.yaml")
    assert evaluate(card, now=NOW, window="rows 0..150", limits=Limits(rows=200, piece_rows=1)).window.rows == 150


@pytest.mark.parametrize("name", ["log.parquet", "log.csv.gz"])
def test_what_unpacks_to_too_much_is_refused(folder: Path, name: str) -> None:
    limits = Limits(expanded_bytes=1000, block_bytes=500)
    assert "more than 1,000 bytes once it is unpacked, which is the limit" in said(folder, name, limits)


def test_a_small_gzip_of_many_rows_is_refused_before_it_is_read(tmp_path: Path) -> None:
    packed = gzip.compress(b"0,0\n" * 2**20) * 50  # 52 million rows in 0.2 MB
    (tmp_path / "log.csv.gz").write_bytes(gzip.compress(b"y,s\n") + packed)
    limits = replace(DEFAULT_LIMITS, unpacked_bytes=2**24)
    text = said(tmp_path, "log.csv.gz", limits)
    assert "unpacks to more than 100 times its size, which is the limit" in text


def test_more_classes_than_the_limit_are_refused(folder: Path) -> None:
    text = said(folder, "log.parquet", Limits(categories=6), task="multiclass", label="g")
    assert 'the column "g" has more than 6 categories, which is the limit: put rare ones together' in text


def test_the_time_is_over_while_the_log_is_counted_too(folder: Path) -> None:
    text = "model: m\ntask: binary\nlog: {source: log.parquet, columns: {label: y, score: s}}\ndefaults: off\n"
    card = parse_card(text, root=folder, name="card.yaml")
    limits = Limits(seconds=3600.0, until=time.monotonic() - 1)
    with pytest.raises(UserError, match="ended after 3600 seconds"):
        limits.must_be_in_time()
    assert pickle.loads(pickle.dumps(limits)).until is None  # noqa: S301  # another machine has another clock
    assert limits.started(time.monotonic()).seconds_left == pytest.approx(3600, abs=60)
    assert evaluate(card, now=NOW, limits=Limits(seconds=3600.0)).window.rows == 1000
