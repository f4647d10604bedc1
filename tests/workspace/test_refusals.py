"""What the workspace refuses, because Slack does; a lenient workspace would prove nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.workspace import ALL_SCOPES, Refusal, Server

from .stage import APP_TOKEN, BOT_TOKEN, Clock, Stage, set_stage

Blocks = list[dict[str, Any]]


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": text}


def button(**more: Any) -> dict[str, Any]:
    return {"type": "button", "text": plain("Go"), **more}


def options(count: int, **more: Any) -> list[dict[str, Any]]:
    return [{"text": plain(f"option {number}"), "value": str(number), **more} for number in range(count)]


def actions(*elements: dict[str, Any]) -> Blocks:
    return [{"type": "actions", "elements": list(elements)}]


def select(**more: Any) -> Blocks:
    return actions({"type": "static_select", **more})


def confirmed(**more: Any) -> Blocks:
    confirm = {"title": plain("Sure?"), "text": plain("Really"), "confirm": plain("Yes"), "deny": plain("No")}
    return actions(button(confirm=confirm | more))


def section(text: str) -> Blocks:
    return [{"type": "section", "text": mrkdwn(text)}]


def context(count: int) -> Blocks:
    return [{"type": "context", "elements": [mrkdwn("x")] * count}]


def picture(**more: Any) -> Blocks:
    return [{"type": "image", "image_url": "https://example.org/a.png", "alt_text": "a", **more}]


def table(rows: int, columns: int, text: str = "x") -> dict[str, Any]:
    return {"type": "table", "rows": [[{"type": "raw_text", "text": text}] * columns] * rows}


# Each limit: blocks of that size, the largest size that Slack takes.
LIMITS: dict[str, tuple[Callable[[int], Blocks], int]] = {
    "blocks of a message": (lambda size: [{"type": "divider"}] * size, 50),
    "characters of a section": (lambda size: section("x" * size), 3000),
    "fields of a section": (lambda size: [{"type": "section", "fields": [mrkdwn("x")] * size}], 10),
    "characters of a field": (lambda size: [{"type": "section", "fields": [mrkdwn("x" * size)]}], 2000),
    "characters of a header": (lambda size: [{"type": "header", "text": plain("x" * size)}], 150),
    "elements of a context": (context, 10),
    "elements of actions": (lambda size: actions(*[button() for _ in range(size)]), 25),
    "characters of a button": (lambda size: actions(button(text=plain("x" * size))), 75),
    "value of a button": (lambda size: actions(button(value="x" * size)), 2000),
    "url of a button": (lambda size: actions(button(url="https://example.org/".ljust(size, "x"))), 3000),
    "action_id": (lambda size: actions(button(action_id="x" * size)), 255),
    "block_id": (lambda size: [{"type": "divider", "block_id": "x" * size}], 255),
    "options of a select": (lambda size: select(options=options(size)), 100),
    "text of an option": (lambda size: select(options=[{"text": plain("x" * size), "value": "1"}]), 75),
    "value of an option": (lambda size: select(options=[{"text": plain("x"), "value": "1" * size}]), 75),
    "options of an overflow": (lambda size: actions({"type": "overflow", "options": options(size)}), 5),
    "placeholder": (lambda size: select(options=options(1), placeholder=plain("x" * size)), 150),
    "alt_text of an image": (lambda size: picture(alt_text="x" * size), 2000),
    "title of an image": (lambda size: picture(title=plain("x" * size)), 2000),
    "title of a confirm": (lambda size: confirmed(title=plain("x" * size)), 100),
    "text of a confirm": (lambda size: confirmed(text=plain("x" * size)), 300),
    "button of a confirm": (lambda size: confirmed(confirm=plain("x" * size)), 30),
    "markdown": (lambda size: [{"type": "markdown", "text": "x" * size}], 12_000),
    "rows of a table": (lambda size: [table(size, 1)], 100),
    "columns of a table": (lambda size: [table(1, size)], 20),
}

WRONG_BLOCKS: dict[str, Blocks] = {
    "an empty text": section(""),
    "a header in mrkdwn": [{"type": "header", "text": mrkdwn("x")}],
    "a section of nothing": [{"type": "section"}],
    "no alt_text": [{"type": "image", "image_url": "https://example.org/a.png"}],
    "a picture from nowhere": [{"type": "image", "alt_text": "a"}],
    "a relative address": picture(image_url="/a.png"),
    "a file that nobody uploaded": [{"type": "image", "slack_file": {"id": "F123"}, "alt_text": "a"}],
    "a block that does not exist": [{"type": "marquee"}],
    "a property that does not exist": [{"type": "divider", "colour": "red"}],
    "two blocks of one id": [{"type": "divider", "block_id": "a"}, {"type": "divider", "block_id": "a"}],
    "two actions of one id": actions(button(action_id="a"), button(action_id="a")),
    "an input where a button belongs": actions({"type": "plain_text_input", "action_id": "a"}),
    "a style that does not exist": actions(button(style="loud")),
    "a select without options": select(),
    "an option of mrkdwn in a select": select(options=[{"text": mrkdwn("x"), "value": "1"}]),
    "a choice that is no option": select(options=options(2), initial_option=options(3)[2]),
    "two tables": [table(1, 1), table(1, 1)],
    "a table of too many characters": [table(100, 20, "x" * 6)],
    "blocks that are no list": {"type": "divider"},  # type: ignore[dict-item]  # wrong on purpose
}


@pytest.mark.parametrize("name", LIMITS)
def test_the_limits_of_blocks_are_slacks(name: str, lasting: Stage) -> None:
    blocks, limit = LIMITS[name]
    fits = lasting.post("fits", blocks=blocks(limit))
    refusal = lasting.refusal("chat.postMessage", channel=lasting.channel, text="too much", blocks=blocks(limit + 1))
    assert refusal.response["error"] == "invalid_blocks"
    assert "[json-pointer:/blocks" in refusal.response["response_metadata"]["messages"][0]
    assert lasting.workspace.messages(lasting.channel)[-1]["ts"] == fits


@pytest.mark.parametrize("name", WRONG_BLOCKS)
def test_wrong_blocks_are_refused_with_their_place(name: str, lasting: Stage) -> None:
    refusal = lasting.refusal("chat.postMessage", channel=lasting.channel, text="x", blocks=WRONG_BLOCKS[name])
    assert refusal.response["error"] == "invalid_blocks"
    assert all(text.startswith("[ERROR] ") for text in refusal.response["response_metadata"]["messages"])


def test_all_faults_are_named_at_once(stage: Stage) -> None:
    blocks = [{"type": "header", "text": plain("x" * 151)}, {"type": "divider"}, {"type": "section"}]
    messages = stage.refusal("chat.postMessage", channel=stage.channel, blocks=blocks).response["response_metadata"][
        "messages"
    ]
    assert messages == [
        "[ERROR] must be less than 151 characters [json-pointer:/blocks/0/text/text]",
        "[ERROR] one of text, fields is required [json-pointer:/blocks/2]",
    ]


def test_a_message_has_a_limit_over_all_of_its_blocks(stage: Stage) -> None:
    stage.post("fits", blocks=section("x" * 3000) * 4 + section("x" * 1200))
    too_long = section("x" * 3000) * 4 + section("x" * 1201)
    assert stage.error("chat.postMessage", channel=stage.channel, text="x", blocks=too_long) == "msg_blocks_too_long"


def test_texts_have_limits_and_an_update_a_lower_one(stage: Stage) -> None:
    ts = stage.post("x" * 40_000)
    assert stage.error("chat.postMessage", channel=stage.channel, text="x" * 40_001) == "msg_too_long"
    stage.client.chat_update(channel=stage.channel, ts=ts, text="x" * 4000)
    assert stage.error("chat.update", channel=stage.channel, ts=ts, text="x" * 4001) == "msg_too_long"


def test_metadata_has_a_form_and_a_limit(stage: Stage) -> None:
    fits = {"event_type": "card", "event_payload": {"id": "x" * 900}}
    large = {"event_type": "card", "event_payload": {"id": "x" * 1000}}
    stage.post("fits", metadata=fits)
    refused = {"channel": stage.channel, "text": "x"}
    assert stage.error("chat.postMessage", metadata=large, **refused) == "metadata_too_large"
    assert stage.error("chat.postMessage", metadata={"id": "x"}, **refused) == "invalid_metadata_format"


def test_calls_without_what_they_need_are_refused(stage: Stage) -> None:
    mine = stage.post("mine")
    hers = stage.workspace.say(stage.ann, stage.channel, "hers")
    reply = stage.workspace.say(stage.ann, stage.channel, "a reply", thread=mine)
    here = {"channel": stage.channel}
    refusals = {
        "no_text": stage.error("chat.postMessage", **here),
        "channel_not_found": stage.error("chat.postMessage", channel="C0NOWHERE", text="x"),
        "thread_not_found": stage.error("chat.postMessage", thread_ts="1.000000", text="x", **here),
        "message_not_found": stage.error("chat.update", ts="1.000000", text="x", **here),
        "cant_update_message": stage.error("chat.update", ts=hers, text="x", **here),
        "cant_delete_message": stage.error("chat.delete", ts=hers, **here),
        "user_not_in_channel": stage.error("chat.postEphemeral", user="U0NOBODY", text="x", **here),
        "user_not_found": stage.error("users.info", user="U0NOBODY"),
        "file_not_found": stage.error("files.info", file="F0NOTHING"),
        "unknown_method": stage.error("chat.shout"),
        "invalid_arguments": stage.error("chat.update", text="x", **here),
        "invalid_cursor": stage.error("users.list", cursor="elsewhere"),
        "invalid_trigger_id": stage.error(
            "views.open", trigger_id="1.2.3", view={"type": "modal", "title": plain("x"), "blocks": []}
        ),
        "not_found": stage.error("views.update", view_id="V0NONE", view={"type": "home", "blocks": []}),
    }
    assert {name: name for name in refusals} == refusals
    assert stage.error("chat.postMessage", thread_ts=reply, text="under a reply", **here) == "thread_not_found"
    assert stage.error("chat.postMessage", channel="#return-risk", text="by name") == "channel_not_found"
    assert stage.error("conversations.replies", ts="1.000000", **here) == "thread_not_found"


def test_a_time_given_as_a_number_is_refused(stage: Stage) -> None:
    ts = stage.post()
    assert stage.error("chat.postMessage", channel=stage.channel, text="x", thread_ts=float(ts)) == "invalid_arguments"


def test_an_archived_channel_takes_nothing(stage: Stage) -> None:
    stage.workspace.archive(stage.channel)
    assert stage.error("chat.postMessage", channel=stage.channel, text="x") == "is_archived"


@pytest.mark.parametrize(
    ("token", "method", "error"),
    [
        ("", "auth.test", "not_authed"),
        ("xoxb-other", "auth.test", "invalid_auth"),
        (APP_TOKEN, "auth.test", "not_allowed_token_type"),
        (BOT_TOKEN, "apps.connections.open", "not_allowed_token_type"),
    ],
)
def test_a_wrong_token_opens_nothing(token: str, method: str, error: str, stage: Stage) -> None:
    client = WebClient(token, base_url=stage.server.api_url)
    with pytest.raises(SlackApiError) as refused:
        client.api_call(method)
    assert refused.value.response["error"] == error


def test_a_missing_scope_is_named(served: Server, clock: Clock) -> None:
    scopes = ALL_SCOPES - {"channels:history"}
    stage = set_stage(served.workspace, served, clock, scopes=scopes)
    refusal = stage.refusal("conversations.history", channel=stage.channel)
    assert refusal.response["error"] == "missing_scope"
    assert refusal.response["needed"] == "channels:history"
    assert refusal.response["provided"] == ",".join(sorted(scopes))


def test_views_are_judged_too(stage: Stage) -> None:
    title = plain("x" * 25)
    refused = stage.refusal("views.open", trigger_id="1", view={"type": "modal", "title": title, "blocks": []})
    assert refused.response["error"] == "invalid_arguments"
    assert "/view/title" in refused.response["response_metadata"]["messages"][0]
    element = {"type": "plain_text_input", "action_id": "a"}
    form = [{"type": "input", "label": plain("x"), "element": element}]
    refused = stage.refusal("views.open", trigger_id="1", view={"type": "modal", "title": plain("x"), "blocks": form})
    assert "submit is required" in refused.response["response_metadata"]["messages"][0]
    too_many = {"type": "home", "blocks": [{"type": "divider"}] * 101}
    assert stage.error("views.publish", user_id=stage.ann, view=too_many) == "invalid_arguments"
    private = {"type": "home", "private_metadata": "x" * 3001, "blocks": []}
    assert stage.error("views.publish", user_id=stage.ann, view=private) == "invalid_arguments"


def test_people_change_only_what_is_theirs_and_where_they_are(stage: Stage) -> None:
    mine = stage.workspace.say(stage.ann, stage.channel, "mine")
    with pytest.raises(Refusal, match="cant_update_message"):
        stage.workspace.edit(stage.bob, stage.channel, mine, "yours")
    with pytest.raises(Refusal, match="cant_delete_message"):
        stage.workspace.delete(stage.bob, stage.channel, mine)
    elsewhere = stage.workspace.add_channel("elsewhere", members=[stage.bob])
    with pytest.raises(Refusal, match="not_in_channel"):
        stage.workspace.say(stage.ann, elsewhere, "hello?")


def test_no_other_site_reaches_the_workspace_by_its_own_name(stage: Stage) -> None:
    response = httpx2.post(f"{stage.server.api_url}api.test", headers={"Host": "rebound.example.org"})
    assert response.status_code == 403
