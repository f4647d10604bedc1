"""Slack's rate limits: a tier for each method and workspace, and about one message a second in each channel."""

from __future__ import annotations

import math
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

TIER_1, TIER_2, TIER_3, TIER_4 = 1, 20, 50, 100
A_MINUTE: dict[str, int] = {
    "apps.connections.open": TIER_1,
    "chat.delete": TIER_3,
    "chat.getPermalink": 300,
    "chat.postEphemeral": TIER_4,
    "chat.postMessage": 300,
    "chat.update": TIER_3,
    "conversations.history": TIER_3,
    "conversations.info": TIER_3,
    "conversations.join": TIER_3,
    "conversations.list": TIER_2,
    "conversations.members": TIER_4,
    "conversations.open": TIER_3,
    "conversations.replies": TIER_3,
    "files.completeUploadExternal": TIER_4,
    "files.delete": TIER_3,
    "files.getUploadURLExternal": TIER_4,
    "files.info": TIER_4,
    "reactions.add": TIER_3,
    "team.info": TIER_3,
    "users.info": TIER_4,
    "users.list": TIER_2,
    "views.open": TIER_4,
    "views.publish": TIER_4,
    "views.push": TIER_4,
    "views.update": TIER_4,
}
MESSAGES_A_SECOND_IN_A_CHANNEL = 1.0
MESSAGES_IN_A_BURST = 4


class Tiers:
    """Counts calls while it is `on`; a call too many is told how many seconds to wait, and counted in `refused`."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.on = False
        self.as_date = False
        self.refused: Counter[str] = Counter()
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._buckets: dict[tuple[str, ...], tuple[float, float]] = {}

    def ask(self, method: str, channel: str | None) -> int | None:
        """None where the call may go through, else the seconds until one may."""
        if not self.on:
            return None
        limits: list[tuple[tuple[str, ...], float, int]] = []
        if method in A_MINUTE:
            limits.append(((method,), A_MINUTE[method] / 60, A_MINUTE[method]))
        if method == "chat.postMessage" and channel:
            limits.append(((method, channel), MESSAGES_A_SECOND_IN_A_CHANNEL, MESSAGES_IN_A_BURST))
        with self._lock:
            levels = {name: self._level(name, rate, most) for name, rate, most in limits}
            waits = [(1 - levels[name]) / rate for name, rate, _ in limits if levels[name] < 1]
            if waits:
                self.refused[method] += 1
                return math.ceil(max(waits))
            now = self._monotonic()
            self._buckets |= {name: (level - 1, now) for name, level in levels.items()}
        return None

    def retry_after(self, seconds: int) -> str:
        """The header's value: seconds, or the date that HTTP also allows."""
        if not self.as_date:
            return str(seconds)
        # A date has whole seconds, so the next one is the first that is surely late enough.
        return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds + 1), usegmt=True)

    def _level(self, name: tuple[str, ...], rate: float, most: int) -> float:
        now = self._monotonic()
        level, at = self._buckets.get(name, (float(most), now))
        return min(float(most), level + (now - at) * rate)
