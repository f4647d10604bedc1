"""Decimals, 64-bit integers and texts are grouped and joined as they are written, never through a float."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analysis.card_reading import parse_card
from analysis.errors import DataError
from analysis.evaluate import evaluate
from analysis.values import Result
from tests.analysis.evaluating import NOW, card, evaluated, value

LATE = "model: m\ntask: binary\nlog: {source: LOG, labels: {source: LABELS, by: BY}, columns: {label: y, score: s}}\n"
CSV = "model: m\ntask: binary\nlog: {source: log.csv, columns: {label: y, score: s}}\nslices: [g]\ndefaults: off\n"


def joined(folder: Path, log: str, labels: str, by: str = "id") -> Result:
    text = LATE.replace("LOG", log).replace("LABELS", labels).replace("BY", by) + "defaults: off\n"
    return evaluate(parse_card(text, root=folder, name="card.yaml"), now=NOW)


def of_csv(folder: Path, groups: list[str], *, more: str = "") -> dict[str, float]:
    rows = "".join(f"{i % 2},0.{i % 9},{group}\n" for i, group in enumerate(groups))
    (folder / "log.csv").write_text(f"y,s,g\n{rows}")
    return groups_of(evaluate(parse_card(CSV + more, root=folder, name="card.yaml"), now=NOW))


def groups_of(result: Result, column: str = "g") -> dict[str, float]:
    found = [m for m in result.measures if m.measure == "volume" and m.slice and m.basis == "realized"]
    return {dict(m.slice or ())[column]: m.value or 0 for m in found}


def test_decimal_ids_of_19_digits_join_digit_by_digit(tmp_path: Path) -> None:
    ids = [Decimal(2**62 + n) for n in range(50)]
    type_ = pa.decimal128(38, 0)
    pq.write_table(pa.table({"id": pa.array(ids, type_), "s": [0.5] * 50}), tmp_path / "log.parquet")
    pq.write_table(pa.table({"id": pa.array(ids[:3], type_), "y": [1, 0, 1]}), tmp_path / "labels.parquet")
    result = joined(tmp_path, "log.parquet", "labels.parquet")
    assert next(m.n for m in result.measures if m.measure == "accuracy") == 3


@pytest.mark.parametrize(
    ("ids", "labels"),
    [
        (pa.array([Decimal("5.00"), Decimal("6.50")]), pa.array(["5", "6.5"])),
        (pa.array([5.0, 1e16]), pa.array([5, 10**16])),
        (pa.array([2**64 - 1, 2**64 - 2], pa.uint64()), pa.array([str(2**64 - 1), str(2**64 - 2)])),
    ],
    ids=["decimals", "fractions", "unsigned"],
)
def test_equal_ids_of_other_types_join(tmp_path: Path, ids: pa.Array, labels: pa.Array) -> None:
    pq.write_table(pa.table({"id": ids, "s": [0.1, 0.9]}), tmp_path / "log.parquet")
    pq.write_table(pa.table({"id": labels, "y": [0, 1]}), tmp_path / "labels.parquet")
    assert value(joined(tmp_path, "log.parquet", "labels.parquet"), "accuracy") == 1.0


def test_ids_that_a_program_wrote_as_fractions_join_the_whole_ones(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("id,s\n1000.0,0.1\n1001.0,0.9\n,0.3\n")
    (tmp_path / "labels.csv").write_text("id,y\n1000,0\n1001,1\n")
    assert value(joined(tmp_path, "log.csv", "labels.csv"), "accuracy") == 1.0


def test_ids_of_which_some_only_look_like_fractions_stay_as_they_are_written(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("id,s\n1.0,0.1\n1.10,0.9\n1.1,0.9\n007,0.2\n")
    (tmp_path / "labels.csv").write_text("id,y\n1.10,1\n1,1\n7,1\n1.0,0\n")
    result = joined(tmp_path, "log.csv", "labels.csv")
    assert next((m.value, m.n) for m in result.measures if m.measure == "accuracy") == (1.0, 2)


def test_labels_are_joined_by_several_columns(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("day,id,s\n01,1,0.1\n02,1,0.9\n")
    (tmp_path / "labels.csv").write_text("id,day,y\n1,02,1\n1,01,0\n")
    assert value(joined(tmp_path, "log.csv", "labels.csv", by="[day, id]"), "accuracy") == 1.0


def test_an_id_twice_in_the_labels_is_told_by_its_row(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("id,s\nsecret-1,0.1\n")
    (tmp_path / "labels.csv").write_text("id,y\nother,0\nsecret-1,1\nsecret-1,0\n")
    with pytest.raises(DataError, match="that of row 2 occurs again") as caught:
        joined(tmp_path, "log.csv", "labels.csv")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "ids",
    [
        pa.array([2**62, 2**62 + 1, 2**62 + 2, None] * 3, pa.int64()),
        pa.array([2**64 - 1, 2**64 - 2, 2**64 - 3, None] * 3, pa.uint64()),
        pa.array([Decimal(10**25 + n) if n < 3 else None for n in range(4)] * 3, pa.decimal128(38, 0)),
        pa.array([Decimal("0.1000000000000000001"), Decimal("0.1000000000000000002"), Decimal("0.5"), None] * 3),
    ],
    ids=["64 bits", "unsigned", "decimals", "fractions"],
)
def test_groups_that_a_float_would_merge_stay_apart(tmp_path: Path, ids: pa.Array) -> None:
    rows = {"y": [0, 1] * 6, "s": [0.5] * 12, "g": ids}
    found = groups_of(evaluated(tmp_path, rows, card(log="label: y, score: s", more=["slices: [g]"])))
    expected = {
        f"{v:f}".rstrip("0") if isinstance(v, Decimal) and "." in str(v) else str(v): 3 for v in ids.to_pylist()
    }
    expected = {"null" if name == "None" else name: rows for name, rows in expected.items()}
    assert found == expected


def test_groups_of_64_bits_stay_apart_over_many_batches_and_with_small_numbers(tmp_path: Path) -> None:
    many = [2**60 + n % 3 if n % 2 else n % 5 for n in range(600)]
    rows: dict[str, Any] = {"y": [0, 1] * 300, "s": [0.5] * 600, "g": pa.array(many, pa.int64())}
    pq.write_table(pa.table(rows), tmp_path / "log.parquet", row_group_size=100)
    text = CSV.replace("log.csv", "log.parquet")
    found = groups_of(evaluate(parse_card(text, root=tmp_path, name="card.yaml"), now=NOW))
    assert found == {str(v): many.count(v) for v in set(many)}


def test_a_wide_decimal_that_is_a_plain_number_is_cut_at_its_quintiles(tmp_path: Path) -> None:
    ages = pa.array([Decimal(20 + n % 50) for n in range(100)], pa.decimal128(38, 0))
    rows = {"y": [0, 1] * 50, "s": [0.5] * 100, "g": ages}
    found = groups_of(evaluated(tmp_path, rows, card(log="label: y, score: s", more=["slices: [g]"])))
    assert len(found) == 5
    assert all(name.startswith("[") for name in found)


def test_codes_of_a_csv_keep_their_text(tmp_path: Path) -> None:
    assert of_csv(tmp_path, ["1.1", "1.10", "1.2", "1.10"]) == {"1.1": 1, "1.10": 2, "1.2": 1}
    assert of_csv(tmp_path, ["1E2", "100", "1e2"]) == {"1E2": 1, "100": 1, "1e2": 1}
    assert of_csv(tmp_path, [str(2**70), str(2**70 + 1)]) == {str(2**70): 1, str(2**70 + 1): 1}
    assert of_csv(tmp_path, ["1.0", "2.0", "1.5"]) == {"1.0": 1, "2.0": 1, "1.5": 1}
    zips = [f"{1001 + n:05}" for n in range(40)]
    assert of_csv(tmp_path, zips) == dict.fromkeys(zips, 1)


def test_numbers_of_a_csv_with_more_than_20_values_are_cut_at_their_quintiles(tmp_path: Path) -> None:
    for numbers in ([str(n) for n in range(40)], [f"{n / 8:.3f}" for n in range(40)], [str(n / 8) for n in range(40)]):
        found = of_csv(tmp_path, numbers)
        assert len(found) == 5
        assert all(name.startswith("[") and name.endswith(")") for name in found)


def test_a_declared_type_overrules_the_look(tmp_path: Path) -> None:
    numbers = [str(n) for n in range(40)]
    text = CSV.replace("log.csv,", "log.csv, types: {g: text},")
    rows = "".join(f"{i % 2},0.5,{g}\n" for i, g in enumerate(numbers))
    (tmp_path / "log.csv").write_text(f"y,s,g\n{rows}")
    assert len(groups_of(evaluate(parse_card(text, root=tmp_path, name="card.yaml"), now=NOW))) == 40


def test_columns_come_as_the_types_that_the_model_card_declares(tmp_path: Path) -> None:
    from tests.analysis.logs import opened, read, refused, type_of, write

    rows = [{"s": 1, "n": "1.5", "t": "2026-03-01", "b": "yes"}, {"s": 2, "n": " 2 ", "t": None, "b": 0}]
    write(tmp_path, "log.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    log = opened(tmp_path, source="log.jsonl", log="types: {n: number, t: time, b: boolean}")
    found = read(log)
    assert (found["n"], found["b"]) == ([1.5, 2.0], [True, False])
    assert type_of(log, "t") == pa.timestamp("us", "UTC")
    said = refused(tmp_path, source="log.jsonl", log="types: {t: number}")
    assert said.startswith('log.jsonl, row 1: column "t" holds a value that is no number')
    assert "2026" not in said


def test_codes_that_are_sliced_have_the_drift_of_texts(tmp_path: Path) -> None:
    rows = "".join(f"{i % 2},0.5,{g}\n" for i, g in enumerate(["1.1", "1.10", "1.1", "1.2"] * 5))
    (tmp_path / "log.csv").write_text(f"y,s,g\n{rows}")
    result = evaluate(parse_card(CSV, root=tmp_path, name="card.yaml"), now=NOW)
    shares = {dict(m.slice or ())["g"]: m.value for m in result.measures if m.measure == "share" and m.feature == "g"}
    assert shares == {"1.1": 0.5, "1.10": 0.25, "1.2": 0.25}
    assert not [m for m in result.measures if m.measure == "type_error_rate" and m.feature == "g"]
