"""The check ``volume``: did some period bring far fewer or far more rows than the others?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import log
from statistics import median

from analysis.card import CheckSetting, Condition
from analysis.judgement import wording
from analysis.judgement.calendar import is_whole, without_gaps
from analysis.judgement.check import Check, Example, Question
from analysis.measure_table import ROWS_PERIOD
from analysis.values import CheckResult, Measure, Rows, Subject, Verdict

FEWEST_PERIODS = 4
SPREAD_OF_NORMAL = 1.4826
"""What makes the median distance from the median a standard deviation, for normal numbers."""
WARN_SHARES, FAIL_SHARES = (0.5, 2.0), (0.1, 10.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A period and its rows. ``whole`` is False where the window may have cut it short."""

    period: str
    rows: float
    measure: Measure | None
    whole: bool = True


def judge(question: Question) -> Iterable[CheckResult]:
    """Counts the rows of each period and compares them with the middle (median) of the others.

    It warns when a period has less than half or more than double, and fails below a tenth, above ten times, or when a
    period in between has no rows at all. Where rows always swing that much, nothing stands out. Own limits are shares
    of that middle: `warn: {outside: [0.8, 1.2]}`. A first or last period that the window may have cut short is not held
    to the lower limit. Needs `periods:` of time in the model card, and four of them.
    """
    pieces = _pieces(question)
    if len(pieces) < FEWEST_PERIODS:
        yield question.skipped(
            "Rows were not counted over time: it needs a timestamp, periods: in the model card and four periods.",
            Subject(measure="volume"),
        )
        return
    warn, fail = question.conditions(
        warn=(Condition(kind="outside", bound=WARN_SHARES),),
        fail=(Condition(kind="outside", bound=FAIL_SHARES),),
        bad="below",
    )
    own = bool(question.setting.warn or question.setting.fail)
    spread = None if own else _usual_spread(pieces)
    odd = [found for piece in pieces if (found := _odd(piece, pieces, warn, fail, spread)) is not None]
    worst = next((found for verdict in ("fail", "warn") for found in reversed(odd) if found[0] == verdict), None)
    measures = [p.measure for p in pieces]
    if worst is None:
        middle = median(p.rows for p in pieces)
        says = f"The {len(pieces)} periods brought about {wording.count(middle)} rows each; none stands out."
        yield question.result(Subject(measure="volume"), "pass", says, measures)
        return
    verdict, piece, usual = worst
    others = [p.period for v, p, _ in odd if p is not piece]
    says = _told(piece, usual) + (f" The same goes for {wording.listed(others)}." if others else "")
    yield question.result(Subject(measure="volume"), verdict, says, (piece.measure, *measures))


def _told(piece: Piece, usual: float) -> str:
    rows = wording.plural(int(piece.rows), "row") if piece.rows else "no rows at all"
    times = f", {wording.percent(piece.rows / usual)} of the usual {wording.count(usual)}" if usual else ""
    advice = "whether the log is complete" if piece.rows < usual else "whether rows were logged twice"
    return f"{piece.period} has {rows}{times}. Look next at {advice}."


def _odd(
    piece: Piece,
    pieces: Sequence[Piece],
    warn: Sequence[Condition],
    fail: Sequence[Condition],
    usual_spread: float | None,
) -> tuple[Verdict, Piece, float] | None:
    usual = median(p.rows for p in pieces if p is not piece and p.rows) if len(pieces) > 1 else 0.0
    if not usual or (not piece.whole and piece.rows < usual):
        return None
    if usual_spread is not None and piece.rows and abs(log(piece.rows / usual)) <= usual_spread:
        return None
    levels: tuple[tuple[Verdict, Sequence[Condition]], ...] = (("fail", fail), ("warn", warn))
    for verdict, conditions in levels:
        if any(_met(c, piece.rows / usual) for c in conditions):
            return verdict, piece, usual
    return None


def _usual_spread(pieces: Sequence[Piece]) -> float:
    """Three robust standard deviations of the rows' logarithms: where volume always swings, a swing is no news."""
    logs = [log(p.rows) for p in pieces if p.rows]
    middle = median(logs)
    return 3 * SPREAD_OF_NORMAL * median(abs(each - middle) for each in logs)


def _met(condition: Condition, share: float) -> bool:
    bound = condition.bound
    return {
        "below": share < bound[0],
        "above": share > bound[-1],
        "outside": not min(bound) <= share <= max(bound),
        "within": min(bound) <= share <= max(bound),
    }.get(condition.kind, False)


def _pieces(question: Question) -> list[Piece]:
    whole = question.table.find("volume")
    counted = [m for m in question.table.over_time(whole) if m.period] if whole is not None else []
    if not counted or any(ROWS_PERIOD.fullmatch(m.period or "") for m in counted):
        return []
    by_period = {m.period or "": m for m in counted}
    periods = without_gaps(list(by_period))
    first, last = periods[0], periods[-1]
    return [
        Piece(
            period=p,
            rows=(by_period[p].value or 0.0) if p in by_period else 0.0,
            measure=by_period.get(p),
            whole=p not in (first, last) or is_whole(p, question.window),
        )
        for p in periods
    ]


def _days(*rows: int | None) -> tuple[Measure, ...]:
    def volume(number: int, period: str | None) -> Measure:
        return Measure(measure="volume", value=float(number), n=number, version="1", period=period)

    days = tuple(volume(n, f"2026-03-{day:02d}") for day, n in enumerate(rows, start=1) if n is not None)
    return (volume(sum(n or 0 for n in rows), None), *days)


check = Check(
    name="volume",
    judge=judge,
    covers=("volume",),
    examples=(
        Example(
            title="a day with a third of the usual rows",
            measures=_days(900, 1000, 330, 1100, 1000),
            verdicts=("warn",),
            says=("2026-03-03 has 330 rows, 33% of the usual 1,000.",),
        ),
        Example(
            title="a day without rows",
            measures=_days(900, 1000, None, 1100, 1000),
            verdicts=("fail",),
            says=("2026-03-03 has no rows at all",),
        ),
        Example(title="a last day that is not over", measures=_days(900, 1000, 1000, 1100, 200), verdicts=("pass",)),
        Example(
            title="a last day that is over",
            measures=_days(900, 1000, 1000, 1100, 200),
            window=Rows(start="2026-03-01T00:00:00Z", end="2026-03-06T00:00:00Z", rows=4200),
            verdicts=("warn",),
        ),
        Example(
            title="limits of its own",
            setting=CheckSetting(check="volume", fail=(Condition(kind="outside", bound=(0.8, 1.2)),)),
            measures=_days(900, 1000, 1300, 1000, 1000),
            verdicts=("fail",),
        ),
        Example(
            title="rows that always swing",
            measures=_days(300, 1000, 450, 1500, 700, 2100, 350),
            verdicts=("pass",),
        ),
        Example(title="two days", measures=_days(900, 1000), verdicts=("skipped",)),
    ),
)
