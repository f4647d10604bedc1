"""Small parts to say what a JSON structure must look like, and to name each place where it does not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .values import Json

Rule = Callable[["Inspection", Any, str], None]


@dataclass(slots=True)
class Inspection:
    """The faults found so far, as Slack words them, and what rules need to know of the world outside the structure."""

    invalid_file: Callable[[Json], str | None]  # why a slack_file can't be shown, None when it can
    faults: list[str] = field(default_factory=list)
    block_ids: set[str] = field(default_factory=set)
    characters: int = 0
    markdown: int = 0
    tables: int = 0

    def fault(self, says: str, pointer: str) -> None:
        self.faults.append(f"{says} [json-pointer:{pointer or '/'}]")


def string(most: int, *, least: int = 1) -> Rule:
    def check(inspection: Inspection, value: Any, pointer: str) -> None:
        if not isinstance(value, str):
            inspection.fault("must be a string", pointer)
        elif len(value) > most:
            inspection.fault(f"must be less than {most + 1} characters", pointer)
        elif len(value) < least:
            inspection.fault(f"must be more than {least - 1} characters", pointer)

    return check


def choice(*values: str) -> Rule:
    def check(inspection: Inspection, value: Any, pointer: str) -> None:
        if value not in values:
            inspection.fault(f"must be one of {', '.join(values)}", pointer)

    return check


def boolean(inspection: Inspection, value: Any, pointer: str) -> None:
    if not isinstance(value, bool):
        inspection.fault("must be a boolean", pointer)


def whole(least: int, most: int) -> Rule:
    def check(inspection: Inspection, value: Any, pointer: str) -> None:
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            inspection.fault(f"must be a whole number from {least} to {most}", pointer)

    return check


def anything(_inspection: Inspection, _value: Any, _pointer: str) -> None:
    """No rule here: Slack's own, which we don't know well enough to enforce."""


def many(rule: Rule, *, least: int, most: int) -> Rule:
    def check(inspection: Inspection, value: Any, pointer: str) -> None:
        if not isinstance(value, list):
            inspection.fault("must be an array", pointer)
            return
        if len(value) > most:
            inspection.fault(f"no more than {most} items allowed", pointer)
        if len(value) < least:
            inspection.fault(f"no fewer than {least} items allowed", pointer)
        for place, item in enumerate(value):
            rule(inspection, item, f"{pointer}/{place}")

    return check


def text(most: int, *kinds: str, least: int = 1) -> Rule:
    """A text object of one of the kinds, plain_text or mrkdwn."""
    allowed = kinds or ("plain_text", "mrkdwn")

    def check(inspection: Inspection, value: Any, pointer: str) -> None:
        if not isinstance(value, dict):
            inspection.fault("must be an object", pointer)
            return
        if value.get("type") not in allowed:
            inspection.fault(f"must be one of {', '.join(allowed)}", f"{pointer}/type")
            return
        extra = "emoji" if value["type"] == "plain_text" else "verbatim"
        fields(required={"type": anything, "text": string(most, least=least)}, optional={extra: boolean})(
            inspection, value, pointer
        )
        if isinstance(value.get("text"), str):
            inspection.characters += len(value["text"])

    return check


def fields(
    *, required: Mapping[str, Rule], optional: Mapping[str, Rule] | None = None, also: Sequence[Rule] = ()
) -> Rule:
    """An object with these fields and no others; the rules of `also` judge it whole."""
    known = {**required, **(optional or {})}

    def check(inspection: Inspection, value: Any, pointer: str) -> None:
        if not isinstance(value, dict):
            inspection.fault("must be an object", pointer)
            return
        for name in required:
            if name not in value:
                inspection.fault(f"missing required field: {name}", pointer)
        for name, item in value.items():
            if name not in known:
                inspection.fault(f"invalid additional property: {name}", pointer)
            else:
                known[name](inspection, item, f"{pointer}/{name}")
        for rule in also:
            rule(inspection, value, pointer)

    return check


def typed(kinds: Mapping[str, Rule]) -> Rule:
    """An object whose `type` says which rule it must meet."""

    def check(inspection: Inspection, value: Any, pointer: str) -> None:
        if not isinstance(value, dict):
            inspection.fault("must be an object", pointer)
        elif value.get("type") not in kinds:
            inspection.fault(f"unsupported type: {value.get('type')}", f"{pointer}/type")
        else:
            kinds[value["type"]](inspection, value, pointer)

    return check


def exactly_one_of(*names: str) -> Rule:
    def check(inspection: Inspection, value: Any, pointer: str) -> None:
        if sum(name in value for name in names) != 1:
            inspection.fault(f"exactly one of {', '.join(names)} is required", pointer)

    return check


def at_least_one_of(*names: str) -> Rule:
    def check(inspection: Inspection, value: Any, pointer: str) -> None:
        if not any(name in value for name in names):
            inspection.fault(f"one of {', '.join(names)} is required", pointer)

    return check
