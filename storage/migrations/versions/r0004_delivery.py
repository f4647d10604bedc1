"""Order and pace that all replicas share."""

from __future__ import annotations

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

FLOOR = "0002"


def upgrade() -> None:
    """Nothing yet."""
