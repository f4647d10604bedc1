"""The arguments of a Web API call, whichever way they were encoded."""

from __future__ import annotations

import json
from typing import Any

from .refusal import Refusal
from .values import Json

STRUCTURED = ("blocks", "attachments", "metadata", "files", "view")


class Arguments:
    """Read by name and kind; what is missing or of the wrong kind is refused as Slack refuses it."""

    def __init__(self, given: Json) -> None:
        self.given = {name: value for name, value in given.items() if value is not None and name != "token"}
        for name in STRUCTURED:
            self.given[name] = _structure(name, self.given[name]) if name in self.given else None
        self.given = {name: value for name, value in self.given.items() if value is not None}

    def has(self, name: str) -> bool:
        return name in self.given

    def needed(self, name: str) -> str:
        value = self.word(name)
        if value is None or value == "":
            raise Refusal("invalid_arguments", f"missing required field: {name}")
        return value

    def word(self, name: str) -> str | None:
        """A text; a time given as a number is refused, because the last digits of it would be lost."""
        value = self.given.get(name)
        if value is None or isinstance(value, str):
            return value
        raise Refusal("invalid_arguments", f"must be a string [json-pointer:/{name}]")

    def flag(self, name: str, *, default: bool = False) -> bool:
        value = self.given.get(name, default)
        if isinstance(value, bool):
            return value
        return str(value).lower() in {"1", "true"}

    def number(self, name: str, *, default: int, most: int) -> int:
        value = self.given.get(name, default)
        try:
            number = int(value)
        except (TypeError, ValueError):
            raise Refusal("invalid_arguments", f"must be a number [json-pointer:/{name}]") from None
        if number < 1:
            raise Refusal("invalid_limit")
        return min(number, most)

    def structure(self, name: str) -> Any:
        return self.given.get(name)


def _structure(name: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if not value:
        return None
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        error = "invalid_blocks_format" if name == "blocks" else "invalid_arguments"
        raise Refusal(error, f"must be valid JSON [json-pointer:/{name}]") from None
