"""Slack's refusals and silences: a message is shown once, however its sending went."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.render.answers import words_only
from storage import messages
from storage.anchors import Anchor
from storage.messages import Address, Content
from tests.models import write_small_model
from tests.stage import Stage, staged, until


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    write_small_model(tmp_path / "models")
    with staged(tmp_path) as found:
        yield found


def want(stage: Stage, text: str, *, key: str = "k", parent: str | None = None, channel: str | None = None) -> None:
    address = Address(team=stage.workspace.team, channel=channel or stage.channel, parent=parent, user=stage.mara)
    with stage.parley.database.transaction() as tx:
        content: Content = words_only(text)
        anchor = Anchor(model="small")
        messages.want(
            tx, key=key, kind="message", address=address, content=content, anchor=anchor, now=stage.parley.now()
        )


def test_a_message_whose_answer_never_came_is_looked_up_and_not_posted_again(stage: Stage) -> None:
    stage.workspace.fault("chat.postMessage", drop="after")
    want(stage, "said once")
    stage.card("said once")
    until(lambda: stage.later() and not _unsent(stage), why="a look-up")
    assert len(stage.cards("said once")) == 1


def test_a_message_that_never_arrived_is_posted_again(stage: Stage) -> None:
    fault = stage.workspace.fault("chat.postMessage", drop="before")
    want(stage, "said at last")
    assert fault.reached.wait(10)
    until(lambda: stage.later() and not _unsent(stage), why="a second try")
    assert len(stage.cards("said at last")) == 1


def test_a_servers_error_is_an_unknown_outcome(stage: Stage) -> None:
    fault = stage.workspace.fault("chat.postMessage", status=503)
    want(stage, "after an error")
    assert fault.reached.wait(10)
    until(lambda: stage.later() and not _unsent(stage), why="a second try")
    assert len(stage.cards("after an error")) == 1


def test_slack_asks_for_patience_and_gets_it(stage: Stage) -> None:
    stage.workspace.fault("chat.postMessage", retry_after=1)
    want(stage, "with patience")
    stage.card("with patience")
    stage.quiet()
    tries = [c for c in stage.workspace.calls if c.method == "chat.postMessage"]
    assert len(tries) == 2
    assert (tries[1].at - tries[0].at).total_seconds() >= 1


def test_many_edits_become_few(stage: Stage) -> None:
    want(stage, "number 0")
    stage.card("number 0")
    held = stage.workspace.fault("chat.update", hang="before")
    for number in range(1, 20):
        want(stage, f"number {number}")
    assert held.reached.wait(10)
    held.release()
    stage.card("number 19")
    stage.quiet()
    assert len([c for c in stage.workspace.calls if c.method == "chat.update"]) < 19
    assert len(stage.cards()) == 1


def test_a_reply_waits_for_its_parent(stage: Stage) -> None:
    held = stage.workspace.fault("chat.postMessage", hang="before")
    want(stage, "the parent", key="parent")
    want(stage, "the reply", key="reply", parent="parent")
    assert held.reached.wait(10)
    held.release()
    parent = stage.card("the parent")
    until(lambda: stage.workspace.replies(stage.channel, parent["ts"]), why="the reply in its thread")


def test_an_edit_that_slack_refuses_becomes_a_reply(stage: Stage) -> None:
    want(stage, "as it was")
    card = stage.card("as it was")
    stage.workspace.fault("chat.update", error="cant_update_message")
    want(stage, "as it is now")
    until(lambda: stage.workspace.replies(stage.channel, card["ts"]), why="a reply with the edit")
    stage.quiet()
    assert "as it is now" in stage.workspace.replies(stage.channel, card["ts"])[0]["text"]


def test_blocks_that_slack_refuses_are_said_in_words(stage: Stage) -> None:
    stage.workspace.fault("chat.postMessage", error="invalid_blocks")
    want(stage, "in words")
    said = stage.card("in words")
    assert said["text"] == "in words\nSlack didn't accept the layout of this message, so it's in words only."
    assert not said.get("blocks")


def test_where_we_may_not_post_the_one_who_asked_is_told_once(stage: Stage) -> None:
    want(stage, "not here", channel=stage.elsewhere)
    until(lambda: _given_up(stage), why="the message to be given up")
    stage.quiet()
    assert stage.cards(channel=stage.elsewhere) == []


def _unsent(stage: Stage) -> int:
    with stage.parley.database.reading() as tx:
        return messages.unsent(tx)


def _given_up(stage: Stage) -> bool:
    with stage.parley.database.reading() as tx:
        stored = messages.get(tx, "k")
    return stored is not None and stored.failed is not None
