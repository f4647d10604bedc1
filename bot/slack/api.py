"""Slack's Web API as the gateway needs it: every call gives its answer, or one of three errors that say what to do."""

from __future__ import annotations

import http.client
import json
import math
import urllib.error
import urllib.request
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackRequestError

HTTP_TIMEOUT_SECONDS = 10
TRY_LATER = (
    "internal_error",
    "fatal_error",
    "service_unavailable",
    "request_timeout",
    "team_added_to_org",
    "external_channel_migrating",
)
"""The named errors that pass by themselves. Every other one is the same the next time, also one we never heard of."""
SECONDS_OF_PATIENCE = 5.0
LEAST_SECONDS_OF_PATIENCE = 1.0
MOST_SECONDS_OF_PATIENCE = 3600.0


class Refused(Exception):  # noqa: N818  # named for what happened, as Slack's error is
    """Slack took the call and refused it. ``error`` is Slack's name for the reason."""

    def __init__(self, error: str, answer: Mapping[str, Any]) -> None:
        super().__init__(error)
        self.error = error
        self.answer = answer


class TooFast(Exception):  # noqa: N818  # as above
    """Slack asks to leave this method alone for some seconds; nothing was done."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"{seconds} s")
        self.seconds = seconds


class Unknown(Exception):  # noqa: N818  # as above
    """No answer, or a server's error: it may have been done, or not."""


def web_client(token: str | None, base_url: str) -> WebClient:
    """The SDK's client without its own second try: after a lost connection that one posts twice."""
    return WebClient(token=token, base_url=base_url, timeout=HTTP_TIMEOUT_SECONDS, retry_handlers=[])


class Slack:
    """One workspace's Web API. No call is repeated here: only the gateway knows whether it may be."""

    def __init__(self, client: WebClient) -> None:
        self.client = client

    def call(self, method: str, **arguments: Any) -> dict[str, Any]:
        """The answer of a method. Raises Refused, TooFast or Unknown."""
        given = {name: value for name, value in arguments.items() if value is not None}
        try:
            response = self.client.api_call(method, json=given) if _in_json(method) else self._form(method, given)
        except SlackApiError as error:
            raise _named(error) from None
        except (SlackRequestError, http.client.HTTPException, OSError, ValueError) as error:
            raise Unknown(f"{method}: {type(error).__name__}") from None
        data = response.data
        return dict(data) if isinstance(data, dict) else {}

    def scopes(self) -> set[str]:
        """The scopes that the token has; a header of every answer names them. Raises as ``call`` does."""
        try:
            headers = self.client.auth_test().headers
        except SlackApiError as error:
            raise _named(error) from None
        named = {k.lower(): v for k, v in headers.items()}.get("x-oauth-scopes", "")
        return {scope.strip() for scope in str(named).split(",")}

    def socket_address(self) -> str:
        """Where Socket Mode connects to; the client has the app-level token. Raises as ``call`` does."""
        return str(self.call("apps.connections.open")["url"])

    def upload(self, url: str, name: str, content: bytes) -> None:
        """Send a file's bytes to the address that files.getUploadURLExternal gave."""
        try:
            _send(url, content, "application/octet-stream")
        except (http.client.HTTPException, OSError, ValueError) as error:
            raise Unknown(f"upload of {name}: {type(error).__name__}") from None

    def respond(self, response_url: str, *, text: str, blocks: list[Any]) -> None:
        """Answer by a command's response_url, seen by the one who asked alone. Raises as ``call`` does.

        Not by the SDK's WebhookClient: it tries twice, and writes the address into its debug log."""
        says = {"text": text, "blocks": blocks or None, "response_type": "ephemeral", "replace_original": False}
        body = json.dumps({name: value for name, value in says.items() if value is not None}).encode()
        try:
            answer = _send(response_url, body, "application/json; charset=utf-8")
        except urllib.error.HTTPError as error:
            raise _refusal_by_url(error) from None
        except (http.client.HTTPException, OSError, ValueError) as error:
            raise Unknown(f"response_url: {type(error).__name__}") from None
        refused = _error_in(answer)
        if refused:
            raise Refused(refused, {})

    def _form(self, method: str, given: dict[str, Any]) -> Any:
        return self.client.api_call(method, params=given)


