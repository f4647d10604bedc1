"""Evaluations are begun once, saved unseen, and come back equal."""

import math
from datetime import UTC, datetime, timedelta
from statistics import median

import pytest

from analysis.values import CheckResult, Measure, Result, Rows, Subject
from storage import evaluations, requests
from storage.database import Database
from storage.evaluations import Evaluation
from storage.requests import Request, Where, Who
from tests.storage.cells import stored
from tests.threads import at_once

NOON = datetime(2026, 3, 2, 12, 0, 0, 5, tzinfo=UTC)


def begin(
    database: Database,
    request_id: int,
    *,
    user: str = "U1",
    team: str = "T1",
    model: str = "churn",
    version: str = "v1",
    against: str | None = None,
    window: str = "all",
    card: str = "c" * 64,
) -> tuple[Evaluation, bool]:
    """As `evaluate` does: with the request that measures it."""
    with database.transaction() as tx:
        evaluation, is_new = evaluations.begin(
            tx,
            request_id=request_id,
            who=Who(team, user),
            channel="C1",
            model=model,
            version=version,
            against=against,
            window=window,
            card=card,
            card_text=f"model: {model}",
            now=NOON,
        )
        measure = Request("measure", {"evaluation": evaluation.id}, Who(team, user))
        key = evaluations.measuring(evaluation.id)
        requests.take(tx, measure, key=key, source="command", lane="evaluation", now=NOON)
        return evaluation, is_new


def measured(*values: float, measure: str = "recall", version: str = "v1") -> tuple[Measure, ...]:
    return tuple(
        Measure(measure=measure, version=version, value=value, n=100, period=f"2026-W{10 + i}")
        for i, value in enumerate(values)
    )


def a_result(*measures: Measure, version: str = "v1", checks: tuple[CheckResult, ...] = ()) -> Result:
    return Result(
        model="churn",
        version=version,
        against=None,
        window=Rows(start=None, end=None, rows=100),
        reference=None,
        measures=measures,
        checks=checks,
    )


def save(database: Database, evaluation: int, result: Result, *, at: datetime = NOON) -> bool:
    with database.transaction() as tx:
        evaluations.save_measures(tx, evaluation, first=0, measures=result.measures)
    with database.transaction() as tx:
        return evaluations.finish(tx, evaluation, result=result, now=at)


def done(database: Database, request_id: int, result: Result, **key: str) -> int:
    evaluation, _ = begin(database, request_id, version=result.version, **key)
    save(database, evaluation.id, result)
    return evaluation.id


EVERYTHING = Result(
    model="churn",
    version="v2",
    against="v1",
    window=Rows(start="2026-03-01T00:00:00Z", end="2026-04-01T00:00:00Z", rows=7214),
    reference=Rows(start=None, end="2026-03-01T00:00:00Z", rows=50000),
    measures=(
        Measure(measure="recall", version="v2", value=0.1 + 0.2, low=0.25, high=1 / 3, n=1795),
        Measure(measure="precision", version="v2", value=None, n=0, reason="no positive predictions"),
        Measure(
            measure="share",
            version="v2",
            feature="material",
            slice=(("material", "linen “blend” & <b>"), ("age & sex", "(other)")),
            period="2026-W10",
            basis="reference",
            value=5e-324,
            n=3_000_000_000,
            note="unseen",
        ),
        Measure(measure="log_loss", value=1.7976931348623157e308, n=1, class_="a"),
        Measure(measure="true_positives", value=-0.0, n=1, slice=()),
    ),
    checks=(
        CheckResult(
            check="group_gap",
            subject=Subject(measure="recall", slice=(("race", "x"),), period="2026-03"),
            verdict="fail",
            says="Recall is 0.3 – too low",
            measures=(0, 2),
        ),
        CheckResult(check="volume", subject=Subject(), verdict="skipped", says="no reference"),
    ),
)


