"""What a Web API method is: a function, the scopes that allow it, and the kind of token it takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ..arguments import Arguments
from ..refusal import Refusal
from ..team import Team
from ..values import App, Happening, Json


@dataclass(frozen=True, slots=True)
class Answer:
    """A call's answer without its `ok`, and the events that it leads to."""

    body: Json
    happenings: list[Happening] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Method:
    """One method; having any of the scopes is enough here, channels of other kinds are judged by the method itself."""

    run: Callable[[Team, App, Arguments], Answer]
    scopes: tuple[str, ...] = ()
    app_level: bool = False
    open_to_all: bool = False


def page_of(items: list[Json], arguments: Arguments, *, default: int, most: int) -> tuple[list[Json], str]:
    """One page of a list and the cursor of the next."""
    limit = arguments.number("limit", default=default, most=most)
    cursor = arguments.word("cursor") or "at:0"
    kind, _, place = cursor.partition(":")
    if kind != "at" or not place.isdigit():
        raise Refusal("invalid_cursor")
    start = int(place)
    following = f"at:{start + limit}" if start + limit < len(items) else ""
    return items[start : start + limit], following


def need_scope(app: App, scope: str) -> None:
    if scope not in app.scopes:
        raise Refusal("missing_scope", needed=scope, provided=",".join(sorted(app.scopes)))
