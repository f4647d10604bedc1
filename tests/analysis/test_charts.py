"""Charts say their finding in words, fit on their sheet, and are the same whenever they are drawn."""

from __future__ import annotations

import struct
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import combinations, pairwise

import pytest
from matplotlib.text import Text

from analysis import charts
from analysis.card import CheckSetting, Condition
from analysis.charts import Chart, Marker
from analysis.drawing.canvas import HEIGHT, WIDTH, Canvas, plain
from analysis.drawing.chart import Scene
from analysis.drawing.time_axis import short, years
from analysis.drawing.values import spread
from analysis.errors import UserError
from analysis.judgement.check import above
from analysis.judgement.limits import limits
from analysis.measure_table import MeasureTable
from analysis.values import CheckResult, Measure, Result, Subject
from tests.analysis import chart_story as story

NOTES = (
    Marker("2026-W06", "A-7"),
    Marker("2026-W08", "A-9"),
    Marker("2026-W08", "A-10"),
    Marker("2026-W09", "A-11"),
    Marker("2031-W09", "A-12"),
)
EVERYTHING = story.everything()
ONE_PERIOD = story.result(*(m for m in story.performance() if m.period in (None, "2026-W10")))
NO_PERIODS = story.result(*(m for m in story.performance() if m.period is None))
MANY_DAYS = story.result(
    story.number("roc_auc", 0.7, half=0.01),
    *(
        story.number("roc_auc", 0.7 + i % 7 / 100, half=0.01, period=f"2026-{1 + i // 28:02d}-{1 + i % 28:02d}")
        for i in range(200)
    ),
)
MANY_CLASSES = story.result(*story.confusion(*(f"class number {i} with a long name" for i in range(12))))
MANY_GROUPS = story.result(
    *(story.number("recall", 0.5 + i / 100, n=200, half=0.05, where=(("region", f"region {i}"),)) for i in range(40))
)

LATE_LABELS = story.result(
    *(
        story.number("roc_auc", 0.70 + i / 100, n=1000, half=0.02, period=week)
        for i, week in enumerate(story.WEEKS[:5])
    ),
    story.number("roc_auc", 0.40, n=90, half=0.06, period=story.WEEKS[5]),
    *(story.number("volume", 1100.0, n=1100, period=week) for week in story.WEEKS[:6]),
    story.number("roc_auc", 0.72, n=5090, half=0.01),
)

FEW_ROWS = story.result(
    story.number("recall", 0.588, n=102, half=0.09),
    *(
        story.number("recall", value, n=n, half=0.14, where=(("region", name),))
        for name, value, n in (("north", 0.128, 47), ("south", 0.80, 30), ("west", 0.96, 25), ("islands", 1.0, 4))
    ),
)

NORTH = (("region", "north"),)
THIN = story.result(
    *(
        story.number("recall", v, n=n, half=h, where=NORTH, period=week)
        for v, n, h, week in zip(
            (0.70, 0.69, 0.68, 0.60, 0.55, 1.0, 0.0),
            (300, 310, 305, 300, 290, 4, 2),
            (0.05, 0.05, 0.05, 0.05, 0.05, 0.5, 0.6),
            story.WEEKS[:7],
            strict=True,
        )
    ),
)

FEW_NUMBERS = story.result(
    *(story.number("share", (7 - i) / 28, where=(("items", str(i)),), basis=b) for i in range(7) for b in story.BOTH)
)
EDGES = ["-inf", "9.99", "14.5", "22", "31.75", "12000", "inf"]
OPEN_RANGES = story.result(
    *(
        story.number("share", (i + 1) / 21, where=(("price", f"[{low}, {high})"),))
        for i, (low, high) in enumerate(pairwise(EDGES))
    )
)

