"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

FLOOR = "0001"

Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "annotations",
        sa.Column("id", Number, autoincrement=True, nullable=False),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("persona", sa.Text(), nullable=True),
        sa.Column("anchor", sa.Text(), nullable=True),
        sa.Column("evaluation", Number, nullable=True),
        sa.Column("finding", Number, nullable=True),
        sa.Column("measure", sa.Text(), nullable=True),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("ts", sa.Text(), nullable=True),
        sa.Column("thread", sa.Text(), nullable=True),
        sa.Column("permalink", sa.Text(), nullable=True),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("edited_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("edited", sa.Text(), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("annotations_pk")),
        sa.UniqueConstraint("team", "channel", "ts", name=op.f("annotations_team_channel_ts_once")),
        sqlite_autoincrement=True,
    )
    op.create_index("annotations_of_a_model", "annotations", ["team", "model", "id"], unique=False)
    op.create_index(
        "annotations_unlinked",
        "annotations",
        ["team", "channel", "thread"],
        unique=False,
        sqlite_where=sa.text("anchor IS NULL"),
        postgresql_where=sa.text("anchor IS NULL"),
    )
    op.create_table(
        "channels",
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("private", sa.Boolean(), nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("archived", sa.Boolean(), nullable=False),
        sa.Column("member", sa.Boolean(), nullable=False),
        sa.Column("refreshed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("team", "channel", name=op.f("channels_pk")),
    )
    op.create_table(
        "heard",
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("ts", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_request", sa.Boolean(), nullable=False),
        sa.Column("edited", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("team", "channel", "ts", name=op.f("heard_pk")),
    )
    op.create_index(op.f("heard_at"), "heard", ["at"], unique=False)
    op.create_table(
        "model_cards",
        sa.Column("sha", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("sha", name=op.f("model_cards_pk")),
    )
    op.create_table(
        "people",
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("user", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=True),
        sa.Column("persona", sa.Text(), nullable=True),
        sa.Column("persona_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("guest", sa.Boolean(), nullable=False),
        sa.Column("bot", sa.Boolean(), nullable=False),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.Column("refreshed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("team", "user", name=op.f("people_pk")),
    )
    op.create_table(
        "pictures",
        sa.Column("sha", sa.Text(), nullable=False),
        sa.Column("png", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sha", name=op.f("pictures_pk")),
    )
    op.create_table(
        "requests",
        sa.Column("id", Number, autoincrement=True, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("command", sa.Text(), nullable=False),
        sa.Column("arguments", sa.Text(), nullable=False),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("user", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("thread", sa.Text(), nullable=True),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("response_url", sa.Text(), nullable=True),
        sa.Column("schedule", Number, nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("token", sa.Text(), nullable=True),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failed", sa.Text(), nullable=True),
        sa.Column("forgotten", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("requests_pk")),
        sa.UniqueConstraint("key", name=op.f("requests_key_once")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "requests_of_a_message",
        "requests",
        ["team", "channel", "message"],
        unique=False,
        sqlite_where=sa.text("message IS NOT NULL"),
        postgresql_where=sa.text("message IS NOT NULL"),
    )
    op.create_index(
        "requests_of_a_person",
        "requests",
        ["team", "user"],
        unique=False,
        sqlite_where=sa.text("finished_at IS NULL"),
        postgresql_where=sa.text("finished_at IS NULL"),
    )
    op.create_index(
        "requests_waiting",
        "requests",
        ["lane", "id"],
        unique=False,
        sqlite_where=sa.text("finished_at IS NULL"),
        postgresql_where=sa.text("finished_at IS NULL"),
    )
    op.create_table(
        "schedules",
        sa.Column("id", Number, autoincrement=True, nullable=False),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("when", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("command", sa.Text(), nullable=False),
        sa.Column("arguments", sa.Text(), nullable=False),
        sa.Column("request_id", Number, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_slot", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("schedules_pk")),
        sa.UniqueConstraint("request_id", name=op.f("schedules_request_id_once")),
        sqlite_autoincrement=True,
    )
    op.create_index("schedules_of_a_team", "schedules", ["team", "state"], unique=False)
    op.create_table(
        "evaluations",
        sa.Column("id", Number, autoincrement=True, nullable=False),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("against", sa.Text(), nullable=False),
        sa.Column("window", sa.Text(), nullable=False),
        sa.Column("card", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("request_id", Number, nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("verdict", sa.Text(), nullable=True),
        sa.Column("says", sa.Text(), nullable=True),
        sa.Column("measures", sa.Integer(), nullable=False),
        sa.Column("result", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["card"], ["model_cards.sha"], name=op.f("evaluations_card")),
        sa.PrimaryKeyConstraint("id", name=op.f("evaluations_pk")),
        sa.UniqueConstraint("request_id", name=op.f("evaluations_request_id_once")),
        sqlite_autoincrement=True,
    )
    op.create_index("evaluations_of_a_model", "evaluations", ["team", "model", "id"], unique=False)
    op.create_index("evaluations_of_a_team", "evaluations", ["team", "id"], unique=False)
    op.create_index(
        "evaluations_one_at_a_time",
        "evaluations",
        ["team", "model", "version", "against", "window", "card"],
        unique=True,
        sqlite_where=sa.text("status = 'running'"),
        postgresql_where=sa.text("status = 'running'"),
    )
    op.create_table(
        "messages",
        sa.Column("id", Number, autoincrement=True, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("thread", sa.Text(), nullable=True),
        sa.Column("parent", sa.Text(), nullable=True),
        sa.Column("user", sa.Text(), nullable=True),
        sa.Column("response_url", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("blocks", sa.Text(), nullable=False),
        sa.Column("quotes", sa.Text(), nullable=False),
        sa.Column("picture", sa.Text(), nullable=True),
        sa.Column("picture_name", sa.Text(), nullable=True),
        sa.Column("picture_title", sa.Text(), nullable=True),
        sa.Column("picture_alt", sa.Text(), nullable=True),
        sa.Column("file_id", sa.Text(), nullable=True),
        sa.Column("file_completed", sa.Boolean(), nullable=False),
        sa.Column("file_ready", sa.Boolean(), nullable=False),
        sa.Column("anchor", sa.Text(), nullable=True),
        sa.Column("ts", sa.Text(), nullable=True),
        sa.Column("wanted", sa.Integer(), nullable=False),
        sa.Column("shown", sa.Integer(), nullable=False),
        sa.Column("wanted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("sending", sa.Boolean(), nullable=False),
        sa.Column("first_sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("token", sa.Text(), nullable=True),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("failed", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["picture"], ["pictures.sha"], name=op.f("messages_picture")),
        sa.PrimaryKeyConstraint("id", name=op.f("messages_pk")),
        sa.UniqueConstraint("key", name=op.f("messages_key_once")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "messages_unsent",
        "messages",
        ["wanted_at", "id"],
        unique=False,
        sqlite_where=sa.text("shown < wanted AND failed IS NULL"),
        postgresql_where=sa.text("shown < wanted AND failed IS NULL"),
    )
    op.create_table(
        "revisions",
        sa.Column("id", Number, autoincrement=True, nullable=False),
        sa.Column("annotation_id", Number, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("length", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["annotation_id"], ["annotations.id"], name=op.f("revisions_annotation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("revisions_pk")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("revisions_annotation_id"), "revisions", ["annotation_id"], unique=False)
    op.create_table(
        "askers",
        sa.Column("request_id", Number, autoincrement=False, nullable=False),
        sa.Column("evaluation_id", Number, nullable=False),
        sa.Column("user", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["evaluation_id"], ["evaluations.id"], name=op.f("askers_evaluation_id")),
        sa.PrimaryKeyConstraint("request_id", name=op.f("askers_pk")),
    )
    op.create_index(op.f("askers_evaluation_id"), "askers", ["evaluation_id"], unique=False)
    op.create_table(
        "findings",
        sa.Column("id", Number, autoincrement=True, nullable=False),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("identity", sa.Text(), nullable=False),
        sa.Column("check", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("says", sa.Text(), nullable=False),
        sa.Column("first_evaluation", Number, nullable=False),
        sa.Column("last_evaluation", Number, nullable=False),
        sa.Column("judged_by", Number, nullable=False),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["first_evaluation"], ["evaluations.id"], name=op.f("findings_first_evaluation")),
        sa.ForeignKeyConstraint(["judged_by"], ["evaluations.id"], name=op.f("findings_judged_by")),
        sa.ForeignKeyConstraint(["last_evaluation"], ["evaluations.id"], name=op.f("findings_last_evaluation")),
        sa.PrimaryKeyConstraint("id", name=op.f("findings_pk")),
        sa.UniqueConstraint("team", "identity", name=op.f("findings_team_identity_once")),
        sqlite_autoincrement=True,
    )
    op.create_index("findings_of_a_model", "findings", ["team", "model", "state"], unique=False)
    op.create_table(
        "measures",
        sa.Column("evaluation_id", Number, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=True),
        sa.Column("feature", sa.Text(), nullable=True),
        sa.Column("class_name", sa.Text(), nullable=True),
        sa.Column("slice", sa.Text(), nullable=True),
        sa.Column("period", sa.Text(), nullable=True),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("low", sa.Double(), nullable=True),
        sa.Column("high", sa.Double(), nullable=True),
        sa.Column("n", Number, nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["evaluation_id"], ["evaluations.id"], name=op.f("measures_evaluation_id")),
        sa.PrimaryKeyConstraint("evaluation_id", "position", name=op.f("measures_pk")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "measures_of_a_trend",
        "measures",
        ["evaluation_id", "measure"],
        unique=False,
        sqlite_where=sa.text("period IS NOT NULL"),
        postgresql_where=sa.text("period IS NOT NULL"),
    )
    op.create_table(
        "places",
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("ts", sa.Text(), nullable=False),
        sa.Column("message_id", Number, nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name=op.f("places_message_id")),
        sa.PrimaryKeyConstraint("team", "channel", "ts", name=op.f("places_pk")),
    )
    op.create_index(op.f("places_message_id"), "places", ["message_id"], unique=False)
    op.create_table(
        "quotes",
        sa.Column("annotation_id", Number, autoincrement=False, nullable=False),
        sa.Column("message_id", Number, nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name=op.f("quotes_message_id")),
        sa.PrimaryKeyConstraint("annotation_id", "message_id", name=op.f("quotes_pk")),
    )
    op.create_index(op.f("quotes_message_id"), "quotes", ["message_id"], unique=False)
    op.create_table(
        "finding_events",
        sa.Column("id", Number, autoincrement=True, nullable=False),
        sa.Column("finding_id", Number, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("evaluation_id", Number, nullable=True),
        sa.Column("by", sa.Text(), nullable=True),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["finding_id"], ["findings.id"], name=op.f("finding_events_finding_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("finding_events_pk")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("finding_events_finding_id"), "finding_events", ["finding_id"], unique=False)
