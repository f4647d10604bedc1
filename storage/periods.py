"""The order of a trend's periods, whose names alone say when they are."""

from __future__ import annotations

import re
from collections.abc import Sequence

from analysis.values import Measure


def in_time_order(newest_first: Sequence[Measure]) -> list[Measure]:
    """Only periods of the first one's kind: weeks and months are no one line."""
    if not newest_first:
        return []
    kind = _kind(newest_first[0].period)
    return sorted((one for one in newest_first if _kind(one.period) == kind), key=lambda one: _numbers(one.period))


def _kind(period: str | None) -> str:
    return re.sub(r"\d+", "0", period or "")


def _numbers(period: str | None) -> tuple[int, ...]:
    return tuple(int(digits) for digits in re.findall(r"\d+", period or ""))
