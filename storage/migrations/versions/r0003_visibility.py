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
    # One by one: SQLite copies a table that is altered as a batch, and the copy would give deleted ids out again.
    for table, column in (
        ("requests", sa.Column("outsider", sa.Boolean(), server_default=sa.false(), nullable=False)),
        ("requests", sa.Column("shared", sa.Boolean(), server_default=sa.false(), nullable=False)),
        ("messages", sa.Column("models", sa.Text(), server_default=sa.text("'[]'"), nullable=False)),
        ("people", sa.Column("outsider", sa.Boolean(), server_default=sa.false(), nullable=False)),
        ("people", sa.Column("admin", sa.Boolean(), server_default=sa.false(), nullable=False)),
        ("annotations", sa.Column("edited_event", sa.Text(), nullable=True)),
    ):
        op.add_column(table, column)
    with op.batch_alter_table("heard") as heard:
        heard.drop_column("edited")
        heard.drop_column("text")
    op.execute(sa.text("DELETE FROM heard WHERE deleted_at IS NULL AND NOT is_request"))
    _name_the_models_of_older_messages()
    # Whether somebody is an outsider or an admin is asked anew at their next request.
    op.execute(sa.text("UPDATE people SET refreshed_at = NULL"))


def _name_the_models_of_older_messages() -> None:
    """A message that was posted before can still be edited, and then it must be known what it is about. A digest or a
    list does not say, so it is about a model that nobody may see."""
    connection = op.get_bind()
    connection.execute(sa.text("UPDATE messages SET models = '[\"\"]' WHERE anchor IS NULL AND blocks <> '[]'"))
    messages = sa.table("messages", sa.column("id"), sa.column("anchor"), sa.column("models"))
    anchored = connection.execute(sa.select(messages.c.id, messages.c.anchor).where(messages.c.anchor.is_not(None)))
    for row in anchored.all():
        about = json.dumps([json.loads(row.anchor)["model"]], ensure_ascii=False)
        connection.execute(sa.update(messages).where(messages.c.id == row.id).values(models=about))
