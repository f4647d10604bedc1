"""What moved a score, what it rests on, and what tells a window from its reference: cases whose answers are known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from sklearn import metrics

from analysis.binning import Binning, binned
from analysis.explanation import moved_score
from analysis.importance import rests_on
from analysis.multivariate import told_apart
from analysis.values import CheckResult, Result
from tests.analysis.evaluating import card, evaluated, the, value
from tests.analysis.parity import must_be_sound

Columns = dict[str, Any]
N = 2_000


def bins(columns: Columns, like: list[Binning] | None = None) -> list[Binning]:
    if like is not None:
        return [b.of(pa.chunked_array([pa.array(columns[b.name])])) for b in like]
    found = [binned(name, pa.chunked_array([pa.array(values)])) for name, values in columns.items()]
    assert all(b is not None for b in found)
    return [b for b in found if b is not None]


def without_labels(**about: Any) -> str:
    return card(log="label: label, score: score", **about).replace("log: {", "log: {labels: later, ")


def late(n: int) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Every other row is held back."""
    return np.asarray(np.arange(n) % 2 == 1)


# --- what moved the score ------------------------------------------------------------------------------------------


def test_the_part_of_a_feature_is_its_effect_times_the_change_of_its_shares() -> None:
    # The score is 0.2 for tea and 0.6 for coffee, whatever the cup. Coffee's share goes from 1/4 to 3/4: the mean score
    # from 0.3 to 0.5. The cups stay half and half within each drink, so that they have no part in it.
    before = {"drink": (["tea"] * 6 + ["coffee"] * 2) * 100, "cup": ["big", "small"] * 400}
    now = {"drink": (["tea"] * 2 + ["coffee"] * 6) * 100, "cup": ["big", "small"] * 400}
    scores, then = (np.array([0.6 if d == "coffee" else 0.2 for d in side["drink"]]) for side in (now, before))
    reference = bins(before)
    found = moved_score(bins(now, reference), scores, reference, then)
    parts = dict(found.parts)
    # Ridge draws each bin towards the mean with one row more: 800 rows a bin, so it is less than 1 % off.
    assert parts["drink"] == pytest.approx(0.2, rel=0.01)
    assert parts["cup"] == pytest.approx(0.0, abs=1e-6)
    assert found.left == pytest.approx(0.0, abs=0.002)
    assert found.faithful == pytest.approx(1.0, abs=0.001)


def test_two_features_that_move_share_the_difference_by_their_effects() -> None:
    # Score = 0.1 + 0.3 [rain] + 0.1 [sunday]; rain goes from 20 % to 60 %, sundays from 10 % to 40 %, independently.
    generator = np.random.default_rng(3)

    def draw(rain: float, sunday: float) -> tuple[Columns, Any]:
        wet, off = generator.random(20_000) < rain, generator.random(20_000) < sunday
        return {"rain": wet, "sunday": off}, 0.1 + 0.3 * wet + 0.1 * off

    (before, then), (now, scores) = draw(0.2, 0.1), draw(0.6, 0.4)
    reference = bins(before)
    found = moved_score(bins(now, reference), scores, reference, then)
    parts = dict(found.parts)
    assert parts["rain"] == pytest.approx(0.3 * (now["rain"].mean() - before["rain"].mean()), abs=1e-3)
    assert parts["sunday"] == pytest.approx(0.1 * (now["sunday"].mean() - before["sunday"].mean()), abs=1e-3)
    assert found.left == pytest.approx(0.0, abs=1e-3)


def test_a_model_that_changed_its_weights_is_left_over_and_no_features_fault() -> None:
    values = np.random.default_rng(4).normal(size=N)
    reference = bins({"x": values})
    found = moved_score(bins({"x": values}, reference), values * 0.1 + 0.3, reference, values * 0.1)
    assert dict(found.parts)["x"] == pytest.approx(0.0, abs=1e-9)
    assert found.left == pytest.approx(0.3, abs=1e-6)


@settings(max_examples=30, deadline=None, phases=[Phase.generate, Phase.shrink])
@given(data=st.data())
def test_the_parts_and_what_is_left_are_the_difference_of_the_means(data: st.DataObject) -> None:
    n, m = data.draw(st.integers(2, 60)), data.draw(st.integers(2, 60))

    def column(rows: int) -> Any:
        values = data.draw(st.lists(st.one_of(st.integers(0, 5), st.none()), min_size=rows, max_size=rows))
        return pa.array(values, pa.float64())

    def numbers(rows: int) -> Any:
        return np.array(data.draw(st.lists(st.floats(-5, 5).map(lambda x: round(x, 3)), min_size=rows, max_size=rows)))

    columns = {"x": column(m), "y": column(m)}
    reference = [b for name, c in columns.items() if (b := binned(name, pa.chunked_array([c]))) is not None]
    if not reference:
        return
    window = [b.of(pa.chunked_array([column(n)])) for b in reference]
    scores, before = numbers(n), numbers(m)
    found = moved_score(window, scores, reference, before)
    moved = scores.mean() - before.mean()
    # Each is told in six digits.
    size = max(abs(p) for p in (*dict(found.parts).values(), found.left))
    assert sum(p for _, p in found.parts) + found.left == pytest.approx(moved, abs=3e-5 * size + 1e-9)
    assert 0 <= found.faithful <= 1


