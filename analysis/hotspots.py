"""Hotspots: slices of one to three conditions in which a model errs clearly more than its scores let expect.

A model that is unsure of some rows, and says so by its scores, does not fail there. So a row's error is compared with
the mean error of all rows that are scored alike (``expected``), and what is above it, the excess, is searched.

Found on one half of a sample and confirmed on the other, so that what is told is not what chance made look worst. A
slice scores by its error above the rest's, times its share of the rows to the power of a quarter (the size exponent
that TruEra uses); a further condition must add clearly to those before; of those confirmed at most one in twenty is a
false alarm (Benjamini & Hochberg, Journal of the Royal Statistical Society B 57 (1995) 289–300).

Of few rows a half tells too little. There all rows are searched, and a slice is told only where it stands out more than
the worst slice of 19 in 20 logs whose errors were dealt out anew among rows that are scored alike (Westfall & Young,
Resampling-Based Multiple Testing (1993)): so at most one log in twenty without a hotspot has a false one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analysis.binning import SLOTS, Binning, Codes
from analysis.card import ModelCard
from analysis.errors import UserError
from analysis.judgement.contrast import FALSE_DISCOVERY_RATE
from analysis.summaries.distinct import Ints
from analysis.summaries.keys import Floats
from analysis.values import Slice

FEWEST_ROWS = 50
FEWEST_ROWS_OF_A_SMALL_LOG = 30
FEWEST_ROWS_TO_HOLD_BACK = 4_000
"""Fewer rows are searched as a whole."""
DEALS = 199
"""How often errors are dealt out anew."""
MOST_COLUMNS_TO_PAIR = 10
"""In a small log with more features only single conditions are searched: the pairs of many features are too many to be
told from chance, and take too long to deal out."""
SEED = 17
SIZE_EXPONENT = 0.25
LARGEST_SHARE = 0.5
"""More than half of all rows are no hotspot but the model."""
CLEARLY = 3.0
"""Standard errors above the rest, in the half where slices are found."""
MORE_CLEARLY = 4.0
"""Standard errors that a slice must be above the rest of the slice without its last condition: many are tried."""
MOST_PAIRS_TO_EXTEND = 20
MOST_CANDIDATES = 100
MOST_CONFIRMED = 5
SAME_ROWS = 0.5
"""Slices are one hotspot when they share more than this of the smaller one's rows."""
STEPS = 2**30
"""Excesses are whole multiples of the largest over this, so that sums are exact and do not hang on their order."""
SCORED_ALIKE = 40
"""Rows are scored alike within one of so many equal parts of all rows, in the order of their scores."""
FEWEST_SCORED_ALIKE = 200

Mask = npt.NDArray[np.bool_]
Condition = tuple[int, int]
"""A column's number, and the number of one of its ranges."""


@dataclass(frozen=True, slots=True)
class Side:
    """Rows of the half that confirms: how many, and of their errors and excesses the means and variances."""

    rows: int
    error: float
    error_variance: float
    excess: float
    excess_variance: float


@dataclass(frozen=True, slots=True)
class Hotspot:
    """A confirmed slice: its held-back rows, and all other held-back rows."""

    slice: Slice
    inside: Side
    rest: Side

    @property
    def above(self) -> float:
        """How much larger the mean error is than that of other rows that are scored alike."""
        return self.inside.excess - self.rest.excess

    @property
    def standard_error(self) -> float:
        sides = (self.inside, self.rest)
        return math.sqrt(sum(side.excess_variance / side.rows for side in sides))

    @property
    def chance(self) -> float:
        """The chance of an excess like this where there is none (one-sided, normal)."""
        error = self.standard_error
        return 0.5 * math.erfc(self.above / error / math.sqrt(2)) if error > 0 else float(self.above <= 0)


@dataclass(frozen=True, slots=True)
class Candidate:
    conditions: tuple[Condition, ...]
    score: float


