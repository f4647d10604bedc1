"""A request is taken once, and answered by one at a time."""

import sys
from datetime import UTC, datetime, timedelta
from subprocess import PIPE, Popen

import pytest

from storage import annotations, requests
from storage.database import Database, Json
from storage.requests import Dead, Leased, LeaseLost, Request, Where, Who
from tests.databases import Kind, fresh_url
from tests.storage.cells import stored
from tests.threads import at_once

NOON = datetime(2026, 3, 2, 12, 0, 0, 123456, tzinfo=UTC)
ANA = Who("T1", "UANA")


def asked(command: str = "evaluate", who: Who = ANA, where: Where | None = None, **arguments: Json) -> Request:
    return Request(command, arguments or {"model": "churn"}, who, where or Where(channel="C1"))


def take(database: Database, key: str, *, lane: str = "quick", request: Request | None = None) -> int | None:
    with database.transaction() as tx:
        return requests.take(tx, request or asked(), key=key, source="command", lane=lane, now=NOON)


def lease(database: Database, *, at: datetime = NOON, lane: str = "quick", limit: int = 1) -> list[Leased]:
    with database.transaction() as tx:
        return requests.lease(tx, lane=lane, now=at, seconds=30, limit=limit)


def test_a_request_comes_back_as_it_was_taken(database: Database) -> None:
    where = Where(channel="C1", thread="1.000001", message="1.000002", response_url="https://hooks.test/x", schedule=4)
    said: dict[str, Json] = {"model": "churn’s “own”", "n": 3, "share": 0.1, "deep": [{"z": None, "a": [True, 1.0]}]}
    request = Request("evaluate", said, ANA, where)
    take(database, "a", request=request)
    [leased] = lease(database)
    assert leased.request == request
    assert list(leased.request.arguments) == ["model", "n", "share", "deep"]
    assert repr(leased.request.arguments["share"]) == "0.1"
    assert leased.received_at == NOON
    assert leased.received_at.tzinfo is UTC
    assert leased.source == "command"


def test_the_same_key_is_taken_once(database: Database) -> None:
    first = take(database, "trigger-1")
    assert first is not None
    assert take(database, "trigger-1", request=asked("show")) is None
    with database.reading() as tx:
        assert requests.is_taken(tx, key="trigger-1")
        assert not requests.is_taken(tx, key="trigger-2")
    assert [one.id for one in lease(database, limit=10)] == [first]


def test_eight_threads_that_take_the_same_key_make_one_row(database: Database) -> None:
    taken = at_once(8, lambda _: take(database, "same"))
    assert len([one for one in taken if one is not None]) == 1
    with database.reading() as tx:
        assert requests.queue_depth(tx) == {"quick": 1}


def test_two_leasers_never_get_the_same_request(database: Database) -> None:
    ids = [take(database, f"k{i}") for i in range(40)]

    def lease_all(_: int) -> list[int]:
        got: list[int] = []
        while some := lease(database, limit=3):
            got += [one.id for one in some]
        return got

    shares = at_once(6, lease_all)
    assert sorted(one for share in shares for one in share) == ids


LEASE_ALL = """
import sys
from datetime import datetime
from storage import requests
from storage.database import Database
database = Database(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
while True:
    with database.transaction() as tx:
        some = requests.lease(tx, lane="quick", now=datetime.fromisoformat(sys.argv[2]), seconds=30, limit=2)
    if not some:
        break
    print(*[one.id for one in some], sep="\\n", flush=True)
database.close()
"""


def test_two_processes_never_get_the_same_request(kind: Kind, tmp_path_factory: pytest.TempPathFactory) -> None:
    with fresh_url(kind, tmp_path_factory) as url:
        database = Database(url)
        ids = [take(database, f"k{i}") for i in range(60)]
        command = [sys.executable, "-c", LEASE_ALL, url, NOON.isoformat()]
        workers = [Popen(command, stdin=PIPE, stdout=PIPE, text=True) for _ in range(3)]
        for worker in workers:
            assert worker.stdout is not None
            assert worker.stdout.readline() == "ready\n"
        shares = at_once(3, lambda number: workers[number].communicate("go\n", timeout=60)[0].split())
        database.close()
    assert sorted(int(one) for share in shares for one in share) == ids
    assert [worker.returncode for worker in workers] == [0, 0, 0]


