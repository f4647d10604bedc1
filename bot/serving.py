"""`parley serve`: one process of Parley with its web server, until it is told to end."""

from __future__ import annotations

import errno
import gc
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue
from types import FrameType
from typing import Any, get_args

import structlog
import uvicorn
from starlette.types import ASGIApp

from analysis.errors import UserError
from bot.app import Role, build_app
from bot.asking.nearest import near
from bot.home import make_ready
from bot.settings import Settings, need_slack, read_settings
from bot.web.connections import Connection

log = structlog.get_logger()

SECONDS_TO_FINISH_REQUESTS = 2
SECONDS_BETWEEN_LOOKS = 1.0
SECONDS_BEFORE_A_THREAD_YIELDS = 0.0002
"""Python's own is 5 ms. A listener waits for its turn after each of its statements, so that under load the loop that
reads from the network would cost it 30 ms for one delivery."""


def serve(role: str) -> None:
    """Serve until a signal. Raises UserError for a wrong role, wrong settings or a taken port."""
    settings = read_settings()
    need_slack(settings)
    if role not in get_args(Role):
        raise UserError(f"There is no role {role!r}{near(role, list(get_args(Role)))}")
    if role != "all" and settings.database.startswith("sqlite"):
        raise UserError(
            "Roles on one SQLite file run in one process: take --role all, or set PARLEY_DATABASE_URL to a PostgreSQL."
        )
    log_to_stderr()
    sys.setswitchinterval(SECONDS_BEFORE_A_THREAD_YIELDS)
    make_ready(settings)
    ended = Ended()
    end_on_signals(ended)
    door = bind(settings.host, settings.port)
    parley = build_app(settings, role=role)  # type: ignore[arg-type]  # looked up above
    try:
        parley.start()
        keep_for_good()
        if parley.site is not None:
            with serving(parley.site, door, ended):
                _say_how(settings, role)
                ended.wait()
                log.info("Parley ends: what is short is finished, the rest waits for the next start")
                parley.stop()
    finally:
        parley.stop()  # also where it never came so far; twice does no harm
        door.close()


def keep_for_good() -> None:
    """What a start has made lasts until the end. Looking through it for garbage takes 0.2 s each time, and all threads
    wait: also the one that acknowledges."""
    gc.collect()
    gc.freeze()


class Ended:
    """Whether we are to end. A signal's handler says so in the middle of whatever the main thread does: an Event's lock
    might be held there, and would never be given back."""

    def __init__(self) -> None:
        self._told: SimpleQueue[None] = SimpleQueue()
        self._is_set = False

    def is_set(self) -> bool:
        return self._is_set

    def set(self) -> None:
        self._is_set = True
        self._told.put(None)

    def wait(self) -> None:
        while not self._is_set:
            with suppress(Empty):
                self._told.get(timeout=SECONDS_BETWEEN_LOOKS)


def end_on_signals(ended: Ended) -> None:
    """The first SIGTERM or SIGINT ends us in order, the second at once."""

    def hear(number: int, _: FrameType | None) -> None:
        if ended.is_set():
            os._exit(128 + number)
        ended.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, hear)


def bind(host: str, port: int) -> socket.socket:
    """A listening socket, taken before anything else starts: a port that is taken is one clear line."""
    door = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        door.bind((host, port))
        door.listen()  # or a second one could bind it too, until one of them listens
    except OSError as error:
        door.close()
        if error.errno == errno.EADDRINUSE:
            raise UserError(f"Port {port} on {host} is taken; end what uses it, or choose another port.") from None
        raise UserError(
            f"Can't listen on {host}:{port}: {error.strerror}; check PARLEY_HOST and PARLEY_PORT."
        ) from None
    except UnicodeError:  # a name that can't be written for the network
        door.close()
        raise UserError(f"{host!r} is no name of a host; check PARLEY_HOST.") from None
    return door


@contextmanager
def serving(site: ASGIApp, door: socket.socket, ended: Ended) -> Iterator[None]:
    """The site in a thread: while we end, it still says so. Where its server fails, we end too."""
    server = http_server(site)

    def run() -> None:
        try:
            server.run(sockets=[door])
        finally:
            ended.set()

    thread = threading.Thread(target=run, name="site")
    thread.start()
    try:
        while not server.started and thread.is_alive():
            time.sleep(0.01)
        yield
    finally:
        server.should_exit = True
        thread.join()


def http_server(site: ASGIApp) -> uvicorn.Server:
    """Nothing here speaks by websocket: uvicorn would hand such a request to a part that never answers a POST."""
    config = uvicorn.Config(
        site,
        http=Connection,
        ws="none",
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=SECONDS_TO_FINISH_REQUESTS,
    )
    return uvicorn.Server(config)


def log_to_stderr(level: int = logging.INFO) -> None:
    """One line an event, in colours where a person looks, else as JSON; never the values of variables."""
    person = sys.stderr.isatty()
    renderer: Any = (
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        if person
        else structlog.processors.JSONRenderer()
    )
    processors: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if not person:
        processors.append(structlog.processors.format_exc_info)
    structlog.configure(
        processors=[*processors, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )


def _say_how(settings: Settings, role: str) -> None:
    if settings.mode == "socket":
        both = settings.signing_secret is not None
        why = "SLACK_APP_TOKEN and SLACK_SIGNING_SECRET are both set: Socket Mode is used" if both else "Socket Mode"
        log.info("Parley is ready", role=role, slack=why, health=f"http://{settings.host}:{settings.port}/health")
    else:
        log.info("Parley is ready", role=role, slack=f"HTTP at http://{settings.host}:{settings.port}/slack/events")
