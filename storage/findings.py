"""Findings: verdicts that outlive their evaluation, and what became of them."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Row, and_, case, func, select, update

from analysis.errors import UserError
from analysis.values import FROM_WORST, CheckResult, Result, Subject, Verdict
from storage import results
from storage.columns import written
from storage.database import Transaction
from storage.tables import finding_events, findings

State = Literal["open", "acknowledged", "accepted", "snoozed", "resolved"]
OPEN: tuple[State, ...] = ("open", "acknowledged")
Kind = Literal["opened", "again", "worse", "better", "recovered", "reopened"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A verdict worth talking about. ``subject`` has no period; ``times`` counts the evaluations that saw it;
    ``judged_by`` is the evaluation whose words it bears, or which resolved it."""

    id: int
    team: str
    model: str
    check: str
    subject: Subject
    state: State
    verdict: Verdict
    says: str
    first_evaluation: int
    last_evaluation: int
    judged_by: int
    first_seen: datetime
    last_seen: datetime
    times: int
    owner: str | None
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Change:
    finding: Finding
    kind: Kind


def record(
    tx: Transaction, *, team: str, evaluation: int, result: Result, now: datetime, stands: bool = True
) -> list[Change]:
    """What an evaluation changes: fail and warn open a finding or renew it, a pass resolves it, all else leaves it.

    One that does not say how the model ``stands``, over a window that somebody chose, opens findings and counts as one
    more that saw them, but neither resolves nor rewords what is open. An evaluation that is recorded twice, or after a
    newer one of the same checks, changes nothing."""
    tx.lock("findings", team, result.model)
    worst = _worst_by_identity(result)
    f = findings.c
    known = select(findings).where(f.team == team, f.model == result.model).with_for_update()
    before = {row.identity: row for row in tx.execute(known)}
    changes = []
    for identity, check in worst.items():
        row = before.get(identity)
        if row is not None and (row.judged_by if stands else max(row.judged_by, row.last_evaluation)) >= evaluation:
            continue
        if stands or row is None or (row.state == "resolved" and check.verdict != "pass"):
            change = _seen(tx, team, evaluation, result.model, identity, check, row, now)
        else:
            change = _seen_once_more(tx, evaluation, check, row, now)
        if change is not None:
            _note(tx, change.finding, change.kind, now, evaluation=evaluation)
            changes.append(change)
    return changes


def get(tx: Transaction, finding: int) -> Finding | None:
    row = tx.execute(select(findings).where(findings.c.id == finding)).first()
    return None if row is None else _finding(row)


def listed(
    tx: Transaction,
    *,
    team: str,
    model: str | None = None,
    models: Collection[str] | None = None,
    states: Collection[str] = OPEN,
    limit: int | None = None,
) -> list[Finding]:
    """Findings in these states, the worst first, then the newest; of one model, of some, or of all."""
    f = findings.c
    wanted = _in_states(team, models if model is None else (model,), states)
    worst = case({verdict: rank for rank, verdict in enumerate(FROM_WORST)}, value=f.verdict)
    query = select(findings).where(wanted).order_by(worst, f.last_seen.desc(), f.id).limit(limit)
    return [_finding(row) for row in tx.execute(query)]


def counts(
    tx: Transaction, *, team: str, models: Collection[str] | None = None, states: Collection[str] = OPEN
) -> dict[str, int]:
    """How many findings in these states each model has; one without any is not named."""
    f = findings.c
    query = select(f.model, func.count().label("findings")).where(_in_states(team, models, states)).group_by(f.model)
    return {row.model: int(row.findings) for row in tx.execute(query)}


def set_state(
    tx: Transaction, finding: int, *, state: State, by: str, now: datetime, until: datetime | None = None
) -> Finding:
    """A person says what is to become of a finding. Whoever acknowledges it owns it."""
    row = tx.execute(select(findings).where(findings.c.id == finding).with_for_update()).first()
    if row is None:
        raise UserError(f"There is no finding F-{finding}; `findings` lists them.")
    if state == "snoozed" and until is None:
        raise UserError(f"Say until when F-{finding} is to be quiet.")
    changed = _change(tx, row, state=state, until=until, owner=by if state == "acknowledged" else row.owner)
    _note(tx, changed, state, now, by=by)
    return changed


