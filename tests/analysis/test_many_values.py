"""Categories of more values than are kept: drift and unseen values are estimated, and what they should be is worked out
here from all values, with numpy."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from analysis.summaries.features import Feature, feature_of
from analysis.summaries.packing import packed
from analysis.summaries.table import lanes_of
from analysis.values import CheckResult, Result
from tests.analysis.evaluating import card, evaluated, the, value

DISTANCES = ("total_variation", "jensen_shannon", "hellinger", "psi")


def named(numbers: Any) -> list[str]:
    return [f"v{number}" for number in numbers]


def laid_beside(folder: Path, reference: list[str], window: list[str], *, more: str = "checks: {}") -> Result:
    rows = len(reference) + len(window)
    chance = np.random.default_rng(4)
    columns = {"y": np.arange(rows) % 2, "s": chance.random(rows), "x": [*reference, *window]}
    lines = (f"reference: {{window: rows 0..{len(reference)}}}", more)
    return evaluated(folder, columns, card(log="label: y, score: s", more=lines))


def of_x(result: Result, check: str) -> CheckResult:
    (found,) = [c for c in result.checks if c.check == check and c.subject.feature == "x"]
    return found


def exact(reference: Any, window: Any) -> dict[str, float]:
    size = int(max(reference.max(), window.max())) + 1
    q, p = (np.bincount(side, minlength=size) / len(side) for side in (reference, window))
    unseen = float(p[q == 0].sum())
    floors = [min(0.5 / len(side), 1e-4) for side in (window, reference)]
    there = (p + q) > 0
    p, q = p[there], q[there]
    middle = (p + q) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        divergence = sum(np.where(side > 0, side * np.log2(side / middle), 0.0).sum() for side in (p, q)) / 2
    full = [np.where(side > 0, side, floor) for side, floor in zip((p, q), floors, strict=True)]
    return {
        "total_variation": float(np.abs(p - q).sum() / 2),
        "jensen_shannon": float(np.sqrt(divergence)),
        "hellinger": float(np.sqrt(np.square(np.sqrt(p) - np.sqrt(q)).sum() / 2)),
        "psi": float(((full[0] - full[1]) * np.log(full[0] / full[1])).sum()),
        "unseen_rate": unseen,
    }


DEFAULTS = "checks: {drift: {}, unseen_values: {}}"


@pytest.mark.parametrize("rows_each", [1, 2])
def test_50000_values_with_nothing_in_common_fail(tmp_path: Path, rows_each: int) -> None:
    reference = named(np.repeat(np.arange(50_000), rows_each))
    window = named(np.repeat(np.arange(50_000, 100_000), rows_each))
    result = laid_beside(tmp_path, reference, window, more=DEFAULTS)
    assert value(result, "unseen_rate", feature="x") == pytest.approx(1.0, abs=1e-9)
    for name in ("total_variation", "jensen_shannon", "hellinger"):
        assert value(result, name, basis="difference", feature="x") == pytest.approx(1.0, abs=1e-6)
    assert of_x(result, "drift").verdict == "fail"
    assert of_x(result, "unseen_values").verdict == "fail"
    note = the(result, "psi", basis="difference", feature="x").note
    assert note is not None
    assert note.startswith("estimated from ")


def test_an_identifier_that_overlaps_is_not_compared_and_the_check_says_so(tmp_path: Path) -> None:
    result = laid_beside(tmp_path, named(np.arange(30_000)), named(np.arange(15_000, 45_000)), more=DEFAULTS)
    assert value(result, "unseen_rate", feature="x") == pytest.approx(0.5, abs=0.03)
    for check in ("drift", "unseen_values"):
        found = of_x(result, check)
        assert found.verdict == "skipped"
        assert "x looks like an identifier" in found.says


def test_9000_values_with_nothing_in_common_fail_though_the_model_is_unharmed(tmp_path: Path) -> None:
    result = laid_beside(tmp_path, named(np.arange(9_000)), named(np.arange(9_000, 18_000)), more=DEFAULTS)
    assert of_x(result, "drift").verdict == "fail"


def test_new_values_among_many_fail_when_chance_is_ruled_out(tmp_path: Path) -> None:
    chance = np.random.default_rng(2)
    reference, window = (chance.integers(0, 20_000, 100_000) for _ in range(2))
    window[:10_000] += 20_000
    result = laid_beside(tmp_path, named(reference), named(window), more=DEFAULTS)
    assert of_x(result, "unseen_values").verdict == "fail"


def test_50000_values_of_one_distribution_fail_nothing(tmp_path: Path) -> None:
    chance = np.random.default_rng(1)
    reference, window = (named(chance.integers(0, 50_000, 100_000)) for _ in range(2))
    result = laid_beside(tmp_path, reference, window, more=DEFAULTS)
    assert of_x(result, "drift").verdict in ("pass", "unsure")
    assert of_x(result, "unseen_values").verdict in ("pass", "unsure")


@pytest.mark.parametrize("moved", [0.0, 0.3])
def test_estimates_on_a_long_tail_are_near_those_of_all_values(tmp_path: Path, moved: float) -> None:
    chance = np.random.default_rng(3)
    weights = 1 / np.arange(1, 60_001)
    reference, window = (chance.choice(60_000, 150_000, p=weights / weights.sum()) for _ in range(2))
    window = np.where(chance.random(len(window)) < moved, 60_000 + window // 2, window)
    result = laid_beside(tmp_path, named(reference), named(window))
    truth = exact(reference, window)
    for name in DISTANCES:
        found = value(result, name, basis="difference", feature="x")
        assert found == pytest.approx(truth[name], abs=0.03, rel=0.1 if name == "psi" else 0.0), name
    assert value(result, "unseen_rate", feature="x") == pytest.approx(truth["unseen_rate"], abs=0.03)


def test_periods_have_the_distances_of_their_own_rows(tmp_path: Path) -> None:
    reference = named(np.repeat(np.arange(20_000), 2))
    window = [*named(np.arange(20_000)), *named(np.arange(50_000, 70_000))]
    result = laid_beside(tmp_path, reference, window, more="periods: {rows: 20000}")
    first, second = "rows 40000..60000", "rows 60000..80000"
    for period, expected in ((first, 0.0), (second, 1.0)):
        assert value(result, "unseen_rate", feature="x", period=period) == pytest.approx(expected, abs=1e-9)
        for name in ("total_variation", "jensen_shannon", "hellinger"):
            found = value(result, name, basis="difference", feature="x", period=period)
            assert found == pytest.approx(expected, abs=1e-3), (period, name)


def test_batches_add_up_to_the_same_in_any_order() -> None:
    chance = np.random.default_rng(5)
    numbers = [chance.integers(0, size, size) for size in (9_000, 30_000, 60_000)]
    parts = [feature_of(pa.array(named(some)), lanes_of(some % 3), like=None) for some in numbers]
    assert [part.texts.values is None for part in parts] == [False, True, True]
    together = np.concatenate(numbers)
    whole = feature_of(pa.array(named(together)), lanes_of(together % 3), like=None)
    for order in permutations(parts):
        one, *rest = order
        found = Feature.together([one, Feature.together(rest)])
        assert packed(found.texts.many) == packed(whole.texts.many)  # type: ignore[arg-type]  # a part of a part
