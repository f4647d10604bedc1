"""What is kept for how long, and where the dead lie."""

from __future__ import annotations

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

FLOOR = "0002"


def upgrade() -> None:
    """Nothing yet."""
