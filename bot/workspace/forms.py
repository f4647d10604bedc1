"""What people do in an app's views: press, fill in, submit, close."""

from __future__ import annotations

import json
from typing import Any

from . import controls, envelopes, views
from .blockkit import check_view
from .courier import Courier
from .files import why_not_shown
from .refusal import Refusal
from .team import Team
from .values import App, Delivery, Json

SAYS_NO_VIEW = "the app answered with no view"


class Forms:
    """Acts of people in modals and on home tabs."""

    def __init__(self, team: Team, courier: Courier) -> None:
        self._team = team
        self._courier = courier

    def submit(self, user: str, view_id: str, values: Json | None = None) -> Delivery:
        """Fill in a modal, by block id or action id, and send it; what Slack itself finds missing is never sent."""
        view = views.open_view(self._team, view_id)
        app = self._app_of(view)
        state, missing = controls.form_state(view["blocks"], values or {})
        view = view | {"state": {"values": state}}
        payload = envelopes.submission(self._team, app, user, views.public(view))
        if missing:
            delivery = self._courier.refused(app, "interaction", payload, json.dumps(missing))
            delivery.errors = missing
            return delivery
        self._team.state.keep("view", view["id"], view)
        delivery = self._courier.hand_over(app, "interaction", payload)
        if delivery.acknowledged:
            self._follow(app, view, delivery)
        return delivery

    def press(
        self, user: str, view_id: str, action_id: str, *, block_id: str | None = None, value: Any = None
    ) -> Delivery:
        """Press a button, or choose in a control that tells its app at once, in a modal or on a home tab."""
        view = views.open_view(self._team, view_id)
        app = self._app_of(view)
        block, element = controls.find(view["blocks"], action_id, block_id, value)
        action = controls.action(element, block, value, f"{self._team.now().timestamp():.6f}")
        payload = envelopes.view_click(self._team, app, user, views.public(view), action)
        return self._courier.hand_over(app, "interaction", payload)

    def dismiss(self, user: str, view_id: str, *, whole_stack: bool = False) -> list[Delivery]:
        """Close a modal without sending it; the app hears of it where it asked to."""
        view = views.open_view(self._team, view_id)
        app = self._app_of(view)
        closed = views.close(self._team, view, whole_stack=whole_stack)
        return [
            self._courier.hand_over(
                app,
                "interaction",
                envelopes.closing(self._team, app, user, views.public(item), cleared=whole_stack),
            )
            for item in closed
            if item["notify_on_close"]
        ]

    def _app_of(self, view: Json) -> App:
        return next(app for app in self._team.apps() if app.app_id == view["app_id"])

    def _follow(self, app: App, view: Json, delivery: Delivery) -> None:
        """What the answer to a submission does to the stack of modals."""
        answer = json.loads(delivery.body) if delivery.body.strip() else {}
        action = answer.get("response_action")
        if action == "errors":
            known = {block_id for block_id, _ in controls.controls(view["blocks"])}
            delivery.errors = {name: text for name, text in answer["errors"].items() if name in known}
            if not delivery.errors:
                raise Refusal(
                    "invalid_arguments", f"errors name no input block of the view: {sorted(answer['errors'])}"
                )
        elif action in {"update", "push"}:
            sent = answer.get("view")
            if sent is None:
                raise Refusal("invalid_arguments", SAYS_NO_VIEW)
            check_view(sent, lambda reference: why_not_shown(self._team, app, reference), kind="modal")
            if action == "update":
                views.update(self._team, view, sent, expected_hash=None)
            else:
                views.push_over(self._team, app, view, sent)
            self._team.payloads.keep_view(sent)
        else:
            views.close(self._team, view, whole_stack=action == "clear")
