"""The FastAPI application: Slack's door over HTTP, whether the process is well, and its metrics."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.routing import Route

from bot.web.slack_door import SlackDoor


def build_site(
    *, door: SlackDoor | None, health: Callable[[], Awaitable[Mapping[str, object]]], registry: CollectorRegistry
) -> FastAPI:
    """The site. ``door`` is None where Slack reaches us by Socket Mode, or not at all."""
    site = FastAPI(title="Parley", docs_url=None, redoc_url=None, openapi_url=None)
    if door is not None:
        site.router.routes.append(Route("/slack/events", door, methods=["POST"]))

    @site.get("/health")
    async def is_well() -> JSONResponse:
        """200 while the database answers and deliveries are taken; what waits in each queue."""
        says = dict(await health())
        return JSONResponse(says, status_code=200 if says.get("ok") else 503)

    @site.get("/metrics")
    async def metrics() -> Response:
        await health()  # so that the gauges are fresh
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return site
