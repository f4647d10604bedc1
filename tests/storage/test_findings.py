"""What outlives an evaluation, and what becomes of it."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from analysis.errors import UserError
from analysis.values import CheckResult, Result, Rows, Slice, Subject, Verdict
from storage import evaluations, findings
from storage.database import Database
from storage.findings import Change
from storage.requests import Who
from storage.tables import finding_events

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
NORTH: Slice = (("region", "north"),)


def check(
    verdict: Verdict,
    *,
    name: str = "recall",
    rows: Slice | None = NORTH,
    period: str | None = None,
    version: str | None = None,
    says: str = "",
) -> CheckResult:
    subject = Subject(measure="recall", slice=rows, period=period, version=version)
    return CheckResult(check=name, subject=subject, verdict=verdict, says=says or f"recall: {verdict}")


class Days:
    """One evaluation a day, each recorded at noon."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.day = 0
        self.last = 0

    @property
    def now(self) -> datetime:
        return NOON + timedelta(days=self.day)

    def evaluate(
        self,
        *checks: CheckResult,
        version: str = "v1",
        model: str = "churn",
        team: str = "T1",
        stands: bool = True,
    ) -> list[Change]:
        self.day += 1
        result = Result(
            model=model,
            version=version,
            against=None,
            window=Rows(start=None, end=None, rows=1),
            reference=None,
            measures=(),
            checks=checks,
        )
        with self.database.transaction() as tx:
            evaluation, _ = evaluations.begin(
                tx,
                request_id=self.day,
                who=Who(team, "U1"),
                channel=None,
                model=model,
                version=version,
                against=None,
                window="all",
                card="c",
                card_text="",
                now=self.now,
            )
            evaluations.finish(tx, evaluation.id, result=result, now=self.now)
            self.last = evaluation.id
            return findings.record(tx, team=team, evaluation=evaluation.id, result=result, now=self.now, stands=stands)

    def kinds(self, *checks: CheckResult) -> list[str]:
        return [change.kind for change in self.evaluate(*checks)]

    def decide(self, finding: int, state: findings.State, *, until: datetime | None = None) -> findings.Finding:
        with self.database.transaction() as tx:
            return findings.set_state(tx, finding, state=state, by="U9", now=self.now, until=until)

    def get(self, finding: int) -> findings.Finding:
        with self.database.reading() as tx:
            found = findings.get(tx, finding)
        assert found is not None
        return found


@pytest.fixture
def days(database: Database) -> Days:
    return Days(database)


def test_a_failed_check_opens_a_finding(days: Days) -> None:
    [change] = days.evaluate(check("fail", says="Recall is 0.4 in the north"), check("pass", name="volume"))
    finding = change.finding
    assert change.kind == "opened"
    assert (finding.state, finding.verdict, finding.times, finding.owner) == ("open", "fail", 1, None)
    assert (finding.check, finding.subject) == ("recall", Subject(measure="recall", slice=NORTH))
    assert (finding.first_evaluation, finding.last_evaluation) == (days.last, days.last)
    assert (finding.first_seen, finding.last_seen) == (days.now, days.now)
    assert finding.says == "Recall is 0.4 in the north"
    assert days.get(finding.id) == finding


def test_what_goes_on_gets_no_second_finding(days: Days) -> None:
    [opened] = days.evaluate(check("warn"))
    assert days.kinds(check("warn")) == ["again"]
    assert days.kinds(check("fail")) == ["worse"]
    assert days.kinds(check("warn")) == ["better"]
    assert days.kinds(check("unsure")) == []
    assert days.kinds(check("skipped")) == []
    assert days.kinds() == []
    finding = days.get(opened.finding.id)
    assert (finding.times, finding.verdict, finding.state) == (4, "warn", "open")
    assert finding.first_seen == NOON + timedelta(days=1)
    assert finding.last_seen == NOON + timedelta(days=4)


def test_a_pass_resolves_once_and_a_failure_opens_it_again(days: Days) -> None:
    [opened] = days.evaluate(check("fail"))
    assert days.kinds(check("pass")) == ["recovered"]
    assert days.get(opened.finding.id).state == "resolved"
    assert days.kinds(check("pass")) == []
    [again] = days.evaluate(check("warn"))
    assert (again.kind, again.finding.id, again.finding.state) == ("reopened", opened.finding.id, "open")


