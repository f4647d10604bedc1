"""Numbers with as many digits as they mean."""

from __future__ import annotations

DIGITS_OF_A_FIT = 6
"""What a fitted model gives: its last digits hang on the processor."""


def to_digits(number: float, digits: int = DIGITS_OF_A_FIT) -> float:
    return float(f"{number:.{digits}g}")
