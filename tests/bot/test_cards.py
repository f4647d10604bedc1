"""From `/parley evaluate` to a card that people can talk under."""

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.cards import card_key
from storage import evaluations, findings, messages
from tests.bot.holding import hold_the_next
from tests.models import SMALL, write_small_model
from tests.stage import Stage, staged, until


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    write_small_model(tmp_path / "models")
    with staged(tmp_path) as found:
        yield found


def has_picture(card: dict[str, Any]) -> bool:
    return any(b["type"] == "image" for b in card["blocks"])


def finished_card(stage: Stage) -> dict[str, Any]:
    card: dict[str, Any] = until(
        lambda: next((c for c in stage.cards() if has_picture(c)), None), why="a card with its picture"
    )
    return card


def test_the_card_has_verdict_sentence_picture_findings_buttons_and_context(stage: Stage) -> None:
    stage.type("evaluate small")
    card = finished_card(stage)
    kinds = [b["type"] for b in card["blocks"]]
    assert kinds[:3] == ["header", "section", "image"]
    assert kinds[-2:] == ["actions", "context"]
    assert card["blocks"][0]["text"]["text"] == "small needs attention"
    assert len(card["blocks"][-2]["elements"]) == 3
    assert "Asked by Mara" in card["blocks"][-1]["elements"][0]["text"]
    assert "E-1" in card["text"]
    assert "ROC AUC" in card["text"]


def test_the_picture_is_a_file_that_readers_of_the_thread_may_read(stage: Stage) -> None:
    stage.type("evaluate small")
    card = finished_card(stage)
    image = next(b for b in card["blocks"] if b["type"] == "image")
    assert stage.workspace.file_bytes(image["slack_file"]["id"]).startswith(b"\x89PNG")
    assert image["alt_text"]


def test_the_detail_stands_in_the_thread(stage: Stage) -> None:
    stage.type("evaluate small")
    card = finished_card(stage)
    stage.quiet()
    replies = stage.workspace.replies(stage.channel, card["ts"])
    assert any("checks pass" in m.get("text", "") for m in replies)


def test_three_clicks_that_are_one_delivery_evaluate_once(stage: Stage) -> None:
    stage.type("evaluate small")
    card = finished_card(stage)
    stage.quiet()
    delivery = stage.workspace.click(stage.jonas, stage.channel, card["ts"], "ask:evaluate")
    delivery.redeliver()
    delivery.redeliver()
    until(lambda: len(stage.cards("small")) >= 2, why="a second card")
    stage.quiet()
    with stage.parley.database.reading() as tx:
        assert [e.status for e in evaluations.recent(tx, team=stage.workspace.team, model="small", limit=9)] == [
            "done",
            "done",
        ]


def test_a_button_can_be_pressed_for_a_trend_in_the_cards_thread(stage: Stage) -> None:
    stage.type("evaluate small")
    card = finished_card(stage)
    stage.quiet()
    stage.workspace.click(stage.jonas, stage.channel, card["ts"], "ask:trend")
    stage.quiet()
    replies = stage.workspace.replies(stage.channel, card["ts"])
    assert any("over time" in m.get("text", "") for m in replies)


def test_a_card_that_was_deleted_is_posted_anew_when_it_changes(stage: Stage) -> None:
    held = stage.workspace.fault("files.getUploadURLExternal", hang="before")
    stage.type("evaluate small")
    assert held.reached.wait(30)
    card = stage.card()
    stage.parley.slack.call("chat.delete", channel=stage.channel, ts=card["ts"])
    held.release()
    assert finished_card(stage)["ts"] != card["ts"]
    stage.quiet()
    assert len([c for c in stage.cards() if has_picture(c)]) == 1


def test_an_evaluation_that_cannot_be_done_says_why_on_its_card(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "models" / "small.csv").write_text("id,at,region,price,score,returned\n", encoding="utf-8")
    stage.type("evaluate small")
    card = until(lambda: next(iter(stage.cards("not evaluated")), None), why="a card that says why")
    assert "The log of small holds no row" in card["text"]
    stage.quiet()


