"""What a message or an annotation is about."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from analysis.values import Slice
from storage.database import Json


@dataclass(frozen=True, slots=True)
class Anchor:
    """A model, and as much more as is known: this is what a thread, and all that is said in it, is about."""

    model: str
    version: str | None = None
    evaluation: int | None = None
    finding: int | None = None
    measure: str | None = None
    slice: Slice | None = None
    period: str | None = None


def of_reply(thread: Anchor | None, models: Collection[str], text: str) -> Anchor | None:
    """What a reply is about: what its thread is about, else the one model of the thread's that it names, else the only
    one that there is."""
    if thread is not None:
        return thread
    named = [model for model in models if _names(text, model)]
    about = named or list(models)
    return Anchor(model=about[0]) if len(about) == 1 else None


def _names(text: str, model: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(model)}(?![\w-])", text, re.IGNORECASE) is not None


def stored(anchor: Anchor | None) -> dict[str, Json] | None:
    """The anchor as JSON, without what it does not say."""
    if anchor is None:
        return None
    said: dict[str, Json] = {
        "model": anchor.model,
        "version": anchor.version,
        "evaluation": anchor.evaluation,
        "finding": anchor.finding,
        "measure": anchor.measure,
        "slice": stored_slice(anchor.slice),
        "period": anchor.period,
    }
    return {name: value for name, value in said.items() if value is not None}


def restored(said: dict[str, Json] | None) -> Anchor | None:
    if said is None:
        return None
    fields = {**said, "slice": restored_slice(said.get("slice"))}
    return Anchor(**fields)  # type: ignore[arg-type]  # written by ``stored`` alone


def stored_slice(condition: Slice | None) -> list[Json] | None:
    return None if condition is None else [[column, group] for column, group in condition]


def restored_slice(said: object) -> Slice | None:
    if not isinstance(said, list):
        return None
    return tuple((str(column), str(group)) for column, group in said)


def columns(anchor: Anchor | None) -> dict[str, Any]:
    """The columns of an annotation that say what it is about."""
    return {
        "anchor": stored(anchor),
        "model": anchor.model if anchor else None,
        "evaluation": anchor.evaluation if anchor else None,
        "finding": anchor.finding if anchor else None,
        "measure": anchor.measure if anchor else None,
    }
