"""Keeps a copy of every distinct message and view that an app sent, for programs that judge Block Kit."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Literal

from .values import Json


class PayloadFolder:
    """Writes one JSON file per distinct payload, named by what is in it; without a folder it does nothing."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder

    def keep_message(self, kind: Literal["message", "ephemeral"], sent: Json) -> None:
        self._keep(kind, {key: sent[key] for key in ("text", "blocks") if sent.get(key)})

    def keep_view(self, view: Json) -> None:
        self._keep("view", view)

    def _keep(self, prefix: str, payload: Json) -> None:
        if self.folder is None or not payload:
            return
        text = json.dumps(payload, indent=1, sort_keys=True, ensure_ascii=False)
        name = f"{prefix}-{hashlib.sha256(text.encode()).hexdigest()[:16]}.json"
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / name
        if path.exists():
            return
        partial = path.with_suffix(f".{id(payload)}.partial")
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
