"""Every benchmark, one after the other: `make bench`. Words choose some: `python -m benchmarks cards pairs kept`."""

from __future__ import annotations

import sys

from benchmarks import cards, kept, pairs

ALL = {
    "cards": cards.main,
    "pairs": pairs.main,
    "kept": kept.main,
    "large": lambda: pairs.memory(10_000_000, row_group=2**20),
}

if __name__ == "__main__":
    for name in sys.argv[1:] or ("cards", "pairs", "kept"):
        ALL[name]()
