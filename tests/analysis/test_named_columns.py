"""The columns that a model card names: all must be there, `a & b` may be one of them, and no row is lost unseen."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.errors import DataError
from analysis.values import Result
from tests.analysis.cards import complaints, parsed
from tests.analysis.evaluating import card, evaluated, the, value

ROWS = {"y": [0, 1] * 4, "s": [0.2, 0.8] * 4, "g": ["a", "b", "b", "a"] * 2, "a & b": ["x", "y"] * 4, "b": [1, 2] * 4}
COLUMNS = "label: y, score: s"


def of_volume(result: Result) -> dict[tuple[tuple[str, str], ...], float]:
    found = [m for m in result.measures if m.measure == "volume" and m.slice and m.basis == "realized"]
    return {m.slice: m.value for m in found if m.slice is not None and m.value is not None}


@pytest.mark.parametrize(
    ("log", "more", "role"),
    [
        ("label: yy, score: s", "", "log.columns.label"),
        (COLUMNS, "slices: [gg]", "slices"),
        (COLUMNS, "checks: {psi: {feature: gg, fail: 0.2}}", "checks.psi.feature"),
        (COLUMNS, "checks: {recall: {slice: {gg: a}, fail: {below: 0.1}}}", "checks.recall.slice"),
        (COLUMNS, "protected: [g & gg]", "protected"),
    ],
)
def test_a_column_that_is_not_there_is_an_error_with_the_near_names(
    tmp_path: Path, log: str, more: str, role: str
) -> None:
    with pytest.raises(DataError, match=r"lacks a column that the model card names") as caught:
        evaluated(tmp_path, ROWS, card(log=log, more=[more]))
    assert role in str(caught.value)
    assert "did you mean" in str(caught.value)


@pytest.mark.parametrize(("key", "role"), [("exclude: [gg]", "log.exclude"), ("types: {gg: text}", "log.types")])
def test_so_is_one_that_is_excluded_or_has_a_type(tmp_path: Path, key: str, role: str) -> None:
    described = card(log=COLUMNS).replace("log: {", f"log: {{{key}, ")
    with pytest.raises(DataError, match=role):
        evaluated(tmp_path, ROWS, described)


def test_labels_that_come_later_are_no_error_and_give_no_realized_performance(tmp_path: Path) -> None:
    rows = {name: values for name, values in ROWS.items() if name != "y"}
    with pytest.raises(DataError, match="write labels: later under log"):
        evaluated(tmp_path, rows, card(log=COLUMNS))
    result = evaluated(tmp_path, rows, card(log=COLUMNS).replace("log: {", "log: {labels: later, "))
    assert (value(result, "volume"), the(result, "roc_auc").value) == (8, None)


def test_a_label_column_that_is_empty_is_no_error(tmp_path: Path) -> None:
    result = evaluated(tmp_path, ROWS | {"y": [None] * 8}, card(log=COLUMNS))
    assert value(result, "missing_rate", feature="y") == 1.0


def test_a_column_whose_name_has_the_sign_of_a_crossing_can_be_sliced(tmp_path: Path) -> None:
    result = evaluated(tmp_path, ROWS, card(log=COLUMNS, more=['slices: ["a & b", "g & a & b", "g & b"]']))
    found = of_volume(result)
    assert found[("a & b", "x"),] == 4
    assert found[("g", "a"), ("a & b", "x")] == 2
    assert found[("g", "a"), ("b", "2")] == 2
    protected = evaluated(tmp_path, ROWS, card(log=COLUMNS, more=['protected: ["a & b"]']))
    assert the(protected, "demographic_parity_difference", feature="a & b").value == 1.0


def test_rows_without_a_version_are_reported(tmp_path: Path) -> None:
    rows = {"y": [0, 1] * 10, "s": [0.2, 0.8] * 10, "v": ["v1"] * 8 + ["v2"] * 8 + [None, None, "", ""]}
    described = card(
        log=COLUMNS + ", version: v", more=["versions: {v1: champion, v2: challenger}", "periods: {rows: 10}"]
    ).replace("defaults: off", "checks: {missing_values: {}}\ndefaults: off")
    result = evaluated(tmp_path, rows, described)
    assert result.window.rows == 8
    found = the(result, "missing_rate", feature="v")
    assert (found.value, found.n) == (0.2, 20)
    assert value(result, "missing_rate", feature="v", period="rows 10..20") == 0.4
    judged = {c.subject.feature: c for c in result.checks if c.check == "missing_values"}
    assert judged["v"].verdict == "fail"


def test_the_version_of_every_row_is_no_finding(tmp_path: Path) -> None:
    rows = {"y": [0, 1], "s": [0.2, 0.8], "v": ["v1", "v1"]}
    described = card(log=COLUMNS + ", version: v", more=["versions: {v1: champion}", "checks: {missing_values: {}}"])
    result = evaluated(tmp_path, rows, described)
    assert value(result, "missing_rate", feature="v") == 0.0
    assert next(c.verdict for c in result.checks if c.subject.feature == "v") == "pass"


def test_a_model_card_says_how_its_log_is_written() -> None:
    described = parsed(
        "model: m\ntask: binary\nlog:\n  source: a.csv\n  columns: {label: y, score: s, timestamp: t}\n"
        '  format: {delimiter: ";", decimal: ",", thousands: ".", encoding: latin-1, missing: [NA, "?"]}\n'
        "  types: {zip: text, n: number, at: time, flag: boolean}\n  labels: later\n"
        '  time: {format: "%d.%m.%Y %H:%M", zone: Europe/Berlin}\nperiods: year\n'
    )
    assert (described.format.decimal, described.format.thousands, described.format.encoding) == (",", ".", "iso8859-1")
    assert described.format.missing == ("NA", "?")
    assert described.types == {"zip": "text", "n": "number", "at": "time", "flag": "boolean"}
    assert described.labels_later
    assert described.labels is None
    assert described.time is not None
    assert (described.time.format, described.zone, described.periods) == ("%d.%m.%Y %H:%M", "Europe/Berlin", "year")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("format: {decimal: ';'}", 'log.format.decimal cannot be ";"'),
        ("format: {thousands: x}", "log.format.thousands must be one sign"),
        ("format: {thousands: .}", 'has "." for decimal and for thousands; write decimal: ","'),
        ("format: {encoding: latin-99}", 'log.format.encoding cannot be "latin-99"'),
        ("format: {encoding: base64}", "encodes no text"),
        ("types: {zip: word}", 'log.types.zip cannot be "word"'),
        ("time: {zone: Europe/Berlyn}", 'did you mean "Europe/Berlin"'),
        ("time: {format: german}", "log.time.format must say how times are written"),
        ("labels: tomorrow", "log.labels must be {source: labels.parquet, by: id} or later"),
    ],
)
def test_mistakes_in_it_are_named(line: str, says: str) -> None:
    text = "model: m\ntask: binary\nlog:\n  source: a.csv\n  columns: {label: y, score: s}\n"
    (complaint,) = complaints(f"{text}  {line}\n")
    assert complaint.startswith("line 6: ")
    assert says in complaint
