"""Events that come twice, late, again, or only after an outage; previews; edits of one second; ended tokens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from slack_bolt import App as BoltApp

from bot.workspace import Likely

from .stage import APP_TOKEN, BOT_TOKEN, SECRET, HttpApp, Stage, until
from .test_delivery import collect
from .test_workspace_files import uploaded

StartHttp = Callable[..., tuple[Stage, HttpApp]]
Payload = dict[str, Any]


def texts(taken: list[Payload]) -> list[str]:
    return [body["event"]["text"] for body in taken]


def test_an_event_comes_twice_with_the_same_id(http: StartHttp, bolt: BoltApp) -> None:
    taken = collect(bolt, "message")
    stage, _ = http()
    stage.workspace.mishaps(Likely(twice=1.0))
    stage.workspace.say(stage.ann, stage.channel, "hello")
    assert texts(taken) == ["hello", "hello"]
    assert len({body["event_id"] for body in taken}) == 1


def test_a_late_event_is_overtaken(http: StartHttp, bolt: BoltApp) -> None:
    taken = collect(bolt, "message")
    stage, _ = http()
    stage.workspace.mishaps(Likely(late=1.0, late_seconds=0.2))
    stage.workspace.say(stage.ann, stage.channel, "first")
    stage.workspace.mishaps(Likely())
    stage.workspace.say(stage.ann, stage.channel, "second")
    assert stage.workspace.settle()
    assert texts(taken) == ["second", "first"]


def test_an_event_whose_answer_is_lost_comes_again(http: StartHttp, bolt: BoltApp) -> None:
    taken = collect(bolt, "message")
    stage, app = http()
    stage.workspace.mishaps(Likely(answer_lost=1.0))
    stage.workspace.say(stage.ann, stage.channel, "hello")
    assert stage.workspace.settle()
    assert texts(taken) == ["hello", "hello"]
    assert [headers.get("x-slack-retry-reason") for headers in app.headers] == [None, "http_timeout"]


def test_the_events_of_an_outage_come_when_it_ends_in_their_order(http: StartHttp, bolt: BoltApp) -> None:
    taken = collect(bolt, "message")
    stage, _ = http()
    stage.workspace.outage()
    for text in ("first", "second"):
        stage.workspace.say(stage.ann, stage.channel, text)
    assert taken == []
    assert stage.workspace.replay() == 2
    stage.workspace.say(stage.ann, stage.channel, "third")
    assert texts(taken) == ["first", "second", "third"]


def test_a_preview_is_a_change_that_is_no_edit(http: StartHttp, bolt: BoltApp) -> None:
    taken = collect(bolt, "message")
    stage, _ = http()
    stage.workspace.unfurl_seconds = 0.0
    ts = stage.workspace.say(stage.ann, stage.channel, "see https://example.com/page")
    assert stage.workspace.settle()
    preview = taken[-1]["event"]
    assert (preview["subtype"], preview["message"]["ts"]) == ("message_changed", ts)
    assert preview["message"]["text"] == preview["previous_message"]["text"]
    assert preview["message"]["attachments"][0]["from_url"] == "https://example.com/page"
    assert "edited" not in preview["message"]
    stage.workspace.edit(stage.ann, stage.channel, ts, "better: see https://example.com/page")
    stage.workspace.unfurl(stage.channel, ts)
    edited, again = (body["event"]["message"]["edited"] for body in taken[-2:])
    assert edited == again


def test_without_the_link_its_preview_goes(http: StartHttp, bolt: BoltApp) -> None:
    collect(bolt, "message")
    stage, _ = http()
    stage.workspace.unfurl_seconds = None
    ts = stage.workspace.say(stage.ann, stage.channel, "see https://example.com/page")
    stage.workspace.unfurl(stage.channel, ts)
    stage.workspace.edit(stage.ann, stage.channel, ts, "never mind")
    assert "attachments" not in stage.workspace.messages(stage.channel)[0]


def test_edits_within_a_second_differ_only_in_the_moment_of_the_change(http: StartHttp, bolt: BoltApp) -> None:
    taken = collect(bolt, "message")
    stage, _ = http()  # its clock stands still
    ts = stage.workspace.say(stage.ann, stage.channel, "one")
    for text in ("two", "three"):
        stage.workspace.edit(stage.ann, stage.channel, ts, text)
    second, third = (body["event"] for body in taken[1:])
    assert second["message"]["edited"] == third["message"]["edited"]
    assert third["message"]["edited"]["ts"].endswith(".000000")
    assert second["event_ts"] < third["event_ts"]
    assert len({body["event_id"] for body in taken}) == 3


def test_a_tombstone_comes_without_the_words_of_the_message(http: StartHttp, bolt: BoltApp) -> None:
    taken = collect(bolt, "message")
    stage, _ = http()
    parent = stage.workspace.say(stage.ann, stage.channel, "parent")
    reply = stage.workspace.say(stage.bob, stage.channel, "reply", thread=parent)
    stage.workspace.delete(stage.ann, stage.channel, parent)
    stone = taken[-1]["event"]["message"]
    assert (stone["subtype"], stone["hidden"], stone["text"]) == ("tombstone", True, "This message was deleted.")
    assert stone["reply_count"] == 1
    stage.workspace.delete(stage.bob, stage.channel, reply)
    gone = [body["event"] for body in taken if body["event"].get("subtype") == "message_deleted"]
    before = {event["deleted_ts"]: event["previous_message"]["text"] for event in gone}
    assert before == {reply: "reply", parent: "This message was deleted."}


def test_a_file_that_an_app_shares_comes_from_its_user_without_a_bot_id(http: StartHttp, bolt: BoltApp) -> None:
    taken = collect(bolt, "message")
    stage, _ = http()
    for named in (False, True):
        stage.workspace.shares_name_the_bot = named
        stage.client.files_completeUploadExternal(files=[{"id": uploaded(stage)}], channel_id=stage.channel)
        assert stage.workspace.settle()
    plain, with_bot = (body["event"] for body in taken)
    assert (plain["subtype"], plain["upload"], plain["user"]) == ("file_share", False, stage.app.bot_user)
    assert len(plain["files"]) == 1
    assert "bot_id" not in plain
    assert with_bot["bot_id"] == stage.app.bot_id


def test_an_app_that_is_taken_out_is_told_in_two_events_and_its_tokens_end(http: StartHttp, bolt: BoltApp) -> None:
    told = collect(bolt, "app_uninstalled", "tokens_revoked")
    stage, _ = http()
    stage.workspace.uninstall(stage.app)
    assert sorted(body["event"]["type"] for body in told) == ["app_uninstalled", "tokens_revoked"]
    assert stage.error("chat.postMessage", channel=stage.channel, text="x") == "account_inactive"
    stage.workspace.say(stage.ann, stage.channel, "nobody hears this")
    assert len(stage.workspace.deliveries) == 2


def test_tokens_can_be_revoked_alone_and_come_back(http: StartHttp, bolt: BoltApp) -> None:
    told = collect(bolt, "tokens_revoked")
    stage, app = http()
    stage.workspace.revoke_tokens(stage.app)
    assert told[0]["event"]["tokens"] == {"oauth": [], "bot": [stage.app.bot_user]}
    assert stage.error("auth.test") == "token_revoked"
    stage.workspace.install_app(bot_token=BOT_TOKEN, app_token=APP_TOKEN, signing_secret=SECRET, request_url=app.url)
    stage.post("here again")


def test_an_app_hears_that_events_were_dropped(http: StartHttp) -> None:
    stage, _ = http()
    delivery = stage.workspace.rate_limit_events(stage.app)
    assert delivery.payload["type"] == "app_rate_limited"
    assert delivery.payload["team_id"] == stage.workspace.team
    assert delivery.payload["minute_rate_limited"] % 60 == 0
    until(lambda: delivery.attempts)
