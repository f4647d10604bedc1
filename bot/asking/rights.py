"""The one place that decides who may see which model, who may ask what, and who may change what others made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from analysis.card import ModelCard
from analysis.errors import UserError
from bot.asking.command import Command
from storage.people import Person

Standing = Literal["member", "guest", "outsider", "unknown"]
Sensitivity = Literal["open", "internal", "restricted"]


class NotAllowed(UserError):  # noqa: N818  # read as a sentence: except NotAllowed
    """This person, or anybody in this channel, may not ask this. Only the one who asked is told."""


@dataclass(frozen=True, slots=True)
class Access:
    """What a model card says about who may see its model."""

    sensitivity: Sensitivity
    channels: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()


NOBODY = Access("restricted")
"""For a model card that can't be read: nobody knows who may see the model."""


def access_of(card: ModelCard) -> Access:
    return Access(card.sensitivity, card.channels, tuple(card.owners.values()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """Who would read something: one person in a channel, or everybody there, where ``user`` is None.

    ``shared``: the channel is shared with another organization. ``by_name``: the operator allows it all the same."""

    channel: str
    shared: bool = False
    by_name: bool = False
    user: str | None = None
    standing: Standing = "member"

    @property
    def is_direct(self) -> bool:
        """A direct message: Slack's ids of those begin with D, and a person's id stands for one."""
        return self.channel.startswith(("D", "U", "W"))


def may_see(access: Access, audience: Audience) -> bool:
    """Whether this audience may see anything of a model. All that leaves Parley passes here."""
    if (audience.shared or audience.standing == "outsider") and not audience.by_name:
        return False
    if access.sensitivity == "open":
        return True
    if audience.shared or audience.standing != "member":
        return False
    if access.sensitivity == "internal":
        return True
    is_owner_alone = audience.is_direct and audience.user in access.owners
    return audience.channel in access.channels or is_owner_alone


def standing_of(person: Person, *, known: bool, outsider: bool = False) -> Standing:
    """``known``: Slack told us who they are. ``outsider``: the request itself says that they come from elsewhere."""
    if outsider or person.outsider:
        return "outsider"
    if person.guest:
        return "guest"
    return "member" if known else "unknown"


def check_may_ask(command: Command, person: Person, audience: Audience) -> None:
    """Raises NotAllowed when this person may not ask this here."""
    if command.right == "none":
        return
    if person.deleted:
        raise NotAllowed("This account was deactivated in Slack, so nothing is run for it.")
    if person.bot:
        raise NotAllowed("I take requests from people, not from other apps.")
    if audience.standing == "outsider" and not audience.by_name:
        raise NotAllowed(OUTSIDER)
    if audience.shared and not audience.by_name:
        raise NotAllowed(
            "This channel is shared with another organization, so I don't answer here. Ask in a channel of your own, "
            "or ask whoever runs me to add this one to PARLEY_SHARED_CHANNELS."
        )
    if command.right != "read":
        check_is_member(command, audience)


def check_is_member(command: Command, audience: Audience) -> None:
    """Raises NotAllowed for guests, for people from elsewhere, and for those of whom Slack doesn't say who they are."""
    if audience.standing == "member":
        return
    if audience.standing == "unknown":
        raise NotAllowed(
            f"`{command.name}` is for members, and without the scope users:read I can't tell members from guests. "
            "Ask whoever installed me to add it."
        )
    who = "Guests" if audience.standing == "guest" else "People from other organizations"
    raise NotAllowed(f"{who} can read here, but `{command.name}` is for members. Ask one of them to run it.")


OUTSIDER = "I only answer people of the organization that I'm installed in."


def may_manage(access: Access, person: Person) -> bool:
    """Whether somebody may stop or change what another person made: the model's owners and the workspace's admins;
    everybody where the model card names no owner."""
    return not access.owners or person.user in access.owners or person.admin
