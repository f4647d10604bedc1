"""A real Dask cluster gives the very result that threads give, also when a worker dies on the way."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from distributed import Client, LocalCluster
from distributed.utils import json_load_robust

import analysis
from analysis.card import ModelCard
from analysis.card_reading import read_card
from analysis.dask_machine import Dask, workers
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
    return read_card(write_pair(tmp_path_factory.mktemp("log"), rows=16_000, row_group=1_600))


@pytest.fixture
def long_card(tmp_path: Path) -> ModelCard:
    """So long that much is left to do for a worker that is killed after a quarter."""
    return read_card(write_pair(tmp_path, rows=50_000, row_group=5_000))


def test_two_workers_give_the_result_that_threads_give(cluster: LocalCluster, card: ModelCard) -> None:
    told: list[Progress] = []
    found = evaluate(card, now=NOW, machine=Dask(cluster.scheduler_address), progress=told.append)
    here = evaluate(card, now=NOW)
    assert found == here
    assert fingerprint(found) == fingerprint(here)
    assert (told[-1].done, told[-1].rows) == (told[-1].total, 32_000)


def test_a_worker_that_is_killed_in_mid_run_changes_nothing(cluster: LocalCluster, long_card: ModelCard) -> None:
    killed = threading.Event()

    def kill(progress: Progress) -> None:
        if progress.done >= progress.total // 4 and not killed.is_set():
            killed.set()
            with Client(cluster.scheduler_address, set_as_default=False) as client:  # type: ignore[no-untyped-call]  # as above
                os.kill(next(iter(client.run(os.getpid).values())), signal.SIGKILL)

    found = evaluate(long_card, now=NOW, machine=Dask(cluster.scheduler_address), progress=kill)
    assert killed.is_set()
    assert found == evaluate(long_card, now=NOW)


def test_a_worker_without_parley_is_sent_its_code_and_gives_the_same(card: ModelCard, tmp_path: Path) -> None:
    here = evaluate(card, now=NOW)
    with (
        a_cluster_without_parley(tmp_path) as address,
        Client(address, set_as_default=False) as client,  # type: ignore[no-untyped-call]  # as above
    ):
        client.wait_for_workers(1, timeout=60)
        assert set(client.run(where_parley_is).values()) == {None}
        assert evaluate(card, now=NOW, machine=Dask(address)) == here
        (sent,) = client.run(where_parley_is).values()
        assert "parley_analysis-" in sent
        # What was sent is still there, and is not sent again.
        assert evaluate(card, now=NOW, machine=Dask(address)) == here
        assert set(client.run(where_parley_is).values()) == {sent}


def test_workers_that_have_this_very_code_are_sent_nothing(cluster: LocalCluster, card: ModelCard) -> None:
    evaluate(card, now=NOW, machine=Dask(cluster.scheduler_address))
    with Client(cluster.scheduler_address, set_as_default=False) as client:  # type: ignore[no-untyped-call]  # as above
        found = set(client.run(where_parley_is).values())
    assert found == {str(Path(analysis.__file__ or ""))}


def where_parley_is() -> str | None:
    from importlib.util import find_spec

    spec = find_spec("analysis")
    return spec.origin if spec is not None else None


where_parley_is.__module__ = "__main__"  # so that it travels whole


@contextmanager
def a_cluster_without_parley(folder: Path) -> Iterator[str]:
    """A scheduler and a worker with the libraries of this environment alone, by the scheduler's address: what is
    installed in place is not found without `site`."""
    file = folder / "scheduler.json"
    with without_parley(
        "scheduler", "--scheduler-file", str(file), "--host", "127.0.0.1", "--port", "0", folder=folder
    ):
        address = json_load_robust(file, timeout=60)["address"]  # type: ignore[no-untyped-call]  # it may be half-written
        with without_parley("worker", address, "--nthreads", "1", "--no-nanny", folder=folder):
            yield address


@contextmanager
def without_parley(command: str, *words: str, folder: Path) -> Iterator[None]:
    libraries = str(Path(np.__file__).parents[1])
    start = f"from distributed.cli.dask_{command} import main; main({[*words, '--no-dashboard']!r})"
    program = f"import sys; sys.path.append({libraries!r}); {start}"
    elsewhere = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    process = subprocess.Popen(
        [sys.executable, "-S", "-c", program], cwd=folder, env=elsewhere, stderr=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


def test_what_is_wrong_with_the_log_is_said_as_on_this_machine(cluster: LocalCluster, tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("y,s\n1,0.5\n0,half\n", encoding="utf-8")
    lines = ["model: m", "task: binary", "log: {source: log.csv, columns: {label: y, score: s}}"]
    (tmp_path / "card.yaml").write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(DataError, match='the score column "s" holds a value that is no number'):
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


def test_a_scheduler_tells_how_many_workers_it_has(cluster: LocalCluster) -> None:
    assert workers(cluster.scheduler_address, seconds=10) == len(cluster.workers)


def test_it_tells_so_also_where_a_loop_is_running(cluster: LocalCluster) -> None:
    async def within_a_loop() -> int:
        return workers(cluster.scheduler_address, seconds=10)

    with ThreadPoolExecutor(1) as aside:  # a browser's test may have left its loop running in this thread
        assert aside.submit(lambda: asyncio.run(within_a_loop())).result() == len(cluster.workers)


def test_an_address_where_nobody_answers_is_one_clear_sentence(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("y,s\n1,0.5\n", encoding="utf-8")
    lines = ["model: m", "task: binary", "log: {source: log.csv, columns: {label: y, score: s}}"]
    (tmp_path / "card.yaml").write_text("\n".join(lines), encoding="utf-8")
    card = read_card(tmp_path / "card.yaml")
    began = time.monotonic()
    with pytest.raises(UserError, match="no Dask scheduler answers"):
        evaluate(card, now=NOW, machine=Dask("tcp://127.0.0.1:9"))
    assert time.monotonic() - began < 60
