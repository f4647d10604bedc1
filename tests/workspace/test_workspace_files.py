"""Files take the way that Slack's take: announced, uploaded, completed, and usable a little later."""

from __future__ import annotations

import struct
from typing import Any

import httpx2

from .stage import BOT_TOKEN, Stage, until

PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 1200, 630) + b"\x08\x02\x00\x00\x00" + b"rest"


def uploaded(stage: Stage, content: bytes = PNG, name: str = "trend.png", *, alt_text: str = "a trend") -> str:
    answer = stage.client.files_getUploadURLExternal(filename=name, length=len(content), alt_txt=alt_text)
    assert httpx2.post(answer["upload_url"], content=content).status_code == 200
    return str(answer["file_id"])


def picture(file: str) -> list[dict[str, Any]]:
    return [{"type": "image", "slack_file": {"id": file}, "alt_text": "a trend"}]


def test_a_file_gets_its_type_and_its_message_only_after_a_while(stage: Stage) -> None:
    stage.workspace.file_seconds = 0.2
    card = stage.post("the card")
    file = uploaded(stage)
    answer = stage.client.files_completeUploadExternal(
        files=[{"id": file, "title": "Trend"}], channel_id=stage.channel, thread_ts=card, initial_comment="the chart"
    )
    assert answer["files"][0]["mimetype"] == ""
    assert answer["files"][0]["shares"] == {}
    assert "ts" not in answer.data
    assert stage.workspace.replies(stage.channel, card) == []
    early = stage.refusal("chat.postMessage", channel=stage.channel, text="x", blocks=picture(file))
    assert early.response["error"] == "invalid_blocks"
    assert early.response["response_metadata"]["messages"] == [
        "[ERROR] invalid slack file [json-pointer:/blocks/0/slack_file]"
    ]

    until(lambda: stage.client.files_info(file=file)["file"]["mimetype"])
    described = stage.client.files_info(file=file)["file"]
    assert described["mimetype"] == "image/png"
    assert (described["original_w"], described["original_h"]) == (1200, 630)
    assert described["alt_txt"] == "a trend"
    reply = until(lambda: stage.workspace.replies(stage.channel, card))[0]
    assert described["shares"]["public"][stage.channel][0]["ts"] == reply["ts"]
    assert (reply["subtype"], reply["text"], reply["files"][0]["title"]) == ("file_share", "the chart", "Trend")
    stage.post("with its picture", blocks=picture(file))


def test_a_completion_that_is_repeated_shares_once(stage: Stage) -> None:
    file = uploaded(stage)
    for _ in range(2):
        stage.client.files_completeUploadExternal(files=[{"id": file}], channel_id=stage.channel)
    assert stage.workspace.settle()
    assert len(stage.workspace.messages(stage.channel)) == 1


def test_a_file_without_a_channel_can_still_be_shown(stage: Stage) -> None:
    file = uploaded(stage)
    stage.client.files_completeUploadExternal(files=[{"id": file}])
    assert stage.workspace.settle()
    stage.post("with its picture", blocks=picture(file))


def test_the_bytes_are_for_who_may_read_them(stage: Stage) -> None:
    file = uploaded(stage)
    address = stage.client.files_info(file=file)["file"]["url_private"]
    response = httpx2.get(address, headers={"Authorization": f"Bearer {BOT_TOKEN}"})
    assert response.content == PNG
    assert response.headers["content-type"] == "image/png"
    assert httpx2.get(address).status_code == 403


def test_an_upload_of_another_length_is_refused(stage: Stage) -> None:
    answer = stage.client.files_getUploadURLExternal(filename="a.csv", length=10)
    assert httpx2.post(answer["upload_url"], content=b"short").status_code == 400
    assert stage.error("files.completeUploadExternal", files=[{"id": answer["file_id"]}]) == "file_not_found"


def test_uploads_have_their_own_refusals(stage: Stage) -> None:
    file = uploaded(stage)
    files = [{"id": file}]
    assert stage.error("files.getUploadURLExternal", filename="a.png", length=0) == "invalid_arguments"
    assert (
        stage.error("files.getUploadURLExternal", filename="a.png", length=1, alt_txt="x" * 1001) == "alt_txt_too_large"
    )
    assert stage.error("files.completeUploadExternal", files=files, channel_id="C0NO") == "channel_not_found"
    assert (
        stage.error("files.completeUploadExternal", files=files, channel_id=stage.channel, thread_ts="1.0")
        == "thread_not_found"
    )
    other = stage.workspace.add_channel("other", members=[stage.ann], with_app=False)
    assert stage.error("files.completeUploadExternal", files=files, channel_id=other) == "not_in_channel"


def test_a_table_of_text_is_no_picture(stage: Stage) -> None:
    file = uploaded(stage, b"a,b\n", "a.csv")
    stage.client.files_completeUploadExternal(files=[{"id": file}], channel_id=stage.channel)
    assert stage.workspace.settle()
    assert stage.error("chat.postMessage", channel=stage.channel, blocks=picture(file)) == "invalid_blocks"


def test_an_app_does_not_see_files_of_channels_where_it_is_not(stage: Stage) -> None:
    other = stage.workspace.add_channel("other", members=[stage.ann], with_app=False)
    stage.workspace.share(stage.ann, other, "a.png", PNG)
    hidden = stage.workspace.messages(other)[0]["files"][0]["id"]
    assert stage.error("files.info", file=hidden) == "file_not_found"
    stage.workspace.share(stage.ann, stage.channel, "a.png", PNG, comment="look")
    shown = stage.workspace.messages(stage.channel)[0]
    assert shown["subtype"] == "file_share"
    assert stage.client.files_info(file=shown["files"][0]["id"])["file"]["mimetype"] == "image/png"
