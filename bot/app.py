"""Where the parts meet: the only file that constructs them."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import datetime, timedelta
from typing import Any, Literal

import structlog
from pydantic import SecretStr
from slack_bolt import App
from slack_bolt.authorization import AuthorizeResult
from slack_sdk import WebClient
from starlette.types import ASGIApp

from analysis.card_reading import parse_card
from analysis.errors import UserError
from bot.answering import Answering
from bot.asking.readers import Readers
from bot.clock import Clock
from bot.commands import all_commands
from bot.edges import edge
from bot.evaluating.children import Children
from bot.gateway import Gateway
from bot.intake import SECONDS_TO_ACKNOWLEDGE, Intake
from bot.listeners import Door
from bot.metrics import Look, Metrics, look
from bot.models import Models
from bot.only_process import only_process
from bot.settings import Settings
from bot.slack import deliveries
from bot.slack.api import (
    HTTP_TIMEOUT_SECONDS,
    Refused,
    Slack,
    TooFast,
    Unknown,
    web_client,
    why_no_identity,
    why_no_socket,
)
from bot.slack.deliveries import Deliveries
from bot.slack.directory import Directory
from bot.slack.observed import ObservedSlack
from bot.slack.pace import Pace
from bot.slack.sockets import Sockets
from bot.web.health import Watch
from bot.web.site import Site, build_pages
from bot.web.slack_door import SlackDoor
from storage import messages, requests
from storage.database import Database

log = structlog.get_logger()

Role = Literal["web", "worker", "clock", "all"]

QUICK_THREADS = 2
SLOW_THREADS = 2
GATEWAY_THREADS = 3
SECONDS_BETWEEN_CHECKPOINTS = 2.0
SECONDS_TO_STOP = 17.0
"""Whoever ends us usually waits for 20 to 30 seconds; a call to Slack takes 10 at most."""


class Parley:
    """A process of Parley: its parts, started in order and stopped in the reverse one."""

    def __init__(
        self,
        settings: Settings,
        *,
        role: Role,
        now: Callable[[], datetime] | None,
        seconds_between_messages: float,
    ) -> None:
        self.settings = settings
        self.role = role
        self.database = Database(settings.database)
        self.now = now or self.database.now
        self.commands = all_commands()
        self.models = Models(settings.cards, read=parse_card)
        self.watch = Watch(self._look)
        self.metrics = Metrics(self.watch.known)
        self.children = Children(
            seconds=settings.job_seconds,
            summaries=settings.home / "summaries",
            dask=settings.dask,
            observe=self.metrics.evaluated,
        )
        self.slack = ObservedSlack(_client(settings), self.metrics.called)
        pace = Pace(
            self.slack,
            database=self.database,
            now=self.now,
            seconds_between_messages=seconds_between_messages,
        )
        self.clock = Clock(
            database=self.database,
            commands=self.commands,
            now=self.now,
            keep=timedelta(days=settings.retention_days),
        )
        directory = Directory(pace=pace, database=self.database, now=self.now)
        self.answering = Answering(
            database=self.database,
            models=self.models,
            commands=self.commands,
            children=self.children,
            directory=directory,
            shared_channels=settings.shared_channels,
            now=self.now,
        )
        self.gateway = Gateway(
            pace=pace,
            database=self.database,
            now=self.now,
            may_be_read=Readers(self.models, directory, self.database, settings.shared_channels).may_read,
        )
        self.intake = Intake(self.database, refused=deliveries.refused())
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._parts, self._held = ExitStack(), ExitStack()
        self.site: ASGIApp | None = None

    def has(self, part: Role) -> bool:
        return self.role in (part, "all")

    def start(self, *, ticking: bool = True) -> None:
        """Start everything this role has. ``ticking`` is False where a story moves the clock itself."""
        self._hold_file()
        if self.database.upgrade() == "newer":
            log.info("a newer Parley upgraded the database; this version works on with it")
        if self.database.is_sqlite:
            self._take_over()
        identity, address = self._who_am_i(), self._socket_address()
        if self.has("worker"):
            self.children.start()
        app = self._bolt(identity) if self.has("web") else None
        self.site = self._site(app if self.settings.mode == "http" else None)
        self.intake.start()
        if self.database.is_sqlite:
            self._spawn("checkpoints", self._tidy_up)
        if self.has("worker"):
            self._work()
        if self.has("clock") and ticking:
            self.clock.start()
            self._parts.callback(self.clock.stop)
        if app is not None and self.settings.mode == "socket":
            self._connect(app, address)

    def stop(self) -> None:
        """Take nothing more, finish what is short, and give back what is not: it is a row, and done after the next
        start. An evaluation begins anew; a message that is on its way to Slack is waited for."""
        end = time.monotonic() + SECONDS_TO_STOP
        self.intake.close(seconds=SECONDS_TO_ACKNOWLEDGE)  # before the connections over which it is acknowledged
        self._parts.close()
        self._stop.set()
        self.children.end()
        self.database.bells.ring_all()
        for thread in self._threads:
            thread.join(max(end - time.monotonic(), 0.0))
        left = [thread.name for thread in self._threads if thread.is_alive()]
        if left:
            log.warning("not everything could be finished; it is leased for a moment longer", threads=left)
        self.database.close()
        self._held.close()

    def health(self) -> Mapping[str, object]:
        """What each part does, as the database says it now."""
        return self._health(self._look())

    async def health_soon(self) -> Mapping[str, object]:
        """The same without waiting for the database: at most a second old where it answers."""
        return self._health(await self.watch.latest())

    def _health(self, seen: Look | None) -> Mapping[str, object]:
        about = {"ok": seen is not None and not self.intake.refuses, "role": self.role}
        if self.intake.refuses:
            about |= {"draining": True}
        if seen is None:
            return about
        return about | {
            "requests": {lane: queue.depth for lane, queue in seen.queues.items()},
            "unsent": seen.unsent.depth,
        }

    def _look(self) -> Look:
        return look(self.database, self.now())

    def _hold_file(self) -> None:
        """SQLite's file is for one process, however it is named: held before anything in it changes."""
        if self.database.file is not None:
            self._held.enter_context(only_process(self.database.file))

    def _take_over(self) -> None:
        """Whoever holds the file works alone on it, so what a killed process had leased is free at once.

        A call of the killed process may still be on its way to Slack; after its timeout a look-up sees what it did."""
        now = self.now()
        with self.database.transaction() as tx:
            requests.free_all(tx, now=now)
            messages.free_all(tx, now=now, arrived_at=now + timedelta(seconds=HTTP_TIMEOUT_SECONDS))

    def _work(self) -> None:
        self._spawn("model-cards", lambda: self.models.warm())
        for number in range(QUICK_THREADS):
            self._spawn(f"quick-{number}", lambda: self.answering.work("quick", self._stop))
        for number in range(SLOW_THREADS):
            self._spawn(f"slow-{number}", lambda: self.answering.work("slow", self._stop))
        for number in range(self.settings.jobs):
            self._spawn(f"evaluations-{number}", lambda: self.answering.work("evaluation", self._stop))
        for number in range(GATEWAY_THREADS):
            self._spawn(f"gateway-{number}", lambda: self.gateway.work(self._stop))

    def _tidy_up(self) -> None:
        """What somebody deleted does not stay in SQLite's log when all is quiet."""
        before = 0
        while not self._stop.wait(SECONDS_BETWEEN_CHECKPOINTS):
            with edge("checkpoints"):
                pages = self.database.checkpoint()
                before = self.database.checkpoint(emptying=True) if pages == before > 0 else pages

    def _spawn(self, name: str, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, name=name, daemon=True)
        thread.start()
        self._threads.append(thread)

    def _who_am_i(self) -> dict[str, Any]:
        try:
            return self.slack.call("auth.test")
        except (Refused, TooFast, Unknown) as error:
            raise UserError(why_no_identity(error, self.settings.slack_api_url)) from None

    def _bolt(self, identity: Mapping[str, Any]) -> App:
        authorized = AuthorizeResult(
            enterprise_id=identity.get("enterprise_id"),
            team_id=identity.get("team_id"),
            bot_id=identity.get("bot_id"),
            bot_user_id=identity.get("user_id"),
            bot_token=_secret(self.settings.bot_token),
        )
        secret = _secret(self.settings.signing_secret)
        app = App(
            name="parley",  # or it reads the source of whoever calls it
            client=web_client(None, self.settings.slack_api_url),
            authorize=lambda **_: authorized,
            signing_secret=secret,
            request_verification_enabled=self.settings.mode == "http",
            process_before_response=True,
            raise_error_for_unhandled_request=False,
            logger=_quiet_logger(),
        )
        Door(
            database=self.database,
            commands={name: command for name, command in self.commands.items() if not command.hidden},
            now=self.now,
            team=str(identity.get("team_id", "")),
            bot_user=str(identity.get("user_id", "")),
            bot_name=str(identity.get("user", "")),
            shared_channels=self.settings.shared_channels,
            workspace_url=str(identity.get("url", "")),
        ).listen(app)
        return app

    def _socket_address(self) -> str | None:
        """Where Socket Mode connects to; None where Slack asks to wait for it, which its client does by itself.

        Asked for before anything is started: the client would log a refusal and raise an error of its own."""
        if self.settings.mode != "socket" or not self.has("web"):
            return None
        try:
            return Slack(_client(self.settings, token=self.settings.app_token)).socket_address()
        except TooFast as error:
            log.warning("Slack asks to wait before connecting", seconds=error.seconds)
            return None
        except (Refused, Unknown) as error:
            raise UserError(why_no_socket(error, self.settings.slack_api_url)) from None

    def _connect(self, app: App, address: str | None) -> None:
        sockets = Sockets(
            app,
            deliveries=Deliveries(app),
            intake=self.intake,
            observe=self.metrics.acknowledged,
            app_token=_secret(self.settings.app_token) or "",
            web_client=_client(self.settings),
        )
        self._parts.callback(sockets.close)
        sockets.client.wss_uri = address
        sockets.connect()  # type: ignore[no-untyped-call]  # Bolt gives it no types

    def _site(self, app: App | None) -> ASGIApp:
        pages = build_pages(health=self.health_soon, registry=self.metrics.registry)
        return Site(door=self._slack_door(app), pages=pages) if app is not None else pages

    def _slack_door(self, app: App) -> SlackDoor:
        return SlackDoor(
            deliveries=Deliveries(app),
            intake=self.intake,
            signing_secret=_secret(self.settings.signing_secret) or "",
            observe=self.metrics.acknowledged,
        )


def build_app(
    settings: Settings,
    *,
    role: Role = "all",
    now: Callable[[], datetime] | None = None,
    seconds_between_messages: float = 1.0,
) -> Parley:
    """All parts of one process, not started yet. ``now`` is the database's clock unless a story brings its own."""
    return Parley(settings, role=role, now=now, seconds_between_messages=seconds_between_messages)


def _client(settings: Settings, *, token: SecretStr | None = None) -> WebClient:
    return web_client(_secret(token or settings.bot_token), settings.slack_api_url)


def _secret(value: Any) -> str | None:
    return value.get_secret_value() if value is not None else None


def _quiet_logger() -> logging.Logger:
    """Bolt logs the whole body of a badly signed request at INFO, and warns of what is on purpose."""
    logger = logging.getLogger("parley.bolt")
    logger.setLevel(logging.ERROR)
    return logger
