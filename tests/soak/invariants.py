"""What must hold when all troubles are over and all is quiet. Each rule is one function; it names every breach."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from itertools import pairwise
from typing import Any

from bot.workspace import Delivery, Workspace
from tests.soak.cast import INTERNAL, RESTRICTED, SECRET, UNKNOWN, Cast
from tests.soak.databases import as_text
from tests.soak.ledger import TOKEN, Asked, Ledger, Said
from tests.stage import APP_TOKEN, BOT_TOKEN, SIGNING_SECRET

Row = Mapping[str, Any]
Rule = Callable[["Aftermath"], Iterable[str]]

RESPONSE_URL = re.compile(r"/response/T[0-9A-Z]+/[\w-]+")
EXPLAINED = {"taken back", "tried once", "message_not_found", "a bug"}
SECONDS_APART = 2.0
"""Two messages that were wanted closer together than that may come in either order."""
SECONDS_A_SLOT_MAY_TAKE = 90.0
LEAST_TOO_FAST, SHARE_TOO_FAST = 3, 0.03
"""So many calls may be told to wait: a replica that was killed can't say when it last spoke."""
QUICK = ("help", "models", "findings", "schedules", "notes")


@dataclass
class Aftermath:
    """What the campaign left: the ledger, the workspace, every row, every line of the logs."""

    workspace: Workspace
    cast: Cast
    ledger: Ledger
    tables: Mapping[str, Sequence[Row]]
    log: str

    @cached_property
    def text(self) -> str:
        return as_text(self.tables)

    @cached_property
    def bot_messages(self) -> list[dict[str, Any]]:
        """Every message of the bot's that the workspace shows, in channels, threads and direct conversations."""
        found = []
        for channel in self.workspace.records.state.documents("channel"):
            everything = self.workspace.records.state.everything(channel["id"])
            found += [m | {"channel": channel["id"]} for m in everything if m.get("user") == self.cast.app.bot_user]
        return found

    @cached_property
    def shown(self) -> dict[int, list[dict[str, Any]]]:
        """The messages that Slack shows for each row of ours."""
        by_row: dict[int, list[dict[str, Any]]] = defaultdict(list)
        for message in self.bot_messages:
            number = message.get("metadata", {}).get("event_payload", {}).get("message")
            if number is not None:
                by_row[int(number)].append(message)
        return by_row

    @cached_property
    def unheard(self) -> set[str]:
        """The messages of which at least one event never reached the bot, however often Slack tried."""
        lost = set()
        for delivery in self.workspace.deliveries:
            if delivery.kind == "event" and not _was_taken(delivery):
                event = delivery.payload.get("event", {})
                for part in (event, event.get("message", {}), event.get("previous_message", {})):
                    lost.add(str(part.get("ts")))
        return lost

    @cached_property
    def whispers(self) -> list[dict[str, Any]]:
        """Everything that the bot showed to one person alone, with whom and where."""
        people = (*self.cast.members, self.cast.guest, *self.cast.outsiders)
        channels = [channel["id"] for channel in self.workspace.records.state.documents("channel")]
        return [
            message | {"channel": channel, "to": person}
            for channel in channels
            for person in people
            for message in self.workspace.ephemerals(channel, person)
            if message.get("bot_id")
        ]

    @cached_property
    def as_if_unknown(self) -> set[str]:
        """What is said about a model that there is not, with a gap for its name."""
        texts = [str(message["text"]) for message in [*self.bot_messages, *self.whispers]]
        return {text.replace(UNKNOWN, "{}") for text in texts if UNKNOWN in text}

    def is_certain(self, said: Said) -> bool:
        return said.ts not in self.unheard

    def what_is_left(self) -> Counter[str]:
        """How much there was to judge: a rule about nothing says nothing."""
        left = Counter({name: len(rows) for name, rows in self.tables.items() if rows})
        left["messages in Slack"] = len(self.bot_messages)
        left["answers to one alone"] = len(self.whispers)
        left["slots"] = sum(row["source"] == "clock" for row in self.tables["requests"])
        left["deliveries"] = len(self.workspace.deliveries)
        return left


RULES: list[Rule] = []


def rule(function: Rule) -> Rule:
    RULES.append(function)
    return function


# Notes


