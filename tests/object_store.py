"""A real S3-compatible server on loopback, and what can stand between it and a reader."""

from __future__ import annotations

import os
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus
from http.client import HTTPConnection
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Self
from unittest import mock
from urllib.parse import quote, urlsplit

from localbucket import S3Error, S3Handler

BUCKET = "logs"


class ObjectStore:
    """What tests do with the server: put objects, remove them, and see to it that nobody is let in."""

    def __init__(self, address: str, folder: Path, door: type[Door]) -> None:
        self.address = address
        self._folder = folder
        self._door = door
        self._asked("PUT", "")

    def put(self, key: str, content: str | bytes) -> str:
        """The object's address."""
        self._asked("PUT", f"/{quote(key)}", content.encode() if isinstance(content, str) else content)
        return f"s3://{BUCKET}/{key}"

    def remove(self, key: str) -> None:
        self._asked("DELETE", f"/{quote(key)}")

    def empty(self) -> None:
        shutil.rmtree(self._folder / BUCKET)
        self._asked("PUT", "")

    def refuse_everybody(self) -> None:
        self._door.is_closed = True

    def _asked(self, method: str, path: str, content: bytes = b"") -> None:
        connection = HTTPConnection(self.address.removeprefix("http://"))
        connection.request(method, f"/{BUCKET}{path}", content)
        assert connection.getresponse().status < 300
        connection.close()


class Door(S3Handler):  # type: ignore[misc]  # the server publishes no types
    """The server lets everybody in; the door can be closed."""

    is_closed = False

    def _dispatch(self, action: Callable[[str, str], None]) -> None:
        super()._dispatch(self._refuse if self.is_closed else action)

    def _refuse(self, _bucket: str, _key: str) -> None:
        raise S3Error(HTTPStatus.FORBIDDEN, "AccessDenied", "Access Denied")


@contextmanager
def an_object_store(folder: Path) -> Iterator[ObjectStore]:
    """While it runs, the environment leads to it. The buckets are kept in ``folder``."""
    door = type("Door", (Door,), {"data_root": folder})
    server = ThreadingHTTPServer(("127.0.0.1", 0), door)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    address = f"http://127.0.0.1:{server.server_port}"
    with leading_to(address):
        try:
            yield ObjectStore(address, folder, door)
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


class Relay:
    """Stands between a reader and the server, counts the bytes that the server gives, and can go away."""

    def __init__(self, server: str) -> None:
        self.bytes_given = 0
        self._server = urlsplit(server)
        self._door = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = [self._door]
        self.address = f"http://127.0.0.1:{self._door.getsockname()[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._take, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        for one in self._open:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _take(self) -> None:
        with suppress(OSError):
            while True:
                asking, _ = self._door.accept()
                giving = socket.create_connection((self._server.hostname or "", self._server.port or 80))
                self._open += [asking, giving]
                threading.Thread(target=self._pass_on, args=(asking, giving), daemon=True).start()
                threading.Thread(target=self._give, args=(giving, asking), daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    def _give(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                self.bytes_given += len(data)
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)


@contextmanager
def leading_to(address: str) -> Iterator[None]:
    settings = {
        "AWS_ENDPOINT_URL": address,
        "AWS_ACCESS_KEY_ID": "somebody",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    with mock.patch.dict(os.environ, settings):
        yield
