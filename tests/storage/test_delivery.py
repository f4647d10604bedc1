"""Order, pace and the end of messages, as several gateways on one database see them."""

import time
import traceback
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import exc, insert, select, text, update

from storage import annotations, messages, paces, requests, response_urls, schedules
from storage.anchors import Anchor
from storage.annotations import Edit
from storage.busy import Stale
from storage.database import Database
from storage.messages import Address, Content, Due
from storage.requests import Request, Where, Who
from storage.tables import messages as table
from tests.databases import Kind
from tests.storage.cells import stored
from tests.threads import at_once

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SECRET = "https://hooks.test/secret-42"
MANY = 100_000


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def want(
    database: Database,
    key: str,
    *,
    kind: str = "message",
    channel: str = "C1",
    at: datetime = NOON,
    content: Content | None = None,
    **place: str | int | None,
) -> int:
    address = Address(team="T1", channel=channel, **place)  # type: ignore[arg-type]  # each by its name
    with database.transaction() as tx:
        return messages.want(tx, key=key, kind=kind, address=address, content=content or Content(key), now=at)


def lease(database: Database, *, at: datetime = NOON, gap: float = 0.0) -> Due | None:
    with database.transaction() as tx:
        return messages.lease(tx, now=at, seconds=60, gap=gap)


def leased(database: Database, *, at: datetime = NOON) -> Due:
    due = lease(database, at=at)
    assert due is not None
    return due


def post(database: Database, due: Due, ts: str) -> None:
    with database.transaction() as tx:
        messages.shown(tx, due, ts=ts, revision=due.wanted, now=NOON)


def postpone(database: Database, due: Due, *, at: datetime) -> None:
    with database.transaction() as tx:
        messages.postpone(tx, due, at=at, reason="no answer")


def give_up(database: Database, due: Due, reason: str = "is_archived") -> None:
    with database.transaction() as tx:
        messages.give_up(tx, due, reason=reason, now=NOON)


def test_a_message_waits_for_the_earlier_ones_of_its_thread_leased_and_postponed_ones_too(database: Database) -> None:
    for key in ("first", "second", "third"):
        want(database, key, thread="90.1")
    want(database, "of another thread", thread="91.1")
    want(database, "of the channel")
    first = leased(database)
    assert first.key == "first"
    assert [leased(database).key, leased(database).key] == ["of another thread", "of the channel"]
    assert lease(database) is None
    postpone(database, first, at=after(30))
    assert lease(database, at=after(29)) is None
    again = leased(database, at=after(30))
    assert again.key == "first"
    post(database, again, "100.1")
    second = leased(database, at=after(31))
    assert second.key == "second"
    give_up(database, second)
    assert leased(database, at=after(32)).key == "third"


def test_a_thread_is_one_thread_by_its_ts_and_by_its_parents_key(database: Database) -> None:
    want(database, "card")
    post(database, leased(database), "100.1")
    want(database, "details", parent="card")
    want(database, "answer to a mention in it", thread="100.1")
    details = leased(database)
    assert details.key == "details"
    assert lease(database) is None
    post(database, details, "100.2")
    assert leased(database).thread_ts == "100.1"


def test_answers_of_one_thread_keep_their_order_whatever_is_on_its_way_in_the_channel(database: Database) -> None:
    """Once a card is on its way, an answer may be below it; the earlier answer was not."""
    thread = f"{NOON.timestamp():.6f}"
    want(database, "first", thread=thread)
    first = leased(database)
    want(database, "card")
    card = leased(database)
    with database.transaction() as tx:
        messages.begin(tx, card, now=NOON, seconds=60)
    want(database, "second", thread=thread)
    post(database, card, "100.1")
    postpone(database, first, at=after(30))
    assert lease(database, at=after(1)) is None
    post(database, leased(database, at=after(30)), "100.2")
    assert leased(database, at=after(31)).key == "second"


def test_an_answer_is_below_the_card_that_was_on_its_way_when_its_thread_began(database: Database) -> None:
    for key, at in (("card", 0.0), ("later card", 20.0)):
        want(database, key, at=after(at))
        with database.transaction() as tx:
            due = messages.lease(tx, now=after(at), seconds=60)
            assert due is not None
            messages.begin(tx, due, now=after(at), seconds=60)
    want(database, "details", parent="card", at=after(21))
    want(database, "answer", thread=f"{after(5).timestamp():.6f}", at=after(22))
    with database.reading() as tx:
        found = tx.execute(select(table.c.line).where(table.c.key.in_(["details", "answer"]))).scalars().all()
    assert found == ["card", "card"]


