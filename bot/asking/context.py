"""What a command is given when it runs, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

import structlog

from analysis.drawing.chart import Chart
from analysis.errors import UserError
from bot.asking.command import Command
from bot.asking.visible import VisibleModels
from bot.asking.when import zone_of
from bot.evaluating.values import Evaluated, Job
from storage import evaluations, findings, messages
from storage.anchors import Anchor
from storage.channels import Channel
from storage.contents import place_of
from storage.database import Database, Transaction
from storage.evaluations import Evaluation
from storage.findings import Finding
from storage.messages import Address, Content
from storage.people import Person
from storage.requests import MENTION, Leased, Request

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
    models: VisibleModels
    commands: Mapping[str, Command]
    leased: Leased
    person: Person
    known: bool
    """Whether Slack told us who the person is."""
    place: Channel | None
    """The channel where this was asked; None for a direct message, or where Slack doesn't say."""
    now: datetime
    evaluate: Evaluator
    draw: Drawer
    read_message: Callable[[str, str], str | None]
    """The text that stands in Slack now, by channel and ts; None where it can't be read or is gone."""

    @property
    def request(self) -> Request:
        return self.leased.request

    @property
    def team(self) -> str:
        return self.leased.request.who.team

    @property
    def asked_at(self) -> str | None:
        """The place of the message that asked; None for what no message did."""
        where = self.request.where
        is_by_a_message = self.leased.source == MENTION and where.channel and where.message
        return place_of(where.channel or "", where.message or "") if is_by_a_message else None

    @property
    def zone(self) -> str:
        """The person's time zone; UTC where this machine doesn't know the one that Slack names."""
        zone = self.person.zone or "UTC"
        try:
            zone_of(zone)
        except UserError:
            return "UTC"
        return zone

    def evaluation(self, number: int) -> Evaluation:
        """The evaluation of that number. One of a model that may not be seen here does not exist."""
        with self.database.reading() as tx:
            found = evaluations.get(tx, number)
        if found is None or found.team != self.team or not self.models.has(found.model):
            raise UserError(f"There is no evaluation E-{number}. `show MODEL` shows how a model stands.")
        return found

    def finding(self, number: int, *, model: str | None = None) -> Finding:
        """The finding of that number, of this model where one is named. One of a model that may not be seen here does
        not exist."""
        with self.database.reading() as tx:
            found = findings.get(tx, number)
        is_ours = found is not None and found.team == self.team and model in (None, found.model)
        if found is None or not is_ours or not self.models.has(found.model):
            of = f" of {model}" if model else ""
            lists = f"`findings {model}`" if model else "`findings`"
            raise UserError(f"There is no finding F-{number}{of}. {lists} lists what is open.")
        return found

    def tell(self, content: Content) -> Outcome:
        """Answer the one who asked, seen by nobody else; in a thread or after a clock, for everybody there."""
        if self.leased.source in (MENTION, "clock"):
            return self.post(content)
        return self.whisper(content)

    def whisper(
        self, content: Content, *, user: str | None = None, channel: str | None = None, part: str = "answer"
    ) -> Outcome:
        """Tell one person alone: the one who asked, or another one, in the same channel or where they are."""
        where = self.request.where
        address = Address(
            team=self.team,
            channel=channel or where.channel or "",
            user=user or self.request.who.user,
            response_url=where.response_url if user is None else None,
        )
        return lambda tx: self._want(tx, part, "ephemeral", address, content, None)

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
            schedule=where.schedule,
        )

    def _want(
        self, tx: Transaction, part: str, kind: str, address: Address, content: Content, anchor: Anchor | None
    ) -> None:
        """The message carries the models that it tells about: those its renderer names, else all that were read."""
        if content.models is None:
            content = replace(content, models=tuple(sorted(self.models.handed_out)))
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
