"""Distances between the window and the reference, held against SciPy's."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats
from scipy.spatial import distance

from analysis.measures.chances import chi2_chance, ks_chance
from tests.analysis.evaluating import card, evaluated, the, value, write

LOG = "score: score"
FIRST = "reference: {window: rows 0..REF}"


def drifted(tmp_path: Path, reference: Any, window: Any, **more: Any) -> Any:
    n = len(reference)
    rows = {"x": np.concatenate([reference, window]), "score": np.full(n + len(window), 0.5)}
    described = card(log=LOG, more=[FIRST.replace("REF", str(n)), *more.pop("more", [])])
    return evaluated(tmp_path, rows, described)


def test_ks_and_wasserstein_of_fractions_are_scipys(tmp_path: Path) -> None:
    generator = np.random.default_rng(1)
    reference, window = generator.normal(0, 1, 900), generator.normal(0.2, 1.3, 700)
    result = drifted(tmp_path, reference, window)
    by_scipy = stats.ks_2samp(window, reference, method="asymp")
    found = {m.measure: m for m in result.measures if m.feature == "x" and m.basis == "difference"}
    assert found["ks"].value == pytest.approx(by_scipy.statistic, abs=1e-12)
    assert found["ks_p"].value == pytest.approx(by_scipy.pvalue, rel=1e-4)
    assert found["wasserstein"].value == pytest.approx(stats.wasserstein_distance(window, reference), rel=1e-9)
    assert found["ks"].n == 700


def test_the_difference_of_means_has_welchs_interval(tmp_path: Path) -> None:
    generator = np.random.default_rng(2)
    reference, window = generator.normal(5, 1, 300), generator.normal(6, 2, 200)
    found = the(drifted(tmp_path, reference, window), "mean_difference", basis="difference", feature="x")
    error = math.sqrt(reference.var(ddof=1) / 300 + window.var(ddof=1) / 200)
    assert found.value == pytest.approx(window.mean() - reference.mean(), abs=1e-12)
    assert found.low == pytest.approx(window.mean() - reference.mean() - 1.959963984540054 * error, abs=1e-10)


def test_distances_of_categories_are_those_of_their_shares(tmp_path: Path) -> None:
    reference, window = ["a"] * 50 + ["b"] * 30 + ["c"] * 20, ["a"] * 10 + ["b"] * 30 + ["d"] * 10
    result = drifted(tmp_path, reference, window)
    q, p = np.array([0.5, 0.3, 0.2, 0.0]), np.array([0.2, 0.6, 0.0, 0.2])
    counts = np.array([[10, 30, 0, 10], [50, 30, 20, 0]])
    contingency = stats.chi2_contingency(counts, correction=False)
    floored = np.maximum([p, q], 1e-4)
    expected = {
        "jensen_shannon": distance.jensenshannon(p, q, base=2),
        "hellinger": math.sqrt(1 - np.sqrt(p * q).sum()),
        "total_variation": np.abs(p - q).sum() / 2,
        "chi2": contingency.statistic,
        "chi2_p": contingency.pvalue,
        "psi": ((floored[0] - floored[1]) * np.log(floored[0] / floored[1])).sum(),
    }
    for name, number in expected.items():
        assert value(result, name, basis="difference", feature="x") == pytest.approx(number, rel=1e-9, abs=1e-15), name


def test_numbers_are_binned_at_the_tenths_of_the_reference(tmp_path: Path) -> None:
    reference, window = np.arange(1000.0), np.arange(500.0, 1500.0)
    result = drifted(tmp_path, reference, window)
    # Each tenth of the reference has a share of 0.1; the window has none in the first five, and 0.6 in the last.
    p = np.array([1e-4] * 5 + [0.1] * 4 + [0.6])
    expected = ((p - 0.1) * np.log(p / 0.1)).sum()
    assert value(result, "psi", basis="difference", feature="x") == pytest.approx(expected, rel=1e-9)
    shares = [
        m.value
        for m in result.measures
        if m.measure == "share" and m.feature == "x" and m.basis == "realized" and m.slice is not None
    ]
    assert shares == pytest.approx([0] * 5 + [0.1] * 4 + [0.6])


def test_identical_rows_have_no_distance(tmp_path: Path) -> None:
    numbers = np.random.default_rng(3).normal(size=500)
    result = drifted(tmp_path, numbers, numbers)
    for name in ("psi", "ks", "jensen_shannon", "wasserstein", "hellinger", "chi2", "total_variation"):
        assert value(result, name, basis="difference", feature="x") == pytest.approx(0, abs=1e-7)
    assert value(result, "ks_p", basis="difference", feature="x") == 1.0


def test_many_fractions_are_binned_and_the_note_says_how_far_that_may_be_off(tmp_path: Path) -> None:
    generator = np.random.default_rng(4)
    reference, window = generator.normal(0, 1, 60_000), generator.normal(0.05, 1, 60_000)
    found = the(drifted(tmp_path, reference, window), "ks", basis="difference", feature="x")
    exact = stats.ks_2samp(window, reference).statistic
    assert found.note is not None
    bound = float(found.note.split("at most ")[1].split(" ")[0])
    assert abs((found.value or 0) - exact) <= bound
    assert bound < 0.005


def test_values_that_are_all_missing_leave_the_distance_undefined(tmp_path: Path) -> None:
    result = drifted(tmp_path, np.arange(5.0), np.full(5, math.nan))
    assert the(result, "psi", basis="difference", feature="x").reason == "every value is missing"


def test_infinite_numbers_have_a_ks_distance_and_no_mean(tmp_path: Path) -> None:
    result = drifted(tmp_path, np.array([1.0, 2.0, 3.0]), np.array([1.0, math.inf, -math.inf]))
    assert value(result, "ks", basis="difference", feature="x") == pytest.approx(1 / 3)
    assert the(result, "mean_difference", basis="difference", feature="x").value is None
    assert the(result, "wasserstein", basis="difference", feature="x").value is None


def test_each_period_has_its_own_distance_from_the_reference(tmp_path: Path) -> None:
    reference, window = ["a"] * 50 + ["b"] * 50, ["a"] * 50 + ["b"] * 50 + ["a"] * 90 + ["b"] * 10
    result = drifted(tmp_path, reference, window, more=["periods: {rows: 100}"])
    quiet = value(result, "psi", basis="difference", feature="x", period="rows 100..200")
    moved = value(result, "psi", basis="difference", feature="x", period="rows 200..300")
    assert quiet == pytest.approx(0)
    assert moved == pytest.approx((0.9 - 0.5) * math.log(0.9 / 0.5) + (0.1 - 0.5) * math.log(0.1 / 0.5))


def test_the_score_and_the_label_drift_too(tmp_path: Path) -> None:
    rows = {"label": [0] * 8 + [1] * 8, "score": [0.1] * 8 + [0.9] * 8}
    result = evaluated(tmp_path, rows, card(log="label: label, score: score", more=["reference: {window: rows 0..8}"]))
    assert value(result, "ks", basis="difference", feature="score") == 1.0
    assert value(result, "total_variation", basis="difference", feature="label") == 1.0


@pytest.mark.parametrize("rows", [3, 10, 60, 139, 141, 500, 5_000, 200_000])
@pytest.mark.parametrize("scaled", [0.3, 0.5, 0.8, 1.2, 1.8, 2.2, 3.5])
def test_the_ks_chance_is_scipys(rows: int, scaled: float) -> None:
    distance_ = scaled / math.sqrt(rows)
    if distance_ < 1:
        by_scipy = stats.kstwo.sf(distance_, rows)
        assert ks_chance(distance_, 2 * rows, 2 * rows) == pytest.approx(by_scipy, rel=1e-4, abs=1e-8)


@pytest.mark.parametrize("freedom", [1, 2, 7, 60, 1000])
@pytest.mark.parametrize("statistic", [0.0, 0.02, 1.0, 8.0, 70.0, 1100.0])
def test_the_chi2_chance_is_scipys(freedom: int, statistic: float) -> None:
    by_scipy = stats.chi2.sf(statistic, freedom)
    assert chi2_chance(statistic, freedom) == pytest.approx(by_scipy, rel=1e-9, abs=1e-14)


@pytest.mark.parametrize(("hours", "told"), [(100, True), (1_700, True), (6_000, False)])
def test_few_values_in_many_periods_are_told_apart_or_not_told_at_all(tmp_path: Path, hours: int, told: bool) -> None:
    each, chance = 12, np.random.default_rng(7)
    first = np.datetime64("2024-01-01T00", "us")
    values = chance.integers(0, 11, hours * each) / 10
    rows = {
        "at": np.repeat(first + np.arange(hours) * np.timedelta64(1, "h"), each),
        "x": values,
        "guess": np.full(hours * each, 0.5),
    }
    write(tmp_path / "before.parquet", rows)
    # A regression without labels, because a classifier's measures of so many periods take half a minute.
    described = card(
        task="regression",
        log="timestamp: at, prediction: guess",
        more=["periods: hour", "reference: {source: before.parquet}"],
    )
    result = evaluated(tmp_path, rows, described)
    found = [m for m in result.measures if m.measure == "psi" and m.feature == "x" and m.period is not None]
    assert len(found) == (hours if told else 0)
    reference = np.bincount((values * 10).round().astype(int), minlength=11) / len(values)
    for number in (0, len(found) // 2, len(found) - 1) if told else ():
        here = np.bincount((values[number * each :][:each] * 10).round().astype(int), minlength=11) / each
        a, b = np.maximum(here, 1e-4), np.maximum(reference, 1e-4)
        assert found[number].n == each
        assert found[number].value == pytest.approx(((a - b) * np.log(a / b)).sum(), rel=1e-9)


EIGHT = ("psi", "ks", "jensen_shannon", "wasserstein", "hellinger", "chi2", "total_variation", "mean_difference")


@pytest.mark.parametrize("values", [8, 400], ids=["few values", "many values"])
def test_every_distance_of_the_window_is_there_for_each_period(tmp_path: Path, values: int) -> None:
    chance = np.random.default_rng(3)
    months = [datetime(2026, month, 2, tzinfo=UTC).replace(tzinfo=None) for month in (1, 2, 3)]
    at = np.repeat(np.array(months, dtype="datetime64[us]"), 200)
    x = chance.integers(0, values, 600) / 8 + np.repeat([0.0, 0.5, 3.0], 200)
    write(tmp_path / "before.parquet", {"at": at[:200], "x": x[:200], "score": x[:200]})
    described = card(log="timestamp: at, score: score", more=["periods: month", "reference: {source: before.parquet}"])
    result = evaluated(tmp_path, {"at": at, "x": x, "score": x}, described)
    for place, period in enumerate(("2026-01", "2026-02", "2026-03")):
        here, there = x[200 * place : 200 * (place + 1)], x[:200]
        found = {name: the(result, name, basis="difference", feature="x", period=period) for name in EIGHT}
        assert {m.n for m in found.values()} == {200}
        assert found["ks"].value == pytest.approx(stats.ks_2samp(here, there).statistic, abs=1e-12)
        assert found["wasserstein"].value == pytest.approx(stats.wasserstein_distance(here, there), rel=1e-9, abs=1e-12)
        assert found["mean_difference"].value == pytest.approx(here.mean() - there.mean(), abs=1e-9)
        reach = 1.959963984540054 * np.sqrt(here.var(ddof=1) / 200 + there.var(ddof=1) / 200)
        assert found["mean_difference"].high == pytest.approx(here.mean() - there.mean() + reach, abs=1e-9)


def test_the_statistic_of_a_period_is_scipys(tmp_path: Path) -> None:
    at = np.repeat(np.array(["2026-01-05", "2026-02-05"], dtype="datetime64[us]"), 60)
    x = ["a"] * 30 + ["b"] * 30 + ["a"] * 10 + ["b"] * 45 + ["c"] * 5
    write(tmp_path / "before.parquet", {"at": at[:60], "x": x[:60], "score": [0.5] * 60})
    described = card(log="timestamp: at, score: score", more=["periods: month", "reference: {source: before.parquet}"])
    result = evaluated(tmp_path, {"at": at, "x": x, "score": [0.5] * 120}, described)
    expected = stats.chi2_contingency([[10, 45, 5], [30, 30, 0]], correction=False).statistic
    assert value(result, "chi2", basis="difference", feature="x", period="2026-02") == pytest.approx(expected)
    assert value(result, "total_variation", basis="difference", feature="x", period="2026-02") == pytest.approx(20 / 60)
    assert value(result, "unseen_rate", feature="x", period="2026-01") == 0.0
    assert value(result, "unseen_rate", feature="x", period="2026-02") == pytest.approx(5 / 60)
    assert value(result, "unseen_rate", feature="x", basis="reference") == 0.0


def test_where_nothing_is_unseen_its_rate_is_0_in_each_period(tmp_path: Path) -> None:
    at = np.repeat(np.array(["2026-01-05", "2026-02-05"], dtype="datetime64[us]"), 60)
    rows = {"at": at, "x": ["a", "b"] * 60, "score": [0.5] * 120}
    write(tmp_path / "before.parquet", rows)
    described = card(log="timestamp: at, score: score", more=["periods: month", "reference: {source: before.parquet}"])
    result = evaluated(tmp_path, rows, described)
    for period in (None, "2026-01", "2026-02"):
        assert value(result, "unseen_rate", feature="x", period=period) == 0.0


@pytest.mark.parametrize("each", [1, 3])
@pytest.mark.parametrize("categories", [2, 40, 3_000, 9_000])
def test_categories_of_which_none_was_in_the_reference_fail_whatever_their_number(
    tmp_path: Path, categories: int, each: int
) -> None:
    names = [f"old {i % categories}" for i in range(max(categories, 100) * each)]
    write(tmp_path / "before.parquet", {"x": names, "score": [0.5] * len(names)})
    limits = "checks: {drift: {fail: 0.25}}"
    described = card(log="score: score", more=["reference: {source: before.parquet}", limits])
    fresh = [name.replace("old", "new") for name in names]
    result = evaluated(tmp_path, {"x": fresh, "score": [0.5] * len(names)}, described)
    assert value(result, "psi", basis="difference", feature="x") > 0.5
    [found] = [c for c in result.checks if c.subject.feature == "x"]
    assert found.verdict == "fail"
    assert "Not one of its values was in the reference." in found.says


def test_many_categories_that_did_not_change_are_no_drift(tmp_path: Path) -> None:
    chance = np.random.default_rng(11)
    before, now = (chance.zipf(1.3, 9_000).clip(max=3_000).astype(str).tolist() for _ in range(2))
    write(tmp_path / "before.parquet", {"x": [f"v{v}" for v in before], "score": [0.5] * 9_000})
    described = card(log="score: score", more=["reference: {source: before.parquet}", "checks: {drift: {warn: 0.1}}"])
    result = evaluated(tmp_path, {"x": [f"v{v}" for v in now], "score": [0.5] * 9_000}, described)
    assert {c.verdict for c in result.checks if c.subject.feature == "x"} <= {"pass", "unsure"}
