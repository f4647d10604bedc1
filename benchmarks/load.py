"""Deliveries at a steady rate against `parley serve`: how fast they are acknowledged, and that each counts once.

The load's client and its Slack live in this process, the bot in one of its own, with evaluations in its children."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

import psutil

from benchmarks.slack_stub import BOT, SECRET, TEAM, Sent, SlackStub, deliver, look
from storage.database import Database
from storage.tables import annotation_rows, requests
from tests.models import write_small_model

SECONDS = 60.0
SECONDS_BETWEEN_EVALUATIONS = 3.0
SECONDS_TO_CALM_DOWN = 90.0
CHANNELS = 5
PEOPLE = 40
QUICK = ("help", "models", "findings small", "evalute small")
"""Answered by response_url; the last one is misspelt and refused with the nearest command."""


@dataclass(frozen=True)
class Rate:
    """Deliveries a second."""

    commands: int
    events: int


def main() -> None:
    seconds = float(os.environ.get("BENCH_SECONDS", SECONDS))
    for rate in (Rate(20, 120), Rate(50, 300)):
        asyncio.run(_under(rate, seconds))


async def _under(rate: Rate, seconds: float) -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        write_small_model(home / "models")
        stub = SlackStub()
        async with await stub.start():
            with _free_port() as port, _parley(home, port, stub.url) as bot:
                await _until(lambda: _is_well(port), why="the bot to be well")
                load = _Load(port, stub)
                await load.warm_up()
                before = _spent(bot)
                async with load.watched(), _memory(bot) as memory:
                    sent = await load.run(rate, seconds)
                spent = _spent(bot) - before
                _report(rate, seconds, load, sent, spent, memory)
                calm = await _calm(stub, sent)
                print(f"  all that was taken is answered {calm:.1f} s after the last delivery")
        _verify(home, stub, sent)


class _Load:
    """Sends commands, chatter, replies elsewhere and replies to our cards, in equal parts of the events."""

    def __init__(self, port: int, stub: SlackStub) -> None:
        self.port = port
        self.stub = stub
        self.looks: list[Sent] = []
        self._chance = random.Random(8)  # noqa: S311  # a simulation, not a secret
        self._number = 0
        self._cards: list[tuple[str, str]] = []

    async def warm_up(self) -> None:
        """One card in each channel: replies to it are ours."""
        for channel in range(CHANNELS):
            await self._command("evaluate small", f"C{channel}")
            await _until(partial(self._has_posted, channel + 1), why="a card")
        self._cards = [(posted["channel"], posted["ts"]) for posted in self.stub.posted]
        await asyncio.sleep(1.0)

    async def _has_posted(self, cards: int) -> bool:
        return len(self.stub.posted) >= cards

    async def run(self, rate: Rate, seconds: float) -> list[Sent]:
        """Deliver at an even pace, whether or not answers come."""
        began, tasks = time.perf_counter(), []
        total = int((rate.commands + rate.events) * seconds)
        every = (rate.commands + rate.events) / rate.commands
        evaluations = 0
        for number in range(total):
            due = began + number * seconds / total
            await asyncio.sleep(max(due - time.perf_counter(), 0))
            is_command = int(number / every) != int((number - 1) / every)
            if is_command and (due - began) / SECONDS_BETWEEN_EVALUATIONS > evaluations:
                evaluations += 1
                words = f"evaluate small rows 0..{300 + evaluations}"
                tasks.append(asyncio.create_task(self._command(words, f"C{evaluations % CHANNELS}")))
            elif is_command:
                tasks.append(asyncio.create_task(self._command(self._chance.choice(QUICK), "C0")))
            else:
                tasks.append(asyncio.create_task(self._event()))
        return list(await asyncio.gather(*tasks))

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Ask for /health four times a second meanwhile."""

        async def watch() -> None:
            while True:
                self.looks.append(await look(self.port, "/health"))
                await asyncio.sleep(0.25)

        task = asyncio.create_task(watch())
        try:
            yield
        finally:
            task.cancel()

    async def _command(self, words: str, channel: str) -> Sent:
        key = self._next("trigger")
        fields = {
            "team_id": TEAM,
            "user_id": f"U{self._chance.randrange(PEOPLE)}",
            "channel_id": channel,
            "command": "/parley",
            "text": words,
            "trigger_id": key,
            "response_url": f"{self.stub.url}/response/{key}",
        }
        kind = "evaluation" if words.startswith("evaluate ") else "command"
        return await deliver(self.port, kind, key, urlencode(fields).encode(), "application/x-www-form-urlencoded")

    async def _event(self) -> Sent:
        kind = self._chance.choice(["chatter", "elsewhere", "reply"])
        channel, thread = self._chance.choice(self._cards)
        ts = f"{int(time.time())}.{self._number + 100_000:06d}"
        key = self._next("Ev")
        event = {
            "type": "message",
            "user": f"U{self._chance.randrange(PEOPLE)}",
            "team": TEAM,
            "channel": channel,
            "ts": ts,
            "event_ts": ts,
            "text": f"what was said under {key}",
        }
        if kind == "elsewhere":
            event |= {"thread_ts": "1600000000.000100", "parent_user_id": "U7"}
        elif kind == "reply":
            event |= {"thread_ts": thread, "parent_user_id": BOT}
        body = {
            "type": "event_callback",
            "team_id": TEAM,
            "event_id": key,
            "event": event,
            "authorizations": [{"team_id": TEAM, "user_id": BOT, "is_bot": True}],
        }
        return await deliver(self.port, kind, key, json.dumps(body).encode(), "application/json")

    def _next(self, kind: str) -> str:
        self._number += 1
        return f"{kind}{self._number}"


