"""What the tests of parity share: hostile columns, a log of either kind, and another program's number or none."""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from scipy import stats

from analysis.card_reading import parse_card
from analysis.evaluate import evaluate
from analysis.values import Measure, Result
from tests.analysis.evaluating import NOW, evaluated

Floats = np.ndarray[Any, np.dtype[np.float64]]
Z = float(stats.norm.ppf(0.975))

TIMES_AS_MANY = int(os.environ.get("PARLEY_TEST_TIMES_AS_MANY", "1"))
"""The campaign of `make soak` tries many more examples than each test run can."""
MODEST = settings(max_examples=8 * TIMES_AS_MANY, deadline=None, phases=[Phase.generate, Phase.shrink])
FEW = settings(MODEST, max_examples=4 * TIMES_AS_MANY)

TIED = st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.5, 0.75, 1.0])
CHANCES = st.one_of(TIED, st.floats(0, 1))
WEIGHTS = st.one_of(st.sampled_from([0.0, 1.0, 2.5]), st.floats(0.01, 100))
GROUPS = st.sampled_from(["a", "a", "b", "c", None])


def put_down(folder: Path, rows: Mapping[str, Sequence[Any]], card: str, *, csv: bool) -> Result:
    """The rows as a Parquet or a CSV file, evaluated by a model card."""
    if not csv:
        return evaluated(folder, rows, card)
    path = folder / "log.csv"
    pd.DataFrame({name: pd.Series(list(values), dtype=object) for name, values in rows.items()}).to_csv(
        path, index=False, lineterminator="\n"
    )
    return evaluate(parse_card(card.replace("SOURCE", path.name), root=folder, name="card.yaml"), now=NOW)


def typed(values: Sequence[Any]) -> pa.Array:
    """Python values as a column; NaN stays what it is, a list of nothing but None is a column of floats."""
    return pa.array(values, pa.float64()) if all(v is None for v in values) else pa.array(values)


def there(values: Sequence[Any]) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Which values are neither null nor NaN."""
    return np.array([v is not None and v == v for v in values], dtype=bool)


def or_none(number: Callable[[], float]) -> float | None:
    """Another program's number; None where it warns, refuses, or answers NaN."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            found = float(number())
        except (Warning, ValueError, ZeroDivisionError):
            return None
    return None if math.isnan(found) else found


def must_agree(found: Measure, expected: float | None) -> None:
    """Equal to nine digits, or undefined with a reason where the other program has no number."""
    if expected is None:
        assert (found.value, found.low, found.high) == (None, None, None), found
        assert found.reason, found
    else:
        assert found.value == pytest.approx(expected, rel=1e-9, abs=1e-9), found
        assert found.reason is None, found


def must_be_sound(result: Result) -> None:
    """What holds for every measure of every result."""
    for m in result.measures:
        assert (m.value is None) == (m.reason is not None), m
        for number in (m.value, m.low, m.high):
            assert number is None or math.isfinite(number), m
        if m.value is None:
            assert (m.low, m.high) == (None, None), m
        assert m.low is None or m.value is None or m.low <= m.value, m
        assert m.high is None or m.value is None or m.value <= m.high, m
        assert m.n >= 0, m


def wilson(part: int, rows: int) -> tuple[float, float]:
    """SciPy's interval of a share."""
    found = stats.binomtest(part, rows).proportion_ci(method="wilson")
    return float(found.low), float(found.high)
