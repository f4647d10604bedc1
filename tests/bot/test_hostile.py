"""What Slack would never send gets a 4xx, and leaves neither a traceback nor a row."""

from __future__ import annotations

import contextlib
import http.client
import logging
import socket
import time
from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from bot.web import connections
from storage import requests
from tests.hostile import KINDS, deliveries, send
from tests.stage import Stage, staged, until

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


HEAD = b"POST /slack/events HTTP/1.1\r\nHost: x\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("begins", "goes_on"),
    [
        (HEAD + b"X: ", b"a" * 100_000),
        (HEAD, b"a:b\r\n" * 20_000),
        (b"GET /", b"a" * 100_000),
        (CHUNKED + b"1\r\na\r\n0\r\nX: ", b"a" * 100_000),
        (CHUNKED + b"1;", b"a" * 100_000),
    ],
    ids=["header", "headers", "address", "trailer", "extension"],
)
def test_what_never_comes_to_its_body_is_cut_off(stage: Stage, begins: bytes, goes_on: bytes) -> None:
    sent = 0
    with socket.create_connection(("127.0.0.1", stage.port), timeout=10) as connection, contextlib.suppress(OSError):
        connection.sendall(begins)
        while sent < 20_000_000:
            connection.sendall(goes_on)
            sent += len(goes_on)
    assert sent < 10_000_000  # what the two kernels hold, and what is on its way
    assert _health(stage) == 200


def test_who_says_nothing_or_half_a_header_is_not_waited_for(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "SECONDS_FOR_HEADERS", 0.3)
    for begins in (b"", b"GET /health HTTP/1.1\r\nHos"):
        with socket.create_connection(("127.0.0.1", stage.port), timeout=10) as connection:
            connection.sendall(begins)
            assert connection.recv(100) == b""


def test_of_more_connections_than_there_is_room_for_the_newest_is_closed(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "MOST_CONNECTIONS", 2)
    with contextlib.ExitStack() as open_, contextlib.suppress(ConnectionResetError):
        for _ in range(3):
            connection = open_.enter_context(socket.create_connection(("127.0.0.1", stage.port), timeout=10))
            connection.sendall(b"GET")
            time.sleep(0.05)  # nothing tells from outside that the server has met it
        assert connection.recv(100) == b""
    until(lambda: _health(stage) == 200, why="room again")


def test_a_post_that_asks_for_a_websocket_is_answered(stage: Stage) -> None:
    with socket.create_connection(("127.0.0.1", stage.port), timeout=10) as connection:
        asks = b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: eA==\r\n"
        connection.sendall(HEAD + asks + b"Content-Length: 2\r\n\r\n{}")
        assert connection.recv(100).startswith(b"HTTP/1.1 4")


def _health(stage: Stage) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", stage.port, timeout=10)
    with contextlib.closing(connection):
        try:
            connection.request("GET", "/health")
            return connection.getresponse().status
        except OSError:
            return 0


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
