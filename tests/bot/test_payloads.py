"""Slack's payloads become values, or are refused: nothing in between."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from bot.slack.payloads import (
    ClickPayload,
    CommandPayload,
    Malformed,
    MessagePayload,
    OtherPayload,
    read,
)
from tests.payloads import ALL, CHANGED, CLICK, COMMAND, DELETED, SAID, WRONG, mutated, paths


def changed(payload: dict[str, Any], **event: Any) -> dict[str, Any]:
    return payload | {"event": payload["event"] | event}


def test_a_command_tells_who_asked_what_and_where() -> None:
    found = read(COMMAND)
    assert isinstance(found, CommandPayload)
    assert (found.team, found.enterprise, found.user, found.channel, found.text) == ("T1", "E1", "U1", "C1", "help")
    assert found.response_url == "http://127.0.0.1:9/commands/1"


def test_a_response_url_is_a_secret_and_does_not_show() -> None:
    assert "127.0.0.1" not in repr(read(COMMAND)) + repr(read(CLICK))


def test_a_click_tells_what_was_touched_and_the_command_that_it_carries() -> None:
    found = read(CLICK)
    assert isinstance(found, ClickPayload)
    assert (found.team, found.user, found.user_team, found.channel) == ("T1", "U1", "T1", "C1")
    assert (found.message, found.thread) == ("1700000000.000100", "1699.1")
    assert found.actions[0].asked == ("evaluate", {"model": "churn"})


def test_where_an_organisation_installed_us_the_persons_own_workspace_counts() -> None:
    found = read(CLICK | {"team": None, "enterprise": {"id": "E1", "name": "org"}})
    assert isinstance(found, ClickPayload)
    assert (found.team, found.enterprise) == ("T1", "E1")


@pytest.mark.parametrize(
    "value",
    [
        "",
        "https://x",
        "[1]",
        "{",
        '{"command": 1}',
        '{"command": "a", "arguments": []}',
        "[" * 5000,
        '{"command": NaN}',
    ],
)
def test_a_value_that_is_no_command_is_none(value: str) -> None:
    action = CLICK["actions"][0] | {"value": value}
    found = read(CLICK | {"actions": [action]})
    assert isinstance(found, ClickPayload)
    assert found.actions[0].asked is None


def test_an_option_that_was_chosen_carries_a_command_as_a_button_does() -> None:
    action = {"action_id": "more", "type": "overflow", "selected_option": {"value": '{"command": "help"}'}}
    found = read(CLICK | {"actions": [action]})
    assert isinstance(found, ClickPayload)
    assert found.actions[0].asked == ("help", {})


def test_a_reply_tells_its_thread_and_whose_thread_it_is() -> None:
    found = read(SAID)
    assert isinstance(found, MessagePayload)
    assert found.message is not None
    assert (found.message.thread_ts, found.message.parent_user_id) == ("1700000000.000100", "UBOT")
    assert (found.message.blocks, found.message.files) == (1, 2)


def test_in_a_shared_channel_the_installation_is_ours_and_the_author_is_theirs() -> None:
    shared = SAID | {"team_id": "TPARTNER", "is_ext_shared_channel": True}
    found = read(changed(shared, user_team="TPARTNER", team="T1"))
    assert isinstance(found, MessagePayload)
    assert found.message is not None
    assert (found.team, found.message.user_team, found.is_ext_shared_channel) == ("T1", "TPARTNER", True)


def test_without_authorizations_the_team_of_the_envelope_counts() -> None:
    found = read({name: value for name, value in SAID.items() if name != "authorizations"})
    assert isinstance(found, MessagePayload)
    assert found.team == "T1"


def test_an_edit_tells_what_the_message_became_and_what_it_was() -> None:
    found = read(CHANGED)
    assert isinstance(found, MessagePayload)
    assert found.message is not None
    assert found.previous is not None
    assert (found.message.text, found.message.edited) == ("new", "1700000009.000000")
    assert (found.previous.text, found.previous.edited) == ("old", None)


def test_a_deletion_tells_which_message_is_gone() -> None:
    found = read(DELETED)
    assert isinstance(found, MessagePayload)
    assert (found.deleted_ts, found.message) == ("1700000002.000200", None)


@pytest.mark.parametrize(
    ("body", "kind", "team"),
    [
        ({"ssl_check": "1", "token": "x"}, "ssl_check", None),
        ({"type": "app_rate_limited", "team_id": "T1", "minute_rate_limited": 1}, "app_rate_limited", "T1"),
        ({"type": "view_closed", "team": None, "user": {"id": "U1"}, "view": {}}, "view_closed", None),
        ({"type": "url_verification", "challenge": "x"}, "url_verification", None),
        ({"type": "something_new", "team": {"id": "T1"}}, "something_new", "T1"),
        ({"type": "event_callback", "team_id": "T1", "event": {"type": "reaction_added"}}, "event_callback", "T1"),
    ],
)
def test_what_nobody_reads_is_still_something_that_slack_sends(body: Any, kind: str, team: str | None) -> None:
    found = read(body)
    assert isinstance(found, OtherPayload)
    assert (found.kind, found.team) == (kind, team)


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ([], "the payload"),
        ({}, "type"),
        ({"type": 5}, "type"),
        (COMMAND | {"user_id": ""}, "user_id"),
        (COMMAND | {"trigger_id": None}, "trigger_id"),
        (COMMAND | {"response_url": "file:///etc/passwd"}, "response_url"),
        (CLICK | {"actions": None}, "actions"),
        (CLICK | {"actions": ["again"]}, "action"),
        (CLICK | {"user": "U1"}, "user"),
        (CLICK | {"team": None, "user": {"id": "U1"}}, "team"),
        ({"type": "view_submission", "view": {"id": "V1"}}, "callback_id"),
        ({"type": "view_closed", "view": "V1"}, "view"),
        ({"type": "block_suggestion", "action_id": ["a"]}, "action_id"),
        (SAID | {"event": None}, "event"),
        (SAID | {"authorizations": {"team_id": "T1"}}, "authorizations"),
        (SAID | {"authorizations": [], "team_id": None}, "team_id"),
        (changed(SAID, user=None), "user"),
        (changed(SAID, ts="yesterday"), "ts"),
        (changed(SAID, ts="١٧٠٠.١"), "ts"),  # digits of another script, which int() would read
        (changed(SAID, text=["it"]), "text"),
        (changed(CHANGED, message="new"), "message"),
        (changed(DELETED, deleted_ts=None), "deleted_ts"),
    ],
)
def test_what_slack_would_not_send_is_refused_by_the_name_of_the_field(body: Any, names: str) -> None:
    with pytest.raises(Malformed, match=names):
        read(body)


def test_a_refusal_never_says_what_stood_there() -> None:
    with pytest.raises(Malformed) as refused:
        read(changed(SAID, ts="a secret"))
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("name", ALL)
def test_any_value_at_any_path_gives_a_payload_or_a_refusal_and_nothing_else(name: str) -> None:
    tried = 0
    for body in mutated(ALL[name]):
        tried += 1
        try:
            found = read(body)
        except Malformed:
            continue
        assert found is not None
    assert tried > 50


def test_random_json_is_read_or_refused() -> None:
    chance = random.Random(8)  # noqa: S311  # any seed does
    names = sorted({key for payload in ALL.values() for path in paths(payload) for key in path if isinstance(key, str)})

    def anything(depth: int) -> Any:
        if depth == 0 or chance.random() < 0.3:
            return chance.choice([*WRONG, "message", "event_callback", "block_actions", "T1", "1.1"])
        if chance.random() < 0.2:
            return [anything(depth - 1) for _ in range(chance.randrange(3))]
        return {chance.choice(names): anything(depth - 1) for _ in range(chance.randrange(1, 9))}

    for _ in range(2000):
        body = json.loads(json.dumps(anything(4)))
        try:
            read(body)
        except Malformed:
            continue
