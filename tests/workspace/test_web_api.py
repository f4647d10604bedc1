"""What the workspace answers to an app that behaves."""

from __future__ import annotations

from pathlib import Path

import pytest
from slack_sdk import WebClient

from bot.workspace import Server, Workspace

from .stage import BOT_TOKEN, Clock, Stage, opened, set_stage

METADATA = {"event_type": "parley_card", "event_payload": {"message": "M-7"}}


def section(text: str) -> dict[str, object]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def test_an_app_learns_who_it_is(stage: Stage) -> None:
    answer = stage.client.auth_test()
    assert answer["user_id"] == stage.app.bot_user
    assert answer["bot_id"] == stage.app.bot_id
    assert answer["team_id"] == stage.workspace.team
    assert answer["url"] == stage.server.url
    assert "chat:write" in answer.headers["x-oauth-scopes"].split(",")


def test_form_and_json_bodies_and_a_token_in_the_body_mean_the_same(stage: Stage) -> None:
    blocks = [section("the same")]
    stage.client.api_call("chat.postMessage", json={"channel": stage.channel, "text": "one", "blocks": blocks})
    stage.client.api_call(
        "chat.postMessage",
        data={
            "channel": stage.channel,
            "text": "one",
            "blocks": '[{"type":"section","text":{"type":"mrkdwn","text":"the same"}}]',
        },
    )
    nobody = WebClient(base_url=stage.server.api_url)
    nobody.api_call("chat.postMessage", params={"token": BOT_TOKEN, "channel": stage.channel, "text": "one"})
    texts = [(message["text"], len(message.get("blocks", []))) for message in stage.workspace.messages(stage.channel)]
    assert texts == [("one", 1), ("one", 1), ("one", 0)]


def test_message_times_rise_even_when_the_clock_stands_still(stage: Stage) -> None:
    times = [stage.post(str(number)) for number in range(20)]
    assert len(set(times)) == 20
    assert times == sorted(times)
    assert times[0] == "1772442000.000000"  # 2026-03-02T09:00Z


def test_metadata_comes_back_only_to_who_asks_for_it(stage: Stage) -> None:
    ts = stage.post("with metadata", metadata=METADATA)
    stage.client.chat_postMessage(channel=stage.channel, text="a reply", thread_ts=ts, metadata=METADATA)
    client, channel = stage.client, stage.channel
    assert "metadata" not in client.conversations_history(channel=channel)["messages"][0]
    assert (
        client.conversations_history(channel=channel, include_all_metadata=True)["messages"][0]["metadata"] == METADATA
    )
    replies = client.conversations_replies(channel=channel, ts=ts, include_all_metadata=True)["messages"]
    assert [reply["metadata"] for reply in replies] == [METADATA, METADATA]


def test_a_thread_shows_its_parent_first_and_the_parent_counts_its_replies(stage: Stage) -> None:
    parent = stage.post("the card")
    first = stage.workspace.say(stage.ann, stage.channel, "why?", thread=parent)
    second = stage.workspace.say(stage.bob, stage.channel, "a supplier", thread=parent)
    thread = stage.client.conversations_replies(channel=stage.channel, ts=parent)["messages"]
    assert [message["ts"] for message in thread] == [parent, first, second]
    assert thread[1]["parent_user_id"] == stage.app.bot_user
    assert thread[1]["thread_ts"] == parent
    history = stage.client.conversations_history(channel=stage.channel)["messages"]
    assert [message["ts"] for message in history] == [parent]
    assert history[0]["reply_count"] == 2
    assert history[0]["latest_reply"] == second
    assert history[0]["reply_users"] == [stage.ann, stage.bob]
    alone = stage.client.conversations_replies(channel=stage.channel, ts=second)["messages"]
    assert [message["ts"] for message in alone] == [second]


def test_history_can_be_read_in_pages_and_between_times(stage: Stage) -> None:
    times = [stage.post(str(number)) for number in range(5)]
    pages = stage.client.conversations_history(channel=stage.channel, limit=2)
    texts = [[message["text"] for message in page["messages"]] for page in pages]
    assert texts == [["4", "3"], ["2", "1"], ["0"]]
    one = stage.client.conversations_history(
        channel=stage.channel, oldest=times[2], latest=times[2], inclusive=True, limit=1
    )
    assert [message["text"] for message in one["messages"]] == ["2"]
    later = stage.client.conversations_history(channel=stage.channel, oldest=times[3])
    assert [message["text"] for message in later["messages"]] == ["4"]


