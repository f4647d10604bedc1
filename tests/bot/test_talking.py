"""What people say to us and under our messages: in direct messages, under lists, and in requests that they edit."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from bot.slack.manifest import manifest_json
from bot.workspace.values import Happening
from storage import annotations, channels, people
from storage.annotations import Annotation
from storage.forgetting import ANSWERED_WHAT_WAS_DELETED, ANSWERED_WHAT_WAS_EDITED
from storage.requests import Who
from storage.tables import annotation_rows, requests
from tests.models import SMALL, write_small_model
from tests.stage import Stage, staged, until
from tests.storage.cells import stored


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    home: Path = tmp_path_factory.mktemp("talking")
    models = home / "models"
    with staged(home, models=models) as stage:
        secret = f"sensitivity: restricted\nchannels: [{stage.channel}]\n"
        for name, more in (
            ("open-one", "sensitivity: open\n"),
            ("open-two", "sensitivity: open\n"),
            ("secret", secret),
        ):
            write_small_model(models, rows=200, name=name, card=SMALL.replace("model: small", f"model: {name}") + more)
        yield stage


@pytest.fixture(scope="module")
def under_a_list(stage: Stage) -> str:
    """The thread of a digest about three models, of which guests may see two."""
    stage.type("digest")
    return str(stage.card("Models on")["ts"])


def kept(stage: Stage, author: str) -> list[Annotation]:
    with stage.parley.database.reading() as tx:
        numbers = tx.execute(select(annotation_rows.c.id).where(annotation_rows.c.author == author)).scalars().all()
        return [one for one in annotations.several(tx, numbers) if one.deleted_at is None]


@contextmanager
def nobody_answers(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setattr(stage.parley.answering, "answer_one", lambda _lane: False)
        yield


def hints(stage: Stage, user: str) -> list[str]:
    return [m["text"] for m in stage.workspace.ephemerals(stage.channel, user) if "I keep replies" in m["text"]]


def new_hint(stage: Stage, before: int) -> list[str]:
    return hints(stage, stage.guest)[before:]


def test_a_reply_under_several_models_is_about_the_one_that_it_names(stage: Stage, under_a_list: str) -> None:
    stage.workspace.say(stage.mara, stage.channel, "open-two lost a feed", thread=under_a_list)
    until(lambda: [n.model for n in kept(stage, stage.mara)] == ["open-two"], why="the note")


def test_a_reply_that_names_none_of_them_is_not_kept_and_its_author_is_asked(stage: Stage, under_a_list: str) -> None:
    stage.workspace.say(stage.jonas, stage.channel, "that is better", thread=under_a_list)
    hint = until(lambda: hints(stage, stage.jonas), why="a question")[0]
    assert all(f"`{name}`" in hint for name in ("open-one", "open-two", "secret"))
    assert kept(stage, stage.jonas) == []


def test_a_guest_hears_the_same_of_a_model_that_is_hidden_and_of_one_that_is_not_there(
    stage: Stage, under_a_list: str
) -> None:
    told = []
    for before, name in enumerate(("secret", "sekret")):
        stage.workspace.say(stage.guest, stage.channel, f"and {name}?", thread=under_a_list)
        told.append(until(partial(new_hint, stage, before), why="a question")[0])
        assert kept(stage, stage.guest) == []
    assert told[0] == told[1]
    assert "2 models" in told[0]
    assert "secret" not in told[0]


def test_an_edited_note_command_keeps_its_new_words_and_one_that_asks_for_something_else_none(stage: Stage) -> None:
    say = f"{stage.mention} note open-one"
    ts = stage.workspace.say(stage.jonas, stage.channel, f"{say} Bob took the money")
    until(lambda: [n.text for n in kept(stage, stage.jonas)] == ["Bob took the money"], why="the note")
    stage.quiet()
    stage.workspace.edit(stage.jonas, stage.channel, ts, f"{say} nothing to see")
    until(lambda: [n.text for n in kept(stage, stage.jonas)] == ["nothing to see"], why="the new words")
    stage.workspace.edit(stage.jonas, stage.channel, ts, f"{stage.mention} note open-two nothing to see")
    until(lambda: kept(stage, stage.jonas) == [], why="the note to go")


def test_a_mention_that_is_edited_before_it_is_answered_asks_its_last_words(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    say = f"{stage.mention} note open-one"
    before = {note.id for note in kept(stage, stage.jonas)}
    with nobody_answers(stage, monkeypatch):
        ts = stage.workspace.say(stage.jonas, stage.channel, f"{say} Bob took the money")
        stage.workspace.settle()
        stage.workspace.edit(stage.jonas, stage.channel, ts, f"{say} nothing to see")
        stage.workspace.settle()
    until(lambda: [n.text for n in kept(stage, stage.jonas) if n.id not in before], why="the note")
    stage.quiet()
    assert [n.text for n in kept(stage, stage.jonas) if n.id not in before] == ["nothing to see"]


def test_a_mention_that_was_edited_away_is_not_kept_although_its_first_event_comes_again(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {note.id for note in kept(stage, stage.jonas)}
    with nobody_answers(stage, monkeypatch):
        seen = len(stage.workspace.deliveries)
        ts = stage.workspace.say(stage.jonas, stage.channel, f"{stage.mention} note open-one Bob took the money")
        stage.workspace.settle()
        first = stage.workspace.deliveries[seen]
        stage.workspace.edit(stage.jonas, stage.channel, ts, "never mind")
        stage.workspace.settle()
        first.redeliver()
        stage.workspace.settle()
    stage.quiet()
    assert [n.text for n in kept(stage, stage.jonas) if n.id not in before] == []


def answers_under(stage: Stage, ts: str) -> list[str]:
    return [m["text"] for m in stage.workspace.replies(stage.channel, ts) if m.get("bot_id")]


def test_a_mention_with_a_slip_asks_when_it_is_mended_and_only_once(stage: Stage) -> None:
    ts = stage.workspace.say(stage.guest, stage.channel, f"{stage.mention} nots open-one")
    stage.told("`notes`", user=stage.guest)
    for words in ("notes open-one", "notes open-one 2", "nots open-one", "notes open-one"):
        stage.workspace.edit(stage.guest, stage.channel, ts, f"{stage.mention} {words}")
        stage.workspace.settle()
    until(lambda: answers_under(stage, ts), why="the notes")
    stage.quiet()
    assert len(answers_under(stage, ts)) == 1


def test_a_mended_mention_that_is_edited_again_before_it_is_answered_keeps_its_last_words(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {note.id for note in kept(stage, stage.jonas)}
    ts = stage.workspace.say(stage.jonas, stage.channel, f"{stage.mention} nite open-one the old words")
    stage.told("`note`", user=stage.jonas)
    with nobody_answers(stage, monkeypatch):
        for words in ("the old words", "the last words"):
            stage.workspace.edit(stage.jonas, stage.channel, ts, f"{stage.mention} note open-one {words}")
            stage.workspace.settle()
        with stage.parley.database.transaction() as tx:  # the newer request is looked at first
            note = tx.execute(select(requests.c.id).where(requests.c.command == "note").order_by(requests.c.id.desc()))
            later = stage.parley.now() + timedelta(seconds=2)
            tx.execute(update(requests).where(requests.c.id == note.scalars().first()).values(next_at=later))
    until(lambda: [n.text for n in kept(stage, stage.jonas) if n.id not in before] == ["the last words"], why="them")
    stage.quiet()
    until(lambda: not stage.is_on_disk("the old words"), why="the words to leave SQLite's files")


def test_a_reply_that_mentions_us_only_after_an_edit_is_a_request_and_no_note(stage: Stage, under_a_list: str) -> None:
    before = {note.id for note in kept(stage, stage.mara)}
    seen = len(stage.workspace.deliveries)
    ts = stage.workspace.say(stage.mara, stage.channel, "models of open-one", thread=under_a_list)
    until(lambda: len(kept(stage, stage.mara)) > len(before), why="the note")
    first = stage.workspace.deliveries[seen]
    stage.workspace.edit(stage.mara, stage.channel, ts, f"{stage.mention} models")
    until(lambda: [one for one in answers_under(stage, under_a_list) if "Will the order" in one], why="the models")
    first.redeliver()
    stage.workspace.settle()
    stage.quiet()
    assert {note.id for note in kept(stage, stage.mara)} == before


def test_a_reply_that_was_not_kept_stays_away_when_its_event_comes_again_and_is_kept_once_it_names_a_model(
    stage: Stage, under_a_list: str
) -> None:
    before = {note.id for note in kept(stage, stage.jonas)}
    asked, seen = len(hints(stage, stage.jonas)), len(stage.workspace.deliveries)
    ts = stage.workspace.say(stage.jonas, stage.channel, "that looks odd", thread=under_a_list)
    until(lambda: len(hints(stage, stage.jonas)) > asked, why="a question")
    stage.workspace.deliveries[seen].redeliver()
    stage.workspace.settle()
    stage.quiet()
    assert {note.id for note in kept(stage, stage.jonas)} == before
    stage.workspace.edit(stage.jonas, stage.channel, ts, "that looks odd for open-two")
    until(lambda: [n.model for n in kept(stage, stage.jonas) if n.id not in before] == ["open-two"], why="the note")


def test_a_reply_that_is_edited_before_it_is_known_what_it_is_about_is_about_what_it_names_then(
    stage: Stage, under_a_list: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {note.id for note in kept(stage, stage.mara)}
    with nobody_answers(stage, monkeypatch):
        ts = stage.workspace.say(stage.mara, stage.channel, "what a week", thread=under_a_list)
        stage.workspace.settle()
        stage.workspace.edit(stage.mara, stage.channel, ts, "what a week for open-one")
        stage.workspace.settle()
    until(lambda: [n.model for n in kept(stage, stage.mara) if n.id not in before] == ["open-one"], why="the note")


def test_a_mention_that_failed_asks_again_when_it_is_mended(stage: Stage) -> None:
    ts = stage.workspace.say(stage.mara, stage.channel, f"{stage.mention} notes open-onee")
    until(lambda: [one for one in answers_under(stage, ts) if "There is no model" in one], why="what is wrong")
    stage.quiet()
    stage.workspace.edit(stage.mara, stage.channel, ts, f"{stage.mention} notes open-one")
    until(lambda: [one for one in answers_under(stage, ts) if "on open-one" in one], why="the notes")
    stage.quiet()
    assert answers_under(stage, ts)[0] == ANSWERED_WHAT_WAS_EDITED
    assert len(answers_under(stage, ts)) == 2


def test_a_message_that_mentions_us_only_after_an_edit_is_a_request(stage: Stage) -> None:
    ts = stage.workspace.say(stage.mara, stage.channel, "models")
    stage.workspace.settle()
    stage.workspace.edit(stage.mara, stage.channel, ts, f"{stage.mention} models")
    [answer] = until(lambda: answers_under(stage, ts), why="the models")
    assert "open-one" in answer


def test_of_two_edits_that_come_in_the_wrong_order_before_the_answer_the_last_one_counts(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    say = f"{stage.mention} note open-one"
    before = {note.id for note in kept(stage, stage.jonas)}
    with nobody_answers(stage, monkeypatch):
        ts = stage.workspace.say(stage.jonas, stage.channel, f"{say} none")
        stage.workspace.settle()
        seen = len(stage.workspace.deliveries)
        stage.workspace.edit(stage.jonas, stage.channel, ts, f"{say} the first edit")
        stage.workspace.settle()
        older = stage.workspace.deliveries[seen]
        stage.workspace.edit(stage.jonas, stage.channel, ts, f"{say} the last edit")
        stage.workspace.settle()
        older.redeliver()
        stage.workspace.settle()
    stage.quiet()
    assert [n.text for n in kept(stage, stage.jonas) if n.id not in before] == ["the last edit"]


def test_a_note_command_that_is_edited_to_be_about_other_rows_is_not_kept_and_its_author_hears_so(stage: Stage) -> None:
    say = f"{stage.mention} note open-one"
    ts = stage.workspace.say(stage.jonas, stage.channel, f"{say} --slice region=Bob --kind decision he did it")
    note = until(lambda: next((n for n in kept(stage, stage.jonas) if n.text == "he did it"), None), why="the note")
    stage.quiet()
    stage.workspace.edit(stage.jonas, stage.channel, ts, f"{say} --slice region=north it happened")
    stage.told(f"A-{note.id} isn't kept any more", user=stage.jonas)
    with stage.parley.database.reading() as tx:
        row = tx.execute(select(annotation_rows).where(annotation_rows.c.id == note.id)).one()
    assert "Bob" not in str(row)


def test_what_a_deleted_note_command_was_about_goes_with_its_words(stage: Stage) -> None:
    ts = stage.workspace.say(
        stage.jonas, stage.channel, f"{stage.mention} note open-one --slice region=Bob --period 2026-W10 he did it"
    )
    note = until(lambda: next((n for n in kept(stage, stage.jonas) if n.text == "he did it"), None), why="the note")
    stage.quiet()
    stage.workspace.delete(stage.jonas, stage.channel, ts)
    until(lambda: not [n for n in kept(stage, stage.jonas) if n.id == note.id], why="the note to go")
    with stage.parley.database.reading() as tx:
        row = tx.execute(select(annotation_rows).where(annotation_rows.c.id == note.id)).one()
    assert row.anchor == {"model": "open-one"}


@pytest.mark.parametrize(
    "asks",
    [
        'note open-one --period "Bob was here" he did it',
        "evaluate open-one because Bob was here",
        'note open-one --slice "region=Bob was here" he did it',
    ],
    ids=["refused when it runs", "refused at once", "kept"],
)
@pytest.mark.parametrize("change", ["delete", "edit"])
def test_what_answers_a_message_does_not_repeat_it_once_it_is_changed(stage: Stage, asks: str, change: str) -> None:
    ts = stage.workspace.say(stage.jonas, stage.channel, f"{stage.mention} {asks}")
    until(lambda: stage.is_on_disk("Bob was here"), why="the words to be here")
    stage.quiet()
    if change == "delete":
        stage.workspace.delete(stage.jonas, stage.channel, ts)
    else:
        stage.workspace.edit(stage.jonas, stage.channel, ts, "never mind")
    until(lambda: "Bob" not in str(answers_under(stage, ts)), why="the words to leave Slack")
    stage.quiet()
    assert not [cell for cell in stored(stage.parley.database) if "Bob was here" in cell]


def test_who_deletes_a_note_hears_that_the_message_that_says_it_is_still_there(stage: Stage) -> None:
    ts = stage.workspace.say(stage.jonas, stage.channel, f"{stage.mention} note open-one we wait for May")
    note = until(lambda: next((n for n in kept(stage, stage.jonas) if n.text == "we wait for May"), None), why="it")
    stage.type(f"delete A-{note.id}", user=stage.jonas)
    assert "The Slack message is still there" in str(stage.told(f"Deleted A-{note.id}", user=stage.jonas))
    until(lambda: answers_under(stage, ts) == [ANSWERED_WHAT_WAS_DELETED], why="the receipt to go")


def test_the_words_of_a_note_that_was_refused_are_kept_nowhere(stage: Stage) -> None:
    stage.type("note nowhere Bob took the money", user=stage.jonas)
    stage.told("no model", user=stage.jonas)
    stage.quiet()
    with stage.parley.database.reading() as tx:
        asked = tx.execute(select(requests.c.arguments).where(requests.c.failed.is_not(None))).scalars().all()
    assert asked
    assert not [one for one in asked if one]


def test_a_direct_message_is_a_request_and_a_reply_under_a_message_of_ours_a_note(stage: Stage) -> None:
    direct = stage.workspace.records.direct(stage.app, stage.mara)["id"]
    asked = stage.workspace.say(stage.mara, direct, "models")
    until(lambda: "open-one" in str(stage.workspace.replies(direct, asked)), why="an answer")
    stage.type("digest --model open-two", channel=direct)
    digest = stage.card("Models on", channel=direct)
    stage.quiet()
    before = {note.id for note in kept(stage, stage.mara)}
    stage.workspace.say(stage.mara, direct, "they lost a feed", thread=digest["ts"])
    until(lambda: [n.model for n in kept(stage, stage.mara) if n.id not in before] == ["open-two"], why="the note")
    stage.workspace.say(stage.mara, direct, "help", thread=asked)
    until(lambda: len(ours(stage, direct, asked)) == 2, why="an answer in the thread of another message")


def ours(stage: Stage, channel: str, thread: str) -> list[dict[str, Any]]:
    return [m for m in stage.workspace.replies(channel, thread) if m.get("bot_id")]


def test_a_channel_counts_as_shared_as_soon_as_slack_says_that_who_reads_it_has_changed(stage: Stage) -> None:
    workspace, team = stage.workspace, stage.workspace.team
    room = workspace.add_channel("room", members=(stage.mara,))
    stage.type("models", channel=room)
    stage.told("open-one", channel=room)
    workspace.share_channel(room, workspace.add_partner("Partner"))

    def is_shared() -> bool:
        with stage.parley.database.reading() as tx:
            channel = channels.get(tx, team=team, id=room)
        return channel is not None and channel.shared

    until(is_shared, why="the channel to count as shared")
    stage.type("models", channel=room)
    stage.told("shared with another organization", channel=room)


def test_somebody_who_became_a_guest_is_looked_up_anew_and_a_new_picture_changes_nothing(stage: Stage) -> None:
    who = Who(stage.workspace.team, stage.mara)
    stage.type("help")
    stage.quiet()

    def is_known() -> bool:
        with stage.parley.database.reading() as tx:
            person = people.get(tx, who)
        return person is not None and person.refreshed_at is not None

    assert is_known()
    user = {"id": stage.mara, "is_restricted": False, "is_admin": False, "deleted": False, "profile": {"image_24": "x"}}
    changes(stage, user)
    assert is_known()
    changes(stage, user | {"is_restricted": True})
    until(lambda: not is_known(), why="it to be forgotten")


def changes(stage: Stage, user: dict[str, object]) -> None:
    event = {"type": "user_change", "user": user, "event_ts": stage.workspace.records.new_ts("app")}
    [delivery] = stage.workspace._courier.tell([Happening(event, None, None, only=stage.app.app_id)])
    until(lambda: delivery.acknowledged, why="the change to be acknowledged")


def test_the_manifest_subscribes_to_what_is_listened_to_and_opens_the_messages_tab() -> None:
    manifest = json.loads(manifest_json(None))
    events = manifest["settings"]["event_subscriptions"]["bot_events"]
    assert {"app_uninstalled", "tokens_revoked", "channel_shared", "channel_unshared", "user_change"} < set(events)
    assert "message.im" in events
    assert manifest["oauth_config"]["scopes"]["bot_optional"] == ["im:history"]
    assert manifest["features"]["app_home"]["messages_tab_enabled"] is True
