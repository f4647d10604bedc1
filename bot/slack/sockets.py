"""Socket Mode: the same intake as over HTTP, behind a connection that we open."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

import structlog
from slack_bolt import App, BoltResponse
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_bolt.adapter.socket_mode.internals import send_response
from slack_sdk import WebClient
from slack_sdk.socket_mode.builtin import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse

from bot.intake import Intake, Observe
from bot.slack.deliveries import Deliveries

log = structlog.get_logger()

SECONDS_TO_ACKNOWLEDGE_THE_LAST = 3.0


class Sockets(SocketModeHandler):
    """The connection to Slack. What was refused is not acknowledged, so an event comes again."""

    def __init__(
        self,
        app: App,
        *,
        deliveries: Deliveries,
        intake: Intake[BoltResponse],
        observe: Observe,
        app_token: str,
        web_client: WebClient,
    ) -> None:
        super().__init__(app, app_token=app_token, web_client=web_client)
        self._deliveries = deliveries
        self._intake = intake
        self._observe = observe
        self._changed = threading.Condition()
        self._served_now = 0
        self.client.message_listeners.append(_count_connections)

    def handle(self, client: SocketModeClient, req: SocketModeRequest) -> None:  # type: ignore[override]  # as Bolt's own
        with self._serving():
            self._serve(client, req)

    def close(self) -> None:
        """What was taken is acknowledged first: whoever sees it fail asks once more, and both would run."""
        with self._changed:
            self._changed.wait_for(lambda: self._served_now == 0, timeout=SECONDS_TO_ACKNOWLEDGE_THE_LAST)
        super().close()  # type: ignore[no-untyped-call]  # Bolt gives it no types

    @contextmanager
    def _serving(self) -> Iterator[None]:
        with self._changed:
            self._served_now += 1
        try:
            yield
        finally:
            with self._changed:
                self._served_now -= 1
                self._changed.notify_all()

    def _serve(self, client: SocketModeClient, req: SocketModeRequest) -> None:
        began = time.time()
        payload: object = req.payload
        arrived = time.monotonic()
        answer = self._intake.served(lambda: self._deliveries.by_socket(payload), arrived=arrived)
        self._observe(time.monotonic() - arrived, answer.status)
        if answer.status == HTTPStatus.BAD_REQUEST:  # it would be as misshapen the next time
            client.send_socket_mode_response(SocketModeResponse(envelope_id=req.envelope_id))
        else:
            send_response(client, req, answer, began)


def _count_connections(_: object, message: dict[str, Any], __: str | None = None) -> None:
    """More connections than ours are ghosts, or another process with the same tokens: they swallow clicks."""
    if message.get("type") != "hello":
        return
    count = message.get("num_connections", 1)
    log.info("connected by Socket Mode", connections=count)
    if count > 1:
        log.warning("other connections share this app; each gets a part of the clicks", connections=count)
