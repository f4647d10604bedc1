"""What Slack refuses, delays or keeps quiet about: a message is there once, in its order, or somebody hears why not."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from bot.alarm import Alarm
from bot.gateway import MOST_ATTEMPTS
from bot.render.answers import words_only
from bot.render.as_sent import MAY_BE_HERE_TWICE
from bot.render.blocks import picture, section
from bot.slack.api import TooFast, seconds_asked_for, web_client
from bot.slack.pace import CALLS_A_MINUTE, OutOfTurn
from storage import messages, paces, schedules
from storage.database import Database, Json
from storage.messages import Content, Picture
from storage.tables import messages as rows
from tests.bot.desk import Desk
from tests.databases import fresh_url
from tests.storage.cells import stored

PNG = b"\x89PNG\r\n\x1a\n" + bytes(8) + (40).to_bytes(4, "big") + (30).to_bytes(4, "big")
CHART = Content("the result", (section("the result"), picture("a chart")), Picture("a.png", "A chart", "a chart", PNG))
NEVER = 1e9
PERMANENT = [
    "not_in_channel",
    "is_archived",
    "restricted_action",
    "restricted_action_read_only_channel",
    "restricted_action_thread_only_channel",
    "restricted_action_non_threadable_channel",
    "restricted_action_thread_locked",
    "team_access_not_granted",
    "missing_scope",
    "message_limit_exceeded",
    "msg_too_long",
    "an_error_that_slack_has_yet_to_invent",
]


def test_only_one_place_makes_a_client_and_it_never_tries_twice_by_itself() -> None:
    assert web_client("xoxb-1", "http://127.0.0.1:1/api/").retry_handlers == []
    sources = [p for p in Path("bot").rglob("*.py") if "workspace" not in p.parts]
    makers = [p.as_posix() for p in sources if "WebClient(" in p.read_text(encoding="utf-8")]
    assert makers == ["bot/slack/api.py"]
    assert not [p for p in sources if "WebhookClient(" in p.read_text(encoding="utf-8")]


@pytest.mark.parametrize(("drop", "times"), [("after", 1), ("before", 0)])
@pytest.mark.parametrize("by_url", [True, False], ids=["by response_url", "by chat.postEphemeral"])
def test_an_answer_whose_connection_drops_is_tried_once_and_said_to_be_maybe_lost(
    desk: Desk, drop: Any, times: int, by_url: bool
) -> None:
    url = desk.workspace.records.new_response_url(desk.app, desk.channel, desk.mara) if by_url else None
    desk.workspace.fault("response_url" if by_url else "chat.postEphemeral", drop=drop)
    desk.want("answer", kind="ephemeral", response_url=url)
    with capture_logs() as logs:
        desk.send()
    assert "/response/" not in str([logs, stored(desk.database)])
    assert desk.whispered().count("answer") == times
    assert len([text for text in desk.whispered() if "may not have arrived" in text]) == 1
    assert desk.stored("answer").failed == "no answer from Slack"
    desk.later(3600)
    assert desk.whispered().count("answer") == times


def test_an_answer_whose_address_is_used_up_is_given_another_way(desk: Desk) -> None:
    url = desk.workspace.records.new_response_url(desk.app, desk.channel, desk.mara)
    desk.sleep(31 * 60)
    desk.want("answer", kind="ephemeral", response_url=url)
    desk.send()
    assert desk.whispered() == ["answer"]
    assert not [cell for cell in stored(desk.database) if url in cell]


def test_an_answer_that_nobody_can_whisper_is_given_directly(desk: Desk) -> None:
    desk.workspace.fault("chat.postEphemeral", error="user_not_in_channel")
    desk.want("answer", kind="ephemeral")
    desk.send()
    assert desk.direct() == ["answer"]
    assert desk.said() == []


@pytest.mark.parametrize(
    "trouble", [{"retry_after": 30}, {"status": 500}, {"drop": "before"}, {"error": "fatal_error"}]
)
def test_an_unknown_outcome_outlives_a_look_up_that_fails(desk: Desk, trouble: dict[str, Any]) -> None:
    desk.workspace.fault("chat.postMessage", drop="after")
    desk.want("once")
    desk.send()
    desk.workspace.fault("conversations.history", **trouble)
    desk.later()
    assert desk.stored("once").ts is None
    desk.later(60)
    assert desk.said() == ["once"]
    assert desk.stored("once").ts is not None


@pytest.mark.parametrize("newer", [20, 100])
def test_a_look_up_goes_back_to_the_time_of_the_try_however_much_was_said_since(desk: Desk, newer: int) -> None:
    desk.workspace.fault("chat.postMessage", drop="after")
    desk.want("once")
    desk.send()
    for number in range(newer):
        desk.workspace.say(desk.mara, desk.channel, f"talk {number}")
    desk.later()
    assert desk.said() == ["once"]
    assert desk.stored("once").ts is not None
    assert len(desk.calls("conversations.history")) == newer // 15 + 1


def test_a_reply_is_looked_up_in_its_thread(desk: Desk) -> None:
    root = desk.workspace.say(desk.mara, desk.channel, "the root")
    for number in range(20):
        desk.workspace.say(desk.mara, desk.channel, f"before {number}", thread=root)
    desk.workspace.fault("chat.postMessage", drop="after")
    desk.want("once", thread=root)
    desk.send()
    desk.later()
    replies = [m for m in desk.workspace.replies(desk.channel, root) if m.get("bot_id")]
    assert [m["text"] for m in replies] == ["once"]
    assert desk.stored("once").ts == replies[0]["ts"]


def test_what_a_look_up_finds_is_edited_only_where_other_words_are_wanted_since(desk: Desk) -> None:
    for key in ("as it was", "with more"):
        desk.workspace.fault("chat.postMessage", drop="after")
        desk.want(key, words_only("said"))
        desk.send()
    desk.want("with more", words_only("said, and more"))
    desk.later()
    assert desk.said() == ["said", "said, and more"]
    assert len(desk.calls("chat.update")) == 1


def test_where_nobody_may_look_the_second_one_says_that_it_may_be_the_second_also_when_edited(desk: Desk) -> None:
    desk.workspace.fault("chat.postMessage", drop="after")
    desk.want("said")
    desk.send()
    desk.workspace.fault("conversations.history", error="missing_scope")
    desk.later()
    assert desk.said() == ["said", f"said\n{MAY_BE_HERE_TWICE}"]
    desk.want("said", words_only("said anew"))
    desk.send()
    assert desk.said() == ["said", f"said anew\n{MAY_BE_HERE_TWICE}"]


def test_a_failed_first_message_is_not_overtaken_in_its_thread(desk: Desk) -> None:
    root = desk.workspace.say(desk.mara, desk.channel, "the root")
    desk.workspace.fault("chat.postMessage", drop="before")
    desk.want("first", thread=root)
    desk.want("second", thread=root)
    desk.want("elsewhere")
    desk.send()
    assert desk.said() == ["elsewhere"]
    assert [m["text"] for m in desk.workspace.replies(desk.channel, root)] == []
    desk.later()
    assert [m["text"] for m in desk.workspace.replies(desk.channel, root)] == ["first", "second"]


def test_an_answer_under_a_card_that_slack_has_not_owned_up_to_waits_for_the_details(desk: Desk) -> None:
    desk.workspace.fault("chat.postMessage", drop="after")
    desk.want("card")
    desk.want("details", parent="card")
    desk.send()
    [card] = [m["ts"] for m in desk.workspace.messages(desk.channel) if m.get("bot_id")]
    desk.want("answer", thread=card)
    desk.send()
    assert [m["text"] for m in desk.workspace.replies(desk.channel, card)] == []
    desk.later()
    assert [m["text"] for m in desk.workspace.replies(desk.channel, card)] == ["details", "answer"]


def test_a_reply_of_a_card_that_could_not_be_posted_is_given_up_with_it(desk: Desk) -> None:
    desk.workspace.archive(desk.channel)
    desk.want("card")
    desk.want("details", parent="card")
    desk.send()
    desk.send()
    assert desk.stored("details").failed == "is_archived"
    assert len([text for text in desk.direct() if "is archived" in text]) == 1


def test_three_replicas_keep_one_pace_in_a_channel(desk: Desk, tmp_path_factory: Any) -> None:
    gap, posts = 0.25, 7
    with fresh_url("postgresql", tmp_path_factory) as url:
        databases = [Database(url) for _ in range(3)]
        desk.database = databases[0]
        stop = threading.Event()
        replicas = [desk.gateway(gap=gap, database=one) for one in databases]
        for number in range(posts):
            desk.want(f"m{number}")
        threads = [threading.Thread(target=replica.work, args=(stop,)) for replica in replicas]
        for thread in threads:
            thread.start()
        for _ in range(2000):
            if len(desk.said()) == posts:
                break
            stop.wait(0.01)
        stop.set()
        for thread in threads:
            thread.join(10)
        for one in databases:
            one.close()
    assert sorted(desk.said()) == [f"m{number}" for number in range(posts)]
    moments = [call.at for call in desk.calls("chat.postMessage")]
    assert (moments[-1] - moments[0]).total_seconds() > gap * (posts - 1) * 0.8


def test_edits_that_come_too_early_keep_no_channel_from_what_may_be_said(desk: Desk) -> None:
    cards, seconds = CALLS_A_MINUTE["chat.update"], 50
    for number in range(cards):
        desk.want(f"card {number}")
    desk.send()
    for number in range(cards):
        desk.want(f"card {number}", words_only(f"card {number} with more"))
    for number in range(seconds - cards // 2):
        desk.want(f"news {number}")
    for _ in range(seconds):
        desk.sleep(1.0)
        desk.send(gap=1.0)
    edits = len([text for text in desk.said() if "with more" in text])
    news = len([text for text in desk.said() if text.startswith("news")])
    assert edits < seconds
    assert edits + news == seconds, "one of them each second"


def test_no_minute_has_more_calls_than_the_methods_tier(desk: Desk) -> None:
    pace, most = desk.pace(gap=1.0), CALLS_A_MINUTE["conversations.info"]
    made = []
    began = desk.clock()
    while (elapsed := (desk.clock() - began).total_seconds()) < 130:
        try:
            pace.call(desk.team, "conversations.info", {"channel": desk.channel})
            made.append(elapsed)
        except OutOfTurn as early:
            desk.sleep(early.seconds)
    assert max(sum(start <= at < start + 60 for at in made) for start in made) <= most
    assert len(made) > most


def test_what_a_429_asked_for_holds_for_its_method_and_team_in_all_replicas(desk: Desk) -> None:
    pace = desk.pace(gap=1.0)
    desk.workspace.fault("conversations.info", retry_after=8)
    arguments = {"channel": desk.channel}
    with pytest.raises(TooFast):
        pace.call(desk.team, "conversations.info", arguments)
    with pytest.raises(OutOfTurn):
        desk.pace(gap=1.0).call(desk.team, "conversations.info", arguments)  # another replica knows it too
    assert pace.call(desk.team, "conversations.members", arguments)["ok"]
    assert pace.call("T9", "conversations.info", arguments)["ok"]
    desk.sleep(9)
    assert pace.call(desk.team, "conversations.info", arguments)["ok"]


def test_a_429_on_looking_at_a_file_holds_no_message(desk: Desk) -> None:
    desk.workspace.fault("files.info", retry_after=300)
    desk.want("card", CHART)
    desk.send()
    desk.want("card two")
    desk.send()
    assert desk.said() == ["the result", "card two"]
    assert desk.stored("card").shown == 0
    desk.later(301)
    desk.later(1)
    assert desk.stored("card").shown == 1


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "30"}, 30.0),
        ({"retry-after": ["2.5"]}, 2.5),
        ({"Retry-After": "Mon, 02 Mar 2026 12:00:40 GMT", "Date": "Mon, 02 Mar 2026 12:00:00 GMT"}, 40.0),
        ({"Retry-After": "Mon, 02 Mar 2026 11:00:00 GMT", "Date": "Mon, 02 Mar 2026 12:00:00 GMT"}, 5.0),
        ({"Retry-After": "soon"}, 5.0),
        ({"Retry-After": "0"}, 1.0),
        ({"Retry-After": "-3"}, 5.0),
        ({"Retry-After": "nan"}, 5.0),
        ({"Retry-After": "1e12"}, 3600.0),
        ({"Retry-After": []}, 5.0),
        ({}, 5.0),
    ],
)
def test_retry_after_is_a_number_a_date_or_nothing_that_can_be_read(headers: dict[str, Any], seconds: float) -> None:
    assert seconds_asked_for(headers) == seconds


def test_an_alarm_tells_when_to_look_again() -> None:
    moments = [100.0]
    alarm = Alarm(monotonic=lambda: moments[0])
    assert alarm.seconds(at_most=1.0) == 1.0
    alarm.set(0.5)
    alarm.set(0.2)
    assert alarm.seconds(at_most=1.0) == pytest.approx(0.2)
    assert not alarm.rang()
    moments[0] = 100.3
    assert alarm.rang()
    assert alarm.seconds(at_most=1.0) == pytest.approx(0.2)


def test_a_picture_that_slack_looks_at_for_long_holds_up_neither_words_nor_others(desk: Desk) -> None:
    desk.workspace.file_seconds = NEVER
    desk.want("card", words_only("evaluating"))
    desk.send()
    desk.want("card", CHART)
    desk.send()
    assert desk.said() == ["evaluating"]
    desk.want("another")
    desk.send()
    assert desk.said() == ["evaluating", "another"]
    desk.later(3.5)
    assert desk.said() == ["the result", "another"]
    before = len(desk.workspace.calls_of("files.info"))
    for _ in range(60):
        desk.later(2)
        if desk.stored("card").shown == 2:
            break
    looks = len(desk.workspace.calls_of("files.info")) - before
    assert 15 < looks < 30  # 90 s, at most every 4
    assert desk.said()[0] == "the result\nSlack didn't show the chart here. It's a file in this thread."


def test_while_edits_rest_a_picture_comes_nearer_and_one_edit_shows_it_with_its_words(desk: Desk) -> None:
    desk.want("card", words_only("evaluating"))
    desk.send()
    desk.workspace.file_seconds = 0.2
    desk.want("card", CHART)
    desk.send()
    time.sleep(0.3)  # by the workspace's own clock the file can be shown now
    with desk.database.transaction() as tx:
        paces.hold(tx, team=desk.team, what=paces.EDITS, until=desk.clock() + timedelta(seconds=30))
    for _ in range(10):
        desk.later(4)
    assert desk.said() == ["the result"]
    assert (desk.stored("card").shown, len(desk.calls("chat.update"))) == (2, 1)


def test_a_card_that_is_deleted_while_its_picture_is_on_the_way_is_posted_anew_with_it(desk: Desk) -> None:
    desk.want("card", words_only("evaluating"))
    desk.send()
    place = {"channel": desk.channel, "ts": desk.stored("card").ts}
    desk.pace().call(desk.team, "chat.delete", place)
    desk.want("card", CHART)
    for _ in range(10):
        desk.later(1)
    [card] = [m for m in desk.workspace.messages(desk.channel) if m.get("bot_id")]
    assert card["text"] == "the result"
    assert [block["type"] for block in card["blocks"]] == ["section", "image"]


@pytest.mark.parametrize("method", ["files.getUploadURLExternal", "files.completeUploadExternal"])
def test_where_files_are_not_allowed_the_card_stays_and_says_so(desk: Desk, method: str) -> None:
    desk.workspace.fault(method, error="file_uploads_disabled")
    desk.want("card", CHART)
    desk.send()
    [card] = [m for m in desk.workspace.messages(desk.channel) if m.get("bot_id")]
    assert card["text"] == "the result\nSlack didn't take the chart, so it's missing here."
    assert [block["type"] for block in card["blocks"]] == ["section", "context"]
    assert len(desk.calls("chat.postMessage")) == 1


def test_a_picture_that_slack_refuses_takes_nothing_else_with_it(desk: Desk) -> None:
    desk.workspace.fault("chat.update", error="invalid_blocks")
    desk.want("card", CHART)
    desk.send()
    desk.later(1)
    [card] = [m for m in desk.workspace.messages(desk.channel) if m.get("bot_id")]
    assert card["text"].endswith("It's a file in this thread.")
    assert [block["type"] for block in card["blocks"]] == ["section", "context"]
    assert desk.stored("card").shown == 1


def test_a_block_that_this_workspace_does_not_know_is_left_out_alone(desk: Desk) -> None:
    table: Json = {"type": "a_block_of_next_year", "rows": [["1"]]}
    desk.want("card", Content("the result", (section("the result"), table)))
    desk.send()
    [card] = [m for m in desk.workspace.messages(desk.channel) if m.get("bot_id")]
    assert [block["type"] for block in card["blocks"]] == ["section", "context"]
    assert card["text"].endswith("so they're left out.")


@pytest.mark.parametrize("error", PERMANENT)
def test_a_permanent_error_is_tried_once_and_the_asker_hears_of_it(desk: Desk, error: str) -> None:
    desk.workspace.fault("chat.postMessage", error=error, times=100)
    desk.want("card", Content("card"))
    desk.send()
    desk.later(3600)
    assert len([c for c in desk.calls("chat.postMessage") if "card" in c.arguments["text"]]) == 1
    assert desk.stored("card").failed == error
    assert len(desk.whispered()) == 1
    with desk.database.reading() as tx:
        assert [dead.reason for dead in messages.dead(tx)] == [error]


@pytest.mark.parametrize("closed", [(), ("direct",), ("direct", "ephemeral")])
def test_a_schedule_whose_message_is_refused_is_paused_at_once_and_its_owner_told_once(
    desk: Desk, closed: tuple[str, ...]
) -> None:
    schedule = desk.schedule()
    desk.workspace.fault("chat.postMessage", error="restricted_action", times=2)
    if "direct" in closed:
        desk.workspace.fault("chat.postMessage", error="messages_tab_disabled")
    if "ephemeral" in closed:
        desk.workspace.fault("chat.postEphemeral", error="user_not_in_channel")
    desk.want("digest", schedule=schedule)
    desk.want("digest, second part", schedule=schedule)
    desk.send()
    with desk.database.reading() as tx:
        found = schedules.get(tx, schedule)
    assert found is not None
    assert found.state == "paused"
    heard = {"direct": desk.direct(), "ephemeral": desk.whispered(), "channel": desk.said()}
    place = ("direct", "ephemeral", "channel")[len(closed)]
    told = {where: [text for text in texts if "is paused" in text] for where, texts in heard.items()}
    assert {where: len(texts) for where, texts in told.items() if texts} == {place: 1}
    assert f"Slack doesn't let me post in <#{desk.channel}> (restricted_action)." in told[place][0]


def test_a_token_that_slack_refuses_burns_no_message(desk: Desk) -> None:
    desk.workspace.fault("chat.postMessage", error="token_revoked", times=2)
    for number in range(5):
        desk.want(f"m{number}")
    with capture_logs() as logs:
        desk.send()
        desk.later(59)
    assert len(desk.calls("chat.postMessage")) == 1
    assert [line["event"] for line in logs if line["log_level"] == "error"] == [
        "Slack refuses the bot's token; all messages wait"
    ]
    desk.later(2)
    desk.later(119)
    assert len(desk.calls("chat.postMessage")) == 2
    desk.later(2)
    assert sorted(desk.said()) == [f"m{number}" for number in range(5)]


def test_a_message_that_slack_never_answers_is_given_up_at_last_and_stops_no_schedule(desk: Desk) -> None:
    schedule = desk.schedule()
    desk.workspace.fault("chat.postMessage", drop="before", times=10_000)
    desk.want("card", schedule=schedule)
    for _ in range(MOST_ATTEMPTS + 1):
        desk.later(400)
    with desk.database.reading() as tx:
        assert [dead.key for dead in messages.dead(tx)] == ["card"]
        assert [one.id for one in schedules.active(tx)] == [schedule]
    [told] = desk.whispered()
    assert f"Slack didn't answer, so I couldn't post in <#{desk.channel}>." in told


def test_an_edit_that_slack_refuses_is_replied_once_although_the_answer_is_lost(desk: Desk) -> None:
    desk.want("card", words_only("as it was"))
    desk.send()
    desk.workspace.fault("chat.update", error="cant_update_message")
    desk.workspace.fault("chat.postMessage", drop="after")
    desk.want("card", words_only("as it is now"))
    desk.send()
    desk.later()
    ts = desk.stored("card").ts
    assert ts is not None
    assert [m["text"] for m in desk.workspace.replies(desk.channel, ts)] == ["as it is now"]


def test_an_answer_that_may_be_lost_is_not_sent_again_when_its_delivery_comes_again(desk: Desk) -> None:
    desk.workspace.fault("chat.postEphemeral", drop="after")
    for _ in range(2):
        desk.want("refused", kind="ephemeral")
        desk.send()
    assert desk.whispered().count("refused") == 1


def test_a_delivery_that_comes_again_after_its_answer_brings_no_address_back(desk: Desk) -> None:
    secret = f"{desk.workspace.records.base_url}/response/{desk.team}/secret"
    for _ in range(2):
        desk.want("refused", kind="ephemeral", response_url=secret)
        desk.send()
    with desk.database.reading() as tx:
        assert tx.execute(select(rows.c.response_url)).scalars().all() == [None]
