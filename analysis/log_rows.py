"""Which of some rows lie in a window and outside another."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt

from analysis.log_pieces import Piece
from analysis.windows import Window

Mask = npt.NDArray[np.bool_]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def rows_in(window: Window, positions: npt.NDArray[np.int64], micros: npt.NDArray[np.int64], has_time: Mask) -> Mask:
    """For rows by their places in the log and their times; a row without a time lies in no window of time."""
    inside = np.ones(len(positions), dtype=bool)
    if window.first_row is not None:
        inside &= positions >= window.first_row
    if window.last_row is not None:
        inside &= positions < window.last_row
    if window.by_time:
        inside &= has_time
    if window.start is not None:
        inside &= micros >= microseconds(window.start)
    if window.end is not None:
        inside &= micros < microseconds(window.end)
    return inside


def may_hold_rows(window: Window, piece: Piece, first_row: int) -> bool:
    """Whether a piece can have rows in the window, by what is known without reading it."""
    start, end = first_row + piece.first_row, first_row + piece.first_row + piece.rows
    if window.first_row is not None and end <= window.first_row:
        return False
    if window.last_row is not None and start >= window.last_row:
        return False
    if piece.times is None:
        return True
    too_early = window.start is not None and piece.times[1] < microseconds(window.start)
    too_late = window.end is not None and piece.times[0] >= microseconds(window.end)
    return not (too_early or too_late)


def holds_only_rows_of(window: Window, piece: Piece, first_row: int) -> bool:
    """Whether all of a piece's rows lie in the window, by what is known without reading it."""
    start, end = first_row + piece.first_row, first_row + piece.first_row + piece.rows
    if start < (window.first_row or 0) or (window.last_row is not None and end > window.last_row):
        return False
    if not window.by_time:
        return True
    if piece.times is None or not piece.all_timed:
        return False
    early_enough = window.end is None or piece.times[1] < microseconds(window.end)
    return early_enough and (window.start is None or piece.times[0] >= microseconds(window.start))


def microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)