def fewest_rows(card: ModelCard) -> int | None:
    """The smallest slice that the model card's check looks at; None where it leaves that to us."""
    found = [s.options["size"] for s in card.checks if s.on and s.check == "hotspot" and "size" in s.options]
    for size in found:
        if isinstance(size, bool) or not isinstance(size, int) or size < 2:
            raise UserError(f"hotspot: size must be a whole number of rows from 2 on, such as 30, not {size!r}.")
    return min((size for size in found if isinstance(size, int)), default=None)


def hotspots(
    columns: Sequence[Binning], errors: Floats, expected: Floats, held_back: Mask, *, fewest: int | None = None
) -> list[Hotspot]:
    """The confirmed hotspots of at least ``fewest`` rows, worst first.

    ``columns`` are binned features of n rows, ``errors`` (n,) are what each row adds to the model's error (0 or 1 for a
    wrong class, the size of a regression's error), ``expected`` (n,) what rows that are scored alike add on average,
    ``held_back`` (n,) tells the half that confirms.
    """
    excess = errors - expected
    whole = np.rint(excess / max(float(np.abs(excess).max(initial=0.0)), 1e-300) * STEPS)
    if not whole.any():
        return []
    if len(errors) < FEWEST_ROWS_TO_HOLD_BACK:
        return _of_few(columns, errors, excess, whole, fewest or FEWEST_ROWS_OF_A_SMALL_LOG)
    fewest = fewest or FEWEST_ROWS
    search = Search(columns, whole, ~held_back, fewest)
    if search.rows < 2 * fewest:
        return []
    best = search.without_twins(search.candidates())
    codes = [column.codes[held_back] for column in columns]
    confirming = [_confirmed(search, c, codes, errors[held_back], excess[held_back]) for c in best]
    tried = [h for h in confirming if h is not None]
    return sorted(_discoveries(tried), key=_standing, reverse=True)[:MOST_CONFIRMED]


def _of_few(columns: Sequence[Binning], errors: Floats, excess: Floats, whole: Floats, fewest: int) -> list[Hotspot]:
    """The hotspots of a log that is too small to hold half of it back."""
    everything = np.ones(len(errors), dtype=bool)
    search = Search(columns, whole, everything, fewest)
    if search.rows < 2 * fewest:
        return []
    dealt = np.vstack([whole, _dealt(whole, np.unique(errors - excess, return_inverse=True)[1])])
    found = [c for family in _families(search, dealt) for c in _beyond_chance(*family)]
    best = search.without_twins(sorted((c for c in found if search.says_more(c)), key=_order))
    told = [_confirmed(search, c, search.codes, errors, excess) for c in best]
    return sorted((h for h in told if h is not None), key=_standing, reverse=True)[:MOST_CONFIRMED]


def _dealt(errors: Floats, alike: Ints) -> Floats:
    """The errors dealt out anew, (deals, rows), each among the rows that are scored alike."""
    chance = np.random.default_rng(SEED)
    order = np.argsort(alike, kind="stable")
    found = np.empty((DEALS, len(errors)))
    for deal in found:
        deal[order] = errors[np.lexsort((chance.random(len(errors)), alike))]
    return found


Family = tuple[list[tuple[Condition, ...]], Floats]
"""Slices that are tested together: their conditions, and how far each stands out in each deal, (deals, slices)."""


def _families(search: Search, dealt: Floats) -> Iterator[Family]:
    """Slices of one condition, then of two; each may take half of the chance of a false alarm."""
    places = range(len(search.columns))
    in_slots = [_in_cells(search.codes[a], SLOTS) for a in places]
    yield _joined(
        search.standing(
            [((a, r),) for r in range(len(search.columns[a].names))], (in_slots[a], dealt), search.ranges_of(a)
        )
        for a in places
    )
    if len(places) <= MOST_COLUMNS_TO_PAIR:
        yield _joined(_of_pair(search, dealt, a, b) for a in places for b in range(a + 1, len(places)))


