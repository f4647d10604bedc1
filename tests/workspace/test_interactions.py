"""Commands, clicks, forms and response URLs, as a Bolt app sees them and as people see the answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from slack_bolt import Ack
from slack_bolt import App as BoltApp
from slack_sdk.errors import SlackApiError
from slack_sdk.webhook import WebhookClient

from bot.workspace import answered_options

from .stage import HttpApp, Stage

StartHttp = Callable[..., tuple[Stage, HttpApp]]
Payload = dict[str, Any]


def plain(text: str) -> Payload:
    return {"type": "plain_text", "text": text}


CARD: list[Payload] = [
    {"type": "section", "text": {"type": "mrkdwn", "text": "the card"}},
    {
        "type": "actions",
        "block_id": "row",
        "elements": [
            {"type": "button", "action_id": "again", "text": plain("Again"), "value": "E-1"},
            {"type": "overflow", "action_id": "more", "options": [{"text": plain("Trend"), "value": "trend"}]},
            {
                "type": "static_select",
                "action_id": "as",
                "placeholder": plain("Choose"),
                "options": [{"text": plain("Note"), "value": "note"}, {"text": plain("Action"), "value": "action"}],
            },
        ],
    },
]
FORM: Payload = {
    "type": "modal",
    "callback_id": "note",
    "title": plain("Note"),
    "submit": plain("Keep"),
    "private_metadata": "E-1",
    "notify_on_close": True,
    "blocks": [
        {
            "type": "input",
            "block_id": "text",
            "label": plain("Text"),
            "element": {"type": "plain_text_input", "action_id": "typed"},
        },
        {
            "type": "input",
            "block_id": "kind",
            "optional": True,
            "label": plain("Kind"),
            "element": {
                "type": "static_select",
                "action_id": "chosen",
                "options": [{"text": plain("Note"), "value": "note"}, {"text": plain("Action"), "value": "action"}],
            },
        },
    ],
}


@pytest.fixture
def commands(bolt: BoltApp) -> list[Payload]:
    """The commands that the app took; it answers what it was told to echo."""
    taken: list[Payload] = []

    @bolt.command("/parley")
    def take(ack: Ack, body: Payload) -> None:
        taken.append(body)
        kind, _, text = body["text"].partition(" ")
        if kind == "say":
            ack(text)
        elif kind == "tell":
            ack(response_type="in_channel", text=text)
        else:
            ack()

    return taken


@pytest.fixture
def clicks(bolt: BoltApp) -> list[Payload]:
    taken: list[Payload] = []

    def take(ack: Ack, body: Payload) -> None:
        taken.append(body)
        ack()

    for name in ("again", "more", "as"):
        bolt.action(name)(take)
    return taken


def test_a_command_carries_what_slack_sends(http: StartHttp, commands: list[Payload]) -> None:
    stage, _ = http()
    text = f"tell <@{stage.bob}> about <#{stage.channel}> & me"
    delivery = stage.workspace.command(stage.ann, stage.channel, text)
    assert delivery.status == 200
    sent = commands[0]
    assert sent["command"] == "/parley"
    assert sent["text"] == f"tell <@{stage.bob}|bob> about <#{stage.channel}|return-risk> &amp; me"
    assert (sent["user_id"], sent["user_name"]) == (stage.ann, "ann")
    assert (sent["channel_id"], sent["channel_name"]) == (stage.channel, "return-risk")
    assert (sent["team_id"], sent["team_domain"]) == (stage.workspace.team, "parley-local")
    assert sent["api_app_id"] == stage.app.app_id
    assert sent["response_url"].startswith(stage.server.url)
    assert sent["trigger_id"].count(".") == 2


@pytest.mark.usefixtures("commands")
def test_the_answer_to_a_command_is_for_its_person_or_for_all(http: StartHttp) -> None:
    stage, _ = http()
    stage.workspace.command(stage.ann, stage.channel, "say hello Ann")
    stage.workspace.command(stage.ann, stage.channel, "tell hello all")
    stage.workspace.command(stage.ann, stage.channel, "nothing")
    assert [message["text"] for message in stage.workspace.ephemerals(stage.channel, stage.ann)] == ["hello Ann"]
    assert [message["text"] for message in stage.workspace.messages(stage.channel)] == ["hello all"]


def test_a_command_works_where_the_app_is_not_and_names_a_private_place_by_kind(
    http: StartHttp, commands: list[Payload]
) -> None:
    stage, _ = http()
    secret = stage.workspace.add_channel("secret", private=True, members=[stage.ann], with_app=False)
    stage.workspace.command(stage.ann, secret, "say hello")
    assert commands[0]["channel_name"] == "privategroup"
    assert stage.workspace.ephemerals(secret, stage.ann)[0]["text"] == "hello"


def test_a_command_in_a_thread_is_refused_by_slack_itself(http: StartHttp, commands: list[Payload]) -> None:
    stage, _ = http()
    ts = stage.post()
    delivery = stage.workspace.command(stage.ann, stage.channel, "help", thread=ts)
    assert delivery.status == 0
    assert commands == []
    assert (
        stage.workspace.ephemerals(stage.channel, stage.ann)[0]["text"] == "/parley is not supported in threads. Sorry!"
    )


def test_a_failing_command_is_tried_once_and_its_person_sees_it(http: StartHttp, bolt: BoltApp) -> None:
    tries: list[int] = []

    @bolt.command("/parley")
    def fail() -> None:
        tries.append(1)
        raise RuntimeError("no")

    stage, _ = http()
    stage.workspace.command(stage.ann, stage.channel, "help")
    assert stage.workspace.settle()
    assert tries == [1]
    assert "dispatch_failed" in stage.workspace.ephemerals(stage.channel, stage.ann)[0]["text"]


def test_a_response_url_serves_five_times_and_thirty_minutes(http: StartHttp, commands: list[Payload]) -> None:
    stage, _ = http()
    stage.workspace.command(stage.ann, stage.channel, "wait")
    hook = WebhookClient(commands[0]["response_url"])
    assert hook.send(text="one").status_code == 200
    assert hook.send(text="two", replace_original=True).status_code == 200
    assert hook.send(text="all", response_type="in_channel").status_code == 200
    assert [m["text"] for m in stage.workspace.ephemerals(stage.channel, stage.ann)] == ["two"]
    assert [m["text"] for m in stage.workspace.messages(stage.channel)] == ["all"]
    assert hook.send_dict({"delete_original": True}).status_code == 200
    assert stage.workspace.ephemerals(stage.channel, stage.ann) == []
    assert hook.send(text="five").status_code == 200
    sixth = hook.send(text="six")
    assert (sixth.status_code, "used_url" in sixth.body) == (404, True)
    stage.workspace.command(stage.ann, stage.channel, "wait")
    stage.clock.pass_time(minutes=31)
    late = httpx2.post(commands[1]["response_url"], json={"text": "late"})
    assert (late.status_code, late.json()["error"]) == (404, "expired_url")


def test_a_click_says_where_on_what_and_by_whom(http: StartHttp, clicks: list[Payload]) -> None:
    stage, _ = http()
    ts = stage.post("card", blocks=CARD)
    assert stage.workspace.click(stage.ann, stage.channel, ts, "again").status == 200
    sent = clicks[0]
    assert sent["type"] == "block_actions"
    assert sent["user"] == {"id": stage.ann, "username": "ann", "name": "ann", "team_id": stage.workspace.team}
    assert sent["container"] == {
        "type": "message",
        "message_ts": ts,
        "channel_id": stage.channel,
        "is_ephemeral": False,
    }
    assert sent["message"]["ts"] == ts
    assert sent["channel"] == {"id": stage.channel, "name": "return-risk"}
    action = sent["actions"][0]
    assert (action["action_id"], action["block_id"], action["value"]) == ("again", "row", "E-1")
    assert float(action["action_ts"]) >= float(ts)
    assert sent["state"]["values"] == {"row": {"as": {"type": "static_select", "selected_option": None}}}


def test_two_clicks_differ_in_their_action_time(http: StartHttp, clicks: list[Payload]) -> None:
    stage, _ = http()
    ts = stage.post("card", blocks=CARD)
    for _ in range(2):
        stage.workspace.click(stage.ann, stage.channel, ts, "again")
    assert len({sent["actions"][0]["action_ts"] for sent in clicks}) == 2
    assert len({sent["trigger_id"] for sent in clicks}) == 2


def test_menus_send_the_chosen_option(http: StartHttp, clicks: list[Payload]) -> None:
    stage, _ = http()
    ts = stage.post("card", blocks=CARD)
    stage.workspace.click(stage.ann, stage.channel, ts, "more", value="trend")
    stage.workspace.click(stage.ann, stage.channel, ts, "as", value="action")
    assert clicks[0]["actions"][0]["selected_option"]["value"] == "trend"
    assert clicks[1]["actions"][0]["selected_option"]["value"] == "action"
    assert clicks[1]["state"]["values"]["row"]["as"]["selected_option"]["value"] == "action"


def test_what_is_not_there_cannot_be_pressed(http: StartHttp) -> None:
    stage, _ = http()
    ts = stage.post("card", blocks=CARD)
    with pytest.raises(LookupError, match="there is again"):
        stage.workspace.click(stage.ann, stage.channel, ts, "agian")
    with pytest.raises(LookupError, match="not 'E-2'"):
        stage.workspace.click(stage.ann, stage.channel, ts, "again", value="E-2")
    with pytest.raises(LookupError, match="there is note, action"):
        stage.workspace.click(stage.ann, stage.channel, ts, "as", value="other")


def test_a_click_on_an_ephemeral_has_no_message_and_can_replace_it(http: StartHttp, clicks: list[Payload]) -> None:
    stage, _ = http()
    ts = stage.client.chat_postEphemeral(channel=stage.channel, user=stage.ann, text="x", blocks=CARD)["message_ts"]
    stage.workspace.click(stage.ann, stage.channel, ts, "again")
    assert "message" not in clicks[0]
    assert clicks[0]["container"]["is_ephemeral"] is True
    WebhookClient(clicks[0]["response_url"]).send(text="done", replace_original=True)
    assert [m["text"] for m in stage.workspace.ephemerals(stage.channel, stage.ann)] == ["done"]
    WebhookClient(clicks[0]["response_url"]).send_dict({"delete_original": True})
    assert stage.workspace.ephemerals(stage.channel, stage.ann) == []


def test_a_click_that_nobody_takes_is_tried_once_and_seen(http: StartHttp) -> None:
    stage, app = http()
    ts = stage.post("card", blocks=CARD)
    assert stage.workspace.settle()
    app.headers.clear()
    delivery = stage.workspace.click(stage.ann, stage.channel, ts, "again")
    assert delivery.status == 404  # Bolt's word for a payload without a listener
    assert len(app.headers) == 1
    assert "dispatch_failed" in stage.workspace.ephemerals(stage.channel, stage.ann)[0]["text"]


def test_a_trigger_opens_one_view_within_three_seconds(http: StartHttp, commands: list[Payload]) -> None:
    stage, _ = http()
    for _ in range(2):
        stage.workspace.command(stage.ann, stage.channel, "form")
    first, second = (sent["trigger_id"] for sent in commands)
    view = stage.client.views_open(trigger_id=first, view=FORM)["view"]
    assert (view["root_view_id"], view["previous_view_id"], view["private_metadata"]) == (view["id"], None, "E-1")
    assert stage.error("views.open", trigger_id=first, view=FORM) == "exchanged_trigger_id"
    stage.clock.pass_time(seconds=3.1)
    assert stage.error("views.open", trigger_id=second, view=FORM) == "expired_trigger_id"


def test_a_form_is_filled_in_corrected_and_closed(http: StartHttp, bolt: BoltApp, commands: list[Payload]) -> None:
    forms: list[Payload] = []

    @bolt.view("note")
    def take(ack: Ack, body: Payload) -> None:
        forms.append(body)
        text = body["view"]["state"]["values"]["text"]["typed"]["value"]
        if text == "short":
            ack(response_action="errors", errors={"text": "Too short."})
        else:
            ack()

    stage, _ = http()
    stage.workspace.command(stage.ann, stage.channel, "form")
    view = stage.client.views_open(trigger_id=commands[0]["trigger_id"], view=FORM)["view"]
    assert [shown["id"] for shown in stage.workspace.views(stage.ann)] == [view["id"]]
    empty = stage.workspace.submit(stage.ann, view["id"], {})
    assert (empty.status, empty.errors) == (0, {"text": "Please complete this required field."})
    assert forms == []
    assert stage.workspace.submit(stage.ann, view["id"], {"text": "short"}).errors == {"text": "Too short."}
    assert len(stage.workspace.views(stage.ann)) == 1
    stage.workspace.submit(stage.ann, view["id"], {"text": "a supplier changed", "kind": "action"})
    assert stage.workspace.views(stage.ann) == []
    values = forms[1]["view"]["state"]["values"]
    assert values["text"]["typed"] == {"type": "plain_text_input", "value": "a supplier changed"}
    assert values["kind"]["chosen"]["selected_option"]["value"] == "action"
    assert forms[0]["view"]["hash"] == forms[1]["view"]["hash"] == view["hash"]
    assert stage.error("views.update", view_id=view["id"], view=FORM) == "not_found"


def test_a_loading_view_is_replaced_only_by_who_knows_its_hash(http: StartHttp, commands: list[Payload]) -> None:
    stage, _ = http()
    stage.workspace.command(stage.ann, stage.channel, "form")
    loading: Payload = {"type": "modal", "title": plain("Note"), "blocks": []}
    view = stage.client.views_open(trigger_id=commands[0]["trigger_id"], view=loading)["view"]
    filled = stage.client.views_update(view_id=view["id"], hash=view["hash"], view=FORM)["view"]
    assert filled["hash"] != view["hash"]
    with pytest.raises(SlackApiError, match="hash_conflict"):
        stage.client.views_update(view_id=view["id"], hash=view["hash"], view=FORM)
    assert stage.workspace.views(stage.ann)[0]["callback_id"] == "note"


def test_views_stack_three_high(http: StartHttp, bolt: BoltApp, commands: list[Payload]) -> None:
    triggers: list[str] = []
    closed: list[str] = []

    @bolt.action("next")
    def take(ack: Ack, body: Payload) -> None:
        triggers.append(body["trigger_id"])
        ack()

    @bolt.view_closed("note")
    def gone(ack: Ack, body: Payload) -> None:
        closed.append(body["view"]["id"])
        ack()

    step: Payload = {"type": "button", "action_id": "next", "text": plain("Next")}
    view = FORM | {"blocks": [{"type": "actions", "elements": [step]}]}
    stage, _ = http()
    stage.workspace.command(stage.ann, stage.channel, "form")
    root = stage.client.views_open(trigger_id=commands[0]["trigger_id"], view=view)["view"]["id"]
    top = root
    for _ in range(2):
        stage.workspace.press(stage.ann, top, "next")
        top = stage.client.views_push(trigger_id=triggers[-1], view=view)["view"]["id"]
    stage.workspace.press(stage.ann, top, "next")
    assert stage.error("views.push", trigger_id=triggers[-1], view=view) == "push_limit_reached"
    stage.workspace.dismiss(stage.ann, top)
    assert closed == [top]
    assert len(stage.workspace.views(stage.ann)) == 2
    stage.workspace.dismiss(stage.ann, root, whole_stack=True)
    assert stage.workspace.views(stage.ann) == []


def test_options_come_from_the_app(http: StartHttp, bolt: BoltApp) -> None:
    @bolt.options("model")
    def models(ack: Ack, payload: Payload) -> None:
        names = [name for name in ("outfit-ranker", "return-risk") if payload["value"] in name]
        ack(options=[{"text": plain(name), "value": name} for name in names])

    stage, _ = http()
    element = {"type": "external_select", "action_id": "model", "min_query_length": 1}
    ts = stage.post("choose", blocks=[{"type": "actions", "elements": [element]}])
    delivery = stage.workspace.options(stage.ann, "model", "risk", channel=stage.channel, ts=ts)
    assert [option["value"] for option in answered_options(delivery)] == ["return-risk"]


def test_a_message_shortcut_brings_its_message(http: StartHttp, bolt: BoltApp) -> None:
    taken: list[Payload] = []

    @bolt.message_shortcut("keep_as_note")
    def take(ack: Ack, body: Payload) -> None:
        taken.append(body)
        ack()

    stage, _ = http()
    ts = stage.workspace.say(stage.bob, stage.channel, "a supplier changed")
    stage.workspace.shortcut(stage.ann, stage.channel, ts, "keep_as_note")
    assert taken[0]["message"]["text"] == "a supplier changed"
    assert taken[0]["user"]["id"] == stage.ann
