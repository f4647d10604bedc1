"""Payloads reach a real Bolt app over signed HTTP, and come again when they are not taken."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from slack_bolt import Ack
from slack_bolt import App as BoltApp

from bot.workspace import ALL_SCOPES

from .stage import HttpApp, Stage

StartHttp = Callable[..., tuple[Stage, HttpApp]]
Payload = dict[str, Any]


def collect(bolt: BoltApp, *kinds: str) -> list[Payload]:
    """Have the app take these events and keep them."""
    taken: list[Payload] = []

    def take(body: Payload) -> None:
        taken.append(body)

    for kind in kinds:
        bolt.event(kind)(take)
    return taken


def test_a_mention_arrives_as_two_events_with_ids_of_their_own(http: StartHttp, bolt: BoltApp) -> None:
    taken = collect(bolt, "message", "app_mention")
    stage, _ = http()
    ts = stage.workspace.say(stage.ann, stage.channel, f"<@{stage.app.bot_user}> help & <more>")
    assert {body["event"]["type"] for body in taken} == {"message", "app_mention"}
    assert len({body["event_id"] for body in taken}) == 2
    for body in taken:
        assert body["team_id"] == stage.workspace.team
        assert body["api_app_id"] == stage.app.app_id
        assert body["authorizations"][0]["user_id"] == stage.app.bot_user
        assert body["event"]["ts"] == ts
        assert body["event"]["user"] == stage.ann
        assert body["event"]["text"] == f"<@{stage.app.bot_user}> help &amp; &lt;more&gt;"
    message = next(body["event"] for body in taken if body["event"]["type"] == "message")
    assert message["channel_type"] == "channel"
    assert message["blocks"][0]["elements"][0]["elements"] == [
        {"type": "user", "user_id": stage.app.bot_user},
        {"type": "text", "text": " help & <more>"},
    ]


def test_edits_and_deletions_say_what_was_there_before(http: StartHttp, bolt: BoltApp) -> None:
    taken = collect(bolt, "message")
    stage, _ = http()
    ts = stage.workspace.say(stage.ann, stage.channel, "frist")
    stage.workspace.edit(stage.ann, stage.channel, ts, "first")
    stage.workspace.edit(stage.ann, stage.channel, ts, "first")
    stage.workspace.delete(stage.ann, stage.channel, ts)
    written, changed, deleted = (body["event"] for body in taken)
    assert "subtype" not in written
    assert changed["subtype"] == "message_changed"
    assert (changed["previous_message"]["text"], changed["message"]["text"]) == ("frist", "first")
    assert changed["message"]["ts"] == ts
    assert changed["message"]["edited"]["user"] == stage.ann
    assert deleted["subtype"] == "message_deleted"
    assert deleted["deleted_ts"] == ts
    assert deleted["previous_message"]["text"] == "first"
    assert written["ts"] < changed["ts"] < deleted["ts"]


def test_a_parent_that_is_deleted_arrives_as_a_change_into_a_tombstone(http: StartHttp, bolt: BoltApp) -> None:
    taken = collect(bolt, "message")
    stage, _ = http()
    parent = stage.workspace.say(stage.ann, stage.channel, "parent")
    stage.workspace.say(stage.bob, stage.channel, "reply", thread=parent)
    stage.workspace.delete(stage.ann, stage.channel, parent)
    event = taken[-1]["event"]
    assert (event["subtype"], event["message"]["subtype"]) == ("message_changed", "tombstone")
    assert event["previous_message"]["text"] == "parent"


def test_a_mention_that_is_added_by_an_edit_calls_the_app_once(http: StartHttp, bolt: BoltApp) -> None:
    collect(bolt, "message")
    mentions = collect(bolt, "app_mention")
    stage, _ = http()
    ts = stage.workspace.say(stage.ann, stage.channel, "evaluate it")
    for text in ("evaluate it", "evaluate it please"):
        stage.workspace.edit(stage.ann, stage.channel, ts, f"<@{stage.app.bot_user}> {text}")
    assert [body["event"]["text"] for body in mentions] == [f"<@{stage.app.bot_user}> evaluate it"]


def test_an_app_hears_its_own_messages_with_its_bot_id(http: StartHttp, bolt: BoltApp) -> None:
    taken = collect(bolt, "message")
    stage, _ = http()
    ts = stage.post("a card")
    stage.client.chat_update(channel=stage.channel, ts=ts, text="a changed card")
    assert stage.workspace.settle()
    events = sorted((body["event"] for body in taken), key=lambda event: str(event["ts"]))
    assert events[0]["bot_id"] == stage.app.bot_id
    assert events[1]["message"]["bot_id"] == stage.app.bot_id


def test_coming_into_a_channel_is_told(http: StartHttp, bolt: BoltApp) -> None:
    joined = collect(bolt, "member_joined_channel")
    collect(bolt, "message")
    stage, _ = http()
    other = stage.workspace.add_channel("other", members=[stage.ann], with_app=False)
    stage.workspace.say(stage.ann, other, "nobody hears this")
    stage.workspace.invite(other, stage.app.bot_user, by=stage.ann)
    stage.workspace.invite(other, stage.bob, by=stage.ann)
    stage.workspace.invite(other, stage.bob, by=stage.ann)
    told = [(body["event"]["user"], body["event"]["inviter"]) for body in joined]
    assert told == [(stage.app.bot_user, stage.ann), (stage.bob, stage.ann)]
    texts = [d.payload["event"].get("text") for d in stage.workspace.deliveries]
    assert "nobody hears this" not in texts


def test_without_the_history_scope_only_mentions_arrive(http: StartHttp, bolt: BoltApp) -> None:
    taken = collect(bolt, "message", "app_mention")
    stage, _ = http(scopes=ALL_SCOPES - {"channels:history"})
    stage.workspace.say(stage.ann, stage.channel, f"<@{stage.app.bot_user}> help")
    assert [body["event"]["type"] for body in taken] == ["app_mention"]


def test_an_event_that_is_not_taken_comes_three_times_more_with_the_same_id(http: StartHttp, bolt: BoltApp) -> None:
    taken: list[str] = []

    @bolt.event("message")
    def fail(body: Payload) -> None:
        taken.append(body["event_id"])
        raise RuntimeError("not now")

    stage, app = http()
    stage.workspace.say(stage.ann, stage.channel, "hello")
    assert len(taken) >= 2  # the first retry is immediate
    assert stage.workspace.settle()
    assert len(taken) == 4
    assert len(set(taken)) == 1
    retries = [(h.get("x-slack-retry-num"), h.get("x-slack-retry-reason")) for h in app.headers]
    assert retries == [(None, None), ("1", "http_error"), ("2", "http_error"), ("3", "http_error")]
    assert [attempt.status for attempt in stage.workspace.deliveries[0].attempts] == [500] * 4


def test_an_event_that_is_taken_on_the_second_try_comes_no_third_time(http: StartHttp, bolt: BoltApp) -> None:
    taken: list[str] = []

    @bolt.event("message")
    def fail_once(body: Payload) -> None:
        taken.append(body["event_id"])
        if len(taken) == 1:
            raise RuntimeError("not now")

    stage, _ = http()
    stage.workspace.say(stage.ann, stage.channel, "hello")
    assert stage.workspace.settle()
    assert len(taken) == 2
    assert stage.workspace.deliveries[0].acknowledged


def test_anything_can_be_delivered_again_by_hand(http: StartHttp, bolt: BoltApp) -> None:
    taken = collect(bolt, "message")
    commands: list[Payload] = []

    @bolt.command("/parley")
    def take(ack: Ack, body: Payload) -> None:
        commands.append(body)
        ack()

    stage, _ = http()
    stage.workspace.say(stage.ann, stage.channel, "hello")
    delivery = stage.workspace.deliveries[-1]
    assert [delivery.redeliver().status for _ in range(2)] == [200, 200]
    assert [body["event_id"] for body in taken] == [taken[0]["event_id"]] * 3
    command = stage.workspace.command(stage.ann, stage.channel, "help")
    command.redeliver()
    assert commands[0]["trigger_id"] == commands[1]["trigger_id"]


def test_an_app_that_is_not_there_gets_its_events_when_it_comes(http: StartHttp, bolt: BoltApp) -> None:
    taken = collect(bolt, "message")
    stage, app = http()
    away = stage.app.request_url
    stage.workspace.retry_delays = (0, 0.05, 0.05)
    set_url(stage, "http://127.0.0.1:9/slack/events")
    stage.workspace.say(stage.ann, stage.channel, "are you there?")
    assert [attempt.problem for attempt in stage.workspace.deliveries[0].attempts] == ["connection_failed"] * 2
    set_url(stage, away)
    assert stage.workspace.settle()
    assert [body["event"]["text"] for body in taken] == ["are you there?"]
    assert app.headers[0]["x-slack-retry-num"] == "2"


def test_a_signature_that_is_not_the_apps_is_not_taken(http: StartHttp, bolt: BoltApp) -> None:
    taken = collect(bolt, "message")
    stage, _ = http()
    stage.workspace.install_app(
        bot_token=stage.app.bot_token,
        app_token=stage.app.app_token,
        signing_secret="another",
        request_url=stage.app.request_url,
    )
    stage.workspace.say(stage.ann, stage.channel, "hello")
    assert stage.workspace.deliveries[0].status == 401
    assert taken == []


def test_a_slow_app_is_given_up_after_three_seconds(http: StartHttp, bolt: BoltApp) -> None:
    given_up = threading.Event()

    @bolt.command("/parley")
    def slow(ack: Ack) -> None:
        given_up.wait(30)
        ack()

    stage, _ = http()
    delivery = stage.workspace.command(stage.ann, stage.channel, "help")
    given_up.set()
    assert delivery.attempts[0].problem == "http_timeout"
    assert 2.9 < delivery.seconds < 20  # that much later at most on a busy machine
    assert "operation_timeout" in stage.workspace.ephemerals(stage.channel, stage.ann)[0]["text"]


def set_url(stage: Stage, url: str | None) -> None:
    app = stage.app
    stage.workspace.install_app(
        bot_token=app.bot_token, app_token=app.app_token, signing_secret=app.signing_secret, request_url=url
    )
