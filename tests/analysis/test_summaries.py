"""Summaries add up: in any order, in any pieces, on any number of threads, and never beyond their limits."""

from __future__ import annotations

import math
import pickle
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from analysis.card_reading import parse_card
from analysis.engine import Tree, in_order
from analysis.evaluate import evaluate
from analysis.log import Batch
from analysis.material import Material
from analysis.measuring import measured
from analysis.plan import Block, Judged, Plan, blocks_of
from analysis.result import fingerprint
from analysis.summaries import features, scores
from analysis.summaries.counting import Counting
from analysis.summaries.feature_counting import FeatureCounting
from analysis.summaries.features import Feature, feature_of
from analysis.summaries.keys import LEVELS, coarser, keys_of, middles, numbers_of
from analysis.summaries.summary import Part, Summary, added, one_summary
from analysis.summaries.table import lanes_of
from tests.analysis.evaluating import NOW, card, evaluated, the, value

numbers = st.floats(allow_nan=False)


def plan(**changes: Any) -> Plan:
    given_: dict[str, Any] = {
        "task": "binary",
        "judged": Judged(version="1", rows=None, scores=((None, "score"),), prediction=None),
        "against": None,
        "version_column": None,
        "label": "label",
        "positive": None,
        "threshold": 0.5,
        "weight": None,
        "id": "id",
        "query": None,
        "item": None,
        "k": (10,),
        "timestamp": None,
        "periods": 500,
        "groupings": (("city",), ("age", "city")),
        "protected": (("city",),),
        "features": ("age", "city", "amount"),
        "columns": (),
    }
    return Plan(**{**given_, **changes})


def table(n: int) -> dict[str, pa.Array]:
    generator = np.random.default_rng(9)
    label = generator.integers(0, 2, n)
    return {
        "id": pa.array([f"r{i % (n - 3)}" for i in range(n)]),
        "label": pa.array(label, mask=generator.uniform(size=n) < 0.1),
        "score": pa.array(np.clip(generator.normal(0.4 + 0.2 * label, 0.2), 0, 1)),
        "age": pa.array(generator.integers(18, 90, n), mask=generator.uniform(size=n) < 0.05),
        "city": pa.array(generator.choice(["Bonn", "Köln", "Ulm"], n)),
        "amount": pa.array(generator.lognormal(3, 2, n)),
    }


def batches(columns: dict[str, pa.Array], cuts: list[int]) -> list[Batch]:
    ends = [0, *cuts, len(columns["id"])]
    return [
        Batch(np.arange(a, b), {name: array.slice(a, b - a) for name, array in columns.items()})
        for a, b in pairwise(ends)
    ]


def counted(batch: Batch, of: Plan, block: Block) -> Part | None:
    counting = Counting(of, block)
    counting.take(batch)
    return counting.total()


def part_of(batch: Batch, of: Plan | None = None) -> Summary:
    """The summary of a batch whose columns are read together."""
    of = of or plan()
    part = counted(batch, of, blocks_of(of, apart=False)[0])
    assert isinstance(part, Summary)
    return part


def merged(parts: Iterable[Summary]) -> Summary | None:
    tree = Tree[Part](added)
    for part in parts:
        tree.take(part)
    total = tree.total()
    assert total is None or isinstance(total, Summary)
    return total


def measures_of(summary: Summary | None) -> dict[Any, Any]:
    assert summary is not None
    material = Material(plan=plan(), window=summary, reference=None)
    return {
        (m.measure, m.feature, m.slice, m.period): (m.value, m.low, m.high, m.n, m.reason) for m in measured(material)
    }


def nearly(found: tuple[Any, ...], expected: tuple[Any, ...]) -> bool:
    """Equal but for the last digits, in which sums differ when they are added in another order."""
    return all(
        a == b or (isinstance(a, float) and isinstance(b, float) and math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-12))
        for a, b in zip(found, expected, strict=True)
    )


@pytest.mark.parametrize("cuts", [[], [1], [1500], [10, 20, 700, 701, 2999]], ids=str)
def test_rows_in_pieces_give_the_numbers_of_all_rows(cuts: list[int]) -> None:
    whole = measures_of(part_of(batches(table(3000), [])[0]))
    pieces = measures_of(merged([part_of(b) for b in batches(table(3000), cuts)]))
    assert list(pieces) == list(whole)
    for key, found in pieces.items():
        assert nearly(found, whole[key]), key


def test_pieces_in_another_order_give_the_same_counts() -> None:
    parts = [part_of(b) for b in batches(table(3000), [500, 900, 2500])]
    forth, back = merged(parts), merged(parts[::-1])
    assert forth is not None
    assert back is not None
    for one, two in ((forth.judged.whole, back.judged.whole), (forth.judged.by_period, back.judged.by_period)):
        assert isinstance(one, scores.View)
        assert isinstance(two, scores.View)
        assert one.scores.axis.tolist() == two.scores.axis.tolist()
        assert one.scores.counts.tolist() == two.scores.counts.tolist()
        assert one.confusion.counts.tolist() == two.confusion.counts.tolist()
    assert forth.judged.groups == back.judged.groups


