"""A month later: what was answered is removed here, and what stands in Slack goes on living."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.cards import card_key
from storage import annotations, messages
from tests.databases import KINDS, fresh_url
from tests.models import SMALL, write_small_model
from tests.stage import Stage, staged, until

pytestmark = pytest.mark.xdist_group("old cards")  # each worker would make the card and wait for its picture


@pytest.fixture(scope="module", params=KINDS)
def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A card, a mention that was answered, and a month that went by."""
    home: Path = tmp_path_factory.mktemp("old")
    write_small_model(home / "models")
    with fresh_url(request.param, tmp_path_factory) as url, staged(home, database_url=url) as found:
        found.type("evaluate small")
        until(lambda: image(found.card("small needs attention")), why="a card with its picture")
        found.workspace.say(found.mara, found.channel, f"{found.mention} models")
        until(lambda: answers(found), why="an answer to the mention")
        found.quiet()
        found.clock.jump(found.clock() + timedelta(days=31))
        assert found.parley.clock.sweep()
        assert not found.parley.clock.sweep()
        yield found


def image(card: dict[str, Any]) -> str | None:
    return next((b["slack_file"]["id"] for b in card["blocks"] if b["type"] == "image"), None)


def answers(stage: Stage) -> list[dict[str, Any]]:
    """The bot's replies to the mention."""
    asked = next(m for m in stage.workspace.messages(stage.channel) if stage.mention in m["text"])
    return [m for m in stage.workspace.replies(stage.channel, asked["ts"]) if m.get("bot_id")]


def is_emptied(stage: Stage) -> bool:
    with stage.parley.database.reading() as tx:
        card = messages.get(tx, card_key(1))
    assert card is not None
    assert card.content.picture is not None
    return card.is_emptied and card.content.picture.png == b""


def test_slack_goes_on_showing_what_was_removed_here(stage: Stage) -> None:
    assert is_emptied(stage)
    card = stage.card("small needs attention")
    assert image(card)
    assert "Recall" in str(card["blocks"]) or "ROC AUC" in str(card["blocks"])


def test_a_reply_in_an_old_thread_is_kept_with_the_model(stage: Stage) -> None:
    card = stage.card("small needs attention")
    stage.workspace.say(stage.jonas, stage.channel, "it was the new carrier", thread=card["ts"])

    def kept() -> list[annotations.Annotation]:
        with stage.parley.database.reading() as tx:
            return annotations.listed(tx, team=stage.workspace.team, model="small")

    [note] = until(kept, why="the reply")
    assert note.anchor is not None
    assert (note.text, note.anchor.evaluation) == ("it was the new carrier", 1)


def test_an_old_card_gets_the_mark_of_a_recovery_and_keeps_its_picture(stage: Stage) -> None:
    old = stage.card("small needs attention")
    path = stage.settings.cards / "small.yaml"
    path.write_text(SMALL.replace("below: 0.99", "below: 0.1"), encoding="utf-8")
    stage.type("evaluate small")

    def marked() -> dict[str, Any] | None:
        card: dict[str, Any] = next(m for m in stage.cards() if m["ts"] == old["ts"])
        return card if "recovered in E-2" in str(card["blocks"]) else None

    card = until(marked, why="the mark")
    stage.quiet()
    assert card["text"] == old["text"]
    assert image(card) == image(old)
    assert [b["type"] for b in card["blocks"]] == [b["type"] for b in old["blocks"]]
    assert not is_emptied(stage)
