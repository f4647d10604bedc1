"""Differences and ratios between protected groups, held against Fairlearn's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import fairlearn.metrics as fair
import numpy as np
import pytest
from sklearn import metrics

from tests.analysis.evaluating import card, evaluated, the, value

LOG = "label: label, score: score"


def rows(n: int = 900) -> dict[str, Any]:
    generator = np.random.default_rng(5)
    group = generator.choice(["A", "B", "C"], n, p=[0.5, 0.3, 0.2])
    label = generator.integers(0, 2, n)
    shift = np.select([group == "A", group == "B"], [0.1, 0.0], -0.1)
    return {
        "label": label,
        "score": np.clip(generator.normal(0.4 + 0.2 * label + shift, 0.2), 0, 1),
        "race": group,
        "sex": generator.choice(["f", "m"], n),
        "weight": generator.uniform(0.5, 2, n),
    }


BY_FAIRLEARN = {
    "demographic_parity_difference": fair.demographic_parity_difference,
    "demographic_parity_ratio": fair.demographic_parity_ratio,
    "equal_opportunity_difference": fair.equal_opportunity_difference,
    "equalized_odds_difference": fair.equalized_odds_difference,
}


@pytest.mark.parametrize("weighted", [False, True], ids=["unweighted", "weighted"])
@pytest.mark.parametrize("name", BY_FAIRLEARN)
def test_it_is_the_number_of_fairlearn(tmp_path: Path, name: str, weighted: bool) -> None:
    columns = rows()
    log = LOG + (", weight: weight" if weighted else "")
    result = evaluated(tmp_path, columns, card(log=log, more=["protected: [race]"]))
    expected = BY_FAIRLEARN[name](
        columns["label"],
        columns["score"] >= 0.5,
        sensitive_features=columns["race"],
        sample_weight=columns["weight"] if weighted else None,
    )
    found = the(result, name, feature="race")
    assert found.value == pytest.approx(expected, abs=1e-12)
    assert found.slice is None
    assert found.low is not None
    assert found.high is not None
    assert found.low < expected < found.high


def test_the_gap_in_precision_is_the_predictive_parity_difference(tmp_path: Path) -> None:
    columns = rows()
    result = evaluated(tmp_path, columns, card(log=LOG, more=["protected: [race]"]))
    by_group = fair.MetricFrame(
        metrics=metrics.precision_score,
        y_true=columns["label"],
        y_pred=columns["score"] >= 0.5,
        sensitive_features=columns["race"],
    )
    found = value(result, "predictive_parity_difference", feature="race")
    assert found == pytest.approx(by_group.difference(), abs=1e-12)


def test_each_group_has_its_rates_and_its_ratio_to_the_highest(tmp_path: Path) -> None:
    # Selected: A 3 of 4, B 1 of 4, C 0 of 2.
    columns = {
        "label": [1, 1, 0, 0, 1, 1, 0, 0, 0, 1],
        "score": [0.9, 0.9, 0.9, 0.1, 0.9, 0.1, 0.1, 0.1, 0.1, 0.1],
        "race": list("AAAABBBBCC"),
    }
    result = evaluated(tmp_path, columns, card(log=LOG, more=["protected: [race]"]))
    expected = {"A": (0.75, 1.0), "B": (0.25, 1 / 3), "C": (0.0, 0.0)}
    for group, (rate, ratio) in expected.items():
        where = (("race", group),)
        assert value(result, "selection_rate", where=where) == rate
        assert value(result, "selection_rate_ratio", where=where) == pytest.approx(ratio)
    assert the(result, "precision", where=(("race", "C"),)).reason == "no row is predicted positive"
    assert value(result, "demographic_parity_ratio", feature="race") == 0.0


def test_crossed_columns_make_groups_of_both(tmp_path: Path) -> None:
    columns = rows()
    result = evaluated(tmp_path, columns, card(log=LOG, more=['protected: ["race & sex"]']))
    there = (columns["race"] == "B") & (columns["sex"] == "m")
    found = the(result, "selection_rate", where=(("race", "B"), ("sex", "m")))
    assert found.value == pytest.approx((columns["score"][there] >= 0.5).mean())
    assert found.n == there.sum()
    expected = fair.demographic_parity_difference(
        columns["label"],
        columns["score"] >= 0.5,
        sensitive_features=np.char.add(columns["race"], columns["sex"]),
    )
    assert value(result, "demographic_parity_difference", feature="race & sex") == pytest.approx(expected, abs=1e-12)


def test_rows_without_a_group_are_measured_but_are_no_group_to_compare(tmp_path: Path) -> None:
    columns = {
        "label": [1, 0, 1, 0, 1],
        "score": [0.9, 0.1, 0.9, 0.9, 0.1],
        "race": ["A", "A", "B", "B", None],
    }
    result = evaluated(tmp_path, columns, card(log=LOG, more=["protected: [race]"]))
    assert value(result, "selection_rate", where=(("race", "null"),)) == 0.0
    assert value(result, "demographic_parity_difference", feature="race") == 0.5


def test_a_single_group_has_nothing_to_be_compared_with(tmp_path: Path) -> None:
    columns = {"label": [1, 0], "score": [0.9, 0.1], "race": ["A", "A"]}
    result = evaluated(tmp_path, columns, card(log=LOG, more=["protected: [race]"]))
    found = the(result, "demographic_parity_difference", feature="race")
    assert found.reason == "there are fewer than two groups"


def of_rates(group: str, right: tuple[int, int], wrong: tuple[int, int]) -> list[tuple[int, float, str]]:
    """Rows of a group: so many positives and of these found, so many negatives and of these flagged."""
    (positives, found), (negatives, flagged) = right, wrong
    there = [(1, 0.9)] * found + [(1, 0.1)] * (positives - found)
    there += [(0, 0.9)] * flagged + [(0, 0.1)] * (negatives - flagged)
    return [(label, score, group) for label, score in there]


def by_group(*groups: list[tuple[int, float, str]]) -> dict[str, Any]:
    return dict(
        zip(("label", "score", "race"), zip(*(row for rows in groups for row in rows), strict=True), strict=True)
    )


@pytest.mark.parametrize("protected", ["race", '"race & sex"'])
def test_a_group_without_negatives_still_has_a_recall(tmp_path: Path, protected: str) -> None:
    # Recall: a 9 of 10, b 8 of 10, c 2 of 10, so 0.7 apart. Flagged: a 2 of 10, b 3 of 10, c has no negative row.
    columns = by_group(of_rates("a", (10, 9), (10, 2)), of_rates("b", (10, 8), (10, 3)), of_rates("c", (10, 2), (0, 0)))
    columns["sex"] = ["f"] * len(columns["label"])
    result = evaluated(tmp_path, columns, card(log=LOG, more=[f"protected: [{protected}]"]))
    feature = protected.strip('"')
    found = the(result, "equalized_odds_difference", feature=feature)
    assert found.value == pytest.approx(0.7)
    assert found.note == "without 1 group where the false positive rate is undefined"
    assert value(result, "equal_opportunity_difference", feature=feature) == pytest.approx(0.7)
    assert value(result, "demographic_parity_difference", feature=feature) == pytest.approx(11 / 20 - 2 / 10)


def test_a_group_without_positives_still_has_a_false_positive_rate(tmp_path: Path) -> None:
    columns = by_group(of_rates("a", (10, 9), (10, 2)), of_rates("b", (10, 8), (10, 2)), of_rates("c", (0, 0), (10, 9)))
    result = evaluated(tmp_path, columns, card(log=LOG, more=["protected: [race]"]))
    assert value(result, "equalized_odds_difference", feature="race") == pytest.approx(0.7)
    assert value(result, "equal_opportunity_difference", feature="race") == pytest.approx(0.1)


def test_a_gap_in_only_one_of_two_rates_is_the_least_that_the_odds_differ_by(tmp_path: Path) -> None:
    # Nobody but group a has a negative row, so only recall can be compared: 0.9 against 0.8.
    columns = by_group(of_rates("a", (10, 9), (10, 2)), of_rates("b", (10, 8), (0, 0)))
    limits = "checks: {equalized_odds_difference: {fail: {above: 0.5}}}"
    result = evaluated(tmp_path, columns, card(log=LOG, more=["protected: [race]", limits]))
    found = the(result, "equalized_odds_difference", feature="race")
    assert found.value == pytest.approx(0.1)
    assert found.high == 1.0
    assert found.note == "the false positive rate is defined in fewer than two groups, so this is the least it can be"
    assert result.verdict == "unsure"
