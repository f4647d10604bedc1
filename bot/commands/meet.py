"""Get to know somebody who only replies, so that their notes bear their name."""

from __future__ import annotations

from bot.asking.command import Command
from bot.asking.context import Context, Outcome, nothing_more


def run(_: Context) -> Outcome:
    """Whoever asks for anything is looked up before, and that is all that was wanted."""
    return nothing_more


def failed(_: Context, __: str) -> Outcome:
    return nothing_more


command = Command(
    name="meet",
    help="Look up who somebody is.",
    arguments=(),
    examples=("meet",),
    run=run,
    failed=failed,
    right="none",
    hidden=True,
)
