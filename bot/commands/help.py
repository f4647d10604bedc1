"""What can be asked, and how."""

from __future__ import annotations

from bot.asking.command import Argument, Command, text_of
from bot.asking.context import Context, Outcome
from bot.asking.kinds import OneOf
from bot.render.help import all_of, one


class CommandName(OneOf):
    """The name of a command; which there are is known when it runs."""

    def read(self, words: str) -> str:
        return words.strip().strip("`").lower()


def run(context: Context) -> Outcome:
    listed = [c for c in context.commands.values() if not c.hidden]
    name = text_of(context.request.arguments, "command")
    if name is None:
        return context.tell(all_of(listed))
    known = context.commands.get(name)
    return context.tell(one(known, listed, asked=name))


command = Command(
    name="help",
    help="List the commands, or explain one.",
    arguments=(Argument("command", CommandName("COMMAND"), "a command's name", place="word"),),
    examples=("help", "help evaluate"),
    run=run,
    order=1,
)
