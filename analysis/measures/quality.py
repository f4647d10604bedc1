"""Quality: what is missing, new, out of range, of the wrong type or twice in the log; and how the values are spread."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from analysis.measures import many_values
from analysis.measures.bins import Binned, is_number, texts_of
from analysis.measures.figures import Figure, undefined
from analysis.measures.intervals import wilson
from analysis.summaries.features import Feature
from analysis.summaries.ids import Ids

FEWEST_TO_BE_SHOWN = 5
LONGEST_SHOWN = 60
MOST_SHARES = 30
"""A histogram of texts shows its most frequent values; the rest are one bin."""
REST = "(other)"


def share(name: str, part: float, rows: int, *, note: str | None = None) -> Figure:
    """A rate over all rows with Wilson's interval."""
    if not rows:
        return undefined(name, 0, "there is no row")
    value = part / rows
    low, high = wilson(value, rows)
    return Figure(name=name, value=value, low=low, high=high, n=rows, note=note)


def missing_rate(feature: Feature) -> Figure:
    """Rows without a value (null, NaN, an empty field) among all rows."""
    return share("missing_rate", feature.missing.rows, feature.rows)


def unique_values(feature: Feature) -> Figure | None:
    """How many different values there are (pandas' nunique); None where there is none, or too many to be told apart."""
    there = feature.rows - feature.missing.rows
    if not there:
        return None
    if feature.texts.many is not None:
        return many_values.unique_values(feature.texts.many, there)
    if feature.texts.values is None or not (feature.numbers.is_exact or not len(feature.numbers)):
        return None
    # What can be read as a number among texts is counted as a number, too.
    texts = len(feature.texts.values)
    count = texts or len(feature.numbers)
    return Figure(name="unique_values", value=float(count), n=there)


def future_rate(after: int, rows: int) -> Figure:
    """Rows whose time lies in a period that has not begun yet."""
    return share("future_rate", after, rows)


def type_error_rate(feature: Feature, reference: Feature | None) -> Figure | None:
    """Rows whose value is no number, in a column of numbers; None for other columns."""
    if not is_number(feature, reference):
        return None
    there = feature.rows - feature.missing.rows
    wrong = there - feature.numbers_among_texts if "text" in feature.kinds else 0
    return share("type_error_rate", wrong, feature.rows)


def out_of_range_rate(feature: Feature, reference: Feature) -> Figure | None:
    """Rows whose number is below the reference's least or above its greatest; None where there are no numbers."""
    if not len(reference.numbers) or not is_number(feature, reference):
        return None
    low, high = reference.moments.low, reference.moments.high
    outside = 0.0
    if feature.moments.low < low or feature.moments.high > high:
        numbers, counts = feature.numbers.numbers, feature.numbers.over()
        outside = float(counts[(numbers < low) | (numbers > high)].sum())
    note = None if feature.numbers.is_exact else "numbers are binned; those next to the edges may count on either side"
    return share("out_of_range_rate", outside, feature.rows, note=note)


@dataclass(frozen=True, slots=True)
class Unseen:
    """The rate of rows with an unseen value, and the values that are frequent enough to be named, each with its share;
    the most frequent first."""

    rate: Figure
    values: list[tuple[str, Figure]]


def unseen(feature: Feature, reference: Feature) -> Unseen | None:
    """Rows whose category the reference never had; None where the column is no category, or has too many values."""
    if is_number(feature, reference):
        return None
    values, table = texts_of(feature)
    known, _ = texts_of(reference)
    if values is None or known is None or table is None or not known:
        return None
    seen = set(known)
    counts = np.bincount(table.keys, weights=table.counts, minlength=len(values))
    new = [(value, int(count)) for value, count in zip(values, counts, strict=True) if value not in seen and count]
    rate = share("unseen_rate", sum(count for _, count in new), feature.rows)
    named = sorted((entry for entry in new if entry[1] >= FEWEST_TO_BE_SHOWN), key=lambda entry: (-entry[1], entry[0]))
    shown = [
        (value[:LONGEST_SHOWN], share("share", count, feature.rows, note="unseen"))
        for value, count in named[:MOST_SHARES]
    ]
    return Unseen(rate, shown)


def duplicate_rate(ids: Ids, rows: int) -> Figure:
    """Rows whose id another row has already had, among all rows."""
    seen = int(ids.counts.sum())
    again = seen - len(ids.counts)
    if ids.complete:
        return share("duplicate_rate", again, rows)
    note = f"estimated from {len(ids.counts):,} ids drawn by their hashes"
    return share("duplicate_rate", again / seen * rows, rows, note=note)


def volume(rows: int) -> Figure:
    """How many rows there are."""
    return Figure(name="volume", value=rows, n=rows)


def shares(binned: Binned, rows: int, *, of_reference: bool = False) -> Iterator[tuple[str, Figure]]:
    """A histogram: the share of all rows in each bin; the rarest texts together where there are many."""
    counts = binned.reference if of_reference and binned.reference is not None else binned.window
    note = "numbers are binned" if binned.approximate else None
    order = range(len(binned.names))
    if len(binned.names) > MOST_SHARES:
        kept = set(np.argsort(-binned.window, kind="stable")[:MOST_SHARES].tolist())
        rest = int(sum(counts[i] for i in order if i not in kept))
        for i in order:
            if i in kept:
                yield binned.names[i][:LONGEST_SHOWN], share("share", int(counts[i]), rows, note=note)
        yield REST, share("share", rest, rows, note=note)
        return
    for i in order:
        yield binned.names[i][:LONGEST_SHOWN], share("share", int(counts[i]), rows, note=note)
