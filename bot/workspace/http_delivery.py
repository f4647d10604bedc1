"""Hands payloads to an app's request URL, signed as Slack signs them."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import time
from urllib.parse import urlencode, urlsplit

from .values import App, Attempt, DeliveryKind, Json

SECONDS_TO_ANSWER = 3.0


def send(app: App, kind: DeliveryKind, payload: Json, *, retry: int = 0, reason: str = "") -> Attempt:
    """One signed POST; the app has three seconds from the first byte to the last."""
    body, content_type = _encoded(kind, payload)
    # The real time, not the workspace's: the other side compares it with its own clock, a told story's is elsewhere.
    stamp = str(int(time.time()))
    digest = hmac.new(app.signing_secret.encode(), f"v0:{stamp}:".encode() + body, hashlib.sha256).hexdigest()
    headers = {
        "Content-Type": content_type,
        "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": f"v0={digest}",
    }
    if retry:
        headers |= {"X-Slack-Retry-Num": str(retry), "X-Slack-Retry-Reason": reason}
    return _post(app.request_url or "", body, headers)


def _encoded(kind: DeliveryKind, payload: Json) -> tuple[bytes, str]:
    if kind == "event":
        return json.dumps(payload).encode(), "application/json"
    fields = payload if kind == "command" else {"payload": json.dumps(payload)}
    return urlencode(fields).encode(), "application/x-www-form-urlencoded"


def _post(url: str, body: bytes, headers: dict[str, str]) -> Attempt:
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=SECONDS_TO_ANSWER)
    path = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
    began = time.monotonic()
    try:
        connection.request("POST", path, body, headers)
        response = connection.getresponse()
        text = response.read().decode("utf-8", "replace")
        seconds = time.monotonic() - began
    except TimeoutError:
        return Attempt(0, "", time.monotonic() - began, "http_timeout")
    except (OSError, http.client.HTTPException):
        return Attempt(0, "", time.monotonic() - began, "connection_failed")
    finally:
        connection.close()
    problem = None if 200 <= response.status < 300 else "http_error"
    if seconds > SECONDS_TO_ANSWER:
        problem = "http_timeout"
    no_retry = response.getheader("x-slack-no-retry") == "1"
    return Attempt(response.status, text, seconds, problem, response.getheader("content-type") or "", no_retry)
