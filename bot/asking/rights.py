"""The one place that decides who may ask what, and where a model may be shown."""

from __future__ import annotations

from analysis.card import ModelCard
from analysis.errors import UserError
from bot.asking.command import Command
from storage.people import Person
from storage.requests import Where


def check_may_ask(command: Command, person: Person, *, known: bool) -> None:
    """Raises UserError when this person may not ask this. ``known``: Slack told us who they are."""
    if person.deleted:
        raise UserError("This account was deactivated in Slack, so nothing is run for it.")
    if person.bot:
        raise UserError("Parley takes requests from people, not from other apps.")
    if command.right == "read":
        return
    if person.guest:
        raise UserError(f"Guests can read here, but `{command.name}` is for members; ask one of them to run it.")
    if not known:
        raise UserError(
            f"`{command.name}` is for members, and without the scope users:read I can't tell members from guests; "
            "ask whoever installed Parley to add it."
        )


def check_may_show(card: ModelCard, where: Where) -> None:
    """Raises UserError when a restricted model is asked for outside the channels that its model card names."""
    if card.sensitivity != "restricted" or (where.channel and where.channel in card.channels):
        return
    if not card.channels:
        raise UserError(f"The model {card.model} is restricted, and its model card names no channel to show it in.")
    places = ", ".join(f"<#{c}>" for c in card.channels)
    raise UserError(f"The model {card.model} is restricted; it may be shown in {places} only.")
