"""The kind of argument that names a window: `last 7 days`, `2026-03`, `rows 0..5000`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from analysis.windows import parse_window
from storage.database import Json

_ANY_MOMENT = datetime(
    2026, 1, 1, tzinfo=UTC
)  # the grammar does not depend on it; the canonical text keeps `last 7 days`


@dataclass(frozen=True, slots=True)
class WindowWords:
    shape: str = "WINDOW"

    def read(self, words: str) -> Json:
        parse_window(words, now=_ANY_MOMENT)
        return " ".join(words.split()).lower()

    def show(self, value: Json) -> str:
        return str(value)

    def split(self, text: str) -> tuple[str, str]:
        """Everything up to the next option: a window has blanks in it."""
        option = re.search(r"\s(?=(?:--|—|–)[a-z])", text)
        return (text[: option.start()], text[option.start() :]) if option else (text, "")
