"""Groups of every kind of log: Fairlearn's differences and ratios over the groups that have the rate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import fairlearn.metrics as fair
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from analysis.values import Result
from tests.analysis.evaluating import card, the, value
from tests.analysis.parity import CHANCES, MODEST, WEIGHTS, must_agree, must_be_sound, put_down

NAMES = (
    *("demographic_parity_difference", "demographic_parity_ratio", "equal_opportunity_difference"),
    *("equalized_odds_difference", "predictive_parity_difference"),
)


@st.composite
def logs(draw: st.DrawFn) -> dict[str, list[Any]]:
    """Rows of groups that may be missing, have one class alone, no label, or no weight."""
    n = draw(st.integers(1, 40))
    some: list[list[str | None]] = [["a"], ["a", "b"], ["a", "b", "c"], ["a", "b", None], [None]]
    labels: list[list[int | None]] = [[0, 1], [0], [0, 1, None]]
    columns = {
        "label": st.sampled_from(draw(st.sampled_from(labels))),
        "score": CHANCES,
        "weight": draw(st.sampled_from([WEIGHTS, st.just(0.0)])),
        "race": st.sampled_from(draw(st.sampled_from(some))),
        "sex": st.sampled_from(["f", "m"]),
    }
    return {name: draw(st.lists(values, min_size=n, max_size=n)) for name, values in columns.items()}


class Rows:
    """The rows with a label, as arrays, and which groups have a rate: those with weight in its denominator."""

    def __init__(self, rows: dict[str, list[Any]], *, weighted: bool) -> None:
        kept = [r for r in zip(*rows.values(), strict=True) if r[0] is not None]
        self.label = np.array([r[0] for r in kept], dtype=np.int64)
        self.said = np.array([r[1] >= 0.5 for r in kept], dtype=np.int64)
        self.weight = np.array([r[2] if weighted else 1.0 for r in kept], dtype=np.float64)
        self.group = np.array([r[3] if r[3] is not None else "" for r in kept])

    def of(self, group: str) -> tuple[Any, Any, Any]:
        here = self.group == group
        return self.label[here], self.said[here], self.weight[here]

    def with_(self, denominator: Callable[[Any, Any], Any]) -> Any:
        """Whether a row is of a group in which some row of the denominator weighs something."""
        groups = []
        for group in sorted(set(self.group) - {""}):
            label, said, weight = self.of(group)
            if weight[denominator(label, said)].sum() > 0:
                groups.append(group)
        return np.isin(self.group, groups), len(groups)


Denominator = Callable[[Any, Any], Any]
RATES: dict[str, tuple[Denominator, Any]] = {
    "selection_rate": (lambda y, _: y == y, fair.selection_rate),
    "recall": (lambda y, _: y == 1, fair.true_positive_rate),
    "false_positive_rate": (lambda y, _: y == 0, fair.false_positive_rate),
    "precision": (lambda _, p: p == 1, metrics.precision_score),
}
"""Each with the rows that its denominator counts, and Fairlearn's or scikit-learn's function for it."""
OF: dict[str, tuple[str, ...]] = {
    "demographic_parity_difference": ("selection_rate",),
    "demographic_parity_ratio": ("selection_rate",),
    "equal_opportunity_difference": ("recall",),
    "equalized_odds_difference": ("recall", "false_positive_rate"),
    "predictive_parity_difference": ("precision",),
}


def frame(rate: str, rows: Rows, there: Any) -> fair.MetricFrame:
    return fair.MetricFrame(
        metrics=RATES[rate][1],
        y_true=rows.label[there],
        y_pred=rows.said[there],
        sensitive_features=rows.group[there],
        sample_params={"sample_weight": rows.weight[there]},
    )


@pytest.mark.parametrize("csv", [False, True], ids=["parquet", "csv"])
@pytest.mark.parametrize("weighted", [False, True], ids=["unweighted", "weighted"])
@MODEST
@given(rows=logs())
def test_differences_and_ratios_are_fairlearns(
    tmp_path_factory: pytest.TempPathFactory, rows: dict[str, list[Any]], weighted: bool, csv: bool
) -> None:
    log = "label: label, score: score" + (", weight: weight" if weighted else "")
    result = put_down(tmp_path_factory.mktemp("log"), rows, card(log=log, more=["protected: [race]"]), csv=csv)
    must_be_sound(result)
    whole = Rows(rows, weighted=weighted)
    labelled = {g for g, y in zip(rows["race"], rows["label"], strict=True) if y is not None}
    if {g for g in rows["race"] if g is not None} - labelled:
        return  # a group without a label is selected over all of its rows, which Fairlearn knows nothing of
    everybody = len(set(whole.group) - {""})
    for name in NAMES:
        found = the(result, name, feature="race")
        # Fairlearn lets a rate without a denominator count as 0, with a warning; of that rate such a group is left out.
        parts = {rate: whole.with_(RATES[rate][0]) for rate in OF[name]}
        frames = [frame(rate, whole, there) for rate, (there, groups) in parts.items() if groups >= 2]
        if not frames:
            must_agree(found, None)
            continue
        # And where no group selects anybody the ratio 0 / 0 has no value.
        none = name == "demographic_parity_ratio" and not frames[0].by_group.any()
        expected = max(float(f.ratio() if name == "demographic_parity_ratio" else f.difference()) for f in frames)
        must_agree(found, None if none else expected)
        assert (found.note is not None) == (not none and any(n < everybody for _, n in parts.values())), found
        if len(frames) < len(parts):
            assert found.high == 1.0, found
    opportunity = the(result, "equal_opportunity_difference", feature="race").value
    assert opportunity is None or value(result, "equalized_odds_difference", feature="race") >= opportunity
    must_have_their_own_rates(result, whole)


def must_have_their_own_rates(result: Result, rows: Rows) -> None:
    shares = {}
    for group in sorted(set(rows.group)):
        _, said, weight = rows.of(group)
        selected = float(np.average(said, weights=weight)) if weight.sum() else None
        must_agree(the(result, "selection_rate", where=(("race", group or "null"),)), selected)
        if selected is not None and group:
            shares[group] = selected
    highest = max(shares.values(), default=0.0)
    for group, share in shares.items():
        found = the(result, "selection_rate_ratio", where=(("race", group),))
        must_agree(found, share / highest if highest else None)


@MODEST
@given(rows=logs())
def test_crossed_columns_are_compared_as_fairlearn_compares_two_columns(
    tmp_path_factory: pytest.TempPathFactory, rows: dict[str, list[Any]]
) -> None:
    described = card(log="label: label, score: score", more=['protected: ["race & sex"]'])
    result = put_down(tmp_path_factory.mktemp("log"), rows, described, csv=False)
    must_be_sound(result)
    kept = [r for r in zip(*rows.values(), strict=True) if r[0] is not None and r[3] is not None]
    if len({(r[3], r[4]) for r in zip(*rows.values(), strict=True) if r[3] is not None}) != len({r[3:] for r in kept}):
        return
    found = the(result, "demographic_parity_difference", feature="race & sex")
    if len({r[3:] for r in kept}) < 2:
        must_agree(found, None)
        return
    expected = fair.demographic_parity_difference(
        [r[0] for r in kept], [int(r[1] >= 0.5) for r in kept], sensitive_features=np.array([r[3:] for r in kept])
    )
    must_agree(found, float(expected))


def test_groups_are_written_as_people_write_them_whatever_their_type(tmp_path_factory: pytest.TempPathFactory) -> None:
    groups: dict[str, tuple[list[Any], list[str]]] = {
        "whole": ([1, 1, 2, 2, None, None], ["1", "2", "null"]),
        "huge": ([2**53, 2**53, 2**53 + 2, 2**53 + 2, None, None], [str(2**53), str(2**53 + 2), "null"]),
        "fraction": ([1.0, 1.0, 0.5, 0.5, None, float("nan")], ["0.5", "1", "null"]),
        "truth": ([True, True, False, False, None, None], ["false", "true", "null"]),
        "text": (["a", "a", "b", "b", "", None], ["a", "b", "null"]),
    }
    rows: dict[str, list[Any]] = {"label": [1, 0] * 3, "score": [0.9, 0.1, 0.9, 0.9, 0.2, 0.2]}
    rows |= {name: values for name, (values, _) in groups.items()}
    described = card(log="label: label, score: score", more=[f"protected: [{', '.join(groups)}]"])
    result = put_down(tmp_path_factory.mktemp("log"), rows, described, csv=False)
    for column, (_, names) in groups.items():
        found = {m.slice[0][1] for m in result.measures if m.slice is not None and m.slice[0][0] == column}
        assert set(names) <= found, column
        assert value(result, "demographic_parity_difference", feature=column) == pytest.approx(0.5), column
