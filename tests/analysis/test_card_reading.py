"""Model cards: what is read, and that everything wrong is said at once."""

from pathlib import Path

import pytest

from analysis.card import CheckSetting, Condition, Format, Kpi, Labels, Reference, Sql, Version
from analysis.card_reading import read_card
from analysis.errors import DataError, UserError
from analysis.known_checks import check_names
from tests.analysis.cards import FULL, SMALL, complaints, parsed, with_line


def test_a_small_model_card_needs_no_more_than_five_lines() -> None:
    card = parsed(SMALL)
    assert (card.model, card.task, card.source, card.root) == ("churn", "binary", "churn.csv", Path("/models"))
    assert (card.columns.label, card.columns.score) == ("left", "p_left")
    assert card.versions == (Version(name="1", role="champion"),)
    assert (card.threshold, card.positive, card.defaults, card.k) == (0.5, None, True, (10,))
    assert card.text == SMALL


def test_every_key_of_a_full_model_card_arrives() -> None:
    card = parsed(FULL)
    assert card.champion == "v1"
    assert card.versions[1] == Version(name="v2", role="challenger", score="score_v2", prediction="predicted_v2")
    assert card.format == Format(delimiter=",", columns=("a", "b", "c"))
    assert card.labels == Labels(source="labels.parquet", by=("id",))
    assert card.columns.timestamp == "compas_screening_date"
    assert (card.features, card.exclude) == (("age", "priors_count"), ("name",))
    assert (card.positive, card.threshold, card.periods, card.k) == ("1", 5.0, "month", (5, 10))
    assert card.reference == Reference(before="2026-03-01")
    assert card.protected == (("race",), ("sex",), ("race", "sex"))
    assert card.slices == (("state",), ("age", "sex"))
    assert card.owners == {"data scientist": "U0AAA", "MLOps engineer": "U0BBB"}
    assert card.feature_owners == {"category": "U0CCC"}
    assert card.kpi == Kpi(name="margin", unit="EUR", value={"tp": 40, "fp": -5, "fn": -40, "tn": 0})
    assert (card.policies, card.sensitivity, card.channels) == (("four-fifths",), "restricted", ("C0123",))


def test_checks_know_their_line_their_limits_and_their_options() -> None:
    gap, auc, first, second, psi = parsed(FULL).checks
    assert (gap.warn, gap.fail) == ((Condition(kind="bare", bound=(0.05,)),), (Condition(kind="bare", bound=(0.10,)),))
    assert auc.fail == (Condition(kind="below", bound=(0.70,)),)
    assert auc.warn == (Condition(kind="below_reference_by", bound=(0.02,), relative=True),)
    assert first == CheckSetting(
        check="recall", slice=(("state", "TX"),), fail=(Condition(kind="below", bound=(0.6,)),), line=35
    )
    assert second.fail == (Condition(kind="outside", bound=(0.2, 0.9)),)
    assert (second.name, second.options) == ("recall stays put", {"measure": "recall"})
    assert psi == CheckSetting(check="psi", on=False, line=37)


def test_a_percentage_is_relative_only_where_there_is_something_to_be_relative_to() -> None:
    (check,) = parsed(with_line("checks: {missing_rate: {warn: 2%, fail: {above: 5 %}}}")).checks
    assert check.warn == (Condition(kind="bare", bound=(0.02,), relative=False),)
    assert check.fail == (Condition(kind="above", bound=(0.05,), relative=False),)


def test_several_limits_of_one_check_are_all_kept() -> None:
    (check,) = parsed(with_line("checks: {f1: {fail: {below: 0.5, below_version_by: 0.1}}}")).checks
    assert [c.kind for c in check.fail] == ["below", "below_version_by"]


