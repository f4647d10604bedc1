"""Logs in an object store: read from a real S3-compatible server as the same files are from a disk."""

from __future__ import annotations

import gzip
import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from analysis.card_reading import parse_card
from analysis.errors import DataError, UserError
from analysis.evaluate import evaluate
from analysis.log_files import files_of
from analysis.log_limits import Limits
from analysis.values import Result
from tests.analysis.evaluating import NOW
from tests.analysis.logs import opened, read, refused
from tests.object_store import BUCKET, ObjectStore, Relay, an_object_store, leading_to

ROWS = 600


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStore]:
    with an_object_store(tmp_path_factory.mktemp("buckets")) as one:
        yield one


@pytest.fixture
def store(server: ObjectStore) -> ObjectStore:
    server.empty()
    return server


def some_rows(seed: int) -> pa.Table:
    generator = np.random.default_rng(seed)
    score = generator.random(ROWS)
    return pa.table(
        {
            "id": [f"r{seed}-{number}" for number in range(ROWS)],
            "score": score.round(3),
            "label": (generator.random(ROWS) < score).astype(int),
            "age": generator.integers(18, 80, ROWS),
        }
    )


def as_parquet(table: pa.Table, **options: int) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, **options)
    return bytes(sink.getvalue())


def as_csv(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    pa.csv.write_csv(table, sink)
    return bytes(sink.getvalue())


def as_ndjson(table: pa.Table) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in table.to_pylist()).encode()


def result_of(root: Path, source: str, log: str = "", more: str = "") -> Result:
    columns = "{id: id, label: label, score: score}"
    text = f"model: m\ntask: binary\nlog:\n  source: '{source}'\n  columns: {columns}\n{log}\n{more}"
    return evaluate(parse_card(text, root=root, name="m.yaml"), now=NOW)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("log.csv", as_csv(some_rows(1))),
        ("log.csv.gz", gzip.compress(as_csv(some_rows(1)))),
        ("log.jsonl", as_ndjson(some_rows(1))),
        ("log.parquet", as_parquet(some_rows(1), row_group_size=200)),
    ],
)
def test_an_object_is_evaluated_as_the_same_file_is(
    tmp_path: Path, store: ObjectStore, name: str, content: bytes
) -> None:
    (tmp_path / name).write_bytes(content)
    far = result_of(tmp_path, store.put(f"churn/{name}", content))
    assert far.measures == result_of(tmp_path, name).measures
    assert far.window.rows == ROWS


def test_a_glob_and_a_prefix_mean_objects_in_the_order_of_their_names(tmp_path: Path, store: ObjectStore) -> None:
    (tmp_path / "day=02").mkdir()
    for number, name in enumerate(("day=02/b.parquet", "day=10.parquet", "day=02/a #1%20.parquet")):
        (tmp_path / name).write_bytes(content := as_parquet(some_rows(number)))
        store.put(f"logs/{name}", content)
    for stray in ("logs/README.md", "logs/_temporary/x.parquet", "logs/.hidden.parquet", "logs2/x.parquet"):
        store.put(stray, b"no log")
    everything = ["day=02/a #1%20.parquet", "day=02/b.parquet", "day=10.parquet"]
    for source, meant in {
        "logs": everything,
        "logs/": everything,
        "logs/day=*/*.parquet": everything[:2],
        "logs/**/[bd]*.parquet": everything[1:],
        "logs/day=1?.parquet": everything[2:],
    }.items():
        files = files_of(f"s3://{BUCKET}/{source}", tmp_path)
        assert [f.name for f in files] == [f"s3://{BUCKET}/logs/{name}" for name in meant], source
    near, far = result_of(tmp_path, "**/*.parquet"), result_of(tmp_path, f"s3://{BUCKET}/logs")
    assert far.measures == near.measures
    assert far.window.rows == 3 * ROWS


def test_a_key_with_the_signs_of_a_glob_is_a_key_when_there_is_such_an_object(
    tmp_path: Path, store: ObjectStore
) -> None:
    store.put("log1.csv", "s\n2\n")
    assert read(opened(tmp_path, source=f'"{store.put("log[1].csv", b"s" + chr(10).encode() + b"1")}"'))["s"] == [1]


def test_late_labels_and_a_reference_may_lie_there_too(tmp_path: Path, store: ObjectStore) -> None:
    rows, before = some_rows(1), some_rows(2)
    for name, table in {
        "log.parquet": rows.drop_columns(["label"]),
        "labels.csv": rows.select(["id", "label"]),
        "before.parquet": before,
    }.items():
        (tmp_path / name).write_bytes(content := as_csv(table) if name.endswith("csv") else as_parquet(table))
        store.put(name, content)

    def found(root: str) -> Result:
        labels = f"  labels: {{source: '{root}labels.csv', by: id}}"
        return result_of(tmp_path, f"{root}log.parquet", labels, f"reference: {{source: '{root}before.parquet'}}")

    far = found(f"s3://{BUCKET}/")
    assert far.measures == found("").measures
    assert any(m.measure == "roc_auc" and m.value for m in far.measures)
    assert far.reference is not None


def test_parquet_is_read_by_ranges_and_in_pieces(tmp_path: Path, store: ObjectStore) -> None:
    noise = np.random.default_rng(0).random((9, 100_000))
    table = pa.table({"s": range(100_000), **{f"f{n}": column for n, column in enumerate(noise)}})
    source = store.put("large.parquet", content := as_parquet(table, row_group_size=25_000))
    with Relay(store.address) as relay, leading_to(relay.address):
        log = opened(tmp_path, source=source, limits=Limits(piece_rows=25_000))
        assert len(log.partitions) == 4
        assert sum(b.columns["s"].sum().as_py() for b in log.read(log.partitions[3], ["s"])) == sum(
            range(75_000, 100_000)
        )
        assert relay.bytes_given < len(content) / 10


