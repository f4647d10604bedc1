"""Drift of columns of every kind: SciPy's distances, and shares by hand in the bins that the result itself names."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial import distance

from analysis.values import Result
from tests.analysis.evaluating import card, evaluated, the
from tests.analysis.parity import MODEST, Floats, must_agree, must_be_sound, or_none, put_down, typed

SMALLEST_SHARE = 1e-4
OF_SHARES = ("psi", "jensen_shannon", "hellinger", "total_variation", "chi2", "chi2_p")
OF_NUMBERS = ("ks", "ks_p", "wasserstein", "mean_difference")

FEW = st.sampled_from([0.0, -0.0, 1.0, 2.5, -7.0])
MANY = st.one_of(FEW, st.floats(-1e6, 1e6).map(lambda x: round(x, 4)))
HUGE = st.integers(2**53, 2**53 + 40)
WORDS = st.sampled_from(["x", "x", "y", "z", "", "ü", "NA", "null"])


def drifted(folder: Path, before: Sequence[Any], now: Sequence[Any], *, csv: bool = False) -> Result:
    values = [*before, *now]
    rows: dict[str, Any] = {"x": values if csv else typed(values), "score": [0.5] * len(values)}
    described = card(log="score: score", more=[f"reference: {{window: rows 0..{len(before)}}}"])
    return put_down(folder, rows, described, csv=csv)


def bins_of(result: Result) -> list[str]:
    return [
        m.slice[0][1]
        for m in result.measures
        if m.measure == "share" and m.slice is not None and m.basis == "reference" and m.feature == "x"
    ]


def counted(values: Floats, bins: list[str]) -> Floats:
    """How many values lie in each bin, by what the bins are called: `3`, `[30, 45)`, `[45, inf]`."""
    counts = []
    for name in bins:
        if name[0] not in "[(" and ".." not in name and "<" not in name:
            counts.append(np.count_nonzero(values == float(name)))
            continue
        low, high = (float(edge) for edge in name[1:-1].split(","))
        above = values >= low if name[0] == "[" else values > low
        counts.append(np.count_nonzero(above & (values < high if name[-1] == ")" else values <= high)))
    return np.array(counts, dtype=np.float64)


def must_be_the_distances_of(result: Result, now: Floats, before: Floats) -> None:
    p, q = now / now.sum(), before / before.sum()
    floored = np.maximum([p, q], SMALLEST_SHARE)
    both = np.stack([now, before])[:, now + before > 0]
    table = stats.chi2_contingency(both, correction=False) if both.shape[1] > 1 else None
    expected: dict[str, float | None] = {
        "psi": float(((floored[0] - floored[1]) * np.log(floored[0] / floored[1])).sum()),
        "jensen_shannon": or_none(lambda: distance.jensenshannon(p, q, base=2)),
        "hellinger": math.sqrt(float(np.square(np.sqrt(p) - np.sqrt(q)).sum()) / 2),
        "total_variation": float(np.abs(p - q).sum() / 2),
        "chi2": None if table is None else float(table.statistic),
        "chi2_p": None if table is None else float(table.pvalue),
    }
    if not np.array_equal(p, q):  # of equal shares SciPy's Jensen-Shannon distance is the root of a rounding error
        for name, number in expected.items():
            must_agree(the(result, name, basis="difference", feature="x"), number)


@st.composite
def columns(draw: st.DrawFn, values: st.SearchStrategy[Any]) -> tuple[list[Any], list[Any]]:
    """A reference and a window, either of which may hold nothing but gaps, or one value alone."""
    sides = []
    for _ in range(2):
        kind = draw(st.sampled_from(["full", "full", "gaps", "constant", "empty"]))
        n = draw(st.integers(1, 40))
        of = {
            "full": values,
            "gaps": st.one_of(values, st.none()),
            "constant": st.just(draw(values)),
            "empty": st.none(),
        }
        sides.append(draw(st.lists(of[kind], min_size=n, max_size=n)))
    return sides[0], sides[1]


@pytest.mark.parametrize("csv", [False, True], ids=["parquet", "csv"])
@pytest.mark.parametrize("values", [FEW, MANY, HUGE], ids=["ties", "fractions", "beyond 2**53"])
@MODEST
@given(data=st.data())
def test_distances_of_numbers_are_scipys(
    tmp_path_factory: pytest.TempPathFactory, values: st.SearchStrategy[Any], csv: bool, data: st.DataObject
) -> None:
    before, now = data.draw(columns(values))
    result = drifted(tmp_path_factory.mktemp("log"), before, now, csv=csv)
    must_be_sound(result)
    ours, theirs = (np.array([v for v in side if v is not None], dtype=np.float64) for side in (now, before))
    found = {m.measure: m for m in result.measures if m.feature == "x" and m.basis == "difference"}
    if not len(ours) or not len(theirs):
        assert all(m.value is None and m.reason for m in found.values())
        return
    assert set(found) == {*OF_SHARES, *OF_NUMBERS}
    with np.errstate(divide="ignore", invalid="ignore"):  # for one row on either side SciPy divides by none
        by_scipy = stats.ks_2samp(ours, theirs, method="asymp")
    must_agree(found["ks"], float(by_scipy.statistic))
    if len(ours) * len(theirs) > len(ours) + len(theirs):
        assert found["ks_p"].value == pytest.approx(float(by_scipy.pvalue), rel=1e-4, abs=1e-9)
    must_agree(found["wasserstein"], float(stats.wasserstein_distance(ours, theirs)))
    # A mean of numbers beyond 2**53 is a matter of the order in which they are added.
    ulps = 8 * float(np.spacing(max(np.abs(ours).max(), np.abs(theirs).max())))
    assert found["mean_difference"].value == pytest.approx(ours.mean() - theirs.mean(), rel=1e-9, abs=1e-9 + ulps)
    bins = bins_of(result)
    here, there = counted(ours, bins), counted(theirs, bins)
    assert (here.sum(), there.sum()) == (len(ours), len(theirs))
    must_be_the_distances_of(result, here, there)


@MODEST
@given(sides=columns(MANY))
def test_the_difference_of_means_has_welchs_error_in_a_normal_interval(
    tmp_path_factory: pytest.TempPathFactory, sides: tuple[list[Any], list[Any]]
) -> None:
    before, now = sides
    ours, theirs = (np.array([v for v in side if v is not None], dtype=np.float64) for side in (now, before))
    found = the(
        drifted(tmp_path_factory.mktemp("log"), before, now), "mean_difference", basis="difference", feature="x"
    )
    if min(len(ours), len(theirs)) < 2:
        assert (found.low, found.high) == (None, None)
        return
    if np.ptp(ours) == 0 == np.ptp(theirs):
        assert (found.low, found.high) == pytest.approx((found.value, found.value), rel=1e-12)
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # SciPy warns where one side has no spread; it answers all the same
        welch = stats.ttest_ind(ours, theirs, equal_var=False)
    ends = welch.confidence_interval(0.95)
    # Welch's interval with the normal's 1.96 instead of Student's point: ours is the narrower one, the more so the
    # fewer rows there are.
    student = float(stats.t.ppf(0.975, welch.df))
    reach = (ends.high - ends.low) / 2 * float(stats.norm.ppf(0.975)) / student
    middle = float(ours.mean() - theirs.mean())
    assert (found.low, found.high) == pytest.approx((middle - reach, middle + reach), rel=1e-9, abs=1e-7)
    assert (found.high or 0) - (found.low or 0) <= ends.high - ends.low + 1e-9


@pytest.mark.parametrize("csv", [False, True], ids=["parquet", "csv"])
@MODEST
@given(sides=columns(WORDS))
def test_distances_of_words_are_those_of_their_shares(
    tmp_path_factory: pytest.TempPathFactory, sides: tuple[list[Any], list[Any]], csv: bool
) -> None:
    before, now = sides
    result = drifted(tmp_path_factory.mktemp("log"), before, now, csv=csv)
    must_be_sound(result)
    # An empty text is missing in every format, NA and null in a CSV.
    gone = {None, "", "NA", "null"} if csv else {None, ""}
    ours, theirs = ([v for v in side if v not in gone] for side in (now, before))
    found = {m.measure: m for m in result.measures if m.feature == "x" and m.basis == "difference"}
    words = {*ours, *theirs} - {"NA", "null"}
    if csv and not words:
        return
    if not ours or not theirs:
        assert all(m.value is None and m.reason for m in found.values())
        return
    assert set(found) == set(OF_SHARES)
    names = sorted({*ours, *theirs})
    here, there = (np.array([side.count(name) for name in names], dtype=np.float64) for side in (ours, theirs))
    must_be_the_distances_of(result, here, there)
    unseen = the(result, "unseen_rate", feature="x")
    assert unseen.value == pytest.approx(sum(v not in set(theirs) for v in ours) / len(now))
    assert the(result, "missing_rate", feature="x").value == pytest.approx(sum(v in gone for v in now) / len(now))


PARIS = timezone(timedelta(hours=1))
ODD: dict[str, pa.Array] = {
    "dates": pa.array([date(2026, 1, d) for d in range(1, 9)]),
    "times without a zone": pa.array([datetime(2026, 1, d) for d in range(1, 9)]),  # noqa: DTZ001 -- a log may lack it
    "times of a zone": pa.array(
        [datetime(2026, 1, d, tzinfo=PARIS) for d in range(1, 9)], pa.timestamp("ns", "Europe/Paris")
    ),
    "times of UTC": pa.array([datetime(2026, 1, d, tzinfo=UTC) for d in range(1, 9)], pa.timestamp("s", "UTC")),
    "times of a day": pa.array([3600 * hour for hour in range(8)], pa.time32("s")),
    "durations": pa.array(list(range(8)), pa.duration("ms")),
    "years beyond time": pa.array([2**40 * d for d in range(8)], pa.timestamp("s")),
    "decimals": pa.array([Decimal(f"{d}.25") for d in range(8)]),
    "long decimals": pa.array([Decimal(10**50 + d) for d in range(8)], pa.decimal256(60)),
    "huge whole numbers": pa.array([2**63 - 1 - d for d in range(8)]),
    "unsigned whole numbers": pa.array([2**64 - 1 - d for d in range(8)], pa.uint64()),
    "whole numbers with gaps": pa.array([1, None, 3, None, 5, None, None, 8]),
    "truth values with gaps": pa.array([True, None, False, None, True, None, True, False]),
    "categories": pa.array(["a", "b", None, "a", "b", "a", "c", "a"]).dictionary_encode(),
    "categories of numbers": pa.array([1, 2, None, 1, 2, 1, 3, 1]).dictionary_encode(),
    "nothing": pa.nulls(8),
    "nothing but gaps among numbers": pa.nulls(8, pa.int32()),
    "nothing but gaps among words": pa.nulls(8, pa.string()),
    "one value": pa.array([4.0] * 8),
    "bytes that are text": pa.array([b"a", b"b", b"c", None, b"a", b"b", b"c", b"d"]),
    "bytes of one length": pa.array([b"aa", b"bb", b"cc", None, b"aa", b"bb", b"cc", b"dd"], pa.binary(2)),
    "large text": pa.array(["a", "b", "c", None, "a", "b", "c", "d"], pa.large_string()),
    "text views": pa.array(["a", "b", "c", None, "a", "b", "c", "d"], pa.string_view()),
    "half precision": pa.array([0.5, 1.5, math.nan, 2.5, None, 0.5, 0.5, 1.5], pa.float16()),
    "infinities": pa.array([math.inf, -math.inf, 1.0, 2.0, math.inf, -math.inf, 1.0, 2.0]),
    "lists": pa.array([[1], [2], None, [1], [1], [1], [1], [1]]),
    "mappings": pa.array([{"a": 1}] * 8),
}


@pytest.mark.parametrize("kind", ODD)
def test_a_column_of_any_type_is_read_and_nothing_is_made_up(tmp_path: Path, kind: str) -> None:
    column = ODD[kind]
    rows = {"x": column, "score": [0.5] * 8, "label": [0, 1] * 4}
    described = card(log="score: score, label: label", more=["reference: {window: rows 0..4}", "slices: [label]"])
    result = evaluated(tmp_path, rows, described)
    must_be_sound(result)
    assert result.window.rows == 4
    nested = pa.types.is_nested(column.type)
    missing = [m for m in result.measures if (m.measure, m.feature, m.basis) == ("missing_rate", "x", "realized")]
    assert len(missing) == (0 if nested else 1)
    if not nested:
        gone = [v is None or v != v for v in column[4:].to_pylist()] if kind != "years beyond time" else [False]
        assert missing[0].value == pytest.approx(sum(gone) / len(gone))


def test_infinities_have_a_distance_between_their_orders_and_no_mean(tmp_path: Path) -> None:
    before = [1.0, 2.0, 3.0, math.inf] * 20 + list(np.linspace(-5, 5, 30))
    now = [-math.inf, 2.0, 3.0, math.inf] * 20 + list(np.linspace(-5, 5, 30))
    result = drifted(tmp_path, before, now)
    must_be_sound(result)
    # Ranks have the order of the numbers, and SciPy takes them.
    ranks = stats.rankdata([*before, *now], method="dense")
    expected = stats.ks_2samp(ranks[len(before) :], ranks[: len(before)]).statistic
    must_agree(the(result, "ks", basis="difference", feature="x"), float(expected))
    for name in ("wasserstein", "mean_difference"):
        assert the(result, name, basis="difference", feature="x").reason == "some numbers are infinite"
