"""Socket Mode: connections of apps, envelopes that each go to any one of them, and their acknowledgements."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import secrets
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass

from starlette.websockets import WebSocket, WebSocketDisconnect

from .values import App, Attempt, DeliveryKind, Json

SECONDS_TO_ACKNOWLEDGE = 3.0
CONNECTIONS = 10
APPROXIMATE_CONNECTION_SECONDS = 18060
ENVELOPE_KINDS: dict[DeliveryKind, str] = {
    "event": "events_api",
    "command": "slash_commands",
    "interaction": "interactive",
    "options": "interactive",
}


@dataclass(slots=True, eq=False)
class Connection:
    """One open socket of an app."""

    app_id: str
    socket: WebSocket
    loop: asyncio.AbstractEventLoop
    leaving: bool = False


@dataclass(frozen=True, slots=True)
class Envelope:
    """One payload under way over a connection."""

    connection: Connection
    answer: Future[Json]


class Sockets:
    """All open sockets; payloads are sent from any thread."""

    def __init__(self) -> None:
        self.changed: Callable[[Json], None] = lambda _change: None
        self._lock = threading.Lock()
        self._tickets: dict[str, App] = {}
        self._connections: list[Connection] = []
        self._under_way: dict[str, Envelope] = {}
        self._turn = itertools.count()

    def ticket(self, app: App) -> str:
        """A ticket that opens one connection."""
        ticket = str(uuid.uuid4())
        with self._lock:
            self._tickets[ticket] = app
        return ticket

    def connections(self, app_id: str) -> list[Connection]:
        with self._lock:
            return [c for c in self._connections if c.app_id == app_id and not c.leaving]

    def send(self, app: App, kind: DeliveryKind, payload: Json, *, retry: int = 0, reason: str = "") -> Attempt:
        """One envelope to one of the app's connections; it has three seconds to acknowledge."""
        began = time.monotonic()
        open_ones = self.connections(app.app_id)
        if not open_ones:
            return Attempt(0, "", 0.0, "connection_failed")
        connection = open_ones[next(self._turn) % len(open_ones)]
        envelope: Json = {
            "envelope_id": str(uuid.uuid4()),
            "type": ENVELOPE_KINDS[kind],
            "payload": payload,
            "accepts_response_payload": kind != "event",
        }
        if kind == "event":
            envelope |= {"retry_attempt": retry, "retry_reason": reason}
        answer: Future[Json] = Future()
        self._under_way[envelope["envelope_id"]] = Envelope(connection, answer)
        try:
            sent = asyncio.run_coroutine_threadsafe(connection.socket.send_text(json.dumps(envelope)), connection.loop)
            sent.result(SECONDS_TO_ACKNOWLEDGE)
            body = answer.result(SECONDS_TO_ACKNOWLEDGE - (time.monotonic() - began))
        except TimeoutError:
            return Attempt(0, "", time.monotonic() - began, "timeout")
        except (OSError, RuntimeError, WebSocketDisconnect, ConnectionError):
            return Attempt(0, "", time.monotonic() - began, "connection_failed")
        finally:
            self._under_way.pop(envelope["envelope_id"], None)
        text = json.dumps(body) if body else ""
        return Attempt(200, text, time.monotonic() - began, None, "application/json" if body else "")

    async def serve(self, socket: WebSocket) -> None:
        """One connection, from its ticket to its end."""
        with self._lock:
            app = self._tickets.pop(socket.query_params.get("ticket", ""), None)
        if app is None or len(self.connections(app.app_id)) >= CONNECTIONS:
            await socket.close(4001)
            return
        await socket.accept()
        connection = Connection(app.app_id, socket, asyncio.get_running_loop())
        with self._lock:
            self._connections.append(connection)
        self.changed({"kind": "apps"})
        try:
            await socket.send_text(json.dumps(self._hello(app)))
            while True:
                self._acknowledge(app.app_id, await socket.receive_text())
        except WebSocketDisconnect:
            pass
        finally:
            with self._lock:
                self._connections.remove(connection)
            self.changed({"kind": "apps"})
            for envelope in list(self._under_way.values()):
                if envelope.connection is connection and not envelope.answer.done():
                    envelope.answer.set_exception(ConnectionError("the connection ended"))

    def refresh(self, app_id: str, *, reason: str = "refresh_requested") -> int:
        """Ask the app to open new connections, as Slack does every few hours; returns how many were asked."""
        asked = self.connections(app_id)
        message = {"type": "disconnect", "reason": reason, "debug_info": {"host": "local"}}
        for connection in asked:
            connection.leaving = True
            asyncio.run_coroutine_threadsafe(connection.socket.send_text(json.dumps(message)), connection.loop)
        return len(asked)

    def cut(self, app_id: str) -> int:
        """Close the app's connections without a word, as a broken network does."""
        cut = self.connections(app_id)
        for connection in cut:
            connection.leaving = True
            asyncio.run_coroutine_threadsafe(_closed(connection.socket), connection.loop)
        return len(cut)

    def _acknowledge(self, app_id: str, text: str) -> None:
        """Over whichever of the app's connections: a client that changes connections answers over the new one."""
        try:
            message = json.loads(text)
        except json.JSONDecodeError:
            return
        envelope = self._under_way.get(message.get("envelope_id", "")) if isinstance(message, dict) else None
        if envelope is not None and envelope.connection.app_id == app_id and not envelope.answer.done():
            payload = message.get("payload")
            envelope.answer.set_result(payload if isinstance(payload, dict) else {})

    def _hello(self, app: App) -> Json:
        return {
            "type": "hello",
            "num_connections": len(self.connections(app.app_id)),
            "connection_info": {"app_id": app.app_id},
            "debug_info": {
                "host": f"local-{secrets.token_hex(4)}",
                "build_number": 1,
                "approximate_connection_time": APPROXIMATE_CONNECTION_SECONDS,
            },
        }


async def _closed(socket: WebSocket) -> None:
    with contextlib.suppress(RuntimeError):
        await socket.close(1011)
