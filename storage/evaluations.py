"""Evaluations and their measures: begun once, saved ahead in unseen pieces, made visible at once."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Row, and_, delete, func, or_, select, text, update

from analysis.values import Measure, Result, Slice, Verdict
from storage import results
from storage.busy import Busy
from storage.database import Transaction
from storage.periods import in_time_order
from storage.requests import Who
from storage.tables import DONE, ONE_AT_A_TIME, RUNNING, askers, evaluations, measures, model_cards, requests

LOST = "What was to measure it ended before."
Status = Literal["running", "done", "failed", "stopped"]
MEASURES_AT_ONCE = 1000
MEASURING = "measure:E-"


def measuring(evaluation: int) -> str:
    """The key of the request that measures an evaluation: while it is not finished, the evaluation runs."""
    return f"{MEASURING}{evaluation}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """One run over a window. ``card`` is the model card's SHA-256; ``says`` is why it failed, or who stopped it."""

    id: int
    team: str
    model: str
    version: str
    against: str | None
    window: str
    status: Status
    asked_by: tuple[str, ...]
    channel: str | None
    started_at: datetime
    finished_at: datetime | None
    verdict: Verdict | None
    says: str | None
    card: str
    request_id: int | None
    measures: int
    rows: int | None
    """How many rows a done one judged."""


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asked for an evaluation, where, and whether by a schedule."""

    user: str
    channel: str
    by_clock: bool


def begin(
    tx: Transaction,
    *,
    request_id: int,
    who: Who,
    channel: str | None,
    model: str,
    version: str,
    against: str | None,
    window: str,
    card: str,
    card_text: str,
    now: datetime,
) -> tuple[Evaluation, bool]:
    """A new evaluation, or this request's own again (True); or the same one that runs for another (False), which then
    has one asker more. A request that joined one finds it again, whatever its status is by then. Whoever begins one
    takes the request that measures it in the same transaction: what nothing measures any more is not joined."""
    tx.lock("request", str(request_id))
    known = tx.execute(select(askers.c.evaluation_id).where(askers.c.request_id == request_id)).scalar_one_or_none()
    if known is not None:
        evaluation = _existing(tx, known)
        return evaluation, evaluation.request_id == request_id
    by_clock = tx.execute(select(requests.c.source).where(requests.c.id == request_id)).scalar_one_or_none() == "clock"
    _keep_card(tx, card, card_text)
    key = {
        "team": who.team,
        "model": model,
        "version": version,
        "against": against or "",
        "window": window,
        "card": card,
    }
    row = {
        **key,
        "status": "running",
        "channel": channel,
        "request_id": request_id,
        "started_at": now,
        "measures": 0,
        "by_clock": by_clock,
    }
    number, is_new = _begun_or_joined(tx, key, row)
    if by_clock and not is_new:
        _end(tx, number, by_clock=True)
    tx.execute(tx.insert(askers).values(request_id=request_id, evaluation_id=number, user=who.user))
    return _existing(tx, number), is_new


def save_measures(tx: Transaction, evaluation: int, *, first: int, measures: Sequence[Measure]) -> None:
    """Save a piece of the table of measures, from position ``first``: nobody sees it before ``finish``. The same piece
    again replaces itself. Where the evaluation was stopped meanwhile nothing is saved, and ``finish`` says so."""
    if len(measures) > MEASURES_AT_ONCE:
        raise ValueError(f"{len(measures)} measures at once make others wait; save at most {MEASURES_AT_ONCE}")
    if _status(tx, evaluation) != "running":
        return
    _forget_measures(tx, evaluation, first=first, end=first + len(measures))
    if measures:
        rows = [results.measure_row(evaluation, first + i, measure) for i, measure in enumerate(measures)]
        tx.execute(tx.insert(_measures), rows)


def finish(tx: Transaction, evaluation: int, *, result: Result, now: datetime) -> bool:
    """Make the evaluation visible; its measures were saved before. Done again it changes nothing.

    False where it was stopped or failed meanwhile: then nothing of the result may be shown."""
    status = _status(tx, evaluation)
    if status != "running":
        return status == "done"
    _forget_measures(tx, evaluation, first=len(result.measures), end=None)
    of_it = _measures.c.evaluation_id == evaluation
    saved = tx.execute(select(func.count()).select_from(_measures).where(of_it)).scalar_one()
    if saved != len(result.measures):
        raise ValueError(f"evaluation {evaluation} has {len(result.measures)} measures, {saved} were saved")
    _end(
        tx,
        evaluation,
        status="done",
        finished_at=now,
        verdict=result.verdict,
        measures=len(result.measures),
        judged_rows=int(result.window.rows),
        result=results.stored(result),
    )
    return True


def fail(tx: Transaction, evaluation: int, *, says: str, now: datetime) -> None:
    """It failed, and why. An evaluation that does not run stays what it is."""
    if _status(tx, evaluation) == "running":
        _forget_measures(tx, evaluation, first=0, end=None)
        _end(tx, evaluation, status="failed", finished_at=now, says=says)


def fail_measured(tx: Transaction, request_id: int, *, says: str, now: datetime) -> None:
    """The evaluation that this request was to measure failed; for any other request nothing does."""
    key = tx.execute(select(requests.c.key).where(requests.c.id == request_id)).scalar_one_or_none() or ""
    if key.startswith(MEASURING):
        fail(tx, int(key.removeprefix(MEASURING)), says=says, now=now)


def stop(tx: Transaction, evaluation: int, *, by: str, now: datetime) -> bool:
    """Somebody stopped it; False where it does not run any more."""
    if _status(tx, evaluation) != "running":
        return False
    _forget_measures(tx, evaluation, first=0, end=None)
    _end(tx, evaluation, status="stopped", finished_at=now, says=by)
    return True


def get(tx: Transaction, evaluation: int) -> Evaluation | None:
    return several(tx, [evaluation]).get(evaluation)


def several(tx: Transaction, numbers: Collection[int]) -> dict[int, Evaluation]:
    """Those of these numbers that there are."""
    found = _read(tx, select(*_COLUMNS).where(evaluations.c.id.in_(numbers))) if numbers else []
    return {one.id: one for one in found}


def locked(tx: Transaction, evaluation: int) -> Evaluation | None:
    """The same; nobody ends it until the transaction does."""
    return None if _status(tx, evaluation) is None else get(tx, evaluation)


def of_request(tx: Transaction, request_id: int) -> Evaluation | None:
    """The evaluation that this request began; not one that it joined."""
    found = _read(tx, select(*_COLUMNS).where(evaluations.c.request_id == request_id))
    return found[0] if found else None


def askers_of(tx: Transaction, evaluation: Evaluation) -> list[Asker]:
    """All who asked for it, the first one first; who asked twice is there twice. Of old requests nobody knows any more
    where they were made: then it is where the evaluation was begun."""
    asked = (
        select(askers.c.user, requests.c.channel, requests.c.source)
        .join_from(askers, requests, requests.c.id == askers.c.request_id, isouter=True)
        .where(askers.c.evaluation_id == evaluation.id)
        .order_by(askers.c.request_id)
    )
    there = evaluation.channel or ""
    return [Asker(row.user, row.channel or there, row.source == "clock") for row in tx.execute(asked)]


def result(tx: Transaction, evaluation: int) -> Result | None:
    """The result of a done evaluation, equal to the one that was saved."""
    done = and_(evaluations.c.id == evaluation, evaluations.c.status == "done")
    told = tx.execute(select(evaluations.c.result).where(done)).scalar_one_or_none()
    if told is None:
        return None
    rows = tx.execute(
        select(*results.MEASURE_COLUMNS).where(_measures.c.evaluation_id == evaluation).order_by(_measures.c.position)
    )
    return results.restored(told, tuple(results.measure(row) for row in rows))


def latest(tx: Transaction, *, team: str, model: str, version: str | None = None) -> Evaluation | None:
    """The newest done evaluation of a model, or of one version of it."""
    e = evaluations.c
    wanted = and_(e.team == team, e.model == model, e.status == "done")
    if version is not None:
        wanted = and_(wanted, e.version == version)
    found = _read(tx, select(*_COLUMNS).where(wanted).order_by(e.id.desc()).limit(1))
    return found[0] if found else None


def standing(tx: Transaction, *, team: str, model: str, version: str | None = None) -> Evaluation | None:
    """The evaluation that says how a model stands: the newest over `all` rows, or that a clock asked for; where there
    is none, the newest. Those of ``version`` go before those of others."""
    return standing_of(tx, team=team, versions={model: version}).get(model)


def standing_of(tx: Transaction, *, team: str, versions: Mapping[str, str | None]) -> dict[str, Evaluation]:
    """The same for many models at once, each with its version. An index alone tells which they are."""
    e = evaluations.c
    newest = (
        select(e.model, e.version, _stands.label("stands"), func.max(e.id).label("id"))
        .where(e.team == team, DONE, e.model.in_(versions))
        .group_by(e.model, e.version, _stands)
    )
    best: dict[str, tuple[bool, int, int]] = {}
    for row in tx.execute(newest):
        rank = (row.version == versions[row.model], row.stands, row.id)
        best[row.model] = max(best.get(row.model, rank), rank)
    found = several(tx, [number for _, _, number in best.values()])
    return {one.model: one for one in found.values()}


def stands(tx: Transaction, evaluation: Evaluation) -> bool:
    """Whether it says how the model stands: over `all` rows, asked for by a clock, or before there was such a one."""
    e = evaluations.c
    if tx.execute(select(_stands).where(e.id == evaluation.id)).scalar_one_or_none():
        return True
    same = and_(e.team == evaluation.team, e.model == evaluation.model, e.version == evaluation.version)
    others = select(e.id).where(same, e.status == "done", e.id != evaluation.id, _stands)
    return tx.execute(others.limit(1)).first() is None


def before(tx: Transaction, evaluation: Evaluation) -> Evaluation | None:
    """The newest done evaluation before this one that asked the same: model, versions and the words of the window."""
    e, this = evaluations.c, evaluation
    same = and_(e.team == this.team, e.model == this.model, e.version == this.version, e.window == this.window)
    earlier = and_(same, e.against == (this.against or ""), e.status == "done", e.id < this.id)
    found = _read(tx, select(*_COLUMNS).where(earlier).order_by(e.id.desc()).limit(1))
    return found[0] if found else None


def of_the_whole(tx: Transaction, numbers: Collection[int]) -> dict[int, tuple[Measure, ...]]:
    """What these evaluations measured over the whole window: no feature, class, slice or period."""
    m = _measures.c
    parts = (m.feature, m.class_name, m.slice, m.period)
    whole = and_(m.evaluation_id.in_(numbers), *(part.is_(None) for part in parts))
    query = select(*results.MEASURE_COLUMNS, m.evaluation_id).where(whole).order_by(m.evaluation_id, m.position)
    found: dict[int, list[Measure]] = {}
    for row in tx.execute(query) if numbers else ():
        found.setdefault(row.evaluation_id, []).append(results.measure(row))
    return {number: tuple(measured) for number, measured in found.items()}


def recent(tx: Transaction, *, team: str, model: str | None, limit: int) -> list[Evaluation]:
    """The newest evaluations of any status, newest first."""
    e = evaluations.c
    wanted = e.team == team if model is None else and_(e.team == team, e.model == model)
    return _read(tx, select(*_COLUMNS).where(wanted).order_by(e.id.desc()).limit(limit))


def trend(
    tx: Transaction,
    *,
    team: str,
    model: str,
    measure: str,
    version: str | None = None,
    feature: str | None = None,
    class_: str | None = None,
    slice: Slice | None = None,  # noqa: A002  # the thing has one name everywhere
    basis: str = "realized",
) -> list[Measure]:
    """A measure period by period, in time order: each from the newest done evaluation that has the period, those that
    say how the model stands before others: a narrow window cuts its first period short.

    Without a version: that which each evaluation judged. Periods of one length only, the newest evaluation's."""
    e, m = evaluations.c, _measures.c
    judged = m.version.is_(None) | (m.version == e.version)
    of_version = judged if version is None else (m.version == version) | (m.version.is_(None) & (e.version == version))
    wanted = and_(
        e.team == team,
        e.model == model,
        e.status == "done",
        m.measure == measure,
        m.period.is_not(None),
        m.feature.is_not_distinct_from(feature),
        m.class_name.is_not_distinct_from(class_),
        results.same_slice(slice),
        m.basis == basis,
        of_version,
    )
    first = (_stands.desc(), e.id.desc(), m.position)
    newest = func.row_number().over(partition_by=m.period, order_by=first).label("age")
    found = (
        select(*results.MEASURE_COLUMNS, e.id.label("evaluation"), newest)
        .join_from(evaluations, _measures, m.evaluation_id == e.id)
        .where(wanted)
        .subquery()
    )
    rows = tx.execute(select(found).where(found.c.age == 1).order_by(found.c.evaluation.desc())).all()
    return in_time_order([results.measure(row) for row in rows])