Case = tuple[str, Result, dict[str, object]]
CASES: dict[str, Case] = {
    "trend": ("trend", EVERYTHING, {}),
    "trend with notes": ("trend", EVERYTHING, {"markers": NOTES}),
    "trend of one period": ("trend", ONE_PERIOD, {}),
    "trend of the window alone": ("trend", NO_PERIODS, {}),
    "trend with labels on their way": ("trend", LATE_LABELS, {}),
    "trend with thin periods": ("trend", THIN, {"measure": "recall", "where": NORTH}),
    "trend of 200 days": ("trend", MANY_DAYS, {}),
    "trend of rows": ("trend", EVERYTHING, {"measure": "volume"}),
    "drift": ("drift", EVERYTHING, {}),
    "drift of one feature": ("drift", story.result(*story.drifts(1)), {}),
    "slices": ("slices", EVERYTHING, {}),
    "slices of a protected column": ("slices", EVERYTHING, {"measure": "false_positive_rate", "columns": ("race",)}),
    "slices of few rows": ("slices", FEW_ROWS, {"measure": "recall", "columns": ("region",)}),
    "40 slices": ("slices", MANY_GROUPS, {"measure": "recall", "columns": ("region",)}),
    "calibration": ("calibration", EVERYTHING, {}),
    "confusion": ("confusion", EVERYTHING, {}),
    "confusion of 12 classes": ("confusion", MANY_CLASSES, {}),
    "feature of numbers": ("feature", EVERYTHING, {"feature": "price"}),
    "feature of few numbers": ("feature", FEW_NUMBERS, {"feature": "items"}),
    "feature of open ranges": ("feature", OPEN_RANGES, {"feature": "price"}),
    "feature of categories": ("feature", EVERYTHING, {"feature": "material"}),
}


def drawn(case: Case) -> Chart:
    kind, result, chosen = case
    return charts.draw(kind, result, card=story.CARD, **chosen)  # type: ignore[arg-type]  # the cases name draw's own arguments


def painted(case: Case) -> Canvas:
    kind, result, chosen = case
    canvas = Canvas()
    scene = Scene(result=result, table=MeasureTable(result.measures, version="3"), card=story.CARD)
    charts.known()[kind].paint(canvas, replace(scene, **chosen))  # type: ignore[arg-type]  # as above
    canvas.agg.draw()  # type: ignore[no-untyped-call]  # matplotlib leaves its backends untyped
    return canvas


def texts(canvas: Canvas) -> list[Text]:
    """All text that is drawn: a tick beyond the ends of its axis is kept by matplotlib, but not drawn."""
    beyond = set()
    for axes in canvas.figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            slack = (high - low) * 1e-9
            beyond |= {t.label1 for t in axis.get_major_ticks() if not low - slack <= t.get_loc() <= high + slack}
    found = canvas.figure.findobj(Text)
    return [text for text in found if text not in beyond and text.get_text().strip() and text.get_visible()]


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_chart_is_a_picture_of_1200_by_750_with_a_title_and_an_alternative_text(case: Case) -> None:
    chart = drawn(case)
    assert chart.png.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", chart.png[16:24]) == (WIDTH, HEIGHT)
    assert chart.name == case[0]
    assert 10 < len(chart.title) <= 150
    assert chart.alt.startswith(chart.title)
    assert len(chart.alt) <= 1000
    assert any(c.isdigit() for c in chart.alt)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_no_text_is_cut_off_or_lies_on_another(case: Case) -> None:
    canvas = painted(case)
    boxes = [(text.get_text(), text.get_window_extent()) for text in texts(canvas)]
    assert boxes
    for text, box in boxes:
        assert box.x0 >= 0, text
        assert box.y0 >= 0, text
        assert box.x1 <= WIDTH, text
        assert box.y1 <= HEIGHT, text
    for (one, a), (other, b) in combinations(boxes, 2):
        across = min(a.x1, b.x1) - max(a.x0, b.x0)
        along = min(a.y1, b.y1) - max(a.y0, b.y0)
        # Fonts' boxes hold room for accents and tails, so neighbours may share a few pixels of air.
        assert across <= 2 or along <= 9, (one, other, across, along)


