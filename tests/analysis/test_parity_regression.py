"""Regressions, whatever is in the log: scikit-learn's numbers, and a reason where there is none."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics

from tests.analysis.evaluating import card, evaluated, the, value
from tests.analysis.parity import GROUPS, MODEST, WEIGHTS, Z, must_agree, must_be_sound, or_none, put_down, typed

LOG = "label: price, score: said"
NUMBERS = st.one_of(st.sampled_from([0.0, 1.0, 1.0, -0.5, 20.0]), st.floats(-1e6, 1e6).map(lambda x: round(x, 3)))

Number = Callable[[Any, Any, Any], float]
BY_SCIKIT_LEARN: dict[str, Number] = {
    "mean_absolute_error": lambda y, p, w: metrics.mean_absolute_error(y, p, sample_weight=w),
    "mean_squared_error": lambda y, p, w: metrics.mean_squared_error(y, p, sample_weight=w),
    "root_mean_squared_error": lambda y, p, w: metrics.root_mean_squared_error(y, p, sample_weight=w),
    "mean_squared_log_error": lambda y, p, w: metrics.mean_squared_log_error(y, p, sample_weight=w),
    "root_mean_squared_log_error": lambda y, p, w: metrics.root_mean_squared_log_error(y, p, sample_weight=w),
    "mean_error": lambda y, p, w: np.average(p - y, weights=w),
}


@st.composite
def logs(draw: st.DrawFn) -> dict[str, list[Any]]:
    n = draw(st.integers(1, 30))
    gaps = st.one_of(NUMBERS, st.sampled_from([None, math.nan]))
    constant = st.just(draw(NUMBERS))
    columns = {
        "price": draw(st.sampled_from([NUMBERS, NUMBERS, gaps, constant, st.none()])),
        "said": draw(st.sampled_from([NUMBERS, NUMBERS, gaps, constant])),
        "weight": draw(st.sampled_from([WEIGHTS, WEIGHTS, st.just(0.0)])),
        "group": GROUPS,
    }
    return {name: draw(st.lists(values, min_size=n, max_size=n)) for name, values in columns.items()}


@pytest.mark.parametrize("csv", [False, True], ids=["parquet", "csv"])
@pytest.mark.parametrize("weighted", [False, True], ids=["unweighted", "weighted"])
@MODEST
@given(rows=logs())
def test_whatever_the_log_holds_the_numbers_are_scikit_learns(
    tmp_path_factory: pytest.TempPathFactory, rows: dict[str, list[Any]], weighted: bool, csv: bool
) -> None:
    columns: dict[str, Any] = dict(rows) if csv else rows | {name: typed(rows[name]) for name in ("price", "said")}
    log = LOG + (", weight: weight" if weighted else "")
    described = card(log=log, task="regression", more=["slices: [group]"])
    result = put_down(tmp_path_factory.mktemp("log"), columns, described, csv=csv)
    must_be_sound(result)
    for group in (None, rows["group"][0]):
        where = None if group is None else (("group", group),)
        whole = [
            (y, p, w if weighted else 1.0)
            for y, p, w, g in zip(*rows.values(), strict=True)
            if None not in (y, p) and y == y and p == p and group in (None, g)
        ]
        y, p, w = (np.array([row[i] for row in whole], dtype=np.float64) for i in range(3))
        for name, number in BY_SCIKIT_LEARN.items():
            expected = or_none(lambda n=number, a=(y, p, w): n(*a)) if w.sum() else None  # type: ignore[misc]
            must_agree(the(result, name, where=where), expected)
        # Where a label is 0 scikit-learn divides by the smallest float instead, and answers some 10**15.
        zeros = not w.sum() or bool((y[w > 0] == 0).any())
        shares = None if zeros else metrics.mean_absolute_percentage_error(y[w > 0], p[w > 0], sample_weight=w[w > 0])
        must_agree(the(result, "mean_absolute_percentage_error", where=where), shares)
        # Where all labels are the same scikit-learn answers 0 or 1 by decree, and for one row NaN.
        varied = len(set(y[w > 0].tolist())) > 1
        must_agree(the(result, "r2", where=where), metrics.r2_score(y, p, sample_weight=w) if varied else None)


@pytest.mark.parametrize("offset", [0.0, 1e3, 1e6, 1e9, -1e12])
def test_r2_does_not_depend_on_where_the_labels_lie(tmp_path_factory: pytest.TempPathFactory, offset: float) -> None:
    generator = np.random.default_rng(8)
    price = np.round(generator.normal(0, 50, 500)) + offset
    said = price + np.round(generator.normal(0, 20, 500))
    weight = generator.integers(1, 4, 500)
    rows = {"price": price, "said": said, "weight": weight}
    described = card(log=LOG + ", weight: weight", task="regression", more=["periods: {rows: 100}"])
    result = evaluated(tmp_path_factory.mktemp("log"), rows, described)
    # By shifting everything first, which changes no R², and no digit of whole numbers.
    expected = metrics.r2_score(price - offset, said - offset, sample_weight=weight)
    assert value(result, "r2") == pytest.approx(expected, abs=1e-9)
    some = slice(100, 200)
    expected = metrics.r2_score(price[some] - offset, said[some] - offset, sample_weight=weight[some])
    assert value(result, "r2", period="rows 100..200") == pytest.approx(expected, abs=1e-9)


@MODEST
@given(rows=logs())
def test_means_have_the_normal_interval(tmp_path_factory: pytest.TempPathFactory, rows: dict[str, list[Any]]) -> None:
    columns = rows | {name: typed(rows[name]) for name in ("price", "said")}
    result = evaluated(tmp_path_factory.mktemp("log"), columns, card(log=LOG, task="regression"))
    whole = [(y, p) for y, p, _, _ in zip(*rows.values(), strict=True) if None not in (y, p) and y == y and p == p]
    if len(whole) < 2:
        return
    errors = np.array([p - y for y, p in whole])
    for name, parts in {"mean_error": errors, "mean_absolute_error": np.abs(errors)}.items():
        reach = Z * float(stats.sem(parts))
        found = the(result, name)
        low = parts.mean() - reach if name == "mean_error" else max(parts.mean() - reach, 0.0)
        size = float(np.abs(errors).max())  # sums of squares keep half of the digits of a small spread
        assert (found.low, found.high) == pytest.approx((low, parts.mean() + reach), rel=1e-9, abs=1e-7 * size + 1e-12)


@pytest.mark.parametrize(
    ("price", "said"),
    [
        ([1, 2, 4], [1, 3, 4]),
        (pa.array([1, 2, 4], pa.uint64()), pa.array([1, 3, 4], pa.int8())),
        (pa.array([1.0, 2.0, 4.0], pa.float32()), pa.array([1.0, 3.0, 4.0], pa.float16())),
        ([Decimal("1.00"), Decimal("2.00"), Decimal("4.00")], [1.0, 3.0, 4.0]),
        (["1", " 2", "4e0"], ["1.0", "3.", "4"]),
        (pa.array(["1", "2", "4"]).dictionary_encode(), pa.array([1, 3, 4]).dictionary_encode()),
    ],
    ids=["whole numbers", "unsigned and short", "half precision", "decimals", "text", "dictionaries"],
)
def test_numbers_of_every_type_are_read(tmp_path_factory: pytest.TempPathFactory, price: Any, said: Any) -> None:
    result = evaluated(tmp_path_factory.mktemp("log"), {"price": price, "said": said}, card(log=LOG, task="regression"))
    assert value(result, "mean_absolute_error") == pytest.approx(1 / 3)
    assert value(result, "r2") == pytest.approx(metrics.r2_score([1, 2, 4], [1, 3, 4]))


@pytest.mark.parametrize("extreme", [math.inf, -math.inf, 1e200, -1.7e308])
def test_numbers_near_the_end_of_the_floats_leave_null_with_a_reason(
    tmp_path_factory: pytest.TempPathFactory, extreme: float
) -> None:
    rows = {"price": [1.0, 2.0, 3.0], "said": [1.0, extreme, 2.0], "x": [extreme, 1.0, 2.0]}
    result = evaluated(tmp_path_factory.mktemp("log"), rows, card(log=LOG, task="regression"))
    must_be_sound(result)
    assert the(result, "mean_squared_error").value is None


def test_a_row_of_weight_0_makes_no_share_undefined(tmp_path_factory: pytest.TempPathFactory) -> None:
    rows = {"price": [0.0, 2.0, 4.0], "said": [1.0, 3.0, 5.0], "weight": [0.0, 1.0, 1.0]}
    described = card(log=LOG + ", weight: weight", task="regression")
    result = evaluated(tmp_path_factory.mktemp("log"), rows, described)
    assert value(result, "mean_absolute_percentage_error") == pytest.approx((1 / 2 + 1 / 4) / 2)
