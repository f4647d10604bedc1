"""Binary models, whatever is in the log: scikit-learn's and SciPy's numbers; intervals are worked out anew."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics

from analysis.values import Result
from tests.analysis.evaluating import card, evaluated, the
from tests.analysis.parity import (
    CHANCES,
    FEW,
    GROUPS,
    MODEST,
    WEIGHTS,
    Z,
    must_agree,
    must_be_sound,
    or_none,
    put_down,
    wilson,
)

AS_WRITTEN: dict[str, tuple[Any, Any, str | None]] = {  # negative, positive, what the model card says
    "whole numbers": (0, 1, None),
    "truth values": (False, True, None),
    "fractions": (0.0, 1.0, None),
    "text": ("0", "1", None),
    "words": ("no", "yes", "yes"),
    "numbers as fractions in text": ("0.0", "1.0", "1"),
    "huge whole numbers": (2**53, 2**53 + 1, str(2**53 + 1)),
    "numbers of 19 digits": (-(2**62), 2**62 + 3, str(2**62 + 3)),
}
BY_SCIKIT_LEARN: dict[str, Callable[..., float]] = {
    "accuracy": lambda y, s, w: metrics.accuracy_score(y, s >= 0.5, sample_weight=w),
    "precision": lambda y, s, w: metrics.precision_score(y, s >= 0.5, sample_weight=w),
    "recall": lambda y, s, w: metrics.recall_score(y, s >= 0.5, sample_weight=w),
    "f1": lambda y, s, w: metrics.f1_score(y, s >= 0.5, sample_weight=w),
    "specificity": lambda y, s, w: metrics.recall_score(y, s >= 0.5, pos_label=0, sample_weight=w),
    "false_positive_rate": lambda y, s, w: 1 - metrics.recall_score(y, s >= 0.5, pos_label=0, sample_weight=w),
    "false_negative_rate": lambda y, s, w: 1 - metrics.recall_score(y, s >= 0.5, sample_weight=w),
    "negative_predictive_value": lambda y, s, w: metrics.precision_score(y, s >= 0.5, pos_label=0, sample_weight=w),
    "roc_auc": lambda y, s, w: metrics.roc_auc_score(y, s, sample_weight=w),
    "log_loss": lambda y, s, w: metrics.log_loss(y, s, labels=[0, 1], sample_weight=w),
    "brier": lambda y, s, w: metrics.brier_score_loss(y, s, labels=[0, 1], pos_label=1, sample_weight=w),
    "mean_score": lambda _, s, w: np.average(s, weights=w),
    "selection_rate": lambda _, s, w: np.average(s >= 0.5, weights=w),
    "true_positives": lambda y, s, w: float(np.sum(w * y * (s >= 0.5))),
    "false_positives": lambda y, s, w: float(np.sum(w * (1 - y) * (s >= 0.5))),
    "true_negatives": lambda y, s, w: float(np.sum(w * (1 - y) * (s < 0.5))),
    "false_negatives": lambda y, s, w: float(np.sum(w * y * (s < 0.5))),
}


@st.composite
def logs(draw: st.DrawFn, *, scores: st.SearchStrategy[float] = CHANCES) -> dict[str, list[Any]]:
    """Labels 1, 0 and None; scores that may be missing; weights of which some are 0; groups that may be missing."""
    n = draw(st.integers(1, 40))
    some: list[list[int | None]] = [[0, 1], [0, 0, 0, 1], [0], [1], [0, 1, None], [None]]
    label = st.sampled_from(draw(st.sampled_from(some)))
    score = draw(st.sampled_from([scores, st.one_of(scores, st.sampled_from([None, math.nan]))]))
    weight = draw(st.sampled_from([WEIGHTS, WEIGHTS, st.just(0.0)]))
    columns = {"label": label, "score": score, "weight": weight, "group": GROUPS}
    return {name: draw(st.lists(values, min_size=n, max_size=n)) for name, values in columns.items()}


def known(rows: dict[str, list[Any]], *, weighted: bool) -> tuple[Any, Any, Any]:
    """Labels, scores and weights of the rows with a label and a score."""
    whole = [(y, s, w) for y, s, w, _ in zip(*rows.values(), strict=True) if y is not None and s is not None and s == s]
    y, s, w = (np.array(column, dtype=np.float64) for column in (zip(*whole, strict=True) if whole else ([], [], [])))
    return y, s, w if weighted else np.ones(len(y))


def must_be_scikit_learns(result: Result, rows: dict[str, list[Any]], weighted: bool, **about: Any) -> None:
    y, s, w = known(rows, weighted=weighted)
    for name, number in BY_SCIKIT_LEARN.items():
        if name == "selection_rate" and set(rows["label"]) == {None}:
            continue  # then it is over all rows, and says so
        must_agree(the(result, name, **about), or_none(lambda n=number: n(y, s, w)) if len(y) else None)  # type: ignore[misc]
    positive, negative = float(w[y == 1].sum()), float(w[y == 0].sum())
    # Where scikit-learn answers with the recall of the one class that is there, we say that one is missing.
    both = positive > 0 and negative > 0
    balanced = metrics.balanced_accuracy_score(y, s >= 0.5, sample_weight=w) if both else None
    must_agree(the(result, "balanced_accuracy", **about), balanced)
    # Where scikit-learn answers 0 because labels or predictions are all the same, the correlation has no value.
    selected = float(w[s >= 0.5].sum())
    varied = both and selected > 0 and float(w[s < 0.5].sum()) > 0
    must_agree(
        the(result, "matthews_corrcoef", **about),
        metrics.matthews_corrcoef(y, s >= 0.5, sample_weight=w) if varied else None,
    )
    precise = metrics.average_precision_score(y, s, sample_weight=w) if positive > 0 else None
    must_agree(the(result, "average_precision", **about), precise)
    must_agree(the(result, "ks_separation", **about), _separation(y, s, w) if both else None)
    must_agree(the(result, "expected_calibration_error", **about), _calibration_error(y, s, w))


def _separation(y: Any, s: Any, w: Any) -> float:
    if (w == 1).all():
        with np.errstate(divide="ignore", invalid="ignore"):  # SciPy's p-value, which nobody asks for
            return float(stats.ks_2samp(s[y == 1], s[y == 0], method="asymp").statistic)
    up, down = (np.array([w[(y == label) & (s <= cut)].sum() for cut in s]) / w[y == label].sum() for label in (1, 0))
    return float(np.abs(up - down).max())


def _calibration_error(y: Any, s: Any, w: Any) -> float | None:
    if not w.sum():
        return None
    bins = np.minimum(np.floor(s * 10), 9)
    return float(sum(abs((w * (s - y))[bins == b].sum()) for b in range(10)) / w.sum())


@pytest.mark.parametrize("csv", [False, True], ids=["parquet", "csv"])
@pytest.mark.parametrize("weighted", [False, True], ids=["unweighted", "weighted"])
@MODEST
@given(rows=logs())
def test_whatever_the_log_holds_the_numbers_are_scikit_learns(
    tmp_path_factory: pytest.TempPathFactory, rows: dict[str, list[Any]], weighted: bool, csv: bool
) -> None:
    described = card(
        log="label: label, score: score" + (", weight: weight" if weighted else ""), more=["slices: [group]"]
    )
    result = put_down(tmp_path_factory.mktemp("log"), rows, described, csv=csv)
    must_be_sound(result)
    must_be_scikit_learns(result, rows, weighted)
    labelled = [(y, w if weighted else 1.0) for y, _, w, _ in zip(*rows.values(), strict=True) if y is not None]
    weight = sum(w for _, w in labelled)
    must_agree(the(result, "positive_rate"), sum(y * w for y, w in labelled) / weight if weight else None)
    for group in rows["group"][:1]:
        inside = [g == group for g in rows["group"]]
        some = {name: [v for v, i in zip(values, inside, strict=True) if i] for name, values in rows.items()}
        y, _, _ = known(some, weighted=weighted)
        if len(y):  # a group without a single row that is labelled and scored is measured below
            must_be_scikit_learns(result, some, weighted, where=(("group", group or "null"),))


@MODEST
@given(rows=logs())
def test_every_rate_of_unweighted_rows_has_wilsons_interval(
    tmp_path_factory: pytest.TempPathFactory, rows: dict[str, list[Any]]
) -> None:
    result = evaluated(tmp_path_factory.mktemp("log"), rows, card(log="label: label, score: score"))
    y, s, _ = known(rows, weighted=False)
    said = s >= 0.5
    of = {
        "accuracy": (said == y, y == y),
        "precision": (y == 1, said),
        "recall": (said, y == 1),
        "specificity": (~said, y == 0),
        "false_positive_rate": (said, y == 0),
        "false_negative_rate": (~said, y == 1),
        "negative_predictive_value": (y == 0, ~said),
        "selection_rate": (said, y == y),
    }
    for name, (part, whole) in of.items():
        found = the(result, name)
        if len(y):
            assert found.n == whole.sum(), name
        if whole.sum():
            by_scipy = wilson(int((part & whole).sum()), int(whole.sum()))
            assert (found.low, found.high) == pytest.approx(by_scipy, abs=1e-9), name


def delong(y: Any, s: Any) -> float:
    """The variance of the AUC, from all pairs: each positive's and each negative's share of pairs that are right."""
    up, down = s[y == 1], s[y == 0]
    won = np.array([[1.0 if u > d else 0.5 if u == d else 0.0 for d in down] for u in up])
    of_up, of_down = won.mean(axis=1), won.mean(axis=0)
    return sum(
        float(np.square(part - part.mean()).sum()) / (len(part) - 1) / len(part)
        for part in (of_up, of_down)
        if len(part) > 1
    )


@MODEST
@given(rows=logs(scores=st.one_of(CHANCES, st.sampled_from([-math.inf, math.inf, -3.0, 1e300]))))
def test_the_auc_of_any_scores_is_that_of_their_order_with_delongs_interval(
    tmp_path_factory: pytest.TempPathFactory, rows: dict[str, list[Any]]
) -> None:
    result = evaluated(tmp_path_factory.mktemp("log"), rows, card(log="label: label, score: score"))
    must_be_sound(result)
    y, s, _ = known(rows, weighted=False)
    ranks = stats.rankdata(s)  # scikit-learn refuses infinities, whose order is all that counts
    found = the(result, "roc_auc")
    must_agree(found, or_none(lambda: metrics.roc_auc_score(y, ranks)) if len(y) else None)
    for name in ("log_loss", "brier", "expected_calibration_error"):
        assert (the(result, name).value is None) == (not len(y) or bool(((s < 0) | (s > 1)).any())), name
    if found.value is None:
        return
    variance = delong(y, ranks)
    if variance > 1e-12:
        reach = Z * math.sqrt(variance)
        ends = max(found.value - reach, 0.0), min(found.value + reach, 1.0)
    else:
        ends = _wilson_of_share(found.value, min((y == 1).sum(), (y == 0).sum()))
    assert (found.low, found.high) == pytest.approx(ends, abs=1e-9)


def _wilson_of_share(share: float, rows: int) -> tuple[float, float]:
    """Wilson (1927), solved as the quadratic equation (p - share)² = z² p (1 - p) / n that it comes from."""
    low, high = np.roots([1 + Z * Z / rows, -(2 * share + Z * Z / rows), share * share])[::-1].real.tolist()
    return low, high


@pytest.mark.parametrize("positives", [1, 3, 7, 49])
@pytest.mark.parametrize("negatives", [1, 3, 7, 49])
def test_scores_that_separate_the_classes_are_not_certain_to_do_so_again(
    tmp_path_factory: pytest.TempPathFactory, positives: int, negatives: int
) -> None:
    scores = [*np.linspace(0.6, 0.9, positives), *np.linspace(0.1, 0.4, negatives)]
    rows = {"label": [1] * positives + [0] * negatives, "score": scores}
    found = the(evaluated(tmp_path_factory.mktemp("log"), rows, card(log="label: label, score: score")), "roc_auc")
    assert found.value == pytest.approx(1.0, abs=1e-15)
    fewest = min(positives, negatives)
    assert (found.low, found.high) == pytest.approx(wilson(fewest, fewest), abs=1e-9)


@pytest.mark.parametrize("csv", [False, True], ids=["parquet", "csv"])
@pytest.mark.parametrize("written", AS_WRITTEN)
@FEW
@given(rows=logs())
def test_labels_are_the_same_however_they_are_written(
    tmp_path_factory: pytest.TempPathFactory, written: str, csv: bool, rows: dict[str, list[Any]]
) -> None:
    negative, positive, named = AS_WRITTEN[written]
    names = {0: negative, 1: positive, None: None}
    if named is not None and not {0, 1} <= set(rows["label"]):
        return  # a log of one class that is not the positive one is refused, which has its own test
    spelled = rows | {"label": [names[y] for y in rows["label"]]}
    described = card(log="label: label, score: score", more=[f'positive: "{named}"'] if named is not None else [])
    result = put_down(tmp_path_factory.mktemp("log"), spelled, described, csv=csv)
    must_be_scikit_learns(result, rows, weighted=False)


def test_a_group_whose_rows_have_no_label_or_no_score_has_no_number_and_says_why(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    rows = {
        "label": [1, 0, None, None, 1, 0],
        "score": [0.9, 0.1, 0.9, 0.2, None, math.nan],
        "group": ["full", "full", "unlabelled", "unlabelled", "unscored", "unscored"],
    }
    described = card(log="label: label, score: score", more=["slices: [group]"])
    result = evaluated(tmp_path_factory.mktemp("log"), rows, described)
    for group in ("unlabelled", "unscored"):
        for name in ("accuracy", "roc_auc", "log_loss", "recall", "f1", "matthews_corrcoef"):
            must_agree(the(result, name, where=(("group", group),)), None)
    assert the(result, "positive_rate", where=(("group", "unscored"),)).value == 0.5
    must_agree(the(result, "positive_rate", where=(("group", "unlabelled"),)), None)
