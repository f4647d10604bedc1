"""The campaign's rules find what they are for: each is shown a workspace and rows in which its promise is broken."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.workspace import Attempt, Delivery, Workspace
from bot.workspace.messages import by_app, post
from tests.soak import databases, invariants
from tests.soak.balancer import Balancer
from tests.soak.cast import INTERNAL, RESTRICTED, SECRET, UNKNOWN, Cast, gather
from tests.soak.invariants import Aftermath
from tests.soak.ledger import Asked, Ledger, Mentioned, Said, Slot

NOW = datetime.now(UTC)
Rule = Callable[[Aftermath], Any]


class Ruins:
    """A workspace without a bot, its rows, and what was done in it: a test breaks what it wants."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.cast: Cast = gather(workspace, "http://127.0.0.1:9/slack/events", channels=2)
        self.ledger = Ledger()
        self.log = ""
        names = ("annotations", "evaluations", "messages", "requests", "schedules")
        self.tables: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
        workspace.retry_delays = ()

    def breaches(self, rule: Rule) -> list[str]:
        return list(rule(Aftermath(self.workspace, self.cast, self.ledger, self.tables, self.log)))

    def shows(self, text: str, *, channel: str = "", row: int | None = None, thread: str | None = None) -> str:
        """Have the bot say something in Slack."""
        sent: dict[str, Any] = {"text": text}
        if row is not None:
            sent["metadata"] = {"event_type": "parley_message", "event_payload": {"message": row}}
        place = self.workspace.records.channel(channel or self.cast.channels[0])
        message = by_app(self.workspace.records, self.cast.app, sent)
        return str(post(self.workspace.records, place, message, thread=thread)[0]["ts"])

    def has(self, table: str, **values: Any) -> None:
        self.tables[table].append(ROWS.get(table, {}) | values)

    def said(self, **values: Any) -> Said:
        said = self.ledger.say(1, values.pop("expected", "a note"), "U1", self.cast.channels[0], "1.0", ts="2.0")
        for name, value in values.items():
            setattr(said, name, value)
        return said

    def delivered(self, payload: dict[str, Any], *statuses: int) -> Delivery:
        delivery = Delivery(self.cast.app, "event", payload, again=lambda _: Attempt(0, "", 0.0, None))
        delivery.attempts += [Attempt(s, "", 0.0, None if s == 200 else "http_error") for s in statuses]
        return delivery


ROWS: dict[str, dict[str, Any]] = {
    "annotations": {"id": 1, "deleted_at": None, "author": "U1", "channel": "C1", "thread": "1.0"},
    "messages": {
        "kind": "message",
        "failed": None,
        "channel": "C",
        "thread": None,
        "ts": None,
        "shown": 1,
        "wanted": 1,
        "token": None,
        "reason": None,
        "wanted_at": NOW,
    },
    "requests": {
        "command": "help",
        "source": "command",
        "schedule": None,
        "failed": None,
        "finished_at": NOW,
        "received_at": NOW,
        "token": None,
        "attempts": 1,
    },
    "schedules": {"state": "active"},
}


@pytest.fixture
def ruins() -> Iterator[Ruins]:
    with Workspace() as workspace:
        yield Ruins(workspace)


def test_where_nothing_was_done_every_rule_holds(ruins: Ruins) -> None:
    assert {rule.__name__: ruins.breaches(rule) for rule in invariants.RULES if ruins.breaches(rule)} == {}


def test_a_note_that_is_lost_or_doubled_or_old_is_found(ruins: Ruins) -> None:
    rule = invariants.every_note_is_kept_once_with_its_last_text
    said = ruins.said(version=2)
    assert len(ruins.breaches(rule)) == 1
    ruins.has("annotations", text="first zq1v1x")
    assert "zq1v1x" in ruins.breaches(rule)[0]
    ruins.has("annotations", text=f"last {said.token}")
    assert ruins.breaches(rule) == []
    ruins.has("annotations", text=f"last {said.token}")
    assert "2 times" in ruins.breaches(rule)[0]


def test_words_that_had_to_go_are_found_in_rows_and_in_slack(ruins: Ruins) -> None:
    rule = invariants.what_was_deleted_or_overwritten_stands_nowhere
    ruins.said(version=2, deleted=True)
    assert ruins.breaches(rule) == []
    ruins.has("requests", id=1, arguments='{"text": "zq1v2x"}')
    ruins.shows("a card that quotes zq1v1x")
    assert ruins.breaches(rule) == ["act 1: zq1v1x is still to be seen in Slack", "act 1: zq1v2x is still in requests"]