def _of_pair(search: Search, dealt: Floats, a: int, b: int) -> Family:
    one, two = search.ranges_of(a), search.ranges_of(b)
    cells = _in_cells(search.codes[a] * np.uint8(SLOTS) + search.codes[b], SLOTS * SLOTS)
    conditions = [((a, i), (b, j)) for i in range(len(one)) for j in range(len(two))]
    both = np.einsum("is,jt->ijst", one, two).reshape(len(conditions), SLOTS * SLOTS)
    return search.standing(list(conditions), (cells, dealt), both)


def _in_cells(cells: Codes, size: int) -> Floats:
    """(rows, cells): 1 where a row lies in a cell."""
    return np.eye(size)[cells]


def _joined(families: Iterable[Family]) -> Family:
    some = list(families)
    if not some:
        return [], np.zeros((DEALS + 1, 0))
    return [c for conditions, _ in some for c in conditions], np.hstack([standing for _, standing in some])


def _beyond_chance(conditions: list[tuple[Condition, ...]], standing: Floats) -> Iterator[Candidate]:
    """Those that stand out more in the log itself, the first deal, than the worst slice does in nearly all others."""
    if not conditions:
        return
    worst = np.sort(standing[1:].max(axis=1))
    here = standing[0]
    as_far = len(worst) - np.searchsorted(worst, here, side="left")
    for place in np.flatnonzero((1 + as_far) / (1 + len(worst)) < FALSE_DISCOVERY_RATE / 2):
        yield Candidate(conditions[place], float(here[place]))


