"""Order and pace that all replicas share."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

FLOOR = "0002"

Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """The new columns have defaults, so that a replica of the version before can still add messages."""
    op.create_table(
        "paces",
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("free_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("team", "what", name=op.f("paces_pk")),
    )
    for column in (
        sa.Column("line", sa.Text(), nullable=True),
        sa.Column("schedule", Number, nullable=True),
        sa.Column("otherwise", sa.Text(), nullable=True),
        sa.Column("repeated", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("reduced", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("worded", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("file_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("look_cursor", sa.Text(), nullable=True),
    ):
        op.add_column("messages", column)
    op.execute("UPDATE messages SET line = COALESCE(parent, thread) WHERE kind = 'message'")
    _partial_index(
        "messages_in_line",
        "messages",
        ["team", "channel", "line", "id"],
        "shown < wanted AND failed IS NULL AND ts IS NULL AND line IS NOT NULL",
    )
    _partial_index("messages_given_up", "messages", ["id"], "failed IS NOT NULL")
    _partial_index("messages_with_a_url", "messages", ["wanted_at"], "response_url IS NOT NULL")
    _partial_index("requests_with_a_url", "requests", ["received_at"], "response_url IS NOT NULL")


def _partial_index(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, unique=False, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
