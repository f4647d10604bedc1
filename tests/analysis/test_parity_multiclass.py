"""Models of several classes, whatever is in the log: scikit-learn's numbers, and macro averages by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn import metrics

from analysis.errors import DataError
from analysis.values import Result
from tests.analysis.evaluating import card, evaluated, the, value
from tests.analysis.parity import FEW, GROUPS, MODEST, WEIGHTS, must_agree, must_be_sound, or_none, put_down, wilson

CLASSES = ("a", "b", "c")
SCORES = ("p_a", "p_b", "p_c")
SPELLED: dict[str, dict[str, Any]] = {
    "words": {"a": "a", "b": "b", "c": "c", "never scored": "d"},
    "whole numbers": {"a": 1, "b": 2, "c": 3, "never scored": 4},
    "fractions": {"a": 1.0, "b": 2.5, "c": -3.0, "never scored": 4.0},
    "huge whole numbers": {"a": 2**60, "b": 2**60 + 1, "c": 2**60 + 2, "never scored": 2**60 + 3},
    "words that Python reads as numbers": {"a": "1_0", "b": "10", "c": "nan ", "never scored": "٣"},
}


@st.composite
def decisions(draw: st.DrawFn) -> dict[str, list[Any]]:
    """Labels and predictions of which some classes occur on one side alone, some are missing; weights, some of 0."""
    n = draw(st.integers(1, 30))
    classes: list[list[str | None]] = [["a"], ["a", "b"], [*CLASSES], [*CLASSES, None], ["never scored", "a"]]
    some = st.sampled_from(classes)
    columns = {
        "label": st.sampled_from(draw(some)),
        "said": st.sampled_from(draw(some)),
        "weight": draw(st.sampled_from([WEIGHTS, WEIGHTS, st.just(0.0)])),
        "group": GROUPS,
    }
    rows = {name: draw(st.lists(values, min_size=n, max_size=n)) for name, values in columns.items()}
    labels, said = ({c for c in rows[name] if c is not None} for name in ("label", "said"))
    assume(labels & said or min(len(labels), len(said)) < 2)  # else they are in other words, which is refused
    return rows


@st.composite
def scored(draw: st.DrawFn) -> dict[str, list[Any]]:
    """Scores that add up to 1, with ties; labels of which some are missing, or of a class without a score."""
    n = draw(st.integers(1, 30))
    some: list[list[str | None]] = [[*CLASSES], ["a", "b"], ["a"], [*CLASSES, None]]
    label = st.sampled_from(draw(st.sampled_from(some)))
    parts = st.lists(st.integers(0, 4), min_size=3, max_size=3).filter(any)
    rows = [np.array(draw(parts), dtype=np.float64) for _ in range(n)]
    shares = np.array([row / row.sum() for row in rows])
    columns: dict[str, list[Any]] = {"label": draw(st.lists(label, min_size=n, max_size=n))}
    columns |= {name: shares[:, i].tolist() for i, name in enumerate(SCORES)}
    columns["weight"] = draw(st.lists(WEIGHTS, min_size=n, max_size=n))
    return columns


Number = Callable[[Any, Any, Any], float]
OF_A_CLASS: dict[str, Number] = {
    "accuracy": lambda y, p, w: metrics.accuracy_score(y, p, sample_weight=w),
    "precision": lambda y, p, w: metrics.precision_score(y, p, sample_weight=w),
    "recall": lambda y, p, w: metrics.recall_score(y, p, sample_weight=w),
    "f1": lambda y, p, w: metrics.f1_score(y, p, sample_weight=w),
    "specificity": lambda y, p, w: metrics.recall_score(y, p, pos_label=0, sample_weight=w),
    "false_positive_rate": lambda y, p, w: 1 - metrics.recall_score(y, p, pos_label=0, sample_weight=w),
    "false_negative_rate": lambda y, p, w: 1 - metrics.recall_score(y, p, sample_weight=w),
    "negative_predictive_value": lambda y, p, w: metrics.precision_score(y, p, pos_label=0, sample_weight=w),
    "selection_rate": lambda _, p, w: np.average(p, weights=w),
    "true_positives": lambda y, p, w: float((w * y * p).sum()),
    "false_positives": lambda y, p, w: float((w * (1 - y) * p).sum()),
    "true_negatives": lambda y, p, w: float((w * (1 - y) * (1 - p)).sum()),
    "false_negatives": lambda y, p, w: float((w * y * (1 - p)).sum()),
}
AVERAGED = ("precision", "recall", "f1", "specificity", "false_positive_rate", "false_negative_rate")


def must_be_scikit_learns(result: Result, rows: dict[str, list[Any]], names: dict[str, Any], weighted: bool) -> None:
    whole = [r for r in zip(rows["label"], rows["said"], rows["weight"], strict=True) if None not in r[:2]]
    occur = sorted({name for y, p, _ in whole for name in (y, p)})
    y, p = np.array([r[0] for r in whole]), np.array([r[1] for r in whole])
    w = np.array([r[2] if weighted else 1.0 for r in whole])
    if not w.sum():
        for name in ("accuracy", "balanced_accuracy", "matthews_corrcoef", *AVERAGED):
            must_agree(the(result, name), None)
        return
    must_agree(the(result, "accuracy"), float(metrics.accuracy_score(y, p, sample_weight=w)))
    heavy = np.array([w[y == name].sum() for name in occur])
    recalls = [w[(y == name) & (p == name)].sum() / h for name, h in zip(occur, heavy, strict=True) if h]
    must_agree(the(result, "balanced_accuracy"), float(np.mean(recalls)))
    varied = np.count_nonzero(heavy) > 1 and sum(w[p == name].sum() > 0 for name in occur) > 1
    # Where scikit-learn answers 0 because labels or predictions are all the same, the correlation has no value.
    correlated = metrics.matthews_corrcoef(y, p, sample_weight=w) if varied else None
    must_agree(the(result, "matthews_corrcoef"), correlated)
    for name, number in OF_A_CLASS.items():
        each = [or_none(lambda c=c, n=number: n((y == c).astype(int), (p == c).astype(int), w)) for c in occur]  # type: ignore[misc]
        for class_, expected in zip(occur, each, strict=True):
            must_agree(the(result, name, class_=named(names[class_])), expected)
        if name in AVERAGED:
            # scikit-learn's zero_division: a rate that a class does not have counts as 0 in the average, with a note.
            must_agree(the(result, name), float(np.mean([e or 0.0 for e in each])))
            assert (the(result, name).note is not None) == (None in each), name
    if not weighted:
        of = {"precision": metrics.precision_score, "recall": metrics.recall_score, "f1": metrics.f1_score}
        for name, averaged in of.items():
            expected = averaged(y, p, labels=occur, average="macro", zero_division=0)
            assert value(result, name) == pytest.approx(expected, abs=1e-9)
        found = the(result, "accuracy")
        assert (found.low, found.high) == pytest.approx(wilson(int((y == p).sum()), len(y)), abs=1e-9)


def named(class_: Any) -> str:
    """How a class is written in the result."""
    return str(int(class_)) if isinstance(class_, float) and class_.is_integer() else str(class_)


@pytest.mark.parametrize("csv", [False, True], ids=["parquet", "csv"])
@pytest.mark.parametrize("weighted", [False, True], ids=["unweighted", "weighted"])
@MODEST
@given(rows=decisions())
def test_decisions_of_any_classes_are_measured_as_scikit_learn_does(
    tmp_path_factory: pytest.TempPathFactory, rows: dict[str, list[Any]], weighted: bool, csv: bool
) -> None:
    log = "label: label, prediction: said" + (", weight: weight" if weighted else "")
    described = card(log=log, task="multiclass", more=["slices: [group]"])
    result = put_down(tmp_path_factory.mktemp("log"), rows, described, csv=csv)
    must_be_sound(result)
    must_be_scikit_learns(result, rows, {c: c for c in (*CLASSES, "never scored")}, weighted)


@pytest.mark.parametrize("spelled", SPELLED)
@FEW
@given(rows=decisions())
def test_classes_are_the_same_however_they_are_written(
    tmp_path_factory: pytest.TempPathFactory, rows: dict[str, list[Any]], spelled: str
) -> None:
    names: dict[Any, Any] = {**SPELLED[spelled], None: None}
    written = rows | {column: [names[c] for c in rows[column]] for column in ("label", "said")}
    described = card(log="label: label, prediction: said", task="multiclass")
    result = evaluated(tmp_path_factory.mktemp("log"), written, described)
    must_be_scikit_learns(result, rows, names, weighted=False)


@pytest.mark.parametrize("weighted", [False, True], ids=["unweighted", "weighted"])
@MODEST
@given(rows=scored())
def test_scores_of_any_classes_are_measured_as_scikit_learn_does(
    tmp_path_factory: pytest.TempPathFactory, rows: dict[str, list[Any]], weighted: bool
) -> None:
    log = "label: label, score: {a: p_a, b: p_b, c: p_c}" + (", weight: weight" if weighted else "")
    result = evaluated(tmp_path_factory.mktemp("log"), rows, card(log=log, task="multiclass"))
    must_be_sound(result)
    known = np.array([label is not None for label in rows["label"]])
    y = np.array(rows["label"])[known]
    s = np.stack([np.array(rows[name]) for name in SCORES], axis=1)[known]
    w = np.array(rows["weight"])[known] if weighted else np.ones(len(y))
    if not w.sum():
        for name in ("roc_auc", "average_precision", "log_loss", "brier", "accuracy"):
            must_agree(the(result, name), None)
        return
    must_agree(the(result, "accuracy"), np.average(np.array(CLASSES)[s.argmax(axis=1)] == y, weights=w))
    must_agree(the(result, "log_loss"), metrics.log_loss(y, s, labels=list(CLASSES), sample_weight=w))
    must_agree(the(result, "brier"), metrics.brier_score_loss(y, s, labels=list(CLASSES), sample_weight=w))
    areas = []
    for place, class_ in enumerate(CLASSES):
        truth, heavy = y == class_, w > 0
        both = 0 < truth[heavy].sum() < heavy.sum()
        area = metrics.roc_auc_score(truth, s[:, place], sample_weight=w) if both else None
        must_agree(the(result, "roc_auc", class_=class_), area)
        precise = metrics.average_precision_score(truth, s[:, place], sample_weight=w) if truth[heavy].any() else None
        must_agree(the(result, "average_precision", class_=class_), precise)
        areas += [area] if area is not None else []
    # scikit-learn refuses to average where a class does not occur; here the others are averaged, and the note says so.
    must_agree(the(result, "roc_auc"), float(np.mean(areas)) if areas else None)
    assert (the(result, "roc_auc").note is not None) == (0 < len(areas) < 3)
    if len(areas) == 3:
        expected = metrics.roc_auc_score(y, s, multi_class="ovr", labels=list(CLASSES), sample_weight=w)
        assert value(result, "roc_auc") == pytest.approx(expected, abs=1e-9)


def test_a_label_whose_class_has_no_score_is_an_error(tmp_path_factory: pytest.TempPathFactory) -> None:
    rows = {"label": ["a", "b", "new"], "p_a": [0.9, 0.2, 0.6], "p_b": [0.1, 0.8, 0.4]}
    described = card(log="label: label, score: {a: p_a, b: p_b}", task="multiclass")
    with pytest.raises(DataError, match='holds "new", and the model card names score columns only for "a", "b"'):
        evaluated(tmp_path_factory.mktemp("log"), rows, described)
