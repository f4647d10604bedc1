"""Every benchmark, one after the other: `make bench`."""

from __future__ import annotations

from benchmarks import cards

if __name__ == "__main__":
    cards.main()
