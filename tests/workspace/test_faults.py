"""Troubles come exactly where they are planned."""

from __future__ import annotations

import threading
import time
from http.client import RemoteDisconnected

import httpx2
import pytest
from slack_sdk.errors import SlackApiError

from .stage import Stage, until


def texts(stage: Stage) -> list[str]:
    return [message["text"] for message in stage.workspace.messages(stage.channel)]


def test_an_error_stands_in_for_the_answer_as_often_as_planned(stage: Stage) -> None:
    fault = stage.workspace.fault("chat.postMessage", error="restricted_action", times=2)
    assert not fault.reached.is_set()
    for _ in range(2):
        assert stage.error("chat.postMessage", channel=stage.channel, text="x") == "restricted_action"
    assert fault.reached.is_set()
    stage.post("now")
    assert texts(stage) == ["now"]


def test_a_rate_limit_says_when_to_come_back(stage: Stage) -> None:
    stage.workspace.fault("chat.postMessage", retry_after=7)
    with pytest.raises(SlackApiError) as refused:
        stage.post()
    assert refused.value.response.status_code == 429
    assert refused.value.response.headers["retry-after"] == "7"
    assert refused.value.response["error"] == "ratelimited"


def test_a_server_error_is_one(stage: Stage) -> None:
    stage.workspace.fault("auth.test", status=503)
    assert httpx2.post(f"{stage.server.api_url}auth.test").status_code == 503
    assert httpx2.post(f"{stage.server.api_url}auth.test").status_code == 200


@pytest.mark.parametrize(("when", "left"), [("before", []), ("after", ["x"])])
def test_a_dropped_connection_leaves_the_outcome_open(when: str, left: list[str], stage: Stage) -> None:
    fault = stage.workspace.fault("chat.postMessage", drop=when)  # type: ignore[arg-type]  # one of the two words
    with pytest.raises(RemoteDisconnected):
        stage.post("x")
    assert fault.reached.is_set()
    assert texts(stage) == left
    stage.post("the next one is fine")


@pytest.mark.parametrize(("when", "meanwhile"), [("before", []), ("after", ["x"])])
def test_a_call_hangs_until_it_is_released(when: str, meanwhile: list[str], stage: Stage) -> None:
    fault = stage.workspace.fault("chat.postMessage", hang=when)  # type: ignore[arg-type]  # one of the two words
    call = threading.Thread(target=stage.post, args=("x",))
    call.start()
    assert fault.reached.wait(5)
    assert texts(stage) == meanwhile
    assert call.is_alive()
    fault.release()
    call.join(5)
    assert texts(stage) == ["x"]


def test_without_faults_everything_goes_on(stage: Stage) -> None:
    stage.workspace.fault("chat.postMessage", error="fatal_error", times=100)
    hanging = stage.workspace.fault("auth.test", hang="before")
    call = threading.Thread(target=stage.client.auth_test)
    call.start()
    assert hanging.reached.wait(5)
    stage.workspace.unfaulted()
    call.join(5)
    assert not call.is_alive()
    stage.post("fine")


def test_uploads_can_fail_too(stage: Stage) -> None:
    address = stage.client.files_getUploadURLExternal(filename="a.csv", length=3)["upload_url"]
    stage.workspace.fault("upload", status=500)
    assert httpx2.post(address, content=b"a,b").status_code == 500
    assert httpx2.post(address, content=b"a,b").status_code == 200


def test_many_callers_at_once_lose_nothing(stage: Stage) -> None:
    began = time.monotonic()
    callers = [threading.Thread(target=stage.post, args=(str(number),)) for number in range(40)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(10)
    until(lambda: len(texts(stage)) == 40)
    assert sorted(texts(stage), key=int) == [str(number) for number in range(40)]
    assert time.monotonic() - began < 20
