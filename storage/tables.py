"""All tables. Whoever changes one adds a migration; a test compares the two."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    UniqueConstraint,
    false,
    text,
)

from storage.columns import JsonText, Moment, Number, Words

metadata = MetaData(
    naming_convention={
        "ix": "%(table_name)s_%(column_0_N_name)s",
        "uq": "%(table_name)s_%(column_0_N_name)s_once",
        "fk": "%(table_name)s_%(column_0_name)s",
        "pk": "%(table_name)s_pk",
    }
)


def _id() -> Column[int]:
    return Column("id", Number, primary_key=True, autoincrement=True)


compatibility = Table(
    "compatibility",
    metadata,
    Column("floor", Words, primary_key=True),  # one row: the oldest revision whose program works with these tables
)


requests = Table(
    "requests",
    metadata,
    _id(),
    Column("key", Words, nullable=False, unique=True),
    Column("source", Words, nullable=False),
    Column("lane", Words, nullable=False),
    Column("command", Words, nullable=False),
    Column("arguments", JsonText, nullable=False),
    Column("team", Words, nullable=False),
    Column("user", Words, nullable=False),
    Column("channel", Words),
    Column("thread", Words),
    Column("message", Words),
    Column("response_url", Words),
    Column("schedule", Number),
    Column("outsider", Boolean, nullable=False, server_default=false()),
    Column("shared", Boolean, nullable=False, server_default=false()),
    Column("received_at", Moment, nullable=False),
    Column("next_at", Moment, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("token", Words),
    Column("leased_until", Moment),
    Column("finished_at", Moment),
    Column("failed", Words),
    Column("dead_at", Moment),  # tried too often: it is finished, and nobody knows what it would have done
    Column("forgotten", Boolean, nullable=False),
    sqlite_autoincrement=True,  # E-17 stands in messages: an id must not come back as something else
)
WAITING = requests.c.finished_at.is_(None)
Index("requests_waiting", requests.c.lane, requests.c.id, sqlite_where=WAITING, postgresql_where=WAITING)
Index("requests_of_a_person", requests.c.team, requests.c.user, sqlite_where=WAITING, postgresql_where=WAITING)
FINISHED = requests.c.finished_at.is_not(None)
Index("requests_finished", requests.c.finished_at, sqlite_where=FINISHED, postgresql_where=FINISHED)
DEAD = requests.c.dead_at.is_not(None)
Index("requests_dead", requests.c.dead_at, sqlite_where=DEAD, postgresql_where=DEAD)
ASKED_BY_URL = requests.c.response_url.is_not(None)
Index("requests_with_a_url", requests.c.received_at, sqlite_where=ASKED_BY_URL, postgresql_where=ASKED_BY_URL)
MADE_BY_A_MESSAGE = requests.c.message.is_not(None)
Index(
    "requests_of_a_message",
    requests.c.team,
    requests.c.channel,
    requests.c.message,
    sqlite_where=MADE_BY_A_MESSAGE,
    postgresql_where=MADE_BY_A_MESSAGE,
)

pictures = Table(
    "pictures",
    metadata,
    Column("sha", Words, primary_key=True),
    Column("png", LargeBinary, nullable=False),
)

messages = Table(
    "messages",
    metadata,
    _id(),
    Column("key", Words, nullable=False, unique=True),
    Column("kind", Words, nullable=False),
    Column("team", Words, nullable=False),
    Column("channel", Words, nullable=False),
    Column("thread", Words),
    Column("parent", Words),
    Column("user", Words),
    Column("response_url", Words),
    Column("text", Words, nullable=False),
    Column("blocks", JsonText, nullable=False),
    Column("quotes", JsonText, nullable=False),
    Column("models", JsonText, nullable=False, server_default=text("'[]'")),
    Column("picture", ForeignKey("pictures.sha"), type_=Words),
    Column("picture_name", Words),
    Column("picture_title", Words),
    Column("picture_alt", Words),
    Column("file_id", Words),
    Column("file_completed", Boolean, nullable=False),
    Column("file_ready", Boolean, nullable=False),
    Column("anchor", JsonText),
    Column("ts", Words),
    Column("wanted", Integer, nullable=False),
    Column("shown", Integer, nullable=False),
    Column("wanted_at", Moment, nullable=False),
    Column("next_at", Moment, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("sending", Boolean, nullable=False),
    Column("first_sent_at", Moment),
    Column("token", Words),
    Column("leased_until", Moment),
    Column("reason", Words),
    Column("failed", Words),
    Column("emptied_at", Moment),  # its words were removed after a while; Slack still shows them
    Column("line", Words),  # the thread in which it waits for earlier ones: its parent's key, or a ts
    Column("schedule", Number),
    Column("otherwise", JsonText),  # places that are tried when Slack refuses this one
    Column("repeated", Boolean, nullable=False, server_default=false()),
    Column("reduced", Integer, nullable=False, server_default=text("0")),
    Column("worded", Integer, nullable=False, server_default=text("0")),
    Column("file_since", Moment),
    Column("look_cursor", Words),
    Column("trace", Words),
    Column("must_go", Boolean, nullable=False, server_default=false()),  # Slack shows words that were taken back
    Column("repeats", Words),  # the place of the message whose words it may repeat
    sqlite_autoincrement=True,  # E-17 stands in messages: an id must not come back as something else
)
UNSENT = (messages.c.shown < messages.c.wanted) & messages.c.failed.is_(None)
WHAT_GOES_FIRST = (messages.c.must_go.desc(), messages.c.wanted_at, messages.c.id)
Index("messages_unsent", *WHAT_GOES_FIRST, sqlite_where=UNSENT, postgresql_where=UNSENT)
UNPOSTED = UNSENT & messages.c.ts.is_(None) & messages.c.line.is_not(None)
IN_LINE = (messages.c.team, messages.c.channel, messages.c.line, messages.c.id)
Index("messages_in_line", *IN_LINE, sqlite_where=UNPOSTED, postgresql_where=UNPOSTED)
GIVEN_UP = messages.c.failed.is_not(None)
Index("messages_given_up", messages.c.id, sqlite_where=GIVEN_UP, postgresql_where=GIVEN_UP)
REPEATS = messages.c.repeats.is_not(None)
Index("messages_that_repeat", messages.c.team, messages.c.repeats, sqlite_where=REPEATS, postgresql_where=REPEATS)
HAS_URL = messages.c.response_url.is_not(None)
Index("messages_with_a_url", messages.c.wanted_at, sqlite_where=HAS_URL, postgresql_where=HAS_URL)

# From when on something may be done again, by the database's clock: speak in a channel, call a method, send at all.
paces = Table(
    "paces",
    metadata,
    Column("team", Words, primary_key=True),
    Column("what", Words, primary_key=True),
    Column("free_at", Moment, nullable=False),
)

WITH_PICTURE = messages.c.picture.is_not(None)
Index("messages_of_a_picture", messages.c.picture, sqlite_where=WITH_PICTURE, postgresql_where=WITH_PICTURE)
WITH_WORDS = messages.c.emptied_at.is_(None)
Index("messages_with_words", messages.c.wanted_at, sqlite_where=WITH_WORDS, postgresql_where=WITH_WORDS)

places = Table(
    "places",
    metadata,
    Column("team", Words, primary_key=True),
    Column("channel", Words, primary_key=True),
    Column("ts", Words, primary_key=True),
    Column("message_id", Number, ForeignKey("messages.id"), nullable=False, index=True),
)

quotes = Table(
    "quotes",
    metadata,
    Column("annotation_id", Number, primary_key=True, autoincrement=False),
    Column("message_id", Number, ForeignKey("messages.id"), primary_key=True, index=True),
)

model_cards = Table(
    "model_cards",
    metadata,
    Column("sha", Words, primary_key=True),
    Column("text", Words, nullable=False),
)

evaluations = Table(
    "evaluations",
    metadata,
    _id(),
    Column("team", Words, nullable=False),
    Column("model", Words, nullable=False),
    Column("version", Words, nullable=False),
    Column("against", Words, nullable=False),  # empty: against nothing; NULLs would all differ
    Column("window", Words, nullable=False),
    Column("card", Words, ForeignKey("model_cards.sha"), nullable=False),
    Column("status", Words, nullable=False),
    Column("channel", Words),
    Column("request_id", Number, unique=True),
    Column("started_at", Moment, nullable=False),
    Column("finished_at", Moment),
    Column("verdict", Words),
    Column("says", Words),
    Column("measures", Integer, nullable=False),
    Column("result", JsonText),
    Column("by_clock", Boolean, nullable=False, server_default=false()),  # a schedule asked for it, alone or too
    Column("judged_rows", Number),
    sqlite_autoincrement=True,  # E-17 stands in messages: an id must not come back as something else
)
RUNNING = evaluations.c.status == text("'running'")
ONE_AT_A_TIME = (
    evaluations.c.team,
    evaluations.c.model,
    evaluations.c.version,
    evaluations.c.against,
    evaluations.c.window,
    evaluations.c.card,
)
Index("evaluations_one_at_a_time", *ONE_AT_A_TIME, unique=True, sqlite_where=RUNNING, postgresql_where=RUNNING)
Index("evaluations_of_a_model", evaluations.c.team, evaluations.c.model, evaluations.c.id)
DONE = evaluations.c.status == text("'done'")
Index(
    "evaluations_standing",
    evaluations.c.team,
    evaluations.c.model,
    evaluations.c.version,
    evaluations.c.window,
    evaluations.c.by_clock,
    evaluations.c.id,
    sqlite_where=DONE,
    postgresql_where=DONE,
)
Index("evaluations_of_a_team", evaluations.c.team, evaluations.c.id)

askers = Table(
    "askers",
    metadata,
    Column("request_id", Number, primary_key=True, autoincrement=False),
    Column("evaluation_id", Number, ForeignKey("evaluations.id"), nullable=False, index=True),
    Column("user", Words, nullable=False),
)

measures = Table(
    "measures",
    metadata,
    Column("evaluation_id", Number, ForeignKey("evaluations.id"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("measure", Words, nullable=False),
    Column("version", Words),
    Column("feature", Words),
    Column("class_name", Words),
    Column("slice", JsonText),
    Column("period", Words),
    Column("basis", Words, nullable=False),
    Column("value", Double),
    Column("low", Double),
    Column("high", Double),
    Column("n", Number, nullable=False),
    Column("reason", Words),
    Column("note", Words),
    sqlite_with_rowid=False,
)
HAS_PERIOD = measures.c.period.is_not(None)
Index(
    "measures_of_a_trend",
    measures.c.evaluation_id,
    measures.c.measure,
    sqlite_where=HAS_PERIOD,
    postgresql_where=HAS_PERIOD,
)

findings = Table(
    "findings",
    metadata,
    _id(),
    Column("team", Words, nullable=False),
    Column("model", Words, nullable=False),
    Column("identity", Words, nullable=False),
    Column("check", Words, nullable=False),
    Column("subject", JsonText, nullable=False),
    Column("state", Words, nullable=False),
    Column("verdict", Words, nullable=False),
    Column("says", Words, nullable=False),
    Column("first_evaluation", Number, ForeignKey("evaluations.id"), nullable=False),
    Column("last_evaluation", Number, ForeignKey("evaluations.id"), nullable=False),
    Column("judged_by", Number, ForeignKey("evaluations.id"), nullable=False),
    Column("first_seen", Moment, nullable=False),
    Column("last_seen", Moment, nullable=False),
    Column("times", Integer, nullable=False),
    Column("owner", Words),
    Column("until", Moment),
    UniqueConstraint("team", "identity"),
    sqlite_autoincrement=True,  # E-17 stands in messages: an id must not come back as something else
)
Index("findings_of_a_model", findings.c.team, findings.c.model, findings.c.state)

finding_events = Table(
    "finding_events",
    metadata,
    _id(),
    Column("finding_id", Number, ForeignKey("findings.id"), nullable=False, index=True),
    Column("at", Moment, nullable=False),
    Column("what", Words, nullable=False),  # opened, again, worse … or the state that a person gave it
    Column("state", Words, nullable=False),
    Column("verdict", Words, nullable=False),
    Column("evaluation_id", Number),
    Column("by", Words),
    Column("until", Moment),
    sqlite_autoincrement=True,  # E-17 stands in messages: an id must not come back as something else
)
SEEN_AGAIN = finding_events.c.what == text("'again'")
Index("finding_events_again", finding_events.c.at, sqlite_where=SEEN_AGAIN, postgresql_where=SEEN_AGAIN)

annotation_rows = Table(
    "annotations",
    metadata,
    _id(),
    Column("team", Words, nullable=False),
    Column("model", Words),
    Column("text", Words, nullable=False),
    Column("kind", Words, nullable=False),
    Column("author", Words, nullable=False),
    Column("persona", Words),
    Column("anchor", JsonText),
    Column("evaluation", Number),
    Column("finding", Number),
    Column("measure", Words),
    Column("channel", Words),
    Column("ts", Words),
    Column("thread", Words),
    Column("permalink", Words),
    Column("said_at", Moment, nullable=False),
    Column("edited_at", Moment),
    Column("edited", Words),
    Column("edited_event", Words),
    Column("deleted_at", Moment),
    UniqueConstraint("team", "channel", "ts"),
    sqlite_autoincrement=True,  # E-17 stands in messages: an id must not come back as something else
)
SAID = annotation_rows.c.deleted_at.is_(None)
Index(
    "annotations_of_a_model",
    annotation_rows.c.team,
    annotation_rows.c.model,
    annotation_rows.c.said_at,
    annotation_rows.c.id,
    sqlite_where=SAID,
    postgresql_where=SAID,
)
UNLINKED = annotation_rows.c.anchor.is_(None)
Index(
    "annotations_unlinked",
    annotation_rows.c.team,
    annotation_rows.c.channel,
    annotation_rows.c.thread,
    sqlite_where=UNLINKED,
    postgresql_where=UNLINKED,
)

revisions = Table(
    "revisions",
    metadata,
    _id(),
    Column("annotation_id", Number, ForeignKey("annotations.id"), nullable=False, index=True),
    Column("at", Moment, nullable=False),
    Column("length", Integer, nullable=False),
    sqlite_autoincrement=True,  # E-17 stands in messages: an id must not come back as something else
)

# What is known of a message that is no annotation (yet), because events come in any order. Never its text.
heard = Table(
    "heard",
    metadata,
    Column("team", Words, primary_key=True),
    Column("channel", Words, primary_key=True),
    Column("ts", Words, primary_key=True),
    Column("at", Moment, nullable=False, index=True),
    Column("deleted_at", Moment),
    Column("is_request", Boolean, nullable=False),
)

people = Table(
    "people",
    metadata,
    Column("team", Words, primary_key=True),
    Column("user", Words, primary_key=True),
    Column("name", Words, nullable=False),
    Column("zone", Words),
    Column("persona", Words),
    Column("persona_at", Moment),
    Column("guest", Boolean, nullable=False),
    Column("bot", Boolean, nullable=False),
    Column("deleted", Boolean, nullable=False),
    Column("outsider", Boolean, nullable=False, server_default=false()),
    Column("admin", Boolean, nullable=False, server_default=false()),
    Column("refreshed_at", Moment),
)

channels = Table(
    "channels",
    metadata,
    Column("team", Words, primary_key=True),
    Column("channel", Words, primary_key=True),
    Column("name", Words, nullable=False),
    Column("private", Boolean, nullable=False),
    Column("shared", Boolean, nullable=False),
    Column("archived", Boolean, nullable=False),
    Column("member", Boolean, nullable=False),
    Column("refreshed_at", Moment, nullable=False),
)

schedules = Table(
    "schedules",
    metadata,
    _id(),
    Column("team", Words, nullable=False),
    Column("owner", Words, nullable=False),
    Column("channel", Words, nullable=False),
    Column("when", Words, nullable=False),
    Column("zone", Words, nullable=False),
    Column("command", Words, nullable=False),
    Column("arguments", JsonText, nullable=False),
    Column("request_id", Number, nullable=False, unique=True),
    Column("state", Words, nullable=False),
    Column("reason", Words),
    Column("created_at", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),
    Column("last_slot", Moment),
    sqlite_autoincrement=True,  # E-17 stands in messages: an id must not come back as something else
)
Index("schedules_of_a_team", schedules.c.team, schedules.c.state)

# Work that one replica does for all, and when it is due again.
chores = Table(
    "chores",
    metadata,
    Column("name", Words, primary_key=True),
    Column("next_at", Moment, nullable=False),
)