def test_the_same_result_gives_the_same_bytes_also_in_threads() -> None:
    cases = [CASES[name] for name in ("trend with notes", "slices", "feature of categories", "confusion")]
    alone = [drawn(case).png for case in cases]
    with ThreadPoolExecutor(4) as pool:
        together = [chart.png for chart in pool.map(drawn, cases)]
    assert together == alone


def test_a_trend_says_which_limit_it_crossed_and_since_when() -> None:
    # The default check warns 0.02 and fails 0.05 below the reference of 0.712. W10 is 0.640 to 0.676: certainly below
    # 0.692, not certainly below 0.662; and W08 with 0.664 is the first below 0.692.
    chart = charts.draw("trend", EVERYTHING, card=story.CARD, markers=NOTES)
    assert chart.title == "ROC AUC is 0.658 in W10, below the warn limit of 0.692 since W08"
    assert "Reference 0.712." in chart.alt
    assert "Note A-9 is about 2026-W08." in chart.alt
    assert "A-12" not in chart.alt


def test_a_trend_says_perhaps_where_the_interval_holds_the_limit_and_leaves_vague_periods_alone() -> None:
    base = [
        story.number("roc_auc", 0.71, n=9000, half=0.005),
        story.number("roc_auc", 0.71, n=90, half=0.02, basis="reference"),
    ]
    weeks = [
        story.number("roc_auc", v, half=0.02, period=w) for v, w in zip((0.72, 0.71, 0.68), story.WEEKS, strict=False)
    ]
    vague = story.number("roc_auc", 0.50, n=60, half=0.40, period="2026-W04")
    chart = charts.draw("trend", story.result(*base, *weeks, vague), card=story.CARD)
    assert chart.title == "ROC AUC is 0.680 in W03, perhaps below the warn limit of 0.690"


def test_a_trend_can_be_drawn_from_the_periods_of_several_evaluations_alone() -> None:
    north = (("region", "north"),)
    points = [
        story.number("recall", 0.6 + i / 100, n=500, half=0.02, where=north, period=w)
        for i, w in enumerate(story.WEEKS)
    ]
    chart = charts.draw("trend", replace(story.result(*points), checks=()), measure="recall", where=north)
    assert chart.title == "Recall for region = north rose to 69% in W10, from 64% before"


def test_a_period_whose_labels_are_still_arriving_does_not_make_the_title() -> None:
    assert charts.draw("trend", LATE_LABELS, card=story.CARD).title == "ROC AUC holds at 0.740 in W05"


def test_thin_periods_are_hollow_and_neither_title_nor_label_nor_scale_is_theirs() -> None:
    case: Case = ("trend", THIN, {"measure": "recall", "where": NORTH})
    chart = drawn(case)
    # W05 is 50% to 60%; W01, W02 and W03, the lowest of them from 63%, lie above it, and they are three of four.
    # (0.70 · 300 + 0.69 · 310 + 0.68 · 305 + 0.60 · 300) / 1,215 = 66.8%.
    assert chart.title == "Recall for region = north fell to 55% in W05, from 66.8% before"
    assert "Hollow, on few labels: 2026-W06 (n = 4) and 2026-W07 (n = 2)." in chart.alt
    bold = [t.get_text() for t in texts(painted(case)) if t.get_text().startswith("55%")]
    assert bold == ["55% in W05"]
    low, high = painted(case).figure.axes[0].get_ylim()
    assert low > 0.4
    assert high < 0.8


def test_a_line_that_fell_beyond_its_interval_does_not_hold() -> None:
    weeks = [
        story.number("recall", v, n=300, half=0.03, period=week)
        for v, week in zip((0.72, 0.66, 0.65, 0.64), story.WEEKS, strict=False)
    ]
    assert (
        charts.draw("trend", story.result(*weeks), measure="recall").title
        == "Recall is 64% in W04, down from 72% in W01"
    )


