"""The demo's simulation: its planted troubles are in the numbers, and its files look as they did on each day.

The numbers are pandas' and scikit-learn's, from the files alone; nothing of ours measures here.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import recall_score, roc_auc_score

from analysis import checks
from analysis.card import ModelCard
from analysis.card_reading import read_card
from analysis.evaluate import evaluate
from analysis.known_checks import check_names
from bot.demo.returns import return_history
from bot.demo.simulation import DAYS_OF_REFERENCE, Simulated, simulate
from bot.demo.weeks import DAYS, Weeks

pytestmark = pytest.mark.xdist_group("simulation")  # made once, for all of these tests

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
MIDNIGHT = pd.Timestamp("2026-11-24")
OUTFITS, RETURNS = "outfit-ranker", "return-risk"
ROWS = {OUTFITS: "shown", RETURNS: "orders"}


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Simulated:
    return simulate(tmp_path_factory.mktemp("shop"), now=NOW, owners={"data engineer": "U0AAA", "model risk": "U0BBB"})


def known(simulated: Simulated, model: str, *, days_ago: int = 0) -> pd.DataFrame:
    """The log with the labels that were there on the morning of a day, and how many days ago each row is."""
    simulated.write(known_at=NOW - timedelta(days=days_ago))
    card = read_card(simulated.folder / "models" / f"{model}.yaml")
    key, at = card.columns.id, card.columns.timestamp
    logs = simulated.folder / "logs" / model
    log = pd.read_parquet(logs / ROWS[model])
    labels = pd.read_parquet(logs / "labels")
    joined = log.merge(labels, on=key, how="left", validate="one_to_one")
    joined["days_ago"] = (MIDNIGHT - joined[at]) / pd.Timedelta(days=1)
    joined["label"], joined["scored"] = joined[card.columns.label], joined[card.columns.score]
    return joined


def auc(rows: pd.DataFrame) -> float:
    labelled = rows.dropna(subset=["label"])
    return float(roc_auc_score(labelled["label"], labelled["scored"]))


def recall(rows: pd.DataFrame, threshold: float) -> float:
    labelled = rows.dropna(subset=["label"])
    return float(recall_score(labelled["label"], labelled["scored"] >= threshold))


def psi(before: pd.Series, after: pd.Series) -> float:
    shares = pd.DataFrame({"p": before.value_counts(normalize=True), "q": after.value_counts(normalize=True)})
    return float(((shares.q - shares.p) * np.log(shares.q / shares.p)).sum())


def reference(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["days_ago"] > DAYS - DAYS_OF_REFERENCE]


def window(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["days_ago"] <= DAYS - DAYS_OF_REFERENCE]


@pytest.mark.parametrize(("model", "at_least", "at_most"), [(OUTFITS, 60_000, 100_000), (RETURNS, 35_000, 45_000)])
def test_the_log_covers_ten_weeks_up_to_yesterday(
    simulated: Simulated, model: str, at_least: int, at_most: int
) -> None:
    rows = known(simulated, model)
    assert at_least <= len(rows) <= at_most
    assert 0 < rows["days_ago"].min() < 0.1
    assert 69.9 < rows["days_ago"].max() <= 70
    assert len(list((simulated.folder / "logs" / model / ROWS[model]).glob("*.parquet"))) == 70


@pytest.mark.parametrize("model", [OUTFITS, RETURNS])
def test_the_model_cards_are_valid_and_name_only_known_checks_and_columns(simulated: Simulated, model: str) -> None:
    card: ModelCard = read_card(simulated.folder / "models" / f"{model}.yaml")
    assert check_names(card, {*checks.names(), "roc_auc", "recall"}) == []
    columns = set(known(simulated, model).columns)
    assert {*(card.features or ()), *(c for group in (*card.slices, *card.protected) for c in group)} <= columns
    assert card.reference is not None
    assert card.reference.before == "2026-10-13"  # 70 days before 24 November is 15 September; four weeks on
    assert card.owners == {"data engineer": "U0AAA", "model risk": "U0BBB"}


def test_a_supplier_brings_a_material_that_the_model_never_saw(simulated: Simulated) -> None:
    rows = known(simulated, OUTFITS)
    new = rows[rows["material"] == "linen-blend"]
    assert new["days_ago"].max() <= 17  # in the eighth week
    assert set(new["supplier"]) == {"mirabel"}
    assert 0.05 < len(new) / len(window(rows)) < 0.08
    assert new["label"].mean() > 1.3 * new["scored"].mean()  # it sells like linen and is scored like anything


def test_no_linen_blend_is_there_three_weeks_back(simulated: Simulated) -> None:
    assert "linen-blend" not in set(known(simulated, OUTFITS, days_ago=20)["material"])


def test_phones_take_over_and_nothing_gets_worse(simulated: Simulated) -> None:
    for days_ago in (20, 0):
        rows = known(simulated, OUTFITS, days_ago=days_ago)
        assert psi(reference(rows)["device"], window(rows)["device"]) > 0.2
        assert auc(window(rows)) > auc(reference(rows)) - 0.01
        phones = window(rows)[window(rows)["device"] == "phone"]
        assert auc(phones) > auc(reference(rows)) - 0.015


def test_no_other_feature_of_the_ranker_drifts_before_the_supplier_does(simulated: Simulated) -> None:
    rows = known(simulated, OUTFITS, days_ago=20)
    for feature in ("category", "material", "supplier", "region", "age_band", "position"):
        assert psi(reference(rows)[feature], window(rows)[feature]) < 0.01, feature


def test_return_risk_fails_in_the_north_alone(simulated: Simulated) -> None:
    rows = window(known(simulated, RETURNS, days_ago=4))
    by_region = {region: (auc(part), recall(part, 0.35)) for region, part in rows.groupby("region")}
    north_auc, north_recall = by_region.pop("north")
    assert north_auc < 0.70
    assert north_recall < 0.55
    assert all(other_auc > 0.78 and other_recall > 0.62 for other_auc, other_recall in by_region.values())


def test_the_north_was_fine_until_the_carrier_changed(simulated: Simulated) -> None:
    rows = known(simulated, RETURNS)
    north = rows[rows["region"] == "north"]
    assert auc(north[north["days_ago"] > 27]) > 0.78
    assert auc(north[north["days_ago"] <= 26]) < 0.60
    assert abs(auc(window(known(simulated, RETURNS, days_ago=21)).query("region == 'north'")) - 0.80) < 0.03


def test_labels_arrive_up_to_21_days_later_whatever_they_say(simulated: Simulated) -> None:
    rows = known(simulated, RETURNS)
    late = ((rows["settled_at"] - rows["ordered_at"]) / pd.Timedelta(days=1)).dropna()
    assert late.min() >= 2
    assert late.max() <= 21
    weeks = rows.groupby(np.ceil(rows["days_ago"] / 7))["label"]
    share = weeks.count() / weeks.size()
    assert share[1.0] < 0.2 < 0.5 < share[2.0] < 0.8
    assert (share.loc[5:] == 1).all()
    fresh = rows[(rows["days_ago"] < 14) & (rows["region"] != "north")]["label"].mean()
    assert abs(fresh - reference(rows)["label"].mean()) < 0.02  # early labels are no biased lot


def test_nothing_of_the_future_is_known(simulated: Simulated) -> None:
    for model, at, arrived in ((OUTFITS, "shown_at", "known_at"), (RETURNS, "ordered_at", "settled_at")):
        rows = known(simulated, model, days_ago=10)
        assert rows[at].max() < pd.Timestamp("2026-11-14")
        assert rows[arrived].max() < pd.Timestamp("2026-11-14")
        assert rows[at].max() > pd.Timestamp("2026-11-13 20:00")


def test_files_that_are_there_stay_as_they_are_when_time_goes_on(simulated: Simulated) -> None:
    simulated.write(known_at=NOW - timedelta(days=10))
    before = {path: (path.stat().st_mtime_ns, path.stat().st_ino) for path in simulated.folder.rglob("*.parquet")}
    simulated.write(known_at=NOW - timedelta(days=3))
    after = {path: (path.stat().st_mtime_ns, path.stat().st_ino) for path in simulated.folder.rglob("*.parquet")}
    assert len(after) == len(before) + 4 * 7
    assert {path: after[path] for path in before} == before


@pytest.mark.parametrize(
    ("model", "days_ago", "expected"),
    [
        (RETURNS, 21, set()),
        (OUTFITS, 20, {("warn", "drift", "device")}),
        (
            OUTFITS,
            10,
            {("warn", "drift", "device"), ("warn", "drift", "material"), ("warn", "unseen_values", "material")},
        ),
        (RETURNS, 4, {("fail", "slice_performance", "region = north"), ("fail", "threshold", "region = north")}),
    ],
    ids=["healthy", "harmless", "new material", "north fails"],
)
def test_parley_finds_what_was_planted_when_the_story_tells_of_it(
    simulated: Simulated, model: str, days_ago: int, expected: set[tuple[str, str, str]]
) -> None:
    now = NOW - timedelta(days=days_ago)
    simulated.write(known_at=now)
    result = evaluate(read_card(simulated.folder / "models" / f"{model}.yaml"), window="all", now=now)
    about = {
        (c.verdict, c.check, c.subject.feature or " & ".join(" = ".join(pair) for pair in c.subject.slice or ()))
        for c in result.checks
        if c.verdict not in ("pass", "skipped")
    }
    assert {found for found in about if found[2]} == expected
    if days_ago == 20:
        assert any("It does no harm so far" in c.says for c in result.checks)


def test_equal_seeds_give_equal_files_and_others_do_not(simulated: Simulated, tmp_path: Path) -> None:
    simulated.write(known_at=NOW)
    simulate(tmp_path, now=NOW, owners={"data engineer": "U0AAA", "model risk": "U0BBB"})
    assert _contents(tmp_path) == _contents(simulated.folder)
    one, other = (return_history(Weeks.until(NOW), np.random.default_rng(seed)) for seed in (1, 2))
    assert (one.log["risk"] != other.log["risk"]).any()


def test_a_new_simulation_removes_what_an_earlier_one_left(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "old.yaml").write_text("model: old\n")
    (tmp_path / "kept.txt").write_text("not ours\n")
    simulate(tmp_path, now=NOW, known_at=NOW - timedelta(days=60))
    assert sorted(path.name for path in (tmp_path / "models").iterdir()) == [f"{OUTFITS}.yaml", f"{RETURNS}.yaml"]
    assert read_card(tmp_path / "models" / f"{RETURNS}.yaml").owners == {}  # nobody was named
    assert (tmp_path / "kept.txt").exists()
    assert len(list((tmp_path / "logs" / OUTFITS / "shown").iterdir())) == 10


def _contents(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