def test_talk_among_people_that_is_kept_is_found(ruins: Ruins) -> None:
    said = ruins.said(expected="nothing")
    ruins.has("annotations", text=said.token)
    assert len(ruins.breaches(invariants.what_people_say_among_themselves_is_never_kept)) == 1


def test_a_note_by_the_bot_itself_is_found(ruins: Ruins) -> None:
    ruins.has("annotations", text="", author=ruins.cast.members[0])
    assert ruins.breaches(invariants.the_bot_keeps_no_note_of_its_own) == []
    ruins.has("annotations", text="", author=ruins.cast.app.bot_user)
    assert len(ruins.breaches(invariants.the_bot_keeps_no_note_of_its_own)) == 1


def test_a_message_that_is_missing_or_doubled_is_found(ruins: Ruins) -> None:
    rule = invariants.every_message_is_shown_once
    ruins.has("messages", id=7, key="answer:1")
    assert "shown 0 times" in ruins.breaches(rule)[0]
    ruins.shows("once", row=7)
    assert ruins.breaches(rule) == []
    ruins.shows("twice", row=7)
    assert "shown 2 times" in ruins.breaches(rule)[0]
    ruins.shows("of nobody", row=8)
    assert len(ruins.breaches(rule)) == 2


def test_an_edit_that_became_a_reply_is_no_second_message(ruins: Ruins) -> None:
    answer = ruins.shows("an answer", row=7)
    ruins.has("messages", id=7, key="answer:1", ts=answer)
    ruins.shows("its edit, which Slack refused", row=7, thread=answer)
    assert ruins.breaches(invariants.every_message_is_shown_once) == []


def test_a_message_that_an_admin_deleted_is_not_missed(ruins: Ruins) -> None:
    ruins.has("messages", id=7, key="answer:1", channel="C1", ts="5.0")
    assert len(ruins.breaches(invariants.every_message_is_shown_once)) == 1
    ruins.ledger.taken_away["C1", "5.0"] = 1
    assert ruins.breaches(invariants.every_message_is_shown_once) == []


def test_an_answer_that_came_twice_or_a_command_that_was_lost_is_found(ruins: Ruins) -> None:
    rule = invariants.every_command_is_taken_once_and_answered_at_most_once
    team = ruins.workspace.records
    address = team.new_response_url(ruins.cast.app, ruins.cast.channels[0], ruins.cast.members[0])
    delivery = ruins.delivered({"response_url": address, "trigger_id": "1.2.x"}, 200)
    ruins.ledger.asked.append(Asked(3, "help", ruins.cast.members[0], ruins.cast.channels[0], delivery))
    assert "is in no row" in ruins.breaches(rule)[0]
    ruins.has("requests", id=1, key="command:T1:1.2.x")
    for _ in range(2):
        team.use_response_url(address.rpartition("/")[2])
    assert ruins.breaches(rule) == ["act 3: “help” was answered 2 times"]


def test_a_mention_that_was_lost_or_taken_twice_is_found(ruins: Ruins) -> None:
    rule = invariants.every_mention_is_taken_once
    ruins.ledger.mentioned.append(Mentioned(4, "models", "C1", "5.0"))
    assert "0 times" in ruins.breaches(rule)[0]
    ruins.has("requests", id=1, key="message:T1:C1:5.0")
    assert ruins.breaches(rule) == []
    ruins.has("messages", id=1, key="refused:message:T1:C1:5.0")
    assert "2 times" in ruins.breaches(rule)[0]


def test_an_event_that_never_arrived_is_found_and_excuses_the_note_in_it(ruins: Ruins) -> None:
    said = ruins.said()
    event = {"type": "message", "ts": said.ts, "event_ts": said.ts}
    ruins.workspace.deliveries.append(ruins.delivered({"event": event}, 500, 500))
    assert len(ruins.breaches(invariants.every_event_is_taken_in_the_end)) == 1
    assert ruins.breaches(invariants.every_note_is_kept_once_with_its_last_text) == []


def test_a_slot_that_fires_twice_or_never_is_found(ruins: Ruins) -> None:
    rule = invariants.every_slot_of_a_schedule_fires_once
    due = NOW - timedelta(minutes=5)
    ruins.ledger.slots.append(Slot(5, "day 09:00", "C1", "U1", due.timestamp()))
    made = {"id": 1, "when": "day 09:00", "channel": "C1", "owner": "U1", "created_at": due - timedelta(minutes=1)}
    ruins.has("schedules", **made)
    assert "fired 0 times" in ruins.breaches(rule)[0]
    ruins.has("requests", id=1, key="schedule:S-1:a", schedule=1, source="clock")
    ruins.has("messages", id=1, key="answer:1")
    assert "is shown 0 times" in ruins.breaches(rule)[0]
    ruins.shows("the digest", row=1)
    assert ruins.breaches(rule) == []
    ruins.has("requests", id=2, key="schedule:S-1:b", schedule=1, source="clock")
    assert "fired 2 times" in ruins.breaches(rule)[0]