def test_a_picture_names_notes_by_their_ids_alone() -> None:
    shown = [t.get_text() for t in texts(painted(("trend", EVERYTHING, {"markers": NOTES})))]
    assert "1 · W06: A-7 | 2 · W08: A-9 and A-10 | 3 · W09: A-11" in shown


def test_a_trend_without_a_model_card_has_no_limits_but_still_says_what_happened() -> None:
    chart = charts.draw("trend", EVERYTHING)
    assert chart.title == "ROC AUC is 0.658 in W10, below the reference’s 0.712 since W08"
    own = [m for m in story.performance() if m.basis != "reference"]
    steady = [m for m in own if m.period not in ("2026-W08", "2026-W09")]
    assert charts.draw("trend", story.result(*steady)).title == "ROC AUC fell to 0.658 in W10, from 0.715 before"


def test_the_limits_of_a_chart_are_those_of_its_check() -> None:
    table = MeasureTable(EVERYTHING.measures, version="3")
    whole = table.find("roc_auc")
    assert whole is not None
    found = [(limit.level, round(limit.value, 6), limit.side) for limit in limits(story.CARD, table, whole)]
    assert found == [("fail", 0.662, "below"), ("warn", 0.692, "below")]


def test_the_limits_of_the_drift_chart_are_the_model_cards_own() -> None:
    own = (CheckSetting(check="drift", warn=(above(0.4),), fail=(above(0.6),)),)
    words = charts.draw("drift", EVERYTHING, card=replace(story.CARD, checks=own)).alt
    assert "Limit: fail above 0.6. Limit: warn above 0.4." in words
    assert "Limit: fail above 0.25. Limit: warn above 0.1." in charts.draw("drift", EVERYTHING, card=story.CARD).alt


def test_outside_two_limits_it_is_bad_and_both_are_drawn() -> None:
    table = MeasureTable(EVERYTHING.measures, version="3")
    whole = table.find("roc_auc")
    assert whole is not None
    outside, within = (Condition(kind=kind, bound=(0.7, 0.9)) for kind in ("outside", "within"))
    card = replace(story.CARD, checks=(CheckSetting(check="roc_auc", fail=(outside,), warn=(within,)),))
    found = [(limit.level, limit.value, limit.side) for limit in limits(card, table, whole)]
    assert found == [("fail", 0.7, "below"), ("fail", 0.9, "above")]


def test_small_groups_are_drawn_hollow_with_their_n() -> None:
    chart = charts.draw("slices", EVERYTHING, card=story.CARD, measure="false_positive_rate", columns=("race",))
    assert chart.title == "False positive rate is 44.9% for African-American, 21.5% for Hispanic"
    assert "few rows: n = 23)" in chart.alt


def test_a_group_that_would_point_at_people_is_named_without_its_number() -> None:
    nine = story.number("recall", 0.3, n=9, where=(("region", "islands"),))
    many = story.number("recall", 0.7, n=900, where=(("region", "west"),))
    chart = charts.draw("slices", story.result(many, nine), card=story.CARD, measure="recall", columns=("region",))
    assert "Too small to judge: islands." in chart.alt
    assert "30%" not in chart.alt


def test_the_headline_agrees_with_a_finding_about_a_small_group() -> None:
    subject = Subject(measure="recall", slice=(("region", "north"),))
    finding = CheckResult(check="threshold", subject=subject, verdict="fail", says="Recall for region = north is low.")
    chart = charts.headline(replace(FEW_ROWS, checks=(finding,)), card=story.CARD)
    assert chart.title == "Recall is 12.8% for north (only n = 47), 96% for west"
    assert ": ." not in chart.alt


def test_groups_that_are_all_too_small_to_show_are_no_chart() -> None:
    tiny = [story.number("recall", 0.5, n=4, where=(("region", name),)) for name in ("north", "south")]
    with pytest.raises(UserError, match="Every group of region is too small for a recall"):
        charts.draw("slices", story.result(*tiny), card=story.CARD, measure="recall", columns=("region",))