@pytest.mark.parametrize("rows", [3_000, 270_000], ids=["few", "more than are counted at once"])
def test_batches_of_one_partition_give_what_partitions_of_one_batch_do(rows: int) -> None:
    small = plan(id=None, features=("age", "city", "amount"))
    parts = batches(table(rows), [rows // 7, rows // 2, rows // 2 + 1])
    counting = Counting(small, blocks_of(small, apart=False)[0])
    for batch in parts:
        counting.take(batch)
    together = counting.total()
    assert isinstance(together, Summary)
    expected, found = measures_of(merged([part_of(b, small) for b in parts])), measures_of(together)
    assert found.keys() == expected.keys()
    for key in expected:
        assert nearly(found[key], expected[key]), key


@given(
    st.lists(
        st.lists(st.sampled_from(["Bonn", "Köln", "", "7", "x" * 300, "x" * 301, None]), min_size=1, max_size=9),
        min_size=1,
        max_size=5,
    ),
    st.booleans(),
)
def test_texts_of_dictionaries_are_counted_as_the_same_texts_written_out(
    batches_: list[list[str | None]], by_period: bool
) -> None:
    counting = FeatureCounting(["x"], by_period=by_period)
    for number, some in enumerate(batches_):
        counting.take({"x": pa.array(some, pa.string()).dictionary_encode()}, np.full(len(some), number // 2))
    total = counting.total()
    assert total is not None
    periods = np.concatenate([np.full(len(some), number // 2) for number, some in enumerate(batches_)])
    written = pa.array([value for some in batches_ for value in some], pa.string())
    found, expected = total["x"], feature_of(written, lanes_of(periods) if by_period else None, like=None)

    def cells(feature: Feature) -> dict[tuple[int, str], int]:
        values, counted_ = feature.texts.values, feature.texts.table
        assert values is not None
        keys = zip(counted_.lanes.tolist(), counted_.keys.tolist(), counted_.counts.tolist(), strict=True)
        return {(lane, values[key]): n for lane, key, n in keys}

    assert (found.rows, found.missing.rows, found.kinds) == (expected.rows, expected.missing.rows, expected.kinds)
    assert found.texts.values == expected.texts.values
    assert cells(found) == cells(expected)


def test_a_column_of_numbers_that_has_infinite_and_missing_ones_later_on_is_counted_whole() -> None:
    values = np.random.default_rng(8).normal(size=4 * 50_000).reshape(4, 50_000)
    values[2, :7], values[3, 0] = np.nan, np.inf
    counting = FeatureCounting(["x"], by_period=True)
    for number, some in enumerate(values):
        counting.take({"x": pa.array(some)}, np.full(len(some), number // 2))
    total = counting.total()
    assert total is not None
    found = total["x"]
    assert (found.rows, found.missing.rows, found.numbers.rows) == (200_000, 7, 199_993)
    assert dict(zip(found.missing.lanes.tolist(), found.missing.counts.tolist(), strict=True)) == {1: 7}
    assert (found.moments.count, found.moments.infinite) == (199_992, 1)
    by_period = [found.numbers_by_period.counts[found.numbers_by_period.lanes == lane].sum() for lane in (0, 1)]
    assert by_period == [100_000, 99_993]


def test_a_summary_can_be_stored_and_read_again() -> None:
    summary = part_of(batches(table(3000), [])[0])
    assert measures_of(pickle.loads(pickle.dumps(summary))) == measures_of(summary)  # noqa: S301 -- our own bytes


def test_a_summary_stays_small_whatever_the_number_of_rows() -> None:
    sizes = []
    for n in (20_000, 80_000):
        columns = {name: array for name, array in table(n).items() if name != "id"}
        batch = Batch(np.arange(n), columns)
        small = plan(id=None, features=("amount",), groupings=(), periods=None)
        parts = [part_of(batch, small)]
        sizes.append(len(parts[0].features["amount"].numbers))
    assert sizes[0] == 20_000
    assert sizes[1] <= features.NUMBERS.coarse


def test_scores_beyond_the_table_are_binned_and_the_note_bounds_the_error(tmp_path: Path) -> None:
    n = scores.SCORES.exact + 20_000
    generator = np.random.default_rng(10)
    label = generator.integers(0, 2, n)
    score = 1 / (1 + np.exp(-generator.normal(label, 1.5)))
    result = evaluated(tmp_path, {"label": label, "score": score}, card(log="label: label, score: score"))
    exact = {
        "roc_auc": metrics.roc_auc_score(label, score),
        "average_precision": metrics.average_precision_score(label, score),
    }
    for name, expected in exact.items():
        found = the(result, name)
        assert found.note is not None
        bound = float(found.note.split("at most ")[1].split(" ")[0])
        assert abs((found.value or 0) - expected) <= bound
        assert bound < 0.001
    assert value(result, "log_loss") == pytest.approx(metrics.log_loss(label, score), rel=1e-12)
    assert value(result, "brier") == pytest.approx(metrics.brier_score_loss(label, score), rel=1e-12)


def test_threads_give_the_bytes_of_one_thread(tmp_path: Path) -> None:
    columns = {name: array for name, array in table(3000).items() if name != "id"}
    for part in range(5):
        piece = pa.table({name: array.slice(part * 600, 600) for name, array in columns.items()})
        pq.write_table(piece, tmp_path / f"part-{part}.parquet")
    text = card(log="label: label, score: score", more=["slices: [city, age]"]).replace("SOURCE", "part-*.parquet")
    described = parse_card(text, root=tmp_path, name="card.yaml")
    prints = {fingerprint(evaluate(described, now=NOW, threads=threads)) for threads in (1, 2, 5)}
    assert len(prints) == 1


@given(st.lists(numbers, min_size=1))
def test_keys_are_ordered_as_the_numbers_are(values: list[float]) -> None:
    array = np.array(sorted(values))
    keys = keys_of(array)
    assert (keys[1:] >= keys[:-1]).all()
    assert (numbers_of(keys) == array).all()


@given(numbers, numbers, st.sampled_from(LEVELS[1:]), st.sampled_from(LEVELS[1:]))
def test_coarser_bins_join_whole_finer_ones(one: float, two: float, first: int, second: int) -> None:
    low, high = sorted((first, second))
    keys = keys_of(np.array([one, two]))
    fine = coarser(keys, 0, low)
    straight, by_steps = coarser(keys, 0, high), coarser(fine, low, high)
    assert straight.tolist() == by_steps.tolist()
    if fine[0] == fine[1]:
        assert straight[0] == straight[1]
    assert (straight[0] <= straight[1]) == (one <= two) or straight[0] == straight[1]


@given(st.floats(min_value=2**-30, max_value=1e300), st.sampled_from(LEVELS[1:10]))
def test_a_bin_is_represented_by_a_number_near_all_of_its_numbers(number: float, level: int) -> None:
    middle = middles(coarser(keys_of(np.array([number])), 0, level), level)[0]
    assert middle == pytest.approx(number, rel=2.0 ** (level - 52))


def test_work_in_threads_comes_back_in_order_and_its_errors_too() -> None:
    assert list(in_order(lambda x: x * x, range(50), threads=4)) == [x * x for x in range(50)]
    with pytest.raises(ZeroDivisionError):
        list(in_order(lambda x: 1 // (x - 7), range(50), threads=4))


def test_parts_are_added_as_a_fixed_tree_sixteen_at_a_time() -> None:
    tree = Tree[str](lambda parts: f"({''.join(parts)})")
    assert tree.total() is None
    for letter in "abcdefghijklmnopqrstuvwxyzABCDEFGHI":
        tree.take(letter)
    assert tree.total() == "((abcdefghijklmnop)(qrstuvwxyzABCDEF)GHI)"


def test_columns_read_apart_give_the_numbers_of_columns_read_together() -> None:
    columns = {**table(3000), **{f"more {i}": table(3000)["amount"] for i in range(12)}}
    wide = plan(features=("age", "city", "amount", *(f"more {i}" for i in range(12))))
    batch = batches(columns, [])[0]
    parts = [counted(batch, wide, block) for block in blocks_of(wide, apart=True)]
    assert len(parts) > 2
    assert measures_of(one_summary(parts, wide)) == measures_of(part_of(batch, wide))


def test_a_period_by_itself_is_kept_no_finer_than_beside_many() -> None:
    values = pa.array(np.random.default_rng(4).normal(size=300_000))
    limit = features.NUMBERS_BY_PERIOD
    alone = feature_of(values, lanes_of(np.zeros(300_000, np.int64)), like=None).numbers_by_period
    assert limit.lane / 2 < len(alone) <= limit.lane
    month = feature_of(values, lanes_of(np.arange(300_000) % 30), like=None).numbers_by_period
    assert limit.coarse / 4 < len(month) <= limit.coarse
    assert len(month) > limit.lane


def test_what_a_finer_view_adds_up_to_is_what_is_counted_directly() -> None:
    batch = batches(table(3000), [])[0]
    parts = [part_of(batch, plan(groupings=groupings)) for groupings in ((), (("city",),))]
    direct, added_up = (part.judged for part in parts)
    for seen in ("whole", "by_period"):
        one, two = getattr(direct, seen), getattr(added_up, seen)
        for name in ("scores", "confusion", "losses", "calibration"):
            first, second = getattr(one, name), getattr(two, name)
            assert (first.lanes.tolist(), first.keys.tolist()) == (second.lanes.tolist(), second.keys.tolist())
            assert first.counts.tolist() == second.counts.tolist()
            assert second.sums == pytest.approx(first.sums, rel=1e-12)


def test_many_summaries_at_once_are_those_added_one_by_one() -> None:
    parts = [part_of(b) for b in batches(table(3000), [10, 20, 700, 701, 2999])]
    one_by_one = parts[0]
    for part in parts[1:]:
        one_by_one = one_by_one + part
    assert measures_of(Summary.together(parts)) == measures_of(one_by_one)
