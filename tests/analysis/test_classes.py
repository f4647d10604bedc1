"""What counts as a class: in every format, a third value, a time or a word of another language is never a negative."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pv
import pyarrow.parquet as pq
import pytest
from sklearn import metrics

from analysis.card_reading import parse_card
from analysis.errors import DataError
from analysis.evaluate import evaluate
from analysis.values import Result
from tests.analysis.evaluating import NOW, the, value

FORMATS = ("parquet", "csv", "ndjson")
SCORES = [0.9, 0.2, 0.8, 0.3, 0.6, 0.4]


def result_of(
    folder: Path, format_: str, rows: Mapping[str, Any], columns: str, *more: str, task: str = "binary", log: str = ""
) -> Result:
    table = pa.table({name: pa.array(values) for name, values in rows.items()})
    path = folder / f"log.{format_}"
    if format_ == "parquet":
        pq.write_table(table, path)
    elif format_ == "csv":
        pv.write_csv(table, path, pv.WriteOptions(quoting_style="needed"))
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in table.to_pylist()))
    text = f"model: m\ntask: {task}\nlog: {{source: {path.name}, columns: {{{columns}}}{log}}}\ndefaults: off\n"
    return evaluate(parse_card(text + "\n".join(more), root=folder, name="card.yaml"), now=NOW)


def refused(folder: Path, format_: str, rows: Mapping[str, Any], columns: str, *more: str, task: str = "binary") -> str:
    with pytest.raises(DataError) as caught:
        result_of(folder, format_, rows, columns, *more, task=task)
    return str(caught.value)


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("word", ["NA", "nan", "None", "NULL", "?", "-", "maybe"])
def test_a_third_label_is_an_error_that_lists_the_values(tmp_path: Path, format_: str, word: str) -> None:
    rows = {"y": ["Y", "N", word, "N", "Y", "N"], "s": SCORES}
    said = refused(tmp_path, format_, rows, "label: y, score: s", "positive: Y")
    assert '3 different values ("' in said
    assert f'"{word}"' in said
    assert "log.format.missing" in said


@pytest.mark.parametrize("format_", FORMATS)
def test_a_word_that_is_declared_missing_is_no_label(tmp_path: Path, format_: str) -> None:
    rows = {"y": ["Y", "N", "NA", "N", "Y", "?"], "s": SCORES}
    log = ', format: {missing: [NA, "?"]}'
    result = result_of(tmp_path, format_, rows, "label: y, score: s", "positive: Y", log=log)
    by_sklearn = metrics.roc_auc_score([1, 0, 0, 1], [0.9, 0.2, 0.3, 0.6])
    assert the(result, "roc_auc").n == 4
    assert value(result, "roc_auc") == pytest.approx(by_sklearn)


@pytest.mark.parametrize("format_", FORMATS)
def test_an_empty_text_is_a_missing_label_in_every_format(tmp_path: Path, format_: str) -> None:
    rows = {"y": ["Y", "N", "", "N", "Y", ""], "s": SCORES, "g": ["a", "", "a", "b", "", "b"]}
    result = result_of(tmp_path, format_, rows, "label: y, score: s", "positive: Y", "slices: [g]")
    assert the(result, "accuracy").n == 4
    assert value(result, "missing_rate", feature="g") == pytest.approx(2 / 6)
    assert value(result, "volume", where=(("g", "null"),)) == 2


@pytest.mark.parametrize(
    "labels",
    [
        [1, 2, 1, 2, 1, 2],
        [-1, 1, -1, 1, 1, -1],
        ["yes", "no"] * 3,
        ["2", "1"] * 3,
        ["yes"] * 6,
        [2] * 6,
        ["True", "no"] * 3,
    ],
    ids=["1 and 2", "-1 and 1", "words", "texts", "one word", "one number", "true and no"],
)
@pytest.mark.parametrize("format_", FORMATS)
def test_the_positive_is_asked_for_where_it_cannot_be_told(tmp_path: Path, format_: str, labels: list[Any]) -> None:
    said = refused(tmp_path, format_, {"y": labels, "s": SCORES}, "label: y, score: s")
    assert "I can't tell which class is positive" in said
    assert "positive: in the model card" in said


@pytest.mark.parametrize(
    ("ones", "predictions"),
    [(1, 1.0), (True, 1), ("1.0", 1), ("true", True), ("TRUE", 1.0), (Decimal("1.00"), "1")],
    ids=["fraction", "truth value", "text and number", "words", "capitals", "decimal"],
)
def test_1_and_true_are_one_value_in_any_type(tmp_path: Path, ones: Any, predictions: Any) -> None:
    zero = {int: 0, bool: False, float: 0.0, str: "0", Decimal: Decimal("0.00")}
    no = "false" if isinstance(ones, str) and ones.lower() == "true" else zero[type(ones)]
    rows = {"y": [ones, no, ones, no], "p": [predictions, zero[type(predictions)]] * 2}
    assert value(result_of(tmp_path, "parquet", rows, "label: y, prediction: p"), "accuracy") == 1.0


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize(
    ("labels", "predictions", "positive"),
    [
        ([0, 1] * 3, ["No", "Yes"] * 3, None),
        (["Y", "N"] * 3, ["approve", "deny"] * 3, "Y"),
        (["Y", "N"] * 3, [1, 0] * 3, "Y"),
        (["N", "N"] * 3, ["Y", "no"] * 3, "Y"),
        ([0, 1] * 3, [0.1, 0.9] * 3, None),
        ([0, 1] * 3, [0.5] * 6, None),
    ],
    ids=["Yes for 1", "approve for Y", "1 for Y", "no for N", "probabilities", "one probability"],
)
def test_a_prediction_in_other_words_is_an_error(
    tmp_path: Path, format_: str, labels: list[Any], predictions: list[Any], positive: str | None
) -> None:
    more = [f"positive: {positive}"] if positive else []
    said = refused(tmp_path, format_, {"y": labels, "p": predictions}, "label: y, prediction: p", *more)
    assert '"p"' in said


def test_a_single_label_that_is_not_the_positive_is_an_error_unless_a_prediction_names_it(tmp_path: Path) -> None:
    rows = {"y": ["no"] * 6, "p": ["yes", "no"] * 3}
    result = result_of(tmp_path, "parquet", rows, "label: y, prediction: p", "positive: yes")
    assert value(result, "false_positives") == 3
    said = refused(tmp_path, "csv", {"y": ["no"] * 6, "s": SCORES}, "label: y, score: s", "positive: Yes")
    assert "no value of" in said
    assert "take a longer window" in said


@pytest.mark.parametrize("labels", [[datetime(2026, 1, 1, tzinfo=UTC)] * 6, [[1], [0]] * 3], ids=["times", "lists"])
def test_a_time_or_a_list_is_no_label(tmp_path: Path, labels: list[Any]) -> None:
    said = refused(tmp_path, "parquet", {"y": labels, "s": SCORES}, "label: y, score: s")
    assert '"y" holds' in said


@pytest.mark.parametrize("format_", FORMATS)
def test_a_class_without_a_score_column_is_an_error(tmp_path: Path, format_: str) -> None:
    rows = {"y": ["a", "b", "NA"], "pa": [0.9, 0.2, 0.5], "pb": [0.1, 0.8, 0.5]}
    said = refused(tmp_path, format_, rows, "label: y, score: {a: pa, b: pb}", task="multiclass")
    assert 'holds "NA", and the model card names score columns only for "a", "b"' in said


def test_predictions_of_several_classes_in_other_words_are_an_error(tmp_path: Path) -> None:
    rows = {"y": ["a", "b", "c"], "p": ["0", "1", "2"]}
    said = refused(tmp_path, "parquet", rows, "label: y, prediction: p", task="multiclass")
    assert "write predictions in the label's own words" in said


def test_text_classes_that_are_the_same_number_stay_apart(tmp_path: Path) -> None:
    classes = ["1E2", "100", "01", "1", "1.10", "1.1", "0E1", "0E2"]
    rows: dict[str, Any] = {"y": classes, "p": classes[1:] + classes[:1]}
    result = result_of(tmp_path, "parquet", rows, "label: y, prediction: p", task="multiclass")
    assert value(result, "accuracy") == 0.0
    rows |= {f"p{i}": [1.0 if i == j else 0.0 for j in range(8)] for i in range(8)}
    scores = ", ".join(f'"{name}": p{i}' for i, name in enumerate(classes))
    result = result_of(tmp_path, "csv", rows, f"label: y, score: {{{scores}}}", task="multiclass")
    assert value(result, "accuracy") == 1.0
    assert {m.class_ for m in result.measures if m.measure == "roc_auc" and m.class_} == set(classes)


def test_labels_that_pandas_wrote_as_fractions_are_the_whole_predictions_of_a_csv(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("y,p\n1.0,1\n0.0,0\n,1\n2.0,1\n")
    text = "model: m\ntask: multiclass\nlog: {source: log.csv, columns: {label: y, prediction: p}}\ndefaults: off\n"
    result = evaluate(parse_card(text, root=tmp_path, name="card.yaml"), now=NOW)
    assert the(result, "accuracy").n == 3
    assert value(result, "accuracy") == pytest.approx(2 / 3)
