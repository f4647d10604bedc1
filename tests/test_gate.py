"""`parley evaluate` as the gate of a team's CI: its exit status, and what it leaves in files and on stdout."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bot.evaluate_cli import evaluate_in_terminal
from tests.starts import Starter
from tests.test_cli import parley

HEAD = ["model: risk", "task: binary"]
LOG = "log: {source: log.csv, columns: {label: y, score: s}}"
ROWS = "y,s,region\n" + "1,0.99,north\n0,0.01,north\n1,0.98,south\n0,0.02,south\n" * 60
GOOD = "roc_auc: {fail: {below: 0.7}}"


def card(folder: Path, checks: str, *, log: str = LOG, more: tuple[str, ...] = (), head: list[str] = HEAD) -> Path:
    if not (folder / "log.csv").exists():
        (folder / "log.csv").write_text(ROWS, encoding="utf-8")
    path = folder / "card.yaml"
    path.write_text("\n".join([*head, log, f"checks: {{{checks}}}", *more]), encoding="utf-8")
    return path


def status(path: Path, **options: Any) -> int:
    asked: dict[str, Any] = {"window": "all", "version": None, "against": None, "json": None, "html": None} | options
    return evaluate_in_terminal(path, **asked)


def test_it_ends_with_0_where_nothing_failed_and_1_where_something_did(tmp_path: Path) -> None:
    assert status(card(tmp_path, GOOD)) == 0
    assert status(card(tmp_path, "recall: {fail: {below: 0.5}}")) == 0
    assert status(card(tmp_path, "log_loss: {fail: {above: 0.001}}")) == 1


UNJUDGED = {
    "no row is in the slice": "recall: [{slice: {region: west}, fail: {below: 0.5}}]",
    "the class never occurs": "recall: [{class: fox, fail: {below: 0.5}}]",
    "there is no reference to drift from": "drift: {fail: 0.2}",
    "there is no reference to compare with": "performance_drop: {fail: 0.1}",
    "the limit hangs on a reference": "roc_auc: {fail: {below_reference_by: 0.1}, warn: {below: 0.2}}",
    "there are too few rows for a weak segment": "hotspot: {size: 200}",
}


@pytest.mark.parametrize("checks", UNJUDGED.values(), ids=UNJUDGED)
@pytest.mark.parametrize("defaults", ["on", "off"])
def test_a_check_that_was_asked_for_and_not_judged_ends_with_4(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], checks: str, defaults: str
) -> None:
    path = card(tmp_path, f"{GOOD}, {checks}" if "roc_auc" not in checks else checks, more=(f"defaults: {defaults}",))
    assert status(path) == 4
    assert "NOT JUDGED" in capsys.readouterr().out
    assert status(path, allow_unjudged=True) == 0


def test_an_evaluation_that_takes_too_long_ends_with_2_and_says_its_limit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status(card(tmp_path, GOOD), seconds=1e-6) == 2
    assert "which is its limit" in capsys.readouterr().err


def test_a_failure_weighs_more_than_what_was_not_judged(tmp_path: Path) -> None:
    path = card(tmp_path, "log_loss: {fail: {above: 0.001}}, drift: {fail: 0.2}")
    assert status(path) == 1
    assert status(path, allow_unjudged=True) == 1


def test_a_default_check_that_finds_nothing_to_judge_is_no_reason_to_stop(tmp_path: Path) -> None:
    path = card(tmp_path, GOOD, more=("defaults: on",))
    assert status(path, json=str(tmp_path / "r.json")) == 0
    told = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
    assert "skipped" in {c["verdict"] for c in told["checks"]}


def test_labels_of_which_not_one_belongs_to_a_row_are_no_pass(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text(
        "id,s\n" + "".join(f"order-{n},0.{n % 9}1\n" for n in range(90)), encoding="utf-8"
    )
    (tmp_path / "labels.csv").write_text("id,y\n" + "".join(f"{n},{n % 2}\n" for n in range(90)), encoding="utf-8")
    log = "log: {source: log.csv, labels: {source: labels.csv, by: id}, columns: {id: id, label: y, score: s}}"
    path = card(tmp_path, GOOD, log=log)
    assert status(path, json=str(tmp_path / "r.json")) == 4
    assert json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))["verdict"] == "unsure"


def test_a_ranking_is_refused_until_it_can_be_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = "log: {source: nowhere.csv, columns: {query: q, item: i, score: s, label: y}}"
    path = card(tmp_path, "ndcg@10: {fail: {below: 0.2}}", log=log, head=["model: shop", "task: ranking"])
    assert status(path) == 2
    assert "rankings are not supported yet" in capsys.readouterr().err


def test_only_the_json_stands_on_stdout(begin: Starter, tmp_path: Path) -> None:
    done = parley(begin, "evaluate", str(card(tmp_path, "drift: {fail: 0.2}")), "--json", "-", home=tmp_path)
    assert done.status == 4
    assert json.loads(done.stdout)["model"] == "risk"
    done = parley(begin, "evaluate", str(card(tmp_path, "drift: {fail: 0.2}")), "--allow-unjudged", home=tmp_path)
    assert done.status == 0


def test_no_file_is_touched_where_one_of_them_cannot_be_written(tmp_path: Path) -> None:
    before = tmp_path / "r.json"
    before.write_text("of yesterday", encoding="utf-8")
    path = card(tmp_path, GOOD)
    assert status(path, json=str(before), html=str(tmp_path / "nowhere" / "r.html")) == 2
    path = card(tmp_path, GOOD, log=LOG.replace("score: s", "score: nothing"))
    assert status(path, json=str(before), html=str(tmp_path / "r.html")) == 2
    assert before.read_text(encoding="utf-8") == "of yesterday"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["card.yaml", "log.csv", "r.json"]


def test_a_device_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    assert status(card(tmp_path, GOOD), json="/dev/null") == 0
    assert Path("/dev/null").is_char_device()