_measures = measures  # ``save_measures`` has an argument of the same name
_COLUMNS = tuple(column for column in evaluations.c if column is not evaluations.c.result)
"""The result is long: only ``result`` reads it."""
_stands = or_(evaluations.c.window == text("'all'"), evaluations.c.by_clock)


def _begun_or_joined(tx: Transaction, key: dict[str, Any], row: dict[str, Any]) -> tuple[int, bool]:
    """The database's own unique key decides: of two that begin at once, one joins the other."""
    same = and_(RUNNING, *(evaluations.c[name] == value for name, value in key.items()))
    for _ in range(10):
        insert = tx.insert(evaluations).values(row)
        insert = insert.on_conflict_do_nothing(index_elements=ONE_AT_A_TIME, index_where=RUNNING)
        number = tx.execute(insert.returning(evaluations.c.id)).scalar_one_or_none()
        if number is not None:
            return int(number), True
        running = tx.execute(select(evaluations.c.id).where(same).with_for_update()).scalar_one_or_none()
        if running is not None and _is_measured(tx, running):
            return int(running), False
        if running is not None:
            fail(tx, running, says=LOST, now=row["started_at"])
    raise Busy("the same evaluation ends and begins again and again")


def _is_measured(tx: Transaction, evaluation: int) -> bool:
    waits = and_(requests.c.key == measuring(evaluation), requests.c.finished_at.is_(None))
    return tx.execute(select(requests.c.id).where(waits)).first() is not None


