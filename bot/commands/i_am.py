"""Say which part of the team you are, so that your words and digests carry it."""

from __future__ import annotations

from bot.asking.command import Argument, Command, text_of
from bot.asking.context import Context, Outcome, together
from bot.asking.kinds import OneOf
from bot.render.answers import words_only
from storage import people

PERSONAS = (
    "product manager",
    "business lead",
    "data analyst",
    "data engineer",
    "data scientist",
    "ML engineer",
    "MLOps engineer",
    "model risk",
)


def run(context: Context) -> Outcome:
    persona = text_of(context.request.arguments, "persona") or ""
    who = context.request.who
    return together(
        lambda tx: people.set_persona(tx, who, persona, now=context.now),
        context.tell(words_only(f"You are {persona} here now: it stands beside what you say, and `digest` is yours.")),
    )


command = Command(
    name="i-am",
    help="Say which part of the team you are: it stands beside what you say, and shapes your digest.",
    arguments=(
        Argument(
            "persona", OneOf("PERSONA", options=PERSONAS), f"one of {', '.join(PERSONAS)}", place="rest", required=True
        ),
    ),
    examples=("i-am data scientist", "i-am model risk"),
    run=run,
    right="write",
    order=14,
)