@rule
def every_note_is_kept_once_with_its_last_text(after: Aftermath) -> Iterable[str]:
    notes = [str(row["text"]) for row in after.tables["annotations"] if row["deleted_at"] is None]
    kept = Counter(token for text in notes for token in set(TOKEN.findall(text)))
    for said in after.ledger.said:
        if said.expected == "a note" and not said.deleted and after.is_certain(said) and kept[said.token] != 1:
            others = [token for token in said.former if kept[token]]
            yield f"act {said.act}: {said.token} is kept {kept[said.token]} times {f'but {others}' if others else ''}"


@rule
def what_was_deleted_or_overwritten_stands_nowhere(after: Aftermath) -> Iterable[str]:
    rows = set(TOKEN.findall(after.text))
    seen = set(TOKEN.findall(json.dumps(after.bot_messages)))
    for said in after.ledger.said:
        if not after.is_certain(said):
            continue
        for token in said.former:
            if token in rows:
                tables = [n for n, found in after.tables.items() if any(token in str(r.values()) for r in found)]
                yield f"act {said.act}: {token} is still in {', '.join(tables)}"
            if token in seen:
                yield f"act {said.act}: {token} is still to be seen in Slack"


@rule
def what_people_say_among_themselves_is_never_kept(after: Aftermath) -> Iterable[str]:
    rows = set(TOKEN.findall(after.text))
    for said in after.ledger.said:
        if said.expected == "nothing" and said.token in rows:
            yield f"act {said.act}: {said.token} was said in no thread of ours, and is kept"


@rule
def the_bot_keeps_no_note_of_its_own(after: Aftermath) -> Iterable[str]:
    """Slack shares the files of an app without its `bot_id`, so only the user tells that they are its own."""
    for row in after.tables["annotations"]:
        if row["author"] == after.cast.app.bot_user:
            yield f"A-{row['id']} in {row['channel']} {row['thread']} is by the bot: {row['text']!r}"


# Answers, cards, digests


@rule
def every_message_is_shown_once(after: Aftermath) -> Iterable[str]:
    """Apart from a reply under itself, which an edit that Slack refuses becomes."""
    rows = {row["id"]: row for row in after.tables["messages"]}
    for number, row in rows.items():
        places = [m for m in after.shown.get(number, []) if row["ts"] is None or m.get("thread_ts") != row["ts"]]
        if row["kind"] != "message" or row["failed"] is not None:
            wanted = {0, 1} if row["kind"] == "message" else {0}
            if len(places) not in wanted:
                yield f"{row['key']} was given up ({row['failed']}) and is shown {len(places)} times"
        elif len(places) != 1 and not _was_taken_away(after, row):
            yield f"{row['key']} is shown {len(places)} times, at {[m['ts'] for m in places]}"
    for number in after.shown.keys() - rows.keys():
        yield f"Slack shows a message of the row {number}, which is not there"


def _was_taken_away(after: Aftermath, row: Row) -> bool:
    return (row["channel"], row["ts"]) in after.ledger.taken_away


@rule
def every_command_is_taken_once_and_answered_at_most_once(after: Aftermath) -> Iterable[str]:
    uses = {token: body["uses"] for token, body in after.workspace.records.state.numbered("response_url")}
    keys = [str(row["key"]) for table in ("requests", "messages") for row in after.tables[table]]
    taken = Counter(key.rpartition(":")[2] for key in keys)
    for asked in after.ledger.asked:
        payload = asked.delivery.payload
        token = str(payload["response_url"]).rpartition("/")[2]
        if uses.get(token, 0) > 1 and _is_quick(asked):
            yield f"act {asked.act}: “{asked.words}” was answered {uses[token]} times"
        if asked.delivery.acknowledged and asked.allowed and not taken[payload["trigger_id"]]:
            yield f"act {asked.act}: “{asked.words}” was acknowledged and is in no row"


@rule
def every_mention_is_taken_once(after: Aftermath) -> Iterable[str]:
    keys = Counter(str(row["key"]) for table in ("requests", "messages") for row in after.tables[table])
    taken = Counter(":".join(key.split(":")[-2:]) for key in keys)
    gone = {said.ts for said in after.ledger.said if said.deleted}
    for one in after.ledger.mentioned:
        times = taken[f"{one.channel}:{one.ts}"]
        if one.ts not in after.unheard and times != 1 and not (times == 0 and one.ts in gone):
            yield f"act {one.act}: the mention “{one.words}” ({one.channel} {one.ts}) was taken {times} times"


