"""The end of a sentence about an unknown name: what was probably meant."""

from __future__ import annotations

from analysis import near_names


def near(name: str, known: tuple[str, ...] | list[str], *, most: int = 3) -> str:
    """The end of a sentence about an unknown name: the nearest known ones, else the first of all."""
    close = near_names.near(name, known, most=most)
    if close:
        return f"; did you mean {' or '.join(f'`{c}`' for c in close)}?"
    if not known:
        return "."
    shown = ", ".join(f"`{k}`" for k in known[:12])
    return f"; known: {shown}{' …' if len(known) > 12 else ''}."
