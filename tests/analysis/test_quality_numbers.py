"""What is missing, new, out of range, of the wrong type or twice in the log, counted by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from tests.analysis.evaluating import card, evaluated, the, value
from tests.analysis.parity import put_down


def compared(tmp_path: Path, reference: list[Any], window: list[Any], *more: str) -> Any:
    columns = {"x": [*reference, *window], "score": [0.5] * (len(reference) + len(window))}
    described = card(log="score: score", more=[f"reference: {{window: rows 0..{len(reference)}}}", *more])
    return evaluated(tmp_path, columns, described)


def unseen_shares(result: Any) -> dict[Any, Any]:
    return {
        m.slice: m.value for m in result.measures if m.note == "unseen" and m.measure == "share" and m.period is None
    }


def test_missing_values_are_a_share_of_all_rows(tmp_path: Path) -> None:
    result = compared(tmp_path, ["a", "b", None, "a"], ["a", None, None, "b", "b"])
    rate = the(result, "missing_rate", feature="x")
    by_scipy = stats.binomtest(2, 5).proportion_ci(method="wilson")
    assert (rate.value, rate.n) == (0.4, 5)
    assert (rate.low, rate.high) == pytest.approx((by_scipy.low, by_scipy.high))
    assert value(result, "missing_rate", feature="x", basis="reference") == 0.25


def test_nan_is_missing(tmp_path: Path) -> None:
    assert value(compared(tmp_path, [1.0, 2.0], [float("nan"), 1.0]), "missing_rate", feature="x") == 0.5


def test_unseen_values_are_named_when_they_occur_five_times(tmp_path: Path) -> None:
    window = ["wool"] * 7 + ["linen"] * 6 + ["typo"] * 4 + ["silk"] * 3
    result = compared(tmp_path, ["wool", "silk"], window)
    assert value(result, "unseen_rate", feature="x") == 0.5
    assert unseen_shares(result) == {(("x", "linen"),): 0.3}


def test_an_unseen_value_is_shown_with_at_most_sixty_characters(tmp_path: Path) -> None:
    result = compared(tmp_path, ["wool"], ["x" * 500] * 5)
    assert list(unseen_shares(result)) == [(("x", "x" * 60),)]


def test_a_feature_without_unseen_values_has_the_rate_0(tmp_path: Path) -> None:
    assert value(compared(tmp_path, ["a", "b"], ["b", None]), "unseen_rate", feature="x") == 0.0


def test_unseen_values_are_counted_in_each_period(tmp_path: Path) -> None:
    result = compared(tmp_path, ["a"] * 10, ["a"] * 10 + ["a"] * 5 + ["new"] * 5, "periods: {rows: 10}")
    assert value(result, "unseen_rate", feature="x", period="rows 10..20") == 0.0
    assert value(result, "unseen_rate", feature="x", period="rows 20..30") == 0.5
    assert value(result, "share", feature="x", where=(("x", "new"),), period="rows 20..30") == 0.5


def test_numbers_outside_the_references_range_are_a_share_of_all_rows(tmp_path: Path) -> None:
    result = compared(tmp_path, [10, 20, 30], [9, 10, 31, 30, None])
    assert value(result, "out_of_range_rate", feature="x") == 0.4


def test_a_number_column_with_words_in_it_has_type_errors(tmp_path: Path) -> None:
    columns = {"x": ["1", "2.5", "-3e2", "unknown", None], "score": [0.5] * 5}
    reference = tmp_path / "reference.csv"
    reference.write_text("x,score\n1,0.5\n2,0.5\n")
    described = card(log="score: score", more=["reference: {source: reference.csv}"])
    result = evaluated(tmp_path, columns, described)
    assert value(result, "type_error_rate", feature="x") == 0.2
    assert value(result, "missing_rate", feature="x") == 0.2


def test_words_in_a_column_of_words_are_no_type_errors(tmp_path: Path) -> None:
    result = compared(tmp_path, ["a", "1"], ["b", "2"])
    assert not [m for m in result.measures if m.measure == "type_error_rate" and m.feature == "x"]


def test_a_column_that_is_mostly_numbers_is_one_of_numbers_without_a_reference_too(tmp_path: Path) -> None:
    columns = {"x": ["7"] * 95 + ["?"] * 5, "score": [0.5] * 100}
    assert value(evaluated(tmp_path, columns, card(log="score: score")), "type_error_rate", feature="x") == 0.05


def test_rows_that_repeat_an_id_are_duplicates(tmp_path: Path) -> None:
    columns = {"id": ["a", "b", "a", "a", None], "score": [0.5] * 5}
    result = evaluated(tmp_path, columns, card(log="id: id, score: score"))
    assert value(result, "duplicate_rate", feature="id") == 0.4


def test_the_volume_is_the_rows_of_the_window_and_of_each_period(tmp_path: Path) -> None:
    columns = {"when": ["2026-03-01", "2026-03-01", "2026-03-03", None], "score": [0.5] * 4}
    described = card(log="timestamp: when, score: score", more=["periods: day"])
    result = evaluated(tmp_path, columns, described)
    volumes = {m.period: m.value for m in result.measures if m.measure == "volume"}
    assert volumes == {None: 4, "2026-03-01": 2, "2026-03-03": 1}


def test_a_histogram_of_few_values_has_a_bin_for_each(tmp_path: Path) -> None:
    result = compared(tmp_path, [1, 1, 2, 2], [1, 2, 2, 3, None])
    shares = {(m.basis, m.slice): m.value for m in result.measures if m.measure == "share" and m.feature == "x"}
    one, two, three = [(("x", text),) for text in "123"]
    assert {where: v for (basis, where), v in shares.items() if basis == "realized"} == {one: 0.2, two: 0.4, three: 0.2}
    assert {where: v for (basis, where), v in shares.items() if basis == "reference"} == {one: 0.5, two: 0.5, three: 0}


def test_a_category_with_more_values_than_are_kept_is_compared_over_some_of_them(tmp_path: Path) -> None:
    # Half of the values have 2 rows of 18,000 before, the others 1, and all have 1 of 12,000 now: each share moves by
    # 1/36,000.
    texts = [f"comment {i}" for i in range(12_000)]
    result = compared(tmp_path, texts[:6000] + texts, texts)
    found = the(result, "total_variation", basis="difference", feature="x")
    assert found.value == pytest.approx(1 / 6, abs=0.01)
    assert found.note is not None
    assert found.note.startswith("estimated from ")
    assert value(result, "missing_rate", feature="x") == 0.0


def test_true_and_false_are_a_category(tmp_path: Path) -> None:
    result = compared(tmp_path, [True, True, False, False], [True, True, True, True])
    assert value(result, "total_variation", basis="difference", feature="x") == 0.5


def test_big_whole_numbers_keep_their_values(tmp_path: Path) -> None:
    big = 2**60
    result = compared(tmp_path, [big, big + 4096], [big, big + 4096, big + 8192])
    assert value(result, "out_of_range_rate", feature="x") == pytest.approx(1 / 3)


def test_times_are_measured_as_numbers_are_and_their_bins_are_dates(tmp_path: Path) -> None:
    times = np.array(["2026-01-01", "NaT", "2026-03-01", "2026-03-02"], dtype="datetime64[us]")
    columns = {"x": times, "score": [0.5] * 4}
    result = evaluated(tmp_path, columns, card(log="score: score", more=["reference: {window: rows 0..2}"]))
    assert value(result, "missing_rate", feature="x", basis="reference") == 0.5
    assert value(result, "out_of_range_rate", feature="x") == 1.0
    shares = {dict(m.slice or ())["x"] for m in result.measures if m.measure == "share" and m.feature == "x"}
    assert shares == {"2026-01-01", "2026-03-01", "2026-03-02"}


def test_a_value_is_unseen_although_the_file_that_holds_both_has_one_dictionary(tmp_path: Path) -> None:
    rows = {"x": ["old"] * 50 + ["new"] * 50, "flag": [True] * 50 + [False] * 50, "score": [0.5] * 100}
    result = evaluated(tmp_path, rows, card(log="score: score", more=["reference: {window: rows 0..50}"]))
    assert value(result, "unseen_rate", feature="x") == 1.0
    assert value(result, "unseen_rate", feature="flag") == 1.0


CONFLICTS = card(log="label: label, score: score", more=["checks: {conflicting_labels: {warn: 0.05}}"])


def test_conflicting_labels_of_eight_rows_by_hand(tmp_path: Path) -> None:
    # Rows with x = 1 contradict each other, and so do those with x = 4: four of eight.
    rows = {"x": [1, 1, 2, 2, 3, 3, 4, 4], "label": [0, 1, 0, 0, 1, 1, 0, 1], "score": [0.5] * 8}
    found = the(evaluated(tmp_path, rows, CONFLICTS), "conflicting_label_rate")
    assert (found.value, found.n) == (0.5, 8)


def test_labels_of_rows_that_features_cannot_tell_apart_do_not_conflict(tmp_path: Path) -> None:
    rows = {"x": [0, 1] * 100, "label": [0, 0, 1, 1] * 50, "score": [0.5] * 200}
    result = evaluated(tmp_path, rows, CONFLICTS)
    found = the(result, "conflicting_label_rate")
    assert found.value is None
    assert found.reason == "the features tell only 2 kinds of rows apart, so that nearly every row has many twins"
    assert [(c.check, c.verdict) for c in result.checks] == [("conflicting_labels", "skipped")]


def repeated(rows: int = 300, again: int = 30) -> dict[str, Any]:
    """Rows of which the first are written once more at the end."""
    chance = np.random.default_rng(4)
    columns = {
        "label": chance.integers(0, 2, rows),
        "score": chance.random(rows).round(6),
        "price": chance.lognormal(3, 1, rows).round(2),
        "big": 2**60 + np.arange(rows),
        "state": chance.choice(["TX", "NY", "CA"], rows),
    }
    return {name: np.concatenate([values, values[:again]]) for name, values in columns.items()}


@pytest.mark.parametrize("csv", [False, True], ids=["parquet", "csv"])
def test_whole_rows_that_are_there_again_are_found_without_an_id(tmp_path: Path, csv: bool) -> None:
    described = card(log="label: label, score: score", more=["checks: {duplicates: {fail: 0.01}}"])
    result = put_down(tmp_path, repeated(), described, csv=csv)
    found = the(result, "duplicate_rate")
    assert found.value == pytest.approx(30 / 330)
    assert found.n == 330
    assert [c.verdict for c in result.checks] == ["fail"]


def test_rows_that_differ_in_a_column_that_is_no_feature_are_not_the_same(tmp_path: Path) -> None:
    columns = repeated()
    columns["at"] = np.datetime64("2026-03-01T00", "us") + np.arange(330) * np.timedelta64(1, "m")
    described = card(log="label: label, score: score, timestamp: at", more=["checks: {duplicates: {fail: 0.01}}"])
    assert value(evaluated(tmp_path, columns, described), "duplicate_rate") == 0.0
    del columns["at"]
    columns["big"] = 2**60 + np.arange(330)  # as floats they would be equal
    described = card(log="label: label, score: score", more=["checks: {duplicates: {fail: 0.01}}"])
    excluded = described.replace("{source: SOURCE,", "{source: SOURCE, exclude: [big],")
    assert value(evaluated(tmp_path, columns, excluded), "duplicate_rate") == 0.0


def test_rows_of_few_kinds_are_not_called_duplicates(tmp_path: Path) -> None:
    chance = np.random.default_rng(4)
    columns = {"label": chance.integers(0, 2, 600), "score": chance.random(600).round(2)}
    described = card(log="label: label, score: score", more=["checks: {duplicates: {fail: 0.01}}"])
    result = evaluated(tmp_path, columns, described)
    assert the(result, "duplicate_rate").reason is not None
    assert [c.verdict for c in result.checks] == ["skipped"]
