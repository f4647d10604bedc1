"""Brings payloads to apps: over HTTP or Socket Mode, once for what a person waits for, with retries for events."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future, wait
from dataclasses import replace
from functools import partial
from typing import Any

from . import http_delivery
from .background import Background
from .envelopes import event_envelope, interested
from .socket_mode import Sockets
from .team import Team
from .troubles import Mishaps
from .values import App, Attempt, Delivery, DeliveryKind, Happening, Json

SECONDS_BEFORE_RETRY = (0.0, 60.0, 300.0)
DELIVERIES_KEPT = 20_000


class Courier:
    """Knows every delivery that was tried, so that any of them can be made again."""

    def __init__(self, team: Team, background: Background, sockets: Sockets) -> None:
        self.retry_delays: Sequence[float] = SECONDS_BEFORE_RETRY
        self.deliveries: list[Delivery] = []
        self.mishaps = Mishaps()
        self._team = team
        self._background = background
        self._sockets = sockets
        self._lock = threading.Lock()

    def tell(self, happenings: Sequence[Happening]) -> list[Delivery]:
        """Deliver events and wait for the first answer (and the immediate retry) of each."""
        deliveries = self._prepared(happenings)
        wait([under_way for delivery in deliveries for under_way in self._sent(delivery)])
        return deliveries

    def tell_later(self, happenings: Sequence[Happening]) -> None:
        """Deliver events that nobody waits for."""
        for delivery in self._prepared(happenings):
            self._sent(delivery)

    def tell_outside_events(self, app: App, payload: Json) -> Delivery:
        """Deliver what is no event of the workspace but says something of the deliveries themselves."""
        delivery = self._noted(app, "event", payload)
        wait([self._background.now(partial(self._deliver_event, delivery))])
        return delivery

    def replay(self) -> int:
        """End an outage: what was held back is delivered, oldest first. Returns how much that was."""
        held = self.mishaps.let_go()
        for deliver in held:
            deliver()
        return len(held)

    def hand_over(self, app: App, kind: DeliveryKind, payload: Json) -> Delivery:
        """Deliver what a person waits for: one try, no retry."""
        delivery = self._noted(app, kind, payload)
        self._attempt(delivery)
        return delivery

    def refused(self, app: App, kind: DeliveryKind, payload: Json, says: str) -> Delivery:
        """A delivery that Slack itself never makes."""
        delivery = self._noted(app, kind, payload)
        delivery.attempts.append(Attempt(0, says, 0.0, "refused"))
        return delivery

    def _prepared(self, happenings: Sequence[Happening]) -> list[Delivery]:
        return [
            self._noted(app, "event", event_envelope(self._team, app, happening))
            for happening in happenings
            for app in self._team.apps()
            if interested(self._team, app, happening)
        ]

    def _noted(self, app: App, kind: DeliveryKind, payload: Json) -> Delivery:
        delivery = Delivery(app, kind, payload, self._again)
        with self._lock:
            self.deliveries.append(delivery)
            del self.deliveries[:-DELIVERIES_KEPT]
        return delivery

    def _sent(self, delivery: Delivery) -> list[Future[Any]]:
        """Set an event on its way, as its fate is; what is under way at once can be waited for."""
        deliver = partial(self._deliver_event, delivery)
        if self.mishaps.held(deliver):
            return []
        fate = self.mishaps.fate()
        if fate == "late":
            self._background.after(self.mishaps.likely.late_seconds, deliver)
            return []
        if fate == "answer lost":
            return [self._background.now(partial(deliver, answer_lost=True))]
        return [self._background.now(deliver) for _ in range(2 if fate == "twice" else 1)]

    def _deliver_event(self, delivery: Delivery, retry: int = 0, *, answer_lost: bool = False) -> None:
        attempt = self._attempt(delivery, retry=retry)
        if answer_lost:
            attempt = delivery.attempts[-1] = replace(attempt, problem="http_timeout")
        if attempt.problem is None or attempt.no_retry or retry >= len(self.retry_delays):
            return
        delay = self.retry_delays[retry]
        if delay <= 0:
            self._deliver_event(delivery, retry + 1)
        else:
            self._background.after(delay, lambda: self._deliver_event(delivery, retry + 1))

    def _again(self, delivery: Delivery) -> Attempt:
        retry = len(delivery.attempts) if delivery.kind == "event" else 0
        return self._attempt(delivery, retry=retry)

    def _attempt(self, delivery: Delivery, *, retry: int = 0) -> Attempt:
        # An event comes again because its answer was lost when nothing else is known to be wrong.
        last = delivery.attempts[-1].problem if delivery.attempts else None
        reason = (last or "http_timeout") if retry else ""
        app = self._team.app_of(delivery.app.bot_token) or delivery.app
        send = self._sockets.send if app.request_url is None else http_delivery.send
        attempt = send(app, delivery.kind, delivery.payload, retry=retry, reason=reason)
        delivery.attempts.append(attempt)
        return attempt
