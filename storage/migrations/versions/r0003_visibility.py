"""Who may see a message, and who asked; texts of threads that are not ours go, also those that were kept before."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

FLOOR = "0003"


def upgrade() -> None:
    with op.batch_alter_table("requests") as requests:
        requests.add_column(sa.Column("outsider", sa.Boolean(), server_default=sa.false(), nullable=False))
        requests.add_column(sa.Column("shared", sa.Boolean(), server_default=sa.false(), nullable=False))
    with op.batch_alter_table("messages") as messages:
        messages.add_column(sa.Column("models", sa.Text(), server_default=sa.text("'[]'"), nullable=False))
    with op.batch_alter_table("people") as people:
        people.add_column(sa.Column("outsider", sa.Boolean(), server_default=sa.false(), nullable=False))
        people.add_column(sa.Column("admin", sa.Boolean(), server_default=sa.false(), nullable=False))
    with op.batch_alter_table("annotations") as annotations:
        annotations.add_column(sa.Column("edited_event", sa.Text(), nullable=True))
    with op.batch_alter_table("heard") as heard:
        heard.drop_column("edited")
        heard.drop_column("text")
    op.execute(sa.text("DELETE FROM heard WHERE deleted_at IS NULL AND NOT is_request"))
    _name_the_models_of_older_messages()
    # Whether somebody is an outsider or an admin is asked anew at their next request.
    op.execute(sa.text("UPDATE people SET refreshed_at = NULL"))


def _name_the_models_of_older_messages() -> None:
    """A message that was posted before can still be edited, and then it must be known what it is about."""
    connection = op.get_bind()
    messages = sa.table("messages", sa.column("id"), sa.column("anchor"), sa.column("models"))
    anchored = connection.execute(sa.select(messages.c.id, messages.c.anchor).where(messages.c.anchor.is_not(None)))
    for row in anchored.all():
        about = json.dumps([json.loads(row.anchor)["model"]], ensure_ascii=False)
        connection.execute(sa.update(messages).where(messages.c.id == row.id).values(models=about))