def test_a_window_without_a_row_leaves_no_card_and_is_told_to_the_one_who_asked(stage: Stage) -> None:
    stage.type("evaluate small rows 9000..9999")
    told = stage.told("holds no row")["text"]
    assert "The window rows 9000..9999 holds no row: the log of small has 600 rows, from 2026-09-01 00:00" in told
    stage.quiet()
    assert stage.cards() == []
    assert stage.workspace.ephemerals(stage.channel, stage.jonas) == []


def test_a_broken_model_card_is_told_to_the_one_who_asked(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "models" / "small.yaml").write_text(SMALL.replace("task:", "tsk:"), encoding="utf-8")
    stage.type("evaluate small")
    assert "task" in stage.told("can't be used")["text"]
    assert stage.cards() == []


def test_an_unknown_model_is_answered_with_the_nearest_one(stage: Stage) -> None:
    stage.type("evaluate smal")
    assert "did you mean `small`?" in stage.told("no model")["text"]


def test_stopping_what_has_ended_tells_how_it_ended(stage: Stage) -> None:
    stage.type("evaluate small")
    finished_card(stage)
    stage.quiet()
    stage.type("stop E-1")
    assert "E-1 of small has ended already: :red_circle: fails." in stage.told("ended already")["text"]


def test_the_same_schedule_twice_is_pointed_at(stage: Stage) -> None:
    stage.type("every monday 09:00 digest")
    stage.told("S-1")
    stage.type("every mon digest", user=stage.jonas)
    stage.told("S-2", user=stage.jonas)  # his zone is another one, so it fires at other times
    stage.type("every mon digest")
    assert "is on the clock here already: it is S-1." in stage.told("already")["text"]


def test_too_long_a_note_is_given_back(stage: Stage) -> None:
    stage.type(f"note small {'a long story ' * 300}the end")
    told = stage.told("3,000 are the most")
    assert "TEXT is 3,907 characters long" in told["text"]
    assert str(told["blocks"]).count("a long story") >= 297  # two of 300 may be broken over blocks
    assert "the end" in str(told["blocks"])


def test_guests_can_read_but_not_run(stage: Stage) -> None:
    stage.type("evaluate small", user=stage.guest)
    assert "Guests can read here" in stage.told("Guests", user=stage.guest)["text"]
    stage.type("models", user=stage.guest)
    assert stage.told("no models that you can see", user=stage.guest)  # it is internal, and guests see open models only


def test_in_a_channel_without_the_bot_the_one_who_asked_is_told_how_to_invite_it(stage: Stage) -> None:
    stage.type("evaluate small", channel=stage.elsewhere)
    told = stage.told("/invite", channel=stage.elsewhere)
    assert "ask again" in told["text"]
    until(lambda: _latest_is_done(stage), why="the evaluation to be kept")


