"""views.*: open, push and update modals, publish a home tab."""

from __future__ import annotations

from .. import views
from ..arguments import Arguments
from ..blockkit import check_view
from ..files import why_not_shown
from ..refusal import Refusal
from ..team import Team
from ..values import App, Json
from .method import Answer, Method


def wanted(team: Team, app: App, arguments: Arguments, kind: str) -> Json:
    view = arguments.structure("view")
    if view is None:
        raise Refusal("invalid_arguments", "missing required field: view")
    check_view(view, lambda reference: why_not_shown(team, app, reference), kind=kind)
    known: Json = view
    return known


def _trigger(arguments: Arguments) -> str:
    return arguments.word("trigger_id") or arguments.needed("interactivity_pointer")


def open_view(team: Team, app: App, arguments: Arguments) -> Answer:
    view = wanted(team, app, arguments, "modal")
    shown = views.open_modal(team, app, _trigger(arguments), view)
    team.payloads.keep_view(view)
    return Answer({"view": views.public(shown)})


def push(team: Team, app: App, arguments: Arguments) -> Answer:
    view = wanted(team, app, arguments, "modal")
    shown = views.push_modal(team, app, _trigger(arguments), view)
    team.payloads.keep_view(view)
    return Answer({"view": views.public(shown)})


def update(team: Team, app: App, arguments: Arguments) -> Answer:
    with team.state.lock:
        if arguments.has("view_id"):
            before = views.open_view(team, arguments.needed("view_id"))
        else:
            before = views.view_by_external_id(team, app, arguments.needed("external_id"))
        if before["app_id"] != app.app_id:
            raise Refusal("not_found")
        view = wanted(team, app, arguments, before["type"])
        shown = views.update(team, before, view, expected_hash=arguments.word("hash"))
    team.payloads.keep_view(view)
    return Answer({"view": views.public(shown)})


def publish(team: Team, app: App, arguments: Arguments) -> Answer:
    view = wanted(team, app, arguments, "home")
    shown = views.publish(team, app, arguments.needed("user_id"), view, expected_hash=arguments.word("hash"))
    team.payloads.keep_view(view)
    return Answer({"view": views.public(shown)})


METHODS = {
    "views.open": Method(open_view),
    "views.push": Method(push),
    "views.update": Method(update),
    "views.publish": Method(publish),
}
