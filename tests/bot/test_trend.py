"""What `trend` says: the latest period that rests on enough labels, the first one, and what people said."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.models import write_small_model
from tests.stage import Stage, staged, until


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    home: Path = tmp_path_factory.mktemp("trend")
    write_small_model(home / "models")
    with staged(home) as found:
        found.type("evaluate small")
        until(lambda: any(b["type"] == "image" for c in found.cards() for b in c["blocks"]), why="a card")
        found.quiet()
        yield found


def trend(stage: Stage) -> dict[str, Any]:
    before = len(stage.cards("over time"))
    stage.type("trend small")
    stage.quiet()
    return stage.cards("over time")[before]


def said(message: dict[str, Any]) -> str:
    return "\n".join(str(block) for block in message["blocks"])


def test_the_latest_period_told_is_one_with_enough_rows(stage: Stage) -> None:
    # 600 rows in 40,000 minutes from Tuesday 1 September: W40 has its Monday alone, the last
    # 1,120 minutes, a row each 66.7: 16 rows.
    told = said(trend(stage))
    assert "Latest settled, 2026-W39: " in told
    assert "First, 2026-W36: " in told
    assert "Hollow, too few labels yet: 2026-W40 (n 16)" in told


def test_notes_under_a_trend_stand_by_period_and_say_how_many_more_there_are(stage: Stage) -> None:
    for period in ("2026-W38", "2026-W37", "2026-W36", "2026-W39"):
        for number in range(3):
            stage.type(f"note small --period {period} number {number} of {period}")
            stage.quiet()
    told = said(trend(stage))
    places = [told.index(f"({period})") for period in ("2026-W37", "2026-W38", "2026-W39") if f"({period})" in told]
    assert places == sorted(places)
    assert "4 more: `notes small`" in told


def test_of_missing_values_a_feature_is_drawn_and_not_the_label(stage: Stage) -> None:
    before = len(stage.cards("over time"))
    stage.type("trend small missing_rate")
    stage.quiet()
    told = said(stage.cards("over time")[before])
    assert "missing values in price" in told or "missing values in region" in told


def test_a_measure_that_needs_a_reference_says_so_where_there_is_none(stage: Stage) -> None:
    stage.type("trend small unseen_rate")
    assert stage.told("Share of unseen values compares rows with a reference, and small has none.")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("--period tomorrow it was hot", "“tomorrow” is no period; one of small looks like 2026-W10."),
        ("--period 2026-03 it was hot", "The model small has no period 2026-03: its periods look like 2026-W10."),
        ("--measure heat it was hot", "There is no measure `heat`"),
        ("it was hot --slice colour=red", "The model small has no slices by colour. It has region."),
    ],
)
def test_a_note_about_what_the_model_never_has_is_refused(stage: Stage, words: str, says: str) -> None:
    stage.type(f"note small {words}")
    assert stage.told(says)
