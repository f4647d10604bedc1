"""A measure before it is known what rows it is of, and the place that it is then put in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from analysis.values import Basis, Measure, Slice


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A name with its number, interval and n; ``reason`` where there is no number."""

    name: str
    value: float | None
    n: int
    class_: str | None = None
    low: float | None = None
    high: float | None = None
    reason: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """The rows that figures are of."""

    version: str
    basis: Basis = "realized"
    feature: str | None = None
    class_: str | None = None
    slice: Slice | None = None
    period: str | None = None


def undefined(name: str, n: int, reason: str) -> Figure:
    return Figure(name=name, value=None, n=n, reason=reason)


def placed(figures: Iterable[Figure], where: Where) -> Iterator[Measure]:
    """The figures as measures of these rows. Infinities and NaN never leave here as numbers."""
    return (_measure(figure, where, where.slice) for figure in figures)


def placed_by_slice(figures: Iterable[tuple[Slice, Figure]], where: Where) -> Iterator[Measure]:
    """As ``placed``, each figure in a slice of its own."""
    return (_measure(figure, where, slice_) for slice_, figure in figures)


def _measure(f: Figure, where: Where, slice_: Slice | None) -> Measure:
    value, reason = f.value, f.reason
    if value is not None and not _finite(value):
        value, reason = None, "the numbers in it are infinite"
    known = value is not None and f.low is not None and f.high is not None
    return Measure(
        measure=f.name,
        value=None if value is None else float(value),
        n=int(f.n),
        version=where.version,
        feature=where.feature,
        class_=f.class_ if f.class_ is not None else where.class_,
        slice=slice_,
        period=where.period,
        basis=where.basis,
        low=_number(f.low) if known else None,
        high=_number(f.high) if known else None,
        reason=reason if value is None else None,
        note=f.note,
    )


def _number(value: float | None) -> float | None:
    return float(value) if value is not None and _finite(value) else None


def _finite(value: float) -> bool:
    return value - value == 0