# --- what the score rests on ---------------------------------------------------------------------------------------


def five_features(seed: int, n: int = N) -> Columns:
    generator = np.random.default_rng(seed)
    numbers = {name: generator.normal(size=n) for name in ("a", "b", "c", "d")}
    return {**numbers, "e": generator.choice(["x", "y", "z"], n)}


def test_a_score_of_two_features_rests_on_those_two() -> None:
    columns = five_features(5, 4_000)
    scores = columns["a"] + 0.5 * (columns["e"] == "y")
    found = rests_on(bins(columns), scores, late(4_000))
    assert found is not None
    shares = {one.feature: one.share for one in found.importances}
    assert sum(shares.values()) == pytest.approx(1.0, abs=1e-4)
    assert shares["a"] + shares["e"] > 0.97
    assert shares["a"] > shares["e"] > max(shares["b"], shares["c"], shares["d"])
    # Shuffled, a feature adds twice its variance to the error: 2 against 2 · 0.25 · (1/3)(2/3), but eighths of a normal
    # keep only some 94 % of its variance, and the surrogate is not exact.
    assert shares["a"] == pytest.approx(2 / (2 + 2 * 0.25 * 2 / 9), abs=0.04)
    assert found.faithful > 0.9


def test_nothing_is_said_of_scores_that_are_all_alike_or_of_too_few_rows() -> None:
    columns = five_features(6, 600)
    assert rests_on(bins(columns), np.full(600, 0.5), late(600)) is None
    assert rests_on(bins(columns)[:0], columns["a"], late(600)) is None
    few = five_features(6, 300)
    assert rests_on(bins(few), few["a"], late(300)) is None


# --- what tells the window from the reference ------------------------------------------------------------------------


def joined_rows(seed: int) -> Columns:
    """Features that go together: each is nearly the same number, or a name of it."""
    generator = np.random.default_rng(seed)
    base = generator.normal(size=N)
    columns: Columns = {name: base + generator.normal(0, 0.2, N) for name in ("price", "weight", "size")}
    return {**columns, "class": np.where(base > 0, "high", "low")}


def wrongly_joined(columns: Columns, seed: int) -> Columns:
    """Every column with its own values, in an order of its own."""
    generator = np.random.default_rng(seed)
    return {name: generator.permutation(values) for name, values in columns.items()}


def test_rows_of_one_distribution_cannot_be_told_apart() -> None:
    here, there = joined_rows(1), joined_rows(2)
    window = bins(here)
    found = told_apart(window, bins(there, window), (late(N), late(N)))
    assert found is not None
    assert found.auc == pytest.approx(0.5, abs=0.06)
    assert found.auc == metrics.roc_auc_score(found.is_window, found.scores)
    assert found.rebuilt[0] == pytest.approx(found.before[0], abs=4 * (found.rebuilt[1] + found.before[1]))


def test_a_wrong_join_is_told_although_no_column_changed() -> None:
    here, there = wrongly_joined(joined_rows(1), 3), joined_rows(1)
    window = bins(here)
    reference = bins(there, window)
    for ours, theirs in zip(window, reference, strict=True):
        assert np.array_equal(np.bincount(ours.codes), np.bincount(theirs.codes)), "each column alone is the same"
    found = told_apart(window, reference, (late(N), late(N)))
    assert found is not None
    assert found.auc > 0.9
    assert found.rebuilt[0] - 5 * found.rebuilt[1] > found.before[0] * 1.2


# --- the checks, through a model card --------------------------------------------------------------------------------


def verdicts(result: Result, check: str) -> dict[str | None, CheckResult]:
    return {c.subject.feature or c.subject.measure: c for c in result.checks if c.check == check}


def stacked(before: Columns, now: Columns) -> Columns:
    return {name: np.concatenate([before[name], now[name]]) for name in before}