def test_a_group_without_a_rate_is_named_beside_those_that_have_one() -> None:
    known = [story.number("recall", 0.9 - 0.1 * i, n=200, where=(("region", name),)) for i, name in enumerate("ab")]
    unknown = Measure(measure="recall", value=None, n=0, version="3", slice=(("region", "c"),), reason="no positive")
    chart = charts.draw("slices", story.result(*known, unknown), card=story.CARD, measure="recall", columns=("region",))
    assert "Undefined for c." in chart.alt


def test_a_new_value_is_named() -> None:
    chart = charts.draw("feature", EVERYTHING, card=story.CARD, feature="material")
    assert chart.title == "material has a value the model never saw: “linen-blend”, 11% of its values"


def test_a_histogram_says_what_moved() -> None:
    chart = charts.draw("feature", EVERYTHING, card=story.CARD, feature="price")
    assert chart.title == "price moved (PSI 0.340): 30 to 50 rose from 15% to 35%"


def test_the_confusion_matrix_speaks_of_the_positive_class() -> None:
    chart = charts.draw("confusion", EVERYTHING, card=replace(story.CARD, positive="1"))
    # 2,035 of 3,251 and 1,282 of 3,963.
    assert chart.title == "62.6% of “1” are caught, 32.3% of the others are flagged wrongly"


def test_calibration_says_what_was_promised_and_what_came() -> None:
    assert charts.draw("calibration", EVERYTHING).title == "The scores promise 30% on average, only 21.1% came true"


def test_calibration_has_no_but_where_the_interval_holds_the_promise() -> None:
    happened = story.number("positive_rate", 0.531, n=460, half=0.045)
    bins = [m for m in story.calibration() if m.slice is not None]
    result = story.result(story.number("mean_score", 0.517, n=460), happened, *bins)
    title = charts.draw("calibration", result, card=story.CARD).title
    assert title == "The scores promise 51.7% on average and 53.1% came true"


def psi(value: float, column: str) -> Measure:
    return story.number("psi", value, n=9000, feature=column, basis="difference")


@pytest.mark.parametrize(
    ("distances", "title"),
    [
        ((0.31, 0.01, 0.02, 0.0), "No feature, but the score drifted: PSI 0.310"),
        ((0.31, 0.29, 0.02, 0.0), "price and the score drifted: PSI 0.290"),
        ((0.01, 0.29, 0.02, 0.0), "Only price drifted: PSI 0.290"),
        ((0.31, 0.29, 0.28, 0.0), "2 of 2 features drifted: price and items, and also the score"),
        ((0.02, 0.01, 0.01, 0.01), "No column drifted: the furthest is score at 0.020"),
    ],
)
def test_score_and_label_are_not_counted_as_features(distances: tuple[float, ...], title: str) -> None:
    columns = ("score", "price", "items", "returned")
    result = story.result(*(psi(d, c) for d, c in zip(distances, columns, strict=True)))
    assert charts.draw("drift", result, card=story.CARD).title == title


FINDINGS = {
    "threshold": (Subject(measure="roc_auc"), "trend"),
    "performance_drop": (Subject(measure="roc_auc"), "trend"),
    "group_gap": (Subject(measure="false_positive_rate", slice=(("race", "Caucasian"),)), "slices"),
    "slice_performance": (Subject(measure="roc_auc", slice=(("region", "west"),)), "slices"),
    "drift": (Subject(measure="psi", feature="price"), "feature"),
    "unseen_values": (Subject(measure="unseen_rate", feature="material"), "feature"),
    "calibration": (Subject(measure="expected_calibration_error"), "calibration"),
    "volume": (Subject(measure="volume"), "trend"),
    "a policy": (Subject(measure="false_positive_rate", slice=(("race", "Caucasian"),)), "slices"),
}


