"""What Slack accepts of each Block Kit element: buttons, menus, inputs, pictures."""

from __future__ import annotations

from typing import Any

from .shapes import (
    Inspection,
    Rule,
    anything,
    at_least_one_of,
    boolean,
    choice,
    exactly_one_of,
    fields,
    many,
    string,
    text,
    whole,
)

ACTION_ID = string(255)
PLACEHOLDER = text(150, "plain_text")
LONGEST_INPUT = 3000


def option(*, label: Rule, link: bool = False) -> Rule:
    optional = {"value": string(75, least=0), "description": text(75, "plain_text", "mrkdwn")}
    return fields(required={"text": label}, optional=optional | ({"url": string(3000)} if link else {}))


PLAIN_OPTION = option(label=text(75, "plain_text"))
RICH_OPTION = option(label=text(75))
OPTION_GROUP = fields(required={"label": text(75, "plain_text"), "options": many(PLAIN_OPTION, least=1, most=100)})
CONFIRM = fields(
    required={
        "title": text(100, "plain_text"),
        "text": text(300),
        "confirm": text(30, "plain_text"),
        "deny": text(30, "plain_text"),
    },
    optional={"style": choice("primary", "danger")},
)


def web_address(inspection: Inspection, value: Any, pointer: str) -> None:
    string(3000)(inspection, value, pointer)
    if isinstance(value, str) and not value.startswith(("http://", "https://", "mailto:", "slack://")):
        inspection.fault("invalid url", pointer)


def slack_file(inspection: Inspection, value: Any, pointer: str) -> None:
    before = len(inspection.faults)
    rule = fields(required={}, optional={"id": string(255), "url": string(3000)}, also=[exactly_one_of("id", "url")])
    rule(inspection, value, pointer)
    if len(inspection.faults) == before:
        reason = inspection.invalid_file(value)
        if reason is not None:
            inspection.fault(reason, pointer)


PICTURE: dict[str, Rule] = {"image_url": web_address, "slack_file": slack_file}
COMMON: dict[str, Rule] = {"type": anything}
ASKS: dict[str, Rule] = {"action_id": ACTION_ID, "confirm": CONFIRM, "focus_on_load": boolean}


def element(required: dict[str, Rule], optional: dict[str, Rule], *also: Rule) -> Rule:
    return fields(required=COMMON | required, optional=optional, also=list(also))


def menu(own: dict[str, Rule], *also: Rule) -> Rule:
    return element({}, ASKS | {"placeholder": PLACEHOLDER} | own, *also)


def several(own: dict[str, Rule], *also: Rule) -> Rule:
    return menu(own | {"max_selected_items": whole(1, 100)}, *also)


def written(own: dict[str, Rule]) -> Rule:
    own = {"initial_value": string(LONGEST_INPUT, least=0), "dispatch_action_config": anything} | own
    return element({}, {"action_id": ACTION_ID, "focus_on_load": boolean, "placeholder": PLACEHOLDER} | own)


def begins_with_what_it_has(inspection: Inspection, value: Any, pointer: str) -> None:
    """What is chosen at first must be one of the options, to the letter."""
    groups = value.get("option_groups") if isinstance(value.get("option_groups"), list) else []
    lists = [value.get("options"), *(group.get("options") for group in groups if isinstance(group, dict))]
    known = [item for items in lists if isinstance(items, list) for item in items]
    for name, chosen in (
        ("initial_option", [value.get("initial_option")]),
        ("initial_options", value.get("initial_options")),
    ):
        for item in chosen if isinstance(chosen, list) else []:
            if item is not None and item not in known:
                inspection.fault(f"{name} must be one of the options", f"{pointer}/{name}")


STATIC = {"options": many(PLAIN_OPTION, least=1, most=100), "option_groups": many(OPTION_GROUP, least=1, most=100)}
ONE_LIST = exactly_one_of("options", "option_groups")
IDS = many(string(255), least=0, most=100)
CONVERSATIONS = {"default_to_current_conversation": boolean, "response_url_enabled": boolean, "filter": anything}