def test_a_reply_that_overtook_an_earlier_one_is_found(ruins: Ruins) -> None:
    rule = invariants.no_thread_is_out_of_order
    parent = ruins.shows("the card")
    for number, seconds in ((2, 10), (1, 0)):
        wanted_at = NOW + timedelta(seconds=seconds)
        ruins.has("messages", id=number, key=f"m{number}", line="the card", wanted_at=wanted_at)
        ruins.shows(f"reply {number}", row=number, thread=parent)
    [breach] = ruins.breaches(rule)
    assert breach.index("m2 (") < breach.index("overtook") < breach.index("m1 (")
    ruins.tables["messages"][0]["wanted_at"] = NOW + timedelta(seconds=1)
    assert ruins.breaches(rule) == []


def test_what_waits_or_is_leased_or_died_is_found(ruins: Ruins) -> None:
    ruins.has("requests", id=1, finished_at=None)
    ruins.has("messages", id=1, key="card:E-1", shown=1, wanted=2)
    ruins.has("evaluations", id=1, status="running")
    assert len(ruins.breaches(invariants.nothing_waits_and_nothing_is_leased)) == 3
    ruins.ledger.permanent.add("is_archived")
    ruins.has("messages", id=2, key="a", failed="is_archived")
    ruins.has("messages", id=3, key="b", failed="internal_error")
    assert ruins.breaches(invariants.nothing_is_dead_without_a_permanent_reason) == ["b was given up: internal_error"]


def test_a_restricted_model_is_found_where_it_may_not_be_seen(ruins: Ruins) -> None:
    rule = invariants.a_restricted_model_is_seen_only_where_it_may_be
    ruins.shows(f"{RESTRICTED} needs attention", channel=ruins.cast.vault)
    ruins.shows(f"There is no model {RESTRICTED}.")
    ruins.shows(f"There is no model {UNKNOWN}.")
    assert ruins.breaches(rule) == []
    ruins.shows(f"{RESTRICTED} is restricted.")
    ruins.shows(f"a model with an {SECRET} order")
    assert len(ruins.breaches(rule)) == 2


def test_an_internal_model_is_found_before_outsiders(ruins: Ruins) -> None:
    ruins.shows(f"{INTERNAL} fails")
    rule = invariants.outsiders_and_guests_see_no_internal_model
    assert ruins.breaches(rule) == []
    ruins.shows(f"{INTERNAL} fails", channel=ruins.cast.shared)
    assert len(ruins.breaches(rule)) == 1


def test_secrets_and_tracebacks_are_found(ruins: Ruins) -> None:
    address = ruins.workspace.records.new_response_url(ruins.cast.app, ruins.cast.channels[0], ruins.cast.members[0])
    ruins.has("requests", id=1, response_url=address)
    ruins.log = (
        '{"event": "failed", "exception": "Traceback (most recent call last):\\n  File\\nValueError: no"}\nxoxb-test'
    )
    found = ruins.breaches(invariants.no_secret_is_in_a_row_or_a_log)
    assert found == ["1 response URLs are in a row", "the bot's token is in a log"]
    assert ruins.breaches(invariants.no_replica_logged_a_traceback) == ["1 times: ValueError: no"]


def test_every_table_is_read_whatever_it_is_called(tmp_path: Path) -> None:
    from sqlalchemy import create_engine, text

    url = f"sqlite:///{tmp_path / 'some.db'}"
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE new_one (words TEXT, picture BLOB)"))
        connection.execute(text("INSERT INTO new_one VALUES ('hello', x'00')"))
    engine.dispose()
    assert databases.as_text(databases.every_table(url)) == "new_one: hello"


def test_the_balancer_skips_a_replica_that_is_down() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as alive, closing(socket.socket()) as reserved:
        reserved.bind(("127.0.0.1", 0))  # bound, and nobody listens
        alive.settimeout(10)
        echo = threading.Thread(target=_echo, args=(alive, 4))
        echo.start()
        ports = [reserved.getsockname()[1], alive.getsockname()[1]]
        with Balancer(lambda: ports) as balancer:
            for number in range(4):
                with socket.create_connection(("127.0.0.1", balancer.port), timeout=10) as connection:
                    connection.sendall(str(number).encode())
                    assert connection.recv(10) == str(number).encode()
        echo.join(10)


def _echo(door: socket.socket, times: int) -> None:
    for _ in range(times):
        connection, _ = door.accept()
        with connection:
            connection.sendall(connection.recv(10))