@rule
def every_event_is_taken_in_the_end(after: Aftermath) -> Iterable[str]:
    """But those that found nobody at any try: with one replica that can be."""
    for delivery in after.workspace.deliveries:
        if delivery.kind == "event" and delivery.attempts and not _was_taken(delivery):
            event = delivery.payload.get("event", {})
            why = [attempt.problem for attempt in delivery.attempts]
            if set(why) == {"connection_failed"}:
                continue
            yield f"{event.get('type')} {event.get('subtype', '')} {event.get('event_ts')}: {why}"


def _was_taken(delivery: Delivery) -> bool:
    return any(200 <= attempt.status < 300 for attempt in delivery.attempts)


@rule
def slacks_rate_limits_are_kept(after: Aftermath) -> Iterable[str]:
    calls = Counter(call.method for call in after.workspace.calls)
    for method, refused in after.workspace.tiers.refused.items():
        if refused > max(LEAST_TOO_FAST, SHARE_TOO_FAST * calls[method]):
            yield f"{refused} of {calls[method]} calls of {method} came too fast"


@rule
def no_request_that_was_answered_lacks_its_answer(after: Aftermath) -> Iterable[str]:
    answers = {str(row["key"]).rpartition(":")[2] for row in after.tables["messages"]}
    for row in after.tables["requests"]:
        if row["command"] in QUICK and row["source"] in ("command", "mention") and str(row["id"]) not in answers:
            yield f"the request {row['id']} ({row['command']}, {row['source']}) has no answer"


@rule
def every_slot_of_a_schedule_fires_once(after: Aftermath) -> Iterable[str]:
    now = datetime.now(UTC).timestamp()
    for slot in after.ledger.slots:
        for made in _schedules_of(after, slot.when, slot.channel, slot.owner):
            fired = [r for r in after.tables["requests"] if r["schedule"] == made["id"] and r["source"] == "clock"]
            was_due = _moment(made["created_at"]) < slot.due < now - SECONDS_A_SLOT_MAY_TAKE
            if len(fired) > 1 or (was_due and not fired and made["state"] == "active"):
                yield f"act {slot.act}: S-{made['id']} ({slot.when}) fired {len(fired)} times"
            for request in fired:
                yield from _shown_once(after, made, request, slot.act)


def _schedules_of(after: Aftermath, when: str, channel: str, owner: str) -> list[Row]:
    wanted = (when, channel, owner)
    return [row for row in after.tables["schedules"] if (row["when"], row["channel"], row["owner"]) == wanted]


def _shown_once(after: Aftermath, schedule: Row, request: Row, act: int) -> Iterable[str]:
    rows = [row for row in after.tables["messages"] if str(row["key"]) == f"answer:{request['id']}"]
    places = sum(len(after.shown.get(row["id"], [])) for row in rows)
    may_be_silent = request["failed"] or schedule["state"] != "active" or _was_blind(after, request)
    if places != 1 and not (places == 0 and may_be_silent):
        yield f"act {act}: the slot {request['key']} is shown {places} times"


def _was_blind(after: Aftermath, request: Row) -> bool:
    at = _moment(request["received_at"])
    return any(
        began - SECONDS_A_SLOT_MAY_TAKE <= at <= over + SECONDS_A_SLOT_MAY_TAKE for began, over in after.ledger.blind
    )


# Order


@rule
def no_thread_is_out_of_order(after: Aftermath) -> Iterable[str]:
    rows = {row["id"]: row for row in after.tables["messages"]}
    threads: dict[tuple[str, str], list[tuple[float, int]]] = defaultdict(list)
    for number, places in after.shown.items():
        for message in places:
            if number in rows and message.get("thread_ts", message["ts"]) != message["ts"]:
                threads[message["channel"], message["thread_ts"]].append((float(message["ts"]), number))
    for (channel, thread), replies in threads.items():
        in_order = [rows[number] for _, number in sorted(replies)]
        for earlier, later in pairwise(in_order):
            if later["id"] < earlier["id"] and _wanted_first(later, earlier):
                told = [f"{row['key']} (wanted {row['wanted_at']}, line {row['line']})" for row in (earlier, later)]
                yield f"in {channel} {thread} {' overtook '.join(told)}"


def _wanted_first(one: Row, other: Row) -> bool:
    return _moment(other["wanted_at"]) - _moment(one["wanted_at"]) > SECONDS_APART


# What is left


