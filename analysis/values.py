"""The frozen values that cross every border: a measure, a check's verdict, the result of an evaluation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Verdict = Literal["pass", "warn", "fail", "unsure", "skipped"]
Basis = Literal["realized", "estimated", "reference", "difference", "what_if"]

Slice = tuple[tuple[str, str], ...]
"""A condition on rows: (column, group) pairs in the order in which the columns were asked for."""

FROM_WORST: tuple[Verdict, ...] = ("fail", "warn", "unsure", "pass", "skipped")


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One number, and all that is needed to read it.

    ``value`` is None with a ``reason`` where the number is undefined; it is never 0 instead, never NaN.
    ``low`` and ``high`` bound the 95 % interval. ``n`` counts the rows (pairs, queries) the number rests on.
    """

    measure: str
    value: float | None
    n: int
    version: str | None = None
    feature: str | None = None
    class_: str | None = None
    slice: Slice | None = None
    period: str | None = None
    basis: Basis = "realized"
    low: float | None = None
    high: float | None = None
    reason: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a verdict is about: those parts of a measure's name that say something."""

    measure: str | None = None
    version: str | None = None
    feature: str | None = None
    class_: str | None = None
    slice: Slice | None = None
    period: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """One check's verdict. ``measures`` are positions in the result's table of measures; ``asked`` tells a check that
    the model card asks for from one that runs by default."""

    check: str
    subject: Subject
    verdict: Verdict
    says: str
    measures: tuple[int, ...] = ()
    asked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Which rows were read: from (inclusive) and to (exclusive) as RFC 3339 in UTC, or None; and how many."""

    start: str | None
    end: str | None
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What an evaluation found. Equal bytes and an equal model card give an equal result."""

    model: str
    version: str
    against: str | None
    window: Rows
    reference: Rows | None
    measures: tuple[Measure, ...]
    checks: tuple[CheckResult, ...]

    @property
    def unjudged(self) -> tuple[CheckResult, ...]:
        """The checks that the model card asks for and that could not be judged: a gate must not pass them in
        silence."""
        return tuple(c for c in self.checks if c.asked and c.verdict == "skipped")

    @property
    def verdict(self) -> Verdict:
        """The worst of its checks; where those that were judged pass and one that was asked for was not, unsure."""
        found = worst([c.verdict for c in self.checks])
        return "unsure" if found == "pass" and self.unjudged else found


def worst(verdicts: Sequence[Verdict]) -> Verdict:
    """The worst of fail, warn, unsure, pass; ``skipped`` only when there is nothing else."""
    present = set(verdicts)
    return next((v for v in FROM_WORST if v in present), "skipped")