def test_the_oldest_is_answered_first_and_lanes_are_apart(database: Database) -> None:
    first = take(database, "a", lane="evaluation")
    second = take(database, "b", lane="quick")
    third = take(database, "c", lane="evaluation")
    assert [one.id for one in lease(database, lane="quick", limit=5)] == [second]
    assert [one.id for one in lease(database, lane="evaluation", limit=1)] == [first]
    assert [one.id for one in lease(database, lane="evaluation", limit=1)] == [third]
    assert lease(database, lane="evaluation") == []


def test_a_lease_that_is_over_goes_to_another_and_the_first_may_not_write(database: Database) -> None:
    take(database, "a")
    [first] = lease(database)
    assert lease(database, at=NOON + timedelta(seconds=29)) == []
    [second] = lease(database, at=NOON + timedelta(seconds=30))
    assert (first.attempts, second.attempts) == (1, 2)
    for change in (
        lambda tx: requests.renew(tx, first, now=NOON, seconds=9),
        lambda tx: requests.finish(tx, first, now=NOON),
        lambda tx: requests.again(tx, first, at=NOON),
    ):
        with pytest.raises(LeaseLost), database.transaction() as tx:
            change(tx)
    with database.transaction() as tx:
        requests.finish(tx, second, now=NOON)


def test_a_lease_that_was_over_but_that_nobody_took_may_still_be_finished(database: Database) -> None:
    take(database, "a")
    [leased] = lease(database)
    with database.transaction() as tx:
        requests.finish(tx, leased, now=NOON + timedelta(hours=1))
    assert lease(database, at=NOON + timedelta(hours=2)) == []


def test_a_renewed_lease_is_longer_and_the_same(database: Database) -> None:
    take(database, "a")
    [leased] = lease(database)
    with database.transaction() as tx:
        longer = requests.renew(tx, leased, now=NOON + timedelta(seconds=20), seconds=30)
    assert longer.until == NOON + timedelta(seconds=50)
    assert longer.token == leased.token
    assert lease(database, at=NOON + timedelta(seconds=49)) == []
    with database.transaction() as tx:
        requests.finish(tx, leased, now=NOON)


def test_what_is_tried_again_waits_until_then(database: Database) -> None:
    take(database, "a")
    [leased] = lease(database)
    with database.transaction() as tx:
        requests.again(tx, leased, at=NOON + timedelta(seconds=10))
    assert lease(database, at=NOON + timedelta(seconds=9)) == []
    [later] = lease(database, at=NOON + timedelta(seconds=10))
    assert later.attempts == 2


def test_a_try_that_does_not_count_is_given_back(database: Database) -> None:
    take(database, "a")
    seen = []
    for n, counts in enumerate([True, False, False, True, True]):
        [leased] = lease(database, at=NOON + timedelta(seconds=n))
        seen.append(leased.attempts)
        with database.transaction() as tx:
            requests.again(tx, leased, at=NOON, counts=counts)
    assert seen == [1, 2, 2, 2, 3]


def test_waiting_counts_what_is_taken_and_not_finished(database: Database) -> None:
    for key in "abc":
        take(database, key, lane="evaluation")
    take(database, "d", lane="quick")
    take(database, "e", lane="evaluation", request=asked(who=Who("T2", "UANA")))
    [leased] = lease(database, lane="evaluation")
    with database.transaction() as tx:
        assert requests.waiting(tx, ANA, lane="evaluation") == 3
        requests.finish(tx, leased, now=NOON)
        assert requests.waiting(tx, ANA, lane="evaluation") == 2
        assert requests.queue_depth(tx) == {"evaluation": 3, "quick": 1}


