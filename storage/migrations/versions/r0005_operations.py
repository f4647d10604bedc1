"""What is kept for how long, where the dead lie, and what tells in a moment how a thousand models stand."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.columns import Moment, Number, Words

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

FLOOR = "0002"


def upgrade() -> None:
    _dead_requests()
    _emptied_messages()
    _standing_evaluations()
    _newest_notes()
    _index("finding_events_again", "finding_events", ["at"], where="what = 'again'")
    op.create_table(
        "chores",
        sa.Column("name", Words(), nullable=False),
        sa.Column("next_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("chores_pk")),
    )


def _dead_requests() -> None:
    op.add_column("requests", sa.Column("dead_at", Moment(), nullable=True))
    _index("requests_dead", "requests", ["dead_at"], where="dead_at IS NOT NULL")
    _index("requests_finished", "requests", ["finished_at"], where="finished_at IS NOT NULL")


def _emptied_messages() -> None:
    op.add_column("messages", sa.Column("emptied_at", Moment(), nullable=True))
    _index("messages_of_a_picture", "messages", ["picture"], where="picture IS NOT NULL")
    _index("messages_with_words", "messages", ["wanted_at"], where="emptied_at IS NULL")


def _standing_evaluations() -> None:
    """Who asked, and how many rows were judged, was told by requests that are removed now and by a long text."""
    op.add_column("evaluations", sa.Column("by_clock", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("evaluations", sa.Column("judged_rows", Number, nullable=True))
    op.execute(
        "UPDATE evaluations SET by_clock = TRUE WHERE id IN (SELECT askers.evaluation_id FROM askers "
        "JOIN requests ON requests.id = askers.request_id WHERE requests.source = 'clock')"
    )
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    told = "json_extract(result, '$.window[2]')" if is_sqlite else "(result::json -> 'window' ->> 2)::bigint"
    op.execute(f"UPDATE evaluations SET judged_rows = {told} WHERE result IS NOT NULL")  # noqa: S608  # one of two texts
    columns = ["team", "model", "version", "window", "by_clock", "id"]
    _index("evaluations_standing", "evaluations", columns, where="status = 'done'")


def _newest_notes() -> None:
    op.drop_index("annotations_of_a_model", table_name="annotations")
    columns = ["team", "model", "said_at", "id"]
    _index("annotations_of_a_model", "annotations", columns, where="deleted_at IS NULL")


def _index(name: str, table: str, columns: list[str], *, where: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
