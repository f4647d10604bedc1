"""The numbers of regressions, held against scikit-learn's."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn import metrics

from tests.analysis.evaluating import card, evaluated, the, value

LOG = "label: price, score: said"
BY_SCIKIT_LEARN = {
    "mean_absolute_error": metrics.mean_absolute_error,
    "mean_squared_error": metrics.mean_squared_error,
    "root_mean_squared_error": metrics.root_mean_squared_error,
    "mean_absolute_percentage_error": metrics.mean_absolute_percentage_error,
    "mean_squared_log_error": metrics.mean_squared_log_error,
    "root_mean_squared_log_error": metrics.root_mean_squared_log_error,
    "r2": metrics.r2_score,
}


def rows(n: int = 400) -> dict[str, Any]:
    generator = np.random.default_rng(4)
    price = generator.lognormal(3, 0.6, n)
    return {
        "price": price,
        "said": price * generator.normal(1.02, 0.1, n),
        "weight": generator.uniform(0.1, 3, n),
        "city": np.where(np.arange(n) % 2 == 0, "Bonn", "Köln"),
    }


@pytest.mark.parametrize("weighted", [False, True], ids=["unweighted", "weighted"])
@pytest.mark.parametrize("name", BY_SCIKIT_LEARN)
def test_it_is_the_number_of_scikit_learn(tmp_path: Path, name: str, weighted: bool) -> None:
    columns = rows()
    log = LOG + (", weight: weight" if weighted else "")
    result = evaluated(tmp_path, columns, card(log=log, task="regression", more=["slices: [city]"]))
    weight = columns["weight"] if weighted else None
    expected = BY_SCIKIT_LEARN[name](columns["price"], columns["said"], sample_weight=weight)
    found = the(result, name)
    assert found.value == pytest.approx(expected, rel=1e-11)
    assert found.low is not None
    assert found.high is not None
    assert found.low < expected < found.high
    there = columns["city"] == "Bonn"
    expected = BY_SCIKIT_LEARN[name](
        columns["price"][there], columns["said"][there], sample_weight=None if weight is None else weight[there]
    )
    assert value(result, name, where=(("city", "Bonn"),)) == pytest.approx(expected, rel=1e-11)


def test_the_mean_error_is_above_0_where_the_model_says_too_much(tmp_path: Path) -> None:
    result = evaluated(tmp_path, {"price": [10, 20], "said": [13, 21]}, card(log=LOG, task="regression"))
    assert value(result, "mean_error") == 2.0


def test_the_interval_of_a_mean_error_is_the_normal_one(tmp_path: Path) -> None:
    columns = rows()
    found = the(evaluated(tmp_path, columns, card(log=LOG, task="regression")), "mean_absolute_error")
    errors = np.abs(columns["said"] - columns["price"])
    reach = 1.959963984540054 * errors.std(ddof=1) / math.sqrt(len(errors))
    assert found.high == pytest.approx(errors.mean() + reach, rel=1e-9)


def test_what_a_zero_or_a_loss_makes_undefined_says_so(tmp_path: Path) -> None:
    result = evaluated(tmp_path, {"price": [0, 20, -5], "said": [1, 21, 3]}, card(log=LOG, task="regression"))
    assert the(result, "mean_absolute_percentage_error").reason == "the label is 0 in 1 row"
    assert the(result, "mean_squared_log_error").reason == "in 1 row the label or the prediction is -1 or less"
    assert value(result, "mean_absolute_error") == pytest.approx(10 / 3)


def test_rows_without_a_label_or_a_prediction_count_for_nothing_realized(tmp_path: Path) -> None:
    columns = {"price": [10.0, None, 30.0], "said": [11.0, 20.0, math.nan]}
    result = evaluated(tmp_path, columns, card(log=LOG, task="regression"))
    assert (value(result, "mean_absolute_error"), the(result, "mean_absolute_error").n) == (1.0, 1)
    assert the(result, "r2").reason == "there is one row"


def test_labels_that_are_all_the_same_have_no_r2(tmp_path: Path) -> None:
    result = evaluated(tmp_path, {"price": [0.1] * 3, "said": [0.2, 0.1, 0.3]}, card(log=LOG, task="regression"))
    assert the(result, "r2").reason == "all labels are the same"


def test_infinite_predictions_leave_nothing_defined(tmp_path: Path) -> None:
    result = evaluated(tmp_path, {"price": [1.0, 2.0], "said": [math.inf, 2.0]}, card(log=LOG, task="regression"))
    assert the(result, "mean_absolute_error").reason == "some labels or predictions are infinite"
