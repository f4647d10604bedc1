"""Which message an answer may repeat words of: when that one is deleted, the answer says so instead."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, Text, text

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

FLOOR = "0002"


def upgrade() -> None:
    op.add_column("messages", Column("repeats", Text))
    repeats = text("repeats IS NOT NULL")
    op.create_index(
        "messages_that_repeat", "messages", ["team", "repeats"], sqlite_where=repeats, postgresql_where=repeats
    )  # fmt: skip
