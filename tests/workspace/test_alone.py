"""The workspace by itself: furnished, found again, and clear when its port is taken."""

from __future__ import annotations

from pathlib import Path

import pytest
from slack_sdk import WebClient

from bot.workspace import Server, Workspace, run
from bot.workspace.alone import BOT_TOKEN, furnish


def test_a_bot_finds_a_channel_with_people_in_it() -> None:
    with Workspace() as workspace, Server(workspace) as server:
        furnish(workspace)
        furnish(workspace)
        client = WebClient(BOT_TOKEN, base_url=server.api_url)
        channels = client.conversations_list()["channels"]
        assert [(channel["name"], channel["is_member"], channel["num_members"]) for channel in channels] == [
            ("models", True, 3)
        ]


def test_a_taken_port_is_one_clear_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Workspace() as workspace, Server(workspace) as server:
        with pytest.raises(SystemExit) as ended:
            run("127.0.0.1", server.port, tmp_path)
        assert ended.value.code == 2
        says = capsys.readouterr().err
        assert str(server.port) in says
        assert says.count("\n") == 1


def test_it_is_served_to_this_machine_only(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"127\.0\.0\.1 only"):
        run("0.0.0.0", 0, tmp_path)  # noqa: S104 - the refusal is what is tried
