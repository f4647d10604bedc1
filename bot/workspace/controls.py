"""What a person's touch of a control becomes: the action of a click, the state of a form."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Any

from .values import Json

OPTION_KINDS = {"static_select", "overflow", "radio_buttons", "external_select"}
SEVERAL_KINDS = {"multi_static_select", "multi_external_select", "checkboxes"}
CHOSEN = {
    "users_select": "selected_user",
    "conversations_select": "selected_conversation",
    "channels_select": "selected_channel",
    "multi_users_select": "selected_users",
    "multi_conversations_select": "selected_conversations",
    "multi_channels_select": "selected_channels",
    "datepicker": "selected_date",
    "timepicker": "selected_time",
    "datetimepicker": "selected_date_time",
}
REQUIRED = "Please complete this required field."


def controls(blocks: list[Json]) -> Iterator[tuple[str, Json]]:
    """Every control with the id of the block that it is in."""
    for block in blocks:
        for element in [block.get("accessory"), block.get("element"), *(block.get("elements") or [])]:
            if isinstance(element, dict) and "action_id" in element:
                yield block["block_id"], element


def find(blocks: list[Json], action_id: str, block_id: str | None, value: Any) -> tuple[str, Json]:
    """The control that a person means; where several share an action id, the one with that value."""
    named = [(block, element) for block, element in controls(blocks) if element["action_id"] == action_id]
    found = [(block, element) for block, element in named if block_id in {None, block}]
    exact = [(block, element) for block, element in found if value is not None and element.get("value") == value]
    if exact or found:
        return (exact or found)[0]
    known = sorted({element["action_id"] for _, element in controls(blocks)})
    near = difflib.get_close_matches(action_id, known, n=3, cutoff=0.0)
    raise LookupError(f"nothing here has the action {action_id!r}; there is {', '.join(near) or 'nothing to press'}")


def action(element: Json, block_id: str, value: Any, ts: str) -> Json:
    """The entry under `actions` that a touch of the control sends."""
    kept = ("type", "action_id", "text", "value", "style", "url", "placeholder")
    body = {name: element[name] for name in kept if name in element} | {"block_id": block_id, "action_ts": ts}
    if element["type"] == "button":
        if value is not None and value != element.get("value"):
            raise LookupError(
                f"the button {element['action_id']!r} has the value {element.get('value')!r}, not {value!r}"
            )
        return body
    return body | {name: item for name, item in state_of(element, value).items() if name != "type"}


def state_of(element: Json, value: Any) -> Json:
    """What the control holds, in Slack's words for its kind; None stands for what it held at first."""
    kind = element["type"]
    if kind in OPTION_KINDS:
        chosen = element.get("initial_option") if value is None else option(element, value)
        return {"type": kind, "selected_option": chosen}
    if kind in SEVERAL_KINDS:
        several = element.get("initial_options", []) if value is None else [option(element, item) for item in value]
        return {"type": kind, "selected_options": several}
    if kind in CHOSEN:
        field = CHOSEN[kind]
        return {"type": kind, field: element.get(field.replace("selected_", "initial_")) if value is None else value}
    return {"type": kind, "value": element.get("initial_value") if value is None else value}


def option(element: Json, value: Any) -> Json:
    """The option with that value, or what was given whole when the app itself supplies the options."""
    if isinstance(value, dict):
        return value
    groups = [group["options"] for group in element.get("option_groups", [])]
    options: list[Json] = [item for group in [element.get("options", []), *groups] for item in group]
    for item in options:
        if item.get("value") == value:
            return item
    known = ", ".join(str(item.get("value")) for item in options)
    raise LookupError(f"{element['action_id']!r} has no option {value!r}; there is {known or 'none'}")


def message_state(blocks: list[Json]) -> Json:
    """`state.values` of a message: every control that holds something, with what it held at first."""
    values: Json = {}
    for block_id, element in controls(blocks):
        if element["type"] not in {"button", "overflow"}:
            values.setdefault(block_id, {})[element["action_id"]] = state_of(element, None)
    return values


def form_state(blocks: list[Json], given: Json) -> tuple[Json, dict[str, str]]:
    """`state.values` of a form as it was filled in, by block or by action, and what is still missing."""
    values: Json = {}
    missing: dict[str, str] = {}
    for block_id, element in controls(blocks):
        if element["type"] in {"button", "overflow"}:
            continue
        filled = state_of(element, _given(given, block_id, element["action_id"]))
        values.setdefault(block_id, {})[element["action_id"]] = filled
        block = next(block for block in blocks if block["block_id"] == block_id)
        content = [item for name, item in filled.items() if name != "type"]
        if block["type"] == "input" and not block.get("optional") and not any(content):
            missing[block_id] = REQUIRED
    return values, missing


def _given(given: Json, block_id: str, action_id: str) -> Any:
    by_block = given.get(block_id, given.get(action_id))
    if isinstance(by_block, dict) and action_id in by_block:
        return by_block[action_id]
    return by_block