def test_a_log_of_text_is_streamed(tmp_path: Path, store: ObjectStore) -> None:
    lines = "s,note\n" + "".join(f"{n},{'x' * 40}\n" for n in range(200_000))
    source = store.put("large.csv.gz", gzip.compress(lines.encode(), 1))
    log = opened(tmp_path, source=source, limits=Limits(block_bytes=2**20, kept_bytes=0))
    assert [len(b) for p in log.partitions for b in log.read(p, ["s"])][:2] != [200_000]
    assert sum(b.columns["s"].sum().as_py() for p in log.partitions for b in log.read(p, ["s"])) == sum(range(200_000))


@pytest.mark.parametrize("name", ["log.csv", "log.parquet"])
@pytest.mark.parametrize("change", ["same size", "gone"])
def test_an_object_that_changes_while_it_is_read_is_refused(
    tmp_path: Path, store: ObjectStore, name: str, change: str
) -> None:
    contents = {"log.csv": (b"s\n1\n", b"s\n2\n")}
    contents["log.parquet"] = as_parquet(pa.table({"s": [1]})), as_parquet(pa.table({"s": [2]}))
    log = opened(tmp_path, source=store.put(name, contents[name][0]), limits=Limits(kept_bytes=0))
    before = log.partitions[0].identity
    batches = log.read(log.partitions[0], ["s"])
    if change == "gone":
        store.remove(name)
    else:
        store.put(name, contents[name][1])
    with pytest.raises(DataError, match=r"changed while it was read|was there a moment ago and is gone"):
        list(batches)
    if change != "gone":
        assert opened(tmp_path, source=f"s3://{BUCKET}/{name}").partitions[0].identity != before


def test_an_object_that_changes_between_its_first_and_its_last_row_is_refused(
    tmp_path: Path, store: ObjectStore
) -> None:
    content = as_parquet(pa.table({"s": range(300_000)}))
    log = opened(tmp_path, source=store.put("log.parquet", content))
    batches = log.read(log.partitions[0], ["s"])
    next(batches)
    store.put("log.parquet", as_parquet(pa.table({"s": range(1, 300_001)})))
    with pytest.raises(DataError, match="changed while it was read"):
        list(batches)


def test_what_is_not_there_is_named(tmp_path: Path, store: ObjectStore) -> None:
    store.put("logs/notes.txt", "x")
    assert refused(tmp_path, source=f"s3://{BUCKET}/nope.csv").startswith(f"there is no s3://{BUCKET}/nope.csv")
    assert "there is no bucket s3://nobody; look at its name" in refused(tmp_path, source="s3://nobody/log.csv")
    assert "there is no bucket s3://nobody" in refused(tmp_path, source='"s3://nobody/*.csv"')
    assert "there is no bucket s3://nobody" in refused(tmp_path, source="s3://nobody")
    assert 'holds no log; there are "notes.txt"; keys must end in .csv' in refused(
        tmp_path, source=f"s3://{BUCKET}/logs"
    )
    assert f"no key matches s3://{BUCKET}/*.csv" in refused(tmp_path, source=f'"s3://{BUCKET}/*.csv"')
    assert "names no bucket" in refused(tmp_path, source="s3:///log.csv")


def test_an_object_that_is_damaged_is_not_taken_for_a_store_that_is_away(tmp_path: Path, store: ObjectStore) -> None:
    assert "cut off or damaged" in refused(tmp_path, source=store.put("log.parquet", b"PAR1 and no more"))
    assert "cannot be unpacked" in refused(tmp_path, source=store.put("log.csv.gz", gzip.compress(b"s\n1\n")[:-9]))


def test_a_server_that_is_not_running_is_soon_noticed(tmp_path: Path) -> None:
    with socket.socket() as taken:  # bound and not listening: nobody answers, and nobody else gets the port
        taken.bind(("127.0.0.1", 0))
        started = time.monotonic()
        with leading_to(f"http://127.0.0.1:{taken.getsockname()[1]}"):
            said = refused(tmp_path, source="s3://logs/log.csv")
    assert time.monotonic() - started < 20
    assert said.startswith("s3://logs/log.csv cannot be reached: the store does not answer (")
    assert said.endswith("run it again when it does, or look at AWS_ENDPOINT_URL and AWS_REGION")


def test_a_server_that_goes_away_while_it_is_read_is_no_damaged_file(tmp_path: Path, store: ObjectStore) -> None:
    noise = as_parquet(pa.table({"s": np.random.default_rng(0).random(1_000_000)}), row_group_size=100_000)
    source = store.put("log.parquet", noise)
    with Relay(store.address) as relay, leading_to(relay.address):
        log = opened(tmp_path, source=source)
        relay.stop()
        with pytest.raises(DataError, match=r"s3://logs/log\.parquet cannot be reached: the store does not answer"):
            read(log)


def test_a_store_that_refuses_says_which_settings_let_one_in(tmp_path: Path) -> None:
    with an_object_store(tmp_path) as closed:
        source = closed.put("log.csv", "s\n1\n")
        closed.refuse_everybody()
        said = refused(tmp_path, source=source)
    assert said == (
        "s3://logs/log.csv may not be read: the store refuses; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY to "
        "those of somebody who may"
    )


def test_an_azure_container_without_an_account_says_how_to_name_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AZURE_STORAGE_ACCOUNT_NAME", raising=False)
    with pytest.raises(UserError, match="does not say whose container it is; write abfss://container@account"):
        opened(tmp_path, source="abfss://logs/log.csv")
