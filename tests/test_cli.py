"""The terminal: wrong input ends in one clear sentence and status 2."""

from __future__ import annotations

import re
import socket
from pathlib import Path

from bot.workspace import Server, Workspace
from tests.models import SMALL, write_small_model
from tests.stage import APP_TOKEN, BOT_TOKEN, SIGNING_SECRET
from tests.starts import Ended, Starter

NOBODY = "http://127.0.0.1:9/api/"
"""The port named discard: nothing listens there."""


def parley(begin: Starter, *words: str, home: Path, **environment: str) -> Ended:
    return begin.run(*words, settings={"PARLEY_HOME": str(home)} | environment)


def test_all_wrong_settings_are_named_in_one_message(begin: Starter, tmp_path: Path) -> None:
    done = parley(
        begin,
        "serve",
        home=tmp_path,
        PARLEY_PORT="abc",
        PARLEY_DATABASE_URL="mysql://x",
        SLACK_CLIENT_ID="1",
        PARLEY_JOBS="0",
    )
    assert done.status == 2
    for name in ("PARLEY_PORT", "PARLEY_DATABASE_URL", "SLACK_CLIENT_ID", "PARLEY_JOBS"):
        assert name in done.stderr
    assert "PARLEY_PORT: must be a whole number, not 'abc'" in done.stderr
    assert "PARLEY_JOBS: must be at least 1, not 0" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_misspelt_setting_is_named_with_the_nearest(begin: Starter, tmp_path: Path) -> None:
    done = parley(begin, "doctor", home=tmp_path, PARLEY_MODEL="models", PARLEY_TEST_ANYTHING="1")
    assert done.status == 2
    assert 'PARLEY_MODEL: there is no such setting; did you mean "PARLEY_MODELS"' in done.stderr
    assert "PARLEY_TEST" not in done.stderr


def test_without_slack_it_says_which_settings_would_give_it(begin: Starter, tmp_path: Path) -> None:
    done = parley(begin, "serve", home=tmp_path)
    assert done.status == 2
    assert "SLACK_BOT_TOKEN" in done.stderr
    assert "parley demo" in done.stderr


def test_roles_on_sqlite_are_refused(begin: Starter, tmp_path: Path) -> None:
    done = parley(begin, "serve", "--role", "worker", home=tmp_path, SLACK_BOT_TOKEN="x", SLACK_APP_TOKEN="y")
    assert done.status == 2
    assert "PostgreSQL" in done.stderr


