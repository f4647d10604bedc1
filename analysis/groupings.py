"""Groupings as a model card writes them: columns crossed with ` & `, or one column whose name has that sign in it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

from analysis.card import ModelCard

Grouping = tuple[str, ...]
SIGN = " & "


def possible_columns(card: ModelCard) -> frozenset[str]:
    """The columns that the model card's groupings may mean; which of them do is known once the log is open."""
    groupings = (*card.protected, *card.slices)
    sliced = {column for check in card.checks for column, _ in check.slice or ()}
    return frozenset(c for grouping in groupings for c, _, _ in _runs(grouping)) | sliced


def with_known_columns(card: ModelCard, there: Collection[str]) -> ModelCard:
    """The model card with groupings of columns that are there: `a & b` is one column where the log has one of that
    name."""
    return replace(
        card,
        protected=tuple(known_columns(grouping, there) for grouping in card.protected),
        slices=tuple(known_columns(grouping, there) for grouping in card.slices),
    )


def known_columns(grouping: Grouping, there: Collection[str]) -> Grouping:
    """The grouping with the longest names that are columns; parts that are none stay as they are."""
    found: list[str] = []
    start = 0
    while start < len(grouping):
        runs = [(name, end) for name, begin, end in _runs(grouping) if begin == start and name in there]
        name, start = max(runs, key=lambda run: run[1], default=(grouping[start], start + 1))
        found.append(name)
    return tuple(found)


def _runs(grouping: Grouping) -> Iterator[tuple[str, int, int]]:
    """Every run of neighbouring parts as one name, with its start and its end."""
    for start in range(len(grouping)):
        for end in range(start + 1, len(grouping) + 1):
            yield SIGN.join(grouping[start:end]), start, end
