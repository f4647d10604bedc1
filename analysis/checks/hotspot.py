"""The check ``hotspot``: are there rows, told apart by their features, for which the model clearly fails?"""

from __future__ import annotations

from collections.abc import Iterable

from analysis.card import Condition
from analysis.hotspots import FEWEST_ROWS_OF_A_SMALL_LOG
from analysis.judgement import wording
from analysis.judgement.check import Check, Example, Question, bad_side, subject_of
from analysis.judgement.conditions import rule
from analysis.measure_table import Contrasted
from analysis.values import Basis, CheckResult, Measure, Slice, Subject

WORSE_BY = 0.05
WORSE_BY_SHARE = 0.25
"""Of what the error would be there, for measures that have no scale of their own."""
MEASURES = ("accuracy", "mean_absolute_error")


def judge(question: Question) -> Iterable[CheckResult]:
    """Looks for rows where the model fails that nobody thought of: slices of one to three conditions on its features.

    A slice is a hotspot when the model errs there more than on other rows that it scores alike: rows of which it is
    unsure, and says so, are none. Hotspots are found on one half of a sample of at most 131,072 rows and confirmed on
    the other half, so that what looks worst by chance is not told; at most one in twenty of those named is a false
    alarm. It warns when the share of right predictions is certainly more than 0.05 below that of rows scored alike (for
    a regression: the mean absolute error more than 25% above), and never fails unless `fail` says so. A bare `warn` or
    `fail` is how much worse a slice may be, `size` the fewest rows of a slice (50).

    Below 4,000 rows no half is held back: slices of one or two conditions and at least 30 rows are searched in all of
    them, and one is told only if it errs more than the worst slice does in 19 of 20 logs whose errors are shuffled.
    """
    found = [m for name in MEASURES for m in question.table.all(name, basis="difference") if m.slice is not None]
    if not found:
        yield _none(question)
    for apart in found:
        inside = question.table.find(apart.measure, basis="realized", where=apart.slice)
        if inside is not None and inside.value is not None and apart.value is not None:
            yield _judged(question, inside, apart, inside.value - apart.value)


def _none(question: Question) -> CheckResult:
    measure = next((m for name in MEASURES for m in question.table.whole(name) if m.value is not None), None)
    if measure is None:
        return question.skipped("No hotspot was looked for: no row has both a label and a prediction.")
    fewest = int(question.number("size", FEWEST_ROWS_OF_A_SMALL_LOG))
    if measure.n < 2 * fewest:
        says = f"No hotspot was looked for: it needs {wording.count(2 * fewest)} rows with a label and a prediction."
        return question.skipped(says)
    says = "No hotspot was found: no slice has so many more errors than its scores say that chance is ruled out."
    return question.result(Subject(), "pass", says, ())


def _judged(question: Question, inside: Measure, apart: Measure, alike: float) -> CheckResult:
    """``alike`` is the number of other rows that are scored alike."""
    warn, fail = _limits(question, inside.measure, alike)
    ruling = rule(Contrasted(judged=apart), warn=warn, fail=fail)
    verdict = ruling.verdict
    if verdict == "unsure" and not (ruling.trial is not None and ruling.trial.beyond(apart.value or 0.0)):
        verdict = "pass"  # of many slices some interval always holds the limit
    says = _says(inside, apart, alike)
    if verdict == "unsure":
        says += " It may be chance that it is beyond the limit."
    if verdict in ("warn", "fail"):
        says += _what_if(question, apart) + f" Look next at {wording.group(apart.slice)}."
    return question.result(subject_of(inside), verdict, says, (inside, apart))


def _limits(question: Question, measure: str, alike: float) -> tuple[tuple[Condition, ...], tuple[Condition, ...]]:
    """On the distance: a number, or for a measure without a scale a share of what the error is elsewhere."""
    bad = bad_side(measure)
    default = Condition(kind=bad, bound=(WORSE_BY,)) if bad == "below" else _share(WORSE_BY_SHARE)
    given = question.conditions(warn=(default,), fail=(), bad=bad)

    def on_distance(condition: Condition) -> Condition:
        size = abs(condition.bound[0]) * (abs(alike) if condition.relative else 1.0)
        return Condition(kind=bad, bound=(-size if bad == "below" else size,))

    warn, fail = (tuple(on_distance(c) for c in some) for some in given)
    return warn, fail


def _share(share: float) -> Condition:
    return Condition(kind="above", bound=(share,), relative=True)


def _says(inside: Measure, apart: Measure, alike: float) -> str:
    name, value = inside.measure, inside.value or 0.0
    about = f"{wording.interval(name, inside)}, n = {wording.count(inside.n)}"
    about += " held back" if "held back" in (inside.note or "held back") else ""
    side = "below" if bad_side(name) == "below" else "above"
    far = wording.distance(name, apart.value or 0.0)
    low, high = sorted(abs(end) for end in (apart.low or 0.0, apart.high or 0.0))
    span = f"{wording.distance(name, low)} to {wording.distance(name, high)}"
    return (
        f"{wording.sentence(wording.named(inside))} is {wording.shown(name, value)} ({about}), {far} ({span}) {side} "
        f"that of other rows that are scored alike ({wording.shown(name, alike)})."
    )


def _what_if(question: Question, apart: Measure) -> str:
    whole = next((m for m in question.table.whole(apart.measure) if m.value is not None), None)
    mended = question.table.find(apart.measure, basis="what_if", where=apart.slice)
    if whole is None or whole.value is None or mended is None or not mended.n:
        return ""
    # By so much as it changes on the rows that the slice was judged on; they may be half of all.
    change = (apart.value or 0.0) * apart.n / mended.n
    now, then = (wording.shown(apart.measure, v) for v in (whole.value, whole.value - change))
    return f" As good there as elsewhere, the model's {wording.words(apart.measure)} would be {then}, not {now}."


WHERE: Slice = (("age", "[30, 45)"), ("region", "north"))


def _accuracy(value: float, half: float, n: int, basis: Basis = "realized", where: Slice | None = WHERE) -> Measure:
    return Measure(
        measure="accuracy",
        value=value,
        low=value - half,
        high=value + half,
        n=n,
        version="1",
        slice=where,
        basis=basis,
    )


WHOLE = _accuracy(0.82, 0.01, 9000, where=None)

check = Check(
    name="hotspot",
    judge=judge,
    options=("size",),
    tasks=("binary", "multiclass", "regression"),
    examples=(
        Example(
            # 0.64 there, 0.64 + 0.17 = 0.81 elsewhere at these scores; at least 0.12 below, and 0.05 is allowed.
            title="the model fails for the middle-aged in the north",
            measures=(
                WHOLE,
                _accuracy(0.64, 0.05, 340),
                _accuracy(-0.17, 0.05, 340, "difference"),
                _accuracy(0.833, 0.01, 4200, "what_if"),
            ),
            verdicts=("warn",),
            says=(
                "Accuracy for age 30 to 45 & region = north is 64%",
                "17 points (12 points to 22 points) below that of other rows that are scored alike (81%)",
                "the model's accuracy would be 83.4%, not 82%.",  # 0.17 of 340 among 4,200 rows are 1.4 points
            ),
        ),
        Example(
            title="a slice that is a little worse",
            measures=(WHOLE, _accuracy(0.80, 0.01, 3000), _accuracy(-0.03, 0.01, 3000, "difference")),
            verdicts=("pass",),
        ),
        Example(title="nothing was found", measures=(WHOLE,), verdicts=("pass",)),
        Example(title="no labels", measures=(), verdicts=("skipped",)),
    ),
)
