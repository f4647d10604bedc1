"""Slack's Web API as the gateway needs it: every call gives its answer, or one of three errors that say what to do."""

from __future__ import annotations

import http.client
import urllib.request
from collections.abc import Mapping
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackRequestError
from slack_sdk.webhook import WebhookClient

HTTP_TIMEOUT_SECONDS = 10
TRY_LATER = ("internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org")


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


class Slack:
    """One workspace's Web API. No call is repeated here: only the gateway knows whether it may be."""

    def __init__(self, client: WebClient) -> None:
        self.client = client
        client.retry_handlers = []

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
        headers = {"Content-Type": "application/octet-stream"}
        request = urllib.request.Request(url, data=content, headers=headers, method="POST")  # noqa: S310  # Slack's own address
        try:
            with urllib.request.urlopen(request, timeout=self.client.timeout):  # noqa: S310  # as above
                return
        except (http.client.HTTPException, OSError) as error:
            raise Unknown(f"upload of {name}: {type(error).__name__}") from None

    def respond(self, response_url: str, *, text: str, blocks: list[Any]) -> None:
        """Answer by a command's response_url, seen by the one who asked alone."""
        try:
            webhook = WebhookClient(response_url, timeout=HTTP_TIMEOUT_SECONDS)
            answer = webhook.send(text=text, blocks=blocks or None, response_type="ephemeral", replace_original=False)
        except (http.client.HTTPException, OSError) as error:
            raise Unknown(f"response_url: {type(error).__name__}") from None
        if answer.status_code == 429:
            raise TooFast(float(answer.headers.get("Retry-After", "1")))
        if answer.status_code >= 500:
            raise Unknown(f"response_url: {answer.status_code}")
        if answer.status_code >= 400:
            raise Refused(answer.body.strip()[:80] or str(answer.status_code), {})

    def _form(self, method: str, given: dict[str, Any]) -> Any:
        return self.client.api_call(method, params=given)


def why_no_identity(error: Refused | TooFast | Unknown, address: str) -> str:
    """In words, why Slack does not say who the bot is."""
    if isinstance(error, Refused):
        return f"Slack refuses SLACK_BOT_TOKEN: {error.error}. Copy it anew from the app's settings."
    return f"Slack is silent at {address} ({error}); check the network and SLACK_API_URL."


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
        headers = {k.lower(): v for k, v in dict(getattr(response, "headers", {})).items()}
        given = headers.get("retry-after", "1")
        return TooFast(float(given[0] if isinstance(given, list) else given))
    if status >= 500 or name in TRY_LATER or not name:
        return Unknown(name or str(status))
    return Refused(name, data)
