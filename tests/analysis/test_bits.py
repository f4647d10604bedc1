"""The bins of numbers and their moments, compiled and in numpy, beside other ways to count them."""

from __future__ import annotations

import importlib.util
import math
import subprocess
from collections import Counter
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.summaries.bits import COARSE_ENOUGH, Bins, Grid, Looks, Numpy, grid_of, in_bins
from analysis.summaries.features import feature_of
from analysis.summaries.keys import EXACT, coarser, keys_of
from analysis.summaries.moments import AT_ONCE, LANES, Moments, moments_of, moments_of_counts
from analysis.summaries.table import Lanes, lanes_of
from hatch_build import FOLDER, command

Floats = npt.NDArray[np.float64]
ROOT = Path(__file__).parents[2]
numbers = st.floats(allow_nan=False)
some_numbers = st.lists(st.integers(-64_000, 64_000).map(lambda whole: whole / 64), min_size=1, max_size=50)


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Looks:
    """The compiled looks, made anew from the source: what is installed could be older, or missing."""
    made = tmp_path_factory.mktemp("compiled") / "_bits.abi3.so"
    subprocess.run(command(ROOT / FOLDER / "_bits.c", made), check=True, capture_output=True)
    spec = importlib.util.spec_from_file_location("_bits", made)
    assert spec is not None
    assert spec.loader is not None
    module: ModuleType = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def same(one: Grid | None, two: Grid | None) -> bool:
    if one is None or two is None:
        return one is two
    arrays = zip((one.axis, one.counts, one.missing), (two.axis, two.counts, two.missing), strict=True)
    # As text, because a sum of squares of very large numbers is NaN, which does not equal itself.
    return repr(one.moments) == repr(two.moments) and all(np.array_equal(a, b) for a, b in arrays)


@given(st.lists(st.floats(), min_size=1, max_size=50), st.sampled_from(COARSE_ENOUGH))
def test_numpy_and_compiled_code_give_the_same_of_any_numbers(compiled: Looks, values: list[float], level: int) -> None:
    some = np.array(values)
    lanes = Lanes(np.array([5, 6, 9]), np.arange(len(some)) % 3)
    assert same(grid_of(some, level, None, compiled), grid_of(some, level, None, Numpy()))
    assert same(grid_of(some, level, lanes, compiled), grid_of(some, level, lanes, Numpy()))


@pytest.mark.parametrize("size", [1, LANES - 1, LANES, LANES + 1, AT_ONCE, 2 * AT_ONCE + LANES + 7])
@pytest.mark.parametrize("missing", [0.0, 0.1])
def test_numpy_and_compiled_code_agree_to_the_last_bit_of_each_sum(compiled: Looks, size: int, missing: float) -> None:
    chance = np.random.default_rng(size)
    values = np.where(chance.random(size) < missing, np.nan, chance.lognormal(3, 2, size) - 20)
    lanes = lanes_of(np.sort(chance.integers(0, 40, size)))
    for by in (None, lanes):
        one, two = grid_of(values, 46, by, compiled), grid_of(values, 46, by, Numpy())
        assert same(one, two)
        assert one is not None
        assert one.moments.count + int(one.missing.sum()) == size


@given(some_numbers, st.integers(44, 52))
def test_numbers_counted_by_lane_and_bin_are_those_of_each_bin(
    compiled: Looks, values: list[float], level: int
) -> None:
    some = np.array(values)
    places = np.arange(len(some)) % 3
    found = grid_of(some, level, Lanes(np.array([5, 6, 9]), places), compiled)
    assert found is not None
    assert all(a < b for a, b in pairwise(found.axis.tolist()))
    counted = {(lane, key): n for lane, row in enumerate(found.counts) for key, n in zip(found.axis, row, strict=True)}
    expected = Counter(zip(places.tolist(), coarser(keys_of(some), EXACT, level).tolist(), strict=True))
    assert {cell: n for cell, n in counted.items() if n} == expected


