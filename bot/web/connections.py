"""What a connection may cost before it has said what it wants. The parser in C has no limits of its own."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_BYTES_OF_HEADERS = 64 * 1024
"""Also of a URL, and of the trailers after a body. One more piece of at most 256 KB may be read before they count."""
SECONDS_FOR_HEADERS = 5.0
MOST_CONNECTIONS = 500
"""Below the 1,024 files that a process may usually have open."""


class Connection(HttpToolsProtocol):
    """One of few enough that tells its headers soon and in few bytes, or is closed."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._unread = 0
        self._patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # asyncio says BaseTransport; uvicorn narrows it too
        super().connection_made(transport)
        if len(self.connections) > MOST_CONNECTIONS:
            transport.abort()
            return
        self._be_patient()

    def connection_lost(self, exc: Exception | None) -> None:
        self._got_on()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        if self._unread > MOST_BYTES_OF_HEADERS:
            self.send_400_response("The headers are too long.")
            return
        self._unread += len(data)
        super().data_received(data)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._be_patient()

    def on_headers_complete(self) -> None:
        self._got_on()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._unread = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._unread = 0
        super().on_message_complete()

    def _be_patient(self) -> None:
        if self._patience is None:
            self._patience = self.loop.call_later(SECONDS_FOR_HEADERS, self.transport.close)

    def _got_on(self) -> None:
        self._unread = 0
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
