"""A query of a warehouse ends on its server when its job is stopped, times out, or is killed."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
from sqlalchemy import make_url

from analysis.errors import DataError, UserError
from analysis.log_limits import Limits
from analysis.log_sql import Database
from bot.evaluating.children import Children
from bot.evaluating.in_child import evaluate_job
from bot.evaluating.values import ChildDied, Job, Stopped
from tests.analysis.evaluating import NOW
from tests.databases import fresh_url

pytestmark = pytest.mark.xdist_group("waiting")  # they mostly wait: one worker does it while others count

SLOW = "select pg_sleep(120) as slow, 1 as s"
CARD = """\
model: m
task: regression
log:
  source: {sql: 'select 1.0 as s, pg_sleep(120)::text as slow', url: env:WAREHOUSE_URL}
  columns: {score: s}
"""


@pytest.fixture
def warehouse(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with fresh_url("postgresql", tmp_path_factory, with_tables=False) as url:
        monkeypatch.setenv("WAREHOUSE_URL", url)
        yield url


def running(url: str) -> int:
    """How many statements of others the server itself says are running. Of a cursor it shows the FETCH alone."""
    address = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address) as connection:
        found = connection.execute(
            "select count(*) from pg_stat_activity where datname = current_database() and state = 'active' "
            "and backend_type = 'client backend' and pid <> pg_backend_pid()"
        ).fetchone()
    assert found is not None
    return int(found[0])


def evaluate_there(url: str, job: Job, phase: Callable[[str], None]) -> object:
    """In the child, whose environment is that of whoever started the first one."""
    os.environ["WAREHOUSE_URL"] = url
    return evaluate_job(job, phase)


def evaluated(url: str, folder: Path, *, seconds: float, stop: Callable[[], bool]) -> object:
    return Children(seconds=seconds).run(evaluate_there, url, a_job(folder), stop=stop)


def wait_for(condition: Callable[[], bool], seconds: float = 30) -> None:
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit, "it did not happen in time"
        time.sleep(0.05)


def a_job(folder: Path) -> Job:
    return Job(card=CARD, card_root=str(folder), card_name="m.yaml", window="all", version=None, against=None, now=NOW)


def test_a_stopped_job_ends_its_statement_on_the_server(warehouse: str, tmp_path: Path) -> None:
    with pytest.raises(Stopped):
        evaluated(warehouse, tmp_path, seconds=100, stop=lambda: running(warehouse) > 0)
    wait_for(lambda: running(warehouse) == 0, seconds=5)


def test_a_job_whose_time_is_over_ends_its_statement_on_the_server(warehouse: str, tmp_path: Path) -> None:
    seen: list[int] = []

    def look() -> bool:
        seen.append(running(warehouse))
        return False

    for seconds in (4, 20, 60):  # on a busy machine it takes a while until the statement runs
        with pytest.raises(UserError, match=r"ended after \d+ seconds"):
            evaluated(warehouse, tmp_path, seconds=seconds, stop=look)
        if any(seen):
            break
    assert max(seen) == 1
    wait_for(lambda: running(warehouse) == 0, seconds=5)


def test_a_child_that_is_killed_outright_leaves_no_statement_behind(warehouse: str, tmp_path: Path) -> None:
    def kill() -> bool:
        if running(warehouse):
            the_child().send_signal(signal.SIGKILL)
        return False

    with pytest.raises(ChildDied):
        evaluated(warehouse, tmp_path, seconds=100, stop=kill)
    wait_for(lambda: running(warehouse) == 0, seconds=10)


def the_child() -> psutil.Process:
    """The process that evaluates: the one that was started last."""
    children = psutil.Process(os.getpid()).children(recursive=True)
    return max(children, key=lambda process: (process.create_time(), process.pid))


def test_the_server_ends_a_statement_when_its_time_is_over(warehouse: str) -> None:
    limits = Limits(seconds=1.0).started(time.monotonic())
    with (
        pytest.raises(UserError, match="ended after 1 second,"),
        Database("WAREHOUSE_URL", limits).asked(SLOW) as answer,
    ):
        list(answer.batches())
    assert running(warehouse) == 0


def test_an_answer_that_is_not_read_to_its_end_leaves_nothing_running(warehouse: str) -> None:
    many = "select n as s, pg_sleep(0) from generate_series(1, 1000000) as n"
    with Database("WAREHOUSE_URL").asked(many) as answer:
        first: Any = next(answer.batches())
        assert len(first) > 0
    assert running(warehouse) == 0


def test_a_job_of_a_model_card_made_in_slack_reads_only_what_is_allowed(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("s\n0.5\n")
    card = CARD.split("log:", maxsplit=1)[0] + "log: {source: log.csv, labels: later, columns: {score: s}}\n"
    job = replace(a_job(tmp_path), card=card, places=(str(tmp_path),))
    children = Children(seconds=100)
    assert children.evaluate(job, phase=lambda _: None, stop=lambda: False).result.window.rows == 1
    (tmp_path / "elsewhere").mkdir()
    for refused in (replace(job, places=(str(tmp_path / "elsewhere"),)), replace(a_job(tmp_path), places=())):
        with pytest.raises(DataError, match=r"made in Slack"):
            children.evaluate(refused, phase=lambda _: None, stop=lambda: False)


@pytest.mark.usefixtures("warehouse")
def test_what_a_database_says_repeats_no_value_of_a_row() -> None:
    sql = "select x::int as s from (select 'a secret' || random()::text as x) as t"
    with pytest.raises(DataError) as caught, Database("WAREHOUSE_URL").asked(sql) as answer:
        list(answer.batches())
    assert "invalid input syntax for type integer" in str(caught.value)
    assert "secret" not in str(caught.value)
