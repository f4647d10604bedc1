"""What people said about many models at once: the newest notes of each, and how many there are."""

from collections.abc import Collection

from sqlalchemy import and_, func, select

from storage import annotations
from storage.annotations import Annotation
from storage.database import Transaction
from storage.tables import SAID, annotation_rows


def newest(tx: Transaction, *, team: str, models: Collection[str], each: int) -> dict[str, list[Annotation]]:
    """The newest notes of each model, newest first; a model without a note is not named."""
    a = annotation_rows.c
    age = func.row_number().over(partition_by=a.model, order_by=(a.said_at.desc(), a.id.desc())).label("age")
    aged = select(a.id, age).where(a.team == team, a.model.in_(tuple(models)), SAID).subquery()
    numbers = tx.execute(select(aged.c.id).where(aged.c.age <= each)).scalars().all()
    found: dict[str, list[Annotation]] = {}
    for note in annotations.several(tx, numbers):
        found.setdefault(note.model or "", []).append(note)
    return found


def counts(tx: Transaction, *, team: str, models: Collection[str]) -> dict[str, int]:
    """How many notes each model has; a model without a note is not named."""
    a = annotation_rows.c
    kept = and_(a.team == team, a.model.in_(tuple(models)), SAID)
    found = tx.execute(select(a.model, func.count().label("notes")).where(kept).group_by(a.model))
    return {row.model: int(row.notes) for row in found}
