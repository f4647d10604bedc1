"""Who may see a message, and what is known of the one who asked."""

from __future__ import annotations

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

FLOOR = "0002"


def upgrade() -> None:
    """Nothing yet."""
