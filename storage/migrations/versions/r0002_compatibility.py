"""What an older version needs to know of newer tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

FLOOR = "0002"
"""Programs before this revision don't look at the floor: they stop at every revision that they don't know."""


def upgrade() -> None:
    op.create_table(
        "compatibility",
        sa.Column("floor", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("floor", name=op.f("compatibility_pk")),
    )
