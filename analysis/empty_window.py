"""Why a window holds no row: what the log covers, said to whoever asked for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa

from analysis.card import ModelCard
from analysis.errors import DataError, NoRowsError
from analysis.judgement.wording import count, plural
from analysis.log_opening import open_log
from analysis.log_reading import Log
from analysis.windows import Window, parse_window, window_before

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Cover:
    """How many rows there are, and the first and last of their times, where they have any."""

    rows: int
    first: datetime | None
    last: datetime | None


def no_rows(card: ModelCard, window: Window, asked: str, *, now: datetime) -> DataError:
    """The error to raise where no row of the log lies in ``window``, which people wrote as ``asked``.

    A log without any row is a DataError of its own: then no window would do. Reads the log's times once more."""
    log = open_log(card)
    there = cover(log)
    if not there.rows:
        return DataError(f"the log of {card.model} holds no row: {log.table.name} names its columns and ends there")
    of_reference = reference_in_the_log(card, now)
    words = " ".join(asked.split())
    if of_reference is not None and cover(log.narrowed(window=window)).rows:
        left = cover(log.narrowed(window=log.window, exclude=of_reference))
        named = f"the window {words}" if not window.is_all else "the log"
        rest = f"; outside the reference it has {_spoken(left)}" if left.rows else ""
        return NoRowsError(
            f"{named} holds no row of {card.model} beside those of the reference, which are not part of it{rest}"
        )
    return NoRowsError(
        f"the window {words}{_meant(window, words)} holds no row: the log of {card.model} has {_spoken(there)}"
    )


def reference_in_the_log(card: ModelCard, now: datetime) -> Window | None:
    """The rows of the log that are its reference, and so no part of any window."""
    reference = card.reference
    if reference is None or reference.source is not None:
        return None
    if reference.before is not None:
        return window_before(reference.before, zone=card.zone)
    return parse_window(reference.window or "all", now=now, zone=card.zone)


def cover(log: Log) -> Cover:
    """Of the rows in the log's window."""
    timestamp = log.card.columns.timestamp
    rows, ends = 0, []
    for partition in log.partitions:
        for batch in log.read(partition, [timestamp] if timestamp is not None else []):
            rows += len(batch)
            if timestamp is not None:
                times = batch.columns[timestamp].drop_null().cast(pa.int64())
                ends += [int(np.min(times)), int(np.max(times))] if len(times) else []
    return Cover(rows, _moment(min(ends)), _moment(max(ends))) if ends else Cover(rows, None, None)


def _moment(micros: int) -> datetime:
    """The first or the last moment that Python knows, for what lies beyond it."""
    try:
        return _EPOCH + timedelta(microseconds=micros)
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC) if micros > 0 else datetime.min.replace(tzinfo=UTC)


def _meant(window: Window, words: str) -> str:
    """What words that count back from now came to."""
    if not words.lower().startswith("last") or window.start is None or window.end is None:
        return ""
    return f" ({_minute(window.start)} to {_minute(window.end)} UTC)"


def _spoken(there: Cover) -> str:
    rows = plural(there.rows, "row")
    if there.first is not None and there.first == there.last:
        return f"{rows}, of {_minute(there.first)} UTC"
    if there.first is not None and there.last is not None:
        return f"{rows}, from {_minute(there.first)} to {_minute(there.last)} UTC"
    return f"{rows}, {'0' if there.rows == 1 else f'0 to {count(there.rows - 1)}'}"


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"