def test_groups_and_versions_are_text_as_it_is_written() -> None:
    card = parsed(
        SMALL.replace("score: p_left", "score: p_left, version: v")
        + "versions: {1.10: champion, 2: retired}\n"
        + "checks:\n  recall:\n"
        + "    - {slice: {a: 1.10, b: 007, c: NO, d: True, e: ~, f: on, g: '', h: 2026-03-01}, fail: 1}\n"
        + "positive: yes\n"
    )
    assert [v.name for v in card.versions] == ["1.10", "2"]
    assert card.checks[0].slice is not None
    assert dict(card.checks[0].slice) == {
        "a": "1.10", "b": "007", "c": "NO", "d": "true", "e": "null", "f": "on", "g": "", "h": "2026-03-01",
    }  # fmt: skip
    assert card.positive == "yes"


@pytest.mark.parametrize(("word", "on"), [("on", True), ("yes", True), ("true", True), ("off", False), ("no", False)])
def test_a_switch_takes_on_and_off_in_all_their_forms(word: str, on: bool) -> None:
    assert parsed(with_line(f"defaults: {word}")).defaults is on


def test_a_source_can_be_a_query_whose_address_is_in_the_environment() -> None:
    card = parsed(SMALL.replace("source: churn.csv", "source: {sql: select 1, url: env:WAREHOUSE_URL}"))
    assert card.source == Sql(sql="select 1", url="env:WAREHOUSE_URL")
    lines = complaints(SMALL.replace("source: churn.csv", "source: {sql: select 1, url: postgresql://me:secret@db/x}"))
    assert len(lines) == 1
    assert "env:WAREHOUSE_URL" in lines[0]


def test_periods_can_be_a_number_of_rows() -> None:
    assert parsed(with_line("periods: {rows: 5000}")).periods == 5000


def test_labels_can_be_joined_by_several_columns_and_the_newest_taken() -> None:
    card = parsed(SMALL.replace("  columns:", "  labels: {source: l.csv, by: [user, item], latest: seen}\n  columns:"))
    assert card.labels == Labels(source="l.csv", by=("user", "item"), latest="seen")


def test_a_tab_can_be_written_as_a_word() -> None:
    assert parsed(SMALL.replace("  columns:", "  format: {delimiter: tab}\n  columns:")).format.delimiter == "\t"


def test_for_regression_the_prediction_is_the_score() -> None:
    regression = SMALL.replace("binary", "regression")
    assert parsed(regression).columns.score == "p_left"
    card = parsed(regression.replace("score: p_left", "prediction: p_left"))
    assert (card.columns.score, card.columns.prediction) == ("p_left", None)


def test_multiclass_scores_are_a_column_for_each_class() -> None:
    card = parsed(SMALL.replace("binary", "multiclass").replace("score: p_left", "score: {a: p_a, 1: p_1}"))
    assert card.columns.score == {"a": "p_a", "1": "p_1"}


def test_a_label_is_never_required() -> None:
    assert parsed(SMALL.replace("label: left, ", "")).columns.label is None


def test_sources_are_relative_to_the_file_of_the_model_card(tmp_path: Path) -> None:
    (tmp_path / "churn.yaml").write_bytes(b"\xef\xbb\xbf" + SMALL.encode())
    assert read_card(tmp_path / "churn.yaml").root == tmp_path.resolve()


def test_a_file_that_is_not_there_is_answered_with_the_near_ones(tmp_path: Path) -> None:
    (tmp_path / "churn.yaml").write_text(SMALL)
    with pytest.raises(UserError, match=r'there is no model card .*chrun\.yaml; did you mean "churn\.yaml"\?'):
        read_card(tmp_path / "chrun.yaml")
    with pytest.raises(UserError, match="cannot be read"):
        read_card(tmp_path)


def test_a_file_that_is_not_utf8_is_refused_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "churn.yaml").write_bytes(b"model: a\ndescription: \xff\n")
    with pytest.raises(DataError, match=r"churn\.yaml is not UTF-8 \(line 2\)"):
        read_card(tmp_path / "churn.yaml")


def test_checks_that_nobody_knows_are_named_with_their_line_and_the_near_ones() -> None:
    card = parsed(FULL)
    assert check_names(card, ["group_gap", "roc_auc", "recall", "psi"]) == []
    assert check_names(card, ["group_gaps", "roc_auc", "recall", "psi"]) == [
        'line 32: unknown check "group_gap"; did you mean "group_gaps"?'
    ]