def test_missing_numbers_are_counted_in_their_lanes(compiled: Looks) -> None:
    values = np.array([np.nan, 1.0, np.nan, 2.0, np.nan, 3.0])
    found = grid_of(values, 40, Lanes(np.array([7, 8]), np.array([0, 0, 0, 1, 1, 1])), compiled)
    assert found is not None
    assert found.missing.tolist() == [2, 1]
    assert found.counts.sum(axis=1).tolist() == [1, 2]
    assert found.moments == Moments(3, 2.0, 2.0, 1.0, 3.0)
    none = grid_of(np.array([np.nan, np.nan]), 40, None, compiled)
    assert none is not None
    assert (none.missing.tolist(), none.counts.size, none.moments) == ([2], 0, Moments())


def test_nothing_is_counted_at_once_where_a_number_is_infinite_or_two_lie_too_far_apart(compiled: Looks) -> None:
    for looks in (compiled, Numpy()):
        assert grid_of(np.array([1.0, np.inf]), 40, None, looks) is None
        assert grid_of(np.array([1e-6, 1e6]), 36, None, looks) is None


def test_compiled_code_refuses_arrays_of_the_wrong_size_and_numbers_beyond_the_ends(compiled: Looks) -> None:
    three, sums = np.array([1.0, 2.0, 3.0]), np.zeros(LANES)
    with pytest.raises(ValueError, match="sums holds 16 bytes instead of 8192"):
        compiled.ends(three, np.zeros(2))
    with pytest.raises(ValueError, match="no number has no ends"):
        compiled.ends(three[:0], sums)
    with pytest.raises(ValueError, match="lanes holds 16 bytes instead of 24"):
        compiled.count(three, np.zeros(2, np.int64), Bins(8, 0, 0, 4), 0.0, np.zeros(4, np.int64), sums)
    with pytest.raises(ValueError, match="outside the ends"):
        compiled.count(three, None, Bins(8, 0, 0, 4), 0.0, np.zeros(4, np.int64), sums)
    with pytest.raises(ValueError, match="outside the ends"):
        compiled.count(three, np.array([0, 1, 9]), Bins(31, 0, 0, 2), 0.0, np.zeros(4, np.int64), sums)
    with pytest.raises(ValueError, match="shift lies from 0 to 31"):
        compiled.count(three, None, Bins(32, 0, 0, 4), 0.0, np.zeros(4, np.int64), sums)
    with pytest.raises(ValueError, match="contiguous"):
        compiled.ends(three[::2], sums)


@given(st.lists(numbers, min_size=1, max_size=50), st.sampled_from(COARSE_ENOUGH))
def test_bins_from_the_upper_half_of_the_bits_are_those_of_all_bits(values: list[float], level: int) -> None:
    some = np.array(values)
    found = in_bins(some, level)
    if found is not None:
        assert found.axis[found.places].tolist() == coarser(keys_of(some), 0, level).tolist()
        assert (np.diff(found.axis) > 0).all()


def exactly(values: Floats) -> tuple[float, float]:
    """Mean and sum of squares about it, in fractions."""
    fractions = [Fraction(float(v)) for v in values]
    mean = sum(fractions) / len(fractions)
    return float(mean), float(sum((f - mean) ** 2 for f in fractions))


@pytest.mark.parametrize(("shift", "scale"), [(0.0, 1.0), (1e6, 1e-3), (-3.0, 1e8)])
def test_moments_are_exact_to_twelve_digits_however_they_are_made(compiled: Looks, shift: float, scale: float) -> None:
    values = shift + scale * np.random.default_rng(5).standard_normal(AT_ONCE + 5_003)
    mean, squares = exactly(values)
    found = grid_of(values, 44, None, compiled)
    different, counts = np.unique(values, return_counts=True)
    assert found is not None
    for moments in (found.moments, moments_of(values), moments_of_counts(different, counts.astype(np.float64))):
        assert (moments.count, moments.low, moments.high) == (len(values), values.min(), values.max())
        assert moments.mean == pytest.approx(mean, rel=1e-12, abs=1e-12 * scale)
        # A mean's last bit is worth its square in every row.
        assert moments.squares == pytest.approx(squares, rel=1e-9 if shift == 1e6 else 1e-12)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1), st.lists(st.floats(-1e6, 1e6), min_size=1))