def test_an_edit_waits_for_nobody_and_holds_nobody_up(database: Database) -> None:
    want(database, "first", thread="90.1")
    post(database, leased(database), "100.1")
    want(database, "second", thread="90.1")
    want(database, "first", thread="90.1", content=Content("edited"), at=after(1))
    assert {leased(database, at=after(1)).key, leased(database, at=after(1)).key} == {"first", "second"}


def test_what_one_person_sees_waits_for_no_thread(database: Database) -> None:
    want(database, "first", thread="90.1")
    want(database, "answer", kind="ephemeral", thread="90.1", user="U1")
    assert [leased(database).key, leased(database).key] == ["first", "answer"]


def test_a_reply_whose_parent_was_given_up_learns_why_whichever_came_first(database: Database) -> None:
    want(database, "card")
    want(database, "before", parent="card")
    give_up(database, leased(database))
    want(database, "after", parent="card")
    for key in ("before", "after"):
        due = leased(database)
        assert (due.key, due.orphaned, due.thread_ts) == (key, "is_archived", None)
        give_up(database, due)


def test_of_many_gateways_one_at_a_time_speaks_in_a_channel(database: Database) -> None:
    for number in range(8):
        want(database, f"m{number}", channel="C1")
    want(database, "elsewhere", channel="C2")

    def look(second: int) -> list[Due | None]:
        return at_once(6, lambda _: lease(database, at=after(second), gap=1.0))

    for second in range(4):
        found = look(second)
        spoke = [due.address.channel for due in found if due is not None]
        assert spoke.count("C1") == 1
        assert len(spoke) <= 2


def test_a_message_that_could_not_be_said_yet_leaves_its_channel_to_the_next(database: Database) -> None:
    for key in ("edit", "post", "another"):
        want(database, key)
    early = lease(database, gap=10)
    assert early is not None
    assert early.key == "edit"
    assert lease(database, at=after(1), gap=10) is None
    with database.transaction() as tx:
        messages.postpone(tx, early, at=after(5), reason="ratelimited", counts=False)
    post = lease(database, at=after(1), gap=10)
    assert post is not None
    assert post.key == "post"
    with database.transaction() as tx:
        messages.postpone(tx, early, at=after(5), reason="ratelimited", counts=False)
    assert lease(database, at=after(10), gap=10) is None, "what was given back once is another's now"
    edit = lease(database, at=after(11), gap=10)
    assert edit is not None
    assert edit.key == "edit"


def test_words_that_were_taken_back_leave_before_all_else(database: Database) -> None:
    for key in ("quotes", "says more"):
        want(database, key)
        post(database, leased(database), f"{key}.1")
    want(database, "says more", content=Content("more"), at=after(1))
    want(database, "quotes", content=Content("a reply was deleted"), at=after(2))
    with database.transaction() as tx:
        tx.execute(update(table).where(table.c.key == "quotes").values(must_go=True))
    assert [leased(database, at=after(3)).key for _ in range(2)] == ["quotes", "says more"]


def test_an_edit_waits_while_edits_rest_and_keeps_nothing_from_others(database: Database) -> None:
    for key in ("card", "gone", "post"):
        want(database, key)
        if key != "post":
            post(database, leased(database), f"{key}.1")
    want(database, "card", content=Content("card with more"))
    want(database, "gone", content=Content(""))
    with database.transaction() as tx:
        paces.hold(tx, team="T1", what=paces.EDITS, until=after(30))
    assert {leased(database).key, leased(database).key} == {"gone", "post"}
    assert lease(database, at=after(29.9)) is None
    edit = lease(database, at=after(30))
    assert edit is not None
    assert edit.key == "card"


def test_a_post_waits_while_posts_are_too_far_ahead_unless_it_may_be_there(database: Database) -> None:
    want(database, "may be there", thread="90.1")
    begun = leased(database)
    with database.transaction() as tx:
        messages.begin(tx, begun, now=NOON, seconds=1)
        paces.hold(tx, team="T1", what=paces.POSTS, until=after(30))
    want(database, "post", at=after(1))
    with database.transaction() as tx:
        ahead = {paces.POSTS: timedelta(seconds=20), paces.EDITS: timedelta(0)}
        found = [messages.lease(tx, now=after(second), seconds=60, ahead=ahead) for second in (9.9, 9.95, 10)]
    assert [due.key if due is not None else None for due in found] == ["may be there", None, "post"]


def test_an_answer_and_a_picture_do_not_wait_for_the_channel(database: Database) -> None:
    want(database, "card", content=Content("x", (), messages.Picture("a.png", "t", "alt", b"png")))
    card = lease(database, gap=10)
    assert card is not None
    with database.transaction() as tx:
        messages.shown(tx, card, ts="100.1", revision=0, worded=1, now=NOON)
    want(database, "answer", kind="ephemeral", user="U1")
    assert leased(database).key == "answer"
    step = lease(database, at=after(10), gap=10)
    assert step is not None
    assert step.brings_picture
    want(database, "more", at=after(10))
    more = lease(database, at=after(10), gap=10)
    assert more is not None
    assert more.key == "more"


