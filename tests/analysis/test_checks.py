"""Which checks are run, what they answer when they cannot tell, and that none takes another with it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis import checks
from analysis.card import CheckSetting, Columns, Condition, ModelCard
from analysis.errors import UserError
from analysis.judgement import wording
from analysis.judgement.calibration import calibration_bins
from analysis.judgement.check import above, below
from analysis.judgement.importance import by_importance
from analysis.measure_table import MeasureTable
from analysis.values import Basis, CheckResult, Measure, Subject, worst

CARD = ModelCard(model="return-risk", task="binary", source="log.csv", root=Path())
BARE = replace(CARD, defaults=False)


def auc(value: float | None, half: float = 0.02, *, basis: Basis = "realized", version: str = "1") -> Measure:
    if value is None:
        return Measure(measure="roc_auc", value=None, n=0, version=version, basis=basis, reason="no row has a label")
    return Measure(
        measure="roc_auc", value=value, low=value - half, high=value + half, n=1000, version=version, basis=basis
    )


def setting(check: str, **conditions: Condition) -> CheckSetting:
    return CheckSetting(check=check, **{level: (condition,) for level, condition in conditions.items()})  # type: ignore[arg-type]  # warn and fail


def judged(card: ModelCard, *measures: Measure, against: str | None = None) -> tuple[CheckResult, ...]:
    return checks.judge(card, measures, version="1", against=against)


def verdicts(card: ModelCard, *measures: Measure, against: str | None = None) -> list[str]:
    return [r.verdict for r in judged(card, *measures, against=against)]


def test_a_key_that_is_a_measure_is_the_check_threshold_with_the_measure_in_its_subject() -> None:
    [result] = judged(replace(BARE, checks=(setting("roc_auc", fail=below(0.7)),)), auc(0.6))
    assert (result.check, result.subject, result.verdict) == ("threshold", Subject(measure="roc_auc"), "fail")
    assert result.measures == (0,)


def test_a_setting_with_a_name_bears_it() -> None:
    [result] = judged(replace(BARE, checks=(replace(setting("roc_auc", fail=below(0.7)), name="our floor"),)), auc(0.6))
    assert result.check == "our floor"


def test_a_certain_warning_stands_while_the_failure_is_open() -> None:
    card = replace(BARE, checks=(setting("roc_auc", warn=below(0.75), fail=below(0.70)),))
    [result] = judged(card, auc(0.71))
    assert result.verdict == "warn"
    assert "It may even be below the limit of 0.700" in result.says


def test_cannot_tell_says_how_many_more_rows_would_decide() -> None:
    [result] = judged(replace(BARE, checks=(setting("roc_auc", fail=below(0.70)),)), auc(0.71))
    assert result.verdict == "unsure"
    # 0.02 must shrink to 0.01: four times the 1,000 rows.
    assert "about 3,000 more rows" in result.says


@pytest.mark.parametrize(
    ("kind", "bound", "low", "high", "verdict"),
    [
        ("below", (0.7,), 0.70, 0.80, "pass"),
        ("below", (0.7,), 0.60, 0.69, "fail"),
        ("below", (0.7,), 0.65, 0.75, "unsure"),
        ("above", (0.7,), 0.60, 0.70, "pass"),
        ("above", (0.7,), 0.71, 0.80, "fail"),
        ("above", (0.7,), 0.65, 0.75, "unsure"),
        ("within", (0.6, 0.8), 0.60, 0.80, "fail"),
        ("within", (0.6, 0.8), 0.81, 0.90, "pass"),
        ("within", (0.6, 0.8), 0.75, 0.90, "unsure"),
        ("outside", (0.6, 0.8), 0.60, 0.80, "pass"),
        ("outside", (0.6, 0.8), 0.40, 0.59, "fail"),
        ("outside", (0.6, 0.8), 0.75, 0.90, "unsure"),
        ("outside", (0.6, 0.8), 0.50, 0.90, "unsure"),
    ],
)
def test_an_interval_is_held_against_each_kind_of_limit(
    kind: str, bound: tuple[float, ...], low: float, high: float, verdict: str
) -> None:
    measure = Measure(measure="recall", value=(low + high) / 2, low=low, high=high, n=400, version="1")
    card = replace(BARE, checks=(setting("recall", fail=Condition(kind=kind, bound=bound)),))
    assert verdicts(card, measure) == [verdict]


def test_a_bare_number_means_the_measures_bad_direction() -> None:
    loss = Measure(measure="log_loss", value=0.8, n=100, version="1")
    bare = Condition(kind="bare", bound=(0.75,))
    card = replace(BARE, checks=(setting("log_loss", fail=bare), setting("roc_auc", fail=bare)))
    assert verdicts(card, loss, auc(0.7)) == ["fail", "fail"]


def test_two_versions_on_the_same_rows_are_compared_by_their_pairs() -> None:
    # Apart, 0.70 ± 0.02 and 0.72 ± 0.02 overlap; the pair's own interval −0.024 … −0.016 leaves no doubt.
    pair = Measure(measure="roc_auc", value=-0.02, low=-0.024, high=-0.016, n=1000, version="1", basis="difference")
    card = replace(BARE, checks=(setting("roc_auc", fail=Condition(kind="below_version_by", bound=(0.01,))),))
    measures = (auc(0.70), auc(0.72, version="2"))
    assert verdicts(card, *measures, against="2") == ["unsure"]
    [result] = judged(card, *measures, pair, against="2")
    assert result.verdict == "fail"
    assert "more than 0.010 below version 2 (0.720)" in result.says
    assert result.measures == (0, 1, 2)


def test_a_difference_of_versions_is_never_taken_for_the_number_itself() -> None:
    pair = Measure(measure="roc_auc", value=-0.02, n=1000, version="1", basis="difference")
    card = replace(BARE, checks=(setting("roc_auc", fail=below(0.7)),))
    assert verdicts(card, auc(None), pair) == ["skipped"]


@pytest.mark.parametrize(("estimate", "verdict"), [(0.6, "warn"), (0.8, "skipped"), (0.7, "skipped")])
def test_an_estimate_without_labels_can_warn_and_never_passes_what_the_model_card_asks_for(
    estimate: float, verdict: str
) -> None:
    card = replace(BARE, checks=(setting("roc_auc", fail=below(0.7)),))
    [result] = judged(card, auc(None), auc(estimate, basis="estimated"))
    assert (result.verdict, result.asked) == (verdict, True)
    assert f"Estimated ROC AUC is {estimate:.3f}" in result.says


def test_a_check_that_speaks_of_nothing_says_so_where_the_model_card_asks_for_it() -> None:
    card = replace(BARE, protected=(("race",),), checks=(replace(setting("group_gap"), feature="sex"),))
    [result] = judged(card, auc(0.8))
    assert (result.verdict, result.asked) == ("skipped", True)
    assert result.says == "group_gap was not judged: this evaluation measures nothing of sex that it speaks of."


def test_one_of_two_limits_that_could_not_be_judged_is_no_pass() -> None:
    by_reference = Condition(kind="below_reference_by", bound=(0.1,))
    [result] = judged(replace(BARE, checks=(setting("roc_auc", warn=below(0.2), fail=by_reference),)), auc(0.8))
    assert result.verdict == "skipped"
    assert "Not judged: the reference has no such number." in result.says


def test_a_relative_limit_on_a_negative_reference_lies_on_its_bad_side() -> None:
    now = Measure(measure="r2", value=-0.5, n=100, version="1")
    then = Measure(measure="r2", value=-0.4, n=100, version="1", basis="reference")
    by_ten_percent = Condition(kind="below_reference_by", bound=(0.1,), relative=True)
    assert verdicts(replace(BARE, checks=(setting("r2", fail=by_ten_percent),)), now, then) == ["fail"]
    by_thirty = replace(by_ten_percent, bound=(0.3,))
    assert verdicts(replace(BARE, checks=(setting("r2", fail=by_thirty),)), now, then) == ["pass"]


def test_an_unknown_measure_and_an_unknown_group_name_the_near_ones() -> None:
    texas = Measure(measure="recall", value=0.5, n=90, version="1", slice=(("state", "Texas"),))
    wrong = replace(setting("recall", fail=below(0.4)), slice=(("state", "Texsa"),))
    first, second = judged(replace(BARE, checks=(setting("recal", fail=below(0.4)), wrong)), texas)
    assert 'did you mean "recall"?' in first.says
    assert 'did you mean "state = Texas"?' in second.says
    assert (first.verdict, second.verdict) == ("skipped", "skipped")


def drifted(value: float, feature: str) -> Measure:
    return Measure(measure="psi", value=value, n=900, version="1", feature=feature, basis="difference")


def by_check(results: tuple[CheckResult, ...], check: str) -> list[tuple[str | None, str]]:
    return [(r.subject.feature, r.verdict) for r in results if r.check == check]


def test_defaults_run_beside_the_model_cards_checks_unless_they_are_off() -> None:
    ran = {r.check for r in judged(replace(CARD, checks=(setting("roc_auc", fail=below(0.5)),)), auc(0.7))}
    assert {"threshold", "drift", "performance_drop", "missing_values"} <= ran
    assert {r.check for r in judged(replace(CARD, defaults=False))} == set()


def test_a_check_in_the_model_card_takes_its_defaults_place() -> None:
    card = replace(CARD, checks=(setting("drift", warn=above(0.5)),))
    assert by_check(judged(card, drifted(0.3, "price")), "drift") == [("price", "pass")]


def test_a_measure_in_the_model_card_takes_the_place_of_the_default_that_judges_it() -> None:
    results = judged(replace(CARD, checks=(setting("psi", fail=above(0.5)),)), drifted(0.3, "price"))
    assert by_check(results, "drift") == []
    assert by_check(results, "threshold") == [("price", "pass")]


def test_a_feature_with_a_setting_of_its_own_is_left_out_of_the_default_which_judges_the_others() -> None:
    card = replace(CARD, checks=(replace(setting("drift", fail=above(0.5)), feature="price"),))
    results = judged(card, drifted(0.3, "price"), drifted(0.3, "age"))
    assert by_check(results, "drift") == [("price", "pass"), ("age", "fail")]


def test_off_turns_one_check_off_and_leaves_the_others() -> None:
    card = replace(CARD, checks=(CheckSetting(check="drift", on=False),))
    ran = {r.check for r in judged(card, drifted(0.3, "price"), auc(0.7))}
    assert "drift" not in ran
    assert "performance_drop" in ran


def test_a_limit_against_the_reference_in_the_model_card_replaces_the_default_drop() -> None:
    card = replace(CARD, checks=(setting("roc_auc", warn=Condition(kind="below_reference_by", bound=(0.3,))),))
    results = judged(card, auc(0.60), auc(0.72, basis="reference"))
    assert [r.verdict for r in results if r.check in ("performance_drop", "threshold")] == ["pass"]


def test_the_pair_of_two_versions_says_nothing_of_the_distance_from_the_reference() -> None:
    limit = Condition(kind="below_reference_by", bound=(0.05,))
    card = replace(BARE, checks=(setting("roc_auc", fail=limit),))
    measures = [auc(0.76), auc(0.92, basis="reference"), auc(0.70, version="2")]
    pair = Measure(measure="roc_auc", value=0.06, low=-0.20, high=0.32, n=1000, version="1", basis="difference")
    alone, beside = judged(card, *measures), judged(card, *measures, pair, against="2")
    assert alone[0].verdict == beside[0].verdict == "fail"
    assert alone[0].says == beside[0].says


def test_a_default_that_cannot_be_asked_says_what_it_would_need() -> None:
    results = {r.check: r for r in judged(CARD, auc(0.7))}
    assert results["drift"].verdict == "skipped"
    assert "name a reference:" in results["drift"].says


def test_the_label_is_not_blamed_for_being_late() -> None:
    card = replace(CARD, columns=Columns(label="bought"))
    late = Measure(measure="missing_rate", value=0.6, n=900, version="1", feature="bought")
    assert by_check(judged(card, late), "missing_values") == [(None, "skipped")]


class Breaking(tuple[str, ...]):
    """A value that breaks whoever looks into it."""

    def __iter__(self) -> Iterator[str]:
        raise ZeroDivisionError("a secret text")


def test_a_check_that_breaks_is_skipped_with_a_reference_and_takes_no_other_with_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    card = replace(CARD, protected=(Breaking(("race",)),))
    with caplog.at_level(logging.CRITICAL):
        first, again = judged(card, auc(0.7)), judged(card, auc(0.7))
    broken = [r for r in first if "broke and was left out" in r.says]
    assert {r.check for r in broken} == {"group_gap", "slice_performance"}
    assert all(r.verdict == "skipped" and "secret" not in r.says for r in broken)
    assert [r.check for r in first if r.check == "drift"]
    assert first == again


def test_a_wrong_option_is_told_and_takes_no_other_with_it() -> None:
    wrong = CheckSetting(check="group_gap", options={"min_size": "many"})
    card = replace(BARE, protected=(("race",),), checks=(wrong, setting("roc_auc", fail=below(0.5))))
    first, second = judged(card, auc(0.7))
    assert (first.verdict, second.verdict) == ("skipped", "pass")
    assert "min_size must be a number" in first.says


def test_an_unknown_check_cannot_be_explained_but_the_nearest_is_named() -> None:
    with pytest.raises(UserError, match='did you mean "group_gap"'):
        checks.explain("groupgap")
    assert "protected" in checks.explain("group_gap")


def test_groups_that_are_ranges_are_not_taken_for_the_calibration_curve() -> None:
    def pair(column: str, where: str, score: float) -> list[Measure]:
        return [
            Measure(measure=name, value=score, n=100, version="1", slice=((column, where),))
            for name in ("mean_score", "positive_rate")
        ]

    table = MeasureTable([*pair("age", "[30, 45)", 0.3), *pair("score", "[0.2, 0.3)", 0.25)], version="1")
    assert [m.slice for m, _ in calibration_bins(table)] == [(("score", "[0.2, 0.3)"),)]


def test_groups_and_ranges_are_written_as_they_are_said() -> None:
    assert wording.group((("race", "Caucasian"), ("age", "[30, 45)"))) == "race = Caucasian & age 30 to 45"
    assert wording.group((("age", "[-inf, 30)"),)) == "age under 30"
    assert wording.group((("price", "[12000, inf)"),)) == "price from 12,000"
    assert wording.group((("state", "null"),)) == "state missing"


@pytest.mark.parametrize(
    ("rate", "written"),
    [
        (0.4485, "44.9%"),
        (0.5, "50%"),
        (0.0, "0%"),
        (1.0, "100%"),
        (0.00025, "0.025%"),
        (0.9999, "99.99%"),
        (2.5, "250%"),
    ],
)
def test_a_rate_is_written_in_percent_and_never_rounded_to_none_or_all(rate: float, written: str) -> None:
    assert wording.percent(rate) == written


def test_what_harms_people_is_told_before_what_drifted() -> None:
    drift = CheckResult(check="drift", subject=Subject(), verdict="fail", says="")
    gap = replace(drift, check="group_gap")
    warning = replace(drift, check="performance_drop", verdict="warn")
    policy = replace(drift, check="four-fifths")
    assert by_importance([warning, drift, gap, policy]) == [policy, gap, drift, warning]


NAMES = ["roc_auc", "psi", "missing_rate", "unseen_rate", "false_positive_rate", "share", "volume", "recall"]
NUMBERS = st.none() | st.floats(0.0, 1.0) | st.floats(-1e9, 1e9)


@st.composite
def measures(draw: st.DrawFn) -> Measure:
    value = draw(NUMBERS)
    half = draw(st.none() | st.floats(0.0, 0.5))
    return Measure(
        measure=draw(st.sampled_from(NAMES)),
        value=value,
        low=None if value is None or half is None else value - half,
        high=None if value is None or half is None else value + half,
        n=draw(st.integers(0, 10_000)),
        version=draw(st.sampled_from(["1", "2"])),
        feature=draw(st.none() | st.sampled_from(["price", "age"])),
        slice=draw(st.none() | st.sampled_from([(("race", "a"),), (("race", "b"),), (("race", "c"),)])),
        period=draw(st.none() | st.sampled_from(["2026-01", "2026-02", "2026-03", "2026-04", "2026-06"])),
        basis=draw(st.sampled_from(["realized", "reference", "difference", "estimated"])),
        reason="no rows" if value is None else None,
    )


@given(st.lists(measures(), max_size=40))
def test_whatever_the_measures_no_check_breaks_and_every_verdict_says_a_sentence(found: list[Measure]) -> None:
    card = replace(
        CARD,
        protected=(("race",),),
        slices=(("race",),),
        periods="month",
        checks=(setting("recall", fail=Condition(kind="below_reference_by", bound=(0.1,), relative=True)),),
    )
    results = checks.judge(card, found, version="1", against="2")
    for result in results:
        assert "broke" not in result.says, result
        assert result.says.endswith((".", "?"))
        assert "  " not in result.says
        assert "nan" not in result.says.lower().split()
        assert all(0 <= position < len(found) for position in result.measures)
    assert worst([r.verdict for r in results]) in ("fail", "warn", "unsure", "pass", "skipped")
