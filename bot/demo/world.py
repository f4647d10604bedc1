"""What both simulated models share: a made-up shop's regions and customers, and how a model's log is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.demo.weeks import Numbers, Times

Words = NDArray[np.object_]
Rows = Mapping[str, NDArray[Any]]

REGIONS = {"north": 0.24, "south": 0.28, "east": 0.22, "west": 0.26}
AGE_BANDS = {"18-29": 0.26, "30-44": 0.34, "45-59": 0.25, "60+": 0.15}


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Everything a model ever logged, in the order of time, and when the truth about each row became known."""

    model: str
    rows_are: str
    at: Times
    log: Rows
    arrived: Times
    labels: Rows


def pick(shares: Mapping[str, float], rows: int, rng: np.random.Generator) -> Words:
    """Names at random, as often as their shares say."""
    weights = np.array(list(shares.values()))
    picked: Words = np.array(list(shares), dtype=object)[rng.choice(len(shares), size=rows, p=weights / weights.sum())]
    return picked


def effect(of: Mapping[str, float], names: Words) -> Numbers:
    """The number that belongs to each name; 0 for names that have none."""
    found, places = np.unique(names.astype(str), return_inverse=True)
    effects: Numbers = np.array([of.get(str(name), 0.0) for name in found])[places]
    return effects


def happens(log_odds: Numbers, rng: np.random.Generator) -> NDArray[np.int8]:
    """1 where it happens, 0 where it does not, each with its own odds."""
    return (rng.random(len(log_odds)) < 1 / (1 + np.exp(-log_odds))).astype(np.int8)


def numbered(prefix: str, rows: int, start: int) -> Words:
    return np.array([f"{prefix}-{number}" for number in range(start, start + rows)], dtype=object)


def days(amount: Numbers) -> NDArray[np.timedelta64]:
    return (amount * 86_400_000_000).astype("timedelta64[us]")