BUTTON = element(
    {"text": text(75, "plain_text")},
    {
        "action_id": ACTION_ID,
        "url": string(3000),
        "value": string(2000, least=0),
        "style": choice("primary", "danger"),
        "confirm": CONFIRM,
        "accessibility_label": string(75),
    },
)
IMAGE = element({"alt_text": string(2000)}, PICTURE, exactly_one_of("image_url", "slack_file"))
OVERFLOW = element(
    {"options": many(option(label=text(75, "plain_text"), link=True), least=1, most=5)},
    {"action_id": ACTION_ID, "confirm": CONFIRM},
)
CHOICES = {"options": many(RICH_OPTION, least=1, most=10)}

CLICKED: dict[str, Rule] = {
    "button": BUTTON,
    "overflow": OVERFLOW,
    "static_select": menu(STATIC | {"initial_option": PLAIN_OPTION}, ONE_LIST, begins_with_what_it_has),
    "external_select": menu({"initial_option": PLAIN_OPTION, "min_query_length": whole(0, 100)}),
    "users_select": menu({"initial_user": string(255)}),
    "conversations_select": menu({"initial_conversation": string(255)} | CONVERSATIONS),
    "channels_select": menu({"initial_channel": string(255), "response_url_enabled": boolean}),
    "multi_static_select": several(
        STATIC | {"initial_options": many(PLAIN_OPTION, least=1, most=100)}, ONE_LIST, begins_with_what_it_has
    ),
    "multi_external_select": several(
        {"initial_options": many(PLAIN_OPTION, least=1, most=100), "min_query_length": whole(0, 100)}
    ),
    "multi_users_select": several({"initial_users": IDS}),
    "multi_conversations_select": several({"initial_conversations": IDS} | CONVERSATIONS),
    "multi_channels_select": several({"initial_channels": IDS}),
    "datepicker": menu({"initial_date": string(10)}),
    "timepicker": menu({"initial_time": string(5), "timezone": string(255)}),
    "checkboxes": element(
        CHOICES, ASKS | {"initial_options": many(RICH_OPTION, least=1, most=10)}, begins_with_what_it_has
    ),
    "radio_buttons": element(CHOICES, ASKS | {"initial_option": RICH_OPTION}, begins_with_what_it_has),
}
IN_ACTIONS = CLICKED | {"datetimepicker": element({}, ASKS | {"initial_date_time": whole(0, 10**10)})}
IN_SECTION = CLICKED | {"image": IMAGE}
IN_CONTEXT: dict[str, Rule] = {"image": IMAGE, "plain_text": text(3000, "plain_text"), "mrkdwn": text(3000, "mrkdwn")}
IN_INPUT: dict[str, Rule] = {name: rule for name, rule in IN_ACTIONS.items() if name not in {"button", "overflow"}} | {
    "plain_text_input": written(
        {"multiline": boolean, "min_length": whole(0, LONGEST_INPUT), "max_length": whole(1, LONGEST_INPUT)}
    ),
    "email_text_input": written({}),
    "url_text_input": written({}),
    "number_input": element(
        {"is_decimal_allowed": boolean},
        {
            "action_id": ACTION_ID,
            "initial_value": string(100),
            "min_value": string(100),
            "max_value": string(100),
            "placeholder": PLACEHOLDER,
            "focus_on_load": boolean,
            "dispatch_action_config": anything,
        },
    ),
    "file_input": element({}, {"action_id": ACTION_ID, "filetypes": anything, "max_files": whole(1, 10)}),
    "rich_text_input": element(
        {},
        {
            "action_id": ACTION_ID,
            "initial_value": anything,
            "placeholder": PLACEHOLDER,
            "focus_on_load": boolean,
            "dispatch_action_config": anything,
        },
    ),
}
SECTION_TEXT_OR_FIELDS = at_least_one_of("text", "fields")