def expected_errors(scores: Floats, errors: Floats) -> Floats:
    """For each row the mean error of all rows that are scored alike: within one of up to 40 equal parts by score."""
    parts = max(1, min(SCORED_ALIKE, len(scores) // FEWEST_SCORED_ALIKE))
    edges = np.sort(scores)[[len(scores) * part // parts for part in range(1, parts)]] if len(scores) else scores
    place = np.searchsorted(np.unique(edges), scores, side="right")
    rows = np.bincount(place, minlength=parts)
    means = np.bincount(place, weights=errors, minlength=parts) / np.maximum(rows, 1)
    return np.asarray(means[place], dtype=np.float64)


class Search:
    """The half of the rows in which slices are found, and the slices that stand out there."""

    def __init__(self, columns: Sequence[Binning], errors: Floats, here: Mask, fewest: int) -> None:
        self.columns = columns
        self.fewest = fewest
        self.codes: list[Codes] = [column.codes[here] for column in columns]
        self.errors = errors[here]
        self.rows = len(self.errors)
        self.total = float(self.errors.sum())
        self.variance = float(np.square(self.errors).sum()) / max(self.rows, 1) - (self.total / max(self.rows, 1)) ** 2
        most = max((len(column.names) for column in columns), default=0)
        self.ranges = np.zeros((len(columns), most, SLOTS))
        for place, column in enumerate(columns):
            self.ranges[place, : len(column.names)] = column.ranges

    def candidates(self) -> list[Candidate]:
        """Slices of one condition, of two, and of three that extend the best of two."""
        alone = [self._of_one(a) for a in range(len(self.columns))]
        scores = [self._scored(*table) for table in alone]
        singles = [Candidate(((a, int(s.argmax())),), float(s.max())) for a, s in enumerate(scores) if s.max() > 0]
        pairs = sorted((pair for a in range(len(self.columns) - 1) for pair in self._pairs(a, alone)), key=_order)
        triples = [t for pair in pairs[:MOST_PAIRS_TO_EXTEND] for t in self._extended(pair)]
        return sorted([*singles, *pairs, *triples], key=_order)[:MOST_CANDIDATES]

    def ranges_of(self, column: int) -> Floats:
        return self.ranges[column, : len(self.columns[column].names)]

    def standing(self, conditions: list[tuple[Condition, ...]], dealt: tuple[Floats, Floats], ranges: Floats) -> Family:
        """How many standard errors each slice lies above the rest, in each deal of the errors; ``dealt`` are (rows,
        cells) and (deals, rows), ``ranges`` the cells of each slice. Errors are whole numbers, so no sum hangs on its
        order."""
        cells, errors = dealt
        rows = ranges @ cells.sum(axis=0)
        inside = (errors @ cells) @ ranges.T
        others = self.rows - rows
        with np.errstate(divide="ignore", invalid="ignore"):
            above = inside / rows - (self.total - inside) / others
            found = above / np.sqrt(self.variance * (1 / rows + 1 / others))
        counts = (rows >= self.fewest) & (rows <= LARGEST_SHARE * self.rows)
        return conditions, np.where(counts, found, -np.inf)

    def says_more(self, candidate: Candidate) -> bool:
        """Whether a slice of two conditions errs clearly more than each of the two slices that it is part of."""
        inside = self.rows_of(candidate.conditions, self.codes)
        for condition in candidate.conditions if len(candidate.conditions) > 1 else ():
            larger = self.rows_of((condition,), self.codes)
            numbers = (inside.sum(), self.errors[inside].sum(), larger.sum(), self.errors[larger].sum())
            rows, errors, of_rows, of_errors = (np.full(1, float(n)) for n in numbers)
            if of_rows[0] > rows[0] and not self._adds(rows, errors, of_rows, of_errors, self.variance, CLEARLY).any():
                return False
        return True

    def rows_of(self, conditions: Sequence[Condition], codes: Sequence[Codes]) -> Mask:
        inside = np.ones(len(codes[0]), dtype=bool)
        for column, number in conditions:
            inside &= self.columns[column].ranges[number][codes[column]]
        return inside

    def without_twins(self, candidates: Sequence[Candidate]) -> list[Candidate]:
        """Without those that name mostly the rows of a better one."""
        kept: list[tuple[Candidate, Codes]] = []
        for candidate in candidates:
            rows = np.packbits(self.rows_of(candidate.conditions, self.codes))
            if not any(_shared(rows, other) > SAME_ROWS for _, other in kept):
                kept.append((candidate, rows))
        return [candidate for candidate, _ in kept]

    def _pairs(self, a: int, alone: Sequence[tuple[Floats, Floats]]) -> Iterator[Candidate]:
        """The best pair of the column with each later one, where it adds to both of its conditions."""
        later = range(a + 1, len(self.columns))
        tables = np.stack([self._of_two(a, b) for b in later])
        rows, errors = (
            np.matmul(np.matmul(self.ranges[a], tables[:, i]), self.ranges[a + 1 :].transpose(0, 2, 1)) for i in (0, 1)
        )
        scores = self._scored(rows, errors)
        for place, b in enumerate(later):
            pair = rows[place], errors[place]
            (first_rows, first_errors), (second_rows, second_errors) = alone[a], alone[b]
            adds = self._adds(*pair, first_rows[:, None], first_errors[:, None], self.variance)
            adds &= self._adds(*pair, second_rows, second_errors, self.variance)
            score = np.where(adds, scores[place], 0.0)
            i, j = np.unravel_index(int(score.argmax()), score.shape)
            if score[i, j] > 0:
                yield Candidate(((a, int(i)), (b, int(j))), float(score[i, j]))

    def _extended(self, pair: Candidate) -> Iterator[Candidate]:
        """The best third condition of each other column."""
        inside = np.flatnonzero(self.rows_of(pair.conditions, self.codes))
        errors = self.errors[inside]
        for c in range(len(self.columns)):
            if c in (column for column, _ in pair.conditions):
                continue
            codes = self.codes[c][inside]
            tables = [np.bincount(codes, weights=w, minlength=SLOTS) for w in (None, errors)]
            rows, excess = (self.ranges[c] @ table for table in tables)
            adds = self._adds(rows, excess, np.full(1, float(len(inside))), np.full(1, errors.sum()), errors.var())
            score = np.where(adds, self._scored(rows, excess), 0.0)
            best = int(score.argmax())
            if score[best] > pair.score:
                yield Candidate((*pair.conditions, (c, best)), float(score[best]))

    def _of_one(self, column: int) -> tuple[Floats, Floats]:
        rows, errors = self._counted(self.codes[column], SLOTS)
        return self.ranges[column] @ rows, self.ranges[column] @ errors

    def _of_two(self, a: int, b: int) -> Floats:
        cells = self.codes[a] * np.uint8(SLOTS) + self.codes[b]
        return np.stack(self._counted(cells, SLOTS * SLOTS)).reshape(2, SLOTS, SLOTS)

    def _counted(self, cells: Codes, size: int) -> tuple[Floats, Floats]:
        """Rows and sums of errors for each cell."""
        rows = np.bincount(cells, minlength=size).astype(np.float64)
        return rows, np.bincount(cells, weights=self.errors, minlength=size).astype(np.float64, copy=False)

    def _scored(self, rows: Floats, errors: Floats) -> Floats:
        """How much each slice stands out; 0 where it does not, or where it is too small or too large."""
        others = np.maximum(self.rows - rows, 1)
        with np.errstate(divide="ignore", invalid="ignore"):
            above = errors / rows - (self.total - errors) / others
            clear = above > CLEARLY * np.sqrt(self.variance * (1 / rows + 1 / others))
            score = above * (rows / self.rows) ** SIZE_EXPONENT
        counts = (rows >= self.fewest) & (rows <= LARGEST_SHARE * self.rows) & clear
        return np.where(counts, score / STEPS, 0.0)

    def _adds(
        self,
        rows: Floats,
        errors: Floats,
        of_rows: Floats,
        of_errors: Floats,
        variance: float,
        clearly: float = MORE_CLEARLY,
    ) -> Mask:
        """Whether slices err clearly more than what else is in the larger slices that they are part of."""
        with np.errstate(divide="ignore", invalid="ignore"):
            above = errors / rows - (of_errors - errors) / (of_rows - rows)
            needed = clearly * np.sqrt(variance * (1 / rows + 1 / (of_rows - rows)))
            return np.asarray(above > needed, dtype=bool)


def _confirmed(
    search: Search, candidate: Candidate, codes: Sequence[Codes], errors: Floats, excess: Floats
) -> Hotspot | None:
    """The candidate on held-back rows; None where they are too few."""
    rows = search.rows_of(candidate.conditions, codes)
    if rows.sum() < search.fewest or (~rows).sum() < search.fewest:
        return None
    named = sorted((search.columns[c].name, search.columns[c].names[r]) for c, r in candidate.conditions)
    return Hotspot(tuple(named), _side(errors[rows], excess[rows]), _side(errors[~rows], excess[~rows]))


def _side(errors: Floats, excess: Floats) -> Side:
    return Side(
        len(errors), float(errors.mean()), float(errors.var(ddof=1)), float(excess.mean()), float(excess.var(ddof=1))
    )


def _discoveries(tried: Sequence[Hotspot]) -> list[Hotspot]:
    """Those that stand at a false-discovery rate of one in twenty over all that were tried."""
    ordered = sorted(tried, key=lambda h: h.chance)
    stand = [i for i, h in enumerate(ordered) if h.chance <= FALSE_DISCOVERY_RATE * (i + 1) / len(ordered)]
    return ordered[: stand[-1] + 1] if stand else []


def _standing(hotspot: Hotspot) -> float:
    share = hotspot.inside.rows / (hotspot.inside.rows + hotspot.rest.rows)
    return float(hotspot.above * share**SIZE_EXPONENT)


def _order(candidate: Candidate) -> tuple[float, int, tuple[Condition, ...]]:
    return -candidate.score, len(candidate.conditions), candidate.conditions


def _shared(one: Codes, two: Codes) -> float:
    """What two sets of rows, a bit each, have in common, as a share of the smaller one."""
    both, first, second = (int(np.bitwise_count(rows).sum()) for rows in (one & two, one, two))
    return both / max(min(first, second), 1)
