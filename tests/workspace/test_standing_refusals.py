"""What Slack refuses for as long as a knob says so: blocks, pictures, channels, scopes, direct messages."""

from __future__ import annotations

import time
from typing import Any

import httpx2
import pytest

from .stage import APP_TOKEN, BOT_TOKEN, SECRET, Stage
from .test_workspace_files import picture, uploaded

TEXT: dict[str, Any] = {"type": "section", "text": {"type": "mrkdwn", "text": "x"}}


def test_a_picture_can_be_refused_although_its_file_is_there(stage: Stage) -> None:
    stage.workspace.file_seconds = 0
    file = uploaded(stage)
    stage.client.files_completeUploadExternal(files=[{"id": file}], channel_id=stage.channel)
    assert stage.workspace.settle()
    refused = stage.workspace.fault("chat.*", block="slack_file", times=None)
    blocks = [TEXT, *picture(file)]
    for _ in range(2):
        error = stage.refusal("chat.postMessage", channel=stage.channel, text="x", blocks=blocks).response
        assert error["error"] == "invalid_blocks"
        says = "invalid slack file [json-pointer:/blocks/1/slack_file]"
        assert error["response_metadata"]["messages"] == [f"[ERROR] {says}"]
    stage.post("without it", blocks=[TEXT])
    stage.workspace.faults.lift(refused)
    stage.post("with it", blocks=blocks)


def test_a_kind_of_block_can_be_refused(stage: Stage) -> None:
    stage.workspace.fault("chat.update", block="section", times=None)
    card = stage.post("a card", blocks=[{"type": "divider"}, TEXT])
    error = stage.refusal("chat.update", channel=stage.channel, ts=card, text="x", blocks=[TEXT]).response
    says = "unsupported type: section [json-pointer:/blocks/0/type]"
    assert (error["error"], error["errors"]) == ("invalid_blocks", [says])


@pytest.mark.parametrize(
    "error",
    [
        "restricted_action",
        "restricted_action_thread_only_channel",
        "restricted_action_non_threadable_channel",
        "restricted_action_thread_locked",
        "message_limit_exceeded",
        "team_access_not_granted",
        "edit_window_closed",
    ],
)
def test_a_permanent_error_holds_for_its_method_and_channel_until_it_is_lifted(stage: Stage, error: str) -> None:
    other = stage.workspace.add_channel("other", members=[stage.ann])
    stage.workspace.fault("chat.postMessage", error=error, channel=stage.channel, times=None)
    for _ in range(3):
        assert stage.error("chat.postMessage", channel=stage.channel, text="x") == error
    stage.client.chat_postMessage(channel=other, text="x")
    stage.client.conversations_info(channel=stage.channel)


def test_a_missing_scope_names_those_that_would_do(stage: Stage) -> None:
    stage.workspace.fault("conversations.info", error="missing_scope", times=None)
    answer = stage.refusal("conversations.info", channel=stage.channel).response
    assert (answer["error"], answer["needed"]) == ("missing_scope", "channels:read,groups:read,im:read")


def test_uploads_can_be_switched_off(stage: Stage) -> None:
    stage.workspace.fault("files.getUploadURLExternal", error="file_uploads_disabled", times=None)
    assert stage.error("files.getUploadURLExternal", filename="a.png", length=1) == "file_uploads_disabled"


def test_without_a_messages_tab_nobody_is_written_to_directly(stage: Stage) -> None:
    direct = stage.client.conversations_open(users=stage.ann)["channel"]["id"]
    stage.workspace.install_app(
        bot_token=BOT_TOKEN, app_token=APP_TOKEN, signing_secret=SECRET, request_url=None, messages_tab=False
    )
    for channel in (stage.ann, direct):
        assert stage.error("chat.postMessage", channel=channel, text="x") == "messages_tab_disabled"
    stage.post("in a channel it goes on")


def test_an_answer_can_come_late(stage: Stage) -> None:
    stage.workspace.fault("chat.postMessage", delay=0.3)
    began = time.monotonic()
    stage.post("x")
    assert 0.3 <= time.monotonic() - began < 2


def test_a_response_url_can_refuse_blocks_too(stage: Stage) -> None:
    team = stage.workspace.records
    address = team.new_response_url(stage.app, stage.channel, stage.ann)
    stage.workspace.fault("response_url", block="section", times=None)
    refused = httpx2.post(address, json={"text": "x", "blocks": [TEXT]})
    assert refused.json()["error"] == "invalid_blocks"
    assert httpx2.post(address, json={"text": "x"}).status_code == 200


def test_a_deleted_file_leaves_its_messages_without_it(stage: Stage) -> None:
    stage.workspace.file_seconds = 0
    silent, told = uploaded(stage), uploaded(stage)
    stage.client.files_completeUploadExternal(files=[{"id": silent}], channel_id=stage.channel)
    stage.client.files_completeUploadExternal(
        files=[{"id": told}], channel_id=stage.channel, initial_comment="the chart"
    )
    assert stage.workspace.settle()
    for file in (silent, told):
        stage.client.files_delete(file=file)
        assert stage.error("files.info", file=file) == "file_deleted"
    [left] = stage.workspace.messages(stage.channel)
    assert (left["text"], left["files"]) == ("the chart", [{"id": told, "mode": "tombstone"}])
    with pytest.raises(LookupError):
        stage.workspace.file_bytes(silent)
