"""People as Slack tells of them, and the persona that each one chose."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, select, update

from storage.database import Transaction
from storage.requests import Who
from storage.tables import people

MENTION = re.compile(r"<@(?P<user>[UW][A-Z0-9]+)>")
"""A person in kept words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """``outsider``: of another organisation; ``admin``: of the workspace. ``refreshed_at`` is None where Slack was not
    asked yet."""

    team: str
    user: str
    name: str
    zone: str | None
    persona: str | None
    guest: bool
    bot: bool
    deleted: bool
    outsider: bool = False
    admin: bool = False
    refreshed_at: datetime | None


_ONE = select(people).where(people.c.team == bindparam("team"), people.c.user == bindparam("user"))


def get(tx: Transaction, who: Who) -> Person | None:
    row = tx.execute(_ONE, {"team": who.team, "user": who.user}).first()
    return None if row is None else _person(row)


def name_of(tx: Transaction, who: Who) -> str:
    person = get(tx, who)
    return person.name if person is not None else who.user


def with_names(tx: Transaction, team: str, text: str) -> str:
    """Kept words with the people that they mention by name; a mention would ping them again."""
    return MENTION.sub(lambda mention: f"@{name_of(tx, Who(team, mention['user']))}", text)


def remember(tx: Transaction, person: Person) -> None:
    """What Slack says of a person now. The persona is the person's own: one that was chosen stays."""
    told = {
        "name": person.name,
        "zone": person.zone,
        "guest": person.guest,
        "bot": person.bot,
        "deleted": person.deleted,
        "outsider": person.outsider,
        "admin": person.admin,
        "refreshed_at": person.refreshed_at,
    }
    row = {"team": person.team, "user": person.user, "persona": person.persona, **told}
    insert = tx.insert(people).values(row)
    tx.execute(insert.on_conflict_do_update(index_elements=["team", "user"], set_=told))


def forget(tx: Transaction, who: Who) -> None:
    """What Slack said of somebody's rights is no longer so: it is asked again before anything else."""
    tx.execute(update(people).where(people.c.team == who.team, people.c.user == who.user).values(refreshed_at=None))


def set_persona(tx: Transaction, who: Who, persona: str, *, now: datetime) -> None:
    chosen = {"persona": persona, "persona_at": now}
    row = {"team": who.team, "user": who.user, "name": who.user, "guest": False, "bot": False, "deleted": False}
    insert = tx.insert(people).values({**row, **chosen})
    tx.execute(insert.on_conflict_do_update(index_elements=["team", "user"], set_=chosen))


def listed(tx: Transaction, *, team: str) -> list[Person]:
    rows = tx.execute(select(people).where(people.c.team == team))
    return sorted((_person(row) for row in rows), key=lambda person: (person.name.casefold(), person.user))


def _person(row: Row[Any]) -> Person:
    return Person(
        team=row.team,
        user=row.user,
        name=row.name,
        zone=row.zone,
        persona=row.persona,
        guest=row.guest,
        bot=row.bot,
        deleted=row.deleted,
        outsider=row.outsider,
        admin=row.admin,
        refreshed_at=row.refreshed_at,
    )
