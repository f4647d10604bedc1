"""A thousand models cost as many questions to the database as thirty do: those that are shown."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from slack_sdk import WebClient
from sqlalchemy import Engine, event

from analysis.card_reading import parse_card
from analysis.values import CheckResult, Measure, Result, Rows, Subject, Verdict
from bot.answering import Answering
from bot.asking.grammar import parse
from bot.commands import all_commands
from bot.evaluating.children import Children
from bot.models import Models
from bot.slack.api import Slack
from bot.slack.directory import Directory, stranger
from bot.slack.pace import Pace
from storage import annotations, evaluations, findings, messages, people, requests
from storage.anchors import Anchor
from storage.database import Database, Transaction
from storage.requests import Request, Where, Who
from tests.databases import KINDS, fresh_database

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MARA = Who("T1", "UMARA")
CARD = "model: {name}\ntask: binary\nlog: {{source: log.csv, columns: {{label: label, score: score}}}}\n"
FEW, MANY = 25, 40


class Office:
    """Models with an evaluation, a finding and a note each, and somebody who asks for them."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.folder = folder
        self.asked = 0
        self.models = Models(folder, read=parse_card)
        pace = Pace(Slack(WebClient()), database=database, now=lambda: NOON)
        self.answering = Answering(
            database=database,
            models=self.models,
            commands=all_commands(),
            children=Children(seconds=30),
            directory=Directory(pace=pace, database=database, now=lambda: NOON),
            shared_channels=(),
            now=lambda: NOON,
        )
        with database.transaction() as tx:
            people.remember(tx, replace(stranger(MARA), refreshed_at=NOON))

    def add(self, *numbers: int, verdict: Verdict = "warn") -> None:
        with self.database.transaction() as tx:
            for number in numbers:
                self._add(tx, number, verdict)

    def _add(self, tx: Transaction, number: int, verdict: Verdict) -> None:
        name = f"model-{number:02}"
        (self.folder / f"{name}.yaml").write_text(CARD.format(name=name), encoding="utf-8")
        anchor = Anchor(model=name)
        result = _result(name, number / 100, verdict)
        request = self._take(tx, "measure", lane="evaluation", key=f"evaluation {number}")
        begun, _ = evaluations.begin(
            tx, request_id=request, who=MARA, channel="C1", model=name, version="1", against=None,
            window="all", card="a", card_text="", now=NOON,
        )  # fmt: skip
        evaluations.save_measures(tx, begun.id, first=0, measures=result.measures)
        evaluations.finish(tx, begun.id, result=result, now=NOON)
        findings.record(tx, team="T1", evaluation=begun.id, result=result, now=NOON)
        annotations.keep(
            tx, team="T1", author="UMARA", persona=None, text=f"said of {name}", anchor=anchor,
            channel="C1", ts=f"{number}.000001", thread=None, permalink=None, now=NOON,
        )  # fmt: skip

    def _take(self, tx: Transaction, command: str, *, lane: str, key: str, **arguments: Any) -> int:
        request = Request(command, arguments, MARA, Where(channel="C1"))
        number = requests.take(tx, request, key=key, source="command", lane=lane, now=NOON)
        assert number is not None
        return number

    def answer(self, words: str) -> tuple[str, int]:
        """What is answered, and how many statements that took."""
        name, arguments = parse(words, all_commands())
        lane = all_commands()[name].lane
        self.asked += 1
        with self.database.transaction() as tx:
            request = self._take(tx, name, lane=lane, key=f"{words} {self.asked}", **arguments)
        statements: list[str] = []

        def count(_: Any, __: Any, statement: str, *___: Any) -> None:
            statements.append(statement)

        event.listen(Engine, "before_cursor_execute", count)
        try:
            assert self.answering.answer_one(lane)
        finally:
            event.remove(Engine, "before_cursor_execute", count)
        with self.database.reading() as tx:
            told = messages.get(tx, f"answer:{request}")
        assert told is not None
        return told.content.text, len(statements)


def _result(name: str, value: float, verdict: Verdict) -> Result:
    measured = [Measure(measure="roc_auc", value=value, n=100, version="1")]
    measured += [Measure(measure="roc_auc", value=0.5, n=10, version="1", period=f"2026-W{week:02}") for week in (1, 2)]
    check = CheckResult(
        check="threshold", subject=Subject(measure="roc_auc"), verdict=verdict, says="It is low.", measures=(0,)
    )
    window = Rows(start=None, end=None, rows=100)
    return Result(
        model=name, version="1", against=None, window=window, reference=None, measures=tuple(measured), checks=(check,)
    )


@pytest.fixture(params=KINDS)
def office(
    request: pytest.FixtureRequest, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Office]:
    with fresh_database(request.param, tmp_path_factory) as database:
        office = Office(database, tmp_path)
        office.add(*range(FEW))
        yield office


def test_no_list_asks_the_database_model_by_model(office: Office) -> None:
    lists = ("models", "findings", "digest", "notes model-07")
    before = {words: office.answer(words)[1] for words in lists}
    office.add(*range(FEW, MANY))
    assert {words: office.answer(words)[1] for words in lists} == before
    assert max(before.values()) < 70


def test_a_digest_shows_the_worst_models_with_their_numbers_findings_and_notes(office: Office) -> None:
    office.add(30, verdict="fail")
    office.add(31, verdict="pass")
    digest, _ = office.answer("digest")
    lines = digest.splitlines()
    assert "*model-30* needs attention" in lines[1]
    assert "ROC AUC 0.300, n 100" in digest
    assert "said of model-30" in digest
    assert "threshold" in lines[4]
    assert "model-31" not in digest
    assert "model-10" in digest
    assert "model-11" not in digest


def test_lists_say_how_many_they_leave_out(office: Office) -> None:
    assert "5 more models not shown" in office.answer("models")[0]
    told, _ = office.answer("findings")
    assert "25 open findings" in told
    assert "13 more" in told


def test_a_model_that_was_never_evaluated_stands_last(office: Office) -> None:
    (office.folder / "a-new-one.yaml").write_text(CARD.format(name="a-new-one"), encoding="utf-8")
    digest, _ = office.answer("digest")
    assert "a-new-one" not in digest
    assert "*a-new-one* · not evaluated yet" in office.answer("models")[0]