def test_a_feature_that_knows_the_label_fails_the_check_leakage(tmp_path: Path) -> None:
    generator = np.random.default_rng(7)
    label = generator.integers(0, 2, N)
    rows = {
        "label": label,
        "score": np.clip(0.5 + 0.2 * (label - 0.5) + generator.normal(0, 0.2, N), 0, 1),
        "refunded": np.where(label == 1, generator.normal(9, 1, N), generator.normal(1, 1, N)),
        "hint": label + generator.normal(0, 0.8, N),
        "noise": generator.normal(size=N),
        "when": np.datetime64("2026-01-01", "s") + np.arange(N),
    }
    described = card(log="label: label, score: score", more=["checks: {leakage: {}}"])
    result = evaluated(tmp_path, rows, described)
    must_be_sound(result)
    found = verdicts(result, "leakage")
    assert {name: c.verdict for name, c in found.items()} == {"refunded": "fail", "hint": "pass", "noise": "pass"}
    assert "refunded alone tells the label" in found["refunded"].says
    # A feature in eighths tells a little less than the feature itself does, on another half of the rows.
    exact = metrics.roc_auc_score(label, rows["hint"])
    assert value(result, "label_auc", feature="hint") == pytest.approx(exact, abs=0.04)
    assert value(result, "label_auc", feature="noise") == pytest.approx(0.5, abs=0.06)
    assert the(result, "label_auc", feature="noise").n == pytest.approx(N / 2, rel=0.1)


def test_a_feature_that_is_the_label_is_certain_only_within_its_rows(tmp_path: Path) -> None:
    label = np.arange(N) % 2
    rows = {"label": label, "score": np.full(N, 0.5), "copy": label * 3.0}
    result = evaluated(tmp_path, rows, card(log="label: label, score: score", more=["checks: {leakage: {}}"]))
    found = the(result, "label_auc", feature="copy")
    assert found.value == pytest.approx(1.0, abs=1e-12)
    assert found.low is not None
    assert 0.98 < found.low < 1 - 1e-4
    assert verdicts(result, "leakage")["copy"].verdict in ("warn", "fail")


def test_leakage_is_not_looked_for_without_labels(tmp_path: Path) -> None:
    rows = {"score": np.linspace(0, 1, 500), "x": np.arange(500)}
    result = evaluated(tmp_path, rows, without_labels(more=["checks: {leakage: {}}"]))
    assert [c.verdict for c in result.checks] == ["skipped"]


@pytest.mark.parametrize("task", ["binary", "regression"])
def test_what_a_score_rests_on_is_judged_and_held_against_the_reference(tmp_path: Path, task: str) -> None:
    before, now = five_features(8), five_features(9)
    score = np.concatenate([before["a"] + before["b"], now["a"]])
    rows = stacked(before, now) | {"score": 1 / (1 + np.exp(-score)), "label": np.arange(2 * N) % 2}
    more = [f"reference: {{window: rows 0..{N}}}", "checks: {feature_importance: {}}"]
    result = evaluated(tmp_path, rows, card(log="label: label, score: score", task=task, more=more))
    must_be_sound(result)
    assert value(result, "importance", feature="a") > 0.95
    assert value(result, "importance", feature="a", basis="reference") == pytest.approx(0.5, abs=0.1)
    assert value(result, "importance", feature="b", basis="reference") == pytest.approx(0.5, abs=0.1)
    found = verdicts(result, "feature_importance")
    assert found["a"].verdict == "fail"  # more than 0.8 of the whole
    assert found["b"].verdict == "warn"  # half of it before, next to nothing now
    assert {found[name].verdict for name in ("c", "d", "e")} == {"pass"}


def test_a_wrong_join_warns_through_the_check_and_equal_rows_do_not(tmp_path: Path) -> None:
    more = [f"reference: {{window: rows 0..{N}}}", "checks: {multivariate_drift: {}}"]
    expected = {"wrong": ["warn", "warn"], "right": ["pass", "pass"]}
    for name, now in {"wrong": wrongly_joined(joined_rows(2), 4), "right": joined_rows(2)}.items():
        rows = stacked(joined_rows(1), now) | {"score": np.full(2 * N, 0.5)}
        result = evaluated(tmp_path, rows, card(log="score: score", more=more))
        must_be_sound(result)
        assert [c.verdict for c in result.checks if c.check == "multivariate_drift"] == expected[name], result.checks
        for feature in ("price", "weight", "size", "class"):
            assert value(result, "psi", basis="difference", feature=feature) < 0.1
        auc = value(result, "domain_classifier_auc", basis="difference")
        assert (auc > 0.9) == (name == "wrong")


def test_the_feature_that_moved_the_score_is_named_first(tmp_path: Path) -> None:
    before, now = five_features(10), five_features(11)
    now["b"] = now["b"] + 1.5
    score = np.concatenate([side["a"] + side["b"] for side in (before, now)])
    rows = stacked(before, now) | {"score": score}
    more = [f"reference: {{window: rows 0..{N}}}", "checks: {drift: {}}"]
    result = evaluated(tmp_path, rows, without_labels(task="regression", more=more))
    shifts = [m for m in result.measures if m.measure == "score_shift"]
    assert shifts[0].feature == "b"
    # All of 1.5 but for the chance of the draw and what eighths of a number can tell.
    assert shifts[0].value == pytest.approx(1.5, abs=0.25)
    assert all(abs(m.value or 0) < 0.15 for m in shifts[1:])
