"""Intervals without a formula are as wide as those of rows drawn anew, worked out by scikit-learn and SciPy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.distance import jensenshannon
from sklearn import metrics

from analysis.measures.drift import DISTANCES, of_shares
from analysis.measures.intervals import FEW, resampled
from analysis.values import Measure
from tests.analysis.evaluating import card, evaluated, the, write

DRAWS, ROWS = 400, 3000
Rows = dict[str, Any]


def width(found: Measure) -> float:
    assert found.value is not None
    assert found.low is not None
    assert found.high is not None
    assert found.low <= found.value <= found.high
    return found.high - found.low


def drawn_width(number: Callable[[Rows], float], rows: Rows) -> float:
    """How far the middle 95 % of a number spread when its rows are drawn with replacement."""
    chance = np.random.default_rng(3)
    size = len(next(iter(rows.values())))
    found = []
    for _ in range(DRAWS):
        again = chance.integers(0, size, size)
        found.append(number({name: column[again] for name, column in rows.items()}))
    low, high = np.quantile(found, [0.025, 0.975])
    return float(high - low)


def scored_rows() -> Rows:
    chance = np.random.default_rng(1)
    label = chance.integers(0, 2, ROWS)
    common = chance.normal(0, 0.15, ROWS)
    month = np.repeat([np.datetime64("2026-01-05", "us"), np.datetime64("2026-02-05", "us")], ROWS // 2)
    one, two = (np.clip(0.4 + d * label + common + chance.normal(0, 0.1, ROWS), 0, 1) for d in (0.15, 0.25))
    return {"label": label, "s1": one, "s2": two, "at": month}


def calibration_error(label: Any, score: Any) -> float:
    bins = np.minimum((score * 10).astype(int), 9)
    return float(sum(abs((score - label)[bins == b].sum()) for b in range(10)) / len(label))


OF_SCORES: dict[str, Callable[[Any, Any], float]] = {
    "average_precision": metrics.average_precision_score,
    "ks_separation": lambda y, s: stats.ks_2samp(s[y == 1], s[y == 0], method="asymp").statistic,
    "expected_calibration_error": calibration_error,
}
VERSIONS = ["versions:", "  v1: {role: champion, score: s1}", "  v2: {role: challenger, score: s2}"]


@pytest.mark.parametrize("name", OF_SCORES)
def test_each_period_has_the_interval_of_its_own_rows(tmp_path: Path, name: str) -> None:
    rows = scored_rows()
    result = evaluated(tmp_path, rows, card(log="label: label, score: s1, timestamp: at", more=["periods: month"]))
    january = {column: values[: ROWS // 2] for column, values in rows.items()}
    expected = drawn_width(lambda r: OF_SCORES[name](r["label"], r["s1"]), january)
    assert width(the(result, name, period="2026-01")) == pytest.approx(expected, rel=0.2)


@pytest.mark.parametrize("name", OF_SCORES)
def test_a_difference_of_versions_has_the_interval_of_cases_drawn_for_both(tmp_path: Path, name: str) -> None:
    rows = scored_rows()
    result = evaluated(tmp_path, rows, card(log="label: label", more=VERSIONS), version="v2", against="v1")
    number = OF_SCORES[name]
    expected = drawn_width(lambda r: number(r["label"], r["s2"]) - number(r["label"], r["s1"]), rows)
    assert width(the(result, name, basis="difference")) == pytest.approx(expected, rel=0.2)


@pytest.mark.parametrize("size", [500, 20_000], ids=["all cases drawn", "more cases than are drawn"])
@pytest.mark.parametrize("name", ["root_mean_squared_error", "r2"])
def test_so_has_a_difference_of_errors(tmp_path: Path, name: str, size: int) -> None:
    chance = np.random.default_rng(4)
    price = chance.normal(100, 20, size)
    common = chance.normal(0, 4, size)
    rows = {"price": price, "s1": price + common + chance.normal(0, 3, size), "s2": price + common}
    described = card(log="label: price", more=VERSIONS, task="regression")
    result = evaluated(tmp_path, rows, described, version="v2", against="v1")

    def number(r: Rows, side: str) -> float:
        squared = float(metrics.mean_squared_error(r["price"], r[side]))
        return squared**0.5 if name == "root_mean_squared_error" else 1 - squared / float(np.var(r["price"]))

    expected = drawn_width(lambda r: number(r, "s2") - number(r, "s1"), rows)
    assert width(the(result, name, basis="difference")) == pytest.approx(expected, rel=0.2)


def windows() -> tuple[Rows, Rows]:
    chance = np.random.default_rng(5)
    kinds = np.array(["linen", "wool", "silk", "felt"])
    return (
        {"x": chance.normal(0.3, 1.2, ROWS), "kind": kinds[chance.choice(4, ROWS, p=[0.4, 0.3, 0.2, 0.1])]},
        {"x": chance.normal(0, 1, 2 * ROWS), "kind": kinds[chance.choice(4, 2 * ROWS, p=[0.3, 0.3, 0.2, 0.2])]},
    )


def both_drawn_width(number: Callable[[Any, Any], float], window: Any, reference: Any) -> float:
    chance = np.random.default_rng(6)
    found = [number(chance.choice(window, len(window)), chance.choice(reference, len(reference))) for _ in range(DRAWS)]
    low, high = np.quantile(found, [0.025, 0.975])
    return float(high - low)


def shares(values: Any) -> Any:
    return np.array([np.mean(values == kind) for kind in ("felt", "linen", "silk", "wool")])


OF_NUMBERS: dict[str, Callable[[Any, Any], float]] = {
    "ks": lambda w, r: stats.ks_2samp(w, r, method="asymp").statistic,
    "wasserstein": stats.wasserstein_distance,
}
OF_KINDS: dict[str, Callable[[Any, Any], float]] = {
    "psi": lambda p, q: float(((p - q) * np.log(p / q)).sum()),
    "jensen_shannon": lambda p, q: float(jensenshannon(p, q, base=2)),
    "hellinger": lambda p, q: float(np.linalg.norm(np.sqrt(p) - np.sqrt(q)) / np.sqrt(2)),
    "total_variation": lambda p, q: float(np.abs(p - q).sum() / 2),
}


@pytest.mark.parametrize("name", [*OF_NUMBERS, *OF_KINDS])
def test_a_distance_has_the_interval_of_both_windows_drawn_anew(tmp_path: Path, name: str) -> None:
    window, reference = windows()
    write(tmp_path / "reference.parquet", reference | {"label": np.zeros(2 * ROWS, int)})
    described = card(log="label: label", more=["reference: {source: reference.parquet}"])
    described = described.replace("label: label}", "label: label, score: x}")
    result = evaluated(tmp_path, window | {"label": np.zeros(ROWS, int)}, described)
    if name in OF_NUMBERS:
        expected = both_drawn_width(OF_NUMBERS[name], window["x"], reference["x"])
        found = the(result, name, basis="difference", feature="x")
    else:
        number = OF_KINDS[name]
        expected = both_drawn_width(lambda w, r: number(shares(w), shares(r)), window["kind"], reference["kind"])
        found = the(result, name, basis="difference", feature="kind")
    assert width(found) == pytest.approx(expected, rel=0.2)


def test_windows_that_share_no_value_are_no_more_than_one_apart() -> None:
    counts = [10, 6, 28, 8, 29, 23, 23]  # their shares add up to 1 and a last digit
    found = {f.name: f for f in of_shares(np.array([0] * 7 + [1]), np.array([*counts, 0]))}
    for name in ("total_variation", "hellinger", "jensen_shannon"):
        assert found[name].value == pytest.approx(1, abs=1e-12)
        assert (found[name].value or 0) <= 1


def test_the_distances_with_an_interval_are_those_of_shares() -> None:
    assert set(DISTANCES) == set(OF_KINDS)


@pytest.mark.parametrize("name", ["selection_rate_ratio", "recall_ratio"])
def test_a_ratio_to_the_highest_group_has_katzs_interval_when_no_other_is_near(tmp_path: Path, name: str) -> None:
    # Katz, Baptista, Azen and Pike (1978): the logarithm of a ratio of rates has the variance (1-p)/(np) + (1-q)/(mq).
    chance = np.random.default_rng(7)
    group = np.repeat(["a", "b"], [2000, 1000])
    rows = {
        "label": np.ones(3000, int),
        "score": (chance.random(3000) < np.where(group == "a", 0.8, 0.5)).astype(float),
        "group": group,
    }
    result = evaluated(tmp_path, rows, card(log="label: label, score: score", more=["protected: [group]"]))
    p, q = (float(rows["score"][group == g].mean()) for g in ("b", "a"))
    error = np.sqrt((1 - p) / (1000 * p) + (1 - q) / (2000 * q))
    found = the(result, name, where=(("group", "b"),))
    assert found.value == pytest.approx(p / q)
    assert width(found) == pytest.approx(p / q * (np.exp(1.96 * error) - np.exp(-1.96 * error)), rel=0.1)


@pytest.mark.parametrize("count", [0.0, 1.0, FEW - 0.5, FEW, 40.0, 1000.0])
def test_resampled_counts_have_poissons_mean_spread_and_skewness(count: float) -> None:
    drawn = resampled(np.array([count]), 100_000)[:, 0]
    assert drawn.min() >= 0
    assert drawn.mean() == pytest.approx(count, rel=0.01)
    assert drawn.var() == pytest.approx(count, rel=0.03)
    assert ((drawn - count) ** 3).mean() == pytest.approx(count, rel=0.3, abs=0.1 + count**1.5 / 100)


def test_counts_that_are_drawn_together_are_drawn_apart() -> None:
    drawn = resampled(np.array([100.0, 100.0]), 10_000)
    assert abs(stats.pearsonr(drawn[:, 0], drawn[:, 1]).statistic) < 0.03
