"""Every benchmark, one after the other: `make bench`. Words choose some: `cards`, `pairs`, `kept`, `scale`, `large`."""

from __future__ import annotations

import sys
from collections.abc import Callable

from benchmarks import cards, kept, pairs, scale

ALL: dict[str, Callable[[], None]] = {
    "cards": cards.main,
    "pairs": pairs.main,
    "kept": kept.main,
    "scale": scale.main,
    "large": pairs.large,
}

if __name__ == "__main__":
    for name in sys.argv[1:] or ("cards", "pairs", "kept", "scale"):
        ALL[name]()
