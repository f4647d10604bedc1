"""What Parley tells a monitoring system about itself. Gauges never wait for the database: they show the latest look."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from storage import messages, requests
from storage.database import Database
from storage.requests import Queue


@dataclass(frozen=True, slots=True)
class Look:
    """What waits in the database, and when that was seen."""

    at: datetime
    queues: Mapping[str, Queue]
    unsent: Queue


def look(database: Database, now: datetime) -> Look:
    with database.reading() as tx:
        return Look(at=now, queues=requests.queues(tx), unsent=messages.queue(tx))


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
    for lane, queue in seen.queues.items():
        depth.add_metric([lane], queue.depth)
        age.add_metric([lane], _seconds(queue, seen.at))
    unsent = GaugeMetricFamily("parley_messages_unsent", "Messages Slack doesn't show yet", value=seen.unsent.depth)
    oldest = GaugeMetricFamily(
        "parley_messages_oldest_seconds", "How long the oldest of them waits", value=_seconds(seen.unsent, seen.at)
    )
    return [depth, age, unsent, oldest]


def _seconds(queue: Queue, now: datetime) -> float:
    return max((now - queue.since).total_seconds(), 0.0) if queue.since is not None else 0.0
