"""People by name, as Slack told it; a mention would ping the one who clicked."""

from __future__ import annotations

from bot.asking.plain import PERSON
from storage import people
from storage.database import Transaction
from storage.requests import Who


def name_of(tx: Transaction, who: Who) -> str:
    person = people.get(tx, who)
    return person.name if person is not None else who.user


def with_names(tx: Transaction, team: str, text: str) -> str:
    """Kept words with the people that they mention by name."""
    return PERSON.sub(lambda mention: f"@{name_of(tx, Who(team, mention['user']))}", text)
