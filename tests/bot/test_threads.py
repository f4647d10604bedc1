"""What people say in the thread of a card becomes memory: kept once, edited, deleted, found again."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from storage import annotations
from storage.annotations import Annotation
from tests.models import write_small_model
from tests.stage import Stage, staged, until


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    home: Path = tmp_path_factory.mktemp("threads")
    write_small_model(home / "models")
    with staged(home) as found:
        found.type("evaluate small")
        until(lambda: any(b["type"] == "image" for c in found.cards() for b in c["blocks"]), why="a card")
        found.quiet()
        yield found


@pytest.fixture
def card(stage: Stage) -> dict[str, Any]:
    return stage.card("small")


def said(stage: Stage) -> list[Annotation]:
    with stage.parley.database.reading() as tx:
        return annotations.listed(tx, team=stage.workspace.team, model="small", limit=100)


def the(stage: Stage, containing: str) -> Annotation:
    found: Annotation = until(
        lambda: next((a for a in said(stage) if containing in a.text), None), why=f"an annotation with {containing!r}"
    )
    return found


def test_a_reply_is_kept_with_the_model_the_evaluation_and_a_link(stage: Stage, card: dict[str, Any]) -> None:
    stage.workspace.say(stage.jonas, stage.channel, "the <b>carrier</b> changed & it's north only", thread=card["ts"])
    note = the(stage, "carrier")
    assert note.text == "the <b>carrier</b> changed & it's north only"
    assert note.author == stage.jonas
    assert note.anchor is not None
    assert (note.anchor.model, note.anchor.evaluation) == ("small", 1)
    assert note.permalink is not None
    assert f"/archives/{stage.channel}/p" in note.permalink


def test_a_reply_that_is_delivered_three_times_is_kept_once(stage: Stage, card: dict[str, Any]) -> None:
    stage.workspace.say(stage.jonas, stage.channel, "told three times", thread=card["ts"])
    the(stage, "told three times")
    delivery = next(d for d in reversed(stage.workspace.deliveries) if "told three times" in str(d.payload))
    delivery.redeliver()
    delivery.redeliver()
    stage.quiet()
    assert len([a for a in said(stage) if a.text == "told three times"]) == 1


def test_an_edit_changes_the_annotation_and_keeps_no_old_text(stage: Stage, card: dict[str, Any]) -> None:
    ts = stage.workspace.say(stage.jonas, stage.channel, "in the nroth", thread=card["ts"])
    the(stage, "nroth")
    stage.workspace.edit(stage.jonas, stage.channel, ts, "in the north only")
    assert the(stage, "in the north only").edited_at is not None
    until(lambda: not stage.is_on_disk("nroth"), why="the old words to leave SQLite's files")


def test_a_deletion_leaves_no_text_anywhere(stage: Stage, card: dict[str, Any]) -> None:
    ts = stage.workspace.say(stage.jonas, stage.channel, "a secret that must go", thread=card["ts"])
    note = the(stage, "a secret that must go")
    thread = stage.workspace.say(stage.mara, stage.channel, f"{stage.mention} notes small", thread=card["ts"])
    assert thread
    until(lambda: "a secret" in str(stage.workspace.replies(stage.channel, card["ts"])[-1]), why="the notes")
    stage.workspace.delete(stage.jonas, stage.channel, ts)
    until(lambda: all(a.id != note.id for a in said(stage)), why="the annotation to go")
    stage.quiet()
    until(
        lambda: "a secret" not in str(stage.workspace.replies(stage.channel, card["ts"])),
        why="the quotation to go from Slack too",
    )


def test_a_reply_that_mentions_the_bot_is_a_request_and_no_annotation(stage: Stage, card: dict[str, Any]) -> None:
    stage.workspace.say(stage.mara, stage.channel, f"{stage.mention} findings small", thread=card["ts"])
    until(lambda: "finding" in str(stage.workspace.replies(stage.channel, card["ts"])), why="an answer")
    stage.quiet()
    assert not any("findings small" in a.text for a in said(stage))


def test_what_was_said_is_found_again_by_notes(stage: Stage, card: dict[str, Any]) -> None:
    stage.type("i-am data engineer", user=stage.jonas)
    stage.told("data engineer", user=stage.jonas)
    stage.workspace.say(stage.jonas, stage.channel, "their feed sends one row per parcel", thread=card["ts"])
    the(stage, "per parcel")
    stage.type("notes small")
    told = stage.told("their feed sends one row per parcel")
    assert "data engineer" in told["text"]
    assert "Jonas" in told["text"]


def test_a_note_has_a_kind_and_what_it_is_about(stage: Stage) -> None:
    stage.type('note small --kind decision --slice region=south "we" wait until Monday')
    note = the(stage, "until Monday")
    assert (note.kind, note.text) == ("decision", '"we" wait until Monday')
    assert note.anchor is not None
    assert note.anchor.slice == (("region", "south"),)
    assert "A-" in stage.told("Kept as")["text"]


def test_a_note_that_is_asked_for_in_a_cards_thread_is_about_that_card(stage: Stage, card: dict[str, Any]) -> None:
    stage.workspace.say(stage.mara, stage.channel, f"{stage.mention} note small ask the carrier", thread=card["ts"])
    note = the(stage, "ask the carrier")
    assert note.anchor is not None
    assert (note.anchor.model, note.anchor.evaluation) == ("small", 1)


def test_a_conversation_in_another_thread_is_not_ours(stage: Stage) -> None:
    ts = stage.workspace.say(stage.mara, stage.channel, "lunch?")
    stage.workspace.say(stage.jonas, stage.channel, "yes, at noon", thread=ts)
    stage.quiet()
    assert not any("noon" in a.text for a in said(stage))


def test_nothing_said_below_a_deleted_message_of_a_person_is_kept(stage: Stage) -> None:
    ts = stage.workspace.say(stage.mara, stage.channel, "dinner?")
    stage.workspace.say(stage.jonas, stage.channel, "at eight", thread=ts)
    stage.workspace.delete(stage.mara, stage.channel, ts)
    stage.workspace.say(stage.jonas, stage.channel, "rather at nine", thread=ts)
    stage.quiet()
    assert not stage.is_on_disk("rather at nine")


def test_a_reply_below_a_card_that_was_deleted_is_kept(stage: Stage, card: dict[str, Any]) -> None:
    """Slack then says that its own bot began the thread."""
    stage.workspace.say(stage.jonas, stage.channel, "said before", thread=card["ts"])
    stage.workspace.delete(stage.mara, stage.channel, card["ts"], as_admin=True)
    stage.workspace.say(stage.jonas, stage.channel, "said to what was deleted", thread=card["ts"])
    note = the(stage, "said to what was deleted")
    assert note.anchor is not None
    assert (note.anchor.model, note.anchor.evaluation) == ("small", 1)
