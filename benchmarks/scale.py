"""How long each command takes on a thousand models, a hundred thousand notes and a million measures.

On SQLite, and on PostgreSQL where the tests can start one. Seeded: every run asks the same of the same rows."""

from __future__ import annotations

import gc
import random
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import psycopg
import psycopg.sql
from sqlalchemy import Table, make_url, select

from analysis import charts
from analysis.values import CheckResult, Measure, Result, Rows, Subject
from bot.models import find
from storage import anchors, evaluations, requests, results
from storage.anchors import Anchor
from storage.columns import written
from storage.database import Database
from storage.tables import WAITING, annotation_rows, finding_events, findings, measures, model_cards, people
from storage.tables import evaluations as evaluation_rows
from storage.tables import requests as request_rows
from tests import postgresql
from tests.stage import Stage, staged, until

MODELS, NOTES, MEASURES = 1_000, 100_000, 1_000_000
EVALUATIONS_A_MODEL = 2
MEASURES_EACH = MEASURES // (MODELS * EVALUATIONS_A_MODEL)
WEEKS, CHECKS, FINDINGS_A_MODEL, AUTHORS = 40, 60, 5, 50
ROWS_AT_ONCE, EVALUATIONS_AT_ONCE = 10_000, 50
START = datetime(2026, 1, 5, tzinfo=UTC)
MAIN = ("roc_auc", "accuracy", "precision", "recall", "f1", "false_positive_rate", "positive_rate", "brier")
VERDICTS = ("pass", "pass", "pass", "warn", "unsure", "fail")
RUNS = 7
PROMISED = {
    "models": 0.3,
    "findings": 0.3,
    "findings model-0500": 0.3,
    "notes model-0500": 0.3,
    "show model-0500": 0.3,
    "trend model-0500": 0.3,
    "digest": 1.5,
}
DRAWN = ("show", "trend")
CARD = """\
model: {name}
task: binary
description: Made for a benchmark
log: {{source: log.csv, columns: {{label: label, score: score, timestamp: at}}}}
periods: week
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name, url in (("SQLite", ""), ("PostgreSQL", _postgresql(Path(folder)))):
            with tempfile.TemporaryDirectory() as home, _stage(Path(home), url) as stage:
                _measure(stage, name)


@contextmanager
def _stage(home: Path, url: str) -> Iterator[Stage]:
    write_cards(home / "models")
    with staged(home, database_url=url) as stage:
        fill(stage.parley.database, team=stage.workspace.team)
        yield stage


def _measure(stage: Stage, name: str) -> None:
    stage.parley.models.warm()
    for words in PROMISED:
        _seconds(stage, words)  # the first time code is imported and pages are read
    gc.collect()
    before = psutil.Process().memory_info().rss
    drawing = _seconds_to_draw(stage)
    for words, promised in PROMISED.items():
        seconds = sorted(_seconds(stage, words) for _ in range(RUNS))
        median = seconds[RUNS // 2]
        drawn = f", {drawing:.2f} s of it the chart" if words.startswith(DRAWN) else ""
        print(f"{name}, {words}: median {median:.2f} s, worst {seconds[-1]:.2f} s{drawn} (promise: {promised} s)")
    waited = _behind_a_digest(stage)
    print(f"{name}, `help` behind four `digest` and `models` of one person: worst {max(waited):.2f} s (promise: 1 s)")
    gc.collect()
    more = (psutil.Process().memory_info().rss - before) / 2**20
    print(f"{name}, memory after all of them: {more:+.0f} MB")


def _seconds(stage: Stage, words: str) -> float:
    """From the request's row to its end: reading, drawing, and the message written; not Slack."""
    began = time.perf_counter()
    stage.type(words)
    until(lambda: not _waits(stage), seconds=120, why=words)
    return time.perf_counter() - began


