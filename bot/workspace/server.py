"""Serves a workspace on 127.0.0.1, in a thread of its own."""

from __future__ import annotations

import asyncio
import socket
import threading
from types import TracebackType
from typing import Self

import uvicorn
from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from .doors import routes
from .page_doors import page_routes
from .workspace import Workspace

HOST = "127.0.0.1"
LOCAL_NAMES = {"127.0.0.1", "localhost"}


class Connections:
    """The open HTTP connections by their far end, so that one can be dropped without an answer."""

    def __init__(self) -> None:
        self.open: dict[tuple[str, int], asyncio.Transport] = {}

    def protocol(self) -> type[asyncio.Protocol]:
        known = self.open

        class Watched(H11Protocol):
            def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn does
                super().connection_made(transport)
                if self.client:
                    known[self.client] = transport

            def connection_lost(self, exc: Exception | None) -> None:
                if self.client:
                    known.pop(self.client, None)
                super().connection_lost(exc)

        return Watched


class FrontDoor:
    """Lets in only who asks for this machine by name, and drops connections where a fault says so."""

    def __init__(self, app: ASGIApp, connections: Connections) -> None:
        self._app = app
        self._connections = connections

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        host = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), "")
        if host.partition(":")[0] not in LOCAL_NAMES:
            await _refuse(scope, send)
            return

        async def drop() -> None:
            transport = self._connections.open[scope["client"]]
            transport.abort()
            while scope["client"] in self._connections.open:  # until uvicorn knows, or it would answer for us
                await asyncio.sleep(0)

        await self._app({**scope, "drop": drop}, receive, send)


async def _refuse(scope: Scope, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    headers = [(b"content-type", b"text/plain; charset=utf-8")]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": b"This workspace answers only to 127.0.0.1 and localhost."})


class Server:
    """A workspace with an address, from the moment it is made until `stop`."""

    def __init__(self, workspace: Workspace, port: int = 0) -> None:
        self.workspace = workspace
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind((HOST, port))
            self._socket.listen(256)
        except OSError:
            self._socket.close()
            raise
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://{HOST}:{self.port}/"
        self.api_url = f"{self.url}api/"
        workspace.served_at(self.url)
        self._server = _uvicorn(workspace)
        self._thread = threading.Thread(target=self._serve, name="workspace-server", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop answering; whatever hangs is let go first."""
        self.workspace.unfaulted()
        self.workspace.changes.end()
        self._server.should_exit = True
        self._thread.join(timeout=10)
        self._socket.close()

    def wait(self) -> None:
        """Stay until someone stops the server."""
        while self._thread.is_alive():
            self._thread.join(timeout=0.5)

    def _serve(self) -> None:
        self._server.run(sockets=[self._socket])


def _uvicorn(workspace: Workspace) -> uvicorn.Server:
    connections = Connections()
    app = FrontDoor(Starlette(routes=[*routes(workspace), *page_routes(workspace)]), connections)
    return uvicorn.Server(
        uvicorn.Config(
            app,
            http=connections.protocol(),
            ws="websockets-sansio",
            lifespan="off",
            log_level="error",
            access_log=False,
            proxy_headers=False,
            timeout_graceful_shutdown=1,
        )
    )