@rule
def nothing_waits_and_nothing_is_leased(after: Aftermath) -> Iterable[str]:
    for row in after.tables["requests"]:
        if row["finished_at"] is None or row["token"] is not None:
            yield f"the request {row['id']} ({row['command']}) is not finished, or leased; attempts {row['attempts']}"
    for row in after.tables["messages"]:
        if row["failed"] is None and (row["shown"] < row["wanted"] or row["token"] is not None):
            yield f"{row['key']} waits: {row['shown']} of {row['wanted']}, {row['reason']}"
    for row in after.tables["evaluations"]:
        if row["status"] == "running":
            yield f"E-{row['id']} still runs"


@rule
def nothing_is_dead_without_a_permanent_reason(after: Aftermath) -> Iterable[str]:
    for row in after.tables["messages"]:
        why = row["failed"]
        # Asked for while nobody could say that the channel is shared.
        is_withheld = why == "withheld" and row["channel"] == after.cast.shared
        explained = why in EXPLAINED | after.ledger.permanent or _lost_its_thread(after, row) or is_withheld
        if why is not None and row["kind"] == "message" and not explained:
            yield f"{row['key']} was given up: {why}"
    for row in after.tables["requests"]:
        if "our side" in str(row["failed"]):
            yield f"the request {row['id']} ({row['command']}) failed: {row['failed']}"


def _lost_its_thread(after: Aftermath, row: Row) -> bool:
    """Whether it was to stand under a message that a person or an admin deleted before."""
    gone = {said.ts for said in after.ledger.said if said.deleted}
    below_a_card = row["thread"] is None and any(channel == row["channel"] for channel, _ in after.ledger.taken_away)
    return row["failed"] == "thread_not_found" and (row["thread"] in gone or below_a_card)


# Secrets


@rule
def a_restricted_model_is_seen_only_where_it_may_be(after: Aftermath) -> Iterable[str]:
    for message in [*after.bot_messages, *after.whispers]:
        if message["channel"] == after.cast.vault or _is_direct(after, message):
            continue
        found = json.dumps(message)
        if SECRET in found:
            yield f"“{SECRET}” in {_place(message)}: {message['text'][:200]!r}"
        elif RESTRICTED in found and not _is_as_if_unknown(after, message, RESTRICTED):
            yield f"“{RESTRICTED}” in {_place(message)}: {message['text'][:200]!r}"


@rule
def outsiders_and_guests_see_no_internal_model(after: Aftermath) -> Iterable[str]:
    strangers = {after.cast.guest, *after.cast.outsiders}
    for message in [*after.bot_messages, *after.whispers]:
        for_all = "to" not in message and message["channel"] == after.cast.shared
        named = (for_all or message.get("to") in strangers) and INTERNAL in json.dumps(message)
        if named and not _is_as_if_unknown(after, message, INTERNAL):
            yield f"“{INTERNAL}” in {_place(message)}: {message['text'][:200]!r}"


def _is_as_if_unknown(after: Aftermath, message: Row, model: str) -> bool:
    """Whether it says of a model just what it would say of one that there is not."""
    return str(message["text"]).replace(model, "{}") in after.as_if_unknown


def _is_direct(after: Aftermath, message: Row) -> bool:
    return bool(after.workspace.records.channel(message["channel"])["is_im"])


def _place(message: Row) -> str:
    return f"{message['channel']} {message['ts']}{' to ' + message['to'] if 'to' in message else ''}"


@rule
def no_secret_is_in_a_row_or_a_log(after: Aftermath) -> Iterable[str]:
    for place, text in (("a row", after.text), ("a log", after.log)):
        addresses = RESPONSE_URL.findall(text)
        if addresses:
            yield f"{len(addresses)} response URLs are in {place}"
        for name, secret in (("bot's token", BOT_TOKEN), ("app's token", APP_TOKEN), ("secret", SIGNING_SECRET)):
            if secret in text:
                yield f"the {name} is in {place}"


@rule
def no_replica_logged_a_traceback(after: Aftermath) -> Iterable[str]:
    """Each kind once, with how often it came: its last line says what it was."""
    kinds: Counter[str] = Counter()
    for line in after.log.splitlines():
        if "Traceback (most recent call last)" in line:
            said = json.loads(line).get("exception", line) if line.startswith("{") else line
            kinds[str(said).strip().splitlines()[-1][:200]] += 1
    for kind, count in kinds.most_common():
        yield f"{count} times: {kind}"


def _is_quick(asked: Asked) -> bool:
    return asked.words.split()[0] in QUICK


def _moment(value: Any) -> float:
    """A time of whatever type the database gives."""
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
    if isinstance(value, int | float):
        return float(value)
    read = datetime.fromisoformat(str(value))
    return (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()
