"""Differences with intervals and the control of many comparisons, against published numbers and SciPy."""

from __future__ import annotations

from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from analysis.judgement.calibration import chance_of_misses
from analysis.judgement.contrast import (
    Estimate,
    beside_fixed,
    chance_beyond,
    combined,
    discoveries,
    more_rows,
    pooled,
)
from analysis.values import Measure


def wilson(k: int, n: int) -> Estimate:
    z = float(stats.norm.ppf(0.975))
    middle, spread = k / n + z * z / (2 * n), z * sqrt(k / n * (1 - k / n) / n + z * z / (4 * n * n))
    return Estimate(value=k / n, low=(middle - spread) / (1 + z * z / n), high=(middle + spread) / (1 + z * z / n), n=n)


@pytest.mark.parametrize(
    ("one", "other", "low", "high"),
    [((56, 70), (48, 80), 0.0524, 0.3339), ((9, 10), (3, 10), 0.1705, 0.8090), ((10, 10), (0, 20), 0.6791, 1.0)],
)
def test_a_difference_of_two_rates_has_newcombes_interval(
    one: tuple[int, int], other: tuple[int, int], low: float, high: float
) -> None:
    # Newcombe (1998), Statistics in Medicine 17, 873-890, table II, method 10.
    difference = combined(wilson(*one), [(-1.0, wilson(*other))])
    assert difference.low == pytest.approx(low, abs=5e-5)
    assert difference.high == pytest.approx(high, abs=5e-5)


def test_the_mean_of_rates_weighted_by_rows_is_the_rate_of_all_rows() -> None:
    both = pooled([wilson(30, 100), wilson(30, 300)])
    assert both is not None
    assert both.value == pytest.approx(60 / 400)
    assert both.n == 400


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=30))
def test_discoveries_are_those_of_scipys_benjamini_hochberg(chances: list[float]) -> None:
    adjusted = stats.false_discovery_control(chances, method="bh")
    clear = [abs(a - 0.05) > 1e-12 for a in adjusted]
    expected = [bool(a <= 0.05) for a in adjusted]
    assert [d for d, c in zip(discoveries(chances), clear, strict=True) if c] == [
        e for e, c in zip(expected, clear, strict=True) if c
    ]


def test_the_chance_beyond_an_edge_is_half_of_five_percent_where_the_interval_ends() -> None:
    number = Estimate(value=0.7, low=0.6, high=0.78, n=100)
    assert chance_beyond(number, 0.6, "high") == pytest.approx(0.025, abs=1e-9)
    assert chance_beyond(number, 0.78, "low") == pytest.approx(0.025, abs=1e-9)
    assert chance_beyond(number, 0.7, "low") == pytest.approx(0.5)


def test_a_number_without_an_interval_is_taken_as_it_stands() -> None:
    number = Estimate(value=0.7, low=None, high=None, n=100)
    assert chance_beyond(number, 0.6, "high") == 0.0
    assert chance_beyond(number, 0.8, "high") == 1.0
    assert more_rows(number, 0.8) is None


def test_half_the_distance_needs_four_times_the_rows() -> None:
    assert more_rows(Estimate(value=0.70, low=0.66, high=0.74, n=500), 0.72) == 1500


def test_no_number_of_rows_settles_a_value_on_the_limit_or_a_reference_that_is_too_vague() -> None:
    assert more_rows(Estimate(value=0.70, low=0.66, high=0.74, n=500), 0.70) is None
    assert more_rows(Estimate(value=0.70, low=0.66, high=0.74, n=500, fixed=0.0009), 0.72) is None


@pytest.mark.parametrize(("rate", "n"), [(0.55, 100), (0.60, 40), (0.52, 400), (0.70, 30)])
def test_the_chance_of_misses_is_scipys_chi_square(rate: float, n: int) -> None:
    where = (("score", "[0.4, 0.6)"),)
    bins = [
        (
            Measure(measure="mean_score", value=0.5, n=n, slice=where),
            Measure(measure="positive_rate", value=rate, n=n, slice=where),
        )
        for _ in range(5)
    ]
    statistic = 5 * n * (rate - 0.5) ** 2 / 0.25
    assert chance_of_misses(bins) == pytest.approx(float(stats.chi2.sf(statistic, 5)), abs=1e-12)


def test_more_rows_narrow_only_the_windows_part_of_a_distance_from_the_reference() -> None:
    # Half of the squared half-width of 0.04 is the window's own: 1,000 rows beside 1,000.
    distance = beside_fixed(Estimate(value=0.15, low=0.11, high=0.19, n=1000), 1000)
    assert distance.fixed == pytest.approx(0.0008)
    # 0.0008 * 1000 / n + 0.0008 = 0.03 ** 2 at n = 8000.
    assert more_rows(distance, 0.12) == pytest.approx(7000, abs=1)
    assert more_rows(distance, 0.13) is None  # the reference's part alone is wider than that
    assert more_rows(beside_fixed(Estimate(value=0.15, low=0.11, high=0.19, n=1000), 0), 0.12) == 778
