"""What people said: kept once, found again, and gone when they take it back."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

from storage import annotations, messages, requests
from storage.anchors import Anchor
from storage.annotations import Annotation, Edit
from storage.busy import Stale
from storage.database import Database
from storage.messages import Address, Content, Picture
from storage.requests import Request, Where, Who
from tests.storage.cells import stored
from tests.threads import at_once

NOON = datetime(2026, 3, 2, 12, 0, 0, 5, tzinfo=UTC)
CARD = Anchor(model="churn", version="v1", evaluation=None, measure="recall")
REPLY = "The linen supplier renamed its categories & <nobody> told us"


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def keep(
    database: Database,
    text: str = REPLY,
    *,
    ts: str | None = "5.000001",
    anchor: Anchor | None = CARD,
    thread: str | None = "1.000001",
    kind: str = "note",
    team: str = "T1",
    at: datetime = NOON,
    edit: Edit | None = None,
) -> Annotation | None:
    with database.transaction() as tx:
        return annotations.keep(
            tx,
            team=team,
            author="UANA",
            persona="data engineer",
            text=text,
            kind=kind,
            anchor=anchor,
            channel="C1",
            ts=ts,
            thread=thread,
            permalink="https://x.test/p5",
            now=at,
            edit=edit,
        )


def kept(database: Database, text: str = REPLY, *, ts: str = "5.000001", anchor: Anchor | None = CARD) -> Annotation:
    found = keep(database, text, ts=ts, anchor=anchor)
    assert found is not None
    return found


def revise(database: Database, text: str, *, edited: str = "6.000001", at: datetime = NOON) -> Annotation | None:
    with database.transaction() as tx:
        return annotations.revise(tx, team="T1", channel="C1", ts="5.000001", text=text, edit=Edit(edited), now=at)


def erase(database: Database, *, ts: str = "5.000001", at: datetime = NOON) -> Annotation | None:
    with database.transaction() as tx:
        return annotations.erase(tx, team="T1", channel="C1", ts=ts, now=at)


def not_a_note(database: Database) -> None:
    with database.transaction() as tx:
        annotations.not_a_note(tx, team="T1", channel="C1", ts="5.000001", now=NOON)


def get(database: Database, number: int) -> Annotation:
    with database.reading() as tx:
        found = annotations.get(tx, number)
    assert found is not None
    return found


def all_of(database: Database) -> list[str]:
    with database.reading() as tx:
        return [one.text for one in annotations.listed(tx, team="T1", model=None)]


def quote(database: Database, annotation: int, content: Content, *, key: str = "card", kind: str = "message") -> None:
    with database.transaction() as tx:
        messages.want(
            tx,
            key=key,
            kind=kind,
            address=Address(team="T1", channel="C1"),
            content=Content(content.text, content.blocks, content.picture, (annotation,)),
            now=NOON,
        )
        while (due := messages.lease(tx, now=NOON, seconds=9)) is not None:
            messages.shown(tx, due, ts="1.000001" if kind == "message" else None, revision=due.wanted, now=NOON)


def message(database: Database, key: str = "card") -> messages.Stored:
    with database.reading() as tx:
        found = messages.get(tx, key)
    assert found is not None
    return found


def test_a_reply_is_kept_with_all_that_is_known_of_it(database: Database) -> None:
    annotation = kept(database)
    assert get(database, annotation.id) == annotation
    assert (annotation.text, annotation.model, annotation.anchor) == (REPLY, "churn", CARD)
    assert (annotation.author, annotation.persona, annotation.kind) == ("UANA", "data engineer", "note")
    assert (annotation.channel, annotation.ts, annotation.thread) == ("C1", "5.000001", "1.000001")
    assert (annotation.said_at, annotation.edited_at, annotation.deleted_at) == (NOON, None, None)


def test_a_reply_that_is_delivered_three_times_counts_once(database: Database) -> None:
    found = [keep(database) for _ in range(3)]
    assert [one is not None for one in found] == [True, False, False]
    assert all_of(database) == [REPLY]


def test_eight_deliveries_at_once_count_once(database: Database) -> None:
    found = at_once(8, lambda _: keep(database))
    assert len([one for one in found if one is not None]) == 1
    assert all_of(database) == [REPLY]


def test_an_edit_leaves_the_new_text_and_the_length_of_the_old(database: Database) -> None:
    annotation = kept(database)
    revised = revise(database, "It was the cotton supplier", at=after(60))
    assert revised is not None
    assert (revised.id, revised.text, revised.edited_at) == (annotation.id, "It was the cotton supplier", after(60))
    assert all_of(database) == ["It was the cotton supplier"]
    told = stored(database)
    assert not [cell for cell in told if "linen" in cell]
    assert str(len(REPLY)) in told


def test_an_edit_that_is_older_or_repeated_changes_nothing(database: Database) -> None:
    kept(database)
    revise(database, "second", edited="10.000001")
    assert revise(database, "second", edited="10.000001") is None
    assert revise(database, "first", edited="9.999999") is None
    assert all_of(database) == ["second"]
    assert revise(database, "third", edited="100.0") is not None
    assert all_of(database) == ["third"]


def test_an_edit_that_comes_before_its_message_wins(database: Database) -> None:
    assert keep(database, text="older edit", edit=Edit("6.000001")) is not None
    assert revise(database, "newest edit", edited="8.000001") is not None
    assert revise(database, "middle edit", edited="7.000001") is None
    assert keep(database) is None
    assert all_of(database) == ["newest edit"]
    assert not [cell for cell in stored(database) if "linen" in cell]


def test_an_edit_of_a_message_that_is_not_kept_leaves_nothing(database: Database) -> None:
    assert revise(database, "somebody else’s secret") is None
    assert not [cell for cell in stored(database) if "secret" in cell]


@pytest.mark.parametrize(
    ("first", "second", "last"),
    [
        (Edit("10.000000", "10.100000"), Edit("10.000000", "10.200000"), "second"),
        (Edit("10.000000", "10.200000"), Edit("10.000000", "10.100000"), "first"),
        (Edit("11.000000", "11.100000"), Edit("10.000000", "12.200000"), "first"),
    ],
)
def test_of_two_edits_within_a_second_the_event_that_came_later_counts(
    database: Database, first: Edit, second: Edit, last: str
) -> None:
    kept(database)
    for text, edit in (("first", first), ("second", second)):
        with database.transaction() as tx:
            annotations.revise(tx, team="T1", channel="C1", ts="5.000001", text=text, edit=edit, now=NOON)
    assert all_of(database) == [last]


def test_two_edits_with_the_same_marks_are_undecided_until_slack_was_read(database: Database) -> None:
    kept(database)
    at, place = Edit("10.000000", "10.000000"), {"team": "T1", "channel": "C1", "ts": "5.000001"}
    with database.transaction() as tx:
        assert not annotations.is_undecided(tx, **place, text="first", edit=at)
        annotations.revise(tx, **place, text="first", edit=at, now=NOON)
        assert not annotations.is_undecided(tx, **place, text="first", edit=at)
        assert annotations.is_undecided(tx, **place, text="second", edit=at)
        assert annotations.revise(tx, **place, text="second", edit=at, now=NOON) is None
        annotations.revise(tx, **place, text="second", edit=None, now=NOON)
    assert all_of(database) == ["second"]


def test_a_reply_whose_thread_never_became_ours_is_forgotten(database: Database) -> None:
    kept(database, anchor=None)
    keep(database, text="another one", ts="7.000001", anchor=None, at=after(3601))
    assert not [cell for cell in stored(database) if "linen" in cell]


def test_a_note_that_a_command_made_is_withdrawn_by_its_author(database: Database) -> None:
    annotation = keep(database, ts="request:7", thread=None)
    assert annotation is not None
    with database.transaction() as tx:
        assert annotations.withdraw(tx, annotation.id, now=after(60)) is not None
        assert annotations.withdraw(tx, annotation.id, now=after(61)) is None
    assert all_of(database) == []
    assert not [cell for cell in stored(database) if "linen" in cell]


def test_a_deleted_note_leaves_messages_that_show_the_people_it_mentions_by_name(database: Database) -> None:
    annotation = kept(database, "ask <@U1> & <@U2>")
    quote(database, annotation.id, Content(text="• “ask @Ana B. &amp; @Jonas” by Mara"))
    erase(database)
    assert "ask" not in message(database).content.text


def test_a_deletion_leaves_no_text_anywhere(database: Database) -> None:
    annotation = kept(database)
    revise(database, REPLY + "!")
    erased = erase(database, at=after(60))
    assert erased is not None
    assert (erased.id, erased.text, erased.deleted_at, erased.model) == (annotation.id, "", after(60), "churn")
    assert erase(database) is None
    assert revise(database, REPLY, edited="99.0") is None
    assert keep(database) is None
    assert keep(database, edit=Edit("99.0")) is None
    assert all_of(database) == []
    assert not [cell for cell in stored(database) if "linen" in cell]
    with database.reading() as tx:
        assert annotations.count(tx, team="T1", model="churn") == 0


def test_in_whatever_order_the_events_come_a_deleted_message_leaves_no_text(
    database: Database,
) -> None:
    events: dict[str, Callable[[str], object]] = {
        "message": lambda ts: keep(database, ts=ts),
        "edit": lambda ts: revise_at(database, ts),
        "deletion": lambda ts: erase(database, ts=ts),
        "deletion again": lambda ts: erase(database, ts=ts),
    }
    for number, order in enumerate(permutations(events)):
        for name in order:
            events[name](f"{number + 10}.000001")
    assert all_of(database) == []
    assert not [cell for cell in stored(database) if "linen" in cell]


def revise_at(database: Database, ts: str) -> None:
    with database.transaction() as tx:
        place = {"team": "T1", "channel": "C1", "ts": ts}
        if annotations.of_message(tx, **place) is not None:
            annotations.revise(tx, **place, text=REPLY + " (edited)", edit=Edit("99.1"), now=NOON)
            return
    keep(database, ts=ts, text=REPLY + " (edited)", edit=Edit("99.1"))


def test_a_deleted_text_leaves_the_messages_that_quote_it(database: Database) -> None:
    annotation = kept(database)
    escaped = "The linen supplier renamed its categories &amp; &lt;nobody&gt; told us"
    content = Content(
        f"2 findings. UANA said: {escaped}.",
        (
            {"type": "section", "block_id": "b1", "text": {"type": "mrkdwn", "text": f"*UANA*\n> {escaped}"}},
            {"type": "context", "elements": [{"type": "mrkdwn", "text": "The linen supplier renamed its cate…"}]},
            {"type": "section", "text": {"type": "mrkdwn", "text": "Recall fell by 3 points"}},
        ),
        Picture("a.png", "Recall", f"Recall by week. {REPLY}", b"png"),
    )
    quote(database, annotation.id, content)
    quote(database, annotation.id + 1, Content(f"not a quotation of it: {escaped}"), key="other")
    erase(database)
    after_it = message(database)
    assert after_it.content.text == "2 findings. UANA said: (deleted)."
    assert after_it.content.blocks == (
        {"type": "section", "block_id": "b1", "text": {"type": "mrkdwn", "text": "*UANA*\n> (deleted)"}},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "(deleted)"}]},
        {"type": "section", "text": {"type": "mrkdwn", "text": "Recall fell by 3 points"}},
    )
    assert after_it.content.picture == Picture("a.png", "Recall", "Recall by week. (deleted)", b"png")
    assert (after_it.wanted, after_it.shown) == (2, 1)
    assert after_it.content.quotes == ()
    assert message(database, "other").wanted == 1


def test_a_message_that_quotes_what_was_deleted_meanwhile_is_not_written(database: Database) -> None:
    annotation = kept(database)
    erase(database)
    with pytest.raises(Stale):
        quote(database, annotation.id, Content(REPLY))
    assert not [cell for cell in stored(database) if "linen" in cell]


def test_a_deletion_and_a_quotation_at_the_same_time_leave_no_text(database: Database) -> None:
    for number in range(10):
        ts = f"{number + 10}.000001"
        annotation = kept(database, ts=ts)

        def do(turn: int, *, ts: str = ts, quoted: int = annotation.id) -> None:
            if turn == 0:
                erase(database, ts=ts)
                return
            with suppress(Stale), database.transaction() as tx:
                content = Content(f"UANA: {REPLY}", quotes=(quoted,))
                address = Address(team="T1", channel="C1")
                key = f"card {quoted} {turn}"
                messages.want(tx, key=key, kind="message", address=address, content=content, now=NOON)

        at_once(4, do)
    assert not [cell for cell in stored(database) if "linen" in cell]


def test_a_text_that_was_broken_into_lines_is_found_too(database: Database) -> None:
    annotation = kept(database, "The supplier changed names.\nSorry!\nWe map them from Monday on.")
    quoted = "> The supplier changed names.\n> Sorry!\n> We map them from Mon…"
    quote(database, annotation.id, Content(f"*Recall fails in the north*\n{quoted}\n3 notes"))
    erase(database)
    gone = "> (deleted)\n> (deleted)\n> (deleted)"
    assert message(database).content.text == f"*Recall fails in the north*\n{gone}\n3 notes"


def test_a_text_whose_lines_were_joined_is_found_too(database: Database) -> None:
    annotation = kept(database, "Supplier\nchanged\nnames")
    quote(database, annotation.id, Content("UANA: Supplier changed names"))
    erase(database)
    assert message(database).content.text == "UANA: (deleted) (deleted) (deleted)"


def test_a_short_text_is_replaced_only_where_it_stands_by_itself(database: Database) -> None:
    annotation = kept(database, "ok")
    quote(database, annotation.id, Content("The token is looked up.", ({"text": "UANA: ok"},)))
    erase(database)
    assert message(database).content.text == "The token is looked up."
    assert message(database).content.blocks == ({"text": "UANA: (deleted)"},)


def test_an_edit_reaches_the_messages_that_quote_it(database: Database) -> None:
    annotation = kept(database, "The supplier renamed its categories")
    quote(
        database,
        annotation.id,
        Content("UANA: The supplier renamed its categories", ({"text": "The supplier renamed its…"},)),
    )
    revise(database, "The supplier & we renamed categories")
    after_it = message(database)
    assert after_it.content.text == "UANA: The supplier &amp; we renamed categories"
    assert after_it.content.blocks == ({"text": "(edited)"},)
    assert (after_it.wanted, after_it.shown) == (2, 1)
    erase(database)
    assert "categories" not in message(database).content.text


def test_a_quotation_does_not_outgrow_its_place(database: Database) -> None:
    annotation = kept(database, "short")
    quote(database, annotation.id, Content("UANA: short"))
    revise(database, "x&" * 2000)
    assert len(message(database).content.text) <= len("UANA: ") + 80
    assert "&x" not in message(database).content.text, "no half of an escaped sign"


def test_an_answer_that_one_person_saw_is_blanked_but_not_sent_again(database: Database) -> None:
    annotation = kept(database)
    quote(database, annotation.id, Content(REPLY), kind="ephemeral")
    erase(database)
    assert message(database).content.text == "(deleted)"
    with database.reading() as tx:
        assert messages.unsent(tx) == 0


def test_a_deleted_message_leaves_no_words_in_the_request_that_it_made(database: Database) -> None:
    request = Request("note", {"text": REPLY}, Who("T1", "UANA"), Where(channel="C1", message="5.000001"))
    with database.transaction() as tx:
        requests.take(tx, request, key="a", source="mention", lane="quick", now=NOON)
        [leased] = requests.lease(tx, lane="quick", now=NOON, seconds=9)
        requests.finish(tx, leased, now=NOON)
    erase(database)
    assert not [cell for cell in stored(database) if "linen" in cell]


@pytest.mark.parametrize("reply_first", [True, False])
def test_a_mention_is_no_annotation_whichever_event_comes_first(database: Database, reply_first: bool) -> None:
    if reply_first:
        kept(database)
        not_a_note(database)
    else:
        not_a_note(database)
        assert keep(database) is None
    assert all_of(database) == []
    assert keep(database) is None
    assert revise(database, "edited") is None
    assert not [cell for cell in stored(database) if "linen" in cell or "edited" in cell]


def test_a_note_that_a_mention_asked_for_is_kept_and_goes_with_its_message(database: Database) -> None:
    not_a_note(database)
    annotation = keep(database, thread=None)
    assert annotation is not None
    not_a_note(database)
    assert all_of(database) == [REPLY]
    assert revise(database, "The linen supplier renamed its sizes, too") is not None
    assert all_of(database) == ["The linen supplier renamed its sizes, too"]
    erase(database)
    assert all_of(database) == []
    assert not [cell for cell in stored(database) if "linen" in cell]


def test_a_reply_is_linked_when_its_thread_becomes_known(database: Database) -> None:
    waiting = kept(database, anchor=None)
    elsewhere = kept(database, ts="5.000002", anchor=None, text="in the same thread")
    assert (waiting.model, waiting.anchor) == (None, None)
    with database.transaction() as tx:
        messages.want(
            tx,
            key="card",
            kind="message",
            address=Address(team="T1", channel="C1"),
            content=Content("x"),
            anchor=CARD,
            now=NOON,
        )
        due = messages.lease(tx, now=NOON, seconds=9)
        assert due is not None
        messages.shown(tx, due, ts="1.000001", revision=1, now=NOON)
    for annotation in (waiting, elsewhere):
        linked = get(database, annotation.id)
        assert (linked.model, linked.anchor) == ("churn", CARD)
    late = kept(database, ts="5.000003", anchor=None, text="after it")
    assert late.anchor == CARD, "the place is known by now"


def test_a_reply_that_came_before_its_thread_about_several_models_has_it_decided_which_it_is_about(
    database: Database,
) -> None:
    waiting = kept(database, "churn is worse", anchor=None)
    with database.transaction() as tx:
        content = Content("x", models=("churn", "risk"))
        messages.want(
            tx, key="list", kind="message", address=Address(team="T1", channel="C1"), content=content, now=NOON
        )  # fmt: skip
        due = messages.lease(tx, now=NOON, seconds=9)
        assert due is not None
        messages.shown(tx, due, ts="1.000001", revision=1, now=NOON)
        messages.shown(tx, due, ts="1.000001", revision=1, now=NOON)
        [leased] = requests.lease(tx, lane="quick", now=NOON, seconds=9, limit=5)
    assert (leased.request.command, leased.request.arguments) == ("which-model", {})
    assert leased.request.who == Who("T1", "UANA")
    assert leased.request.where == Where(channel="C1", thread="1.000001", message="5.000001")
    with database.reading() as tx:
        found = annotations.of_message(tx, team="T1", channel="C1", ts="5.000001")
    assert found == waiting
    with database.transaction() as tx:
        annotations.link(tx, waiting.id, CARD)
        assert not annotations.drop(tx, waiting), "what is linked stays"
    linked = get(database, waiting.id)
    assert linked.model == "churn"


def test_a_reply_about_no_model_is_forgotten_at_once(database: Database) -> None:
    waiting = kept(database, anchor=None)
    with database.transaction() as tx:
        assert annotations.drop(tx, waiting)
    assert not [cell for cell in stored(database) if "linen" in cell]


def test_a_reply_and_its_card_that_come_at_the_same_time_are_linked(database: Database) -> None:
    with database.transaction() as tx:
        messages.want(
            tx,
            key="card",
            kind="message",
            address=Address(team="T1", channel="C1"),
            content=Content("x"),
            anchor=CARD,
            now=NOON,
        )
        due = messages.lease(tx, now=NOON, seconds=9)
        assert due is not None

    def do(number: int) -> None:
        if number == 0:
            with database.transaction() as tx:
                messages.shown(tx, due, ts="1.000001", revision=1, now=NOON)
        else:
            keep(database, ts=f"5.00000{number}", anchor=None)

    at_once(6, do)
    with database.reading() as tx:
        assert annotations.count(tx, team="T1", model="churn") == 5


def test_annotations_are_found_by_what_they_are_about_the_newest_first(database: Database) -> None:
    def said(text: str, seconds: int, kind: str = "note", team: str = "T1", **about: object) -> None:
        anchor = Anchor(model="churn", **about)  # type: ignore[arg-type]
        keep(database, text, ts=f"5.{seconds:06}", anchor=anchor, kind=kind, at=after(seconds), team=team)

    said("a", 1, evaluation=17)
    said("b", 2, kind="decision", finding=4)
    said("c", 3, measure="recall")
    said("d", 4, team="T2")
    keep(database, "e", ts=None, anchor=Anchor(model="other"), at=after(5))
    keep(database, "f", ts=None, anchor=Anchor(model="other"), at=after(6))

    def found(**by: object) -> str:
        with database.reading() as tx:
            return "".join(one.text for one in annotations.listed(tx, team="T1", **by))  # type: ignore[arg-type]

    assert found(model="churn") == "cba"
    assert found(model=None) == "fecba"
    assert found(model="churn", limit=2) == "cb"
    assert found(model="churn", kinds=("decision", "caveat")) == "b"
    assert found(model="churn", evaluation=17) == "a"
    assert found(model="churn", finding=4) == "b"
    assert found(model="churn", measure="recall") == "c"
    with database.reading() as tx:
        assert annotations.count(tx, team="T1", model="churn") == 3
        newest, *older = annotations.listed(tx, team="T1", model="churn")
        assert annotations.listed(tx, team="T1", model="churn", before=newest.id) == older
        assert annotations.count(tx, team="T1", model="churn", before=newest.id) == 2
        assert annotations.count(tx, team="T1", model="churn", kinds=("decision",)) == 1
