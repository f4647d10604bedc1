"""users.* and the methods by which an app learns who it is itself."""

from __future__ import annotations

from ..arguments import Arguments
from ..connect import seen_by
from ..refusal import Refusal
from ..team import Team
from ..values import App
from .method import Answer, Method, page_of


def auth_test(team: Team, app: App, _arguments: Arguments) -> Answer:
    person = team.person(app.bot_user)
    body = {
        "url": team.base_url,
        "team": team.name,
        "user": person["name"],
        "team_id": team.id,
        "user_id": app.bot_user,
        "bot_id": app.bot_id,
        "is_enterprise_install": False,
    }
    return Answer(body)


def api_test(_team: Team, _app: App, arguments: Arguments) -> Answer:
    return Answer({"args": arguments.given})


def user_info(team: Team, app: App, arguments: Arguments) -> Answer:
    return Answer({"user": seen_by(team, app, team.person(arguments.needed("user")))})


def user_list(team: Team, _app: App, arguments: Arguments) -> Answer:
    page, cursor = page_of(team.state.documents("person"), arguments, default=1000, most=1000)
    now = int(team.now().timestamp())
    return Answer({"members": page, "cache_ts": now, "response_metadata": {"next_cursor": cursor}})


def team_info(team: Team, _app: App, _arguments: Arguments) -> Answer:
    return Answer({"team": {"id": team.id, "name": team.name, "domain": team.domain, "url": team.base_url}})


def open_connection(team: Team, app: App, _arguments: Arguments) -> Answer:
    if app.request_url is not None:
        raise Refusal("socket_mode_not_enabled")
    address = team.base_url.replace("http", "ws", 1)
    return Answer({"url": f"{address}link/?ticket={team.socket_ticket(app)}&app_id={app.app_id}"})


METHODS = {
    "apps.connections.open": Method(open_connection, app_level=True),
    "auth.test": Method(auth_test),
    "api.test": Method(api_test, open_to_all=True),
    "users.info": Method(user_info, ("users:read",)),
    "users.list": Method(user_list, ("users:read",)),
    "team.info": Method(team_info, ("team:read",)),
}
