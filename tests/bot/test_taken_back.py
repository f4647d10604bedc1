"""Words that were taken back leave Slack, whatever Slack refuses: a note was deleted, and a message had quoted it."""

from dataclasses import replace

import pytest

from bot.gateway import Gateway
from bot.render.answers import words_only
from storage import annotations
from storage.anchors import Anchor
from storage.contents import place_of
from storage.forgetting import ANSWERED_WHAT_WAS_DELETED
from storage.messages import Content
from tests.bot.desk import Desk

SAID = "Bob took the money"


def quoting_a_note(desk: Desk) -> Content:
    """What quotes a reply of hers."""
    with desk.database.transaction() as tx:
        note = annotations.keep(
            tx, team=desk.team, author=desk.mara, persona=None, text=SAID, anchor=Anchor(model="small"),
            channel=desk.channel, ts="1.1", thread="1.0", permalink=None, now=desk.clock(),
        )  # fmt: skip
    assert note is not None
    return replace(words_only(f"A-{note.id} “{SAID}”"), quotes=(note.id,))


def delete_the_note(desk: Desk) -> None:
    with desk.database.transaction() as tx:
        annotations.erase(tx, team=desk.team, channel=desk.channel, ts="1.1", now=desk.clock())


def post_a_card(desk: Desk) -> Content:
    card = quoting_a_note(desk)
    desk.want("card", card)
    desk.send()
    assert desk.said() == [card.text]
    return card


@pytest.mark.parametrize("error", ["cant_update_message", "edit_window_closed"])
def test_a_message_that_nobody_may_edit_is_deleted_and_posted_anew(desk: Desk, error: str) -> None:
    post_a_card(desk)
    desk.workspace.fault("chat.update", error=error)
    delete_the_note(desk)
    desk.send()
    assert desk.said() == ["A-1 (deleted)"]


def test_where_the_answer_to_that_is_lost_it_is_there_once(desk: Desk) -> None:
    post_a_card(desk)
    desk.workspace.fault("chat.update", error="cant_update_message")
    desk.workspace.fault("chat.delete", drop="after")
    delete_the_note(desk)
    desk.send()
    for _ in range(2):
        desk.later(120)
    assert desk.said() == ["A-1 (deleted)"]


def test_where_it_may_not_be_deleted_either_it_is_tried_again(desk: Desk) -> None:
    post_a_card(desk)
    desk.workspace.fault("chat.update", error="cant_update_message")
    desk.workspace.fault("chat.delete", error="cant_delete_message")
    delete_the_note(desk)
    desk.send()
    desk.later(60)
    assert desk.said() == ["A-1 (deleted)"]


def test_an_edit_comes_as_soon_as_its_place_is_well_again(desk: Desk) -> None:
    post_a_card(desk)
    desk.workspace.fault("chat.update", error="restricted_action_read_only_channel", times=3)
    delete_the_note(desk)
    for _ in range(6):
        desk.later(20)
    assert desk.said() == ["A-1 (deleted)"]


def test_they_leave_a_message_that_was_on_its_way_meanwhile(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    really_posted = Gateway._posted

    def posted(gateway: Gateway, due: object) -> object:
        answer = really_posted(gateway, due)  # type: ignore[arg-type]  # only handed on
        delete_the_note(desk)
        return answer

    desk.want("card", quoting_a_note(desk))
    monkeypatch.setattr(Gateway, "_posted", posted)
    desk.workspace.fault("chat.update", error="cant_update_message")
    desk.send()
    assert SAID not in str(desk.said())


def test_they_leave_a_message_that_is_only_found_later(desk: Desk) -> None:
    desk.want("card", quoting_a_note(desk))
    desk.workspace.fault("chat.postMessage", drop="after")
    desk.send()
    delete_the_note(desk)
    desk.workspace.fault("chat.update", error="edit_window_closed")
    desk.later()
    desk.later(60)
    assert desk.said() == ["A-1 (deleted)"]


def test_they_leave_a_message_that_its_readers_may_not_see_any_more(desk: Desk) -> None:
    post_a_card(desk)
    desk.workspace.fault("chat.update", error="edit_window_closed")
    delete_the_note(desk)
    desk.gateways[0.0]._may_be_read = lambda _due: "no"
    desk.send()
    assert SAID not in str(desk.said())


def test_they_leave_a_message_whose_last_edit_was_given_up(desk: Desk) -> None:
    card = post_a_card(desk)
    desk.workspace.fault("chat.update", error="not_in_channel")
    desk.want("card", replace(card, text=f"{card.text} more"))
    desk.send()
    delete_the_note(desk)
    desk.send()
    assert SAID not in str(desk.said())


def test_they_leave_a_message_whose_edit_without_them_became_a_reply(desk: Desk) -> None:
    post_a_card(desk)
    desk.workspace.fault("chat.update", error="cant_update_message")
    desk.want("card", words_only("now without"))
    desk.send()
    delete_the_note(desk)
    desk.send()
    assert SAID not in str(desk.said())


def test_they_leave_a_message_that_one_person_got_directly(desk: Desk) -> None:
    """It was sent to a person, and stands in the conversation with them."""
    desk.want("answer", quoting_a_note(desk), channel=desk.mara)
    desk.send()
    assert desk.direct() == [f"A-1 “{SAID}”"]
    delete_the_note(desk)
    desk.send()
    assert desk.direct() == ["A-1 (deleted)"]


def test_they_leave_a_message_that_arrived_unseen_before_its_readers_might_not_see_it_any_more(desk: Desk) -> None:
    desk.workspace.fault("chat.postMessage", drop="after")
    desk.want("card", quoting_a_note(desk))
    desk.send()
    desk.gateways[0.0] = Gateway(
        pace=desk.pace(), database=desk.database, now=desk.clock, may_be_read=lambda _due: "no"
    )
    desk.later()
    assert desk.said() == [":lock: This message may not be shown here any more."]


def test_a_receipt_and_a_refusal_go_with_the_message_that_they_repeat(desk: Desk) -> None:
    at = place_of(desk.channel, "1.1")
    desk.want("receipt", replace(words_only(f"Kept, about {SAID}"), repeats=at))
    desk.want("refusal", replace(words_only(f"I can't read “{SAID}”"), repeats=at), kind="ephemeral")
    desk.want("another", words_only(SAID))
    desk.send()
    with desk.database.transaction() as tx:
        annotations.erase(tx, team=desk.team, channel=desk.channel, ts="1.1", now=desk.clock())
    desk.send()
    assert desk.said() == [ANSWERED_WHAT_WAS_DELETED, SAID]
    kept = {desk.stored(key).content.text for key in ("receipt", "refusal")}
    assert kept == {ANSWERED_WHAT_WAS_DELETED}
    desk.want("too late", replace(words_only(f"I can't do “{SAID}”"), repeats=at))
    desk.send()
    assert desk.said() == [ANSWERED_WHAT_WAS_DELETED, SAID, ANSWERED_WHAT_WAS_DELETED]