@pytest.mark.parametrize(("check", "told"), FINDINGS.items(), ids=FINDINGS)
def test_the_headline_shows_what_the_worst_finding_is_about(check: str, told: tuple[Subject, str]) -> None:
    subject, kind = told
    finding = CheckResult(check=check, subject=subject, verdict="fail", says="2026-W06 has 1,100 rows. Look next.")
    assert charts.headline(replace(EVERYTHING, checks=(finding,)), card=story.CARD).name == kind


def test_the_headline_of_a_result_without_findings_is_the_trend_of_its_main_number() -> None:
    chart = charts.headline(replace(EVERYTHING, checks=()), card=story.CARD)
    assert (chart.name, chart.title.split(" is ")[0]) == ("trend", "ROC AUC")


def test_the_headline_falls_back_where_a_finding_has_nothing_to_draw() -> None:
    finding = CheckResult(check="drift", subject=Subject(measure="psi", feature="gone"), verdict="fail", says="")
    assert charts.headline(replace(NO_PERIODS, checks=(finding,)), card=story.CARD).name == "trend"


def test_without_labels_the_headline_shows_what_there_is() -> None:
    blind = story.result(story.number("roc_auc", None), *story.drifts(3))
    assert charts.headline(blind, card=story.CARD).name == "drift"
    with pytest.raises(UserError, match="no number to draw"):
        charts.headline(story.result(), card=story.CARD)


@pytest.mark.parametrize(
    ("kind", "chosen", "says"),
    [
        ("tren", {}, 'There is no chart tren; did you mean "trend"'),
        ("trend", {"measure": "rocauc"}, 'did you mean "roc_auc"'),
        ("feature", {"feature": "prise"}, 'did you mean "price"'),
        ("slices", {"columns": ("planet",)}, "There is no ROC AUC by planet"),
    ],
)
def test_what_cannot_be_drawn_is_told_with_the_nearest_name(kind: str, chosen: dict[str, str], says: str) -> None:
    with pytest.raises(UserError, match=says):
        charts.draw(kind, EVERYTHING, card=story.CARD, **chosen)  # type: ignore[arg-type]  # as above


def test_listing_charts_imports_no_matplotlib() -> None:
    program = "import sys; from analysis import charts; print(charts.names(), 'matplotlib' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "('calibration', 'confusion', 'drift', 'feature', 'slices', 'trend') False"


def test_dollars_line_breaks_and_letters_that_the_font_lacks_are_plain_text() -> None:
    assert plain("$50-$100\nlinen \x00日") == r"\$50-\$100 linen □□"


def test_periods_are_short_and_the_year_is_said_once() -> None:
    long = ["2026", "2026-03", "2026-W10", "2026-03-02", "2026-03-02T14", "rows 5000..10000"]
    assert [short(p) for p in long] == ["2026", "Mar", "W10", "2 Mar", "2 Mar 14h", "from 5,000"]
    assert years(["2025-12", "2026-01"]) == "2025–2026"
    assert years(["2026-01", "2026-02"]) == "2026"
    assert years(["2025", "2026"]) == ""


def test_labels_are_pushed_apart_and_stay_inside() -> None:
    assert spread([100.0, 101.0, 300.0], 20.0, top=0.0, bottom=400.0) == [100.0, 120.0, 300.0]
    assert spread([390.0, 395.0], 20.0, top=0.0, bottom=400.0) == [380.0, 400.0]


def test_a_difference_in_odds_is_drawn_by_the_rate_that_is_further_apart() -> None:
    rates = [("recall", 0.2, "a"), ("recall", 0.8, "b"), ("false_positive_rate", 0.1, "a")]
    groups = [story.number(name, value, n=200, where=(("race", group),)) for name, value, group in rates]
    subject = Subject(measure="equalized_odds_difference", feature="race")
    finding = CheckResult(check="threshold", subject=subject, verdict="fail", says="Equalized odds differ.")
    chart = charts.headline(replace(story.result(*groups), checks=(finding,)), card=story.CARD)
    assert chart.title == "Recall by race: from 20% (a) to 80% (b)"