def _report(rate: Rate, seconds: float, load: _Load, sent: list[Sent], spent: float, memory: list[float]) -> None:
    taken = sorted(one.seconds for one in sent if one.status == 200)
    refused = sorted(one.seconds for one in sent if one.status == 503)
    statuses = dict(sorted(Counter(one.status for one in sent).items()))
    print(f"{rate.commands} commands and {rate.events} events a second for {seconds:.0f} s: {statuses} (0: no answer)")
    print(f"  acknowledged: {_spread(taken)}")
    if refused:
        print(f"  refused: {_spread(refused)}")
    print(f"  /health: {_spread(sorted(one.seconds for one in load.looks))}, statuses {_statuses(load.looks)}")
    third = max(len(memory) // 3, 1)
    start, end = (sum(part) / len(part) for part in (memory[:third], memory[-third:]))
    print(f"  memory: {start:.0f} MB in the first third, {end:.0f} MB in the last: {end / start:.2f} times")
    print(f"  the bot's own CPU: {spent / seconds:.0%} of a core, {spent / len(sent) * 1000:.2f} ms a delivery")


def _spread(seconds: list[float]) -> str:
    if not seconds:
        return "none"
    parts = {"median": 0.5, "p99": 0.99, "slowest": 1.0}
    last = len(seconds) - 1
    named = (f"{name} {seconds[min(int(len(seconds) * p), last)] * 1000:.0f} ms" for name, p in parts.items())
    return ", ".join(named)


def _statuses(looks: list[Sent]) -> dict[int, int]:
    return dict(Counter(one.status for one in looks))


def _verify(home: Path, stub: SlackStub, sent: list[Sent]) -> None:
    """Each delivery that was taken counts once, each that was refused never ran."""
    database = Database(f"sqlite:///{home / 'parley.db'}")
    with database.reading() as tx:
        keys = {key for (key,) in tx.execute(requests.select().with_only_columns(requests.c.key))}
        rows = tx.execute(annotation_rows.select().with_only_columns(annotation_rows.c.text))
        kept = Counter(text.rpartition(" ")[2] for (text,) in rows)
    database.close()
    for one in sent:
        taken = one.status == 200
        if one.kind == "command":
            assert stub.answered[one.key] == taken or one.status == 0, (one, stub.answered[one.key])
            assert taken or one.status == 0 or f"command:{TEAM}:{one.key}" not in keys, one
        elif one.kind == "reply":
            assert kept[one.key] == taken or one.status == 0, (one, kept[one.key])
        else:
            assert not kept[one.key], one
    print("  each that was acknowledged was answered or kept once; none that was refused ran")


async def _calm(stub: SlackStub, sent: list[Sent]) -> float:
    """Seconds until the last command that was taken is answered."""
    began = time.perf_counter()
    taken = [one.key for one in sent if one.kind == "command" and one.status == 200]

    async def answered() -> bool:
        return all(stub.answered[key] for key in taken)

    await _until(answered, why="every answer", seconds=SECONDS_TO_CALM_DOWN)
    seconds = time.perf_counter() - began
    await asyncio.sleep(1.0)  # a second answer would come now
    return seconds


@contextmanager
def _parley(home: Path, port: int, slack: str) -> Iterator[psutil.Process]:
    """The bot in a process of its own, ended by a signal."""
    environment = os.environ | {
        "PARLEY_HOME": str(home),
        "PARLEY_MODELS": str(home / "models"),
        "PARLEY_PORT": str(port),
        "SLACK_BOT_TOKEN": "xoxb-load",
        "SLACK_SIGNING_SECRET": SECRET,
        "SLACK_API_URL": f"{slack}/api/",
    }
    with (home / "log").open("wb") as log:
        command = [sys.executable, "-m", "bot.cli", "serve"]
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        yield psutil.Process(process.pid)
    except BaseException:
        print((home / "log").read_text(encoding="utf-8")[-600:])
        raise
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def _free_port() -> Iterator[int]:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        port: int = door.getsockname()[1]
    yield port


@asynccontextmanager
async def _memory(bot: psutil.Process) -> AsyncIterator[list[float]]:
    """The bot's resident megabytes, once a second."""
    seen: list[float] = []

    async def watch() -> None:
        while True:
            seen.append(bot.memory_info().rss / 1e6)
            await asyncio.sleep(1.0)

    task = asyncio.create_task(watch())
    try:
        yield seen
    finally:
        task.cancel()


def _spent(bot: psutil.Process) -> float:
    times = bot.cpu_times()
    return float(times.user + times.system)


async def _is_well(port: int) -> bool:
    return (await look(port, "/health")).status == 200


async def _until(holds: Callable[[], Awaitable[bool]], *, why: str, seconds: float = 60.0) -> None:
    end = time.perf_counter() + seconds
    while not await holds():
        if time.perf_counter() > end:
            raise AssertionError(f"not within {seconds:.0f} s: {why}")
        await asyncio.sleep(0.05)
