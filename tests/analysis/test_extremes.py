"""Values at the ends of what a number can be: the numbers that there are stay, with the report and the charts."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis import charts
from analysis.card_reading import parse_card
from analysis.evaluate import evaluate
from analysis.judgement.calendar import label_at, without_gaps
from analysis.judgement.wording import count
from analysis.measure_table import period_order
from analysis.measures.intervals import effective, wilson
from bot.render.report import report
from tests.analysis import chart_story as story
from tests.analysis.evaluating import NOW, card, evaluated, value, write

N = 400


def rows() -> dict[str, Any]:
    chance = np.random.default_rng(2)
    label = chance.integers(0, 2, N)
    return {
        "y": label,
        "s": np.clip(chance.normal(0.4 + 0.2 * label, 0.2), 0, 1),
        "x": chance.normal(size=N),
        "g": chance.choice(["a", "b"], N),
        "t": np.datetime64("2026-01-01", "us") + np.arange(N) * np.timedelta64(4, "h"),
    }


def reported(folder: Path, columns: dict[str, Any], log: str, task: str = "binary") -> str:
    write(folder / "log.parquet", columns)
    more = ["periods: week", "slices: [g]", "reference: {window: rows 0..200}"]
    described = card(log=log, more=more, task=task).replace("SOURCE", "log.parquet").replace("defaults: off\n", "")
    model = parse_card(described, root=folder, name="card.yaml")
    return report(evaluate(model, now=NOW), model)


@pytest.mark.parametrize("weight", [1e-200, 1e160])
@pytest.mark.parametrize("task", ["binary", "regression"])
def test_weights_of_any_size_give_the_numbers_of_weights_of_1(tmp_path: Path, weight: float, task: str) -> None:
    columns = rows()
    described = card(
        log="label: y, score: s, weight: w", more=["protected: [g]"] if task == "binary" else [], task=task
    )
    found = [evaluated(tmp_path, {**columns, "w": np.full(N, w)}, described) for w in (weight, 1.0)]
    counts = {"count", "true_positives", "false_positives", "true_negatives", "false_negatives", "missing_rate"}
    for one, other in zip(*(r.measures for r in found), strict=True):
        if one.measure not in counts and one.feature != "w" and other.value is not None:
            assert one.value == pytest.approx(other.value, rel=1e-6, abs=1e-9), one
            assert (one.low is None) == (other.low is None), one


@pytest.mark.parametrize("weight", [0.0, 1e160])
def test_a_report_stays_whatever_the_weights(tmp_path: Path, caplog: pytest.LogCaptureFixture, weight: float) -> None:
    columns = {**rows(), "w": np.full(N, weight)}
    page = reported(tmp_path, columns, "label: y, score: s, weight: w, timestamp: t")
    assert "<h2>Numbers</h2>" in page
    assert "could not be drawn" not in page
    assert not [r for r in caplog.records if r.levelno >= logging.ERROR]
    assert ("the weights are all 0" in page) == (weight == 0.0)


@pytest.mark.parametrize("sentinel", [1e60, 1.7e308], ids=str)
def test_a_report_stays_whatever_the_numbers(tmp_path: Path, caplog: pytest.LogCaptureFixture, sentinel: float) -> None:
    columns = rows()
    columns["endless"] = np.where(np.arange(N) % 9, columns["x"], np.inf)
    columns["y"] = columns["y"].astype(np.float64)
    for column in ("x", "y"):
        columns[column][::9] = sentinel
    page = reported(tmp_path, columns, "label: y, score: s, timestamp: t", "regression")
    assert "could not be drawn" not in page
    assert not [r for r in caplog.records if r.levelno >= logging.ERROR]


def test_a_chart_that_breaks_is_left_out_with_a_word_and_takes_no_other_with_it() -> None:
    no_month = [story.number("roc_auc", 0.7, n=200, period=f"2026-{month}") for month in (97, 98, 99)]
    matrix = story.confusion("yes", "no")
    gallery = charts.gallery(story.result(story.number("roc_auc", 0.7, n=600), *no_month, *matrix), more=("confusion",))
    assert [chart.name for chart in gallery.charts] == ["confusion"]
    [sentence] = gallery.left_out
    assert sentence.startswith("The chart trend could not be drawn and is left out; the log has the details under ")


def test_an_evaluation_with_nothing_to_draw_still_has_a_report(tmp_path: Path) -> None:
    columns = {"y": [0] * 30, "s": [0.5] * 30, "w": [0.0] * 30}
    write(tmp_path / "log.parquet", columns)
    described = card(log="label: y, score: s, weight: w").replace("SOURCE", "log.parquet")
    model = parse_card(described, root=tmp_path, name="card.yaml")
    assert "<h2>Numbers</h2>" in report(evaluate(model, now=NOW), model)


def test_an_interval_needs_neither_rows_nor_squares_of_weights() -> None:
    assert wilson(0.5, 0) == (0.0, 1.0)
    assert effective(2.0, 2.0, 2) == 2.0
    assert effective(2e-200, 0.0, 2) == 2.0
    assert effective(2e200, float("inf"), 2) == 2.0
    assert effective(0.0, 0.0, 2) == 0.0


def test_numbers_that_nobody_reads_are_written_as_powers_of_ten() -> None:
    assert count(1234567) == "1,234,567"
    assert count(1e60) == "1e+60"


def test_years_of_more_than_four_digits_stand_after_the_others() -> None:
    assert sorted(["10000-01", "2026-03", "9999-12"], key=period_order) == ["2026-03", "9999-12", "10000-01"]


def test_a_share_of_rows_is_not_weighed(tmp_path: Path) -> None:
    columns = {**rows(), "w": np.zeros(N)}
    assert value(evaluated(tmp_path, columns, card(log="label: y, score: s, weight: w")), "volume") == N


def test_days_of_the_year_1_are_written_with_four_digits_as_all_others() -> None:
    assert without_gaps(["0001-01-01", "0001-01-03"]) == ["0001-01-01", "0001-01-02", "0001-01-03"]
    assert label_at(datetime(1, 2, 3, 4, tzinfo=UTC), like="0001-02-03T03") == "0001-02-03T04"
