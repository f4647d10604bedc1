"""Views of a team: modals in their stacks, and each person's home tab of an app."""

from __future__ import annotations

import copy
import secrets

from .messages import as_kept
from .refusal import Refusal
from .team import Team
from .values import App, Json

MODALS_IN_A_STACK = 3


def open_modal(team: Team, app: App, trigger: str, sent: Json) -> Json:
    with team.state.lock:
        known = team.use_trigger(app, trigger)
        return _show(team, app, sent, user=known["user"], under=None)


def push_modal(team: Team, app: App, trigger: str, sent: Json) -> Json:
    """Put a view over the one that the trigger came from."""
    with team.state.lock:
        known = team.use_trigger(app, trigger)
        under = open_view(team, known.get("view", ""))
        return push_over(team, app, under, sent)


def push_over(team: Team, app: App, under: Json, sent: Json) -> Json:
    stack = [view for view in open_views(team, under["user"]) if view["root_view_id"] == under["root_view_id"]]
    if len(stack) >= MODALS_IN_A_STACK:
        raise Refusal("push_limit_reached")
    return _show(team, app, sent, user=under["user"], under=under)


def update(team: Team, view: Json, sent: Json, *, expected_hash: str | None) -> Json:
    with team.state.lock:
        if expected_hash and expected_hash != view["hash"]:
            raise Refusal("hash_conflict")
        kept = {
            key: view[key] for key in ("id", "user", "root_view_id", "previous_view_id", "app_id", "bot_id", "open")
        }
        changed = _filled(team, sent) | kept
        team.state.keep("view", view["id"], changed)
        team.changed({"kind": "view", "user": view["user"], "view": view["id"]})
        return changed


def publish(team: Team, app: App, user: str, sent: Json, *, expected_hash: str | None) -> Json:
    with team.state.lock:
        team.person(user)
        home = home_of(team, app, user)
        if home is not None:
            return update(team, home, sent, expected_hash=expected_hash)
        return _show(team, app, sent, user=user, under=None)


def home_of(team: Team, app: App, user: str) -> Json | None:
    views = team.state.documents("view")
    return next(
        (v for v in views if v["type"] == "home" and v["user"] == user and v["app_id"] == app.app_id and v["open"]),
        None,
    )


def open_view(team: Team, name: str) -> Json:
    view = team.state.document("view", name)
    if view is None or not view["open"]:
        raise Refusal("not_found")
    return view


def view_by_external_id(team: Team, app: App, external_id: str) -> Json:
    for view in team.state.documents("view"):
        if view["open"] and view["app_id"] == app.app_id and view.get("external_id") == external_id:
            return view
    raise Refusal("not_found")


def open_views(team: Team, user: str) -> list[Json]:
    """A person's open modals, the lowest first."""
    views = team.state.documents("view")
    return [view for view in views if view["user"] == user and view["open"] and view["type"] == "modal"]


def close(team: Team, view: Json, *, whole_stack: bool) -> list[Json]:
    """Close a modal and whatever lies over it, or all of its stack; what was closed comes back."""
    with team.state.lock:
        stack = [v for v in open_views(team, view["user"]) if v["root_view_id"] == view["root_view_id"]]
        names = [v["id"] for v in stack]
        closed = stack if whole_stack or view["id"] not in names else stack[names.index(view["id"]) :]
        for item in closed:
            team.state.keep("view", item["id"], item | {"open": False})
            team.changed({"kind": "view", "user": view["user"], "view": item["id"]})
        return closed


def public(view: Json) -> Json:
    """The view as the Web API shows it: without what only the workspace needs to know."""
    return {key: copy.deepcopy(value) for key, value in view.items() if key not in {"user", "open"}}


def _show(team: Team, app: App, sent: Json, *, user: str, under: Json | None) -> Json:
    name = team.new_id("V")
    external = sent.get("external_id")
    if external and any(v.get("external_id") == external and v["open"] for v in team.state.documents("view")):
        raise Refusal("duplicate_external_id")
    view = _filled(team, sent) | {
        "id": name,
        "user": user,
        "open": True,
        "app_id": app.app_id,
        "bot_id": app.bot_id,
        "root_view_id": under["root_view_id"] if under else name,
        "previous_view_id": under["id"] if under else None,
    }
    team.state.keep("view", name, view)
    team.changed({"kind": "view", "user": user, "view": name})
    return view


def _filled(team: Team, sent: Json) -> Json:
    return {
        "team_id": team.id,
        "app_installed_team_id": team.id,
        "private_metadata": "",
        "callback_id": "",
        "external_id": "",
        "submit": None,
        "close": None,
        "clear_on_close": False,
        "notify_on_close": False,
        **sent,
        "blocks": as_kept(sent["blocks"]),
        "state": {"values": {}},
        "hash": f"{int(team.now().timestamp())}.{secrets.token_hex(4)}",
    }