def test_an_update_with_text_alone_takes_the_blocks_away(stage: Stage) -> None:
    ts = stage.post("first", blocks=[section("first")], metadata=METADATA)
    answer = stage.client.chat_update(channel=stage.channel, ts=ts, text="second", blocks=[section("second")])
    assert answer["text"] == "second"
    assert answer["message"]["blocks"][0]["text"]["text"] == "second"
    stage.client.chat_update(channel=stage.channel, ts=ts, text="third")
    message = stage.workspace.messages(stage.channel)[0]
    assert message["text"] == "third"
    assert "blocks" not in message
    assert message["edited"]["user"] == stage.app.bot_user
    assert message["metadata"] == METADATA


def test_blocks_come_back_with_the_ids_that_they_lacked(stage: Stage) -> None:
    button = {"type": "button", "text": {"type": "plain_text", "text": "Again"}}
    blocks: list[dict[str, object]] = [section("words"), {"type": "actions", "elements": [button]}]
    message = stage.client.chat_postMessage(channel=stage.channel, text="x", blocks=blocks)["message"]
    assert all(block["block_id"] for block in message["blocks"])
    assert message["blocks"][0]["text"]["verbatim"] is False
    assert message["blocks"][1]["elements"][0]["action_id"]
    assert message["blocks"][1]["elements"][0]["text"]["emoji"] is True


def test_a_deleted_message_is_gone_and_one_with_replies_leaves_a_tombstone(stage: Stage) -> None:
    alone, parent = stage.post("alone"), stage.post("parent")
    reply = stage.workspace.say(stage.ann, stage.channel, "a reply", thread=parent)
    stage.client.chat_delete(channel=stage.channel, ts=alone)
    stage.client.chat_delete(channel=stage.channel, ts=parent)
    left = stage.workspace.messages(stage.channel)
    assert [(message["ts"], message.get("subtype")) for message in left] == [(parent, "tombstone")]
    assert stage.error("chat.update", channel=stage.channel, ts=parent, text="again") == "message_not_found"
    stage.workspace.delete(stage.ann, stage.channel, reply)
    assert stage.workspace.messages(stage.channel) == []


def test_links_lead_to_messages_and_replies(stage: Stage) -> None:
    parent = stage.post("parent")
    reply = stage.workspace.say(stage.ann, stage.channel, "a reply", thread=parent)
    link = stage.client.chat_getPermalink(channel=stage.channel, message_ts=reply)["permalink"]
    place = f"{stage.server.url}archives/{stage.channel}/p{reply.replace('.', '')}"
    assert link == f"{place}?thread_ts={parent}&cid={stage.channel}"


def test_an_ephemeral_is_seen_by_one_person_and_is_no_message(stage: Stage) -> None:
    stage.client.chat_postEphemeral(channel=stage.channel, user=stage.ann, text="only you")
    assert [message["text"] for message in stage.workspace.ephemerals(stage.channel, stage.ann)] == ["only you"]
    assert stage.workspace.ephemerals(stage.channel, stage.bob) == []
    assert stage.workspace.messages(stage.channel) == []


def test_people_are_told_apart_by_zone_title_and_kind(stage: Stage) -> None:
    stage.workspace.add_person("gus", real_name="Gus Guest", guest=True)
    people = {person["name"]: person for person in stage.client.users_list()["members"]}
    assert people["ann"]["tz"] == "Europe/Berlin"
    assert people["ann"]["tz_offset"] == 3600  # winter time on 2 March 2026
    assert people["bob"]["tz_offset"] == -18000
    assert people["ann"]["profile"]["title"] == "Data scientist"
    assert people["gus"]["is_restricted"] is True
    assert people["parley"]["is_bot"] is True
    assert stage.client.users_info(user=stage.ann)["user"]["real_name"] == "Ann Example"


def test_private_channels_exist_only_for_their_members(stage: Stage) -> None:
    secret = stage.workspace.add_channel("secret", private=True, members=[stage.ann], with_app=False)
    channels = stage.client.conversations_list(types="public_channel,private_channel")["channels"]
    assert [channel["name"] for channel in channels] == ["return-risk"]
    assert stage.error("conversations.info", channel=secret) == "channel_not_found"
    stage.workspace.invite(secret, stage.app.bot_user, by=stage.ann)
    assert stage.client.conversations_info(channel=secret)["channel"]["is_private"] is True
    assert set(stage.client.conversations_members(channel=secret)["members"]) == {stage.ann, stage.app.bot_user}


