"""Deliveries that Slack would never make, from a seed: `python -m tests.hostile --count 3000` sends them."""

from __future__ import annotations

import argparse
import copy
import hashlib
import hmac
import http.client
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.payloads import CHANGED, CLICK, COMMAND, DELETED, OTHERS, SAID, WRONG, paths, replaced
from tests.stage import SIGNING_SECRET, staged

JSON, FORM = "application/json", "application/x-www-form-urlencoded"
TAKEN_OR_REFUSED = frozenset({200, 400})
MALFORMED = frozenset({400})
UNSIGNED = frozenset({401})
BUSY = 503
MOST_TRIES = 20


@dataclass(frozen=True)
class Hostile:
    """One delivery, and the statuses that are right for it. ``headers`` may name one twice."""

    what: str
    body: bytes
    right: frozenset[int]
    headers: list[tuple[str, str | bytes]] = field(default_factory=list)


def deliveries(seed: int, count: int) -> Iterator[Hostile]:
    chance = random.Random(seed)  # noqa: S311  # any seed does
    for _ in range(count):
        yield chance.choice(KINDS)(chance)


def send(port: int, delivery: Hostile) -> int:
    """Its status. A busy machine may say 503 to anything, so that is tried again."""
    for _ in range(MOST_TRIES):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        try:
            connection.putrequest("POST", "/slack/events")
            for name, value in delivery.headers:
                connection.putheader(name, value)
            connection.putheader("Content-Length", str(len(delivery.body)))
            connection.endheaders(delivery.body)
            status = connection.getresponse().status
        finally:
            connection.close()
        if status != BUSY:
            return status
    return BUSY


def _wrong_value(chance: random.Random) -> Hostile:
    payload = chance.choice(PAYLOADS)
    path = chance.choice(list(paths(payload)))
    return _signed("a wrong value", replaced(payload, path, copy.deepcopy(chance.choice(WRONG))))


def _missing(chance: random.Random) -> Hostile:
    payload = chance.choice(PAYLOADS)
    path = chance.choice(list(paths(payload)))
    return _signed("a missing key", replaced(payload, path, None, away=True))


def _truncated(chance: random.Random) -> Hostile:
    body, kind = _encoded(chance.choice(PAYLOADS))
    return _with_signature("truncated", body[: chance.randrange(len(body))], kind, TAKEN_OR_REFUSED)