def test_a_taken_port_is_one_clear_line(begin: Starter, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = parley(begin, "serve", home=tmp_path, SLACK_BOT_TOKEN="x", SLACK_APP_TOKEN="y", PARLEY_PORT=port)
    assert done.status == 2
    assert done.stderr.splitlines() == [
        f"parley: Port {port} on 127.0.0.1 is taken; end what uses it, or choose another port."
    ]


def test_the_doctor_names_missing_scopes_and_what_is_lost(begin: Starter, tmp_path: Path) -> None:
    scopes = {"chat:write", "commands"}
    with Workspace() as workspace, Server(workspace) as server:
        workspace.install_app(bot_token=BOT_TOKEN, app_token=APP_TOKEN, signing_secret=SIGNING_SECRET, scopes=scopes)
        done = parley(
            begin,
            "doctor",
            home=tmp_path,
            SLACK_BOT_TOKEN=BOT_TOKEN,
            SLACK_APP_TOKEN=APP_TOKEN,
            SLACK_API_URL=server.api_url,
        )
    assert done.status == 1
    assert "files:read is missing: the picture stays in the thread" in done.stdout
    assert "chat:write is missing" not in done.stdout
    assert done.stderr == ""


def test_before_the_first_start_the_doctor_says_what_will_be_made_and_leaves_nothing_behind(
    begin: Starter, tmp_path: Path
) -> None:
    done = parley(begin, "doctor", home=tmp_path / "home", SLACK_BOT_TOKEN="x")
    assert f"ok    the database is not made yet: `parley serve` makes {tmp_path / 'home' / 'parley.db'}" in done.stdout
    assert f"WRONG there is no folder {tmp_path / 'home' / 'models'} for model cards: make it" in done.stdout
    assert "SLACK_APP_TOKEN (Socket Mode, xapp-…) or SLACK_SIGNING_SECRET" in done.stdout
    assert "SLACK_BOT_TOKEN:" not in done.stdout
    assert not (tmp_path / "home").exists()


def test_the_doctor_looks_at_every_log_and_names_two_model_cards_of_one_name(begin: Starter, tmp_path: Path) -> None:
    write_small_model(tmp_path / "models")
    write_small_model(tmp_path / "models", name="other", card=SMALL.replace("model: small", "model: other"))
    (tmp_path / "models" / "third.yaml").write_text(SMALL.replace("score: score", "score: scor"), encoding="utf-8")
    done = parley(begin, "doctor", home=tmp_path, SLACK_BOT_TOKEN="x", SLACK_APP_TOKEN="y", SLACK_API_URL=NOBODY)
    assert done.status == 1
    assert "ok    other.yaml: other, a log of 6 columns" in done.stdout
    assert "WRONG small.yaml and third.yaml are both called `small`" in done.stdout
    assert 'did you mean "score"?' in next(line for line in done.stdout.splitlines() if "third.yaml: " in line)
    assert f"WRONG Slack is silent at {NOBODY}" in done.stdout


def test_the_manifest_asks_for_the_core_scopes_and_nothing_more(begin: Starter, tmp_path: Path) -> None:
    done = parley(begin, "manifest", "--http", "https://parley.example.com/", home=tmp_path)
    assert '"url": "https://parley.example.com/slack/events"' in done.stdout
    assert '"socket_mode_enabled": false' in done.stdout
    assert "chat:write.public" not in done.stdout


def test_a_gate_that_could_not_be_judged_is_named_with_its_reason(begin: Starter, tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("y,s,region\n" + "0,0.3,north\n" * 60, encoding="utf-8")
    lines = ["model: risk", "task: binary", "log: {source: log.csv, columns: {label: y, score: s}}"]
    gates = "checks: {roc_auc: {fail: {below: 0.7}}, recall: [{slice: {region: nroth}, fail: {below: 0.5}}]}"
    (tmp_path / "card.yaml").write_text("\n".join([*lines, gates]), encoding="utf-8")
    said = parley(begin, "evaluate", str(tmp_path / "card.yaml"), home=tmp_path).stdout
    assert "NOT JUDGED  threshold: ROC AUC was not judged: no row is positive." in said
    assert "NOT JUDGED  threshold: Recall has no group region = nroth" in said


def test_two_versions_are_told_apart_in_the_terminal(begin: Starter, tmp_path: Path) -> None:
    described = SMALL + "versions: {v1: champion, v2: {role: challenger, score: price}}\n"
    said = parley(
        begin, "evaluate", str(write_small_model(tmp_path, card=described)), "--against", "v2", home=tmp_path
    ).stdout
    (line,) = [line for line in said.splitlines() if line.startswith("  ROC AUC")]
    assert re.search(r"n = 600  0\.\d\d\d above v2 \(0\.\d\d\d to 0\.\d\d\d\)$", line)


def test_of_several_classes_it_says_what_is_a_mean_over_them_and_which_was_never_predicted(
    begin: Starter, tmp_path: Path
) -> None:
    rows = ["kind,said", *["cat,cat", "dog,dog", "dog,cat", "fox,dog"] * 20]
    (tmp_path / "pets.csv").write_text("\n".join(rows) + "\n")
    card = "model: pets\ntask: multiclass\nlog: {source: pets.csv, columns: {label: kind, prediction: said}}\n"
    (tmp_path / "pets.yaml").write_text(card)
    said = parley(begin, "evaluate", str(tmp_path / "pets.yaml"), home=tmp_path).stdout
    (line,) = [line for line in said.splitlines() if line.startswith("  precision (macro)")]
    assert "33.3%" in line  # (1/2 + 1/2 + 0) / 3
    assert line.endswith("(it is undefined for fox, which counts as 0)")
