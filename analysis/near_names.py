"""What a misspelt name probably meant: used wherever people or files name a thing that does not exist."""

from __future__ import annotations

import difflib
from collections.abc import Collection

MUCH_LESS = 0.2


def near(name: str, known: Collection[str], *, most: int = 3, cutoff: float = 0.6) -> list[str]:
    """The known names most like ``name``, best first, without those that are much less like it than the best; capital
    letters don't count."""
    by_lower: dict[str, list[str]] = {}
    for candidate in sorted(known):
        by_lower.setdefault(candidate.lower(), []).append(candidate)
    close = difflib.get_close_matches(name.lower(), list(by_lower), n=most, cutoff=cutoff)
    likeness = {lower: difflib.SequenceMatcher(None, lower, name.lower()).ratio() for lower in close}
    best = max(likeness.values(), default=0.0)
    return [c for lower in close if likeness[lower] > best - MUCH_LESS for c in by_lower[lower]][:most]


def did_you_mean(name: str, known: Collection[str]) -> str:
    """``; did you mean "threshold"?``, or nothing when no known name is near."""
    close = near(name, known)
    if not close:
        return ""
    return f"; did you mean {' or '.join(quoted(c) for c in close)}?"


def quoted(name: str) -> str:
    return f'"{name}"'


def listed(names: Collection[str], *, most: int = 12) -> str:
    """The names in quotes with commas; after ``most`` of them, how many more there are."""
    shown = [quoted(n) for n in list(names)[:most]]
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
