"""The numbers of binary models: published ones, scikit-learn's, and those that are undefined."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats
from sklearn import metrics

from analysis.errors import DataError, UserError
from tests.analysis.evaluating import card, evaluated, the, value

SCORED = "label: label, score: score"
PUBLISHED = {  # ProPublica (2016), COMPAS: TN, FP, FN, TP
    "African-American": (990, 805, 532, 1369),
    "Caucasian": (1139, 349, 461, 505),
    "all others": (552, 128, 223, 161),
}


def published_rows() -> dict[str, list[Any]]:
    rows: dict[str, list[Any]] = {"race": [], "label": [], "score": []}
    for race, counts in PUBLISHED.items():
        for (label, score), count in zip([(0, 3), (0, 7), (1, 3), (1, 7)], counts, strict=True):
            rows["race"] += [race] * count
            rows["label"] += [label] * count
            rows["score"] += [score] * count
    return rows


def test_published_counts_come_out_exactly(tmp_path: Path) -> None:
    result = evaluated(tmp_path, published_rows(), card(log=SCORED, more=["threshold: 5", "protected: [race]"]))
    assert result.window.rows == 7214
    whole = [value(result, f"{name}s") for name in TRUTHS]
    assert whole == [2681, 1282, 1216, 2035]
    assert round(value(result, "false_positive_rate"), 4) == 0.3235
    assert round(value(result, "false_negative_rate"), 4) == 0.3740
    for race, counts in PUBLISHED.items():
        where = (("race", race),)
        assert [value(result, f"{name}s", where=where) for name in TRUTHS] == list(counts)


TRUTHS = ("true_negative", "false_positive", "false_negative", "true_positive")


def test_a_rate_has_wilsons_interval_and_its_denominator_as_n(tmp_path: Path) -> None:
    result = evaluated(tmp_path, published_rows(), card(log=SCORED, more=["threshold: 5", "protected: [race]"]))
    rate = the(result, "false_positive_rate", where=(("race", "African-American"),))
    assert rate.n == 1795
    assert rate.value == pytest.approx(805 / 1795, abs=1e-15)
    by_scipy = stats.binomtest(805, 1795).proportion_ci(method="wilson")
    assert (rate.low, rate.high) == pytest.approx((by_scipy.low, by_scipy.high), abs=1e-12)
    assert (round(rate.low or 0, 4), round(rate.high or 0, 4)) == (0.4256, 0.4716)


def random_rows(seed: int, *, n: int = 800, ties: bool = True) -> dict[str, np.ndarray[Any, Any]]:
    generator = np.random.default_rng(seed)
    label = generator.integers(0, 2, n)
    score = np.clip(generator.normal(0.4 + 0.2 * label, 0.2), 0, 1)
    if ties:
        score = np.round(score, 2)
    return {"label": label, "score": score, "weight": generator.uniform(0.1, 3, n)}


BY_SCIKIT_LEARN: dict[str, Callable[..., float]] = {
    "accuracy": lambda y, s, w: metrics.accuracy_score(y, s >= 0.5, sample_weight=w),
    "balanced_accuracy": lambda y, s, w: metrics.balanced_accuracy_score(y, s >= 0.5, sample_weight=w),
    "precision": lambda y, s, w: metrics.precision_score(y, s >= 0.5, sample_weight=w),
    "recall": lambda y, s, w: metrics.recall_score(y, s >= 0.5, sample_weight=w),
    "f1": lambda y, s, w: metrics.f1_score(y, s >= 0.5, sample_weight=w),
    "specificity": lambda y, s, w: metrics.recall_score(y, s >= 0.5, pos_label=0, sample_weight=w),
    "negative_predictive_value": lambda y, s, w: metrics.precision_score(y, s >= 0.5, pos_label=0, sample_weight=w),
    "matthews_corrcoef": lambda y, s, w: metrics.matthews_corrcoef(y, s >= 0.5, sample_weight=w),
    "roc_auc": lambda y, s, w: metrics.roc_auc_score(y, s, sample_weight=w),
    "average_precision": lambda y, s, w: metrics.average_precision_score(y, s, sample_weight=w),
    "log_loss": lambda y, s, w: metrics.log_loss(y, s, sample_weight=w),
    "brier": lambda y, s, w: metrics.brier_score_loss(y, s, sample_weight=w),
    "mean_score": lambda _, s, w: np.average(s, weights=w),
    "positive_rate": lambda y, _, w: np.average(y, weights=w),
    "selection_rate": lambda _, s, w: np.average(s >= 0.5, weights=w),
}


@pytest.mark.parametrize("weighted", [False, True], ids=["unweighted", "weighted"])
@pytest.mark.parametrize("ties", [False, True], ids=["no ties", "ties"])
@pytest.mark.parametrize("name", BY_SCIKIT_LEARN)
def test_it_is_the_number_of_scikit_learn(tmp_path: Path, name: str, ties: bool, weighted: bool) -> None:
    rows = random_rows(7, ties=ties)
    log = SCORED + (", weight: weight" if weighted else "")
    result = evaluated(tmp_path, rows, card(log=log, more=["threshold: 0.5"]))
    by_sklearn = BY_SCIKIT_LEARN[name](rows["label"], rows["score"], rows["weight"] if weighted else None)
    found = the(result, name)
    assert found.value == pytest.approx(by_sklearn, abs=1e-12)
    assert found.low is not None
    assert found.high is not None
    assert found.low < by_sklearn < found.high


def test_ks_separation_is_scipys_distance_of_positives_from_negatives(tmp_path: Path) -> None:
    rows = random_rows(8)
    result = evaluated(tmp_path, rows, card(log=SCORED))
    positive = rows["label"] == 1
    by_scipy = stats.ks_2samp(rows["score"][positive], rows["score"][~positive]).statistic
    assert value(result, "ks_separation") == pytest.approx(by_scipy, abs=1e-12)


def test_the_interval_of_the_auc_is_delongs(tmp_path: Path) -> None:
    rows = random_rows(9, n=60)
    found = the(evaluated(tmp_path, rows, card(log=SCORED)), "roc_auc")
    up, down = rows["score"][rows["label"] == 1], rows["score"][rows["label"] == 0]
    won = (up[:, None] > down) + 0.5 * (up[:, None] == down)
    error = math.sqrt(won.mean(axis=1).var(ddof=1) / len(up) + won.mean(axis=0).var(ddof=1) / len(down))
    assert found.low == pytest.approx(won.mean() - 1.959963984540054 * error, abs=1e-12)
    assert found.high == pytest.approx(won.mean() + 1.959963984540054 * error, abs=1e-12)


def test_calibration_error_and_curve_of_ten_rows_by_hand(tmp_path: Path) -> None:
    # Bin [0.1, 0.2): scores .1 and .16, labels 0 and 1. Bin [0.9, 1]: scores .9 and 1, labels 1 and 1.
    rows = {"label": [0, 1, 1, 1], "score": [0.1, 0.16, 0.9, 1.0]}
    result = evaluated(tmp_path, rows, card(log=SCORED))
    assert value(result, "expected_calibration_error") == pytest.approx((abs(0.26 - 1) + abs(1.9 - 2)) / 4)
    low, high = (("score", "[0.1, 0.2)"),), (("score", "[0.9, 1]"),)
    assert value(result, "mean_score", where=low) == pytest.approx(0.13)
    assert value(result, "positive_rate", where=low) == 0.5
    assert value(result, "mean_score", where=high) == pytest.approx(0.95)
    assert the(result, "positive_rate", where=high).n == 2


def test_the_confusion_matrix_is_counts_by_label_and_prediction(tmp_path: Path) -> None:
    rows = {"label": [0, 0, 0, 1, 1], "score": [0.1, 0.7, 0.8, 0.9, 0.2]}
    result = evaluated(tmp_path, rows, card(log=SCORED))
    counts = {m.slice: m.value for m in result.measures if m.measure == "count"}
    assert counts == {
        (("label", "1"), ("prediction", "1")): 1,
        (("label", "0"), ("prediction", "1")): 2,
        (("label", "1"), ("prediction", "0")): 1,
        (("label", "0"), ("prediction", "0")): 1,
    }


def test_a_prediction_column_decides_instead_of_the_threshold(tmp_path: Path) -> None:
    rows = {"label": ["yes", "no", "yes", "no"], "score": [0.9, 0.9, 0.9, 0.9], "said": ["yes", "no", "no", "no"]}
    described = card(log="label: label, score: score, prediction: said", more=['positive: "yes"'])
    result = evaluated(tmp_path, rows, described)
    assert [value(result, f"{name}s") for name in TRUTHS] == [2, 0, 1, 1]


@pytest.mark.parametrize(
    ("labels", "positive"),
    [([1, 0], None), ([True, False], None), ([1.0, 0.0], "1"), (["1", "0"], None), (["bad", "good"], "bad")],
    ids=["whole numbers", "true and false", "fractions", "text", "words"],
)
def test_labels_of_every_type_are_read(tmp_path: Path, labels: list[Any], positive: str | None) -> None:
    rows = {"label": labels * 2, "score": [0.9, 0.1, 0.8, 0.3]}
    more = [f'positive: "{positive}"'] if positive is not None else []
    assert value(evaluated(tmp_path, rows, card(log=SCORED, more=more)), "accuracy") == 1.0


def test_one_class_leaves_what_needs_both_undefined_with_the_reason(tmp_path: Path) -> None:
    result = evaluated(tmp_path, {"label": [0, 0, 0], "score": [0.2, 0.7, 0.4]}, card(log=SCORED))
    assert value(result, "false_positive_rate") == pytest.approx(1 / 3)
    for name in ("roc_auc", "recall", "average_precision", "balanced_accuracy", "false_negative_rate"):
        measure = the(result, name)
        assert measure.value is None
        assert measure.reason == "no row is positive"


def test_rows_without_a_label_or_a_score_are_in_no_number_that_needs_them(tmp_path: Path) -> None:
    rows = {"label": [1, 0, None, 1, 0], "score": [0.9, 0.2, 0.4, math.nan, 0.6]}
    result = evaluated(tmp_path, rows, card(log=SCORED))
    assert result.window.rows == 5
    assert the(result, "accuracy").n == 3
    assert value(result, "accuracy") == pytest.approx(2 / 3)
    assert the(result, "roc_auc").n == 3
    assert the(result, "positive_rate").n == 4
    assert value(result, "missing_rate", feature="score") == 0.2
    assert value(result, "missing_rate", feature="label") == 0.2
    assert value(result, "volume") == 5


def test_a_log_without_labels_is_measured_for_quality_alone(tmp_path: Path) -> None:
    later = card(log=SCORED).replace("log: {", "log: {labels: later, ")
    result = evaluated(tmp_path, {"score": [0.2, 0.7, 0.4]}, later)
    assert the(result, "roc_auc").reason == "no row has both a label and a score"
    assert value(result, "missing_rate", feature="score") == 0.0
    assert value(result, "selection_rate") == pytest.approx(1 / 3)


def test_scores_that_are_no_probabilities_have_no_loss_but_an_order(tmp_path: Path) -> None:
    result = evaluated(
        tmp_path, {"label": [0, 1, 0, 1], "score": [1, 9, 3, 7]}, card(log=SCORED, more=["threshold: 5"])
    )
    assert value(result, "roc_auc") == 1.0
    assert "no probabilities" in (the(result, "log_loss").reason or "")
    assert the(result, "brier").value is None


def test_infinite_scores_are_ordered_and_have_no_mean(tmp_path: Path) -> None:
    rows = {"label": [0, 1, 0, 1], "score": [-math.inf, math.inf, 0.3, 0.7]}
    result = evaluated(tmp_path, rows, card(log=SCORED))
    assert value(result, "roc_auc") == 1.0
    assert the(result, "mean_score").value is None


def test_a_single_row_is_measured(tmp_path: Path) -> None:
    result = evaluated(tmp_path, {"label": [1], "score": [0.9]}, card(log=SCORED))
    assert value(result, "recall") == 1.0
    assert value(result, "log_loss") == pytest.approx(-math.log(0.9))


def test_labels_of_which_none_is_the_positive_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match='"label" holds "bad", "good"'):
        evaluated(tmp_path, {"label": ["bad", "good"], "score": [0.9, 0.1]}, card(log=SCORED))


def test_more_than_two_labels_are_refused_without_a_positive(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="3 different values"):
        evaluated(tmp_path, {"label": [0, 1, 2], "score": [0.9, 0.1, 0.2]}, card(log=SCORED))


def test_words_among_the_scores_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(DataError, match='"score" holds a value that is no number'):
        evaluated(tmp_path, {"label": [0, 1], "score": ["0.1", "high"]}, card(log=SCORED))


def test_scores_with_a_decimal_comma_are_refused_with_what_to_write(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="decimal comma; say so in the model card"):
        evaluated(tmp_path, {"label": [0, 1], "score": ["0,1", "0,75"]}, card(log=SCORED))


def test_a_rate_without_any_label_says_that_there_is_none(tmp_path: Path) -> None:
    rows = {"label": [None, None], "score": [0.1, 0.9]}
    result = evaluated(tmp_path, rows, card(log=SCORED, more=["positive: 1"]))
    reasons = {the(result, name).reason for name in ("precision", "recall", "false_positive_rate")}
    assert reasons == {"no row has both a label and a prediction"}


def test_negative_weights_are_refused(tmp_path: Path) -> None:
    rows = {"label": [0, 1], "score": [0.1, 0.9], "weight": [1, -2]}
    with pytest.raises(DataError, match="weights must be numbers of at least 0"):
        evaluated(tmp_path, rows, card(log=SCORED + ", weight: weight"))


def test_an_unknown_version_is_answered_with_the_known_ones(tmp_path: Path) -> None:
    rows = {"label": [0, 1], "score": [0.1, 0.9], "v": ["v1", "v2"]}
    described = card(log=SCORED + ", version: v", more=["versions: {v1: champion, v2: challenger}"])
    with pytest.raises(UserError, match='its versions are "v1", "v2"'):
        evaluated(tmp_path, rows, described, version="v9")


def test_without_a_version_only_the_champions_rows_count(tmp_path: Path) -> None:
    rows = {"label": [0, 1, 1], "score": [0.1, 0.9, 0.2], "v": ["v1", "v1", "v2"]}
    described = card(log=SCORED + ", version: v", more=["versions: {v1: champion, v2: challenger}"])
    result = evaluated(tmp_path, rows, described)
    assert (result.version, result.window.rows, value(result, "recall")) == ("v1", 2, 1.0)
    assert value(evaluated(tmp_path, rows, described, version="v2"), "recall") == 0.0


def test_a_window_without_rows_says_so(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"rows 10\.\.20 holds no row"):
        evaluated(tmp_path, {"label": [0, 1], "score": [0.1, 0.9]}, card(log=SCORED), window="rows 10..20")


@pytest.mark.parametrize("scores", [[math.nan, math.nan, math.nan], [None, None, None]], ids=["NaN", "null"])
def test_a_log_without_a_single_score_is_evaluated_and_says_why_numbers_lack(tmp_path: Path, scores: list[Any]) -> None:
    rows = {"y": [1, 0, 1], "s": pa.array(scores, pa.float64())}
    found = evaluated(tmp_path, rows, card(log="label: y, score: s"))
    assert the(found, "roc_auc").reason == "no row has both a label and a score"


@pytest.mark.parametrize("precision", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("threshold", [0.1, 0.3, 0.5, 0.7])
def test_scores_reach_the_threshold_as_numpy_compares_them(
    tmp_path: Path, precision: type[np.floating[Any]], threshold: float
) -> None:
    scores = np.array([0.1, 0.3, 0.5, 0.7, 0.699, 0.299], dtype=precision)
    columns = {"label": [1, 0, 1, 1, 0, 1], "score": scores}
    described = card(log="label: label, score: score", more=[f"threshold: {threshold}"])
    found = value(evaluated(tmp_path, columns, described), "selection_rate")
    assert found == (scores >= threshold).mean()
