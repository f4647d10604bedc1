"""A gateway whose steps a test takes one by one, between a database and a local workspace."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from bot.demo.clock import StoryClock
from bot.gateway import Gateway
from bot.render.answers import words_only
from bot.slack.api import HTTP_TIMEOUT_SECONDS, Slack, web_client
from bot.slack.pace import Pace
from bot.workspace import App, Workspace
from storage import messages, schedules
from storage.database import Database
from storage.messages import Address, Content
from storage.requests import Who
from tests.stage import BOT_TOKEN


@dataclass
class Hall:
    workspace: Workspace
    app: App
    api_url: str
    clock: StoryClock


@dataclass
class Desk:
    """One channel and one person of the hall's workspace, and gateways of its own."""

    workspace: Workspace
    app: App
    api_url: str
    database: Database
    clock: StoryClock
    channel: str
    mara: str
    gateways: dict[float, Gateway] = field(default_factory=dict)

    @property
    def team(self) -> str:
        return self.workspace.team

    def pace(self, *, gap: float = 0.0, database: Database | None = None) -> Pace:
        slack = Slack(web_client(BOT_TOKEN, self.api_url))
        used = database or self.database
        return Pace(slack, database=used, now=self.clock, seconds_between_messages=gap)

    def gateway(self, *, gap: float = 0.0, database: Database | None = None) -> Gateway:
        return Gateway(
            pace=self.pace(gap=gap, database=database),
            database=database or self.database,
            now=self.clock,
            may_be_read=lambda _due: "yes",
        )

    def want(self, key: str, content: Content | None = None, *, kind: str = "message", **place: Any) -> None:
        address = Address(**({"team": self.team, "channel": self.channel, "user": self.mara} | place))
        with self.database.transaction() as tx:
            messages.want(tx, key=key, kind=kind, address=address, content=content or words_only(key), now=self.clock())

    def schedule(self) -> int:
        """One of hers in the channel."""
        with self.database.transaction() as tx:
            return schedules.add(
                tx, who=Who(self.team, self.mara), channel=self.channel, when="every day 07:00", zone="UTC",
                command="digest", arguments={}, request_id=1, now=self.clock(),
            ).id  # fmt: skip

    def send(self, *, gap: float = 0.0) -> None:
        """Everything that is due."""
        gateway = self.gateways.setdefault(gap, self.gateway(gap=gap))
        for _ in range(1000):
            if not gateway.show_one():
                return
        raise AssertionError("the gateway finds no rest")

    def sleep(self, seconds: float) -> None:
        self.clock.jump(self.clock() + timedelta(seconds=seconds))

    def later(self, seconds: float = HTTP_TIMEOUT_SECONDS + 1) -> None:
        self.sleep(seconds)
        self.send()

    def stored(self, key: str) -> messages.Stored:
        with self.database.reading() as tx:
            found = messages.get(tx, key)
        assert found is not None
        return found

    def said(self, channel: str | None = None) -> list[str]:
        """What the bot says in a channel, without threads."""
        return [m["text"] for m in self.workspace.messages(channel or self.channel) if m.get("bot_id")]

    def whispered(self) -> list[str]:
        return [m["text"] for m in self.workspace.ephemerals(self.channel, self.mara)]

    def direct(self) -> list[str]:
        return self.said(self.workspace.records.direct(self.app, self.mara)["id"])

    def calls(self, method: str) -> list[Any]:
        return [c for c in self.workspace.calls_of(method) if self.channel in str(c.arguments)]
