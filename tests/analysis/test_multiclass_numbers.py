"""The numbers of models of several classes, held against scikit-learn's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn import metrics

from tests.analysis.evaluating import card, evaluated, the, value

CLASSES = ("cat", "dog", "owl")
LOG = "label: label, score: {cat: p_cat, dog: p_dog, owl: p_owl}"
Floats = np.ndarray[Any, np.dtype[np.float64]]


def rows(seed: int = 3, n: int = 300) -> tuple[dict[str, Any], Any, Floats]:
    generator = np.random.default_rng(seed)
    truth = generator.integers(0, 3, n)
    scores = generator.dirichlet((1, 1, 1), n) + 0.7 * np.eye(3)[truth]
    scores /= scores.sum(axis=1, keepdims=True)
    label = np.array(CLASSES)[truth]
    columns = {"label": label, **{f"p_{c}": scores[:, i] for i, c in enumerate(CLASSES)}}
    columns["weight"] = generator.uniform(0.2, 2, n)
    return columns, label, scores


Number = Callable[[Any, Floats, Any], float]


def said(scores: Floats) -> Any:
    return np.array(CLASSES)[scores.argmax(axis=1)]


MACRO: dict[str, Number] = {
    "accuracy": lambda y, s, w: metrics.accuracy_score(y, said(s), sample_weight=w),
    "balanced_accuracy": lambda y, s, w: metrics.balanced_accuracy_score(y, said(s), sample_weight=w),
    "precision": lambda y, s, w: metrics.precision_score(y, said(s), average="macro", sample_weight=w),
    "recall": lambda y, s, w: metrics.recall_score(y, said(s), average="macro", sample_weight=w),
    "f1": lambda y, s, w: metrics.f1_score(y, said(s), average="macro", sample_weight=w),
    "matthews_corrcoef": lambda y, s, w: metrics.matthews_corrcoef(y, said(s), sample_weight=w),
    "roc_auc": lambda y, s, w: metrics.roc_auc_score(y, s, multi_class="ovr", sample_weight=w),
    "average_precision": lambda y, s, w: metrics.average_precision_score(y, s, average="macro", sample_weight=w),
    "log_loss": lambda y, s, w: metrics.log_loss(y, s, labels=list(CLASSES), sample_weight=w),
    "brier": lambda y, s, w: metrics.brier_score_loss(y, s, labels=list(CLASSES), sample_weight=w),
}


@pytest.mark.parametrize("weighted", [False, True], ids=["unweighted", "weighted"])
@pytest.mark.parametrize("name", MACRO)
def test_the_whole_is_the_macro_average_of_scikit_learn(tmp_path: Path, name: str, weighted: bool) -> None:
    columns, label, scores = rows()
    log = LOG + (", weight: weight" if weighted else "")
    found = the(evaluated(tmp_path, columns, card(log=log, task="multiclass")), name)
    expected = MACRO[name](label, scores, columns["weight"] if weighted else None)
    assert found.value == pytest.approx(expected, abs=1e-12)
    assert found.low is not None
    assert found.high is not None
    assert found.low <= expected <= found.high


@pytest.mark.parametrize("name", ["precision", "recall", "f1", "roc_auc", "average_precision"])
def test_each_class_is_measured_against_the_rest(tmp_path: Path, name: str) -> None:
    columns, label, scores = rows()
    result = evaluated(tmp_path, columns, card(log=LOG, task="multiclass"))
    for place, class_ in enumerate(CLASSES):
        is_class, chosen = label == class_, said(scores) == class_
        of_decisions = {"precision": metrics.precision_score, "recall": metrics.recall_score, "f1": metrics.f1_score}
        of_scores = {"roc_auc": metrics.roc_auc_score, "average_precision": metrics.average_precision_score}
        if name in of_decisions:
            by_sklearn = of_decisions[name](is_class, chosen)
        else:
            by_sklearn = of_scores[name](is_class, scores[:, place])
        assert value(result, name, class_=class_) == pytest.approx(by_sklearn, abs=1e-12)


def test_the_confusion_matrix_has_a_count_for_each_pair_of_classes(tmp_path: Path) -> None:
    columns = {"label": ["a", "a", "b", "c"], "said": ["a", "b", "b", "a"]}
    result = evaluated(tmp_path, columns, card(log="label: label, prediction: said", task="multiclass"))
    counts = {m.slice: m.value for m in result.measures if m.measure == "count" and m.value}
    assert counts == {
        (("label", "a"), ("prediction", "a")): 1,
        (("label", "a"), ("prediction", "b")): 1,
        (("label", "b"), ("prediction", "b")): 1,
        (("label", "c"), ("prediction", "a")): 1,
    }


def test_a_class_that_is_never_predicted_has_no_precision_and_counts_as_0_in_the_average(tmp_path: Path) -> None:
    columns = {"label": ["a", "a", "b", "c"], "said": ["a", "b", "b", "a"]}
    result = evaluated(tmp_path, columns, card(log="label: label, prediction: said", task="multiclass"))
    assert the(result, "precision", class_="c").value is None
    assert the(result, "precision", class_="c").reason == "no row is predicted positive"
    whole = the(result, "precision")
    assert whole.value == pytest.approx((0.5 + 0.5 + 0) / 3)
    assert whole.note == "it is undefined for c, which counts as 0"


def test_without_scores_only_decisions_are_measured(tmp_path: Path) -> None:
    columns = {"label": ["a", "b"], "said": ["a", "a"]}
    result = evaluated(tmp_path, columns, card(log="label: label, prediction: said", task="multiclass"))
    assert value(result, "accuracy") == 0.5
    assert the(result, "roc_auc").value is None


def test_labels_written_as_fractions_are_the_whole_classes(tmp_path: Path) -> None:
    columns = {"label": [1.0, 2.0, None], "p1": [0.9, 0.2, 0.3], "p2": [0.1, 0.8, 0.7]}
    result = evaluated(tmp_path, columns, card(log="label: label, score: {1: p1, 2: p2}", task="multiclass"))
    assert (value(result, "accuracy"), the(result, "accuracy").n) == (1.0, 2)


def test_groups_and_periods_of_several_classes_are_those_of_their_rows(tmp_path: Path) -> None:
    columns, label, scores = rows()
    columns["shop"] = np.where(np.arange(len(label)) % 3 == 0, "north", "south")
    described = card(log=LOG, task="multiclass", more=["slices: [shop]", "periods: {rows: 100}"])
    result = evaluated(tmp_path, columns, described)
    north = columns["shop"] == "north"
    expected = metrics.roc_auc_score(label[north], scores[north], multi_class="ovr")
    assert value(result, "roc_auc", where=(("shop", "north"),)) == pytest.approx(expected, abs=1e-12)
    expected = metrics.f1_score(label[100:200], said(scores[100:200]), average="macro")
    assert value(result, "f1", period="rows 100..200") == pytest.approx(expected, abs=1e-12)


def test_classes_of_rows_that_lack_a_label_or_a_prediction_are_in_no_average(tmp_path: Path) -> None:
    columns = {"label": ["a", "b", "c", None], "said": ["a", "b", None, "d"]}
    result = evaluated(tmp_path, columns, card(log="label: label, prediction: said", task="multiclass"))
    for name in ("precision", "recall", "f1", "balanced_accuracy"):
        assert (value(result, name), the(result, name).n, the(result, name).note) == (1.0, 2, None)


def test_weights_of_0_leave_every_number_undefined(tmp_path: Path) -> None:
    columns = {"label": ["a", "b"], "said": ["a", "a"], "w": [0, 0]}
    result = evaluated(tmp_path, columns, card(log="label: label, prediction: said, weight: w", task="multiclass"))
    for name in ("accuracy", "precision", "f1", "matthews_corrcoef"):
        assert the(result, name).reason == "the weights are all 0"


def test_names_of_classes_that_only_look_like_numbers_stay_apart(tmp_path: Path) -> None:
    columns = {"label": ["1_0", "10", "9007199254740993"], "said": ["10", "10", "9007199254740992"]}
    result = evaluated(tmp_path, columns, card(log="label: label, prediction: said", task="multiclass"))
    assert value(result, "accuracy") == pytest.approx(1 / 3)


def test_more_rows_than_scores_are_kept_of_give_areas_within_the_notes_bound(tmp_path: Path) -> None:
    columns, label, scores = rows(n=140_000)
    del columns["weight"]
    result = evaluated(tmp_path, columns, card(log=LOG, task="multiclass"))
    for i, name in enumerate(CLASSES):
        found = the(result, "roc_auc", class_=name)
        assert found.value == pytest.approx(metrics.roc_auc_score(label == name, scores[:, i]), abs=1e-4)
    assert value(result, "log_loss") == pytest.approx(metrics.log_loss(label, scores, labels=CLASSES), rel=1e-9)