def _behind_a_digest(stage: Stage) -> list[float]:
    """What another person waits for a quick answer while somebody asks for all models again and again."""
    waited = []
    for _ in range(RUNS):
        for words in ("digest", "models", "digest", "digest"):
            stage.type(words)
        began = time.perf_counter()
        stage.type("help", user=stage.jonas)
        until(lambda: stage.jonas not in _waiting(stage), why="help")
        waited.append(time.perf_counter() - began)
        until(lambda: not _waits(stage), seconds=120, why="the digests")
    return waited


def _waits(stage: Stage) -> bool:
    with stage.parley.database.reading() as tx:
        return bool(requests.queue_depth(tx))


def _waiting(stage: Stage) -> set[str]:
    with stage.parley.database.reading() as tx:
        return set(tx.execute(select(request_rows.c.user).where(WAITING)).scalars())


def _seconds_to_draw(stage: Stage) -> float:
    with stage.parley.database.reading() as tx:
        found = evaluations.standing(tx, team=stage.workspace.team, model="model-0500")
        result = evaluations.result(tx, found.id) if found is not None else None
    card = find("model-0500", *stage.parley.models.all()).card
    began = time.perf_counter()
    stage.parley.children.draw(charts.headline, result, card=card, markers=())
    return time.perf_counter() - began


def _postgresql(folder: Path) -> str:
    address = postgresql.server(folder)
    name = f"parley_{uuid.uuid4().hex}"
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(name)))
    return make_url(address).set(database=name).render_as_string(hide_password=False)


