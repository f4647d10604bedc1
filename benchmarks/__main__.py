"""Every benchmark, one after the other: `make bench`. Words choose some: `cards`, `pairs`, `kept`, `load`, `large`."""

from __future__ import annotations

import sys
from collections.abc import Callable

from benchmarks import cards, kept, load, pairs

ALL: dict[str, Callable[[], None]] = {
    "cards": cards.main,
    "pairs": pairs.main,
    "kept": kept.main,
    "load": load.main,
    "large": pairs.large,
}

if __name__ == "__main__":
    for name in sys.argv[1:] or ("cards", "pairs", "kept", "load"):
        ALL[name]()
