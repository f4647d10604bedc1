"""Every benchmark, one after the other: `make bench`. Words choose some: `cards`, `pairs`, `kept`, `scale`, `load`,
`large`."""

from __future__ import annotations

import sys
from importlib import import_module

ALL = {
    "cards": "benchmarks.cards:main",
    "pairs": "benchmarks.pairs:main",
    "kept": "benchmarks.kept:main",
    "scale": "benchmarks.scale:main",
    "load": "benchmarks.load:main",
    "large": "benchmarks.pairs:large",
}
"""Imported when they run: a child process imports this module anew, and what it takes would count as drawing."""

if __name__ == "__main__":
    for name in sys.argv[1:] or ("cards", "pairs", "kept", "scale", "load"):
        module, _, function = ALL[name].partition(":")
        getattr(import_module(module), function)()