def write_cards(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(MODELS):
        (folder / f"{_name(number)}.yaml").write_text(CARD.format(name=_name(number)), encoding="utf-8")


def fill(database: Database, *, team: str, seed: int = 11) -> None:
    """The rows that a year of a thousand models leaves behind."""
    chance = random.Random(seed)  # noqa: S311  # a simulation, not a secret
    _insert(database, model_cards, iter([{"sha": "a", "text": CARD.format(name="model")}]))
    _insert(database, people, (_person(team, number) for number in range(AUTHORS)))
    checks = tuple(_check(number) for number in range(CHECKS))
    turns = [(number, turn) for turn in range(EVALUATIONS_A_MODEL) for number in range(MODELS)]
    made = (_evaluation(team, number, turn, checks, chance) for number, turn in turns)
    _insert(database, evaluation_rows, made)
    _insert(database, measures, _measured(1, chance))
    _copy_measures(database)
    _insert(database, findings, (row for number in range(MODELS) for row in _findings(team, number, chance)))
    _insert(database, finding_events, (_event(number) for number in range(MODELS * FINDINGS_A_MODEL)))
    _insert(database, annotation_rows, (_note(team, number, chance) for number in range(NOTES)))


def _insert(database: Database, table: Table, rows: Iterator[dict[str, Any]]) -> None:
    piece: list[dict[str, Any]] = []
    for row in rows:
        piece.append(row)
        if len(piece) == ROWS_AT_ONCE:
            _write(database, table, piece)
            piece = []
    if piece:
        _write(database, table, piece)


def _write(database: Database, table: Table, rows: list[dict[str, Any]]) -> None:
    with database.transaction(wait=60) as tx:
        tx.execute(tx.insert(table), rows)


def _copy_measures(database: Database) -> None:
    """The database itself makes the million: each evaluation has the measures of the first, with other values."""
    m, e = measures.c, evaluation_rows.c
    value = (m.value + e.id % 97 / 97.0) / 2
    others = [column for column in measures.c if column not in (m.evaluation_id, m.value)]
    each = measures.join(evaluation_rows, e.id != 1)
    made = select(e.id, value, *others).select_from(each).where(m.evaluation_id == 1)
    names = ["evaluation_id", "value", *(column.name for column in others)]
    for first in range(1, MODELS * EVALUATIONS_A_MODEL + 1, EVALUATIONS_AT_ONCE):
        piece = made.where(e.id.between(first, first + EVALUATIONS_AT_ONCE - 1))
        with database.transaction(wait=60) as tx:
            tx.execute(tx.insert(measures).from_select(names, piece))


def _name(number: int) -> str:
    return f"model-{number:04}"


def _person(team: str, number: int) -> dict[str, Any]:
    known = {"guest": False, "bot": False, "deleted": False, "refreshed_at": START}
    return {"team": team, "user": f"U{number:03}", "name": f"Person {number}", **known}


def _check(number: int) -> CheckResult:
    return CheckResult(
        check=f"check_{number}",
        subject=Subject(measure="roc_auc", version="1", feature=f"feature {number}"),
        verdict="pass",
        says="The number is within its limits, as it was in the weeks before.",
        measures=(number,),
    )


def _evaluation(
    team: str, number: int, turn: int, checks: tuple[CheckResult, ...], chance: random.Random
) -> dict[str, Any]:
    result = Result(
        model=_name(number),
        version="1",
        against=None,
        window=Rows(start=None, end=None, rows=50_000),
        reference=None,
        measures=(),
        checks=checks,
    )
    return {
        "id": 1 + turn * MODELS + number,
        "team": team,
        "model": _name(number),
        "version": "1",
        "against": "",
        "window": "all",
        "card": "a",
        "status": "done",
        "channel": "C1",
        "request_id": None,
        "started_at": START + timedelta(weeks=WEEKS + turn),
        "finished_at": START + timedelta(weeks=WEEKS + turn),
        "verdict": chance.choice(VERDICTS),
        "measures": MEASURES_EACH,
        "result": results.stored(result),
        "by_clock": True,
        "judged_rows": 50_000,
    }


def _measured(evaluation: int, chance: random.Random) -> Iterator[dict[str, Any]]:
    """The main measures of the window and of each week; then distances of features, week by week."""
    names: list[tuple[str, str | None, str | None]] = [(name, None, None) for name in MAIN]
    names += [(name, None, f"2026-W{week:02}") for week in range(1, WEEKS + 1) for name in (*MAIN[:5], "volume")]
    names += [("psi", f"feature {n}", f"2026-W{week:02}") for week in range(1, WEEKS + 1) for n in range(10)]
    for position, (name, feature, period) in enumerate(names[:MEASURES_EACH]):
        value = 5_000.0 if name == "volume" else chance.random()
        measure = Measure(
            measure=name,
            value=value,
            n=5_000,
            version="1",
            feature=feature,
            period=period,
            basis="difference" if name == "psi" else "realized",
        )
        yield results.measure_row(evaluation, position, measure)


def _findings(team: str, number: int, chance: random.Random) -> Iterator[dict[str, Any]]:
    evaluation = 1 + number
    for n in range(FINDINGS_A_MODEL):
        seen = START + timedelta(weeks=chance.randrange(WEEKS))
        yield {
            "id": 1 + number * FINDINGS_A_MODEL + n,
            "team": team,
            "model": _name(number),
            "identity": written([_name(number), n]),
            "check": f"check_{n}",
            "subject": {"measure": "roc_auc", "slice": [["region", f"region {n}"]]},
            "state": "open",
            "verdict": chance.choice(("fail", "warn")),
            "says": "Recall in this region has dropped below its limit, and stays there.",
            "first_evaluation": evaluation,
            "last_evaluation": evaluation + MODELS,
            "judged_by": evaluation + MODELS,
            "first_seen": seen,
            "last_seen": seen + timedelta(weeks=1),
            "times": 2,
        }


def _event(number: int) -> dict[str, Any]:
    return {"finding_id": 1 + number, "at": START, "what": "opened", "state": "open", "verdict": "fail"}


def _note(team: str, number: int, chance: random.Random) -> dict[str, Any]:
    model = number % MODELS
    anchor = Anchor(model=_name(model), version="1", evaluation=1 + model)
    return {
        "team": team,
        **anchors.columns(anchor),
        "text": "The supplier changed its names this week, so the feed has new categories until Monday.",
        "kind": "note",
        "author": f"U{chance.randrange(AUTHORS):03}",
        "persona": "data analyst",
        "channel": "C1",
        "ts": f"{number}.000001",
        "thread": f"{model}.000001",
        "permalink": f"https://example.slack.com/archives/C1/p{number}",
        "said_at": START + timedelta(minutes=number),
    }
