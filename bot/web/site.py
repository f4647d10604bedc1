"""The FastAPI application: Slack's door over HTTP, whether the process is well, and its metrics."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated

from fastapi import Depends, FastAPI, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from slack_bolt import App, BoltRequest

HEADERS_KEPT = (
    "content-type",
    "x-slack-signature",
    "x-slack-request-timestamp",
    "x-slack-retry-num",
    "x-slack-retry-reason",
)


async def whole_body(request: Request) -> bytes:
    return await request.body()


def build_site(*, app: App | None, health: Callable[[], Mapping[str, object]], registry: CollectorRegistry) -> FastAPI:
    """The site. ``app`` is None where Slack reaches us by Socket Mode, or not at all."""
    site = FastAPI(title="Parley", docs_url=None, redoc_url=None)
    if app is not None:
        _add_slack_door(site, app)

    @site.get("/health")
    def is_well() -> JSONResponse:
        """200 while the database answers; what each part does."""
        says = dict(health())
        return JSONResponse(says, status_code=200 if says.get("ok") else 503)

    @site.get("/metrics")
    def metrics() -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return site


def _add_slack_door(site: FastAPI, app: App) -> None:
    @site.post("/slack/events")
    def slack_events(request: Request, body: Annotated[bytes, Depends(whole_body)]) -> Response:
        """A plain function, so that it runs in a thread: Bolt's listeners would stall the event loop."""
        stamp = request.headers.get("x-slack-request-timestamp", "")
        if not stamp.lstrip("-").isdecimal():
            return PlainTextResponse("invalid request", status_code=401)
        try:
            text = body.decode("utf-8")
        except UnicodeDecodeError:
            return PlainTextResponse("the body is not UTF-8", status_code=400)
        headers: dict[str, str | Sequence[str]] = {
            name: request.headers[name] for name in HEADERS_KEPT if name in request.headers
        }
        answer = app.dispatch(BoltRequest(body=text, headers=headers, query=str(request.url.query)))
        return Response(answer.body, status_code=answer.status, headers=answer.first_headers_without_set_cookie())