def test_an_app_can_join_a_public_channel_and_write_to_a_person(stage: Stage) -> None:
    other = stage.workspace.add_channel("other", members=[stage.ann], with_app=False)
    assert stage.error("chat.postMessage", channel=other, text="x") == "not_in_channel"
    stage.client.conversations_join(channel=other)
    stage.client.chat_postMessage(channel=other, text="here now")
    direct = stage.client.conversations_open(users=stage.ann)["channel"]["id"]
    assert stage.client.chat_postMessage(channel=stage.ann, text="to you")["channel"] == direct
    assert [message["text"] for message in stage.workspace.messages(direct)] == ["to you"]


def test_a_reaction_counts_once_per_person(stage: Stage) -> None:
    ts = stage.post("look")
    stage.client.reactions_add(channel=stage.channel, timestamp=ts, name="eyes")
    stage.workspace.react(stage.ann, stage.channel, ts, "eyes")
    assert stage.error("reactions.add", channel=stage.channel, timestamp=ts, name="eyes") == "already_reacted"
    message = stage.client.reactions_get(channel=stage.channel, timestamp=ts)["message"]
    assert message["reactions"] == [{"name": "eyes", "users": [stage.app.bot_user, stage.ann], "count": 2}]


def test_calls_are_kept_as_they_were_understood(stage: Stage) -> None:
    stage.client.chat_postMessage(channel=stage.channel, text="x", blocks=[section("y")])
    call = stage.workspace.calls_of("chat.postMessage")[0]
    assert call.arguments["blocks"] == [section("y")]
    assert call.answer["ok"] is True
    assert call.at == stage.clock.at


def test_a_second_start_finds_all_of_it(tmp_path: Path) -> None:
    with opened(tmp_path) as workspace, Server(workspace) as server:
        before = set_stage(workspace, server, Clock())
        ts = before.post("kept", metadata=METADATA)
        file = before.client.files_upload_v2(channel=before.channel, content="a,b\n", filename="a.csv")["file"]["id"]
    with opened(tmp_path) as workspace, Server(workspace) as server:
        after = set_stage(workspace, server, Clock())
        assert (after.app, after.ann, after.channel) == (before.app, before.ann, before.channel)
        messages = workspace.messages(after.channel)
        assert messages[0]["ts"] == ts
        assert [shared["id"] for shared in messages[1]["files"]] == [file]  # it was still being looked at
        assert workspace.file_bytes(file) == b"a,b\n"
        assert after.post("next") > messages[1]["ts"]


def test_the_same_seed_gives_the_same_ids() -> None:
    def ids(seed: int) -> list[str]:
        with Workspace(seed=seed) as workspace:
            return [workspace.team, workspace.add_person("ann", real_name="Ann"), workspace.add_channel("general")]

    assert ids(1) == ids(1)
    assert ids(1) != ids(2)


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("a < b & c", "a &lt; b &amp; c"),
        ("already &lt; there", "already &lt; there"),
        ("hi <@U0ABC> and <!here>", "hi <@U0ABC> and <!here>"),
        ("see https://example.org/a?b=1&c=2.", "see <https://example.org/a?b=1&amp;c=2>."),
        ("(<https://example.org|there>)", "(<https://example.org|there>)"),
        ("<b>bold</b>", "&lt;b&gt;bold&lt;/b&gt;"),
    ],
)
def test_what_is_typed_arrives_as_slack_writes_it(typed: str, sent: str, lasting: Stage) -> None:
    lasting.workspace.say(lasting.ann, lasting.channel, typed)
    assert lasting.workspace.messages(lasting.channel)[-1]["text"] == sent


@pytest.mark.parametrize("name", ["message", "ephemeral", "view"])
def test_every_distinct_payload_is_kept_once(name: str, tmp_path: Path) -> None:
    clock = Clock()
    with Workspace(clock=clock, payloads=tmp_path / "payloads") as workspace, Server(workspace) as server:
        stage = set_stage(workspace, server, clock)
        for _ in range(2):
            stage.post("a message")
            stage.client.chat_postEphemeral(channel=stage.channel, user=stage.ann, text="an ephemeral")
            view = {"type": "home", "blocks": [section("home")]}
            stage.client.views_publish(user_id=stage.ann, view=view)
    assert len(list((tmp_path / "payloads").glob(f"{name}-*.json"))) == 1
