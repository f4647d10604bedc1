"""What Slack would never send gets a 4xx, and leaves neither a traceback nor a row."""

from __future__ import annotations

import http.client
import logging
import socket
import time
from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from storage import requests
from tests.hostile import KINDS, deliveries, send
from tests.stage import Stage, staged

COUNT = 350
SEED = 8


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("hostile")) as found:
        yield found


def test_no_delivery_whatever_it_is_gives_a_500_or_a_traceback(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    assert len({kind.__name__ for kind in KINDS}) == 12
    with capture_logs() as logs, caplog.at_level(logging.WARNING):
        wrong = [
            (delivery.what, status, delivery.body[:300])
            for delivery in deliveries(SEED, COUNT)
            if (status := send(stage.port, delivery)) not in delivery.right
        ]
    assert wrong == []
    assert [line for line in logs if line["log_level"] in ("error", "critical")] == []
    assert [record for record in caplog.records if record.exc_info] == []


def test_a_body_that_says_it_is_too_large_is_refused_before_it_is_sent(stage: Stage) -> None:
    with socket.create_connection(("127.0.0.1", stage.port), timeout=10) as connection:
        connection.sendall(b"POST /slack/events HTTP/1.1\r\nHost: x\r\nContent-Length: 50000000\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 413")


def test_a_body_that_grows_too_large_is_refused_on_the_way(stage: Stage) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", stage.port, timeout=10)
    pieces = iter([b"x" * 300_000] * 4)
    try:
        connection.request(
            "POST", "/slack/events", body=pieces, encode_chunked=True, headers={"Transfer-Encoding": "chunked"}
        )
        assert connection.getresponse().status == 413
    finally:
        connection.close()


def test_a_body_that_does_not_come_is_not_waited_for(stage: Stage) -> None:
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", stage.port), timeout=10) as connection:
        connection.sendall(b"POST /slack/events HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
        assert connection.recv(100).startswith(b"HTTP/1.1 408")
    assert time.monotonic() - began < 8


def test_there_is_no_openapi_page(stage: Stage) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", stage.port, timeout=10)
    try:
        connection.request("GET", "/openapi.json")
        assert connection.getresponse().status == 404
    finally:
        connection.close()


def test_nothing_of_all_this_is_in_the_database_but_what_a_person_could_have_asked(stage: Stage) -> None:
    stage.quiet()
    with stage.parley.database.reading() as tx:
        assert requests.queue_depth(tx) == {}
