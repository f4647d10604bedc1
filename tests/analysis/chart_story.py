"""A result worked by hand that every kind of chart can be drawn from: a return model with troubles of each sort."""

from __future__ import annotations

from pathlib import Path

from analysis import checks
from analysis.card import Columns, ModelCard
from analysis.values import Basis, Measure, Result, Rows, Slice

CARD = ModelCard(
    model="return-risk",
    task="binary",
    source="log.csv",
    root=Path(),
    periods="week",
    slices=(("region",),),
    protected=(("race",),),
    columns=Columns(score="score", label="returned"),
)
WEEKS = tuple(f"2026-W{week:02d}" for week in range(1, 11))
AUCS = (0.721, 0.715, 0.709, 0.711, None, 0.706, 0.731, 0.664, 0.660, 0.658)
ROWS = (3671, 3700, 3620, 3650, 3710, 1100, 3670, 3960, 3800, 3669)
BOTH: tuple[Basis, Basis] = ("realized", "reference")
LONG_NAME = "south-west and the islands of the far archipelago beyond the cape"
ODD_NAME = "$50-$100 日本\n<b>"


def number(
    measure: str,
    value: float | None,
    *,
    n: int = 3800,
    half: float | None = None,
    basis: Basis = "realized",
    feature: str | None = None,
    where: Slice | None = None,
    period: str | None = None,
    note: str | None = None,
) -> Measure:
    return Measure(
        measure=measure,
        value=value,
        low=None if value is None or half is None else value - half,
        high=None if value is None or half is None else value + half,
        n=n,
        version="3",
        basis=basis,
        feature=feature,
        slice=where,
        period=period,
        note=note,
        reason=None if value is not None else "no row has a label",
    )


def performance() -> list[Measure]:
    whole = [
        number("roc_auc", 0.688, n=38000, half=0.006),
        number("roc_auc", 0.712, n=60000, half=0.005, basis="reference"),
    ]
    return whole + [number("roc_auc", v, half=0.018, period=w) for v, w in zip(AUCS, WEEKS, strict=True)]


def volumes() -> list[Measure]:
    weeks = [number("volume", float(n), n=n, period=w) for n, w in zip(ROWS, WEEKS, strict=True)]
    return [number("volume", float(sum(ROWS)), n=sum(ROWS)), *weeks]


def groups() -> list[Measure]:
    regions = (
        ("north", 0.710, 9000),
        (LONG_NAME, 0.700, 7000),
        ("west", 0.610, 6000),
        (ODD_NAME, 0.700, 900),
        ("tiny", 0.5, 12),
    )
    races = (
        ("African-American", 0.4485, 1795),
        ("Caucasian", 0.2345, 1488),
        ("Hispanic", 0.2148, 405),
        ("Asian", 0.087, 23),
    )
    return [
        number("false_positive_rate", 0.3235, n=3963, half=0.0146),
        *(number("roc_auc", v, n=n, half=1 / n**0.5, where=(("region", name),)) for name, v, n in regions),
        *(number("false_positive_rate", v, n=n, half=0.98 / n**0.5, where=(("race", name),)) for name, v, n in races),
    ]


def drifts(features: int = 30) -> list[Measure]:
    named = ["price", "customer_lifetime_value_in_local_currency_cents", *(f"feature_{i}" for i in range(2, features))]
    return [
        number("psi", 0.34 if i == 0 else 0.1 / (1 + i), n=38000, feature=name, basis="difference")
        for i, name in enumerate(named[:features])
    ]


def histograms() -> list[Measure]:
    edges = (0, 10, 20, 30, 50, 100)
    now, then = (0.05, 0.15, 0.25, 0.35, 0.20), (0.15, 0.30, 0.30, 0.15, 0.10)
    found = []
    for i, (a, b) in enumerate(zip(now, then, strict=True)):
        where = (("price", f"[{edges[i]}, {edges[i + 1]})"),)
        found += [number("share", a, where=where), number("share", b, where=where, basis="reference")]
    for name, share, before in (("cotton", 0.49, 0.60), (LONG_NAME, 0.40, 0.40), ("linen-blend", 0.11, 0.0)):
        where = (("material", name),)
        found.append(number("share", share, feature="material", where=where, note=None if before else "unseen"))
        found += [number("share", before, feature="material", where=where, basis="reference")] if before else []
    found.append(number("unseen_rate", 0.11, n=38000, feature="material"))
    return found


def calibration() -> list[Measure]:
    found = [number("mean_score", 0.30, n=38000), number("positive_rate", 0.211, n=38000)]
    for i, happened in enumerate((0.02, 0.20, 0.40, 0.60, 0.82)):
        where = (("score", f"[{i / 5:.1f}, {(i + 1) / 5:.1f})"),)
        n = 16000 // 2**i
        found += [
            number("mean_score", i / 5 + 0.1, n=n, where=where),
            number("positive_rate", happened, n=n, half=0.02, where=where),
        ]
    return [*found, number("expected_calibration_error", 0.083, n=38000, half=0.004)]


def confusion(*classes: str) -> list[Measure]:
    names = classes or ("0", "1")
    counted = {("0", "0"): 2681, ("0", "1"): 1282, ("1", "0"): 1216, ("1", "1"): 2035}
    return [
        number("count", float(counted.get((a, b), 900 if a == b else 20)), where=(("returned", a), ("prediction", b)))
        for a in names
        for b in names
    ]


def result(*measures: Measure, card: ModelCard = CARD) -> Result:
    return Result(
        model="return-risk",
        version="3",
        against=None,
        window=Rows(start=None, end=None, rows=38000),
        reference=None,
        measures=measures,
        checks=checks.judge(card, measures, version="3"),
    )


def everything() -> Result:
    return result(*performance(), *volumes(), *groups(), *drifts(), *histograms(), *calibration(), *confusion())
