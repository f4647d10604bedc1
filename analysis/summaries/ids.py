"""Which ids were seen how often, by their hashes: all of them while they fit, else those with the smallest hashes.

The smallest hashes of two lists together are the smallest of both, so lists merge in any order to the same one; and
they are a fair sample of the ids, each with all of its rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from analysis.log_hashes import hashes
from analysis.summaries.distinct import Ints

Hashes = npt.NDArray[np.uint64]

MOST_IDS = 2**20
SEED = 20_260_301


@dataclass(frozen=True, slots=True)
class Ids:
    """``hashes`` are sorted, ``counts`` the rows of each id; ``complete`` when none was left out."""

    hashes: Hashes
    counts: Ints
    complete: bool = True

    @classmethod
    def together(cls, parts: Sequence[Ids]) -> Ids:
        found, places = np.unique(np.concatenate([part.hashes for part in parts]), return_inverse=True)
        every = np.concatenate([part.counts for part in parts])
        counts = np.bincount(places, weights=every, minlength=len(found)).astype(np.int64)
        return _bounded(found, counts, all(part.complete for part in parts))


def ids_of(array: pa.Array) -> Ids:
    """The ids of a batch; rows without one are passed over."""
    found, counts = np.unique(hashed(array.drop_null()), return_counts=True)
    return _bounded(found, counts.astype(np.int64), True)


def hashed(array: pa.Array) -> Hashes:
    """A number for each id, spread evenly over 64 bits."""
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    return spread(hashes(array.cast(pa.string()), SEED))


def spread(numbers: Hashes) -> Hashes:
    """Steele, Lea and Flood's SplitMix64 finaliser: every bit of the result depends on every bit of the number."""
    with np.errstate(over="ignore"):
        mixed = numbers + np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return np.asarray(mixed ^ (mixed >> np.uint64(31)), dtype=np.uint64)


def _bounded(found: Hashes, counts: Ints, complete: bool) -> Ids:
    if len(found) <= MOST_IDS:
        return Ids(found, counts, complete)
    return Ids(found[:MOST_IDS], counts[:MOST_IDS], False)