def test_moments_of_two_parts_are_those_of_all(first: list[float], second: list[float]) -> None:
    both = moments_of(np.array(first)) + moments_of(np.array(second))
    every = np.array([*first, *second])
    assert both.count == len(every)
    assert both.mean == pytest.approx(every.mean(), rel=1e-9, abs=1e-6)
    assert both.squares == pytest.approx(np.square(every - every.mean()).sum(), rel=1e-6, abs=1e-3)
    assert (both.low, both.high) == (every.min(), every.max())


def test_moments_of_nothing_add_nothing() -> None:
    some = moments_of(np.array([1.0, 2.0]))
    assert Moments() + some == some + Moments() == some
    assert moments_of_counts(np.zeros(0), np.zeros(0)) == Moments()


def test_counts_with_infinite_numbers_have_the_moments_of_the_finite_ones() -> None:
    numbers, counts = np.array([-math.inf, 1.0, 4.0, math.inf]), np.array([2.0, 1.0, 2.0, 3.0])
    found = moments_of_counts(numbers, counts)
    assert found == Moments(3, 3.0, 6.0, -math.inf, math.inf, infinite=5)
    assert moments_of(np.repeat(numbers, counts.astype(int))) == found
    only = moments_of_counts(np.array([math.inf]), np.array([2.0]))
    assert only == Moments(low=math.inf, high=math.inf, infinite=2)


@pytest.mark.parametrize("shift", [0.0, 3.0, -1e6], ids=["about zero", "mostly above zero", "far below zero"])
@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_a_long_column_counted_at_once_has_the_bins_of_its_keys(shift: float, missing: float) -> None:
    chance = np.random.default_rng(2)
    values = chance.normal(shift, 1 + abs(shift) / 7, 3 * AT_ONCE + 11)
    values[chance.random(len(values)) < missing] = np.nan
    lanes = lanes_of(np.sort(chance.integers(0, 40, len(values))))
    found = feature_of(pa.array(values), lanes, like=None)
    there = ~np.isnan(values)
    for table, of in ((found.numbers, np.zeros(len(values), np.int64)), (found.numbers_by_period, lanes.places)):
        keys = coarser(keys_of(values[there]), EXACT, table.level)
        expected = Counter(zip(of[there].tolist(), keys.tolist(), strict=True))
        cells = zip(table.lanes.tolist(), table.keys.tolist(), table.counts.tolist(), strict=True)
        assert {(lane, key): n for lane, key, n in cells} == expected
    gone = Counter(lanes.places[~there].tolist())
    assert dict(zip(found.missing.lanes.tolist(), found.missing.counts.tolist(), strict=True)) == gone
    assert found.moments == moments_of(values[there]) if not missing else found.moments.count == there.sum()


def test_nulls_of_arrow_are_missing_as_nan_is() -> None:
    values = np.random.default_rng(3).normal(size=100_000)
    gone = np.arange(len(values)) % 10 == 0
    as_null, as_nan = pa.array(values, mask=gone), pa.array(np.where(gone, np.nan, values))
    one, two = (feature_of(array, None, like=None) for array in (as_null, as_nan))
    assert one.missing.rows == two.missing.rows == 10_000
    assert one.moments == two.moments
    assert one.numbers.counts.tolist() == two.numbers.counts.tolist()


def test_infinite_and_missing_numbers_beside_many_others_are_counted() -> None:
    values = np.random.default_rng(3).normal(size=100_000)
    values[70_000] = np.inf
    assert feature_of(pa.array(values), None, like=None).moments.infinite == 1
    values[80_000] = np.nan
    found = feature_of(pa.array(values), None, like=None)
    assert (found.missing.rows, found.numbers.rows, found.moments.count) == (1, 99_999, 99_998)
