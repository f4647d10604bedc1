"""The picture in docs/benchmarks.md, from seconds that were measured in one run:

python -m benchmarks.picture 'pyarrow reads=0.6' 'Parley evaluates=1.2' 'Evidently, three presets=400'
"""

from __future__ import annotations

import sys
from pathlib import Path

from matplotlib.figure import Figure

TARGET = Path("docs/benchmarks.png")
INK, BAR, OTHER = "#1f2933", "#0b5fa5", "#9aa5b1"


def draw(seconds: dict[str, float], target: Path) -> None:
    figure = Figure(figsize=(8, 0.7 + 0.55 * len(seconds)), dpi=150)
    axes = figure.add_axes((0.32, 0.2, 0.56, 0.74))
    names = list(seconds)
    colours = [BAR if name.startswith("Parley") else OTHER for name in names]
    axes.barh(range(len(names)), list(seconds.values()), color=colours, height=0.62)
    for row, value in enumerate(seconds.values()):
        axes.text(value * 1.08, row, f"{value:.2f} s" if value < 10 else f"{value:.0f} s", va="center", color=INK)
    axes.set_xscale("log")
    axes.set_xlim(0.1, max(seconds.values()) * 4)
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set_xlabel("seconds, each step ten times the one before")
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    figure.savefig(target)


if __name__ == "__main__":
    draw({name: float(value) for name, _, value in (word.rpartition("=") for word in sys.argv[1:])}, TARGET)
