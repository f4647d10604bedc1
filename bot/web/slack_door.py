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
from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from bot.intake import SECONDS_FOR_A_TURN, Intake, Observe, Ticket
from bot.slack.deliveries import Deliveries

LARGEST_BODY = 1_000_000
LONGEST_SSL_CHECK = 500
SECONDS_FOR_A_BODY = 2.0
STAMP, SIGNATURE = "x-slack-request-timestamp", "x-slack-signature"
HEADERS = ("content-type", STAMP, SIGNATURE, "x-slack-retry-num", "x-slack-retry-reason")
STAMPS = re.compile(r"[0-9]{1,12}")


class SlackDoor:
    """An ASGI application. It only waits: Bolt and the database work in the intake's threads."""

    def __init__(
        self, *, deliveries: Deliveries, intake: Intake[BoltResponse], signing_secret: str, observe: Observe
    ) -> None:
        self._deliveries = deliveries
        self._intake = intake
        self._verifier = SignatureVerifier(signing_secret)
        self._observe = observe

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        arrived = time.monotonic()
        answer = await self._answer(scope, receive, arrived)
        self._observe(time.monotonic() - arrived, answer.status)
        await _respond(send, answer)

    async def _answer(self, scope: Scope, receive: Receive, arrived: float) -> BoltResponse:
        if self._intake.refuses:
            return self._intake.refused
        headers = Headers(scope=scope)
        body = await _whole_body(headers, receive)
        if isinstance(body, HTTPStatus):
            return BoltResponse(status=body)
        if _is_ssl_check(body):
            return BoltResponse(status=HTTPStatus.OK)
        given = _single_headers(headers)
        if not self._is_signed(body, given):
            return BoltResponse(status=HTTPStatus.UNAUTHORIZED)
        text, query = body.decode("utf-8"), scope["query_string"].decode("latin-1")
        return await self._taken(lambda: self._deliveries.by_http(text, given, query), arrived)

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
            loop.call_soon_threadsafe(_settle, told, answer)

        ticket = Ticket(act, tell, arrived)
        if not self._intake.put(ticket):
            return self._intake.refused
        timer = loop.call_later(SECONDS_FOR_A_TURN, self._give_up, ticket, told)
        answer = await told
        timer.cancel()
        return answer

    def _give_up(self, ticket: Ticket[BoltResponse], told: asyncio.Future[BoltResponse]) -> None:
        if self._intake.withdraw(ticket):
            told.set_result(self._intake.refused)


def _settle(told: asyncio.Future[BoltResponse], answer: BoltResponse) -> None:
    if not told.done():  # the server cancels what is open when it ends
        told.set_result(answer)


async def _whole_body(headers: Headers, receive: Receive) -> bytes | HTTPStatus:
    """The body, or why it is not read to its end."""
    length = headers.get("content-length", "")
    if length.isdecimal() and int(length[:12]) > LARGEST_BODY:
        return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    body = bytearray()
    try:
        async with asyncio.timeout(SECONDS_FOR_A_BODY):
            while True:
                part = await receive()
                if part["type"] == "http.disconnect":
                    return HTTPStatus.BAD_REQUEST
                body += part.get("body", b"")
                if len(body) > LARGEST_BODY:
                    return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
                if not part.get("more_body"):
                    return bytes(body)
    except TimeoutError:
        return HTTPStatus.REQUEST_TIMEOUT


def _is_ssl_check(body: bytes) -> bool:
    """Slack looks whether anybody is there, and signs nothing."""
    return len(body) < LONGEST_SSL_CHECK and b"ssl_check" in body and parse_qs(body).get(b"ssl_check") == [b"1"]


def _single_headers(headers: Headers) -> dict[str, str]:
    """Bolt's headers. One that is there twice says nothing: who put the second one there?"""
    found = {name: headers.getlist(name) for name in HEADERS}
    return {name: values[0] for name, values in found.items() if len(values) == 1}


async def _respond(send: Send, answer: BoltResponse) -> None:
    body = answer.body.encode()
    headers = {"content-type": "text/plain", **answer.first_headers_without_set_cookie(), "content-length": len(body)}
    encoded = [(name.lower().encode("latin-1"), str(value).encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": encoded})
    await send({"type": "http.response.body", "body": body})
