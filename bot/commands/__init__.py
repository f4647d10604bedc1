"""Every command, one file each; being in this folder registers it."""

from __future__ import annotations

import importlib
import pkgutil

from bot.asking.command import Command


def all_commands() -> dict[str, Command]:
    """The commands by name, in the order in which help lists them."""
    found = []
    for module in pkgutil.iter_modules(__path__):
        command = importlib.import_module(f"{__name__}.{module.name}").command
        if not isinstance(command, Command):
            raise TypeError(f"bot/commands/{module.name}.py has no public `command`")
        found.append(command)
    return {c.name: c for c in sorted(found, key=lambda c: (c.order, c.name))}