def test_a_finished_request_forgets_its_response_url(database: Database) -> None:
    take(database, "a", request=asked(where=Where(channel="C1", response_url="https://hooks.test/secret-42")))
    [leased] = lease(database)
    with database.transaction() as tx:
        requests.finish(tx, leased, now=NOON, failed="no such model")
    assert not [cell for cell in stored(database) if "secret-42" in cell]


def test_no_secret_is_in_what_a_request_prints() -> None:
    assert "hooks" not in repr(asked(where=Where(response_url="https://hooks.test/x")))


def test_a_deleted_message_leaves_no_words_in_its_finished_request(database: Database) -> None:
    where = Where(channel="C1", message="5.000001")
    take(database, "a", request=asked(where=where, text="the supplier is late"))
    take(database, "b", request=asked(where=Where(channel="C2", message="5.000001"), text="another one"))
    [leased, other] = lease(database, limit=2)
    with database.transaction() as tx:
        requests.forget_words(tx, team="T1", channel="C1", message="5.000001")
    with database.transaction() as tx:
        requests.finish(tx, leased, now=NOON)
        requests.finish(tx, other, now=NOON)
    told = stored(database)
    assert not [cell for cell in told if "supplier" in cell]
    assert [cell for cell in told if "another one" in cell]


def test_a_request_still_runs_after_its_message_was_deleted_and_is_then_forgotten(database: Database) -> None:
    where = Where(channel="C1", message="5.000001")
    with database.transaction() as tx:
        annotations.erase(tx, team="T1", channel="C1", ts="5.000001", now=NOON)
    take(database, "a", request=asked(where=where, text="the supplier is late"))
    [leased] = lease(database)
    assert leased.request.arguments == {"text": "the supplier is late"}
    with database.transaction() as tx:
        requests.finish(tx, leased, now=NOON)
    assert not [cell for cell in stored(database) if "supplier" in cell]


def test_nul_and_half_a_surrogate_do_not_lose_a_request(database: Database) -> None:
    take(database, "a\0b", request=asked(text="a\0b", half="x\ud800y", both="\ud83d\ude00"))
    assert take(database, "ab") is None
    [leased] = lease(database)
    assert leased.request.arguments == {"text": "ab", "half": "x\ufffdy", "both": "😀"}


def test_who_is_being_answered_waits_for_the_others(database: Database) -> None:
    first, second, third = (take(database, key) for key in "abc")
    bea = take(database, "d", request=asked(who=Who("T1", "UBEA")))
    elsewhere = take(database, "e", request=asked(who=Who("T2", "UANA")))
    assert [one.id for _ in range(5) for one in lease(database)] == [first, bea, elsewhere, second, third]


def test_who_is_answered_in_one_lane_waits_in_no_other(database: Database) -> None:
    take(database, "a", lane="slow")
    lease(database, lane="slow")
    mine = take(database, "b")
    take(database, "c", request=asked(who=Who("T1", "UBEA")))
    assert [one.id for one in lease(database)] == [mine]


def test_a_lease_that_is_over_holds_nobody_back(database: Database) -> None:
    first, second = take(database, "a"), take(database, "b")
    bea = take(database, "c", request=asked(who=Who("T1", "UBEA")))
    lease(database)
    late = NOON + timedelta(seconds=31)
    assert [one.id for _ in range(3) for one in lease(database, at=late)] == [first, bea, second]


def test_the_dead_are_told_apart_and_never_tried_again(database: Database) -> None:
    number = take(database, "a")
    take(database, "b")
    [leased, other] = lease(database, limit=2)
    with database.transaction() as tx:
        requests.finish(tx, leased, now=NOON, failed="stopped each time", is_dead=True)
        requests.finish(tx, other, now=NOON, failed="there is no such model")
    with database.reading() as tx:
        assert requests.dead(tx) == [
            Dead(id=number or 0, command="evaluate", source="command", attempts=1, died_at=NOON)
        ]
        assert requests.count_dead(tx) == 1
        assert requests.queue_depth(tx) == {}
    assert lease(database, at=NOON + timedelta(days=1)) == []
