"""What is removed after a while, in small pieces, and what must stay."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Table, func, select

from storage import annotations, messages, requests, retention
from storage.anchors import Anchor
from storage.database import Database
from storage.messages import Address, Content, Due, Picture
from storage.requests import Request, Where, Who
from storage.summaries import DAYS_KEPT_UNUSED, SummaryFiles
from storage.tables import annotation_rows, heard, pictures
from storage.tables import messages as message_rows
from storage.tables import requests as request_rows
from tests.storage.cells import stored
from tests.threads import at_once

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MONTH = timedelta(days=30)
LATER = NOON + timedelta(days=31)
CHURN = Anchor(model="churn", evaluation=17)
PICTURE = Picture("chart.png", "Recall by week", "Recall falls", b"\x89PNG bytes")


def sweep(database: Database, *, now: datetime = LATER) -> dict[str, int]:
    return retention.sweep(database, now=now, keep=MONTH)


def count(database: Database, table: Table) -> int:
    with database.reading() as tx:
        return int(tx.execute(select(func.count()).select_from(table)).scalar_one())


def ask(database: Database, key: str, *, at: datetime = NOON, finished: bool = True) -> int | None:
    request = Request("note", {"text": f"the words of {key}"}, Who("T1", "UANA"), Where(channel="C1"))
    with database.transaction() as tx:
        number = requests.take(tx, request, key=key, source="command", lane="quick", now=at)
        if number is not None and finished:
            [leased] = requests.lease(tx, lane="quick", now=at, seconds=30)
            requests.finish(tx, leased, now=at)
    return number


def want(database: Database, key: str, content: Content, *, kind: str = "message", at: datetime = NOON) -> None:
    address = Address(team="T1", channel="C1", user="UANA")
    with database.transaction() as tx:
        messages.want(tx, key=key, kind=kind, address=address, content=content, anchor=CHURN, now=at)


def show(database: Database, *, ts: str | None, at: datetime = NOON, file: str | None = None) -> Due:
    """The one message that is due is shown, with its picture where a file is named."""
    with database.transaction() as tx:
        due = messages.lease(tx, now=at, seconds=60)
        assert due is not None
        if file is not None:
            messages.picture_state(tx, due, file_id=file, completed=True, ready=True)
        messages.shown(tx, due, ts=ts, revision=due.wanted, now=at)
    return due


def get(database: Database, key: str) -> messages.Stored:
    with database.reading() as tx:
        found = messages.get(tx, key)
    assert found is not None
    return found


def test_answered_requests_go_and_those_that_wait_stay(database: Database) -> None:
    ask(database, "old")
    ask(database, "waits", finished=False)
    ask(database, "new", at=NOON + timedelta(days=20))
    assert sweep(database) == {"requests": 1}
    cells = stored(database)
    assert not [cell for cell in cells if "the words of old" in cell]
    assert [bool([cell for cell in cells if f"the words of {key}" in cell]) for key in ("waits", "new")] == [True, True]


def test_what_slack_delivers_again_within_a_day_does_not_run_twice(database: Database) -> None:
    ask(database, "message:T1:C1:5.000001")
    retention.sweep(database, now=NOON + timedelta(hours=25), keep=timedelta(days=2))  # the shortest that can be set
    assert ask(database, "message:T1:C1:5.000001") is None


def test_answers_that_one_person_saw_go_whole(database: Database) -> None:
    want(database, "answer:1", Content("only for Ana"), kind="ephemeral")
    show(database, ts=None)
    assert sweep(database) == {"answers": 1}
    assert count(database, message_rows) == 0


def test_of_a_message_the_words_go_and_its_place_anchor_and_file_stay(database: Database) -> None:
    want(database, "card:E-17", Content("Recall fell", ({"type": "section"},), PICTURE))
    show(database, ts="7.000001", file="F1")
    assert sweep(database) == {"words": 1, "pictures": 1}
    card = get(database, "card:E-17")
    assert (card.is_emptied, card.content.text, card.content.blocks) == (True, "", ())
    assert (card.ts, card.anchor, card.wanted, card.shown) == ("7.000001", CHURN, 1, 1)
    assert not [cell for cell in stored(database) if "PNG" in cell]
    with database.reading() as tx:
        place = messages.place(tx, team="T1", channel="C1", ts="7.000001")
    assert place is not None
    assert place.anchor == CHURN
    assert message_due(database) is None  # and Slack goes on showing it


def message_due(database: Database) -> Due | None:
    with database.transaction() as tx:
        return messages.lease(tx, now=LATER, seconds=60)


def test_an_emptied_message_is_reworded_with_the_file_that_it_had(database: Database) -> None:
    want(database, "card:E-17", Content("Recall fell", ({"type": "section"},), PICTURE))
    show(database, ts="7.000001", file="F1")
    sweep(database)
    before = get(database, "card:E-17")
    with database.transaction() as tx:
        reworded = Content("Recall has recovered", ({"type": "divider"},), before.content.picture)
        messages.reword(tx, key="card:E-17", content=reworded, now=LATER)
    due = message_due(database)
    assert due is not None
    assert due.picture is not None
    assert (due.ts, due.content.text, due.picture.file_id, due.picture.ready) == (
        "7.000001", "Recall has recovered", "F1", True
    )  # fmt: skip
    assert not get(database, "card:E-17").is_emptied


def test_what_is_not_shown_yet_or_is_young_keeps_its_words_and_its_picture(database: Database) -> None:
    want(database, "card:E-1", Content("not shown yet", (), PICTURE))
    assert sweep(database) == {}
    show(database, ts="7.000001", file="F1")
    want(database, "card:E-2", Content("shown of late"), at=LATER - timedelta(days=3))
    show(database, ts="8.000001", at=LATER)
    assert sweep(database) == {"words": 1, "pictures": 1}
    assert get(database, "card:E-2").content.text == "shown of late"


def test_a_picture_that_is_wanted_again_has_its_bytes_again(database: Database) -> None:
    want(database, "card:E-17", Content("Recall fell", (), PICTURE))
    show(database, ts="7.000001", file="F1")
    sweep(database)
    want(database, "answer:9", Content("the same chart", (), PICTURE), at=LATER)
    assert get(database, "answer:9").content.picture == PICTURE


def test_a_picture_that_slack_never_had_leaves_its_message(database: Database) -> None:
    want(database, "card:E-17", Content("Recall fell", (), PICTURE))
    show(database, ts="7.000001")
    assert sweep(database)["pictures"] == 1
    assert get(database, "card:E-17").content.picture is None


def test_a_message_that_quotes_a_note_can_still_lose_it(database: Database) -> None:
    with database.transaction() as tx:
        note = annotations.keep(
            tx, team="T1", author="UANA", persona=None, text="the supplier is late again this week", anchor=CHURN,
            channel="C1", ts="3.000001", thread="2.000001", permalink=None, now=NOON,
        )  # fmt: skip
    assert note is not None
    quoting = Content("Ana said: the supplier is late again this week", quotes=(note.id,))
    want(database, "card:E-17", quoting)
    show(database, ts="7.000001")
    sweep(database)
    with database.transaction() as tx:
        annotations.erase(tx, team="T1", channel="C1", ts="3.000001", now=LATER)
    due = message_due(database)
    assert due is not None
    assert due.content.text == "Ana said: (deleted)"
    assert not [cell for cell in stored(database) if "supplier" in cell]


def test_what_was_known_of_messages_and_notes_that_never_found_their_thread_go(database: Database) -> None:
    with database.transaction() as tx:
        annotations.not_a_note(tx, team="T1", channel="C1", ts="5.000001", now=NOON)
        annotations.keep(
            tx, team="T1", author="UANA", persona=None, text="whose thread is this", anchor=None,
            channel="C1", ts="6.000001", thread="2.000001", permalink=None, now=NOON,
        )  # fmt: skip
    swept = sweep(database)
    assert (swept["heard"], swept["unlinked"]) == (1, 1)
    assert (count(database, heard), count(database, annotation_rows)) == (0, 0)


def test_no_transaction_removes_more_than_a_piece(database: Database) -> None:
    rows = [_old_request(number) for number in range(retention.ROWS_AT_ONCE + 20)]
    with database.transaction() as tx:
        tx.execute(tx.insert(request_rows), rows)
        removed = retention.STEPS["requests"](tx, LATER - MONTH, LATER)
    assert removed == retention.ROWS_AT_ONCE
    assert sweep(database) == {"requests": 20}


def _old_request(number: int) -> dict[str, object]:
    asked = {"key": f"k{number}", "source": "command", "lane": "quick", "command": "help", "arguments": {}}
    moments = {"received_at": NOON, "next_at": NOON, "finished_at": NOON}
    return {**asked, **moments, "team": "T1", "user": "U1", "attempts": 1, "forgotten": False}


def test_a_sweep_ends_when_it_is_told_to(database: Database) -> None:
    ask(database, "old")
    assert retention.sweep(database, now=LATER, keep=MONTH, stopping=lambda: True) == {}
    assert count(database, request_rows) == 1


def test_of_eight_replicas_one_sweeps_in_an_hour(database: Database) -> None:
    def turn(now: datetime) -> bool:
        with database.transaction() as tx:
            return retention.take_turn(tx, now=now, every=timedelta(hours=1))

    assert sum(at_once(8, lambda _: turn(NOON))) == 1
    assert not turn(NOON + timedelta(minutes=59))
    assert sum(at_once(8, lambda _: turn(NOON + timedelta(hours=1)))) == 1


def test_sqlites_file_becomes_smaller(tmp_path: Path) -> None:
    file = tmp_path / "parley.db"
    database = Database(f"sqlite:///{file}")
    database.upgrade()
    rows = [{"sha": f"{number}", "png": bytes([number]) * 100_000} for number in range(60)]
    with database.transaction() as tx:
        tx.execute(tx.insert(pictures), rows)
    database.close()  # the last connection writes everything into the file itself
    full = file.stat().st_size
    assert sweep(database) == {"pictures": 60}
    database.close()
    assert full > 6_000_000
    assert file.stat().st_size < full - 5_900_000


@pytest.mark.parametrize(("days", "is_kept"), [(DAYS_KEPT_UNUSED - 1, True), (DAYS_KEPT_UNUSED + 1, False)])
def test_summaries_that_nobody_used_for_a_month_go(tmp_path: Path, days: int, is_kept: bool) -> None:
    kept = SummaryFiles(tmp_path)
    kept.put("abcdef", b"a summary")
    written = (tmp_path / "ab" / "cdef").stat().st_mtime
    kept.trim(now=written + days * 86_400)
    assert kept.has("abcdef") is is_kept