def test_a_result_comes_back_equal_to_the_last_digit(database: Database) -> None:
    evaluation, _ = begin(database, 1, version="v2", against="v1")
    save(database, evaluation.id, EVERYTHING)
    with database.reading() as tx:
        back = evaluations.result(tx, evaluation.id)
        kept = evaluations.get(tx, evaluation.id)
    assert back == EVERYTHING
    assert repr(back) == repr(EVERYTHING)
    assert kept is not None
    assert (kept.status, kept.verdict, kept.measures, kept.finished_at) == ("done", "fail", 5, NOON)
    assert (kept.team, kept.model, kept.version, kept.against) == ("T1", "churn", "v2", "v1")


def test_a_number_that_is_none_must_not_be_nan(database: Database) -> None:
    evaluation, _ = begin(database, 1)
    wrong = Measure(measure="recall", value=math.nan, n=0)
    with pytest.raises(ValueError, match="recall is NaN"), database.transaction() as tx:
        evaluations.save_measures(tx, evaluation.id, first=0, measures=[wrong])


def test_the_same_request_finds_its_evaluation_again(database: Database) -> None:
    first, is_new = begin(database, 1)
    again, is_its_own = begin(database, 1)
    assert (is_new, is_its_own) == (True, True)
    assert again == first
    assert first.asked_by == ("U1",)
    with database.reading() as tx:
        assert evaluations.of_request(tx, 1) == first
        assert evaluations.of_request(tx, 2) is None


def test_a_second_asker_joins_the_one_that_runs(database: Database) -> None:
    first, _ = begin(database, 1, user="U1")
    second, is_new = begin(database, 2, user="U2")
    third, _ = begin(database, 3, user="U1")
    assert (second.id, is_new) == (first.id, False)
    assert third.asked_by == ("U1", "U2")
    with database.reading() as tx:
        assert evaluations.of_request(tx, 2) is None, "what it joined is not its own to fail"


@pytest.mark.parametrize(
    "other",
    [{"team": "T2"}, {"model": "other"}, {"version": "v2"}, {"against": "v0"}, {"window": "2026-03"}, {"card": "d"}],
)
def test_another_question_is_another_evaluation(database: Database, other: dict[str, str]) -> None:
    first, _ = begin(database, 1)
    second, is_new = begin(database, 2, **other)
    assert is_new
    assert first.id != second.id


def test_one_that_is_over_is_not_joined(database: Database) -> None:
    first, _ = begin(database, 1)
    save(database, first.id, a_result())
    second, is_new = begin(database, 2)
    assert is_new
    assert second.id != first.id


def test_one_that_nothing_measures_any_more_is_not_joined(database: Database) -> None:
    first, _ = begin(database, 1)
    with database.transaction() as tx:
        [measure] = requests.lease(tx, lane="evaluation", now=NOON, seconds=30)
        requests.finish(tx, measure, now=NOON)
    second, is_new = begin(database, 2)
    with database.reading() as tx:
        left = evaluations.get(tx, first.id)
    assert is_new
    assert left is not None
    assert (left.status, left.says) == ("failed", evaluations.LOST)
    assert second.status == "running"


def test_what_the_end_of_a_request_fails_is_what_it_measured_and_nothing_else(database: Database) -> None:
    first, _ = begin(database, 1)
    other, _ = begin(database, 2, model="other")
    with database.transaction() as tx:
        [measure] = requests.lease(tx, lane="evaluation", now=NOON, seconds=30)
        asked = Request("evaluate", {}, Who("T1", "U1"))
        evaluate = requests.take(tx, asked, key="trigger-9", source="command", lane="quick", now=NOON)
        assert evaluate is not None
        for number in (evaluate, measure.id):
            evaluations.fail_measured(tx, number, says="killed", now=NOON)
        found = evaluations.several(tx, [first.id, other.id])
    assert (found[first.id].status, found[first.id].says) == ("failed", "killed")
    assert found[other.id].status == "running"


def test_one_that_joined_finds_it_again_when_it_is_over(database: Database) -> None:
    first, _ = begin(database, 1)
    begin(database, 2, user="U2")
    save(database, first.id, a_result())
    again, is_its_own = begin(database, 2, user="U2")
    assert (again.id, is_its_own, again.status) == (first.id, False, "done")


