"""Which request a message answers, so that one id leads through the log."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, Text

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

FLOOR = "0002"


def upgrade() -> None:
    op.add_column("messages", Column("trace", Text))
