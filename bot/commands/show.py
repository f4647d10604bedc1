"""Show an evaluation again, the one that says how a model stands, or a finding."""

from __future__ import annotations

import re

from analysis import charts
from analysis.errors import UserError
from analysis.judgement.left_out import left_out
from analysis.values import Result
from bot.asking.command import Argument, Command, text_of
from bot.asking.context import Context, Outcome
from bot.asking.kinds import Words
from bot.cards import names_of, notes_on, windows_of
from bot.remembered import marked_notes
from bot.render import card as cards
from bot.render.findings import finding_message
from storage import evaluations
from storage.anchors import Anchor
from storage.database import Json
from storage.evaluations import Evaluation


class Shown(Words):
    """An evaluation's or a finding's id, or a model's name."""

    def read(self, words: str) -> Json:
        word = words.strip().strip("`")
        numbered = re.fullmatch(r"([EeFf])-?(\d{1,9})", word)
        return f"{numbered[1].upper()}-{numbered[2]}" if numbered else word.lower()


def run(context: Context) -> Outcome:
    what = text_of(context.request.arguments, "what") or ""
    letter, _, number = what.partition("-")
    if letter == "F" and number.isdecimal():
        return _finding(context, int(number))
    return _card(context, *_found(context, what))


def _finding(context: Context, number: int) -> Outcome:
    finding = context.finding(number)
    with context.database.reading() as tx:
        noted = notes_on(tx, finding)
        windows = windows_of(tx, [finding])
    content = finding_message(
        finding, windows.get(finding.judged_by), talked=[n.line for n in noted], quotes=[n.annotation for n in noted],
        zone=context.zone,
    )  # fmt: skip
    about = Anchor(
        model=finding.model, finding=finding.id, measure=finding.subject.measure, slice=finding.subject.slice
    )
    return context.post(content, anchor=about)


def _card(context: Context, evaluation: Evaluation, result: Result) -> Outcome:
    model = context.models.get(evaluation.model)
    with context.database.reading() as tx:
        marks = tuple(note.marker for note in marked_notes(tx, team=context.team, card=model.card))
        asked_by = names_of(tx, evaluation)
    chart, not_drawn = None, ""
    try:
        chart = context.draw(charts.headline, result, card=model.card, markers=marks)
    except UserError as error:  # the numbers and the verdict stand without a picture
        not_drawn = str(error)
    content = cards.done(
        evaluation,
        result,
        chart=chart,
        changes=(),
        asked_by=asked_by,
        window=evaluation.window,
        left_out=" ".join(filter(None, [left_out(model.card, result), not_drawn])),
    )
    return context.post(
        content, anchor=Anchor(model=evaluation.model, version=result.version, evaluation=evaluation.id)
    )


def _found(context: Context, what: str) -> tuple[Evaluation, Result]:
    letter, _, number = what.partition("-")
    is_numbered = letter == "E" and number.isdecimal()
    evaluation = context.evaluation(int(number)) if is_numbered else _standing(context, what)
    with context.database.reading() as tx:
        result = evaluations.result(tx, evaluation.id)
    if result is None:
        raise UserError(f"E-{evaluation.id} has no result: it {_state(evaluation)}")
    return evaluation, result


def _standing(context: Context, name: str) -> Evaluation:
    card = context.models.get(name).card
    with context.database.reading() as tx:
        evaluation = evaluations.standing(tx, team=context.team, model=card.model, version=card.champion)
    if evaluation is None:
        raise UserError(f"{name} hasn't been evaluated yet. Type `evaluate {name}`.")
    return evaluation


def _state(evaluation: Evaluation) -> str:
    return "is still running." if evaluation.status == "running" else f"{evaluation.status}. {evaluation.says or ''}"


command = Command(
    name="show",
    help="Show an evaluation or a finding again, or how a model stands.",
    arguments=(
        Argument(
            "what",
            Shown("MODEL|E-17|F-4"),
            "a model's name, or the id of an evaluation or a finding",
            place="word",
            required=True,
        ),
    ),
    examples=("show return-risk", "show E-17", "show F-4"),
    run=run,
    lane="slow",
    schedulable=True,
    order=5,
)
