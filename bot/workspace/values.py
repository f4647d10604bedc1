"""The values that the local workspace hands out: an app, a call that it made, a delivery that it got."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Json = dict[str, Any]
DeliveryKind = Literal["event", "command", "interaction", "options"]

ALL_SCOPES = frozenset(
    {
        "app_mentions:read",
        "channels:history",
        "channels:join",
        "channels:read",
        "chat:write",
        "commands",
        "files:read",
        "files:write",
        "groups:history",
        "groups:read",
        "im:history",
        "im:read",
        "im:write",
        "links:read",
        "links:write",
        "reactions:read",
        "reactions:write",
        "team:read",
        "usergroups:read",
        "users:read",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """An app as it is installed: who it is, how it proves it, and where it wants to be reached."""

    app_id: str
    bot_id: str
    bot_user: str
    name: str
    bot_token: str
    app_token: str
    signing_secret: str
    request_url: str | None  # None means Socket Mode
    command: str
    scopes: frozenset[str]
    messages_tab: bool = True  # whether people can write to the app directly, and it to them
    refused_as: str | None = None  # what the Web API says to its tokens, once they have ended


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the Web API, as it was understood and answered."""

    method: str
    arguments: Json
    answer: Json
    at: datetime


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that the Events API tells apps about: the inner event and what an app needs to be told of it."""

    event: Json
    channel: str | None
    scope: str | None  # None: every app is told
    only: str | None = None  # the app that it is for, when it is for one


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to hand a payload over."""

    status: int  # what the app answered; 0 when it did not
    body: str
    seconds: float
    problem: str | None  # Slack's word for why it counts as failed
    content_type: str = ""
    no_retry: bool = False


@dataclass(slots=True)
class Delivery:
    """A payload on its way to an app, with every try so far; `redeliver` hands over the same payload once more."""

    app: App
    kind: DeliveryKind
    payload: Json
    again: Callable[[Delivery], Attempt] = field(repr=False)
    attempts: list[Attempt] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)  # a form's errors by block, as its person sees them

    @property
    def status(self) -> int:
        """The status of the last try; 0 when nothing was sent or nothing came back."""
        return self.attempts[-1].status if self.attempts else 0

    @property
    def body(self) -> str:
        return self.attempts[-1].body if self.attempts else ""

    @property
    def seconds(self) -> float:
        return self.attempts[-1].seconds if self.attempts else 0.0

    @property
    def acknowledged(self) -> bool:
        return any(attempt.problem is None for attempt in self.attempts)

    def redeliver(self) -> Attempt:
        """Hand over the same payload again, with the same ids, whatever came of it before."""
        return self.again(self)