def why_no_identity(error: Refused | TooFast | Unknown, address: str) -> str:
    """In words, why Slack does not say who the bot is."""
    if isinstance(error, Refused):
        return f"Slack refuses SLACK_BOT_TOKEN: {error.error}. Copy it anew from the app's settings."
    return f"Slack is silent at {address} ({error}); check the network and SLACK_API_URL."


def seconds_asked_for(headers: Mapping[str, Any]) -> float:
    """What Retry-After asks for, in seconds or as a date; a short patience where it says nothing that can be read."""
    named = {str(name).lower(): value for name, value in headers.items()}
    given = named.get("retry-after", "")
    words = str(given[0] if isinstance(given, list) and given else given).strip()
    seconds = _number(words) if words else math.nan
    if math.isnan(seconds):
        seconds = _seconds_until(words, named.get("date"))
    if math.isnan(seconds) or seconds < 0:
        return SECONDS_OF_PATIENCE
    return min(max(seconds, LEAST_SECONDS_OF_PATIENCE), MOST_SECONDS_OF_PATIENCE)


def _number(words: str) -> float:
    try:
        return float(words)
    except ValueError:
        return math.nan


def _seconds_until(words: str, date: Any) -> float:
    """Counted from the date of the answer itself, so that the two clocks need not agree."""
    try:
        until = parsedate_to_datetime(words)
        since = parsedate_to_datetime(str(date[0] if isinstance(date, list) else date)) if date else datetime.now(UTC)
        return (until - since).total_seconds()
    except (ValueError, TypeError):
        return math.nan


def _send(url: str, body: bytes, content_type: str) -> bytes:
    request = urllib.request.Request(url, data=body, headers={"Content-Type": content_type}, method="POST")  # noqa: S310  # Slack's own address
    with urllib.request.urlopen(request, timeout=HTTP_TIMEOUT_SECONDS) as answer:  # noqa: S310  # as above
        content: bytes = answer.read()
    return content


def _refusal_by_url(error: urllib.error.HTTPError) -> Exception:
    if error.code == 429:
        return TooFast(seconds_asked_for(dict(error.headers.items())))
    if error.code >= 500:
        return Unknown(f"response_url: {error.code}")
    try:
        body = error.read()
    except (http.client.HTTPException, OSError):
        body = b""
    return Refused(_error_in(body) or body.decode("utf-8", "replace").strip()[:80] or str(error.code), {})


def _error_in(body: bytes) -> str:
    """Slack's name for what is wrong, also where it answers 200."""
    try:
        answer = json.loads(body)
    except ValueError:
        return ""
    return str(answer.get("error") or "") if isinstance(answer, dict) and answer.get("ok") is False else ""


def why_no_socket(error: Refused | TooFast | Unknown, address: str) -> str:
    """In words, why Slack opens no connection for Socket Mode."""
    if isinstance(error, Refused):
        return (
            f"Slack refuses SLACK_APP_TOKEN: {error.error}. Copy an app-level token with connections:write anew from "
            "the app's settings, and look whether Socket Mode is on there."
        )
    return f"Slack opens no connection for Socket Mode at {address} ({error}); check the network and SLACK_API_URL."


def _in_json(method: str) -> bool:
    """Slack reads JSON only where it writes; its reading methods take form fields."""
    return method.startswith(("chat.", "views.", "files.complete"))


def _named(error: SlackApiError) -> Exception:
    response = error.response
    status = getattr(response, "status_code", 0)
    data = response.data if isinstance(getattr(response, "data", None), dict) else {}
    name = str(data.get("error", ""))
    if status == 429 or name in ("ratelimited", "rate_limited"):
        return TooFast(seconds_asked_for(dict(getattr(response, "headers", {}))))
    if status >= 500 or name in TRY_LATER or not name:
        return Unknown(name or str(status))
    return Refused(name, data)
