"""Where an evaluation's card stands and who asked for it; writes cards, and the marks of findings that recovered."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import get_args

from analysis.drawing.chart import Chart
from analysis.judgement.left_out import left_out
from analysis.measure_table import same_slice
from bot.asking.context import Context
from bot.names import name_of
from bot.remembered import Remembered, remember
from bot.render import card as cards
from bot.render.wording import chosen_window
from storage import annotations, evaluations, findings, messages
from storage.anchors import Anchor
from storage.annotations import Annotation
from storage.database import Transaction
from storage.evaluations import Evaluation
from storage.findings import Change, Finding, State
from storage.messages import Address, Content, Stored
from storage.requests import Who

MOST_REMEMBERED = 2
MOST_LOOKED_THROUGH = 50
TELLING = ("hypothesis", "explanation", "decision")
"""The kinds of notes that say why something is so, or what is to be done about it."""


def card_key(evaluation: int, joined_in: str | None = None) -> str:
    """The key of the card where an evaluation was begun, or of the one in another channel, where somebody joined."""
    return _keyed(f"card:E-{evaluation}", joined_in)


def put_card(
    tx: Transaction, context: Context, evaluation: Evaluation, content: Content, *, passing: timedelta | None = None
) -> None:
    """The card, the same in each channel where somebody asked for the evaluation."""
    anchor = Anchor(model=evaluation.model, version=evaluation.version, evaluation=evaluation.id)
    for joined_in in _places(tx, evaluation):
        key = card_key(evaluation.id, joined_in)
        address = _card_address(tx, context, key, joined_in or evaluation.channel)
        if address is not None:
            messages.want(
                tx, key=key, kind="message", address=address, content=content, anchor=anchor, passing=passing,
                now=context.now,
            )  # fmt: skip


def put_details(tx: Transaction, context: Context, evaluation: Evaluation, content: Content) -> None:
    """The detail, in the thread of each card."""
    anchor = Anchor(model=evaluation.model, version=evaluation.version, evaluation=evaluation.id)
    for joined_in in _places(tx, evaluation):
        card = messages.get(tx, card_key(evaluation.id, joined_in))
        if card is not None:
            messages.want(
                tx,
                key=_keyed(f"details:E-{evaluation.id}", joined_in),
                kind="message",
                address=replace(card.address, parent=card.key),
                content=content,
                anchor=anchor,
                now=context.now,
            )


def _keyed(key: str, joined_in: str | None) -> str:
    return key if joined_in is None else f"{key}:{joined_in}"


def _places(tx: Transaction, evaluation: Evaluation) -> list[str | None]:
    """Where there are cards of it: where it was begun, which is None here, and the channels where others joined."""
    channels = dict.fromkeys(asker.channel for asker in evaluations.askers_of(tx, evaluation))
    return [None, *(channel for channel in channels if channel and channel != evaluation.channel)]


def _card_address(tx: Transaction, context: Context, key: str, channel: str | None) -> Address | None:
    """A card stands in the channel itself, not in the thread where it was asked for: it has a thread of its own. Whose
    it is never changes: it belongs to the first who asked there, and only they make one."""
    card = messages.get(tx, key)
    if card is not None:
        return card.address
    where = context.request.where
    if not channel or channel != where.channel:
        return None
    return Address(
        team=context.team,
        channel=channel,
        user=context.request.who.user,
        response_url=where.response_url,
        schedule=where.schedule,
    )


def names_of(tx: Transaction, evaluation: Evaluation) -> list[str]:
    """Those who asked, by name: a mention would ping the one who clicked."""
    return [name_of(tx, Who(team=evaluation.team, user=user)) for user in evaluation.asked_by]


def windows_of(tx: Transaction, found: Iterable[Finding]) -> dict[int, str]:
    """The windows that somebody chose, by the evaluations whose words these findings bear."""
    judged = evaluations.several(tx, {f.judged_by for f in found})
    return {one.id: chosen_window(one.window, one.rows) for one in judged.values() if one.window != "all"}


def talked_about(tx: Transaction, changes: Sequence[Change], *, before: int) -> list[Remembered]:
    """What people said in the threads where these findings were seen before: memory comes back when it matters."""
    lines: list[Remembered] = []
    seen: set[int] = set()
    for change in changes:
        finding = change.finding
        if change.kind in ("opened", "recovered") or finding.first_evaluation == before:
            continue
        for note in _said_of(tx, finding):
            if note.id not in seen and len(lines) < MOST_REMEMBERED:
                seen.add(note.id)
                lines.append(remember(tx, note))
    return lines


def notes_on(tx: Transaction, finding: Finding) -> list[Remembered]:
    """What people said about a finding, the most telling first."""
    return [remember(tx, note) for note in _said_of(tx, finding)[:MOST_REMEMBERED]]


def _said_of(tx: Transaction, finding: Finding) -> list[Annotation]:
    """What was said of a finding: what explains or decides it before what was chatted under it, the newest first."""
    of_model = annotations.listed(tx, team=finding.team, model=finding.model, kinds=TELLING, limit=MOST_LOOKED_THROUGH)
    chat = annotations.listed(
        tx, team=finding.team, model=finding.model, evaluation=finding.first_evaluation, limit=MOST_LOOKED_THROUGH
    )
    own = annotations.listed(tx, team=finding.team, model=finding.model, finding=finding.id, limit=MOST_REMEMBERED)
    telling = {note.id: note for note in [*own, *(n for n in of_model if _is_about(n, finding))]}
    newest_first = sorted(telling.values(), key=lambda n: (n.said_at, n.id), reverse=True)
    return [*newest_first, *(n for n in chat if n.id not in telling)]


def _is_about(note: Annotation, finding: Finding) -> bool:
    anchor = note.anchor
    if anchor is None or anchor.finding not in (None, finding.id):
        return False
    same_rows = finding.subject.slice is not None and same_slice(anchor.slice, finding.subject.slice)
    return anchor.evaluation == finding.first_evaluation or same_rows


def write_recoveries(tx: Transaction, context: Context, changes: Sequence[Change], evaluation: Evaluation) -> None:
    """The recovery belongs in the thread where the finding was first seen, and its card gets the mark."""
    for change in changes:
        if change.kind != "recovered":
            continue
        first = evaluations.get(tx, change.finding.first_evaluation)
        for joined_in in _places(tx, first) if first is not None else ():
            stored = messages.get(tx, card_key(change.finding.first_evaluation, joined_in))
            if stored is not None:
                _write_recovery(tx, context, change.finding, stored, evaluation, joined_in)


def _write_recovery(
    tx: Transaction, context: Context, finding: Finding, stored: Stored, evaluation: Evaluation, joined_in: str | None
) -> None:
    to = stored.address
    address = Address(team=to.team, channel=to.channel, parent=stored.key, user=to.user)
    reply = cards.recovered(finding, evaluation=evaluation.id)
    key = _keyed(f"recovered:F-{finding.id}:E-{evaluation.id}", joined_in)
    anchor = Anchor(model=evaluation.model, finding=finding.id, evaluation=evaluation.id)
    messages.want(tx, key=key, kind="message", address=address, content=reply, anchor=anchor, now=context.now)
    card = _written_again(tx, context, stored, finding) if stored.is_emptied else stored.content
    marked = cards.with_recovery(card, finding, evaluation=evaluation.id)
    messages.reword(tx, key=stored.key, content=marked, now=context.now)


def _written_again(tx: Transaction, context: Context, stored: Stored, finding: Finding) -> Content:
    """An old card, whose words were removed, from its evaluation; with the marks that it had, and its picture."""
    evaluation = evaluations.get(tx, finding.first_evaluation)
    result = evaluations.result(tx, finding.first_evaluation)
    if evaluation is None or result is None:
        raise LookupError(f"E-{finding.first_evaluation} has a card and no result")
    known = findings.listed(tx, team=finding.team, model=finding.model, states=get_args(State))
    picture = stored.content.picture
    content = cards.done(
        evaluation,
        result,
        chart=Chart(name="", title=picture.title, alt=picture.alt, png=b"") if picture is not None else None,
        changes=[Change(one, "opened") for one in known],
        asked_by=names_of(tx, evaluation),
        window=evaluation.window,
        left_out=left_out(context.models.get(evaluation.model).card, result),
    )
    for one in known:
        if one.state == "resolved" and one.first_evaluation == evaluation.id:
            content = cards.with_recovery(content, one, evaluation=one.judged_by)
    return content
