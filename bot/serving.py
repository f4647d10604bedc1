"""`parley serve`: one process of Parley with its web server, until it is told to end."""

from __future__ import annotations

import errno
import logging
import socket
import sys
from typing import Any, get_args

import structlog
import uvicorn
from starlette.types import ASGIApp

from analysis.errors import UserError
from bot.app import Role, build_app
from bot.asking.nearest import near
from bot.settings import Settings, need_slack, read_settings

SECONDS_TO_FINISH_REQUESTS = 5


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
    door = bind(settings.host, settings.port)
    parley = build_app(settings, role=role)  # type: ignore[arg-type]  # looked up above
    try:
        parley.start()
        _say_how(settings, role)
        if parley.site is not None:
            run_site(parley.site, door)
    finally:
        parley.stop()
        door.close()


def bind(host: str, port: int) -> socket.socket:
    """A listening socket, taken before anything else starts: a port that is taken is one clear line."""
    door = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        door.bind((host, port))
    except OSError as error:
        door.close()
        if error.errno == errno.EADDRINUSE:
            raise UserError(f"Port {port} on {host} is taken; end what uses it, or choose another port.") from None
        raise UserError(f"Can't listen on {host}:{port}: {error.strerror}.") from None
    return door


def run_site(site: ASGIApp, door: socket.socket) -> None:
    config = uvicorn.Config(
        site, log_level="warning", access_log=False, timeout_graceful_shutdown=SECONDS_TO_FINISH_REQUESTS
    )
    uvicorn.Server(config).run(sockets=[door])


def log_to_stderr(level: int = logging.INFO) -> None:
    """One line an event, in colours where a person looks, else as JSON; never the values of variables."""
    person = sys.stderr.isatty()
    renderer: Any = (
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        if person
        else structlog.processors.JSONRenderer()
    )
    processors: list[Any] = [
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
    log = structlog.get_logger()
    if settings.mode == "socket":
        both = settings.signing_secret is not None
        why = "SLACK_APP_TOKEN and SLACK_SIGNING_SECRET are both set: Socket Mode is used" if both else "Socket Mode"
        log.info("Parley is ready", role=role, slack=why, health=f"http://{settings.host}:{settings.port}/health")
    else:
        log.info("Parley is ready", role=role, slack=f"HTTP at http://{settings.host}:{settings.port}/slack/events")
