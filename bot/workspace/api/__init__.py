"""The Web API: which methods there are, what each needs, and how a call becomes an answer."""

from __future__ import annotations

from ..arguments import Arguments
from ..refusal import Refusal
from ..team import Team
from ..values import App, Happening, Json
from . import chat, conversations, files, people, reactions, views
from .method import Answer, Method

METHODS: dict[str, Method] = {
    name: method
    for module in (chat, conversations, files, people, reactions, views)
    for name, method in module.METHODS.items()
}


def answer(team: Team, name: str, token: str, given: Json) -> tuple[Json, list[Happening], App | None]:
    """The answer to a call, the events that it leads to, and the app that made it."""
    app: App | None = None
    try:
        method = METHODS.get(name)
        if method is None:
            raise Refusal("unknown_method", req_method=name)
        if method.open_to_all:
            done = method.run(team, _nobody(), Arguments(given))
            return {"ok": True, **done.body}, done.happenings, None
        app = _caller(team, token, method)
        _allow(app, method)
        done = method.run(team, app, Arguments(given))
    except Refusal as refusal:
        return refusal.answer(), [], app
    return {"ok": True, **done.body}, done.happenings, app


def refusal(name: str, error: str) -> Json:
    """The answer of a method that refuses for this reason; without a scope Slack names those that would do."""
    method = METHODS.get(name)
    if error == "missing_scope" and method is not None:
        return Refusal(error, needed=",".join(method.scopes), provided="").answer()
    return Refusal(error).answer()


def _caller(team: Team, token: str, method: Method) -> App:
    if not token:
        raise Refusal("not_authed")
    for app in team.apps():
        if token == (app.app_token if method.app_level else app.bot_token):
            if app.refused_as is not None:
                raise Refusal(app.refused_as)
            return app
        if token in {app.app_token, app.bot_token}:
            raise Refusal("not_allowed_token_type")
    raise Refusal("invalid_auth")


def _allow(app: App, method: Method) -> None:
    if method.scopes and not app.scopes & set(method.scopes):
        raise Refusal("missing_scope", needed=",".join(method.scopes), provided=",".join(sorted(app.scopes)))


def _nobody() -> App:
    return App(
        app_id="",
        bot_id="",
        bot_user="",
        name="",
        bot_token="",
        app_token="",
        signing_secret="",
        request_url=None,
        command="",
        scopes=frozenset(),
    )


__all__ = ["METHODS", "Answer", "answer", "refusal"]
