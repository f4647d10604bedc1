"""Replies under messages about several models, which wait until it is decided what they are about."""

from __future__ import annotations

from datetime import datetime

from storage import requests
from storage.database import Transaction
from storage.requests import Request, Where, Who

COMMAND = "which-model"


def take(tx: Transaction, *, who: Who, where: Where, edited: str | None = None, now: datetime) -> bool:
    """Have it decided, once for each edit; False where it was taken before. The words stay with the annotation that
    waits, where they can be deleted."""
    key = f"{COMMAND}:{who.team}:{where.channel}:{where.message}:{edited or ''}"
    request = Request(COMMAND, {}, who=who, where=where)
    return requests.take(tx, request, key=key, source="reply", lane="quick", now=now) is not None
