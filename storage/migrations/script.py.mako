"""${message}."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None

FLOOR = "the oldest revision whose program works with these tables; down_revision's where only something is added"


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}
