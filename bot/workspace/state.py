"""Everything that the local workspace remembers, in one SQLite file (or in memory)."""

from __future__ import annotations

import json
import sqlite3
import threading
from pathlib import Path
from typing import Any

from .values import Json

TABLES = """
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS documents (kind TEXT, id TEXT, body TEXT NOT NULL, UNIQUE (kind, id));
CREATE TABLE IF NOT EXISTS members (channel TEXT, person TEXT, UNIQUE (channel, person));
CREATE TABLE IF NOT EXISTS messages (channel TEXT, ts TEXT, thread TEXT, body TEXT NOT NULL, PRIMARY KEY (channel, ts));
CREATE INDEX IF NOT EXISTS messages_by_thread ON messages (channel, thread, ts);
CREATE TABLE IF NOT EXISTS ephemerals (channel TEXT, person TEXT, ts TEXT, body TEXT NOT NULL, UNIQUE (channel, ts));
CREATE TABLE IF NOT EXISTS contents (file TEXT PRIMARY KEY, bytes BLOB NOT NULL);
"""


class State:
    """A small store of JSON documents; `lock` is held by whoever reads and then writes."""

    def __init__(self, path: Path | None) -> None:
        self.lock = threading.RLock()
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(str(path or ":memory:"), check_same_thread=False, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=WAL")
        # A killed process loses nothing by this, a power cut may: this is a stage, not an archive.
        self._connection.execute("PRAGMA synchronous=OFF")
        self._connection.executescript(TABLES)

    def close(self) -> None:
        with self.lock:
            self._connection.close()

    def _run(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        with self.lock:
            return self._connection.execute(sql, values).fetchall()

    def fact(self, name: str) -> str | None:
        rows = self._run("SELECT value FROM facts WHERE name = ?", name)
        return str(rows[0][0]) if rows else None

    def keep_fact(self, name: str, value: str) -> None:
        self._run(
            "INSERT INTO facts VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", name, value
        )

    def next_number(self) -> int:
        with self.lock:
            number = int(self.fact("numbers") or 0) + 1
            self.keep_fact("numbers", str(number))
            return number

    def document(self, kind: str, identifier: str) -> Json | None:
        rows = self._run("SELECT body FROM documents WHERE kind = ? AND id = ?", kind, identifier)
        return _parsed(rows[0][0]) if rows else None

    def documents(self, kind: str) -> list[Json]:
        """Every document of a kind, in the order in which they came."""
        rows = self._run("SELECT body FROM documents WHERE kind = ? ORDER BY rowid", kind)
        return [_parsed(row[0]) for row in rows]

    def numbered(self, kind: str) -> list[tuple[str, Json]]:
        rows = self._run("SELECT id, body FROM documents WHERE kind = ? ORDER BY rowid", kind)
        return [(row[0], _parsed(row[1])) for row in rows]

    def keep(self, kind: str, identifier: str, body: Json) -> None:
        self._run(
            "INSERT INTO documents VALUES (?, ?, ?) ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body",
            kind,
            identifier,
            json.dumps(body),
        )

    def forget(self, kind: str, identifier: str) -> None:
        self._run("DELETE FROM documents WHERE kind = ? AND id = ?", kind, identifier)

    def members(self, channel: str) -> list[str]:
        return [row[0] for row in self._run("SELECT person FROM members WHERE channel = ? ORDER BY rowid", channel)]

    def is_member(self, channel: str, person: str) -> bool:
        return bool(self._run("SELECT 1 FROM members WHERE channel = ? AND person = ?", channel, person))

    def enter(self, channel: str, person: str) -> None:
        self._run("INSERT OR IGNORE INTO members VALUES (?, ?)", channel, person)

    def leave(self, channel: str, person: str) -> None:
        self._run("DELETE FROM members WHERE channel = ? AND person = ?", channel, person)

    def message(self, channel: str, ts: str) -> Json | None:
        rows = self._run("SELECT body FROM messages WHERE channel = ? AND ts = ?", channel, ts)
        return _parsed(rows[0][0]) if rows else None

    def messages(self, channel: str) -> list[Json]:
        """What stands in the channel itself, oldest first: no replies, unless they were also sent to the channel."""
        rows = self._run(
            "SELECT body FROM messages WHERE channel = ? AND (thread IS NULL OR thread = ts "
            "OR json_extract(body, '$.subtype') = 'thread_broadcast') ORDER BY ts",
            channel,
        )
        return [_parsed(row[0]) for row in rows]

    def latest(self, channel: str) -> str | None:
        """When the channel itself was last written to."""
        rows = self._run("SELECT max(ts) FROM messages WHERE channel = ? AND (thread IS NULL OR thread = ts)", channel)
        return rows[0][0] if rows else None

    def replies(self, channel: str, thread: str) -> list[Json]:
        rows = self._run(
            "SELECT body FROM messages WHERE channel = ? AND thread = ? AND ts != thread ORDER BY ts", channel, thread
        )
        return [_parsed(row[0]) for row in rows]

    def keep_message(self, channel: str, body: Json) -> None:
        self._run(
            "INSERT INTO messages VALUES (?, ?, ?, ?) ON CONFLICT (channel, ts) DO UPDATE SET body = excluded.body",
            channel,
            body["ts"],
            body.get("thread_ts"),
            json.dumps(body),
        )

    def drop_message(self, channel: str, ts: str) -> None:
        self._run("DELETE FROM messages WHERE channel = ? AND ts = ?", channel, ts)

    def ephemerals(self, channel: str, person: str) -> list[Json]:
        rows = self._run("SELECT body FROM ephemerals WHERE channel = ? AND person = ? ORDER BY ts", channel, person)
        return [_parsed(row[0]) for row in rows]

    def keep_ephemeral(self, channel: str, person: str, body: Json) -> None:
        self._run(
            "INSERT INTO ephemerals VALUES (?, ?, ?, ?) ON CONFLICT (channel, ts) DO UPDATE SET body = excluded.body",
            channel,
            person,
            body["ts"],
            json.dumps(body),
        )

    def drop_ephemeral(self, channel: str, ts: str) -> None:
        self._run("DELETE FROM ephemerals WHERE channel = ? AND ts = ?", channel, ts)

    def content(self, file: str) -> bytes | None:
        rows = self._run("SELECT bytes FROM contents WHERE file = ?", file)
        return bytes(rows[0][0]) if rows else None

    def drop_content(self, file: str) -> None:
        self._run("DELETE FROM contents WHERE file = ?", file)

    def keep_content(self, file: str, content: bytes) -> None:
        self._run("INSERT OR REPLACE INTO contents VALUES (?, ?)", file, content)


def _parsed(text: str) -> Json:
    body: Json = json.loads(text)
    return body
