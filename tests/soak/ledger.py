"""What was done in the campaign and what must have become of it; what the invariants are judged by."""

from __future__ import annotations

import re
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

from bot.workspace import Delivery

TOKEN = re.compile(r"zq\d+v\d+x")
Expected = Literal["a note", "nothing", "either"]


@dataclass(slots=True)
class Said:
    """A message of a person. Each version of its text has a word of its own, so that it can be found anywhere."""

    act: int
    number: int
    expected: Expected
    author: str
    channel: str
    thread: str | None
    ts: str = ""
    version: int = 1
    deleted: bool = False

    @property
    def token(self) -> str:
        return f"zq{self.number}v{self.version}x"

    @property
    def former(self) -> list[str]:
        """The words that must be nowhere: those of former versions, of a deleted message all."""
        upto = self.version if self.deleted else self.version - 1
        return [f"zq{self.number}v{version}x" for version in range(1, upto + 1)]


@dataclass(frozen=True, slots=True)
class Asked:
    """A command that somebody typed, and what was wrong with typing it there."""

    act: int
    words: str
    user: str
    channel: str
    delivery: Delivery
    allowed: bool = True


@dataclass(frozen=True, slots=True)
class Mentioned:
    """A request that somebody made by naming the bot."""

    act: int
    words: str
    channel: str
    ts: str


@dataclass(frozen=True, slots=True)
class Slot:
    """A schedule that comes due once while the campaign runs."""

    act: int
    when: str
    channel: str
    owner: str
    due: float


@dataclass(slots=True)
class Ledger:
    """Everything, in the order in which it was done."""

    said: list[Said] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    mentioned: list[Mentioned] = field(default_factory=list)
    slots: list[Slot] = field(default_factory=list)
    taken_away: dict[tuple[str, str], int] = field(default_factory=dict)
    """Messages of the bot's that an admin deleted, and in which act."""
    permanent: set[str] = field(default_factory=set)
    """The permanent errors that Slack gave by plan."""
    blind: list[tuple[float, float]] = field(default_factory=list)
    """From when to when Slack did not say what a channel is."""
    done: Counter[str] = field(default_factory=Counter)
    journal: list[str] = field(default_factory=list)
    """One line an act, with its time: the times of messages lead to the acts around them."""

    def note(self, act: int, what: str) -> None:
        self.done[what.partition(":")[0]] += 1
        self.journal.append(f"{act:>5}  {time.time():.1f}  {what}")

    def say(self, act: int, expected: Expected, author: str, channel: str, thread: str | None, *, ts: str = "") -> Said:
        said = Said(act, len(self.said) + 1, expected, author, channel, thread, ts)
        self.said.append(said)
        return said

    def alive(self, *expected: Expected) -> list[Said]:
        return [said for said in self.said if not said.deleted and said.ts and said.expected in expected]