def test_a_turn_is_given_to_so_many_at_once_and_then_one_by_one(database: Database) -> None:
    def take(_: int = 0, at: datetime = NOON) -> datetime | None:
        with database.transaction() as tx:
            return paces.take(tx, team="T1", what="chat.update", seconds=2.0, burst=5, now=at)

    assert at_once(8, take).count(None) == 5
    assert take() == after(2)
    assert take(at=after(1.999)) == after(2)
    assert take(at=after(2)) is None
    assert take(at=after(2)) == after(4)
    assert [take(at=after(100)) for _ in range(6)] == [None] * 5 + [after(102)]


def test_what_slack_asked_for_is_never_shortened(database: Database) -> None:
    with database.transaction() as tx:
        assert paces.hold(tx, team="T1", what="files.info", until=after(30))
        assert not paces.hold(tx, team="T1", what="files.info", until=after(20))
        assert paces.held_until(tx, team="T1", what="files.info") == after(30)
        assert paces.held_until(tx, team="T2", what="files.info") is None
        assert paces.take(tx, team="T1", what="files.info", seconds=1, now=after(29)) == after(30)


def test_a_team_that_rests_sends_nothing_and_loses_nothing(database: Database) -> None:
    want(database, "a")
    want(database, "b", kind="ephemeral", user="U1")
    with database.transaction() as tx:
        paces.hold(tx, team="T1", what=paces.EVERYTHING, until=after(60))
    assert lease(database, at=after(59.9)) is None
    assert {leased(database, at=after(60)).key, leased(database, at=after(60)).key} == {"a", "b"}


def test_the_next_message_is_found_at_once_among_a_hundred_thousand(database: Database, kind: Kind) -> None:
    want(database, "first", thread="90.1")
    with database.transaction(wait=60) as tx:
        tx.execute(text(_copies_of_the_first()))
        tx.execute(text("ANALYZE"))
    assert leased(database).key == "first"
    began = time.perf_counter()
    assert lease(database) is None  # 2,000 more wait for the first
    assert time.perf_counter() - began < 1.0
    assert _indexes_used(database, kind) == {"messages_unsent", "messages_in_line"}


def _copies_of_the_first() -> str:
    """Of fifty rows 49 were posted, and one waits in the same thread."""
    made = {
        "key": "'m' || i",
        "shown": "CASE WHEN i % 50 = 0 THEN 0 ELSE 1 END",
        "ts": "CASE WHEN i % 50 = 0 THEN NULL ELSE '1.1' END",
    }
    columns = [column.name for column in table.columns if column.name != "id"]
    names = ", ".join(f'"{name}"' for name in columns)
    values = ", ".join(made.get(name, f'"{name}"') for name in columns)
    numbers = f"WITH RECURSIVE numbers(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < {MANY})"
    return f"INSERT INTO messages ({names}) {numbers} SELECT {values} FROM messages, numbers WHERE key = 'first'"


def _indexes_used(database: Database, kind: Kind) -> set[str]:
    from storage.delivery import _FIRST_DUE

    moments = {"now": NOON, "posts_by": NOON, "edits_by": NOON}
    with database.transaction() as tx:
        dialect = tx._connection.dialect
        query = _FIRST_DUE.params(moments).compile(dialect=dialect, compile_kwargs={"literal_binds": True})
        prefix = "EXPLAIN QUERY PLAN " if kind == "sqlite" else "EXPLAIN "
        plan = [" ".join(map(str, row)) for row in tx._connection.exec_driver_sql(prefix + str(query))]
    assert not [line for line in plan if "TEMP B-TREE" in line or "Sort" in line], "the index gives the order"
    return {name for name in ("messages_unsent", "messages_in_line") if any(name in line for line in plan)}


def test_a_refused_answer_goes_to_the_next_place_and_comes_back_when_it_is_wanted_again(database: Database) -> None:
    want(database, "answer", kind="ephemeral", user="U1", thread="90.1", response_url=SECRET)
    due = leased(database)
    assert due.otherwise == (("message", "U1"),)
    with database.transaction() as tx:
        messages.redirect(tx, due, kind="ephemeral", channel="C1", now=NOON)
    due = leased(database)
    assert (due.kind, due.address.response_url, due.thread_ts) == ("ephemeral", None, "90.1")
    with database.transaction() as tx:
        messages.redirect(tx, due, kind="message", channel="U1", now=NOON)
    due = leased(database)
    assert (due.kind, due.address.channel, due.thread_ts, due.otherwise) == ("message", "U1", None, ())
    give_up(database, due)
    want(database, "answer", kind="ephemeral", user="U1", thread="90.1")
    due = leased(database)
    assert (due.kind, due.address.channel) == ("ephemeral", "C1")  # never for all to see in the channel


