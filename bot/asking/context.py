"""What a command is given when it runs, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import structlog

from analysis.drawing.chart import Chart
from bot.asking.command import Command
from bot.evaluating.values import Evaluated, Job
from bot.models import Models
from storage import messages
from storage.anchors import Anchor
from storage.database import Database, Transaction
from storage.messages import Address, Content
from storage.people import Person
from storage.requests import Leased, Request

log = structlog.get_logger()

Outcome = Callable[[Transaction], None]
"""What is written, together with the end of the request, in one small transaction."""


class Evaluator(Protocol):
    def __call__(self, job: Job, *, phase: Callable[[str], None], stop: Callable[[], bool]) -> Evaluated:
        """Evaluate in a child process. ``phase`` hears of each step; ``stop`` is asked twice a second.

        Raises UserError or DataError as the evaluation did, Stopped when ``stop`` said so."""
        ...


class Drawer(Protocol):
    def __call__(self, draw: Callable[..., Chart], /, *arguments: object, **named: object) -> Chart:
        """Draw a chart in a child process, so that the heavy imports stay out of this one."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """All that a command may use. A command reads and evaluates; what it changes it hands back as an outcome."""

    database: Database
    models: Models
    commands: Mapping[str, Command]
    leased: Leased
    person: Person
    now: datetime
    evaluate: Evaluator
    draw: Drawer
    ring: Callable[[], None]

    @property
    def request(self) -> Request:
        return self.leased.request

    @property
    def team(self) -> str:
        return self.leased.request.who.team

    @property
    def zone(self) -> str:
        return self.person.zone or "UTC"

    def tell(self, content: Content) -> Outcome:
        """Answer the one who asked, seen by nobody else; in a thread or after a clock, for everybody there."""
        where = self.request.where
        if self.leased.source in ("mention", "clock"):
            return self.post(content)
        address = Address(
            team=self.team, channel=where.channel or "", user=self.request.who.user, response_url=where.response_url
        )
        return lambda tx: self._want(tx, "answer", "ephemeral", address, content, None)

    def post(self, content: Content, *, anchor: Anchor | None = None, part: str = "answer") -> Outcome:
        """Post a message for everybody where the request was made; people may talk in its thread."""
        return lambda tx: self._want(tx, part, "message", self.address(), content, anchor)

    def address(self) -> Address:
        where = self.request.where
        return Address(
            team=self.team,
            channel=where.channel or "",
            thread=where.thread,
            response_url=where.response_url,
            user=self.request.who.user,
        )

    def _want(
        self, tx: Transaction, part: str, kind: str, address: Address, content: Content, anchor: Anchor | None
    ) -> None:
        key = f"{part}:{self.leased.id}"
        message = messages.want(tx, key=key, kind=kind, address=address, content=content, anchor=anchor, now=self.now)
        log.info("a message is wanted", message=message, kind=kind)


def nothing_more(_: Transaction) -> None:
    """The outcome of a request that leaves nothing to be written."""


def together(*outcomes: Outcome) -> Outcome:
    def write(tx: Transaction) -> None:
        for outcome in outcomes:
            outcome(tx)

    return write
