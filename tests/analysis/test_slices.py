"""Groups of rows: numbers cut at quintiles, the largest kept, the missing and the rest named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from sklearn import metrics

from analysis.summaries.slicing import quantiles, tidy
from tests.analysis.evaluating import card, evaluated, the, value

LOG = "label: label, score: score"


def with_scores(**columns: Any) -> dict[str, Any]:
    n = len(next(iter(columns.values())))
    generator = np.random.default_rng(6)
    return {"label": generator.integers(0, 2, n), "score": np.round(generator.uniform(0, 1, n), 2), **columns}


def groups(result: Any, column: str, basis: str = "realized") -> dict[str, int]:
    """The rows of each group, in the result's order."""
    return {
        m.slice[0][1]: m.n
        for m in result.measures
        if m.measure == "volume" and m.slice is not None and m.slice[0][0] == column and m.basis == basis
    }


def test_a_number_column_is_cut_at_its_quintiles(tmp_path: Path) -> None:
    columns = with_scores(age=np.arange(100))
    result = evaluated(tmp_path, columns, card(log=LOG, more=["slices: [age]"]))
    # numpy's quantiles of 0..99 are 19.8, 39.6, 59.4 and 79.2.
    assert groups(result, "age") == {
        "[-inf, 19.8)": 20,
        "[19.8, 39.6)": 20,
        "[39.6, 59.4)": 20,
        "[59.4, 79.2)": 20,
        "[79.2, inf)": 20,
    }
    there = (columns["age"] >= 39.6) & (columns["age"] < 59.4)
    expected = metrics.roc_auc_score(columns["label"][there], columns["score"][there])
    assert value(result, "roc_auc", where=(("age", "[39.6, 59.4)"),)) == pytest.approx(expected, abs=1e-12)


def test_a_number_column_is_cut_at_the_references_quintiles(tmp_path: Path) -> None:
    columns = with_scores(age=np.concatenate([np.arange(100), np.arange(200, 250)]))
    described = card(log=LOG, more=["slices: [age]", "reference: {window: rows 0..100}"])
    result = evaluated(tmp_path, columns, described)
    assert groups(result, "age") == {"[79.2, inf)": 50}
    assert the(result, "volume", where=(("age", "[79.2, inf)"),), basis="reference").n == 20


def test_a_number_column_with_twenty_values_keeps_them(tmp_path: Path) -> None:
    result = evaluated(tmp_path, with_scores(grade=np.arange(40) % 20), card(log=LOG, more=["slices: [grade]"]))
    assert list(groups(result, "grade")) == [str(i) for i in range(20)]


def test_fractions_are_written_as_they_are(tmp_path: Path) -> None:
    result = evaluated(tmp_path, with_scores(dose=[0.1, 0.25, 0.1, 2.0]), card(log=LOG, more=["slices: [dose]"]))
    assert groups(result, "dose") == {"0.1": 2, "0.25": 1, "2": 1}


def test_missing_is_the_group_null(tmp_path: Path) -> None:
    result = evaluated(tmp_path, with_scores(city=["Bonn", None, "Ulm", None]), card(log=LOG, more=["slices: [city]"]))
    assert groups(result, "city") == {"Bonn": 1, "Ulm": 1, "null": 2}


def test_true_and_false_are_groups(tmp_path: Path) -> None:
    result = evaluated(tmp_path, with_scores(new=[True, False, True]), card(log=LOG, more=["slices: [new]"]))
    assert groups(result, "new") == {"false": 1, "true": 2}


def test_the_fifty_largest_groups_are_kept_and_the_rest_is_other(tmp_path: Path) -> None:
    city = [f"city {i:02}" for i in range(60) for _ in range(60 - i)]
    found = groups(evaluated(tmp_path, with_scores(city=city), card(log=LOG, more=["slices: [city]"])), "city")
    assert len(found) == 51
    assert found["city 49"] == 11
    assert "city 50" not in found
    assert found["(other)"] == sum(range(1, 11))


def test_a_column_with_thousands_of_groups_is_not_sliced_and_says_why(tmp_path: Path) -> None:
    columns = with_scores(user=[f"u{i}" for i in range(11_000)])
    result = evaluated(tmp_path, columns, card(log=LOG, more=["slices: [user]"]))
    assert "more groups than are kept" in (the(result, "volume", feature="user").reason or "")


def test_continuous_numbers_are_cut_near_their_quintiles(tmp_path: Path) -> None:
    columns = with_scores(income=np.random.default_rng(7).lognormal(10, 0.5, 20_000))
    result = evaluated(tmp_path, columns, card(log=LOG, more=["slices: [income]"]))
    found = groups(result, "income")
    assert sum(found.values()) == 20_000
    assert len(found) == 5
    assert all(abs(n - 4000) < 400 for n in found.values())


def test_a_slice_that_only_a_check_asks_for_is_measured(tmp_path: Path) -> None:
    described = card(log=LOG, more=["checks:", "  recall: [{slice: {city: Ulm}, fail: {below: 0.1}}]"])
    result = evaluated(tmp_path, with_scores(city=["Bonn", "Ulm"] * 50), described)
    assert the(result, "recall", where=(("city", "Ulm"),)).value is not None
    assert [c.check for c in result.checks] == ["threshold"]


def test_quantiles_of_counted_numbers_are_numpys() -> None:
    generator = np.random.default_rng(8)
    numbers = np.unique(generator.normal(size=30))
    counts = generator.integers(1, 9, len(numbers))
    shares = [0, 0.1, 0.2, 0.5, 0.77, 1]
    expected = np.quantile(np.repeat(numbers, counts), shares)
    assert quantiles(numbers, counts, shares) == pytest.approx(expected, abs=1e-12)


def test_edges_are_rounded_only_as_far_as_they_stay_apart() -> None:
    assert tidy(np.array([1234.5678, 2345.6789])).tolist() == [1235, 2346]
    assert tidy(np.array([1.000001, 1.000002])).tolist() == [1.000001, 1.000002]


def test_each_group_has_its_main_numbers_in_each_period(tmp_path: Path) -> None:
    chance = np.random.default_rng(2)
    n = 2000
    at = np.datetime64("2026-01-01", "us") + chance.integers(0, 90 * 86_400_000_000, n)
    region, y = chance.choice(["north", "south"], n), chance.integers(0, 2, n)
    s = np.clip(chance.normal(0.4 + 0.2 * y, 0.2), 0, 1)
    more = ["slices: [region]", "periods: month"]
    described = card(log="label: y, score: s, timestamp: at", more=more)
    found = evaluated(tmp_path, {"at": pa.array(at), "region": region.tolist(), "y": y, "s": s}, described)
    for group in ("north", "south"):
        for month in ("2026-01", "2026-02", "2026-03"):
            here = (region == group) & (at.astype("datetime64[M]") == np.datetime64(month))
            where = (("region", group),)
            auc = the(found, "roc_auc", where=where, period=month)
            assert auc.value == pytest.approx(metrics.roc_auc_score(y[here], s[here]), abs=1e-12)
            recall = the(found, "recall", where=where, period=month)
            assert recall.value == pytest.approx(metrics.recall_score(y[here], s[here] >= 0.5), abs=1e-12)
            assert recall.n == y[here].sum()
            assert the(found, "volume", where=where, period=month).value == here.sum()
