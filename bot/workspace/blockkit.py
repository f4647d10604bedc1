"""Judges blocks, messages and views by Slack's rules; the workspace accepts nothing that Slack would refuse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .elements import (
    COMMON,
    IN_ACTIONS,
    IN_CONTEXT,
    IN_INPUT,
    IN_SECTION,
    PICTURE,
    SECTION_TEXT_OR_FIELDS,
)
from .refusal import Refusal
from .shapes import (
    Inspection,
    Rule,
    anything,
    boolean,
    choice,
    exactly_one_of,
    fields,
    many,
    string,
    text,
    typed,
)
from .values import Json

BLOCKS_IN_MESSAGE = 50
BLOCKS_IN_VIEW = 100
CHARACTERS_IN_MESSAGE = 13_200
CHARACTERS_IN_MARKDOWN = 12_000
CHARACTERS_IN_TABLE = 10_000
PRIVATE_METADATA = 3000


def block(required: dict[str, Rule], optional: dict[str, Rule] | None = None, *also: Rule) -> Rule:
    optional = {"block_id": string(255, least=0), **(optional or {})}
    return fields(required=COMMON | required, optional=optional, also=[_block_id, *also])


def _block_id(inspection: Inspection, value: Json, pointer: str) -> None:
    name = value.get("block_id")
    if not isinstance(name, str) or not name:
        return
    if name in inspection.block_ids:
        inspection.fault(f"block_id {name} already exists", f"{pointer}/block_id")
    inspection.block_ids.add(name)


def _distinct_actions(inspection: Inspection, value: Json, pointer: str) -> None:
    seen: set[str] = set()
    elements = value.get("elements")
    for place, item in enumerate(elements if isinstance(elements, list) else []):
        name = item.get("action_id") if isinstance(item, dict) else None
        if isinstance(name, str) and name in seen:
            inspection.fault(f"action_id {name} already exists", f"{pointer}/elements/{place}/action_id")
        elif isinstance(name, str):
            seen.add(name)


def _markdown_total(inspection: Inspection, value: Json, pointer: str) -> None:
    if isinstance(value.get("text"), str):
        inspection.markdown += len(value["text"])
        inspection.characters += len(value["text"])
    if inspection.markdown > CHARACTERS_IN_MARKDOWN:
        inspection.fault(f"markdown must be less than {CHARACTERS_IN_MARKDOWN + 1} characters in all", pointer)


def _table_total(inspection: Inspection, value: Json, pointer: str) -> None:
    inspection.tables += 1
    if inspection.tables > 1:
        inspection.fault("only one table block is allowed", pointer)
    characters = _characters(value.get("rows"))
    inspection.characters += characters
    if characters > CHARACTERS_IN_TABLE:
        inspection.fault(f"a table must have less than {CHARACTERS_IN_TABLE + 1} characters", pointer)


def _characters(value: Any) -> int:
    if isinstance(value, list):
        return sum(_characters(item) for item in value)
    if isinstance(value, dict):
        own = len(value["text"]) if isinstance(value.get("text"), str) else 0
        return own + sum(_characters(item) for item in value.values() if isinstance(item, dict | list))
    return 0


def _counted(inspection: Inspection, value: Json, _pointer: str) -> None:
    inspection.characters += _characters(value.get("elements"))


RICH_LEAF = typed(
    {
        "text": fields(required={"type": anything, "text": string(3000)}, optional={"style": anything}),
        "link": fields(
            required={"type": anything, "url": string(3000)},
            optional={"text": string(3000, least=0), "unsafe": boolean, "style": anything},
        ),
        "emoji": fields(
            required={"type": anything, "name": string(255)}, optional={"unicode": string(255), "style": anything}
        ),
        "user": fields(required={"type": anything, "user_id": string(255)}, optional={"style": anything}),
        "channel": fields(required={"type": anything, "channel_id": string(255)}, optional={"style": anything}),
        "usergroup": fields(required={"type": anything, "usergroup_id": string(255)}, optional={"style": anything}),
        "broadcast": fields(
            required={"type": anything, "range": choice("here", "channel", "everyone")}, optional={"style": anything}
        ),
        "color": fields(required={"type": anything, "value": string(255)}, optional={"style": anything}),
        "date": fields(
            required={"type": anything, "timestamp": anything, "format": string(3000)},
            optional={"url": string(3000), "fallback": string(3000), "style": anything},
        ),
    }
)
LEAVES = many(RICH_LEAF, least=0, most=1000)
RICH_SECTION = fields(required={"type": anything, "elements": LEAVES})
RICH_PARTS: dict[str, Rule] = {
    "rich_text_section": RICH_SECTION,
    "rich_text_quote": fields(required={"type": anything, "elements": LEAVES}, optional={"border": anything}),
    "rich_text_preformatted": fields(
        required={"type": anything, "elements": LEAVES}, optional={"border": anything, "language": string(255)}
    ),
    "rich_text_list": fields(
        required={
            "type": anything,
            "style": choice("bullet", "ordered"),
            "elements": many(typed({"rich_text_section": RICH_SECTION}), least=1, most=1000),
        },
        optional={"indent": anything, "offset": anything, "border": anything},
    ),
}
RICH_TEXT = block({"elements": many(typed(RICH_PARTS), least=1, most=1000)}, None, _counted)
CELL = typed({"raw_text": fields(required={"type": anything, "text": string(10_000)}), "rich_text": RICH_TEXT})

EVERYWHERE: dict[str, Rule] = {
    "header": block({"text": text(150, "plain_text")}),
    "section": block(
        {},
        {
            "text": text(3000),
            "fields": many(text(2000), least=1, most=10),
            "accessory": typed(IN_SECTION),
            "expand": boolean,
        },
        SECTION_TEXT_OR_FIELDS,
    ),
    "divider": block({}),
    "context": block({"elements": many(typed(IN_CONTEXT), least=1, most=10)}),
    "actions": block({"elements": many(typed(IN_ACTIONS), least=1, most=25)}, None, _distinct_actions),
    "image": block(
        {"alt_text": string(2000)},
        {"title": text(2000, "plain_text")} | PICTURE,
        exactly_one_of("image_url", "slack_file"),
    ),
    "input": block(
        {"label": text(2000, "plain_text"), "element": typed(IN_INPUT)},
        {"hint": text(2000, "plain_text"), "optional": boolean, "dispatch_action": boolean},
    ),
    "rich_text": RICH_TEXT,
}
MESSAGE_ONLY: dict[str, Rule] = {
    "markdown": block({"text": string(CHARACTERS_IN_MARKDOWN)}, None, _markdown_total),
    "table": block(
        {"rows": many(many(CELL, least=1, most=20), least=1, most=100)},
        {"column_settings": anything},
        _table_total,
    ),
}
MESSAGE_BLOCKS = many(typed(EVERYWHERE | MESSAGE_ONLY), least=0, most=BLOCKS_IN_MESSAGE)
VIEW_BLOCKS = many(typed(EVERYWHERE), least=0, most=BLOCKS_IN_VIEW)

TITLE = text(24, "plain_text")
VIEW_PARTS: dict[str, Rule] = {
    "private_metadata": string(PRIVATE_METADATA, least=0),
    "callback_id": string(255, least=0),
    "external_id": string(255, least=0),
}


def _submit_for_inputs(inspection: Inspection, value: Json, pointer: str) -> None:
    blocks = value.get("blocks")
    inputs = [item for item in (blocks if isinstance(blocks, list) else []) if isinstance(item, dict)]
    if "submit" not in value and any(item.get("type") == "input" for item in inputs):
        inspection.fault("submit is required when an input block is within blocks", f"{pointer}/submit")


VIEWS = typed(
    {
        "modal": fields(
            required={"type": anything, "title": TITLE, "blocks": VIEW_BLOCKS},
            optional=VIEW_PARTS
            | {
                "submit": TITLE,
                "close": TITLE,
                "clear_on_close": boolean,
                "notify_on_close": boolean,
                "submit_disabled": boolean,
            },
            also=[_submit_for_inputs],
        ),
        "home": fields(required={"type": anything, "blocks": VIEW_BLOCKS}, optional=VIEW_PARTS),
    }
)

InvalidFile = Callable[[Json], str | None]


def check_blocks(blocks: Any, invalid_file: InvalidFile) -> None:
    """Refuse blocks that Slack would refuse, naming each fault by its place."""
    inspection = Inspection(invalid_file)
    MESSAGE_BLOCKS(inspection, blocks, "/blocks")
    if inspection.faults:
        raise Refusal("invalid_blocks", *inspection.faults, errors=inspection.faults)
    if inspection.characters > CHARACTERS_IN_MESSAGE:
        raise Refusal("msg_blocks_too_long")


def check_view(view: Any, invalid_file: InvalidFile, *, kind: str) -> None:
    inspection = Inspection(invalid_file)
    VIEWS(inspection, view, "/view")
    if isinstance(view, dict) and view.get("type") != kind:
        inspection.fault(f"must be {kind}", "/view/type")
    if inspection.faults:
        raise Refusal("invalid_arguments", *inspection.faults)
