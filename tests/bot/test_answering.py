"""What is answered when a child is killed, when nothing works, and when somebody asks for a lot at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NoReturn

import psutil
import pytest
from slack_sdk import WebClient
from structlog.testing import capture_logs

from analysis.card_reading import parse_card
from bot.answering import GAVE_UP, KILLED_TWICE, MOST_ATTEMPTS, Answering
from bot.asking.command import Command, Lane
from bot.asking.context import Context, Outcome
from bot.cards import card_key
from bot.commands import all_commands
from bot.evaluating.children import Children
from bot.evaluating.values import ChildDied
from bot.models import Models
from bot.slack.api import Slack
from bot.slack.directory import Directory, stranger
from bot.slack.pace import Pace
from storage import evaluations, messages, people, requests
from storage.busy import Busy
from storage.database import Database
from storage.evaluations import Evaluation
from storage.requests import Request, Where, Who
from tests.databases import KINDS, fresh_database
from tests.models import write_small_model
from tests.stage import Stage, staged, until

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MARA = Who("T1", "UMARA")


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    write_small_model(tmp_path / "models", rows=3000)
    with staged(tmp_path) as found:
        yield found


def _descendants() -> set[psutil.Process]:
    return set(psutil.Process().children(recursive=True))


def _kill_next_child(known: set[psutil.Process]) -> psutil.Process:
    """As the kernel does it when memory runs out."""
    child: psutil.Process = until(lambda: next(iter(_descendants() - known), None), why="a child")
    child.send_signal(signal.SIGKILL)
    known.add(child)
    return child


def test_an_evaluation_whose_child_is_killed_is_tried_once_more(stage: Stage) -> None:
    known = _descendants()
    stage.type("evaluate small")
    _kill_next_child(known)
    stage.card("small needs attention")
    with stage.parley.database.reading() as tx:
        [only] = evaluations.recent(tx, team=stage.workspace.team, model="small", limit=5)
    assert only.status == "done"


def test_a_child_that_is_killed_twice_is_explained_on_the_card(stage: Stage) -> None:
    known = _descendants()
    stage.type("evaluate small")
    _kill_next_child(known)
    _kill_next_child(known)
    stage.card("not evaluated")
    stage.quiet()
    [card] = stage.cards("small")
    assert KILLED_TWICE in card["text"]


def _wait_to_be_killed(_: object) -> None:
    threading.Event().wait(60)


def test_a_killed_child_is_known_as_such() -> None:
    children = Children(seconds=30)
    children.start()
    known = _descendants()
    killer = threading.Thread(target=_kill_next_child, args=(known,))
    killer.start()
    with pytest.raises(ChildDied):
        children.run(_wait_to_be_killed)
    killer.join()


@dataclass
class Worker:
    """A worker that answers when it is told to, by a clock that stands still between."""

    database: Database
    now: datetime = NOON
    commands: dict[str, Command] = field(default_factory=all_commands)

    def answer(self, lane: Lane = "quick") -> bool:
        pace = Pace(Slack(WebClient()), database=self.database, now=lambda: self.now)
        answering = Answering(
            database=self.database,
            models=Models(Path("none"), read=parse_card),
            commands=self.commands,
            children=Children(seconds=30),
            directory=Directory(pace=pace, database=self.database, now=lambda: self.now),
            shared_channels=(),
            now=lambda: self.now,
        )
        return answering.answer_one(lane)

    def is_killed_while_it_answers(self) -> None:
        with self.database.transaction() as tx:
            assert requests.lease(tx, lane="quick", now=self.now, seconds=1)
        self.now += timedelta(seconds=5)

    def begin(self) -> int:
        """An evaluation as `evaluate` leaves it behind, asked for by a schedule that is gone."""
        with self.database.transaction() as tx:
            evaluation, _ = evaluations.begin(
                tx, request_id=7_000, who=MARA, channel="D1", model="small", version="1", against=None, window="all",
                card="c", card_text="", now=self.now,
            )  # fmt: skip
            measure = Request("measure", {"evaluation": evaluation.id}, MARA, Where(channel="D1", schedule=1))
            key = evaluations.measuring(evaluation.id)
            requests.take(tx, measure, key=key, source="clock", lane="evaluation", now=self.now)
        return evaluation.id

    def evaluation(self, number: int) -> Evaluation:
        with self.database.reading() as tx:
            found = evaluations.get(tx, number)
        assert found is not None
        return found

    def ask(self, command: str) -> int:
        request = Request(command, {}, MARA, Where(channel="D1"))
        with self.database.transaction() as tx:
            number = requests.take(tx, request, key=command, source="command", lane="quick", now=self.now)
        assert number is not None
        return number


@pytest.fixture(params=KINDS)
def worker(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    with fresh_database(request.param, tmp_path_factory) as database:
        known = replace(stranger(MARA), refreshed_at=NOON)
        with database.transaction() as tx:
            people.remember(tx, known)
        yield Worker(database)


def test_what_was_stopped_too_often_is_dead_and_its_asker_hears_of_it(worker: Worker) -> None:
    number = worker.ask("help")
    for _ in range(MOST_ATTEMPTS):
        worker.is_killed_while_it_answers()
    assert worker.answer()
    assert not worker.answer()
    with worker.database.reading() as tx:
        told = messages.get(tx, f"answer:{number}")
        [dead] = requests.dead(tx)
    assert told is not None
    assert GAVE_UP in told.content.text
    assert (dead.id, dead.command, dead.attempts) == (number, "help", MOST_ATTEMPTS + 1)


def test_a_failure_that_cannot_even_be_told_ends_and_is_not_left_leased(worker: Worker) -> None:
    help_ = worker.commands["help"]
    worker.commands = {"broken": replace(help_, name="broken", run=_never_works, failed=_cannot_be_told)}
    worker.ask("broken")
    with capture_logs() as logged:
        for _ in range(MOST_ATTEMPTS + 1):
            assert worker.answer()
            worker.now += timedelta(seconds=40)  # shorter than a lease, so it was given back
    assert [line["event"] for line in logged[-3:]] == [
        "a request was tried too often",
        "a dead request could not be told",
        "a request is refused",
    ]
    with worker.database.reading() as tx:
        assert requests.queue_depth(tx) == {}
        assert requests.count_dead(tx) == 1


def test_what_a_schedule_asked_for_is_ended_though_the_schedule_is_gone(worker: Worker) -> None:
    number = worker.begin()
    assert worker.answer("evaluation")
    ended = worker.evaluation(number)
    assert (ended.status, ended.says) == ("failed", "There is no model `small`.")
    with worker.database.reading() as tx:
        card = messages.get(tx, card_key(number))
    assert card is not None
    assert "There is no model" in card.content.text


def test_an_evaluation_ends_with_its_request_also_where_that_cannot_be_told(worker: Worker) -> None:
    number = worker.begin()
    measure = worker.commands["measure"]
    worker.commands = {"measure": replace(measure, run=_never_works, failed=_cannot_be_told)}
    with capture_logs():
        for _ in range(MOST_ATTEMPTS + 1):
            assert worker.answer("evaluation")
            worker.now += timedelta(seconds=40)
    ended = worker.evaluation(number)
    assert (ended.status, ended.says) == ("failed", GAVE_UP)


def test_what_waits_for_others_counts_no_attempt_for_half_an_hour(worker: Worker) -> None:
    worker.commands = {"busy": replace(worker.commands["help"], name="busy", run=_is_busy)}
    number = worker.ask("busy")
    for _ in range(20):
        assert worker.answer()
        worker.now += timedelta(seconds=59)
        assert not worker.answer(), "Slack said a minute"
        worker.now += timedelta(seconds=2)
    worker.now += timedelta(minutes=30)
    for _ in range(MOST_ATTEMPTS + 1):
        with worker.database.reading() as tx:
            assert requests.count_dead(tx) == 0
        assert worker.answer()
        worker.now += timedelta(seconds=61)
    assert not worker.answer()
    with worker.database.reading() as tx:
        told = messages.get(tx, f"answer:{number}")
        assert requests.count_dead(tx) == 1
    assert told is not None
    assert GAVE_UP in told.content.text


def test_an_old_request_does_not_wait_long_for_a_turn_that_comes_soon(worker: Worker) -> None:
    worker.commands["help"] = replace(worker.commands["help"], run=_comes_soon)
    with worker.database.transaction() as tx:
        people.remember(tx, replace(stranger(MARA), refreshed_at=NOON))
        requests.take(tx, Request("help", {}, MARA), key="due long ago", source="command", lane="quick", now=NOON)
    worker.now += timedelta(minutes=20)
    assert worker.answer()
    worker.now += timedelta(seconds=4)
    assert not worker.answer()
    worker.now += timedelta(seconds=2)
    assert worker.answer()


def _comes_soon(_: Context) -> NoReturn:
    raise Busy("Slack wants us to wait", seconds=1)


def _is_busy(_: Context) -> NoReturn:
    raise Busy("Slack wants us to wait", seconds=60)


def _never_works(_: Context) -> NoReturn:
    raise OSError("the disk is full")


def _cannot_be_told(_: Context, says: str) -> Outcome:
    raise ValueError(f"no words for {says!r}")


def test_an_answer_in_words_waits_for_no_chart_and_no_digest(stage: Stage) -> None:
    for command in ("digest", "show", "trend"):
        assert stage.parley.commands[command].lane == "slow"
    for command in ("help", "models", "notes", "findings", "note", "stop"):
        assert stage.parley.commands[command].lane == "quick"