def test_eight_that_ask_at_once_share_one_evaluation(database: Database) -> None:
    begun = at_once(8, lambda n: begin(database, n + 1, user=f"U{n}"))
    assert len({evaluation.id for evaluation, _ in begun}) == 1
    assert [is_new for _, is_new in begun].count(True) == 1
    with database.reading() as tx:
        evaluation = evaluations.get(tx, begun[0][0].id)
    assert evaluation is not None
    assert sorted(evaluation.asked_by) == [f"U{n}" for n in range(8)]


def test_measures_are_unseen_until_the_evaluation_is_finished(database: Database) -> None:
    evaluation, _ = begin(database, 1)
    result = a_result(*measured(0.7, 0.8))
    with database.transaction() as tx:
        evaluations.save_measures(tx, evaluation.id, first=0, measures=result.measures)
    with database.reading() as tx:
        assert evaluations.result(tx, evaluation.id) is None
        assert evaluations.latest(tx, team="T1", model="churn") is None
        assert evaluations.trend(tx, team="T1", model="churn", measure="recall") == []
    save(database, evaluation.id, result)
    with database.reading() as tx:
        assert evaluations.trend(tx, team="T1", model="churn", measure="recall") == list(result.measures)


def test_a_repeated_piece_replaces_itself_and_a_stray_end_is_removed(database: Database) -> None:
    evaluation, _ = begin(database, 1)
    before = measured(*([0.1] * 40))
    with database.transaction() as tx:
        evaluations.save_measures(tx, evaluation.id, first=0, measures=before[:20])
        evaluations.save_measures(tx, evaluation.id, first=20, measures=before[20:])
    result = a_result(*measured(*([0.2] * 30)))
    with database.transaction() as tx:
        evaluations.save_measures(tx, evaluation.id, first=20, measures=result.measures[20:])
        evaluations.save_measures(tx, evaluation.id, first=0, measures=result.measures[:20])
        evaluations.finish(tx, evaluation.id, result=result, now=NOON)
    with database.reading() as tx:
        assert evaluations.result(tx, evaluation.id) == result


def test_a_result_whose_measures_are_missing_is_not_shown(database: Database) -> None:
    evaluation, _ = begin(database, 1)
    with pytest.raises(ValueError, match="2 measures, 0 were saved"), database.transaction() as tx:
        evaluations.finish(tx, evaluation.id, result=a_result(*measured(0.1, 0.2)), now=NOON)


def test_too_much_at_once_is_refused(database: Database) -> None:
    evaluation, _ = begin(database, 1)
    with pytest.raises(ValueError, match="at most 1000"), database.transaction() as tx:
        evaluations.save_measures(tx, evaluation.id, first=0, measures=measured(*([0.5] * 1001)))


def test_finishing_twice_changes_nothing(database: Database) -> None:
    evaluation, _ = begin(database, 1)
    result = a_result(*measured(0.7))
    assert save(database, evaluation.id, result)
    with database.transaction() as tx:
        assert evaluations.finish(tx, evaluation.id, result=result, now=NOON + timedelta(hours=1))
        kept = evaluations.get(tx, evaluation.id)
    assert kept is not None
    assert kept.finished_at == NOON


def test_one_that_was_stopped_shows_no_result_and_keeps_no_measures(database: Database) -> None:
    evaluation, _ = begin(database, 1)
    result = a_result(*measured(0.7, 0.8))
    with database.transaction() as tx:
        evaluations.save_measures(tx, evaluation.id, first=0, measures=result.measures)
        assert evaluations.stop(tx, evaluation.id, by="U2", now=NOON)
        assert not evaluations.stop(tx, evaluation.id, by="U3", now=NOON)
    assert not save(database, evaluation.id, result)
    with database.transaction() as tx:
        evaluations.fail(tx, evaluation.id, says="killed", now=NOON)
        kept = evaluations.get(tx, evaluation.id)
        assert evaluations.result(tx, evaluation.id) is None
    assert kept is not None
    assert (kept.status, kept.says, kept.verdict) == ("stopped", "U2", None)
    assert not [cell for cell in stored(database) if cell == "2026-W10"]


