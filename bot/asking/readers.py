"""Who would read a message, looked at once more right before Slack is asked to show it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from bot.asking.rights import Audience, Standing, standing_of
from bot.asking.visible import may_read
from bot.models import Models
from storage import channels, people
from storage.database import Transaction
from storage.messages import Address, Due
from storage.requests import Who


@dataclass(frozen=True, slots=True)
class Readers:
    """A message may wait for hours, and a model card or a channel may change meanwhile."""

    models: Models
    shared_channels: Collection[str]

    def may_read(self, tx: Transaction, due: Due) -> bool:
        """Whether those who would read the message may see every model that it tells about."""
        about = due.content.models
        return about is None or may_read(self.models, self._audience(tx, due), about)

    def _audience(self, tx: Transaction, due: Due) -> Audience:
        to = due.address
        channel = channels.get(tx, team=to.team, id=to.channel)
        is_direct = to.channel.startswith("D")
        for_one = due.kind != "message" or is_direct
        return Audience(
            channel=to.channel,
            shared=channel is not None and channel.shared,
            by_name=to.channel in self.shared_channels,
            user=to.user if for_one else None,
            standing=_standing(tx, to) if for_one else "member",
        )


def _standing(tx: Transaction, to: Address) -> Standing:
    """What Slack last said of the person that a message is for; who asked was looked up before."""
    person = people.get(tx, Who(to.team, to.user)) if to.user else None
    if person is None:
        return "unknown"
    return standing_of(person, known=person.refreshed_at is not None)
