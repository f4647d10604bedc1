"""Health and metrics say what is known, at once, whatever the database does."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from starlette.testclient import TestClient

from bot.metrics import Look, Metrics, look
from bot.web.health import SECONDS_TO_WAIT_FOR_A_LOOK, Watch
from bot.web.site import build_pages
from storage.database import Database
from tests.models import write_small_model
from tests.stage import Stage, staged


def fetched(stage: Stage, path: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", stage.port, timeout=10)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def pages(watch: Watch[Look]) -> TestClient:
    async def health() -> Mapping[str, object]:
        return {"ok": await watch.latest() is not None}

    return TestClient(build_pages(health=health, registry=Metrics(watch.known).registry))


def test_metrics_tell_of_deliveries_calls_evaluations_and_queues(tmp_path: Path) -> None:
    write_small_model(tmp_path / "models")
    with staged(tmp_path) as stage:
        stage.type("help")
        stage.told("evaluate MODEL")
        stage.type("evaluate small")
        stage.quiet()
        status, text = fetched(stage, "/metrics")
    assert status == 200
    assert 'parley_acknowledgement_seconds_count{status="200"}' in text
    assert 'parley_slack_calls_total{method="response_url",outcome="ok"} 1.0' in text
    assert 'parley_evaluation_seconds_count{outcome="done"} 1.0' in text
    for line in ("parley_database_up 1.0", "parley_messages_oldest_seconds", "parley_clock_lag_seconds 0.0"):
        assert line in text


def test_a_delivery_that_was_refused_is_counted_as_such(tmp_path: Path) -> None:
    with staged(tmp_path) as stage:
        stage.parley.intake.refuse()
        stage.type("help")
        assert 'parley_acknowledgement_seconds_count{status="503"} 1.0' in fetched(stage, "/metrics")[1]
        status, says = fetched(stage, "/health")
    assert status == 503
    assert '"draining":true' in says


def test_without_a_database_metrics_still_say_what_is_known() -> None:
    away = Database("postgresql://nobody@127.0.0.1:9/none")
    client = pages(Watch(lambda: look(away, datetime.now(UTC))))
    assert client.get("/health").status_code == 503
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert "parley_database_up 0.0" in answer.text
    away.close()


def test_a_database_that_hangs_holds_up_nobody_who_asks_for_health() -> None:
    hangs = threading.Event()

    def look_for_ever() -> Look:
        hangs.wait(30)
        raise ConnectionError

    client = pages(Watch(look_for_ever))
    client.get("/health")
    began = time.monotonic()
    statuses = [client.get("/health").status_code for _ in range(3)]
    seconds = (time.monotonic() - began) / 3
    hangs.set()
    assert statuses == [503] * 3
    assert SECONDS_TO_WAIT_FOR_A_LOOK <= seconds < 5, "not as long as the database hangs"


def test_a_look_is_kept_for_a_second_and_not_repeated_for_everybody_who_asks() -> None:
    looks: list[float] = []

    def counted() -> str:
        looks.append(time.monotonic())
        return "seen"

    watch = Watch(counted)
    client = TestClient(build_pages(health=lambda: _said(watch), registry=Metrics(lambda: None).registry))
    for _ in range(5):
        assert client.get("/health").status_code == 200
    assert len(looks) < 5


async def _said(watch: Watch[str]) -> Mapping[str, object]:
    return {"ok": await watch.latest() == "seen"}
