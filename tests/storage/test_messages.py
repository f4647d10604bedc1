"""What Slack should show, and how far each message has come."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from storage import messages
from storage.anchors import Anchor
from storage.database import Database
from storage.messages import Address, Content, Due, Picture
from storage.requests import LeaseLost
from tests.storage.cells import stored
from tests.threads import at_once

NOON = datetime(2026, 3, 2, 12, 0, 0, 5, tzinfo=UTC)
CHURN = Anchor(
    model="churn", version="v2", evaluation=17, slice=(("region", "north"), ("age", "[30, 45)")), period="2026-W10"
)
PICTURE = Picture("chart.png", "Recall by week", "Recall falls from 0.8 to 0.6", b"\x89PNG\0\xff")


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def want(
    database: Database,
    key: str = "card:17",
    *,
    kind: str = "message",
    channel: str = "C1",
    parent: str | None = None,
    thread: str | None = None,
    user: str | None = None,
    content: Content | None = None,
    anchor: Anchor | None = None,
    at: datetime = NOON,
) -> int:
    address = Address(team="T1", channel=channel, parent=parent, thread=thread, user=user)
    with database.transaction() as tx:
        return messages.want(
            tx, key=key, kind=kind, address=address, content=content or Content(f"text of {key}"), anchor=anchor, now=at
        )


def lease(database: Database, *, at: datetime = NOON, gap: float = 0.0) -> list[Due]:
    """All that is due."""
    found: list[Due] = []
    while True:
        with database.transaction() as tx:
            due = messages.lease(tx, now=at, seconds=60, gap=gap)
        if due is None:
            return found
        found.append(due)


def post(database: Database, due: Due, ts: str, *, revision: int | None = None) -> None:
    with database.transaction() as tx:
        messages.begin(tx, due, now=NOON, seconds=60)
    with database.transaction() as tx:
        messages.shown(tx, due, ts=ts, revision=due.wanted if revision is None else revision, now=NOON)


def get(database: Database, key: str = "card:17") -> messages.Stored:
    with database.reading() as tx:
        found = messages.get(tx, key)
    assert found is not None
    return found


def unsent(database: Database) -> int:
    with database.reading() as tx:
        return messages.unsent(tx)


def test_a_message_is_wanted_shown_and_then_at_rest(database: Database) -> None:
    content = Content("all in words", ({"type": "section", "n": 1}, {"type": "divider"}), PICTURE, ())
    want(database, content=content, anchor=CHURN)
    [due] = lease(database)
    assert due.content == replace(content, models=("churn",))
    assert (due.wanted, due.shown, due.attempts, due.sending, due.ts) == (1, 0, 1, False, None)
    assert due.picture is not None
    assert due.picture.png == PICTURE.png
    assert unsent(database) == 1
    post(database, due, "100.000001")
    assert lease(database) == []
    assert unsent(database) == 0
    kept = get(database)
    assert (kept.ts, kept.wanted, kept.shown, kept.failed) == ("100.000001", 1, 1, None)
    assert kept.content == replace(content, models=("churn",))
    assert kept.anchor == CHURN


def test_edits_coalesce(database: Database) -> None:
    want(database)
    for text in ("one", "two", "three", "three"):
        want(database, content=Content(text))
    [due] = lease(database)
    assert (due.wanted, due.content.text) == (4, "three")
    post(database, due, "100.000001")
    assert lease(database) == []


def test_the_same_content_again_changes_nothing(database: Database) -> None:
    first = want(database, content=Content("x", ({"a": 1},), PICTURE, ()))
    assert want(database, content=Content("x", ({"a": 1},), PICTURE, ())) == first
    assert get(database).wanted == 1


def test_what_is_wanted_while_it_is_being_sent_is_sent_afterwards(database: Database) -> None:
    want(database)
    [due] = lease(database)
    want(database, content=Content("newer"))
    assert lease(database) == []
    post(database, due, "100.000001")
    [again] = lease(database)
    assert (again.wanted, again.shown, again.ts, again.content.text) == (2, 1, "100.000001", "newer")


def test_two_gateways_never_send_the_same_message(database: Database) -> None:
    ids = [want(database, f"m{i}", channel=f"C{i % 7}") for i in range(28)]

    shares = at_once(6, lambda _: [due.id for due in lease(database)])
    leased = [one for share in shares for one in share]
    assert len(leased) == len(set(leased))
    leased += [due.id for due in lease(database)]
    assert sorted(leased) == ids


def test_one_message_a_second_in_a_channel_and_the_oldest_wish_first(database: Database) -> None:
    want(database, "late", channel="C1", at=after(2))
    want(database, "early", channel="C1", at=after(1))
    want(database, "other", channel="C2", at=after(3))
    assert [due.key for due in lease(database, at=after(5), gap=1)] == ["early", "other"]
    assert lease(database, at=after(5.999), gap=1) == []
    assert [due.key for due in lease(database, at=after(6), gap=1)] == ["late"]


def test_a_reply_waits_for_its_parent_and_goes_into_its_thread(database: Database) -> None:
    want(database, "details:17", parent="card:17")
    want(database, at=after(1))
    [card] = lease(database, at=after(2))
    assert card.key == "card:17"
    post(database, card, "100.000001")
    [details] = lease(database, at=after(3))
    assert (details.key, details.thread_ts) == ("details:17", "100.000001")


def test_a_reply_into_a_given_thread_needs_no_parent(database: Database) -> None:
    want(database, thread="90.000001")
    [due] = lease(database)
    assert due.thread_ts == "90.000001"


def test_a_try_that_never_said_how_it_ended_is_known_by_the_next(database: Database) -> None:
    want(database)
    [due] = lease(database)
    with database.transaction() as tx:
        messages.begin(tx, due, now=after(1), seconds=60)
    assert lease(database, at=after(60)) == []  # the lease was renewed when the try began
    [next_try] = lease(database, at=after(61))
    assert next_try.sending
    assert next_try.first_sent_at == after(1)
    assert next_try.attempts == 2
    with pytest.raises(LeaseLost), database.transaction() as tx:
        messages.begin(tx, due, now=after(62), seconds=60)
    with database.transaction() as tx:
        messages.begin(tx, next_try, now=after(62), seconds=60)
        messages.postpone(tx, next_try, at=after(70), reason="timeout")
    [third] = lease(database, at=after(70))
    assert (third.sending, third.first_sent_at) == (True, after(1))


def test_an_unknown_outcome_outlives_every_pause_and_the_look_up_goes_on_where_it_was(database: Database) -> None:
    want(database)
    [due] = lease(database)
    with database.transaction() as tx:
        messages.begin(tx, due, now=NOON, seconds=60)
    [due] = lease(database, at=after(60))
    with database.transaction() as tx:
        messages.look_further(tx, due, cursor="page 6", at=after(61))
    [due] = lease(database, at=after(61))
    assert (due.sending, due.first_sent_at, due.look_cursor, due.attempts) == (True, NOON, "page 6", 2)
    with database.transaction() as tx:
        messages.postpone(tx, due, at=after(90), reason="ratelimited", counts=False)
    want(database, content=Content("newer"), at=after(70))
    [due] = lease(database, at=after(90))
    assert (due.sending, due.first_sent_at, due.look_cursor, due.attempts) == (True, NOON, "page 6", 2)
    with database.transaction() as tx:
        messages.free_all(tx, now=after(91), arrived_at=after(101))
    assert lease(database, at=after(100)) == []
    [due] = lease(database, at=after(101))
    assert (due.sending, due.first_sent_at) == (True, NOON)


def test_a_try_that_was_refused_is_over(database: Database) -> None:
    want(database)
    [due] = lease(database)
    with database.transaction() as tx:
        messages.begin(tx, due, now=NOON, seconds=60)
        messages.not_sent(tx, due)
        messages.postpone(tx, due, at=after(5), reason="ratelimited")
    assert lease(database, at=after(4)) == []
    [again] = lease(database, at=after(5))
    assert (again.sending, again.first_sent_at, again.attempts) == (False, None, 2)


def test_waiting_for_our_turn_is_no_attempt(database: Database) -> None:
    want(database)
    for _ in range(3):
        [due] = lease(database)
        with database.transaction() as tx:
            messages.postpone(tx, due, at=NOON, reason="ratelimited", counts=False)
    [due] = lease(database)
    assert due.attempts == 1


def test_a_wish_does_not_shorten_a_pause(database: Database) -> None:
    want(database)
    [due] = lease(database)
    with database.transaction() as tx:
        messages.postpone(tx, due, at=after(30), reason="ratelimited")
    want(database, content=Content("newer"), at=after(1))
    assert lease(database, at=after(29)) == []
    [again] = lease(database, at=after(30))
    assert again.content.text == "newer"


def test_a_deleted_card_is_posted_anew_and_both_places_lead_to_it(database: Database) -> None:
    want(database, anchor=CHURN)
    [due] = lease(database)
    post(database, due, "100.000001")
    want(database, content=Content("newer"))
    [edit] = lease(database)
    with database.transaction() as tx:
        messages.lost(tx, edit, now=NOON)
    [anew] = lease(database)
    assert (anew.ts, anew.shown) == (None, 0)
    post(database, anew, "200.000001")
    with database.reading() as tx:
        places = [messages.place(tx, team="T1", channel="C1", ts=ts) for ts in ("100.000001", "200.000001")]
        assert messages.place(tx, team="T1", channel="C2", ts="100.000001") is None
        assert messages.place(tx, team="T2", channel="C1", ts="100.000001") is None
    assert places[0] == places[1]
    assert places[0] is not None
    assert (places[0].key, places[0].anchor) == ("card:17", CHURN)


def test_a_reply_whose_parent_was_deleted_waits_for_the_new_one_but_may_be_edited(database: Database) -> None:
    want(database)
    want(database, "details", parent="card:17")
    [card] = lease(database)
    post(database, card, "100.000001")
    [details] = lease(database)
    post(database, details, "100.000002")
    want(database, content=Content("newer"))
    [card] = lease(database)
    with database.transaction() as tx:
        messages.lost(tx, card, now=NOON)
    want(database, "details", parent="card:17", content=Content("newer details"))
    want(database, "more", parent="card:17")
    due = {one.key: one for one in lease(database)}
    assert set(due) == {"card:17", "details"}
    post(database, due["card:17"], "200.000001")
    [more] = lease(database)
    assert (more.key, more.thread_ts) == ("more", "200.000001")


def test_a_message_that_is_there_but_not_whole_stays_due_with_its_place(database: Database) -> None:
    want(database, content=Content("x", (), PICTURE), anchor=CHURN)
    [due] = lease(database)
    post(database, due, "100.000001", revision=0)
    [rest] = lease(database)
    assert (rest.ts, rest.shown, rest.wanted) == ("100.000001", 0, 1)
    with database.transaction() as tx:
        messages.picture_state(tx, rest, file_id="F1")
        messages.picture_state(tx, rest, completed=True)
        messages.postpone(tx, rest, at=NOON, reason="slow")
    [rest] = lease(database)
    assert rest.picture is not None
    assert (rest.picture.file_id, rest.picture.completed, rest.picture.ready) == ("F1", True, False)
    with database.transaction() as tx:
        messages.picture_state(tx, rest, ready=True)
        messages.shown(tx, rest, ts="100.000001", revision=rest.wanted, now=NOON)
    assert unsent(database) == 0


def test_another_picture_is_uploaded_anew_and_the_same_one_is_not(database: Database) -> None:
    want(database, content=Content("x", (), PICTURE))
    [due] = lease(database)
    with database.transaction() as tx:
        messages.picture_state(tx, due, file_id="F1", completed=True, ready=True)
    post(database, due, "100.000001")
    want(database, content=Content("y", (), PICTURE))
    [same] = lease(database)
    assert same.picture is not None
    assert same.picture.file_id == "F1"
    want(database, content=Content("y", (), Picture("b.png", "t", "a", b"other")))
    with database.transaction() as tx:
        messages.picture_state(tx, same, file_id="F1", completed=True)  # says nothing of the new picture
    post(database, same, "100.000001")
    [other] = lease(database)
    assert other.picture is not None
    assert (other.picture.file_id, other.picture.completed, other.picture.png) == (None, False, b"other")
    with database.transaction() as tx:
        messages.picture_state(tx, other, file_id="F2")
        messages.picture_state(tx, other, file_id="", completed=False)
        messages.postpone(tx, other, at=NOON, reason="the upload was lost")
    [other] = lease(database)
    assert other.picture is not None
    assert other.picture.file_id is None


def test_a_message_that_was_given_up_rests_until_it_is_wanted_again(database: Database) -> None:
    want(database)
    [due] = lease(database)
    with database.transaction() as tx:
        messages.give_up(tx, due, reason="not_in_channel", now=NOON)
    assert lease(database, at=after(9999)) == []
    assert unsent(database) == 0
    assert get(database).failed == "not_in_channel"
    want(database, at=after(10))
    [again] = lease(database, at=after(10))
    assert (again.wanted, again.attempts) == (1, 1)
    assert get(database).failed is None


def test_what_slack_refused_is_left_out_until_something_else_is_wanted(database: Database) -> None:
    content = Content("in words", ({"type": "nonsense"},), PICTURE)
    want(database, content=content)
    [due] = lease(database)
    with database.transaction() as tx:
        messages.reduce(tx, due, to=3, now=NOON)
    [again] = lease(database)
    assert (again.reduced, again.content) == (3, content)
    want(database, content=content)
    post(database, again, "100.000001")
    want(database, content=Content("other words", ({"type": "divider"},)))
    [other] = lease(database)
    assert other.reduced == 0


def test_an_answer_for_one_person_is_shown_without_a_ts_and_forgets_its_secret(database: Database) -> None:
    address = Address(team="T1", channel="C1", user="U1", response_url="https://hooks.test/secret-42")
    with database.transaction() as tx:
        messages.want(tx, key="answer:1", kind="ephemeral", address=address, content=Content("only you"), now=NOON)
    [due] = lease(database)
    assert due.address == address
    assert "secret-42" not in repr(due)
    with database.transaction() as tx:
        messages.begin(tx, due, now=NOON, seconds=60)
    with database.transaction() as tx:
        messages.shown(tx, due, ts=None, revision=due.wanted, now=NOON)
    assert lease(database) == []
    assert not [cell for cell in stored(database) if "secret-42" in cell]


def test_what_slack_shows_is_kept_even_if_the_lease_was_lost(database: Database) -> None:
    want(database, anchor=CHURN)
    [slow] = lease(database)
    [fast] = lease(database, at=after(60))
    post(database, fast, "200.000001")
    with database.transaction() as tx:
        messages.shown(tx, slow, ts="100.000001", revision=slow.wanted, now=NOON)
    with database.reading() as tx:
        for ts in ("100.000001", "200.000001"):
            place = messages.place(tx, team="T1", channel="C1", ts=ts)
            assert place is not None
            assert place.key == "card:17"


def test_what_is_said_about_a_lease_that_was_lost_changes_nothing(database: Database) -> None:
    want(database)
    [slow] = lease(database)
    [fast] = lease(database, at=after(60))
    with database.transaction() as tx:
        messages.postpone(tx, slow, at=after(999), reason="timeout")
        messages.give_up(tx, slow, reason="tired", now=NOON)
        messages.reduce(tx, slow, to=3, now=NOON)
        messages.redirect(tx, slow, kind="message", channel="C9", now=NOON)
        messages.not_sent(tx, slow)
        messages.look_further(tx, slow, cursor="x", at=NOON)
    post(database, fast, "100.000001")
    assert get(database).failed is None
    assert get(database).shown == 1


def test_eight_threads_that_want_the_same_message_make_one(database: Database) -> None:
    ids = at_once(8, lambda n: want(database, content=Content(f"from {n}")))
    assert len(set(ids)) == 1
    assert get(database).wanted == 8


def test_a_picture_is_kept_once(database: Database) -> None:
    for key in ("a", "b", "c"):
        want(database, key, content=Content("x", (), PICTURE))
    with database.reading() as tx:
        assert [messages.get(tx, key) is not None for key in ("a", "b", "c", "d")] == [True, True, True, False]
    assert len([cell for cell in stored(database) if "PNG" in cell]) == 1


def test_content_that_passes_waits_for_other_content_and_no_longer_than_it_is_told(database: Database) -> None:
    passing, later = timedelta(seconds=3), NOON + timedelta(seconds=1)

    def want_text(text: str, passing: timedelta | None = None) -> None:
        with database.transaction() as tx:
            address = Address(team="T1", channel="C1")
            messages.want(
                tx, key="card", kind="message", address=address, content=Content(text), passing=passing, now=NOON
            )  # fmt: skip

    def due_at(moment: datetime) -> bool:
        with database.reading() as tx:
            return messages.any_due(tx, now=moment)

    want_text("waiting")
    with database.transaction() as tx:
        due = messages.lease(tx, now=NOON, seconds=30)
        assert due is not None
        messages.shown(tx, due, ts="1.1", revision=1, now=NOON)
    want_text("reading", passing=passing)
    want_text("drawing", passing=passing)
    assert (due_at(later), due_at(NOON + passing)) == (False, True)
    want_text("done")
    assert due_at(later)
