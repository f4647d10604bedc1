"""The least of Slack that a load needs: it answers the bot's calls, counts them, and sends signed deliveries."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import itertools
import json
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

BOT = "UBOT"
TEAM = "TLOAD"
SECRET = "a secret for the load"  # noqa: S105  # signs nothing but the load
SECONDS_UNTIL_SLACK_GIVES_UP = 3.0


@dataclass
class SlackStub:
    """Slack's Web API on a loopback port. ``answered`` counts the answers by response_url, ``posted`` has the cards."""

    answered: Counter[str] = field(default_factory=Counter)
    posted: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""
    _ts: Any = field(default_factory=lambda: itertools.count(1))

    async def start(self) -> asyncio.Server:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        return server

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            path = head.split(" ", 2)[1]
            length = next((int(line[15:]) for line in head.split("\r\n") if line.startswith("content-length:")), 0)
            body = await reader.readexactly(length)
            answer = json.dumps(self._answer(path, body)).encode()
            writer.write(_head("200 OK", len(answer)) + answer)
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    def _answer(self, path: str, body: bytes) -> dict[str, Any]:
        if path.startswith("/response/"):
            self.answered[path.removeprefix("/response/")] += 1
            return {"ok": True}
        method = path.removeprefix("/api/")
        if method == "auth.test":
            about = {"team_id": TEAM, "user_id": BOT, "bot_id": "BBOT", "url": "https://load.example/"}
            return {"ok": True, **about}
        if method == "users.info":
            user = parse_qs(body.decode()).get("user", ["U1"])[0]
            return {"ok": True, "user": {"id": user, "name": user, "real_name": user, "tz": "UTC", "team_id": TEAM}}
        if method == "conversations.info":
            return {"ok": True, "channel": {"id": "C0", "name": "models", "is_member": True}}
        if method == "chat.postmessage":
            ts = f"{int(time.time())}.{next(self._ts):06d}"
            self.posted.append(json.loads(body) | {"ts": ts})
            return {"ok": True, "ts": ts, "channel": self.posted[-1]["channel"]}
        if method == "files.getuploadurlexternal":
            return {"ok": True, "upload_url": f"{self.url}/upload", "file_id": f"F{next(self._ts)}"}
        return {"ok": True, "file": {"mimetype": "image/png", "shares": {"public": {}}}, "messages": [], "ts": "1.1"}


@dataclass(frozen=True)
class Sent:
    """One delivery: what it was, and what came back after how long. Status 0: nothing within Slack's three seconds."""

    kind: str
    key: str
    status: int
    seconds: float


async def deliver(port: int, kind: str, key: str, body: bytes, content_type: str) -> Sent:
    """One signed POST on a connection of its own."""
    stamp = str(int(time.time()))
    digest = hmac.new(SECRET.encode(), f"v0:{stamp}:".encode() + body, hashlib.sha256).hexdigest()
    head = (
        f"POST /slack/events HTTP/1.1\r\nHost: load\r\nConnection: close\r\nContent-Type: {content_type}\r\n"
        f"Content-Length: {len(body)}\r\nX-Slack-Request-Timestamp: {stamp}\r\nX-Slack-Signature: v0={digest}\r\n\r\n"
    )
    began = time.perf_counter()
    status = await _exchange(port, head.encode() + body, SECONDS_UNTIL_SLACK_GIVES_UP)
    return Sent(kind, key, status, time.perf_counter() - began)


async def look(port: int, path: str, *, patience: float = 5.0) -> Sent:
    """A GET, such as of /health."""
    began = time.perf_counter()
    request = f"GET {path} HTTP/1.1\r\nHost: load\r\nConnection: close\r\n\r\n".encode()
    return Sent("look", path, await _exchange(port, request, patience), time.perf_counter() - began)


async def _exchange(port: int, request: bytes, patience: float) -> int:
    try:
        async with asyncio.timeout(patience):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(request)
                answer = await reader.read()
                return int(answer.split(b" ", 2)[1])
            finally:
                writer.close()
    except (TimeoutError, OSError, IndexError):
        return 0


def _head(status: str, length: int) -> bytes:
    about = f"Content-Type: application/json\r\nContent-Length: {length}\r\nConnection: close"
    return f"HTTP/1.1 {status}\r\n{about}\r\n\r\n".encode()
