"""Messages that show what somebody took back are edited before all others."""

from __future__ import annotations

from alembic import op
from sqlalchemy import text

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

FLOOR = "0002"


def upgrade() -> None:
    unsent, first = text("shown < wanted AND failed IS NULL"), text("must_go DESC")
    op.drop_index("messages_unsent", "messages")
    op.create_index(
        "messages_unsent", "messages", [first, "wanted_at", "id"], sqlite_where=unsent, postgresql_where=unsent
    )  # fmt: skip