def _keep_card(tx: Transaction, card: str, text: str) -> None:
    if tx.execute(select(model_cards.c.sha).where(model_cards.c.sha == card)).first() is None:
        tx.execute(tx.insert(model_cards).values(sha=card, text=text).on_conflict_do_nothing(index_elements=["sha"]))


def _status(tx: Transaction, evaluation: int) -> str | None:
    """The status, and the row is ours until the transaction ends."""
    locked = select(evaluations.c.status).where(evaluations.c.id == evaluation).with_for_update()
    status: str | None = tx.execute(locked).scalar_one_or_none()
    return status


def _forget_measures(tx: Transaction, evaluation: int, *, first: int, end: int | None) -> None:
    piece = and_(_measures.c.evaluation_id == evaluation, _measures.c.position >= first)
    if end is not None:
        piece = and_(piece, _measures.c.position < end)
    tx.execute(delete(_measures).where(piece))


def _end(tx: Transaction, evaluation: int, **values: Any) -> None:
    tx.execute(update(evaluations).where(evaluations.c.id == evaluation).values(**values))


def _existing(tx: Transaction, evaluation: int) -> Evaluation:
    found = get(tx, evaluation)
    if found is None:
        raise LookupError(f"there is no evaluation {evaluation}")
    return found


def _read(tx: Transaction, query: Any) -> list[Evaluation]:
    rows = tx.execute(query).all()
    who = select(askers).where(askers.c.evaluation_id.in_([row.id for row in rows])).order_by(askers.c.request_id)
    asked: dict[int, list[str]] = {}
    for asker in tx.execute(who) if rows else ():
        asked.setdefault(asker.evaluation_id, []).append(asker.user)
    return [_evaluation(row, tuple(dict.fromkeys(asked.get(row.id, ())))) for row in rows]


def _evaluation(row: Row[Any], asked_by: tuple[str, ...]) -> Evaluation:
    return Evaluation(
        id=row.id,
        team=row.team,
        model=row.model,
        version=row.version,
        against=row.against or None,
        window=row.window,
        status=row.status,
        asked_by=asked_by,
        channel=row.channel,
        started_at=row.started_at,
        finished_at=row.finished_at,
        verdict=row.verdict,
        says=row.says,
        card=row.card,
        request_id=row.request_id,
        measures=row.measures,
        rows=row.judged_rows,
    )