def test_one_that_failed_says_why(database: Database) -> None:
    evaluation, _ = begin(database, 1)
    with database.transaction() as tx:
        evaluations.fail(tx, evaluation.id, says="the log has no column score", now=NOON)
        kept = evaluations.get(tx, evaluation.id)
        assert not evaluations.stop(tx, evaluation.id, by="U1", now=NOON)
    assert kept is not None
    assert (kept.status, kept.says, kept.finished_at) == ("failed", "the log has no column score", NOON)
    _, is_new = begin(database, 2)
    assert is_new


def test_the_newest_that_is_done_is_the_latest(database: Database) -> None:
    first = done(database, 1, a_result())
    second = done(database, 2, a_result(version="v2"))
    done(database, 3, a_result(), team="T2")
    running, _ = begin(database, 4)
    with database.reading() as tx:
        latest = [
            evaluations.latest(tx, team="T1", model="churn"),
            evaluations.latest(tx, team="T1", model="churn", version="v1"),
            evaluations.latest(tx, team="T1", model="other"),
        ]
        recent = evaluations.recent(tx, team="T1", model="churn", limit=2)
        everywhere = evaluations.recent(tx, team="T1", model=None, limit=9)
    assert [one.id if one else None for one in latest] == [second, first, None]
    assert [one.id for one in recent] == [running.id, second]
    assert [one.id for one in everywhere] == [running.id, second, first]


def test_a_trend_takes_each_period_from_the_newest_evaluation_that_has_it(database: Database) -> None:
    done(database, 1, a_result(*measured(0.1, 0.2, 0.3)))
    second = measured(0.9, 0.8, 0.7, 0.6)[1:]
    done(database, 2, a_result(*second))
    with database.reading() as tx:
        found = evaluations.trend(tx, team="T1", model="churn", measure="recall")
    assert [(one.period, one.value) for one in found] == [
        ("2026-W10", 0.1),
        ("2026-W11", 0.8),
        ("2026-W12", 0.7),
        ("2026-W13", 0.6),
    ]


def test_a_trend_is_of_one_thing(database: Database) -> None:
    def of(value: float, **what: object) -> Measure:
        return Measure(measure="recall", value=value, n=1, period="2026-03", **what)  # type: ignore[arg-type]

    north = (("region", "north"),)
    done(
        database,
        1,
        a_result(
            of(0.1, version="v1"),
            of(0.2, version="v2"),
            of(0.3, version="v1", feature="age"),
            of(0.4, version="v1", class_="a"),
            of(0.5, version="v1", slice=north),
            of(0.6, version="v1", basis="estimated"),
            Measure(measure="recall", version="v1", value=0.7, n=1),
            Measure(measure="precision", version="v1", value=0.8, n=1, period="2026-03"),
        ),
    )

    def values(**what: object) -> list[float | None]:
        with database.reading() as tx:
            found = evaluations.trend(tx, team="T1", model="churn", measure="recall", **what)  # type: ignore[arg-type]
        return [one.value for one in found]

    assert values() == [0.1]
    assert values(version="v2") == [0.2]
    assert values(feature="age") == [0.3]
    assert values(class_="a") == [0.4]
    assert values(slice=north) == [0.5]
    assert values(slice=(("region", "south"),)) == []
    assert values(basis="estimated") == [0.6]


PERIODS: list[list[str]] = [
    ["rows 0..500", "rows 500..1000", "rows 1000..1500"],
    ["2025-W52", "2026-W01", "2026-W09", "2026-W10"],
    ["2026-03-02T09", "2026-03-02T10", "2026-03-10T00"],
    ["2025", "2026"],
]


@pytest.mark.parametrize("periods", PERIODS)
def test_a_trend_is_in_the_order_of_time(database: Database, periods: list[str]) -> None:
    mixed = [Measure(measure="recall", value=1.0, n=1, period=period) for period in reversed(periods)]
    done(database, 1, a_result(*mixed))
    with database.reading() as tx:
        found = evaluations.trend(tx, team="T1", model="churn", measure="recall")
    assert [one.period for one in found] == periods


