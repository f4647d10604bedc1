"""Since when a number has been bad, and which periods may say so."""

from analysis.judgement.history import first_bad, settled, since, told_periods
from analysis.measure_table import MeasureTable
from analysis.values import Measure, Slice

NORTH: Slice = (("region", "north"),)


def rate(value: float, week: int, *, n: int = 400, half: float = 0.02, where: Slice | None = None) -> Measure:
    return Measure(
        measure="recall",
        value=value,
        low=value - half,
        high=value + half,
        n=n,
        version="1",
        slice=where,
        period=f"2026-W{week:02d}",
    )


def below_half(value: float) -> bool:
    return value < 0.5


def test_a_period_that_its_chart_marks_with_a_cross_begins_a_bad_time() -> None:
    # W07 is 0.47 to 0.51 and may be good; W08 is 0.43 to 0.47 and is not.
    weeks = [rate(0.6, 6), rate(0.49, 7), rate(0.45, 8), rate(0.44, 9)]
    assert since(weeks, below_half) == " since 2026-W08"


def test_a_thin_period_begins_nothing() -> None:
    weeks = [rate(0.6, 6), rate(0.1, 7, n=12), rate(0.45, 8), rate(0.44, 9)]
    assert since(weeks, below_half) == " since 2026-W08"


def test_a_period_that_the_window_cut_short_begins_nothing() -> None:
    # A tenth of the usual 4,000 is 400.
    weeks = [rate(0.3, 7, n=399), *(rate(0.6, week, n=4000) for week in (8, 9)), rate(0.4, 10, n=4000)]
    assert [m.period for m in told_periods(weeks)] == ["2026-W08", "2026-W09", "2026-W10"]
    assert first_bad(weeks, below_half) == weeks[-1]


def test_periods_that_are_all_vague_say_nothing() -> None:
    assert since([rate(0.49, 8), rate(0.48, 9)], below_half) == ""


def test_a_period_of_a_group_is_settled_when_it_is_for_all_rows() -> None:
    weeks = [rate(0.6, week, n=900) for week in (8, 9)] + [rate(0.6, 10, n=90)]
    rows = [
        Measure(measure="volume", value=1000.0, n=1000, version="1", period=f"2026-W{week:02d}") for week in (8, 9, 10)
    ]
    group = [rate(0.5, week, n=80, where=NORTH) for week in (8, 9, 10)]
    table = MeasureTable([*weeks, *rows, *group], version="1")
    assert [m.period for m in settled(table, group[0])] == ["2026-W08", "2026-W09"]