def test_whoever_joins_in_another_channel_has_the_card_there(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.workspace.invite(stage.elsewhere, stage.app.bot_user, by=stage.mara)
    held = hold_the_next(stage, "Reading the log", monkeypatch)
    stage.type("evaluate small")
    child = held()
    stage.type("evaluate small", user=stage.jonas, channel=stage.elsewhere)
    stage.card("small", channel=stage.elsewhere)
    stage.type("evaluate small", user=stage.jonas)
    until(lambda: _asked_by(stage) == (stage.mara, stage.jonas, stage.jonas), why="all three to have asked")
    child.send_signal(signal.SIGCONT)
    stage.quiet()
    [here], [there] = stage.cards(), stage.cards(channel=stage.elsewhere)
    assert has_picture(here)
    assert has_picture(there)
    assert there["text"] == here["text"]
    for channel, card in ((stage.channel, here), (stage.elsewhere, there)):
        assert len(stage.workspace.replies(channel, card["ts"])) == 2, "the card, and its details"
    assert stage.workspace.ephemerals(stage.elsewhere, stage.jonas) == []
    with stage.parley.database.reading() as tx:
        cards = [messages.get(tx, key) for key in (card_key(1), card_key(1, stage.elsewhere))]
        assert evaluations.get(tx, 2) is None
    assert [(c.address.channel, c.address.user) for c in cards if c is not None] == [
        (stage.channel, stage.mara),
        (stage.elsewhere, stage.jonas),
    ]


def _asked_by(stage: Stage) -> tuple[str, ...]:
    with stage.parley.database.reading() as tx:
        evaluation = evaluations.get(tx, 1)
        assert evaluation is not None
        return tuple(asker.user for asker in evaluations.askers_of(tx, evaluation))


def test_findings_open_once_and_are_seen_again(stage: Stage) -> None:
    stage.type("evaluate small")
    finished_card(stage)
    stage.quiet()
    stage.type("evaluate small rows 0..500")
    until(lambda: len([c for c in stage.cards() if has_picture(c)]) == 2, why="two cards")
    stage.quiet()
    with stage.parley.database.reading() as tx:
        found = [f for f in findings.listed(tx, team=stage.workspace.team, model="small") if f.check == "threshold"]
    assert [f.times for f in found] == [2]


def test_a_window_that_somebody_chose_is_named_and_does_not_change_how_the_model_stands(stage: Stage) -> None:
    stage.type("evaluate small")
    finished_card(stage)
    stage.quiet()
    stage.type("evaluate small rows 0..60")
    until(lambda: len([c for c in stage.cards() if has_picture(c)]) == 2, why="two cards")
    stage.quiet()
    assert "Over rows 0..60, 60 rows: Of " in stage.cards("E-2")[0]["text"]
    stage.type("models")
    assert "(E-1)" in stage.told("open finding")["text"]
    stage.type("findings small --state open")
    told = stage.told("seen 2 times")["text"]
    assert "threshold: ROC AUC\nROC AUC is" in told
    stage.type("digest")
    stage.quiet()
    digest = stage.cards("Models on")[0]["text"]
    assert "E-1" in digest
    assert "before:" not in digest


def test_what_explains_or_decides_comes_back_before_what_was_chatted(stage: Stage) -> None:
    stage.type("evaluate small")
    card = finished_card(stage)
    stage.quiet()
    with stage.parley.database.reading() as tx:
        [finding] = [f for f in findings.listed(tx, team=stage.workspace.team, model="small") if f.check == "threshold"]
    stage.type(f"note small --finding F-{finding.id} we look at it on Monday")
    stage.quiet()
    stage.type(f"note small --kind decision --finding F-{finding.id} we keep it until June")
    stage.quiet()
    stage.workspace.say(stage.jonas, stage.channel, "good that it says so", thread=card["ts"])
    stage.quiet()
    stage.type("evaluate small")
    until(lambda: len([c for c in stage.cards() if has_picture(c)]) == 2, why="two cards")
    stage.quiet()
    said = [line for line in stage.cards("E-2")[0]["text"].splitlines() if "Said before" in line]
    assert ["Monday" in said[1], "June" in said[0], len(said)] == [True, True, 2]


def _latest_is_done(stage: Stage) -> bool:
    with stage.parley.database.reading() as tx:
        return evaluations.latest(tx, team=stage.workspace.team, model="small") is not None


def test_checks_are_suggested_from_the_latest_evaluation_and_only_to_the_one_who_asks(stage: Stage) -> None:
    stage.type("suggest small")
    stage.told("was not evaluated yet")
    stage.type("evaluate small")
    finished_card(stage)
    stage.type("suggest small")
    told = stage.told("Checks for small")
    assert "roc_auc: {fail: {below:" in told["text"]
    assert "it would have said" in told["text"]


def test_a_version_that_there_is_not_is_told_to_who_asked_and_makes_no_card(stage: Stage) -> None:
    stage.type("evaluate small --against nope")
    stage.told("has no version")
    stage.quiet()
    assert stage.cards() == []