def test_weeks_and_months_are_not_one_line(database: Database) -> None:
    done(database, 1, a_result(*measured(0.1, 0.2)))
    months = [Measure(measure="recall", value=0.5, n=1, period=period) for period in ("2026-02", "2026-03")]
    done(database, 2, a_result(*months))
    with database.reading() as tx:
        found = evaluations.trend(tx, team="T1", model="churn", measure="recall")
    assert [one.period for one in found] == ["2026-02", "2026-03"]


@pytest.fixture
def pieces() -> list[tuple[Measure, ...]]:
    many = tuple(Measure(measure="share", value=i / 7, n=i, feature=f"column {i % 40}") for i in range(4000))
    return [many[first : first + 1000] for first in range(0, 4000, 1000)]


def test_a_long_table_is_saved_in_pieces_that_make_nobody_wait_long(
    database: Database, pieces: list[tuple[Measure, ...]]
) -> None:
    evaluation, _ = begin(database, 1)
    took = []
    for i, piece in enumerate(pieces):
        began = datetime.now(UTC)
        with database.transaction() as tx:
            evaluations.save_measures(tx, evaluation.id, first=1000 * i, measures=piece)
        took.append((datetime.now(UTC) - began).total_seconds())
    result = a_result(*(measure for piece in pieces for measure in piece))
    with database.transaction() as tx:
        evaluations.finish(tx, evaluation.id, result=result, now=NOON)
    with database.reading() as tx:
        assert evaluations.result(tx, evaluation.id) == result
    assert median(took) < 1, "a listener gives up after two"


def asked_by_a_clock(database: Database, key: str) -> int:
    asked = Request("evaluate", {}, who=Who("T1", "U1"), where=Where(channel="C1"))
    with database.transaction() as tx:
        number = requests.take(tx, asked, key=key, source="clock", lane="quick", now=NOON)
    assert number is not None
    return number


def standing(database: Database, version: str | None = None) -> int | None:
    with database.reading() as tx:
        found = evaluations.standing(tx, team="T1", model="churn", version=version)
    return found.id if found is not None else None


def test_a_window_that_somebody_chose_does_not_say_how_the_model_stands(database: Database) -> None:
    assert standing(database) is None
    alone = done(database, 101, a_result(), window="2026-03")
    assert standing(database) == alone
    over_all = done(database, 102, a_result())
    done(database, 103, a_result(), window="last 7 days")
    assert standing(database) == over_all
    by_the_clock = done(database, asked_by_a_clock(database, "slot"), a_result(), window="last 7 days")
    done(database, 104, a_result(), window="rows 0..50")
    assert standing(database) == by_the_clock


def test_the_champion_stands_for_the_model(database: Database) -> None:
    champion = done(database, 101, a_result())
    challenger = done(database, 102, a_result(version="v2"))
    assert standing(database, "v1") == champion
    assert standing(database, "v2") == challenger
    assert standing(database, "v3") == challenger


def test_only_the_first_chosen_window_says_how_a_model_stands(database: Database) -> None:
    first = done(database, 101, a_result(), window="2026-03")
    done(database, 102, a_result())
    chosen = done(database, 103, a_result(), window="last 7 days")
    with database.reading() as tx:
        found = [evaluations.get(tx, number) for number in (first, chosen)]
        assert [evaluations.stands(tx, one) for one in found if one is not None] == [False, False]


def test_before_it_is_the_one_that_asked_the_same(database: Database) -> None:
    week = done(database, 101, a_result(), window="last 7 days")
    over_all = done(database, 102, a_result())
    done(database, 103, a_result(version="v2"))
    again = done(database, 104, a_result())
    with database.reading() as tx:
        found = [evaluations.get(tx, number) for number in (week, again)]
        before = [evaluations.before(tx, one) for one in found if one is not None]
        assert [one.rows for one in found if one is not None] == [100, 100]
    assert [one.id if one else None for one in before] == [None, over_all]


def test_a_trend_takes_a_period_from_a_whole_window_before_a_narrow_one(database: Database) -> None:
    done(database, 101, a_result(*measured(0.7, 0.8)))
    done(database, 102, a_result(*measured(0.1)), window="last 7 days")
    with database.reading() as tx:
        points = evaluations.trend(tx, team="T1", model="churn", measure="recall")
    assert [p.value for p in points] == [0.7, 0.8]