def _in_states(team: str, models: Collection[str] | None, states: Collection[str]) -> ColumnElement[bool]:
    f = findings.c
    wanted = and_(f.team == team, f.state.in_(tuple(states)))
    return wanted if models is None else and_(wanted, f.model.in_(tuple(models)))


def _worst_by_identity(result: Result) -> dict[str, CheckResult]:
    worst: dict[str, CheckResult] = {}
    for check in result.checks:
        identity = _identity(result, check)
        if identity not in worst or _rank(check.verdict) < _rank(worst[identity].verdict):
            worst[identity] = check
    return worst


def _identity(result: Result, check: CheckResult) -> str:
    subject = replace(check.subject, period=None, version=check.subject.version or result.version)
    told = written([result.model, check.check, results.stored_subject(subject)])
    return hashlib.sha256(told.encode()).hexdigest()


def _rank(verdict: Verdict) -> int:
    return FROM_WORST.index(verdict)


def _seen(
    tx: Transaction,
    team: str,
    evaluation: int,
    model: str,
    identity: str,
    check: CheckResult,
    row: Row[Any] | None,
    now: datetime,
) -> Change | None:
    if check.verdict == "pass":
        if row is None:
            return None
        was_resolved = row.state == "resolved"
        finding = _change(tx, row, state="resolved", judged_by=evaluation, until=None)
        return None if was_resolved else Change(finding, "recovered")
    if check.verdict not in ("fail", "warn"):
        return None
    if row is None:
        return Change(_open(tx, team, evaluation, model, identity, check, now), "opened")
    expired = row.until is not None and row.until <= now
    reopened = row.state == "resolved" or (row.state in ("snoozed", "accepted") and expired)
    values: dict[str, Any] = {
        "verdict": check.verdict,
        "says": check.says,
        "last_evaluation": max(evaluation, row.last_evaluation),
        "judged_by": evaluation,
        "last_seen": now,
        "times": row.times + 1,
    }
    if reopened:
        values |= {"state": "open", "until": None}
    return Change(_change(tx, row, **values), "reopened" if reopened else _compared(row.verdict, check.verdict))


def _seen_once_more(
    tx: Transaction, evaluation: int, check: CheckResult, row: Row[Any], now: datetime
) -> Change | None:
    if check.verdict not in ("fail", "warn"):
        return None
    return Change(_change(tx, row, last_evaluation=evaluation, last_seen=now, times=row.times + 1), "again")


def _compared(before: Verdict, after: Verdict) -> Kind:
    if before == after:
        return "again"
    return "worse" if _rank(after) < _rank(before) else "better"


def _open(
    tx: Transaction,
    team: str,
    evaluation: int,
    model: str,
    identity: str,
    check: CheckResult,
    now: datetime,
) -> Finding:
    row = {
        "team": team,
        "model": model,
        "identity": identity,
        "check": check.check,
        "subject": results.stored_subject(replace(check.subject, period=None)),
        "state": "open",
        "verdict": check.verdict,
        "says": check.says,
        "first_evaluation": evaluation,
        "last_evaluation": evaluation,
        "judged_by": evaluation,
        "first_seen": now,
        "last_seen": now,
        "times": 1,
    }
    return _finding(tx.execute(tx.insert(findings).values(row).returning(*findings.c)).one())


def _change(tx: Transaction, row: Row[Any], **values: Any) -> Finding:
    changed = update(findings).where(findings.c.id == row.id).values(**values).returning(*findings.c)
    return _finding(tx.execute(changed).one())


def _note(
    tx: Transaction, finding: Finding, what: str, now: datetime, *, evaluation: int | None = None, by: str | None = None
) -> None:
    tx.execute(
        tx.insert(finding_events).values(
            finding_id=finding.id,
            at=now,
            what=what,
            state=finding.state,
            verdict=finding.verdict,
            evaluation_id=evaluation,
            by=by,
            until=finding.until,
        )
    )


def _finding(row: Row[Any]) -> Finding:
    return Finding(
        id=row.id,
        team=row.team,
        model=row.model,
        check=row.check,
        subject=results.restored_subject(row.subject),
        state=row.state,
        verdict=row.verdict,
        says=row.says,
        first_evaluation=row.first_evaluation,
        last_evaluation=row.last_evaluation,
        judged_by=row.judged_by,
        first_seen=row.first_seen,
        last_seen=row.last_seen,
        times=row.times,
        owner=row.owner,
        until=row.until,
    )
