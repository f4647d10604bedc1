"""One id from a delivery to the message that answers it: in every line of the log, and in the message's row."""

from __future__ import annotations

from contextlib import AbstractContextManager

from structlog.contextvars import bound_contextvars, get_contextvars


def of_request(request: int) -> str:
    return f"R-{request}"


def tracing(trace: str | None) -> AbstractContextManager[None]:
    """What this thread logs and wants in here belongs to that id."""
    return bound_contextvars(trace=trace)


def current() -> str | None:
    trace: str | None = get_contextvars().get("trace")
    return trace