def test_the_dead_are_listed_and_what_was_taken_back_is_not_among_them(database: Database) -> None:
    for key, reason in (("a", "is_archived"), ("b", messages.TAKEN_BACK), ("c", "no answer from Slack")):
        want(database, key)
        give_up(database, leased(database), reason)
    with database.reading() as tx:
        assert [(dead.key, dead.reason) for dead in messages.dead(tx)] == [
            ("c", "no answer from Slack"),
            ("a", "is_archived"),
        ]
        assert messages.count_dead(tx) == 2
        assert [dead.key for dead in messages.dead(tx, limit=1)] == ["c"]


@pytest.mark.parametrize("ending", ["posted", "given up", "too old"])
def test_the_address_of_an_answer_is_in_no_row_once_it_is_of_no_use(database: Database, ending: str) -> None:
    want(database, "card", user="U1", response_url=SECRET)
    where = Where(channel="C1", response_url=SECRET)
    with database.transaction() as tx:
        asked = Request("help", {}, Who("T1", "U1"), where)
        requests.take(tx, asked, key="r", source="command", lane="quick", now=NOON)
    with database.transaction() as tx:
        response_urls.forget_old(tx, now=after(30 * 60))
    due = leased(database)
    assert due.address.response_url == SECRET
    assert len([cell for cell in stored(database) if SECRET in cell]) == 2
    if ending == "posted":
        post(database, due, "100.1")
    elif ending == "given up":
        give_up(database, due)
    with database.transaction() as tx:
        [one] = requests.lease(tx, lane="quick", now=NOON, seconds=60)
        if ending == "too old":
            response_urls.forget_old(tx, now=after(30 * 60 + 1))
        else:
            requests.finish(tx, one, now=NOON)
    assert not [cell for cell in stored(database) if SECRET in cell]


def test_an_error_of_the_database_quotes_no_value(database: Database) -> None:
    with pytest.raises(exc.IntegrityError) as raised, database.transaction() as tx:
        tx.execute(insert(table).values(key="k", kind="ephemeral", response_url=SECRET, text="somebody's words"))
    assert SECRET not in str(raised.value)
    assert "somebody's words" not in str(raised.value)
    assert SECRET not in "".join(traceback.format_exception(raised.value))


def test_all_schedules_of_a_team_stop_together(database: Database) -> None:
    with database.transaction() as tx:
        for number, team in enumerate(("T1", "T1", "T2")):
            schedules.add(
                tx, who=Who(team, "U1"), channel="C1", when="every day 07:00", zone="UTC", command="digest",
                arguments={}, request_id=number, now=NOON,
            )  # fmt: skip
        assert schedules.pause_all(tx, "T1", reason="the app was removed", now=NOON) == 2
        assert schedules.pause_all(tx, "T1", reason="the app was removed", now=NOON) == 0
        assert [one.team for one in schedules.active(tx)] == ["T2"]
        assert {one.reason for one in schedules.listed(tx, team="T1")} == {"the app was removed"}


def test_an_answer_for_one_person_that_changes_while_it_is_sent_is_not_sent_again(database: Database) -> None:
    with database.transaction() as tx:
        note = annotations.keep(
            tx, team="T1", author="UANA", persona=None, text="first words", anchor=Anchor(model="churn"), channel="C1",
            ts="5.000001", thread="1.000001", permalink=None, now=NOON,
        )  # fmt: skip
        assert note is not None
        content = Content(f"A-{note.id} “first words” *Ana*", quotes=(note.id,))
        address = Address(team="T1", channel="C1", user="UANA")
        messages.want(tx, key="answer:1", kind="ephemeral", address=address, content=content, now=NOON)
        due = messages.lease(tx, now=NOON, seconds=60)
        assert due is not None
    place = {"team": "T1", "channel": "C1", "ts": "5.000001"}
    with database.transaction() as tx:
        annotations.revise(tx, **place, text="last words", edit=Edit("6.0"), now=NOON)
    with pytest.raises(Stale), database.transaction() as tx:
        messages.begin(tx, due, now=NOON, seconds=60)
    with database.transaction() as tx:
        messages.postpone(tx, due, at=NOON, reason="read again")
        due = messages.lease(tx, now=NOON, seconds=60)
        assert due is not None
        assert "last words" in due.content.text
        messages.begin(tx, due, now=NOON, seconds=60)
        annotations.revise(tx, **place, text="too late", edit=Edit("7.0"), now=NOON)
        messages.shown(tx, due, ts=None, revision=due.wanted, now=NOON)
        assert messages.lease(tx, now=NOON + timedelta(hours=1), seconds=60) is None
