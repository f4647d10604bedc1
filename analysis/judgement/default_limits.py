"""The default checks' limits on numbers that are bad when they are high: for the checks and for lines in charts."""

from __future__ import annotations

from typing import NamedTuple


class Levels(NamedTuple):
    warn: float
    fail: float


DRIFT = Levels(0.10, 0.25)
"""Convention since the 1990s' credit scoring, not law and not derived from anything."""

ABOVE: dict[str, Levels] = {
    "psi": DRIFT,
    "jensen_shannon": DRIFT,
    "expected_calibration_error": Levels(0.05, 0.10),
    "unseen_rate": Levels(0.005, 0.05),
    "out_of_range_rate": Levels(0.01, 0.05),
    "type_error_rate": Levels(0.0, 0.01),
    "duplicate_rate": Levels(0.0, 0.01),
    "future_rate": Levels(0.0, 0.01),
    "conflicting_label_rate": Levels(0.05, 0.25),
}

RISE_OF_MISSING = Levels(0.01, 0.05)
"""Above the reference."""

MISSING_WITHOUT_REFERENCE = Levels(0.20, 0.50)

MISSING_VERSIONS = Levels(0.0, 0.05)
"""Of the column that names the version: such rows count for none."""
