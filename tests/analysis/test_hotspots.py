"""Hotspots: what was planted is found and named, chance is not, and the sample they are found in is fair."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.binning import binned
from analysis.errors import UserError
from analysis.hotspots import hotspots
from analysis.summaries.sample import MOST_ROWS, Sample, in_second_half, sample_of, side_by_side, tickets_of
from tests.analysis.evaluating import card, evaluated

ROWS = 20_000
SAMPLED = {"checks": "checks: {hotspot: {warn: 0.05}}"}


def rows(wrong_where: Any, *, otherwise: float = 0.2, seed: int = 4) -> dict[str, Any]:
    """A log whose predictions are wrong for a fifth of the rows, and for half of those that ``wrong_where`` picks."""
    chance = np.random.default_rng(seed)
    columns: dict[str, Any] = {f"number {i}": chance.normal(size=ROWS) for i in range(8)}
    columns["region"] = chance.choice(["north", "south", "east"], ROWS)
    columns["device"] = chance.choice(["phone", "desk"], ROWS)
    label = chance.integers(0, 2, ROWS)
    wrong = chance.random(ROWS) < np.where(wrong_where(columns), 0.5, otherwise)
    return {**columns, "y": label, "s": np.where(wrong, 1 - label, label) * 0.8 + 0.1}


def hotspots_of(folder: Path, columns: dict[str, Any], task: str = "binary") -> list[Any]:
    described = card(log="label: y, score: s", more=[SAMPLED["checks"]], task=task)
    found = evaluated(folder, columns, described)
    return [m for m in found.measures if m.slice is not None and (m.note or "").startswith("hotspot")]


def test_a_pair_of_conditions_is_found_named_and_measured_on_rows_held_back(tmp_path: Path) -> None:
    columns = rows(lambda c: (c["region"] == "north") & (c["number 3"] > 0))
    inside, apart, mended = hotspots_of(tmp_path, columns)[:3]
    assert dict(inside.slice) == {"region": "north", "number 3": dict(inside.slice)["number 3"]}
    low, high = dict(inside.slice)["number 3"].strip("[)").split(", ")
    assert float(low) == pytest.approx(0, abs=0.05)
    assert high == "inf"
    assert inside.low < 0.5 < inside.high
    # Its scores are those of all rows, of which a fifth is wrong but a half of the slice's: 0.3 apart from the others.
    assert apart.low < -0.3 < apart.high
    assert mended.value == pytest.approx(0.8, abs=0.01)
    assert (inside.basis, apart.basis, mended.basis) == ("realized", "difference", "what_if")
    assert mended.n == pytest.approx(ROWS / 2, rel=0.05)


def test_rows_of_which_the_model_is_unsure_and_says_so_are_no_hotspot(tmp_path: Path) -> None:
    columns = rows(lambda c: c["number 1"] > 9)
    chance = np.random.default_rng(3)
    truth = np.where(columns["region"] == "north", 0.5, 0.9)
    columns["s"], columns["y"] = truth, (chance.random(ROWS) < truth).astype(int)
    assert hotspots_of(tmp_path, columns) == []


def test_a_third_condition_is_added_where_it_says_more(tmp_path: Path) -> None:
    where = lambda c: (c["region"] == "north") & (c["number 3"] > 0) & (c["device"] == "phone")  # noqa: E731 -- one use
    assert {column for column, _ in hotspots_of(tmp_path, rows(where))[0].slice} == {"region", "number 3", "device"}


@pytest.mark.parametrize("seed", range(5))
def test_where_there_is_only_chance_nothing_is_found(tmp_path: Path, seed: int) -> None:
    assert hotspots_of(tmp_path, rows(lambda c: c["number 1"] > 9, seed=seed)) == []


def test_a_regressions_largest_errors_are_found(tmp_path: Path) -> None:
    columns = rows(lambda c: c["number 1"] > 9)
    chance = np.random.default_rng(8)
    columns["y"] = chance.normal(size=ROWS)
    width = np.where((columns["region"] == "east") & (columns["device"] == "desk"), 3.0, 1.0)
    columns["s"] = columns["y"] + chance.normal(size=ROWS) * width
    inside, apart, mended = hotspots_of(tmp_path, columns, task="regression")[:3]
    assert dict(inside.slice) == {"device": "desk", "region": "east"}
    # The mean size of a normal error is its standard deviation times sqrt(2 / pi).
    assert inside.low < 3 * np.sqrt(2 / np.pi) < inside.high
    assert apart.low > 0.25 * np.sqrt(2 / np.pi)
    assert mended.value < inside.value


def test_groups_that_the_model_card_names_are_no_hotspots(tmp_path: Path) -> None:
    columns = rows(lambda c: c["region"] == "north")
    described = card(log="label: y, score: s", more=[SAMPLED["checks"], "slices: [region]"])
    found = evaluated(tmp_path, columns, described)
    assert not [
        m for m in found.measures if (m.note or "").startswith("hotspot") and dict(m.slice or ()).keys() == {"region"}
    ]


def test_the_result_is_the_same_on_any_number_of_threads(tmp_path: Path) -> None:
    columns = rows(lambda c: (c["region"] == "north") & (c["number 3"] > 0))
    described = card(log="label: y, score: s", more=[SAMPLED["checks"]])
    assert evaluated(tmp_path, columns, described, threads=1) == evaluated(tmp_path, columns, described, threads=4)


@given(st.lists(st.integers(1, 2999), max_size=6, unique=True))
def test_a_sample_is_the_same_in_whatever_pieces_the_rows_come(cuts: list[int]) -> None:
    whole, parts = sampled(0, 3000), [sampled(a, b) for a, b in pairwise([0, *sorted(cuts), 3000])]
    total = Sample.together(parts)
    assert total.tickets.tolist() == whole.tickets.tolist()
    assert total.columns["a"].to_pylist() == whole.columns["a"].to_pylist()


def sampled(start: int, end: int) -> Sample:
    places = np.arange(start, end)
    return sample_of(tickets_of(places), {"a": pa.array(places)}, ["a"])


def test_a_sample_is_bounded_and_fair() -> None:
    found = sampled(0, 20_000)
    for start in range(20_000, 500_000, 20_000):
        found = Sample.together([found, sampled(start, start + 20_000)])
    assert MOST_ROWS / 2 < len(found) <= MOST_ROWS
    values = found.columns["a"].to_numpy()
    assert values.mean() == pytest.approx(250_000, rel=0.01)
    assert in_second_half(found).mean() == pytest.approx(0.5, abs=0.01)


def test_columns_that_were_read_apart_stand_side_by_side() -> None:
    places = np.arange(1000)
    tickets = tickets_of(places)
    one = sample_of(tickets, {"a": pa.array(places)}, ["a"])
    two = sample_of(tickets, {"b": pa.array(places)}, ["b"], halvings=2)
    both = side_by_side([one, two])
    assert both.columns["a"].to_pylist() == both.columns["b"].to_pylist()


def test_numbers_are_cut_into_eighths_with_every_run_of_them_as_a_condition() -> None:
    found = binned("x", pa.chunked_array([pa.array(np.arange(800.0))]))
    assert found is not None
    assert np.bincount(found.codes).tolist() == [100] * 8
    assert len(found.names) == 8 * 9 // 2 - 1 + 1  # all runs but the whole one, and the missing
    assert found.names[:2] == ("[-inf, 100)", "[-inf, 200)")


def salaries(seed: int, *, worse_for_women: float) -> dict[str, Any]:
    """397 professors, 39 of them women, and their salaries as a model predicts them."""
    chance = np.random.default_rng(seed)
    columns: dict[str, Any] = {
        "rank": chance.choice(["Prof", "AssocProf", "AsstProf"], 397, p=[0.67, 0.16, 0.17]),
        "discipline": chance.choice(["A", "B"], 397),
        "since phd": chance.integers(1, 56, 397),
        "sex": chance.permutation(["Female"] * 39 + ["Male"] * 358),
    }
    salary = chance.normal(113_000, 25_000, 397)
    off = chance.normal(0, 15_000, 397) + np.where(columns["sex"] == "Female", worse_for_women, 0.0)
    return {**columns, "y": salary, "s": salary + off}


def test_39_women_among_397_professors_are_found(tmp_path: Path) -> None:
    found = hotspots_of(tmp_path, salaries(5, worse_for_women=-35_000), task="regression")
    inside, apart, _ = found
    assert dict(inside.slice) == {"sex": "Female"}
    assert inside.n == 39
    assert apart.low > 10_000
    assert inside.note == "hotspot, on all 397 rows: one like it by chance is found in less than 1 of 20 logs"


def test_the_smallest_weak_segment_is_an_option_of_the_check(tmp_path: Path) -> None:
    columns = salaries(5, worse_for_women=-35_000)
    described = card(log="label: y, score: s", more=["checks: {hotspot: {size: 40}}"], task="regression")
    found = evaluated(tmp_path, columns, described)
    assert not [m for m in found.measures if m.slice == (("sex", "Female"),) and m.measure != "share"]
    described = card(log="label: y, score: s", more=["checks: {hotspot: {size: few}}"], task="regression")
    with pytest.raises(UserError, match="size must be a whole number of rows"):
        evaluated(tmp_path, columns, described)


def test_in_small_logs_without_a_weak_segment_hardly_one_is_found() -> None:
    # At most one log in twenty has one: of 25 logs more than 4 have one in less than one of 100 such tests.
    found = 0
    for seed in range(25):
        columns = salaries(seed, worse_for_women=0.0)
        errors = np.abs(columns.pop("s") - columns.pop("y"))
        bins = [binned(name, pa.chunked_array([pa.array(values)])) for name, values in columns.items()]
        there = [column for column in bins if column is not None]
        nothing = np.zeros(397, dtype=bool)
        found += bool(hotspots(there, errors, np.full(397, errors.mean()), nothing))
    assert found <= 4
