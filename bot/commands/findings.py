"""What is open: the findings of a model, or of all."""

from __future__ import annotations

from bot.asking.command import Argument, Command, text_of
from bot.asking.context import Context, Outcome
from bot.asking.kinds import OneOf, Slug
from bot.cards import windows_of
from bot.render.findings import MOST, findings_list
from storage import findings


def run(context: Context) -> Outcome:
    name = text_of(context.request.arguments, "model")
    state = text_of(context.request.arguments, "state")
    states = findings.OPEN if state is None else (state,)
    if name is not None:
        models = [context.models.get(name).card.model]
    else:
        models = [model.card.model for model in context.models.all()[0]]
    with context.database.reading() as tx:
        count = sum(findings.counts(tx, team=context.team, models=models, states=states).values())
        found = findings.listed(tx, team=context.team, models=models, states=states, limit=MOST)
        windows = windows_of(tx, found)
    return context.tell(findings_list(found, windows, count=count, model=name, state=state, zone=context.zone))


command = Command(
    name="findings",
    help="List the open findings of a model, or of all models.",
    arguments=(
        Argument("model", Slug("MODEL"), "the model's name; all when not given", place="word"),
        Argument(
            "state",
            OneOf("STATE", options=("open", "acknowledged", "accepted", "snoozed", "resolved")),
            "open, acknowledged, accepted, snoozed or resolved; open and acknowledged when not given",
        ),
    ),
    examples=("findings", "findings return-risk", "findings --state resolved"),
    run=run,
    schedulable=True,
    order=7,
)