def _nested(chance: random.Random) -> Hostile:
    depth = chance.choice([1_000, 50_000, 200_000])
    opened = chance.choice([b"[", b'{"event":'])
    return _with_signature("nested", opened * (min(depth, 900_000 // len(opened))), JSON, MALFORMED)


def _scalar(chance: random.Random) -> Hostile:
    body = chance.choice(
        [b"null", b"5", b'"text"', b"[]", b"{}", b"", b"NaN", b"payload=5", b"payload=", b"payload=null"]
    )
    return _with_signature("no object", body, chance.choice([JSON, FORM]), MALFORMED)


def _not_utf8(chance: random.Random) -> Hostile:
    body = bytes(chance.randrange(128, 256) for _ in range(40))
    return _with_signature("not UTF-8", b'{"type": "' + body + b'"}', JSON, frozenset({400, 401}))


def _content_type(chance: random.Random) -> Hostile:
    body, _ = _encoded(chance.choice(PAYLOADS))
    kind = chance.choice(["", "text/plain", "multipart/form-data", "application/json;;;", FORM, JSON, "\xff"])
    return _with_signature("another content type", body, kind, TAKEN_OR_REFUSED)


def _stamp(chance: random.Random) -> Hostile:
    now = int(time.time())
    odd = ["", "abc", "-1", "1e9", "0x10", "\xb2", "9" * 5000, str(now - 400), str(now + 400), f"{now}.5", f" {now} x"]
    body, kind = _encoded(chance.choice(SIGNED))
    return Hostile("an odd stamp", body, UNSIGNED, _headers(body, kind, stamp=chance.choice(odd)))


def _signature(chance: random.Random) -> Hostile:
    odd: list[str | bytes] = ["", "v0=", "v1=" + "0" * 64, "v0=" + "g" * 64, b"v0=\xff\xfe", "0" * 4000]
    body, kind = _encoded(chance.choice(SIGNED))
    headers = [h for h in _headers(body, kind) if h[0] != "X-Slack-Signature"]
    return Hostile("an odd signature", body, UNSIGNED, [*headers, ("X-Slack-Signature", chance.choice(odd))])


def _unsigned(chance: random.Random) -> Hostile:
    body, kind = _encoded(chance.choice(SIGNED))
    return Hostile("unsigned", body, UNSIGNED, [("Content-Type", kind)])


def _twice(chance: random.Random) -> Hostile:
    body, kind = _encoded(chance.choice(SIGNED))
    headers = _headers(body, kind)
    doubled = chance.choice(headers)
    right = TAKEN_OR_REFUSED if doubled[0] == "Content-Type" else UNSIGNED
    return Hostile(f"{doubled[0]} twice", body, right, [*headers, doubled])


def _acknowledged(chance: random.Random) -> Hostile:
    body, kind = _encoded(chance.choice(OTHERS))
    return _with_signature("of no interest", body, kind, frozenset({200}))


def _signed(what: str, payload: Any) -> Hostile:
    body, kind = _encoded(payload)
    return _with_signature(what, body, kind, TAKEN_OR_REFUSED)


def _with_signature(what: str, body: bytes, kind: str, right: frozenset[int]) -> Hostile:
    return Hostile(what, body, right, _headers(body, kind))


def _headers(body: bytes, kind: str, *, stamp: str | None = None) -> list[tuple[str, str | bytes]]:
    stamp = str(int(time.time())) if stamp is None else stamp
    digest = hmac.new(SIGNING_SECRET.encode(), b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    return [
        ("Content-Type", kind),
        ("X-Slack-Request-Timestamp", stamp),
        ("X-Slack-Signature", f"v0={digest}"),
    ]


def _encoded(payload: Any) -> tuple[bytes, str]:
    if isinstance(payload, dict) and payload.get("type") is None:
        return urlencode({k: _text(v) for k, v in payload.items()}).encode(), FORM
    text = json.dumps(payload)
    is_event = isinstance(payload, dict) and payload.get("type") in ("event_callback", "app_rate_limited")
    return (text.encode(), JSON) if is_event else (urlencode({"payload": text}).encode(), FORM)


def _text(value: Any) -> str:
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else json.dumps(value)


PAYLOADS = (COMMAND, CLICK, SAID, CHANGED, DELETED, *OTHERS)
SIGNED = tuple(payload for payload in PAYLOADS if "ssl_check" not in payload)
KINDS: tuple[Callable[[random.Random], Hostile], ...] = (
    _wrong_value,
    _wrong_value,
    _wrong_value,
    _missing,
    _truncated,
    _nested,
    _scalar,
    _not_utf8,
    _content_type,
    _stamp,
    _signature,
    _unsigned,
    _twice,
    _acknowledged,
)


def main() -> int:
    """Send them, and count what came back. 1 where anything was answered wrongly."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))  # noqa: S311  # printed below
    parser.add_argument("--count", type=int, default=3000)
    given = parser.parse_args()
    print(f"seed {given.seed}, {given.count} deliveries")  # noqa: T201  # a script
    seen: Counter[tuple[str, int, bool]] = Counter()
    with tempfile.TemporaryDirectory() as home, staged(Path(home)) as stage:
        for delivery in deliveries(given.seed, given.count):
            status = send(stage.port, delivery)
            seen[delivery.what, status, status in delivery.right] += 1
    for (what, status, right), count in sorted(seen.items()):
        print(f"{count:6d}  {status}  {what}{'' if right else '   WRONG'}")  # noqa: T201  # a script
    return int(any(not right for _, _, right in seen))


if __name__ == "__main__":
    sys.exit(main())
