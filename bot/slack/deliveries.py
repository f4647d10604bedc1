"""Hands what Slack delivers to Bolt. Bolt trusts its shapes; what isn't shaped as Slack shapes it ends here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import structlog
from slack_bolt import App, BoltRequest, BoltResponse

from bot.slack import payloads

log = structlog.get_logger()

MISSHAPEN = (payloads.Malformed, ValueError, TypeError, LookupError, AttributeError, RecursionError)
"""What Bolt and JSON raise over something that is no object, no text, or nested a thousand times."""


HEARD = ("event_callback", "url_verification", *payloads.NAMED_BY)
"""Kinds that Bolt leads to a listener or answers. Others, such as app_rate_limited, are acknowledged: a delivery that
nobody listens to would count as failed."""


def refused() -> BoltResponse:
    """The answer to what was not taken: Slack delivers an event again."""
    return BoltResponse(status=HTTPStatus.SERVICE_UNAVAILABLE, body="")


class Deliveries:
    """Gives the answer to a delivery; never raises."""

    def __init__(self, app: App) -> None:
        self._app = app

    def by_http(self, body: str, headers: Mapping[str, str], query: str) -> BoltResponse:
        given: dict[str, str | Sequence[str]] = dict(headers)
        return self._answer(lambda: BoltRequest(body=body, headers=given, query=query))

    def by_socket(self, payload: object) -> BoltResponse:
        return self._answer(lambda: BoltRequest(body=_an_object(payload), mode="socket_mode"))

    def _answer(self, request: Any) -> BoltResponse:
        try:
            made: BoltRequest = request()
            delivery = payloads.read(made.body)
            if isinstance(delivery, payloads.OtherPayload) and delivery.kind not in HEARD:
                return BoltResponse(status=HTTPStatus.OK, body="")
            answer = self._app.dispatch(made)
        except MISSHAPEN as error:
            why = str(error) if isinstance(error, payloads.Malformed) else type(error).__name__
            log.warning("a delivery can't be read", why=why)
            return BoltResponse(status=HTTPStatus.BAD_REQUEST, body="")
        return answer


def _an_object(payload: object) -> dict[str, Any]:
    if not isinstance(payload, dict):
        raise payloads.Malformed("the payload is no object")
    return payload
