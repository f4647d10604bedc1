"""What is suggested can be pasted into a model card, lies where chance does not reach, and was tried on the past."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from analysis.card_reading import parse_card
from analysis.suggestion import as_yaml, suggested
from analysis.values import Result
from tests.analysis.evaluating import card, evaluated, the, write

MORE = ["periods: week", "protected: [city]"]


def rows(*, weeks: int = 8, seed: int = 1) -> dict[str, Any]:
    chance = np.random.default_rng(seed)
    n = 800 * weeks
    y = chance.integers(0, 2, n)
    at = np.datetime64("2026-01-05", "us") + np.sort(chance.integers(0, weeks * 7 * 86_400_000_000, n))
    return {
        "at": pa.array(at),
        "y": y,
        "s": np.clip(chance.normal(0.35 + 0.3 * y, 0.2), 0.001, 0.999),
        "city": chance.choice(["Bonn", "Köln"], n).tolist(),
        **{f"number {i}": chance.normal(size=n) for i in range(3)},
    }


def suggestions(folder: Path, columns: dict[str, Any], *more: str) -> tuple[Result, str, dict[str, str]]:
    text = card(log="label: y, score: s, timestamp: at", more=[*MORE, *more])
    result = evaluated(folder, columns, text)
    described = parse_card(text.replace("SOURCE", "log.parquet"), root=folder, name="card.yaml")
    found = suggested(described, result)
    return result, as_yaml(found), {one.check: one.says for one in found}


def test_what_is_suggested_can_be_pasted_into_the_model_card(tmp_path: Path) -> None:
    write(tmp_path / "before.parquet", rows(seed=2))
    _, yaml, _ = suggestions(tmp_path, rows(), "reference: {source: before.parquet}")
    text = card(log="label: y, score: s, timestamp: at", more=[*MORE, "reference: {source: before.parquet}", yaml])
    result = evaluated(tmp_path, rows(), text)
    assert {c.check for c in result.checks} >= {"threshold", "drift", "group_gap", "feature_importance"}
    # A model that is as it was is left in peace.
    assert [c for c in result.checks if c.verdict in ("fail", "warn")] == []


def test_limits_lie_two_usual_half_widths_of_a_period_below_the_reference(tmp_path: Path) -> None:
    write(tmp_path / "before.parquet", rows(seed=2))
    result, yaml, _ = suggestions(tmp_path, rows(), "reference: {source: before.parquet}")
    periods = [m for m in result.measures if m.measure == "roc_auc" and m.period is not None and m.slice is None]
    halves = sorted((m.high - m.low) / 2 for m in periods if m.high is not None and m.low is not None)
    swing = 2 * (halves[3] + halves[4]) / 2
    before = the(result, "roc_auc", basis="reference").value
    assert before is not None
    assert f"roc_auc: {{fail: {{below: {before - 2 * swing:.2g}}}, warn: {{below_reference_by: {swing:.2g}}}}}" in yaml


def test_it_says_what_it_would_have_said_over_the_past_periods(tmp_path: Path) -> None:
    columns = rows()
    # In the last two of eight weeks the scores say nothing.
    chance = np.random.default_rng(5)
    columns["s"][-1600:] = chance.random(1600)
    _, _, says = suggestions(tmp_path, columns, "reference: {before: 2026-02-02}")
    assert "Over 4 past periods it would have said: 2 fail" in says["roc_auc"]


def test_periods_that_had_drifted_are_not_taken_for_how_the_model_usually_is(tmp_path: Path) -> None:
    calm, drifted = rows(), rows()
    drifted["number 1"][-2400:] += 3  # three of eight weeks
    write(tmp_path / "before.parquet", rows(seed=2))
    (_, _, says_calm), (_, yaml, says) = (
        suggestions(tmp_path, columns, "reference: {source: before.parquet}") for columns in (calm, drifted)
    )
    assert "drift: {warn: 0.1, fail: 0.25}" in yaml
    assert "Left out are 3 periods of features above 0.25, which had drifted." in says["drift"]
    assert "3 of 48 periods of features would have been above the warning" in says["drift"]
    assert "Left out" not in says_calm["drift"]


def test_a_warning_always_comes_before_the_failure(tmp_path: Path) -> None:
    columns = rows()
    # A model that is hardly better than one that always says the same.
    columns["s"] = np.clip(np.random.default_rng(7).normal(0.48 + 0.04 * columns["y"], 0.15), 0.01, 0.99)
    write(tmp_path / "before.parquet", columns)
    _, yaml, _ = suggestions(tmp_path, columns, "reference: {source: before.parquet}")
    text = card(log="label: y, score: s, timestamp: at", more=[*MORE, "reference: {source: before.parquet}", yaml])
    described = parse_card(text.replace("SOURCE", "log.parquet"), root=tmp_path, name="card.yaml")
    (auc,) = [setting for setting in described.checks if setting.check == "roc_auc"]
    (warn,), (fail,) = auc.warn, auc.fail
    result = evaluated(tmp_path, columns, text)
    base = the(result, "roc_auc", basis="reference").value
    assert base is not None
    assert fail.bound == (0.5,)
    assert base - warn.bound[0] > 0.5


def test_without_a_reference_a_model_must_be_better_than_one_that_always_says_the_same(tmp_path: Path) -> None:
    columns = rows(weeks=1)
    columns["s"] = np.random.default_rng(6).random(len(columns["s"]))
    _, yaml, _ = suggestions(tmp_path, columns)
    assert "roc_auc: {fail: {below: 0.5}" in yaml


def test_where_nothing_is_known_nothing_is_suggested(tmp_path: Path) -> None:
    text = card(log="score: s")
    result = evaluated(tmp_path, {"s": [0.1, 0.2, 0.3]}, text)
    described = parse_card(text.replace("SOURCE", "log.parquet"), root=tmp_path, name="card.yaml")
    assert suggested(described, result) == ()
    assert as_yaml(()).endswith("checks: {}\n")


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_other_tasks_get_limits_on_their_own_numbers(tmp_path: Path, task: str) -> None:
    chance = np.random.default_rng(3)
    y = chance.integers(0, 3, 900).astype(float)
    columns = {"y": y, "s": np.where(chance.random(900) < 0.8, y, 0.0), "x": chance.normal(size=900)}
    log = "label: y, score: s" if task == "regression" else "label: y, prediction: s"
    text = card(log=log, task=task)
    result = evaluated(tmp_path, columns, text)
    described = parse_card(text.replace("SOURCE", "log.parquet"), root=tmp_path, name="card.yaml")
    names = [one.check for one in suggested(described, result)]
    assert names[:2] == (["accuracy", "f1"] if task == "multiclass" else ["mean_absolute_error", "r2"])
