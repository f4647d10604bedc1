"""Channels that are shared with another organisation, as an app sees them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from slack_bolt import Ack
from slack_bolt import App as BoltApp

from .stage import HttpApp, Stage

StartHttp = Callable[..., tuple[Stage, HttpApp]]
Payload = dict[str, Any]


@dataclass(frozen=True)
class Shared:
    stage: Stage
    partner: str
    xeno: str
    events: list[Payload]
    commands: list[Payload]
    clicks: list[Payload]

    @property
    def messages(self) -> list[Payload]:
        return [body for body in self.events if body["event"]["type"] == "message"]


@pytest.fixture
def shared(http: StartHttp, bolt: BoltApp) -> Shared:
    events: list[Payload] = []
    commands: list[Payload] = []
    clicks: list[Payload] = []

    for kind in ("message", "app_mention", "channel_shared", "channel_unshared"):
        bolt.event(kind)(lambda body: events.append(body))

    @bolt.command("/parley")
    def take(ack: Ack, body: Payload) -> None:
        commands.append(body)
        ack()

    @bolt.action("again")
    def press(ack: Ack, body: Payload) -> None:
        clicks.append(body)
        ack()

    stage, _ = http()
    partner = stage.workspace.add_partner("Partner")
    xeno = stage.workspace.add_person("xeno", real_name="Xeno", home=partner)
    stage.workspace.share_channel(stage.channel, partner)
    stage.workspace.invite(stage.channel, xeno, by=stage.ann)
    return Shared(stage, partner, xeno, events, commands, clicks)


def test_a_channel_says_with_whom_it_is_shared(shared: Shared) -> None:
    stage = shared.stage
    about = stage.client.conversations_info(channel=stage.channel)["channel"]
    assert (about["is_shared"], about["is_ext_shared"]) == (True, True)
    assert about["connected_team_ids"] == [shared.partner]
    stage.workspace.unshare_channel(stage.channel, shared.partner)
    about = stage.client.conversations_info(channel=stage.channel)["channel"]
    assert (about["is_shared"], about["is_ext_shared"], about["connected_team_ids"]) == (False, False, [])
    assert not stage.workspace.records.state.is_member(stage.channel, shared.xeno)


def test_sharing_and_its_end_are_told(shared: Shared) -> None:
    shared.stage.workspace.unshare_channel(shared.stage.channel, shared.partner)
    told = {body["event"]["type"]: body["event"] for body in shared.events}
    assert told["channel_shared"]["connected_team_id"] == shared.partner
    assert told["channel_unshared"]["previously_connected_team_id"] == shared.partner
    assert told["channel_unshared"]["is_ext_shared"] is False


def test_an_outsiders_message_comes_under_their_team_and_our_authorization(shared: Shared) -> None:
    stage = shared.stage
    stage.workspace.say(shared.xeno, stage.channel, f"<@{stage.app.bot_user}> help")
    for body in shared.events[-2:]:
        assert body["team_id"] == shared.partner
        assert body["is_ext_shared_channel"] is True
        assert [(a["team_id"], a["user_id"]) for a in body["authorizations"]] == [
            (stage.workspace.team, stage.app.bot_user)
        ]
        event = body["event"]
        assert (event["team"], event["user_team"], event["source_team"]) == (shared.partner,) * 3


def test_our_own_message_in_a_shared_channel_comes_under_our_team(shared: Shared) -> None:
    stage = shared.stage
    stage.workspace.say(stage.ann, stage.channel, "hello")
    body = shared.messages[-1]
    assert (body["team_id"], body["is_ext_shared_channel"]) == (stage.workspace.team, True)
    assert body["event"]["user_team"] == stage.workspace.team


def test_edits_and_deletions_by_outsiders_come_under_their_team(shared: Shared) -> None:
    stage = shared.stage
    ts = stage.workspace.say(shared.xeno, stage.channel, "frist")
    stage.workspace.say(stage.ann, stage.channel, "a reply", thread=ts)
    stage.workspace.edit(shared.xeno, stage.channel, ts, "first")
    stage.workspace.delete(shared.xeno, stage.channel, ts)
    assert [body["team_id"] for body in shared.messages[-2:]] == [shared.partner] * 2


def test_an_outsiders_command_and_click_name_their_team(shared: Shared) -> None:
    stage = shared.stage
    stage.workspace.command(shared.xeno, stage.channel, "help")
    assert shared.commands[0]["team_id"] == shared.partner
    assert shared.commands[0]["team_domain"] == "partner"
    button = {"type": "button", "action_id": "again", "text": {"type": "plain_text", "text": "Again"}}
    card = stage.post("a card", blocks=[{"type": "actions", "elements": [button]}])
    stage.workspace.click(shared.xeno, stage.channel, card, "again")
    assert shared.clicks[0]["user"]["team_id"] == shared.partner
    assert shared.clicks[0]["team"]["id"] == stage.workspace.team


def test_who_is_in_no_common_channel_is_a_stranger(shared: Shared) -> None:
    stage = shared.stage
    about = stage.client.users_info(user=shared.xeno)["user"]
    assert (about["team_id"], about["is_stranger"]) == (shared.partner, False)
    stage.workspace.remove(stage.channel, shared.xeno)
    assert stage.client.users_info(user=shared.xeno)["user"]["is_stranger"] is True
    assert "is_stranger" not in stage.client.users_info(user=stage.ann)["user"]


def test_where_nothing_is_shared_nothing_says_so(http: StartHttp, bolt: BoltApp) -> None:
    bolt.event("message")(lambda: None)
    stage, _ = http()
    stage.workspace.say(stage.ann, stage.channel, "hello")
    body = stage.workspace.deliveries[-1].payload
    assert (body["team_id"], body["is_ext_shared_channel"]) == (stage.workspace.team, False)
    assert "user_team" not in body["event"]
