"""An app and its installation: how it ends, and what Slack sends to an app beside the events of its channels."""

from __future__ import annotations

from dataclasses import replace

from .envelopes import verification_token
from .team import Team
from .values import App, Happening, Json

UNINSTALLED, REVOKED = "account_inactive", "token_revoked"


def uninstall(team: Team, app: App) -> list[Happening]:
    """Take the app out of the workspace: its tokens end, and it is told so in two events, in either order."""
    happenings = [_told(team, app, {"type": "app_uninstalled"}), _revoked(team, app)]
    team.keep_app(replace(app, refused_as=UNINSTALLED))
    return happenings


def revoke(team: Team, app: App) -> list[Happening]:
    """End the app's tokens; it stays installed."""
    team.keep_app(replace(app, refused_as=REVOKED))
    return [_revoked(team, app)]


def too_many_events(team: Team, app: App) -> Json:
    """What Slack sends in place of events beyond 30,000 an hour."""
    return {
        "token": verification_token(app),
        "type": "app_rate_limited",
        "team_id": team.id,
        "minute_rate_limited": int(team.now().timestamp()) // 60 * 60,
        "api_app_id": app.app_id,
    }


def _revoked(team: Team, app: App) -> Happening:
    return _told(team, app, {"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [app.bot_user]}})


def _told(team: Team, app: App, event: Json) -> Happening:
    return Happening(event | {"event_ts": team.new_ts("app")}, None, None, only=app.app_id)
