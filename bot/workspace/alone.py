"""The local workspace by itself: for trying a bot on, with two people and a channel to begin with."""

from __future__ import annotations

import sqlite3
import sys
from pathlib import Path

from .server import HOST, LOCAL_NAMES, Server
from .workspace import Workspace

# Known to whoever reads this: the workspace answers to this machine alone.
BOT_TOKEN, APP_TOKEN, SIGNING_SECRET = "xoxb-local", "xapp-local", "local"

GREETING = """\
The local workspace is at {url} (Ctrl-C ends it; its state is in {home}).
A bot comes into it with these settings:
  SLACK_API_URL={api_url}
  SLACK_BOT_TOKEN={bot_token}
  SLACK_APP_TOKEN={app_token}
"""


def run(host: str, port: int, home: Path) -> None:
    """Serve the workspace until Ctrl-C; the next start with the same home finds all of it."""
    if host not in LOCAL_NAMES:
        raise OSError("the local workspace is open to whoever reaches it, so it is served on 127.0.0.1 only")
    with _workspace(home / "workspace.sqlite") as workspace:
        furnish(workspace)
        with _server(workspace, port) as server:
            sys.stdout.write(
                GREETING.format(
                    url=server.url, home=home, api_url=server.api_url, bot_token=BOT_TOKEN, app_token=APP_TOKEN
                )
            )
            sys.stdout.flush()
            try:
                server.wait()
            except KeyboardInterrupt:
                sys.stdout.write("\n")


def _workspace(path: Path) -> Workspace:
    try:
        return Workspace(path=path)
    except sqlite3.Error as error:
        sys.stderr.write(f"The workspace in {path} can't be opened ({error}): remove the file to start anew.\n")
        raise SystemExit(2) from None


def _server(workspace: Workspace, port: int) -> Server:
    try:
        return Server(workspace, port)
    except OSError as error:
        sys.stderr.write(f"Port {port} of {HOST} can't be used ({error.strerror}): choose another one with --port.\n")
        raise SystemExit(2) from None


def furnish(workspace: Workspace) -> None:
    """An app that listens over Socket Mode, and someone to talk to it."""
    workspace.install_app(bot_token=BOT_TOKEN, app_token=APP_TOKEN, signing_secret=SIGNING_SECRET)
    people = [
        workspace.add_person("ana", real_name="Ana Analyst", title="data scientist"),
        workspace.add_person("max", real_name="Max Manager", title="product manager"),
    ]
    workspace.add_channel("models", members=people, topic="What our models do")
