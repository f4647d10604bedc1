"""A real Dask cluster gives the very result that threads give, also when a worker dies on the way."""

from __future__ import annotations

import os
import signal
import threading
import time
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from distributed import Client, LocalCluster

from analysis.card import ModelCard
from analysis.card_reading import read_card
from analysis.dask_machine import Dask
from analysis.engine import Reading, Tally, Threads, summaries_of
from analysis.errors import DataError, UserError
from analysis.evaluate import Progress, evaluate
from analysis.log_labels_on_disk import LabelsOnDisk
from analysis.log_limits import Limits
from analysis.log_opening import open_log
from analysis.plan import plan_for
from analysis.result import fingerprint
from analysis.summaries.packing import packed
from benchmarks.logs import write_pair
from tests.analysis.logs import a_card

NOW = datetime(2026, 4, 1, tzinfo=UTC)
pytestmark = [pytest.mark.xdist_group("dask"), pytest.mark.filterwarnings("ignore")]  # distributed's own warnings


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalCluster]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # as above
        with LocalCluster(  # type: ignore[no-untyped-call]  # distributed is typed in parts
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1"
        ) as found:
            yield found


@pytest.fixture(scope="module")
def card(tmp_path_factory: pytest.TempPathFactory) -> ModelCard:
    return read_card(write_pair(tmp_path_factory.mktemp("log"), rows=200_000, row_group=20_000))


def test_two_workers_give_the_result_that_threads_give(cluster: LocalCluster, card: ModelCard) -> None:
    told: list[Progress] = []
    found = evaluate(card, now=NOW, machine=Dask(cluster.scheduler_address), progress=told.append)
    here = evaluate(card, now=NOW)
    assert found == here
    assert fingerprint(found) == fingerprint(here)
    assert (told[-1].done, told[-1].rows) == (told[-1].total, 400_000)


def test_a_worker_that_is_killed_in_mid_run_changes_nothing(cluster: LocalCluster, card: ModelCard) -> None:
    killed = threading.Event()

    def kill(progress: Progress) -> None:
        if progress.done >= progress.total // 4 and not killed.is_set():
            killed.set()
            with Client(cluster.scheduler_address, set_as_default=False) as client:  # type: ignore[no-untyped-call]  # as above
                os.kill(next(iter(client.run(os.getpid).values())), signal.SIGKILL)

    found = evaluate(card, now=NOW, machine=Dask(cluster.scheduler_address), progress=kill)
    assert killed.is_set()
    assert found == evaluate(card, now=NOW)


def test_what_is_wrong_with_the_log_is_said_as_on_this_machine(cluster: LocalCluster, tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("y,s\n1,0.5\n0,half\n", encoding="utf-8")
    lines = ["model: m", "task: binary", "log: {source: log.csv, columns: {label: y, score: s}}"]
    (tmp_path / "card.yaml").write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(DataError, match='the score column "s" holds "half"'):
        evaluate(read_card(tmp_path / "card.yaml"), now=NOW, machine=Dask(cluster.scheduler_address))


def test_labels_on_the_disk_of_this_machine_are_read_by_each_worker_for_itself(
    cluster: LocalCluster, tmp_path: Path
) -> None:
    ids, rng = np.arange(20_000), np.random.default_rng(0)
    log = pa.table({"i": rng.permutation(ids), "s": rng.random(20_000)})
    pq.write_table(log, tmp_path / "log.parquet", row_group_size=1_000)
    pq.write_table(pa.table({"i": ids, "y": rng.random(20_000)}), tmp_path / "l.parquet", row_group_size=1_000)
    columns, labels = "{score: s, label: y, id: i}", "labels: {source: l.parquet, by: i}"
    card = a_card(tmp_path, source="log.parquet", columns=columns, log=labels)
    opened = open_log(card, limits=Limits(piece_rows=1_000, label_bytes=50_000))
    assert isinstance(opened.labels, LabelsOnDisk)
    reading = Reading.of(opened, plan_for(card, opened.columns, version=None, against=None))
    machines = (Dask(cluster.scheduler_address), Threads(1))
    there, here = (summaries_of([reading], machine=machine, tally=Tally(None))[0] for machine in machines)
    assert there is not None
    assert here is not None
    assert packed(there) == packed(here)


def test_an_address_where_nobody_answers_is_one_clear_sentence(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("y,s\n1,0.5\n", encoding="utf-8")
    lines = ["model: m", "task: binary", "log: {source: log.csv, columns: {label: y, score: s}}"]
    (tmp_path / "card.yaml").write_text("\n".join(lines), encoding="utf-8")
    card = read_card(tmp_path / "card.yaml")
    began = time.monotonic()
    with pytest.raises(UserError, match="no Dask scheduler answers"):
        evaluate(card, now=NOW, machine=Dask("tcp://127.0.0.1:9"))
    assert time.monotonic() - began < 60
