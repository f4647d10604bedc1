"""Slack's door over HTTP: what is too large, too slow, or not signed by Slack never reaches the queue."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from urllib.parse import parse_qs

from slack_bolt import BoltResponse
from slack_sdk.signature import SignatureVerifier
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from bot.intake import SECONDS_FOR_A_TURN, Intake, Ticket
from bot.slack.deliveries import Deliveries

LARGEST_BODY = 1_000_000
LONGEST_SSL_CHECK = 500
SECONDS_FOR_A_BODY = 2.0
STAMP, SIGNATURE = "x-slack-request-timestamp", "x-slack-signature"
STAMPS = re.compile(r"[0-9]{1,12}")

Observe = Callable[[float, int], None]
"""Hears how long an answer took, and its status."""


class SlackDoor:
    """The ASGI endpoint. It only waits: Bolt and the database work in the intake's threads."""

    def __init__(
        self, *, deliveries: Deliveries, intake: Intake[BoltResponse], signing_secret: str, observe: Observe
    ) -> None:
        self._deliveries = deliveries
        self._intake = intake
        self._verifier = SignatureVerifier(signing_secret)
        self._observe = observe

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        arrived = time.monotonic()
        answer = await self._answer(Request(scope, receive), arrived)
        self._observe(time.monotonic() - arrived, answer.status_code)
        await answer(scope, receive, send)

    async def _answer(self, request: Request, arrived: float) -> Response:
        if self._intake.is_closed:
            return Response(status_code=HTTPStatus.SERVICE_UNAVAILABLE)
        body = await _whole_body(request)
        if isinstance(body, HTTPStatus):
            return Response(status_code=body)
        if _is_ssl_check(body):
            return Response()
        headers = _single_headers(request)
        if not self._is_signed(body, headers):
            return Response(status_code=HTTPStatus.UNAUTHORIZED)
        query = str(request.url.query)
        text = body.decode("utf-8")
        taken = await self._taken(lambda: self._deliveries.by_http(text, headers, query), arrived)
        return Response(taken.body, status_code=taken.status, headers=taken.first_headers_without_set_cookie())

    def _is_signed(self, body: bytes, headers: Mapping[str, str]) -> bool:
        """What is odd is not signed: a stamp that is no number, a signature with signs that no digest has."""
        stamp, signature = headers.get(STAMP, ""), headers.get(SIGNATURE, "")
        if STAMPS.fullmatch(stamp) is None or not signature.isascii():
            return False
        try:
            return self._verifier.is_valid(body, stamp, signature)
        except UnicodeDecodeError:
            return False

    async def _taken(self, act: Callable[[], BoltResponse], arrived: float) -> BoltResponse:
        loop = asyncio.get_running_loop()
        told: asyncio.Future[BoltResponse] = loop.create_future()

        def tell(answer: BoltResponse) -> None:
            loop.call_soon_threadsafe(told.set_result, answer)

        ticket = Ticket(act, tell, arrived)
        if not self._intake.put(ticket):
            return self._intake.refused
        await asyncio.wait([told], timeout=SECONDS_FOR_A_TURN)
        if not told.done() and self._intake.withdraw(ticket):
            return self._intake.refused
        return await told


async def _whole_body(request: Request) -> bytes | HTTPStatus:
    """The body, or why it is not read to its end."""
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length[:12]) > LARGEST_BODY:
        return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    body = bytearray()
    try:
        async with asyncio.timeout(SECONDS_FOR_A_BODY):
            async for part in request.stream():
                body += part
                if len(body) > LARGEST_BODY:
                    return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    except TimeoutError:
        return HTTPStatus.REQUEST_TIMEOUT
    except ClientDisconnect:
        return HTTPStatus.BAD_REQUEST
    return bytes(body)


def _is_ssl_check(body: bytes) -> bool:
    """Slack looks whether anybody is there, and signs nothing."""
    return len(body) < LONGEST_SSL_CHECK and parse_qs(body).get(b"ssl_check") == [b"1"]


def _single_headers(request: Request) -> dict[str, str]:
    """Bolt's headers. One that is there twice says nothing: who put the second one there?"""
    names = ("content-type", STAMP, SIGNATURE, "x-slack-retry-num", "x-slack-retry-reason")
    found = {name: request.headers.getlist(name) for name in names}
    return {name: values[0] for name, values in found.items() if len(values) == 1}