def test_a_chosen_window_opens_findings_but_neither_rewords_nor_resolves_them(days: Days) -> None:
    [opened] = days.evaluate(check("warn", says="Recall is 0.6 over 40,000 rows"))
    first = days.last
    [seen] = days.evaluate(check("fail", says="Recall is 0.1 over 47 rows"), stands=False)
    assert seen.kind == "again"
    assert days.evaluate(check("pass"), stands=False) == []
    finding = days.get(opened.finding.id)
    assert (finding.state, finding.verdict, finding.says) == ("open", "warn", "Recall is 0.6 over 40,000 rows")
    assert (finding.times, finding.judged_by) == (2, first)
    [new] = days.evaluate(check("fail", name="volume"), stands=False)
    assert new.kind == "opened"
    assert days.evaluate(check("pass", name="volume"), stands=True)[0].kind == "recovered"


def test_the_period_is_no_part_of_what_a_finding_is_about(days: Days) -> None:
    [opened] = days.evaluate(check("warn", period="2026-W09"), check("fail", period="2026-W10"), check("pass"))
    assert opened.finding.verdict == "fail"
    assert opened.finding.subject.period is None
    assert days.kinds(check("fail", period="2026-W11")) == ["again"]
    assert days.kinds(check("pass", period="2026-W11"), check("unsure", period="2026-W12")) == []
    assert days.get(opened.finding.id).state == "open"


def test_another_slice_check_version_model_or_team_is_another_finding(days: Days) -> None:
    ids = [
        *[
            change.finding.id
            for change in days.evaluate(check("fail"), check("fail", rows=None), check("fail", name="x"))
        ],
        *[change.finding.id for change in days.evaluate(check("fail"), version="v2")],
        *[change.finding.id for change in days.evaluate(check("fail"), model="other")],
        *[change.finding.id for change in days.evaluate(check("fail"), team="T2")],
    ]
    assert len(set(ids)) == 6
    assert days.kinds(check("fail", version="v1")) == ["again"], "the judged version, said or not"


def test_what_people_decided_stays(days: Days) -> None:
    [opened] = days.evaluate(check("fail"))
    number = opened.finding.id
    assert days.decide(number, "acknowledged").owner == "U9"
    assert days.kinds(check("fail")) == ["again"]
    assert days.get(number).state == "acknowledged"
    days.decide(number, "accepted")
    assert days.kinds(check("fail")) == ["again"]
    assert days.get(number).state == "accepted"
    assert days.get(number).times == 3


def test_a_snoozed_finding_wakes_when_its_time_is_over(days: Days) -> None:
    [opened] = days.evaluate(check("fail"))
    number = opened.finding.id
    days.decide(number, "snoozed", until=days.now + timedelta(days=2))
    assert days.kinds(check("fail")) == ["again"]
    assert days.get(number).state == "snoozed"
    [woken] = days.evaluate(check("fail"))
    assert (woken.kind, woken.finding.state, woken.finding.until) == ("reopened", "open", None)


def test_who_says_nothing_of_until_when_is_asked(days: Days) -> None:
    [opened] = days.evaluate(check("fail"))
    with pytest.raises(UserError, match="until when"):
        days.decide(opened.finding.id, "snoozed")
    with pytest.raises(UserError, match="no finding F-99"):
        days.decide(99, "accepted")


def test_recording_twice_changes_nothing(days: Days, database: Database) -> None:
    [opened] = days.evaluate(check("fail"))
    result = Result(
        model="churn",
        version="v1",
        against=None,
        window=Rows(start=None, end=None, rows=1),
        reference=None,
        measures=(),
        checks=(check("fail"),),
    )
    with database.transaction() as tx:
        assert findings.record(tx, team="T1", evaluation=days.last, result=result, now=days.now) == []
    assert days.get(opened.finding.id).times == 1


def test_the_list_shows_what_asks_for_a_decision_the_worst_first(days: Days, database: Database) -> None:
    changes = days.evaluate(
        check("warn", name="a"), check("fail", name="b"), check("fail", name="c"), check("warn", name="d")
    )
    a, b, c, d = (change.finding.id for change in changes)
    days.decide(c, "accepted")
    days.decide(a, "acknowledged")
    days.evaluate(check("fail", name="z"), model="other")
    with database.reading() as tx:
        assert [one.id for one in findings.listed(tx, team="T1", model="churn")] == [b, a, d]
        assert [one.check for one in findings.listed(tx, team="T1")][0:2] == ["z", "b"]
        assert [one.id for one in findings.listed(tx, team="T1", states=("accepted",))] == [c]
        assert findings.listed(tx, team="T2") == []


def test_every_change_is_written_down(days: Days, database: Database) -> None:
    [opened] = days.evaluate(check("fail"))
    days.decide(opened.finding.id, "acknowledged")
    days.evaluate(check("pass"))
    with database.reading() as tx:
        events = tx.execute(select(finding_events).order_by(finding_events.c.id)).all()
    assert [(event.what, event.state, event.by) for event in events] == [
        ("opened", "open", None),
        ("acknowledged", "acknowledged", "U9"),
        ("recovered", "resolved", None),
    ]
