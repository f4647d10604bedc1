"""The site: Slack's door over HTTP, whether the process is well, and its metrics."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.types import ASGIApp, Receive, Scope, Send

SLACK = "/slack/events"


class Site:
    """Leads deliveries to Slack's door, past everything that pages need, and the rest to the pages."""

    def __init__(self, *, door: ASGIApp, pages: ASGIApp) -> None:
        self._door = door
        self._pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_delivery = scope["type"] == "http" and scope["method"] == "POST" and scope["path"] == SLACK
        await (self._door if is_delivery else self._pages)(scope, receive, send)


def build_pages(*, health: Callable[[], Awaitable[Mapping[str, object]]], registry: CollectorRegistry) -> FastAPI:
    pages = FastAPI(title="Parley", docs_url=None, redoc_url=None, openapi_url=None)

    @pages.get("/health")
    async def is_well() -> JSONResponse:
        """200 while the database answers and deliveries are taken; what waits in each queue."""
        says = dict(await health())
        return JSONResponse(says, status_code=200 if says.get("ok") else 503)

    @pages.get("/metrics")
    async def metrics() -> Response:
        await health()  # so that the gauges are fresh
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return pages
