"""The ten weeks of the simulation: which days they hold, and when on these days something happens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

Times = NDArray[np.datetime64]
Numbers = NDArray[np.float64]

DAYS = 70
MONDAY_TO_SUNDAY = np.array([1.0, 0.96, 0.97, 1.0, 1.06, 1.12, 1.18])
HOUR_BY_HOUR = np.array([2, 1, 1, 1, 1, 2, 4, 6, 7, 7, 8, 8, 9, 9, 8, 8, 9, 10, 12, 14, 15, 13, 8, 4], dtype=float)
"""How busy a shop is; UTC, two hours behind its customers."""


@dataclass(frozen=True, slots=True)
class Weeks:
    """Ten weeks that end with the day before ``today``."""

    today: date

    @classmethod
    def until(cls, now: datetime) -> Weeks:
        return cls(now.astimezone(UTC).date())

    @property
    def first(self) -> date:
        return self.ago(DAYS)

    def ago(self, days: int) -> date:
        return self.today - timedelta(days=days)

    def days_ago(self, times: Times) -> Numbers:
        """How many days before today's midnight each moment lies."""
        gone: Numbers = (np.datetime64(self.today, "us") - times) / np.timedelta64(1, "D")
        return gone

    def moments(self, rows: int, rng: np.random.Generator) -> Times:
        """Times in these weeks, in order: more at weekends and in the evening, as in a shop."""
        days = np.arange(DAYS)
        busy = MONDAY_TO_SUNDAY[(self.first.weekday() + days) % 7]
        day = rng.choice(days, size=rows, p=busy / busy.sum())
        hour = rng.choice(24, size=rows, p=HOUR_BY_HOUR / HOUR_BY_HOUR.sum())
        micros = (day * 24 + hour) * 3_600_000_000 + rng.integers(0, 3_600_000_000, size=rows)
        return np.sort(np.datetime64(self.first, "us") + micros.astype("timedelta64[us]"))
