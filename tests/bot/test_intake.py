"""Deliveries are served in their order and answered after the commit; who was refused is never served."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from slack_bolt import BoltResponse
from sqlalchemy import event

from bot.intake import MOST_WAITING, SECONDS_FOR_A_TURN, SECONDS_TO_ACKNOWLEDGE, Intake, Ticket
from bot.slack.deliveries import Deliveries
from storage import requests
from storage.database import Database
from storage.requests import Request, Who
from tests.databases import KINDS, Kind, fresh_database
from tests.stage import staged, until

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
REFUSED = "refused"


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    kind: Kind = request.param
    with fresh_database(kind, tmp_path_factory) as one:
        yield one


@pytest.fixture
def intake(database: Database) -> Iterator[Intake[str]]:
    one = Intake(database, refused=REFUSED)
    one.start()
    yield one
    one.close(seconds=10)


def taking(database: Database, key: str, *, then: Callable[[], object] = lambda: None) -> Callable[[], str]:
    def take() -> str:
        with database.transaction() as tx:
            request = Request("help", {}, Who("T1", "U1"))
            requests.take(tx, request, key=key, source="command", lane="quick", now=NOON)
            then()
        return "taken"

    return take


def kept(database: Database, key: str) -> bool:
    with database.reading() as tx:
        return requests.is_taken(tx, key=key)


def test_whoever_is_answered_finds_it_in_the_database(database: Database, intake: Intake[str]) -> None:
    assert intake.served(taking(database, "a"), arrived=time.monotonic()) == "taken"
    assert kept(database, "a")


def test_what_waits_together_is_committed_together_on_sqlite(database: Database, intake: Intake[str]) -> None:
    commits: list[int] = []
    begun, go = threading.Event(), threading.Event()

    def hold() -> str:
        begun.set()
        go.wait(10)
        return "held"

    with ThreadPoolExecutor(5) as pool:
        first = pool.submit(lambda: intake.served(hold, arrived=time.monotonic()))
        assert begun.wait(10)
        event.listen(database._engine, "commit", lambda _: commits.append(1))
        others = [
            pool.submit(lambda key=key: intake.served(taking(database, key), arrived=time.monotonic()))  # type: ignore[misc]  # the default binds it
            for key in "abcd"
        ]
        if database.is_sqlite:
            until(lambda: intake.waiting() == 4, why="four that wait")
        go.set()
        assert [first.result(10), *(one.result(10) for one in others)] == ["held", *["taken"] * 4]
    assert len(commits) < 4 if database.is_sqlite else len(commits) == 4


def test_whoever_waited_too_long_is_refused_and_never_served(database: Database, intake: Intake[str]) -> None:
    long_ago = time.monotonic() - SECONDS_FOR_A_TURN - 0.1
    assert intake.served(taking(database, "late"), arrived=long_ago) == REFUSED
    assert intake.served(taking(database, "b"), arrived=time.monotonic()) == "taken"
    assert not kept(database, "late")


def test_what_could_not_be_acknowledged_in_time_is_not_committed(database: Database, intake: Intake[str]) -> None:
    def linger() -> None:
        time.sleep(SECONDS_TO_ACKNOWLEDGE + 0.1)

    assert intake.served(taking(database, "slow", then=linger), arrived=time.monotonic()) == REFUSED
    assert not kept(database, "slow")


def test_a_request_that_a_listener_takes_rings_the_bell_of_its_lane_once_it_is_committed(
    database: Database, intake: Intake[str]
) -> None:
    bell, other = (database.bells.named(requests.work_in(lane)) for lane in ("quick", "slow"))
    during: list[int] = []

    assert (
        intake.served(taking(database, "a", then=lambda: during.append(bell.heard())), arrived=time.monotonic())
        == "taken"
    )
    assert during == [0]
    assert (bell.heard(), other.heard()) == (1, 0)


def test_a_listener_that_breaks_refuses_its_own_and_the_next_is_served(database: Database, intake: Intake[str]) -> None:
    def broken() -> str:
        raise ZeroDivisionError

    assert intake.served(broken, arrived=time.monotonic()) == REFUSED
    assert intake.served(taking(database, "a"), arrived=time.monotonic()) == "taken"


def test_a_queue_that_is_full_refuses_at_once(database: Database) -> None:
    nobody_works = Intake(database, refused=REFUSED)
    ticket = [Ticket(lambda: "", lambda _: None, time.monotonic()) for _ in range(MOST_WAITING + 1)]
    assert [nobody_works.put(one) for one in ticket] == [True] * MOST_WAITING + [False]
    assert nobody_works.withdraw(ticket[0])
    assert not nobody_works.withdraw(ticket[0])


def test_once_it_refuses_it_takes_nothing_and_serves_what_waits(database: Database) -> None:
    intake = Intake(database, refused=REFUSED)
    told: list[str] = []
    assert intake.put(Ticket(taking(database, "a"), told.append, time.monotonic()))
    intake.refuse()
    assert intake.served(taking(database, "b"), arrived=time.monotonic()) == REFUSED
    intake.start()
    intake.close(seconds=10)
    assert told == ["taken"]


def test_over_socket_mode_a_misshapen_delivery_is_acknowledged_and_the_next_is_served(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with staged(tmp_path_factory.mktemp("home"), mode="socket") as stage:
        for payload in ({"type": "event_callback", "event": None}, {"type": 5}, {}, {"type": "app_rate_limited"}):
            assert stage.workspace.sockets.send(stage.app, "event", payload).problem is None
        stage.type("help")
        assert stage.told("evaluate MODEL")


def test_over_socket_mode_what_was_taken_is_acknowledged_before_the_connection_ends(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    being_served = threading.Event()
    by_socket = Deliveries.by_socket

    def slowly(deliveries: Deliveries, payload: object) -> BoltResponse:
        being_served.set()
        time.sleep(0.5)  # long enough for the end to come meanwhile
        return by_socket(deliveries, payload)

    with staged(tmp_path_factory.mktemp("home"), mode="socket") as stage, ThreadPoolExecutor(1) as aside:
        monkeypatch.setattr(Deliveries, "by_socket", slowly)
        asked = aside.submit(stage.workspace.command, stage.mara, stage.channel, "help")
        assert being_served.wait(10)
        stage.parley.stop()
        assert asked.result(10).acknowledged
