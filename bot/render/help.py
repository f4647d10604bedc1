"""The help: every command in a line, or one command whole."""

from __future__ import annotations

from collections.abc import Sequence

from bot.asking.command import Command
from bot.asking.nearest import near
from bot.render.answers import refused, words_only
from bot.render.blocks import escape
from storage.messages import Content


def all_of(commands: Sequence[Command]) -> Content:
    lines = [f"`{escape(c.usage)}`  {escape(c.help)}" for c in commands]
    say = "Type these after `/parley`, or after a mention of me in a channel or a thread."
    return words_only("\n".join(lines), notes=[say, "`help COMMAND` explains one."])


def one(command: Command | None, commands: Sequence[Command], *, asked: str) -> Content:
    if command is None:
        return refused(f"There is no command `{asked}`{near(asked, [c.name for c in commands])}")
    lines = [f"`{escape(command.usage)}`", escape(command.help)]
    lines += [f"• `{escape(a.name)}`: {escape(a.help)}" for a in command.arguments]
    lines.append("For example: " + ", ".join(f"`{escape(e)}`" for e in command.examples))
    return words_only("\n".join(lines))
