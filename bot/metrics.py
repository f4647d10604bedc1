"""What Parley tells a monitoring system about itself. Gauges never wait for the database: they show the latest look."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import get_args

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from bot.asking.command import Lane
from bot.clock import lag
from storage import messages, requests
from storage.database import Database
from storage.requests import Queue

NOTHING_WAITS = Queue(0, None)
SECONDS_OF_AN_ACKNOWLEDGEMENT = (0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.0, 3.0)
SECONDS_OF_AN_EVALUATION = (0.5, 1.0, 2.0, 5.0, 15.0, 60.0, 300.0, 900.0)


class Metrics:
    """All of them, in a registry of their own. ``latest`` gives the last look at the database, None without one."""

    def __init__(self, latest: Callable[[], Look | None]) -> None:
        self.registry = CollectorRegistry()
        self.registry.register(Gauges(latest))
        self._acknowledged = Histogram(
            "parley_acknowledgement_seconds",
            "From the arrival of a delivery to its answer",
            ["status"],
            buckets=SECONDS_OF_AN_ACKNOWLEDGEMENT,
            registry=self.registry,
        )
        self._evaluated = Histogram(
            "parley_evaluation_seconds",
            "How long evaluations took, and how they ended",
            ["outcome"],
            buckets=SECONDS_OF_AN_EVALUATION,
            registry=self.registry,
        )
        self._calls = Counter("parley_slack_calls", "Calls to Slack", ["method", "outcome"], registry=self.registry)

    def acknowledged(self, seconds: float, status: int) -> None:
        self._acknowledged.labels(str(status)).observe(seconds)

    def evaluated(self, seconds: float, outcome: str) -> None:
        self._evaluated.labels(outcome).observe(seconds)

    def called(self, method: str, outcome: str) -> None:
        self._calls.labels(method, outcome).inc()


@dataclass(frozen=True, slots=True)
class Look:
    """What waits in the database, and when that was seen."""

    at: datetime
    queues: Mapping[str, Queue]
    unsent: Queue
    dead: Mapping[str, int]
    clock_lag: float


def look(database: Database, now: datetime) -> Look:
    with database.reading() as tx:
        return Look(
            at=now,
            queues=requests.queues(tx),
            unsent=messages.queue(tx),
            dead={"request": requests.count_dead(tx), "message": messages.count_dead(tx)},
            clock_lag=lag(tx, now),
        )


class Gauges(Collector):
    """The latest look as gauges; without one it is known that the database is away, and nothing else."""

    def __init__(self, latest: Callable[[], Look | None]) -> None:
        self._latest = latest

    def collect(self) -> list[GaugeMetricFamily]:
        seen = self._latest()
        up = GaugeMetricFamily("parley_database_up", "Whether the database answers", value=float(seen is not None))
        return [up, *(_waiting(seen) if seen is not None else ())]


def _waiting(seen: Look) -> list[GaugeMetricFamily]:
    depth = GaugeMetricFamily("parley_requests_waiting", "Requests that wait for an answer", labels=["lane"])
    age = GaugeMetricFamily("parley_requests_oldest_seconds", "How long the oldest request waits", labels=["lane"])
    for lane in get_args(Lane):
        queue = seen.queues.get(lane, NOTHING_WAITS)
        depth.add_metric([lane], queue.depth)
        age.add_metric([lane], _seconds(queue, seen.at))
    unsent = GaugeMetricFamily("parley_messages_unsent", "Messages Slack doesn't show yet", value=seen.unsent.depth)
    oldest = GaugeMetricFamily(
        "parley_messages_oldest_seconds", "How long the oldest of them waits", value=_seconds(seen.unsent, seen.at)
    )
    dead = GaugeMetricFamily("parley_dead", "Requests and messages that are not tried any more", labels=["kind"])
    for kind, count in seen.dead.items():
        dead.add_metric([kind], count)
    late = GaugeMetricFamily(
        "parley_clock_lag_seconds", "How long a schedule that is due waits for the clock", value=seen.clock_lag
    )
    return [depth, age, unsent, oldest, dead, late]


def _seconds(queue: Queue, now: datetime) -> float:
    return max((now - queue.since).total_seconds(), 0.0) if queue.since is not None else 0.0
