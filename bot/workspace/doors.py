"""The HTTP doors of the workspace: Web API, uploads, file contents, response URLs, Socket Mode."""

from __future__ import annotations

import json
import mimetypes
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from . import files, responses
from .api import answer, refusal
from .arguments import Arguments
from .refusal import Refusal
from .troubles import Dropped, Fault
from .values import Call, Json

if TYPE_CHECKING:
    from .workspace import Workspace

CALLS_KEPT = 20_000


def routes(workspace: Workspace) -> list[Route | WebSocketRoute]:
    async def api(request: Request) -> Response:
        given = await arguments_of(request)
        token = _bearer(request) or str(given.get("token") or "")
        method = request.path_params["method"]
        return await _or_dropped(lambda: _call(workspace, method, token, given))

    async def upload(request: Request) -> Response:
        content = await _uploaded_bytes(request)
        ticket = request.path_params["ticket"]
        return await _or_dropped(lambda: _faulty(workspace, "upload", {}, lambda: _take(workspace, ticket, content)))

    async def download(request: Request) -> Response:
        token = _bearer(request)
        name = request.path_params["file"].rpartition("-")[2]
        return await _or_dropped(lambda: _faulty(workspace, "download", {}, lambda: _give(workspace, token, name)))

    async def response(request: Request) -> Response:
        given = await arguments_of(request)
        token = request.path_params["token"]
        respond = partial(_respond, workspace, token, given)
        return await _or_dropped(lambda: _faulty(workspace, "response_url", given, respond))

    async def socket(socket: WebSocket) -> None:
        await workspace.sockets.serve(socket)

    return [
        Route("/api/{method}", api, methods=["GET", "POST"]),
        Route("/upload/v1/{ticket}", upload, methods=["POST"]),
        Route("/files-pri/{file}/{name:path}", download),
        Route("/response/{team}/{token}", response, methods=["POST"]),
        WebSocketRoute("/link/", socket),
    ]


async def arguments_of(request: Request) -> Json:
    """The arguments of a call: from the query, and from a form or a JSON body."""
    given: Json = dict(request.query_params)
    content_type = request.headers.get("content-type", "")
    if content_type.startswith("multipart/form-data"):
        async with request.form() as form:
            return given | {name: value for name, value in form.items() if isinstance(value, str)}
    body = (await request.body()).decode("utf-8", "replace")
    if content_type.startswith("application/json") or body.lstrip().startswith("{"):
        try:
            parsed = json.loads(body) if body.strip() else {}
        except json.JSONDecodeError:
            return given
        return given | (parsed if isinstance(parsed, dict) else {})
    return given | dict(parse_qsl(body, keep_blank_values=True))


class NoAnswer(Response):
    """The connection ends here."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's signature
        await scope["drop"]()


async def _or_dropped(act: Callable[[], Response]) -> Response:
    try:
        return await run_in_threadpool(act)
    except Dropped:
        return NoAnswer()


def _bearer(request: Request) -> str:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


async def _uploaded_bytes(request: Request) -> bytes:
    """The bytes of an upload, sent raw or as a form's only file."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        return await request.body()
    async with request.form() as form:
        for value in form.values():
            if isinstance(value, UploadFile):
                return await value.read()
    return b""


def _call(workspace: Workspace, method: str, token: str, given: Json) -> Response:
    understood = _understood(given)
    wait = workspace.tiers.ask(method, given.get("channel"))
    if wait is not None:
        body = {"ok": False, "error": "ratelimited"}
        _note(workspace, method, understood, body)
        return JSONResponse(body, 429, headers={"Retry-After": workspace.tiers.retry_after(wait)})
    fault = workspace.trouble(method, understood)
    if fault is not None:
        fault.meet("before")
        troubled = _trouble(fault, method, understood)
        if troubled is not None:
            error = fault.error or ("invalid_blocks" if fault.block else f"status {troubled.status_code}")
            _note(workspace, method, understood, {"ok": False, "error": error})
            return troubled
    body, happenings, app = answer(workspace.records, method, token, given)
    _note(workspace, method, understood, body)
    workspace.courier.tell_later(happenings)
    if fault is not None:
        fault.meet("after")
    headers = {"x-oauth-scopes": ",".join(sorted(app.scopes))} if app else {}
    return JSONResponse(body, headers=headers)


def _understood(given: Json) -> Json:
    """The arguments with their structures read, or as they came where that fails."""
    try:
        return Arguments(given).given
    except Refusal:
        return given


def _note(workspace: Workspace, method: str, understood: Json, body: Json) -> None:
    workspace.calls.append(Call(method, understood, body, workspace.records.now()))
    del workspace.calls[:-CALLS_KEPT]


def _trouble(fault: Fault, method: str, given: Json) -> Response | None:
    """The answer that a fault gives in place of the real one."""
    if fault.error is None and fault.status is None and fault.retry_after is None and fault.block is None:
        return None
    fault.reached.set()
    if fault.retry_after is not None:
        body = {"ok": False, "error": fault.error or "ratelimited"}
        return JSONResponse(body, fault.status or 429, headers={"Retry-After": str(fault.retry_after)})
    if fault.block is not None and fault.error is None:
        places = fault.refused_places(given)
        return JSONResponse(Refusal("invalid_blocks", *places, errors=places).answer(), fault.status or 200)
    if fault.error is not None:
        return JSONResponse(refusal(method, fault.error), fault.status or 200)
    return PlainTextResponse("upstream request failed", fault.status or 500)


def _faulty(workspace: Workspace, name: str, given: Json, act: Callable[[], Response]) -> Response:
    fault = workspace.trouble(name, given)
    if fault is None:
        return act()
    fault.meet("before")
    response = _trouble(fault, name, given) or act()
    fault.meet("after")
    return response


def _take(workspace: Workspace, ticket: str, content: bytes) -> Response:
    try:
        files.take_bytes(workspace.records, ticket, content)
    except Refusal as refusal:
        return PlainTextResponse(refusal.error, 404 if refusal.error == "upload_not_found" else 400)
    return PlainTextResponse(f"OK - {len(content)}")


def _give(workspace: Workspace, token: str, name: str) -> Response:
    """A file's bytes, for an app that may read it; at Slack everyone else sees the sign-in page."""
    app = workspace.records.app_of(token)
    if app is None or "files:read" not in app.scopes:
        return PlainTextResponse("sign in to read this file", 403)
    try:
        file = files.readable(workspace.records, app, name)
    except Refusal:
        return PlainTextResponse("no such file", 404)
    kind = mimetypes.guess_type(file["name"])[0] or "application/octet-stream"
    content = workspace.records.state.content(file["id"]) or b""
    return Response(content, media_type=kind, headers={"X-Content-Type-Options": "nosniff"})


def _respond(workspace: Workspace, token: str, given: Json) -> Response:
    try:
        happenings = responses.by_url(workspace.records, token, given)
    except Refusal as refusal:
        status = 404 if refusal.error in {"used_url", "expired_url", "no_service"} else 400
        body = refusal.answer()
        workspace.calls.append(Call("response_url", given, body, workspace.records.now()))
        return JSONResponse(body, status)
    workspace.calls.append(Call("response_url", given, {"ok": True}, workspace.records.now()))
    workspace.courier.tell_later(happenings)
    return PlainTextResponse("ok")
