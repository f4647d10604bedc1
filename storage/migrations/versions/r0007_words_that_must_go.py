"""Whether Slack shows words in a message that somebody took back: then an edit that it refuses is not the end."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Boolean, Column, false

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

FLOOR = "0002"


def upgrade() -> None:
    op.add_column("messages", Column("must_go", Boolean, nullable=False, server_default=false()))
