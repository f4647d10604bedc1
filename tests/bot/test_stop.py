"""Stop ends an evaluation wherever it is, and what it had found by then is never shown."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from storage import evaluations
from tests.bot.holding import hold_the_next
from tests.models import write_small_model
from tests.stage import Stage, staged, until


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    write_small_model(tmp_path / "models", rows=3000)
    with staged(tmp_path) as found:
        yield found


@pytest.mark.parametrize("phase", ["Reading the log", "Drawing the chart"])
def test_stop_ends_an_evaluation_while_it_reads_and_while_it_draws(
    stage: Stage, phase: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = hold_the_next(stage, phase, monkeypatch)
    stage.type("evaluate small")
    child = held()
    stage.type("stop E-1", user=stage.jonas)
    stage.card("Stopped by Jonas")
    child.send_signal(signal.SIGCONT)  # it goes on, and may even end its work
    until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE, why="the child to end")
    stage.quiet()
    [card] = stage.cards("small")
    assert "Stopped by Jonas" in card["text"]
    assert not any(block["type"] == "image" for block in card["blocks"])
    with stage.parley.database.reading() as tx:
        evaluation = evaluations.get(tx, 1)
        assert evaluations.result(tx, 1) is None
    assert evaluation is not None
    assert (evaluation.status, evaluation.measures) == ("stopped", 0)
