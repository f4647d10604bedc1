"""The addresses that commands and clicks are answered by: secrets, and useless half an hour after Slack gave them."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import update

from storage.database import Transaction
from storage.tables import ASKED_BY_URL, HAS_URL, messages, requests

MINUTES_USABLE = 30


def forget_old(tx: Transaction, *, now: datetime) -> None:
    """Blank every one that Slack takes no answer by any more; those that were used are blanked when they are."""
    before = now - timedelta(minutes=MINUTES_USABLE)
    tx.execute(update(messages).where(HAS_URL, messages.c.wanted_at < before).values(response_url=None))
    tx.execute(update(requests).where(ASKED_BY_URL, requests.c.received_at < before).values(response_url=None))
