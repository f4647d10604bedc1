"""The page at `/` and what it asks for: the workspace as one person sees it, and what that person does."""

from __future__ import annotations

import mimetypes
from collections.abc import Callable
from importlib import resources
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from .doors import arguments_of
from .files import SHOWN_PICTURES
from .page_sight import channel_sight, open_view_of, team_sight, thread_sight
from .people import answered_options
from .refusal import Refusal
from .values import Delivery, Json

if TYPE_CHECKING:
    from .workspace import Workspace

SAFE = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
PAGE_HEADER = "x-workspace-page"  # a header that no other site can add without asking first


def page_routes(workspace: Workspace) -> list[Route]:
    async def index(_request: Request) -> Response:
        return _package_file("index.html")

    async def part(request: Request) -> Response:
        return _package_file(request.path_params["name"])

    async def changes(_request: Request) -> Response:
        return StreamingResponse(workspace.changes.stream(), media_type="text/event-stream", headers=SAFE)

    async def see(request: Request) -> Response:
        return await run_in_threadpool(_see, workspace, request.path_params["what"], dict(request.query_params))

    async def act(request: Request) -> Response:
        if not _from_the_page(request):
            return PlainTextResponse("only the workspace's own page may do this", 403)
        given = await arguments_of(request)
        return await run_in_threadpool(_act, workspace, request.path_params["what"], given)

    async def file(request: Request) -> Response:
        return await run_in_threadpool(_file, workspace, request.path_params["file"])

    return [
        Route("/", index),
        Route("/archives/{channel}/{message}", index),
        Route("/page/changes", changes),
        Route("/page/parts/{name}", part),
        Route("/page/files/{file}", file),
        Route("/page/see/{what}", see),
        Route("/page/do/{what}", act, methods=["POST"]),
    ]


def _package_file(name: str) -> Response:
    folder = resources.files(__package__).joinpath("page")
    found = next((file for file in folder.iterdir() if file.name == name and file.is_file()), None)
    if found is None:
        return PlainTextResponse("no such file", 404)
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return Response(found.read_bytes(), media_type="text/javascript" if name.endswith(".js") else kind, headers=SAFE)


def _from_the_page(request: Request) -> bool:
    origin = request.headers.get("origin")
    same = origin is None or urlsplit(origin).netloc == request.headers.get("host")
    return same and request.headers.get(PAGE_HEADER) == "1"


def _file(workspace: Workspace, name: str) -> Response:
    file = workspace.records.state.document("file", name)
    content = workspace.records.state.content(name)
    if file is None or content is None:
        return PlainTextResponse("no such file", 404)
    kind = mimetypes.guess_type(file["name"])[0]
    headers = SAFE | {"Content-Security-Policy": "default-src 'none'; sandbox", "Cache-Control": "max-age=3600"}
    if kind in SHOWN_PICTURES:
        return Response(content, media_type=kind, headers=headers)
    return Response(
        content, media_type="application/octet-stream", headers=headers | {"Content-Disposition": "attachment"}
    )


def _see(workspace: Workspace, what: str, given: dict[str, str]) -> Response:
    user, team = given.get("as", ""), workspace.records
    try:
        if what == "team":
            return JSONResponse(team_sight(team, user, workspace.sockets))
        if what == "channel":
            return JSONResponse(channel_sight(team, user, given.get("channel", ""), int(given.get("limit", "100"))))
        if what == "thread":
            return JSONResponse(thread_sight(team, user, given.get("channel", ""), given.get("ts", "")))
        if what == "view":
            return JSONResponse({"view": open_view_of(team, user)})
    except Refusal as refusal:
        return JSONResponse(refusal.answer(), 404)
    return PlainTextResponse("nothing to see", 404)


def _act(workspace: Workspace, what: str, given: Json) -> Response:
    acts = _acts(workspace, given)
    if what not in acts:
        return PlainTextResponse("nothing to do", 404)
    try:
        done = acts[what]()
    except (Refusal, LookupError) as refused:
        return JSONResponse({"ok": False, "error": _in_words(refused)}, 409)
    except KeyError as missing:
        return JSONResponse({"ok": False, "error": f"{missing} is missing"}, 400)
    body: Json = {"ok": True}
    if isinstance(done, Delivery):
        body |= {"taken": done.acknowledged, "errors": done.errors}
        if done.kind == "options":
            body["options"] = answered_options(done)
    elif isinstance(done, str):
        body["ts"] = done
    return JSONResponse(body)


def _acts(workspace: Workspace, given: Json) -> dict[str, Callable[[], Any]]:
    def place() -> tuple[str, str]:
        return given["user"], given["channel"]

    def thread() -> str | None:
        return given.get("thread") or None

    return {
        "say": lambda: workspace.say(*place(), given["text"], thread=thread()),
        "edit": lambda: workspace.edit(*place(), given["ts"], given["text"]),
        "delete": lambda: workspace.delete(*place(), given["ts"]),
        "command": lambda: workspace.command(
            *place(), given.get("text", ""), command=given["command"], thread=thread()
        ),
        "click": lambda: workspace.click(
            *place(), given["ts"], given["action"], block_id=given.get("block"), value=given.get("value")
        ),
        "press": lambda: workspace.press(
            given["user"], given["view"], given["action"], block_id=given.get("block"), value=given.get("value")
        ),
        "submit": lambda: workspace.submit(given["user"], given["view"], given.get("values")),
        "dismiss": lambda: workspace.dismiss(given["user"], given["view"]),
        "options": lambda: workspace.options(
            given["user"],
            given["action"],
            given.get("query", ""),
            view_id=given.get("view"),
            channel=given.get("channel"),
            ts=given.get("ts"),
            block_id=given.get("block"),
        ),
        "forget": lambda: workspace.forget_ephemeral(*place(), given["ts"]),
        "join": lambda: workspace.invite(given["channel"], given["user"]),
    }


def _in_words(refused: Exception) -> str:
    words = {
        "not_in_channel": "You are not in this channel.",
        "message_not_found": "This message is gone.",
        "thread_not_found": "This thread is gone.",
        "cant_update_message": "Only your own messages can be edited.",
        "cant_delete_message": "Only your own messages can be deleted.",
        "user_not_found": "Choose who you are first.",
    }
    if isinstance(refused, Refusal):
        return words.get(refused.error, refused.error)
    return str(refused)
