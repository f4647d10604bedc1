"""Two versions on the same cases: paired in a row or by id, with intervals of the pairs."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn import metrics

from analysis.errors import DataError, UserError
from tests.analysis.evaluating import card, evaluated, the, value

IN_ONE_ROW = card(
    log="label: label", more=["versions:", "  v1: {role: champion, score: s1}", "  v2: {role: challenger, score: s2}"]
)
IN_OWN_ROWS = card(
    log="id: id, label: label, score: score, version: v", more=["versions: {v1: champion, v2: challenger}"]
)


def two_scores(n: int = 400) -> dict[str, Any]:
    generator = np.random.default_rng(11)
    label = generator.integers(0, 2, n)
    common = generator.normal(0, 0.1, n)
    scores = [np.clip(0.5 + shift * (label - 0.5) + common + generator.normal(0, 0.1, n), 0, 1) for shift in (0.1, 0.2)]
    return {"label": label, "s1": np.round(scores[0], 2), "s2": np.round(scores[1], 2)}


def in_own_rows(rows: dict[str, Any]) -> dict[str, Any]:
    n = len(rows["label"])
    order = np.random.default_rng(12).permutation(2 * n)
    return {
        "id": np.array([f"c{i % n}" for i in range(2 * n)])[order],
        "label": np.tile(rows["label"], 2)[order],
        "score": np.concatenate([rows["s1"], rows["s2"]])[order],
        "v": np.repeat(["v1", "v2"], n)[order],
    }


def paired_delong(label: Any, one: Any, two: Any) -> tuple[float, float]:
    """The difference of the areas and its standard error, from the definition."""
    parts = []
    for score in (one, two):
        up, down = score[label == 1], score[label == 0]
        won = (up[:, None] > down) + 0.5 * (up[:, None] == down)
        parts.append((won.mean(axis=1), won.mean(axis=0)))
    apart = [parts[0][i] - parts[1][i] for i in (0, 1)]
    error = math.sqrt(sum(a.var(ddof=1) / len(a) for a in apart))
    return float(apart[0].mean()), error


def test_the_difference_of_two_aucs_has_delongs_paired_interval(tmp_path: Path) -> None:
    rows = two_scores()
    found = the(evaluated(tmp_path, rows, IN_ONE_ROW, version="v2", against="v1"), "roc_auc", basis="difference")
    difference, error = paired_delong(rows["label"], rows["s2"], rows["s1"])
    assert found.value == pytest.approx(difference, abs=1e-12)
    assert found.low == pytest.approx(difference - 1.959963984540054 * error, abs=1e-12)
    assert found.high == pytest.approx(difference + 1.959963984540054 * error, abs=1e-12)
    assert found.n == 400


def test_rows_of_their_own_are_paired_by_id(tmp_path: Path) -> None:
    rows = two_scores()
    together = evaluated(tmp_path, rows, IN_ONE_ROW, version="v2", against="v1")
    apart = evaluated(tmp_path, in_own_rows(rows), IN_OWN_ROWS, version="v2", against="v1")
    for name in ("roc_auc", "accuracy", "f1", "log_loss", "expected_calibration_error"):
        one, two = the(together, name, basis="difference"), the(apart, name, basis="difference")
        assert two.value == pytest.approx(one.value, abs=1e-12)
        assert two.n == one.n == 400


def test_differences_are_judged_minus_against_of_scikit_learns_numbers(tmp_path: Path) -> None:
    rows = two_scores()
    result = evaluated(tmp_path, rows, IN_ONE_ROW, version="v2", against="v1")
    label, one, two = rows["label"], rows["s1"], rows["s2"]
    expected = {
        "f1": metrics.f1_score(label, two >= 0.5) - metrics.f1_score(label, one >= 0.5),
        "precision": metrics.precision_score(label, two >= 0.5) - metrics.precision_score(label, one >= 0.5),
        "average_precision": metrics.average_precision_score(label, two) - metrics.average_precision_score(label, one),
        "brier": metrics.brier_score_loss(label, two) - metrics.brier_score_loss(label, one),
    }
    for name, difference in expected.items():
        assert value(result, name, basis="difference") == pytest.approx(difference, abs=1e-12)
    assert value(result, "roc_auc", version="v1") == pytest.approx(metrics.roc_auc_score(label, one), abs=1e-12)
    assert (result.version, result.against) == ("v2", "v1")


def test_the_interval_of_a_loss_is_that_of_the_differences_on_each_case(tmp_path: Path) -> None:
    rows = two_scores()
    found = the(evaluated(tmp_path, rows, IN_ONE_ROW, version="v2", against="v1"), "brier", basis="difference")
    apart = (rows["s2"] - rows["label"]) ** 2 - (rows["s1"] - rows["label"]) ** 2
    assert found.low == pytest.approx(apart.mean() - 1.959963984540054 * apart.std(ddof=1) / 20, abs=1e-12)


def test_pairing_makes_the_interval_of_the_accuracy_narrower_than_two_samples_would(tmp_path: Path) -> None:
    result = evaluated(tmp_path, two_scores(), IN_ONE_ROW, version="v2", against="v1")
    found = the(result, "accuracy", basis="difference")
    single = [the(result, "accuracy", version=v) for v in ("v1", "v2")]
    assert found.low is not None
    assert found.high is not None
    reach = [(m.high or 0) - (m.low or 0) for m in single]
    assert found.high - found.low < math.hypot(*reach)
    assert found.low < (found.value or 0) < found.high


def test_only_cases_that_both_versions_have_are_compared(tmp_path: Path) -> None:
    rows = {
        "id": ["a", "b", "c", "a", "b", "d"],
        "label": [1, 0, 1, 1, 0, 0],
        "score": [0.9, 0.8, 0.1, 0.2, 0.3, 0.9],
        "v": ["v1"] * 3 + ["v2"] * 3,
    }
    result = evaluated(tmp_path, rows, IN_OWN_ROWS, version="v2", against="v1")
    found = the(result, "accuracy", basis="difference")
    assert (found.value, found.n) == (0.0, 2)  # a: right, then wrong; b: wrong, then right


def test_an_id_twice_in_one_version_is_refused(tmp_path: Path) -> None:
    rows = {"id": ["a", "a", "a"], "label": [1, 1, 0], "score": [0.9, 0.2, 0.3], "v": ["v1", "v2", "v2"]}
    with pytest.raises(DataError, match='the ids of 1 row of version "v2" repeat one'):
        evaluated(tmp_path, rows, IN_OWN_ROWS, version="v2", against="v1")


def test_versions_without_a_common_case_are_refused(tmp_path: Path) -> None:
    rows = {"id": ["a", "b"], "label": [1, 1], "score": [0.9, 0.2], "v": ["v1", "v2"]}
    with pytest.raises(DataError, match='no case has a row of both "v2" and "v1"'):
        evaluated(tmp_path, rows, IN_OWN_ROWS, version="v2", against="v1")


def test_versions_in_rows_of_their_own_need_an_id_column(tmp_path: Path) -> None:
    described = card(log="label: label, score: score, version: v", more=["versions: {v1: champion, v2: challenger}"])
    with pytest.raises(UserError, match="paired by id"):
        evaluated(tmp_path, in_own_rows(two_scores()), described, version="v2", against="v1")


def test_a_version_is_not_compared_with_itself(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be compared with itself"):
        evaluated(tmp_path, two_scores(), IN_ONE_ROW, against="v1")


def test_regressions_are_compared_by_their_errors_on_each_case(tmp_path: Path) -> None:
    rows = {"label": [10.0, 20.0, 30.0], "s1": [12.0, 21.0, 33.0], "s2": [11.0, 20.5, 30.0]}
    described = IN_ONE_ROW.replace("task: binary", "task: regression")
    result = evaluated(tmp_path, rows, described, version="v2", against="v1")
    found = the(result, "mean_absolute_error", basis="difference")
    assert found.value == pytest.approx((-1 - 0.5 - 3) / 3)
    apart = np.array([-1, -0.5, -3])
    assert found.low == pytest.approx(apart.mean() - 1.959963984540054 * apart.std(ddof=1) / math.sqrt(3))


def test_models_of_several_classes_are_compared_by_right_and_wrong(tmp_path: Path) -> None:
    rows = {"label": ["a", "b", "c", "a"], "one": ["a", "b", "b", "b"], "two": ["a", "b", "c", "b"]}
    described = card(
        log="label: label",
        task="multiclass",
        more=["versions:", "  v1: {role: champion, prediction: one}", "  v2: {role: challenger, prediction: two}"],
    )
    result = evaluated(tmp_path, rows, described, version="v2", against="v1")
    assert value(result, "accuracy", basis="difference") == pytest.approx(0.25)
